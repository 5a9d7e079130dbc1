//! The texts themselves: spawned once, used again and again, faded in and out, kept at their marks.

use bevy::{
    camera::visibility::{NoFrustumCulling, RenderLayers},
    ecs::{entity::EntityHashSet, system::SystemParam},
    platform::collections::HashMap,
    prelude::*,
    sprite::Anchor,
    text::{FontSize, Justify, LineBreak, LineHeight, TextBackgroundColor, TextLayoutInfo},
};

use super::{
    LabelFont, MOST_LABELS,
    arrange::Arrangement,
    label::{Ink, Label, Owner, Part},
    shown::{ShownLabel, ShownLabels},
    yielding::{Drawn, yielding},
};
use crate::{
    fleet::{FleetClock, Key, RowState, Touched},
    layout::{Block, MOVE_SECS, Place},
    messages::{LostKinds, ScreenTheme, Staleness, StateFilter},
    scene::{
        camera::{SceneCamera, View},
        highlight::{DIM_SECS, DIMMED_SHARE, Highlight, hidden_share},
        layers,
        marks::{Mark, MarkKind, Marks, stamp},
        motion::MotionSettings,
        palette::{Palette, palette},
        text_scale::TextScale,
    },
};
use model::Kind;

/// Above all marks; labels on plates above the others.
const Z: f32 = 500.0;
const Z_PLATE: f32 = 510.0;
/// Opacity gained or lost per second: labels come and go within 0.15 s.
const FADE_PER_SEC: f32 = 7.0;
/// Opacity of a plate.
const PLATE: f32 = 0.88;
/// How far the words of what is in trouble go towards the colour of names, to be legible on grounds of their own colour.
const PALED: f32 = 0.4;
/// How far a stale scene's labels go towards grey.
const STALE_GREY: f32 = 0.75;
/// Seconds for which labels follow what moved or was dimmed, after the end of its motion.
const AFTER_SECS: f64 = 0.1;

/// A text entity, its further spans, and the label that it shows.
#[derive(Debug)]
struct TextSlot {
    /// The entities of the label's parts: the text, then its spans.
    parts: Vec<Entity>,
    label: Option<Label>,
    is_wanted: bool,
    /// Its place among the wanted labels, the most important first.
    turn: usize,
    opacity: f32,
    /// The last place of what it names, which may be gone before the label has faded: middle and size.
    named: (Vec2, Vec2),
}

/// All text entities, at most `MOST_LABELS`. They are spawned when first needed and then used again.
#[derive(Resource, Debug, Default)]
pub(super) struct Pool {
    slots: Vec<TextSlot>,
    revision: u64,
    /// The theme of the plates.
    theme: ScreenTheme,
    /// What has a label, to find out whether any of it moves.
    named: EntityHashSet,
    /// Until when something moves or is being dimmed, seconds of `FleetClock`.
    moves_until: f64,
    /// Whether labels are still fading, or were written since they were last placed.
    is_due: bool,
}

/// Writes the arrangement's labels into text entities. A label keeps its entity.
pub(super) fn show(
    mut commands: Commands,
    mut pool: ResMut<Pool>,
    arrangement: Res<Arrangement>,
    font: Res<LabelFont>,
    scale: Res<TextScale>,
    theme: Res<ScreenTheme>,
) {
    if pool.revision == arrangement.revision {
        return;
    }
    let pool = &mut *pool;
    (pool.revision, pool.is_due) = (arrangement.revision, true);
    let style = Style {
        font: &font,
        scale: scale.0,
        palette: palette(theme.0),
        repaint: std::mem::replace(&mut pool.theme, *theme) != *theme,
    };
    let labels = arrangement.labels.iter().enumerate();
    let mut wanted: HashMap<Owner, (usize, &Label)> =
        labels.map(|(turn, label)| (label.owner, (turn, label))).collect();
    let mut free = Vec::new();
    for (index, slot) in pool.slots.iter_mut().enumerate() {
        let next = slot.label.as_ref().and_then(|label| wanted.remove(&label.owner));
        slot.is_wanted = next.is_some();
        match next {
            Some((turn, next)) => {
                slot.turn = turn;
                slot.show(next, &mut commands, &style);
            }
            // Those that show nothing are used first, then those that are fading out.
            None => free.push((slot.label.is_some(), index)),
        }
    }
    free.sort_unstable_by(|one, next| next.cmp(one));
    // In the arrangement's order, so that the same labels take the same entities everywhere.
    for (turn, label) in arrangement.labels.iter().enumerate() {
        if !wanted.contains_key(&label.owner) {
            continue;
        }
        let is_idle = free.last().is_some_and(|(fades, _)| !fades);
        let index = if !is_idle && pool.slots.len() < MOST_LABELS {
            pool.slots.push(spawn(&mut commands));
            Some(pool.slots.len() - 1)
        } else {
            free.pop().map(|(_, index)| index)
        };
        if let Some(slot) = index.and_then(|index| pool.slots.get_mut(index)) {
            (slot.is_wanted, slot.turn, slot.opacity) = (true, turn, 0.0);
            slot.show(label, &mut commands, &style);
        }
    }
    let shown = pool.slots.iter().filter_map(|slot| slot.label.as_ref());
    pool.named = shown.map(|label| label.owner.entity()).collect();
}

