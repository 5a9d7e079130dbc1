//! The texts themselves: spawned once, used again and again, faded in and out, kept at their marks in every frame.

use bevy::{
    camera::visibility::{NoFrustumCulling, RenderLayers},
    ecs::system::SystemParam,
    platform::collections::HashMap,
    prelude::*,
    sprite::Anchor,
    text::{FontSize, Justify, LineBreak, LineHeight, TextBackgroundColor, TextLayoutInfo},
};

use super::{
    LabelFont, MOST_LABELS,
    arrange::Arrangement,
    label::{LINE, Label, LabelTier, Owner, Side},
    yielding::{Drawn, yielding},
};
use crate::{
    fleet::{FleetClock, Key},
    layout::{District, Place, Unassigned},
    messages::{LostKinds, ScreenTheme, Staleness},
    scene::{
        camera::{SceneCamera, View},
        highlight::{DIMMED_SHARE, Highlight},
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
/// How far a stale scene's labels go towards grey.
const STALE_GREY: f32 = 0.75;

/// A text entity, its second span, and the label that it shows.
#[derive(Debug)]
struct TextSlot {
    text: Entity,
    tail: Entity,
    label: Option<(Label, Side)>,
    is_wanted: bool,
    /// Its place among the wanted labels, the most important first.
    turn: usize,
    opacity: f32,
    /// The last position of what it names, which may be gone before the label has faded.
    at: Vec2,
}

/// All text entities, at most `MOST_LABELS`. They are spawned when first needed and then used again.
#[derive(Resource, Debug, Default)]
pub(super) struct Pool {
    slots: Vec<TextSlot>,
    revision: u64,
    /// The theme of the plates.
    theme: ScreenTheme,
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
    pool.revision = arrangement.revision;
    let style = Style {
        font: &font,
        scale: scale.0,
        palette: palette(theme.0),
        repaint: std::mem::replace(&mut pool.theme, *theme) != *theme,
    };
    let labels = arrangement.labels.iter().enumerate();
    let mut wanted: HashMap<Owner, (usize, &(Label, Side))> =
        labels.map(|(turn, label)| (label.0.owner, (turn, label))).collect();
    for slot in &mut pool.slots {
        let owner = slot.label.as_ref().map(|(label, _)| label.owner);
        let next = owner.and_then(|owner| wanted.remove(&owner));
        slot.is_wanted = next.is_some();
        if let Some((turn, next)) = next {
            slot.turn = turn;
            slot.show(next, &mut commands, &style);
        }
    }
    // In the arrangement's order, so that the same labels take the same entities everywhere.
    for (turn, label) in arrangement.labels.iter().enumerate() {
        if !wanted.contains_key(&label.0.owner) {
            continue;
        }
        let free = pool.slots.iter().position(|slot| slot.label.is_none());
        let free = free.or_else(|| {
            if pool.slots.len() < MOST_LABELS {
                pool.slots.push(spawn(&mut commands));
                return Some(pool.slots.len() - 1);
            }
            // All are in use: a fading label is replaced.
            pool.slots.iter().position(|slot| !slot.is_wanted)
        });
        if let Some(slot) = free.and_then(|index| pool.slots.get_mut(index)) {
            slot.label = None;
            (slot.is_wanted, slot.turn, slot.opacity) = (true, turn, 0.0);
            slot.show(label, &mut commands, &style);
        }
    }
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
        justify: Justify::Center,
    };
    let tail = commands.spawn((Name::new("label tail"), TextSpan::default())).id();
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
        .add_child(tail)
        .id();
    TextSlot {
        text,
        tail,
        label: None,
        is_wanted: false,
        turn: 0,
        opacity: 0.0,
        at: Vec2::ZERO,
    }
}

impl TextSlot {
    /// Writes what has changed and nothing else: every text that is written is laid out again.
    fn show(&mut self, next: &(Label, Side), commands: &mut Commands, style: &Style) {
        let old = self.label.as_ref().map(|(label, _)| label);
        let label = &next.0;
        let font = |tier: LabelTier| {
            let font_px = tier.base_px() * style.scale;
            let font = TextFont {
                font: style.font.0.clone().into(),
                font_size: FontSize::Px(font_px),
                ..default()
            };
            (font, LineHeight::Px((font_px * LINE).round()))
        };
        let plate = label
            .plate
            .then(|| TextBackgroundColor(style.palette.ground.with_alpha(PLATE)));
        let paint = style.repaint || old.is_none_or(|old| old.plate != label.plate);
        let mut text = commands.entity(self.text);
        if old.is_none_or(|old| old.tier != label.tier) {
            text.insert(font(label.tier));
        }
        if old.is_none_or(|old| old.text != label.text) {
            text.insert(Text2d(label.text.clone()));
        }
        if paint {
            match plate {
                Some(plate) => text.insert(plate),
                None => text.remove::<TextBackgroundColor>(),
            };
        }
        let mut tail = commands.entity(self.tail);
        if old.is_none_or(|old| old.tail_tier != label.tail_tier) {
            tail.insert(font(label.tail_tier));
        }
        if old.is_none_or(|old| old.tail != label.tail) {
            tail.insert(TextSpan(label.tail.clone()));
        }
        if paint {
            match plate {
                Some(plate) => tail.insert(plate),
                None => tail.remove::<TextBackgroundColor>(),
            };
        }
        if self.label.as_ref() != Some(next) {
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

/// Reads where the marks are drawn that labels follow, and how grey they are.
#[derive(SystemParam)]
pub(super) struct Positions<'w, 's> {
    places: Query<'w, 's, &'static Place>,
    districts: Query<'w, 's, &'static District>,
    unassigned: Res<'w, Unassigned>,
    marks: Res<'w, Marks>,
    motion: Res<'w, MotionSettings>,
    clock: Res<'w, FleetClock>,
    keys: Query<'w, 's, &'static Key>,
    staleness: Res<'w, Staleness>,
    lost: Res<'w, LostKinds>,
}

impl Positions<'_, '_> {
    fn district(&self, owner: Owner) -> Option<District> {
        match owner {
            Owner::Unassigned => self.unassigned.0,
            Owner::Row(row) => self.districts.get(row).ok().copied(),
        }
    }

    /// The current position of what a label names; `None` when it is gone.
    fn of(&self, owner: Owner) -> Option<Vec2> {
        if let Some(district) = self.district(owner) {
            return Some(district.drawn_at(self.clock.0));
        }
        let Owner::Row(row) = owner else { return None };
        match self.marks.mark(row) {
            Some(mark) if mark.kind == MarkKind::Agent => {
                Some(agent_position(&mark, stamp(self.clock.0), *self.motion))
            }
            _ => self.places.get(row).ok().map(|place| place.drawn_at(self.clock.0)),
        }
    }

    /// How grey a label is, 0 to 1: as its mark is.
    fn greyness(&self, owner: Owner) -> f32 {
        let lost = match owner {
            Owner::Unassigned => self.lost.work(),
            Owner::Row(row) => self.keys.get(row).map_or(0.0, |key| match key.0.kind {
                // The name of a district is followed by the tally of its tasks.
                Kind::Workflow => self.lost.work().max(self.lost.0[Kind::Workflow]),
                kind => self.lost.0[kind],
            }),
        };
        self.staleness.0.max(lost).clamp(0.0, 1.0)
    }

    /// The current size of a growing district, as a share of its final one.
    fn growth(&self, owner: Owner) -> f32 {
        let district = self.district(owner);
        district.map_or(1.0, |district| district.radius_at(self.clock.0) / district.radius)
    }
}

/// Moves every label with its mark, hides it where it would lie over a more important one, fades it, and dims and greys it
/// with the scene.
pub(super) fn follow(
    mut pool: ResMut<Pool>,
    view: Res<View>,
    time: Res<Time<Real>>,
    highlight: Res<Highlight>,
    theme: Res<ScreenTheme>,
    cameras: Query<&Camera, With<SceneCamera>>,
    positions: Positions,
    mut texts: Query<(&mut Transform, &mut Visibility, &TextLayoutInfo)>,
    mut colors: Query<&mut TextColor>,
) {
    let pixels = cameras.iter().find_map(Camera::target_scaling_factor).unwrap_or(1.0);
    let fade = FADE_PER_SEC * time.delta_secs();
    let palette = palette(theme.0);
    let mut drawn = Vec::with_capacity(pool.slots.len());
    for (index, slot) in pool.slots.iter_mut().enumerate() {
        let Some((label, side)) = &slot.label else { continue };
        let Ok((_, _, layout)) = texts.get(slot.text) else {
            continue;
        };
        slot.at = positions.of(label.owner).unwrap_or(slot.at);
        // The label stays at the edge of a district that grows.
        let reach = label.reach_px(view.world_per_px / positions.growth(label.owner));
        let mark = view.screen_from_world(slot.at);
        let mut corner = side.corner(mark, reach, label.steadied(layout.size));
        if !view.is_changed() {
            // Text is crisp on whole pixels; in motion it would tremble there.
            corner = (corner * pixels).round() / pixels;
        }
        let rect = Rect::from_corners(corner, corner + layout.size);
        let (is_wanted, turn) = (slot.is_wanted, slot.turn);
        drawn.push((index, Drawn { rect, is_wanted, turn }));
    }
    let yields = yielding(&drawn.iter().map(|(_, label)| *label).collect::<Vec<_>>());
    for ((index, Drawn { rect, .. }), yields) in drawn.into_iter().zip(yields) {
        let Some(slot) = pool.slots.get_mut(index) else {
            continue;
        };
        let Some((label, _)) = &slot.label else { continue };
        let Ok((mut transform, mut visibility, _)) = texts.get_mut(slot.text) else {
            continue;
        };
        transform.set_if_neq(label_transform(label, rect.min, &view));
        slot.opacity = if yields {
            0.0
        } else {
            (slot.opacity + if slot.is_wanted { fade } else { -fade }).clamp(0.0, 1.0)
        };
        let row = match label.owner {
            Owner::Row(row) => Some(row),
            Owner::Unassigned => None,
        };
        let dimming = if label.is_calm {
            highlight.dimming(row, slot.at, positions.clock.0)
        } else {
            0.0
        };
        let tint = Tint {
            palette,
            grey: positions.greyness(label.owner) * STALE_GREY,
        };
        for (span, color) in [(slot.text, label.color), (slot.tail, label.tail_color)] {
            if let Ok(mut shown) = colors.get_mut(span) {
                shown.set_if_neq(TextColor(tint.apply(color, dimming).with_alpha(slot.opacity)));
            }
        }
        let is_visible = !yields && (slot.opacity > 0.0 || slot.is_wanted);
        visibility.set_if_neq(if is_visible {
            Visibility::Visible
        } else {
            Visibility::Hidden
        });
        if !is_visible && !slot.is_wanted {
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
    fn apply(&self, color: Color, dimming: f32) -> Color {
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
    use super::*;
    use model::Status;

    #[test]
    fn a_label_flies_with_its_agent_also_when_stamps_come_round() {
        let mut mark = Mark::new(MarkKind::Agent, Vec2::ZERO, 0.8, Status::Running);
        (mark.to, mark.moved) = (Vec2::new(10.0, 0.0), u32::MAX - 99);
        let at = |after_ms: u32, reduced: bool| {
            let now = mark.moved.wrapping_add(after_ms);
            agent_position(&mark, now, MotionSettings { reduced })
        };
        assert_eq!((at(0, false), at(600, false)), (mark.from, mark.to));
        assert!(
            at(300, false).distance(Vec2::new(5.0, 1.0)) < 1e-3,
            "half way it is beside the straight line"
        );
        assert_eq!(at(300, true), mark.to, "with reduced motion it has arrived");
        assert_eq!(at(5_000_000, false), mark.to);
    }
}
