//! The texts themselves: spawned once, used again and again, faded in and out, kept at their marks in every frame.

use bevy::{
    camera::visibility::{NoFrustumCulling, RenderLayers},
    platform::collections::HashMap,
    prelude::*,
    sprite::Anchor,
    text::{FontSize, Justify, LineBreak, LineHeight, TextBackgroundColor, TextLayoutInfo},
};

use super::{
    LAYER, MOST_LABELS, TextScale,
    arrange::{Arrangement, LINE},
    font::LabelFont,
    label::{Label, Owner, Side, Tier},
    yielding::{Drawn, yielding},
};
use crate::{
    fleet::FleetClock,
    layout::{District, Place, Unassigned},
    messages::{ScreenTheme, Staleness},
    scene::{
        camera::{SceneCamera, View},
        marks::{Mark, MarkKind, Marks, stamp},
        motion::MotionSettings,
        palette::Palette,
        spotlight::{STEPPED_BACK, Spotlight},
    },
};

/// Above all marks; labels on plates above the others.
const Z: f32 = 500.0;
const Z_PLATE: f32 = 510.0;
/// Opacity gained or lost per second: labels come and go within 0.15 s.
const FADE_PER_SEC: f32 = 7.0;
/// Opacity of a plate.
const PLATE: f32 = 0.88;
/// How far a stale scene's labels go towards grey.
const STALE_GREY: f32 = 0.75;

/// One text: an entity, its second span, and what it shows.
#[derive(Debug)]
struct Seat {
    text: Entity,
    tail: Entity,
    label: Option<(Label, Side)>,
    is_wanted: bool,
    /// Its turn among those that are wanted: the most important first.
    turn: usize,
    opacity: f32,
    /// The last place of what it names, for when that is gone before the label has faded.
    at: Vec2,
}

/// All texts that were ever needed, `MOST_LABELS` at most.
#[derive(Resource, Debug, Default)]
pub(super) struct Pool {
    seats: Vec<Seat>,
    edition: u64,
    /// What the plates were painted for.
    theme: ScreenTheme,
}

/// Hands the arrangement's labels to texts: whoever has one keeps it.
pub(super) fn assign(
    mut commands: Commands,
    mut pool: ResMut<Pool>,
    arrangement: Res<Arrangement>,
    font: Res<LabelFont>,
    scale: Res<TextScale>,
    theme: Res<ScreenTheme>,
) {
    if pool.edition == arrangement.edition {
        return;
    }
    pool.edition = arrangement.edition;
    let style = Style {
        font: &font,
        scale: scale.0,
        palette: Palette::of(theme.0),
        repaint: std::mem::replace(&mut pool.theme, *theme) != *theme,
    };
    let labels = arrangement.labels.iter().enumerate();
    let mut wanted: HashMap<Owner, (usize, &(Label, Side))> =
        labels.map(|(turn, label)| (label.0.owner, (turn, label))).collect();
    for seat in &mut pool.seats {
        let owner = seat.label.as_ref().map(|(label, _)| label.owner);
        let next = owner.and_then(|owner| wanted.remove(&owner));
        seat.is_wanted = next.is_some();
        if let Some((turn, next)) = next {
            seat.turn = turn;
            seat.show(next, &mut commands, &style);
        }
    }
    // In the arrangement's order, so that the same labels take the same texts everywhere.
    for (turn, label) in arrangement.labels.iter().enumerate() {
        if !wanted.contains_key(&label.0.owner) {
            continue;
        }
        let free = pool.seats.iter().position(|seat| seat.label.is_none());
        let free = free.or_else(|| {
            if pool.seats.len() < MOST_LABELS {
                pool.seats.push(spawn(&mut commands));
                return Some(pool.seats.len() - 1);
            }
            // All are in use: one that is fading gives way.
            pool.seats.iter().position(|seat| !seat.is_wanted)
        });
        if let Some(seat) = free.and_then(|index| pool.seats.get_mut(index)) {
            seat.label = None;
            (seat.is_wanted, seat.turn, seat.opacity) = (true, turn, 0.0);
            seat.show(label, &mut commands, &style);
        }
    }
}

/// How texts are written.
struct Style<'a> {
    font: &'a LabelFont,
    scale: f32,
    palette: Palette,
    /// Plates have another colour than before.
    repaint: bool,
}

fn spawn(commands: &mut Commands) -> Seat {
    let layout = TextLayout {
        linebreak: LineBreak::NoWrap,
        justify: Justify::Center,
    };
    let tail = commands.spawn(TextSpan::default()).id();
    let text = commands
        .spawn((
            Text2d::default(),
            layout,
            Anchor::TOP_LEFT,
            NoFrustumCulling,
            RenderLayers::layer(LAYER),
            Visibility::Hidden,
        ))
        .add_child(tail)
        .id();
    Seat {
        text,
        tail,
        label: None,
        is_wanted: false,
        turn: 0,
        opacity: 0.0,
        at: Vec2::ZERO,
    }
}

