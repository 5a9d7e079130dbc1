//! The view of the last run, restored with the first snapshot if the fleet is similar and the view shows a part of it.

use bevy::prelude::*;

use super::{CameraControl, controller::Pose};
use crate::{
    fleet::FleetIndex,
    layout::{Block, DockGround, Extent},
    messages::Synced,
};

/// A fleet whose extent overlaps the former one by less than this share is another one.
const LEAST_ALIKE: f32 = 0.4;

/// A view that an operator chose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldView {
    /// World position in the middle of the screen.
    pub center: Vec2,
    /// World units that one logical pixel covers.
    pub world_per_px: f32,
    /// The rectangle around the whole fleet at that time, in world units: the next run compares it with its own.
    pub fleet: Rect,
}

/// The view to restore and the current one. The wall writes the first at the start and saves the second.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct ViewMemory {
    /// The view to restore.
    pub(crate) recall: Option<HeldView>,
    /// The view that the operator chose; `None` while the whole fleet is fitted.
    pub held: Option<HeldView>,
    /// Whether the first snapshot has been shown: from then on `held` is valid.
    pub is_settled: bool,
}

/// Fly to a view; without one, show the whole fleet.
#[derive(Message, Debug, Clone, Copy, PartialEq)]
pub(crate) struct FlyToView(pub(crate) Option<HeldView>);

/// The view that an unattended wall returns to; `None`: the whole fleet.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct HomeView(pub(crate) Option<HeldView>);

/// The overlap of two extents as a share of their union, 0 to 1.
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

/// Restores the view when the first snapshot has been laid out, or never.
pub(super) fn recall(
    mut control: ResMut<CameraControl>,
    mut memory: ResMut<ViewMemory>,
    mut synced: MessageReader<Synced>,
    fleet: Res<FleetIndex>,
    extent: Res<Extent>,
    dock: Res<DockGround>,
    blocks: Query<&Block>,
) {
    let is_synced = synced.read().count() > 0;
    if memory.is_settled || !is_synced || control.size_px == Vec2::ZERO || fleet.is_empty() {
        return;
    }
    memory.is_settled = true;
    let Some(view) = memory.recall.take() else { return };
    let seen = Rect::from_center_size(view.center, control.size_px * view.world_per_px);
    let shows = |rect: Rect| !rect.intersect(seen).is_empty();
    let shows_something = blocks.iter().any(|block| shows(block.rect())) || dock.0.is_some_and(shows);
    // An operator who has moved the camera meanwhile keeps the view.
    if shows_something && likeness(view.fleet, extent.0) >= LEAST_ALIKE && control.controller.is_fitting() {
        control.controller.recall(Pose {
            center: view.center,
            world_per_px: view.world_per_px,
        });
    }
}

/// Flies to views.
pub(super) fn fly(mut control: ResMut<CameraControl>, mut views: MessageReader<FlyToView>, home: Res<HomeView>) {
    let pose = |view: HeldView| Pose {
        center: view.center,
        world_per_px: view.world_per_px,
    };
    if home.is_changed() {
        control.controller.set_home(home.0.map(pose));
    }
    for FlyToView(view) in views.read() {
        match view {
            Some(view) => control.controller.fly_to_pose(pose(*view)),
            None => control.controller.fit(),
        }
    }
}

/// Records the view that the operator chose.
pub(super) fn remember(control: Res<CameraControl>, extent: Res<Extent>, mut memory: ResMut<ViewMemory>) {
    let held = control.controller.held().map(|pose| HeldView {
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
    fn likeness_is_the_overlap_of_extents() {
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
