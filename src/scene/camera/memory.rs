//! The view that somebody left, shown again once the fleet is there: if it is the same fleet by and large, and the view
//! shows something of it.

use bevy::prelude::*;

use super::{Helm, rig::Pose};
use crate::{
    fleet::FleetIndex,
    layout::{District, DockGround, Extent, Unassigned},
    messages::Synced,
};

/// A fleet whose ground has less than this in common with what it was is another one.
const LEAST_ALIKE: f32 = 0.4;

/// A view in an operator's hands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldView {
    /// World position in the middle of the screen.
    pub center: Vec2,
    /// World units that one logical pixel covers.
    pub world_per_px: f32,
    /// The rectangle that holds the fleet.
    pub fleet: Rect,
}

/// What the camera is to show again, and what it shows. The wall fills in the one at the start and keeps the other.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct ViewMemory {
    pub recall: Option<HeldView>,
    /// What is in somebody's hands now; nothing while the whole fleet is shown by itself.
    pub held: Option<HeldView>,
    /// The first rows are there and it is decided what is shown: from now on `held` counts.
    pub is_settled: bool,
}

/// How much of their common ground two fleets share, 0 to 1.
pub fn likeness(one: Rect, other: Rect) -> f32 {
    let area = |rect: Rect| rect.width() * rect.height();
    let shared = area(one.intersect(other));
    let all = area(one) + area(other) - shared;
    if all > 0.0 && all.is_finite() {
        shared / all
    } else {
        0.0
    }
}

/// With the first snapshot everybody stands where they will: now the view is shown again, or it never is.
pub(super) fn recall(
    mut helm: ResMut<Helm>,
    mut memory: ResMut<ViewMemory>,
    mut synced: MessageReader<Synced>,
    fleet: Option<Res<FleetIndex>>,
    extent: Res<Extent>,
    unassigned: Option<Res<Unassigned>>,
    dock: Option<Res<DockGround>>,
    districts: Query<&District>,
) {
    let is_synced = synced.read().count() > 0;
    if memory.is_settled || !is_synced || helm.size_px == Vec2::ZERO || fleet.is_none_or(|fleet| fleet.is_empty()) {
        return;
    }
    memory.is_settled = true;
    let Some(view) = memory.recall.take() else { return };
    let seen = Rect::from_center_size(view.center, helm.size_px * view.world_per_px);
    let unassigned = unassigned.and_then(|unassigned| unassigned.0);
    let is_on_screen = |district: &District| {
        let nearest = district.center.clamp(seen.min, seen.max);
        nearest.distance(district.center) < district.radius
    };
    let shows_something = districts.iter().chain(&unassigned).any(is_on_screen)
        || dock
            .and_then(|dock| dock.0)
            .is_some_and(|dock| !dock.intersect(seen).is_empty());
    // Whoever has taken hold of the camera meanwhile keeps it.
    if shows_something && likeness(view.fleet, extent.0) >= LEAST_ALIKE && helm.rig.is_fitting() {
        helm.rig.recall(Pose {
            center: view.center,
            world_per_px: view.world_per_px,
        });
    }
}

/// Says what is in somebody's hands.
pub(super) fn tell(helm: Res<Helm>, extent: Res<Extent>, mut memory: ResMut<ViewMemory>) {
    let held = helm.rig.held().map(|pose| HeldView {
        center: pose.center,
        world_per_px: pose.world_per_px,
        fleet: extent.0,
    });
    if memory.held != held {
        memory.held = held;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fleets_are_alike_by_the_ground_that_they_share() {
        let rect = Rect::new(-10.0, -5.0, 10.0, 5.0);
        assert_eq!(likeness(rect, rect), 1.0);
        assert!(likeness(rect, rect.inflate(1.0)) > LEAST_ALIKE, "a little growth");
        assert!(likeness(rect, Rect::new(-100.0, -50.0, 100.0, 50.0)) < LEAST_ALIKE);
        assert_eq!(likeness(rect, Rect::new(20.0, 0.0, 30.0, 5.0)), 0.0);
        assert_eq!(likeness(Rect::default(), Rect::default()), 0.0);
        assert_eq!(
            likeness(
                rect,
                Rect {
                    min: Vec2::NAN,
                    max: Vec2::NAN
                }
            ),
            0.0
        );
    }
}