/// How texts are formatted.
struct Style<'a> {
    font: &'a LabelFont,
    scale: f32,
    palette: &'static Palette,
    /// Whether the plates' colour has changed.
    repaint: bool,
}

fn spawn(commands: &mut Commands) -> TextSlot {
    let layout = TextLayout {
        linebreak: LineBreak::NoWrap,
        justify: Justify::Left,
    };
    let text = commands
        .spawn((
            Name::new("label"),
            Text2d::default(),
            layout,
            Anchor::TOP_LEFT,
            NoFrustumCulling,
            RenderLayers::layer(layers::LABELS),
            Visibility::Hidden,
        ))
        .id();
    TextSlot {
        parts: vec![text],
        label: None,
        is_wanted: false,
        turn: 0,
        opacity: 0.0,
        named: (Vec2::ZERO, Vec2::ZERO),
    }
}

impl TextSlot {
    /// Writes what has changed and nothing else: every text that is written is laid out again.
    fn show(&mut self, next: &Label, commands: &mut Commands, style: &Style) {
        let old = self.label.as_ref();
        let plate = next
            .plate
            .then(|| TextBackgroundColor(style.palette.ground.with_alpha(PLATE)));
        let paint = style.repaint || old.is_none_or(|old| old.plate != next.plate);
        for index in 0..next.parts.len().max(self.parts.len()) {
            let is_new = self.parts.len() <= index;
            if is_new && let Some(text) = self.parts.first().copied() {
                let span = commands.spawn((Name::new("label span"), TextSpan::default())).id();
                commands.entity(text).add_child(span);
                self.parts.push(span);
            }
            let Some(entity) = self.parts.get(index) else { continue };
            let mut entity = commands.entity(*entity);
            let (before, now) = (old.and_then(|old| old.parts.get(index)), next.parts.get(index));
            let font = |part: &Part| (part.tier, part.line_px);
            if let Some(part) = now
                && before.map(font) != Some(font(part))
            {
                let font = TextFont {
                    font: style.font.0.clone().into(),
                    font_size: FontSize::Px(part.tier.base_px() * style.scale),
                    ..default()
                };
                entity.insert((font, LineHeight::Px(part.line_px)));
            }
            if old.is_none() || before.map(|part| &part.text) != now.map(|part| &part.text) {
                let text = now.map(|part| part.text.clone()).unwrap_or_default();
                match index {
                    0 => entity.insert(Text2d(text)),
                    _ => entity.insert(TextSpan(text)),
                };
            }
            if paint || is_new {
                match plate {
                    Some(plate) => entity.insert(plate),
                    None => entity.remove::<TextBackgroundColor>(),
                };
            }
        }
        if old != Some(next) {
            self.label = Some(next.clone());
        }
    }
}

/// The position of an agent's mark; with reduced motion it arrives at once.
fn agent_position(mark: &Mark, now: u32, motion: MotionSettings) -> Vec2 {
    if motion.reduced {
        mark.to
    } else {
        mark.flight_position(now)
    }
}

