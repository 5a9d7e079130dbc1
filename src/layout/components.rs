//! What the layout writes. World units: one logical pixel of the scene while the whole plan is fitted.

use std::sync::Arc;

use bevy::{
    math::curve::{Curve, SmoothStepCurve},
    prelude::*,
};
use plan::BlockPlace;

use crate::fleet::RowLabel;

/// The duration of a move, seconds.
pub const MOVE_SECS: f64 = 0.6;

/// The eased share of a move that began at `moved`: the same curve as in the shaders.
fn share(moved: f64, now: f64) -> f32 {
    SmoothStepCurve.sample_clamped(((now - moved) / MOVE_SECS) as f32)
}

/// The place of a task's cell or of an agent. Written only when it changes. A row without one is not drawn.
#[derive(Component, Debug, Clone, Copy, PartialEq, Reflect)]
#[reflect(Component)]
pub struct Place {
    /// Its middle, now or at the end of its move.
    pub at: Vec2,
    /// Width and height: of the cell, or twice the diameter of the agent.
    pub size: Vec2,
    /// Where its last move began. Equal to `at` for rows that have just appeared.
    pub from: Vec2,
    /// When the move began, seconds of `FleetClock`.
    pub moved: f64,
}

impl Place {
    /// Its position at `now`, seconds of `FleetClock`, without the way that an agent's flight takes.
    pub fn drawn_at(&self, now: f64) -> Vec2 {
        self.from.lerp(self.at, share(self.moved, now))
    }

    /// Its rectangle at the end of its move.
    pub fn rect(&self) -> Rect {
        Rect::from_center_size(self.at, self.size)
    }
}

/// The block of a workflow, or of a `Ground`. World units.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// Its ground, header, body and grid, now or at the end of its move.
    pub place: BlockPlace<Entity>,
    /// Its ground where its last move began.
    pub from: Rect,
    /// When the move began, seconds of `FleetClock`.
    pub moved: f64,
}

impl Block {
    /// Its ground, now or at the end of its move.
    pub fn rect(&self) -> Rect {
        rect(self.place.rect)
    }

    /// Its ground at `now`, seconds of `FleetClock`: it grows while its neighbours make room.
    pub fn drawn_at(&self, now: f64) -> Rect {
        let (share, to) = (share(self.moved, now), self.rect());
        Rect {
            min: self.from.min.lerp(to.min, share),
            max: self.from.max.lerp(to.max, share),
        }
    }

    /// Its header at the end of its move; without height where no text is readable there.
    pub fn header(&self) -> Rect {
        rect(self.place.header)
    }

    /// The area of its cells, with empty ones, at the end of its move; without size where it is only a header.
    pub(crate) fn cells(&self) -> Rect {
        let BlockPlace {
            first_cell,
            pitch,
            cell,
            grid: [columns, rows],
            ..
        } = self.place;
        // Rows go down.
        let last = first_cell + pitch * Vec2::new(columns as f32 - 1.0, 1.0 - rows as f32);
        let of = |middle: Vec2| Rect::from_center_size(middle, cell);
        if columns == 0 || rows == 0 {
            return Rect::from_center_size(first_cell, Vec2::ZERO);
        }
        of(first_cell).union(of(last))
    }

    /// Its body at the end of its move; without size where it is only a header.
    pub fn body(&self) -> Rect {
        rect(self.place.body)
    }
}

/// A rectangle of the plan as Bevy's.
pub(crate) fn rect(own: plan::Rect) -> Rect {
    Rect {
        min: own.min,
        max: own.max,
    }
}

/// A block that is no row: *Unassigned*, *Finished*, or a group of rows on a wall without workflows.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// What it is called on the screen.
    pub name: Arc<str>,
}

/// What a block is called: as its workflow's row is, or its ground.
pub(crate) fn block_name<'a>(label: Option<&'a RowLabel>, ground: Option<&'a Ground>) -> Option<&'a str> {
    let label = label.map(|label| &*label.0);
    label.or(ground.map(|ground| &*ground.name))
}

/// The dock: the area of idle agents. `None` while there are none.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct DockGround(pub Option<Rect>);

/// The rectangle of the whole plan.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct Extent(pub Rect);

impl Default for Extent {
    fn default() -> Self {
        Self(Rect::from_center_size(Vec2::ZERO, PlanScene::default().size))
    }
}

/// The sizes of all cells and agents, in world units: what the level of detail of the whole scene depends on.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct CellSizes {
    /// The cell that is smallest by its shorter side.
    pub least: Vec2,
    /// The one that is largest by it.
    pub most: Vec2,
    /// The diameter of the largest agent; unbounded where agents are cells, or where there are none.
    pub agent: f32,
}

impl Default for CellSizes {
    fn default() -> Self {
        Self {
            least: Vec2::splat(1.0),
            most: Vec2::splat(1.0),
            agent: f32::MAX,
        }
    }
}

/// What the plan is fitted to: written by the camera, which knows the screen.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct PlanScene {
    /// The part of the screen that no fixed panel covers, in logical pixels.
    pub size: Vec2,
    /// The smallest readable text, in logical pixels: 13 at a desk.
    pub text: f32,
}

impl Default for PlanScene {
    fn default() -> Self {
        Self {
            size: Vec2::new(1920.0, 1010.0),
            text: 13.0,
        }
    }
}