impl Seat {
    /// Writes what has changed, and nothing else: every written text is laid out anew.
    fn show(&mut self, next: &(Label, Side), commands: &mut Commands, style: &Style) {
        let old = self.label.as_ref().map(|(label, _)| label);
        let label = &next.0;
        let font = |tier: Tier| {
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

/// Where an agent is drawn; with reduced motion it is there at once.
fn flying(mark: &Mark, now: u32, motion: MotionSettings) -> Vec2 {
    if motion.reduced { mark.to } else { mark.flown(now) }
}

/// Keeps every label at its mark, and none over a more important one, fades it, and greys it with the scene.
pub(super) fn follow(
    mut pool: ResMut<Pool>,
    view: Res<View>,
    time: Res<Time<Real>>,
    clock: Res<FleetClock>,
    staleness: Res<Staleness>,
    spotlight: Res<Spotlight>,
    theme: Res<ScreenTheme>,
    cameras: Query<&Camera, With<SceneCamera>>,
    places: Query<&Place>,
    marks: Res<Marks>,
    motion: Res<MotionSettings>,
    districts: Query<&District>,
    unassigned: Res<Unassigned>,
    mut texts: Query<(&mut Transform, &mut Visibility, &TextLayoutInfo)>,
    mut colors: Query<&mut TextColor>,
) {
    let pixels = cameras.iter().find_map(Camera::target_scaling_factor).unwrap_or(1.0);
    let fade = FADE_PER_SEC * time.delta_secs();
    let Palette { muted, ground, .. } = Palette::of(theme.0);
    let is_still = !view.is_changed();
    let now = stamp(clock.0);
    let mut drawn = Vec::with_capacity(pool.seats.len());
    for (index, seat) in pool.seats.iter_mut().enumerate() {
        let Some((label, side)) = &seat.label else { continue };
        let Ok((_, _, layout)) = texts.get(seat.text) else {
            continue;
        };
        let district = match label.owner {
            Owner::Unassigned => unassigned.0,
            Owner::Row(row) => districts.get(row).ok().copied(),
        };
        let at = match (district, label.owner) {
            (Some(district), _) => Some(district.drawn_at(clock.0)),
            (None, Owner::Row(row)) => match marks.mark(row) {
                Some(mark) if mark.kind == MarkKind::Agent => Some(flying(&mark, now, *motion)),
                _ => places.get(row).ok().map(|place| place.drawn_at(clock.0)),
            },
            (None, Owner::Unassigned) => None,
        };
        seat.at = at.unwrap_or(seat.at);
        let mark = view.screen_from_world(seat.at);
        // A name rides on the edge of a district that grows.
        let grown = district.map_or(1.0, |district| district.radius_at(clock.0) / district.radius);
        let reach = label.reach_px(view.world_per_px / grown);
        let mut corner = side.corner(mark, reach, label.steadied(layout.size));
        if is_still {
            // On whole pixels letters are crisp; in motion whole pixels would tremble.
            corner = (corner * pixels).round() / pixels;
        }
        let rect = Rect::from_corners(corner, corner + layout.size);
        let (is_wanted, turn) = (seat.is_wanted, seat.turn);
        drawn.push((index, Drawn { rect, is_wanted, turn }));
    }
    let yields = yielding(&drawn.iter().map(|(_, label)| *label).collect::<Vec<_>>());
    for ((index, Drawn { rect, .. }), yields) in drawn.into_iter().zip(yields) {
        let Some(seat) = pool.seats.get_mut(index) else {
            continue;
        };
        let Some((label, _)) = &seat.label else { continue };
        let Ok((mut transform, mut visibility, _)) = texts.get_mut(seat.text) else {
            continue;
        };
        let next = Transform {
            translation: view
                .world_from_screen(rect.min)
                .extend(if label.plate { Z_PLATE } else { Z }),
            scale: Vec2::splat(view.world_per_px).extend(1.0),
            ..default()
        };
        transform.set_if_neq(next);
        seat.opacity = if yields {
            0.0
        } else {
            (seat.opacity + if seat.is_wanted { fade } else { -fade }).clamp(0.0, 1.0)
        };
        let grey = staleness.0.clamp(0.0, 1.0) * STALE_GREY;
        let row = match label.owner {
            Owner::Row(row) => Some(row),
            Owner::Unassigned => None,
        };
        let back = if label.is_calm {
            spotlight.steps_back(row, seat.at, clock.0)
        } else {
            0.0
        };
        for (span, color) in [(seat.text, label.color), (seat.tail, label.tail_color)] {
            if let Ok(mut shown) = colors.get_mut(span) {
                shown.set_if_neq(TextColor(
                    color
                        .mix(&muted, grey)
                        .mix(&ground, STEPPED_BACK * back)
                        .with_alpha(seat.opacity),
                ));
            }
        }
        let is_seen = !yields && (seat.opacity > 0.0 || seat.is_wanted);
        visibility.set_if_neq(if is_seen {
            Visibility::Visible
        } else {
            Visibility::Hidden
        });
        if !is_seen && !seat.is_wanted {
            seat.label = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Status;

    #[test]
    fn a_name_flies_beside_its_agent_also_when_time_has_come_round() {
        let mut mark = Mark::new(MarkKind::Agent, Vec2::ZERO, 0.8, Status::Running);
        (mark.to, mark.moved) = (Vec2::new(10.0, 0.0), u32::MAX - 99);
        let at = |after_ms: u32, reduced: bool| {
            let now = mark.moved.wrapping_add(after_ms);
            flying(&mark, now, MotionSettings { reduced })
        };
        assert_eq!((at(0, false), at(600, false)), (mark.from, mark.to));
        assert!(
            at(300, false).distance(Vec2::new(5.0, 1.0)) < 1e-3,
            "half way it is off the straight line"
        );
        assert_eq!(at(300, true), mark.to, "without motion it is there");
        assert_eq!(at(5_000_000, false), mark.to);
    }
}