/// Reads where that is drawn which labels name, and how grey it is.
#[derive(SystemParam)]
pub(super) struct Positions<'w, 's> {
    places: Query<'w, 's, &'static Place>,
    blocks: Query<'w, 's, &'static Block>,
    marks: Res<'w, Marks>,
    motion: Res<'w, MotionSettings>,
    clock: Res<'w, FleetClock>,
    keys: Query<'w, 's, &'static Key>,
    states: Query<'w, 's, &'static RowState>,
    filter: Res<'w, StateFilter>,
    staleness: Res<'w, Staleness>,
    lost: Res<'w, LostKinds>,
}

impl Positions<'_, '_> {
    /// The middle and the size of what a label names, in world units; `None` when it is gone.
    fn of(&self, owner: Owner) -> Option<(Vec2, Vec2)> {
        let now = self.clock.0;
        let (Owner::Row(row) | Owner::Facts(row)) = owner else {
            let rect = self.blocks.get(owner.entity()).ok()?.drawn_at(now);
            return Some((rect.center(), rect.size()));
        };
        let place = self.places.get(row).ok()?;
        let at = match self.marks.mark(row) {
            Some(mark) if mark.kind == MarkKind::Agent => agent_position(&mark, stamp(now), *self.motion),
            _ => place.drawn_at(now),
        };
        Some((at, place.size))
    }

    /// How grey a label is, 0 to 1: as its mark is.
    fn greyness(&self, owner: Owner) -> f32 {
        let kind = self.keys.get(owner.entity()).map(|key| key.0.kind);
        let lost = match kind {
            // A block's name is followed by the counts of its tasks.
            Ok(Kind::Workflow) => self.lost.work().max(self.lost.0[Kind::Workflow]),
            Ok(kind) => self.lost.0[kind],
            Err(_) => self.lost.work(),
        };
        self.staleness.0.max(lost).clamp(0.0, 1.0)
    }

    /// Whether the user has chosen other states than that of the row.
    fn is_filtered(&self, owner: Owner) -> bool {
        let (Owner::Row(row) | Owner::Facts(row)) = owner else {
            return false;
        };
        self.states.get(row).is_ok_and(|state| self.filter.dims(state.0.status))
    }

    fn is_changed(&self) -> bool {
        self.filter.is_changed() || self.staleness.is_changed() || self.lost.is_changed() || self.motion.is_changed()
    }
}

/// Moves every label with what it names, hides it where it would lie over a more important one, fades it, and dims and greys it
/// with the scene. While nothing moves, it does nothing.
pub(super) fn follow(
    mut pool: ResMut<Pool>,
    mut report: ResMut<ShownLabels>,
    view: Res<View>,
    time: Res<Time<Real>>,
    highlight: Res<Highlight>,
    theme: Res<ScreenTheme>,
    touched: Res<Touched>,
    cameras: Query<&Camera, With<SceneCamera>>,
    positions: Positions,
    laid_out: Query<(), Changed<TextLayoutInfo>>,
    mut texts: Query<(&mut Transform, &mut Visibility, &TextLayoutInfo)>,
    mut colors: Query<&mut TextColor>,
) {
    let pool = &mut *pool;
    let now = positions.clock.0;
    if touched.iter().any(|row| pool.named.contains(&row)) {
        pool.moves_until = now + MOVE_SECS + AFTER_SECS;
    }
    if highlight.is_changed() {
        pool.moves_until = pool.moves_until.max(now + DIM_SECS + AFTER_SECS);
    }
    let looks_different = view.is_changed() || theme.is_changed() || positions.is_changed();
    if !looks_different && !pool.is_due && now > pool.moves_until && laid_out.is_empty() {
        return;
    }
    pool.is_due = false;
    let pixels = cameras.iter().find_map(Camera::target_scaling_factor).unwrap_or(1.0);
    let fade = FADE_PER_SEC * time.delta_secs();
    let palette = palette(theme.0);
    let mut drawn = Vec::with_capacity(pool.slots.len());
    for (index, slot) in pool.slots.iter_mut().enumerate() {
        let (Some(label), Some(text)) = (&slot.label, slot.parts.first()) else {
            continue;
        };
        let Ok((_, _, layout)) = texts.get(*text) else { continue };
        slot.named = positions.of(label.owner).unwrap_or(slot.named);
        let named = (view.screen_from_world(slot.named.0), slot.named.1 / view.world_per_px);
        let mut corner = label.rect_at(named, view.world_per_px, layout.size).min;
        if !view.is_changed() {
            // Text is crisp on whole pixels; in motion it would tremble there.
            corner = (corner * pixels).round() / pixels;
        }
        let rect = Rect::from_corners(corner, corner + layout.size);
        let (is_wanted, turn) = (slot.is_wanted, slot.turn);
        drawn.push((index, Drawn { rect, is_wanted, turn }));
    }
    if view.is_changed() {
        // Once more when the camera rests.
        pool.is_due = true;
    }
    let yields = yielding(&drawn.iter().map(|(_, label)| *label).collect::<Vec<_>>());
    report.labels.clear();
    for ((index, Drawn { rect, .. }), yields) in drawn.into_iter().zip(yields) {
        let Some(slot) = pool.slots.get_mut(index) else {
            continue;
        };
        let (Some(label), Some(text)) = (&slot.label, slot.parts.first()) else {
            continue;
        };
        let Ok((mut transform, mut visibility, _)) = texts.get_mut(*text) else {
            continue;
        };
        transform.set_if_neq(label_transform(label, rect.min, &view));
        slot.opacity = if yields {
            0.0
        } else {
            (slot.opacity + if slot.is_wanted { fade } else { -fade }).clamp(0.0, 1.0)
        };
        pool.is_due |= !yields && slot.opacity < 1.0;
        let highlighted = highlight.dimming(Some(label.owner.entity()), slot.named.0, now);
        let dimming = if positions.is_filtered(label.owner) {
            1.0
        } else if label.is_calm {
            highlighted.min(1.0)
        } else {
            0.0
        };
        let shown_share = 1.0 - hidden_share(highlighted);
        let tint = Tint {
            palette,
            grey: positions.greyness(label.owner) * STALE_GREY,
        };
        for (part, entity) in label.parts.iter().zip(&slot.parts) {
            if let Ok(mut shown) = colors.get_mut(*entity) {
                let color = tint.apply(part.ink, dimming).with_alpha(slot.opacity * shown_share);
                shown.set_if_neq(TextColor(color));
            }
        }
        let is_visible = !yields && (slot.opacity > 0.0 || slot.is_wanted);
        visibility.set_if_neq(if is_visible {
            Visibility::Visible
        } else {
            Visibility::Hidden
        });
        if is_visible && slot.is_wanted {
            report.labels.push(ShownLabel::new(label, rect));
        } else if !is_visible && !slot.is_wanted {
            slot.label = None;
        }
    }
}

/// How a stale scene and a selection change the labels' colours.
struct Tint {
    palette: &'static Palette,
    grey: f32,
}

impl Tint {
    fn apply(&self, ink: Ink, dimming: f32) -> Color {
        let color = match ink {
            Ink::Text => self.palette.text,
            Ink::Muted => self.palette.muted,
            // Blocks and tiles in trouble have a ground of their colour.
            Ink::Status(status) if status.is_trouble() => {
                self.palette.status_ink(status).mix(&self.palette.text, PALED)
            }
            Ink::Status(status) => self.palette.status_ink(status),
        };
        let grey = color.mix(&self.palette.muted, self.grey);
        grey.mix(&self.palette.ground, DIMMED_SHARE * dimming)
    }
}

/// A label with its top left corner at a point of the screen.
fn label_transform(label: &Label, corner: Vec2, view: &View) -> Transform {
    let z = if label.plate { Z_PLATE } else { Z };
    Transform {
        translation: view.world_from_screen(corner).extend(z),
        scale: Vec2::splat(view.world_per_px).extend(1.0),
        ..default()
    }
}

#[cfg(test)]
mod tests {
    use bevy::text::{
        ComputedTextBlock, FontAtlasSet, FontCx, FontHinting, FontSource, LayoutCx, LetterSpacing, ScaleCx, TextBounds,
        TextPipeline,
    };
    use model::Status;

    use super::*;
    use crate::scene::labels::{
        FIRA_SANS,
        tile::{TileFacts, parts, tile},
    };

    #[test]
    fn a_label_flies_with_its_agent_also_when_stamps_come_round() {
        let mut mark = Mark::new(MarkKind::Agent, Vec2::ZERO, Vec2::splat(0.8), Status::Running);
        (mark.to, mark.moved) = (Vec2::new(10.0, 0.0), u32::MAX - 99);
        let at = |after_ms: u32, reduced: bool| {
            let now = mark.moved.wrapping_add(after_ms);
            agent_position(&mark, now, MotionSettings { reduced })
        };
        assert_eq!((at(0, false), at(600, false)), (mark.from, mark.to));
        let half = at(300, false);
        assert!(half.distance(Vec2::new(5.0, 0.0)) < 1e-3, "half way, without a route");
        assert_eq!(at(300, true), mark.to, "with reduced motion it has arrived");
        assert_eq!(at(5_000_000, false), mark.to);
    }

    /// The parts of a label as the text layout lays them out: the rectangle of each line of each part.
    fn laid_out(parts: &[Part], scale: f32) -> Vec<Rect> {
        let (mut fonts_cx, mut layout_cx, mut scale_cx) = (FontCx::default(), LayoutCx::default(), ScaleCx::default());
        let mut pipeline = TextPipeline::default();
        let (mut computed, mut info) = (ComputedTextBlock::default(), TextLayoutInfo::default());
        fonts_cx
            .collection
            .register_fonts(Font::from_bytes(FIRA_SANS.to_vec()).data, None);
        let fonts: Vec<TextFont> = parts
            .iter()
            .map(|part| TextFont {
                font: FontSource::Family("Fira Sans".into()),
                font_size: FontSize::Px(part.tier.base_px() * scale),
                ..default()
            })
            .collect();
        let spans = parts.iter().zip(&fonts).map(|(part, font)| {
            let line = LineHeight::Px(part.line_px);
            let spacing = LetterSpacing::default();
            (
                Entity::PLACEHOLDER,
                0,
                part.text.as_str(),
                font,
                Color::WHITE,
                line,
                spacing,
            )
        });
        pipeline
            .update_buffer(
                &Assets::default(),
                spans,
                LineBreak::NoWrap,
                Justify::Left,
                TextBounds::UNBOUNDED,
                1.0,
                &mut computed,
                &mut fonts_cx,
                &mut layout_cx,
                Vec2::splat(1_000.0),
                20.0,
            )
            .unwrap();
        pipeline
            .update_text_layout_info(
                &mut info,
                &mut FontAtlasSet::default(),
                &mut Assets::default(),
                &mut computed,
                &mut scale_cx,
                TextBounds::UNBOUNDED,
                Justify::Left,
                FontHinting::default(),
            )
            .unwrap();
        info.run_geometry.iter().map(|run| run.bounds).collect()
    }

    #[test]
    fn the_lines_of_a_tile_are_drawn_where_it_has_them() {
        let facts = TileFacts {
            title: "Reconcile the ledger of October",
            word: "running",
            status: Status::Running,
            age: Some(super::super::text::age(130.0)),
            agent: Some("Ada"),
            detail: Some("reads the second of nine statements"),
            has_bar: true,
        };
        for scale in [1.0, 2.5] {
            let shown = tile(&facts, Vec2::new(190.0, 150.0) * scale, scale);
            assert!(shown.title.len() == 2 && shown.facts.len() == 4, "{shown:?}");
            for lines in [&shown.title, &shown.facts] {
                let (corner, parts) = parts(lines, scale).unwrap();
                let drawn = laid_out(&parts, scale);
                for (line, drawn) in lines.iter().zip(&drawn) {
                    let middle = line.rect.center().y - corner.y - drawn.center().y;
                    let end = line.rect.max.x - corner.x - drawn.max.x;
                    assert!(
                        middle.abs() <= 1.0 && end.abs() <= 0.02 * drawn.max.x,
                        "{line:?} is at {drawn:?}"
                    );
                }
            }
        }
    }
}
