//! How the camera moves: a goal, and a pose that glides towards it. Whether growth of the fleet changes the goal depends on
//! what set it. Pure.

use bevy::{
    math::{Rect, Vec2},
    prelude::Entity,
};

use super::{
    View,
    flight::{Flight, Momentum},
};
use crate::messages::SceneInsets;

/// At the closest zoom the shorter side of the smallest cell is this many desk pixels,
const CLOSEST_CELL_PX: f32 = 320.0;
/// and a focused cell is shown with this many.
const FOCUS_CELL_PX: f32 = 130.0;
/// The width of a tile whose text can be read, in desk pixels.
const READABLE_TILE_PX: f32 = 124.0;
/// The farthest zoom, as a multiple of the one that shows everything.
const FARTHEST: f32 = 1.6;
/// The rate per second at which the pose approaches its goal: at 10, nine tenths of the way take 0.23 s.
const GLIDE_BY_HAND: f32 = 14.0;
const GLIDE_FIT: f32 = 3.0;
/// The rate at which a released drag slows down: half of its speed is gone after 0.14 s.
const GLIDE_COAST: f32 = 5.0;
/// A drag released at fewer pixels a second stops at once.
const LEAST_COAST_PX_PER_SEC: f32 = 60.0;
/// Longer frames (a stall, a monitor that returns, an idle wall) advance motion by no more than this.
const LONGEST_FRAME_SECS: f32 = 0.1;
/// The goal is reached within this many pixels.
const ARRIVED_PX: f32 = 0.05;

/// Where the camera looks, and its zoom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    /// World position in the middle of the free part of the screen.
    pub(super) center: Vec2,
    /// World units that one logical pixel covers.
    pub(super) world_per_px: f32,
}

/// What set the goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The whole fleet is shown, also as it grows.
    Fit,
    /// The operator moved it or sent it somewhere.
    Hand,
    /// A drag was released and slows down.
    Coast,
    /// It keeps a row in the middle that moves.
    Follow,
}

/// A view that was flown to, and the row that was flown to in it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Looked {
    pose: Pose,
    row: Option<Entity>,
}

/// Views that are kept in each direction.
const MOST_LOOKED: usize = 64;

/// The screen and the extent of the fleet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Screen {
    /// The size of the screen, in logical pixels.
    pub(super) size_px: Vec2,
    /// The edges that panels cover.
    pub(super) insets: SceneInsets,
    /// The rectangle around the whole fleet, in world units.
    pub(super) extent: Rect,
    /// Logical pixels of one desk pixel (`TextScale::unit`).
    pub(super) unit: f32,
    /// The shorter side of the smallest cell, in world units.
    pub(super) cell: f32,
}

/// The part of the screen that the plan fills: without the fixed panels above and below. Panels that cover nearly everything
/// leave a small part at least.
pub(super) fn free_px(size_px: Vec2, insets: SceneInsets) -> Vec2 {
    (size_px - Vec2::new(0.0, insets.top + insets.bottom)).max(Vec2::splat(64.0))
}

impl Screen {
    /// The pose that shows a rectangle of the world in the part of the screen that no fixed panel covers, no closer than so that
    /// the smallest cells have `most_cell_px`. Panels at the sides float over the scene: they open without moving it.
    fn fit(&self, rect: Rect, most_cell_px: f32) -> Pose {
        let (top, bottom) = (self.insets.top, self.insets.bottom);
        let free = free_px(self.size_px, self.insets);
        let needed = rect.size() / free;
        let world_per_px = needed.x.max(needed.y).max(self.closest(most_cell_px));
        Pose {
            center: rect.center() - Vec2::new(0.0, (bottom - top) / 2.0) * world_per_px,
            world_per_px,
        }
    }

    /// The pose that shows a block, or as much of it from its upper left corner on as fits while its cells are tiles.
    fn block(&self, rect: Rect, cell: Vec2) -> Pose {
        let whole = self.fit(rect, FOCUS_CELL_PX);
        let tile = cell.x.min(cell.y * plan::TILE_ASPECT);
        let readable = tile / (READABLE_TILE_PX * self.unit);
        if readable.is_nan() || readable <= 0.0 || whole.world_per_px <= readable {
            return whole;
        }
        let free = free_px(self.size_px, self.insets);
        let seen = (free * readable).min(rect.size());
        let part = Rect::from_corners(
            Vec2::new(rect.min.x, rect.max.y),
            Vec2::new(rect.min.x + seen.x, rect.max.y - seen.y),
        );
        Pose {
            world_per_px: readable,
            center: part.center() - Vec2::new(0.0, (self.insets.bottom - self.insets.top) / 2.0) * readable,
        }
    }

    /// The zoom at which the smallest cells have so many desk pixels; never farther than that of the whole plan.
    fn closest(&self, cell_px: f32) -> f32 {
        (self.cell / (cell_px * self.unit)).clamp(1e-4, 1.0)
    }

    fn everything(&self) -> Pose {
        self.fit(self.extent, 0.0)
    }
}

/// Moves the camera.
#[derive(Debug)]
pub(super) struct Controller {
    pose: Pose,
    goal: Pose,
    mode: Mode,
    screen: Option<Screen>,
    /// While it zooms about a point: the point's offset from the middle of the screen in pixels (y up) and its world position.
    anchor: Option<(Vec2, Vec2)>,
    /// A flight to the goal. Any input ends it.
    flight: Option<Flight>,
    momentum: Momentum,
    /// The views before the last flights, the latest last,
    before: Vec<Looked>,
    /// and those from which was flown back.
    after: Vec<Looked>,
    /// The row that was last flown to.
    row: Option<Entity>,
    /// Where it returns to without input; `None`: to the whole fleet.
    home: Option<Pose>,
    /// Motion is reduced: flights are replaced by jumps.
    reduced: bool,
    idle_secs: f32,
}

impl Default for Controller {
    fn default() -> Self {
        let pose = Pose {
            center: Vec2::ZERO,
            world_per_px: View::default().world_per_px,
        };
        Self {
            pose,
            goal: pose,
            mode: Mode::Fit,
            screen: None,
            anchor: None,
            flight: None,
            momentum: Momentum::default(),
            before: Vec::new(),
            after: Vec::new(),
            row: None,
            home: None,
            reduced: false,
            idle_secs: 0.0,
        }
    }
}

impl Controller {
    /// The current pose.
    pub(super) fn pose(&self) -> Pose {
        self.pose
    }

    /// Sets the screen and the extent of the fleet. In the first frame and when the screen changes size the pose jumps; when
    /// the fleet grows or a panel opens, it glides.
    pub(super) fn set_screen(&mut self, screen: Screen) {
        if self.screen == Some(screen) {
            return;
        }
        let jump = self.screen.is_none_or(|old| old.size_px != screen.size_px);
        self.screen = Some(screen);
        if self.mode == Mode::Fit {
            self.goal = screen.everything();
            // The flight's destination has changed: from here it glides.
            self.flight = None;
            if jump {
                self.pose = self.goal;
            }
        } else if self.flight.is_none() {
            self.goal = self.bounded(self.goal);
        }
    }

    /// Sets whether motion is reduced.
    pub(super) fn set_reduced(&mut self, reduced: bool) {
        self.reduced = reduced;
    }

    /// Moves to the goal at once: from the empty scene to the first rows there is nothing to glide from.
    pub(super) fn jump(&mut self) {
        self.pose = self.goal;
    }

    /// Pans by this many pixels (y down): the world follows the pointer.
    pub(super) fn drag(&mut self, by_px: Vec2) {
        self.take_over();
        let by = Vec2::new(-by_px.x, by_px.y) * self.pose.world_per_px;
        self.momentum.push(by);
        self.goal = self.bounded(Pose {
            center: self.pose.center + by,
            world_per_px: self.goal.world_per_px,
        });
        self.pose.center = self.goal.center;
    }

    /// Ends a drag: the motion slows down.
    pub(super) fn release(&mut self) {
        let speed = self.momentum.take();
        if self.reduced || self.mode != Mode::Hand || speed.length() < LEAST_COAST_PX_PER_SEC * self.pose.world_per_px {
            return;
        }
        self.take_over();
        self.mode = Mode::Coast;
        // A glide to this point begins at the drag's speed.
        let center = self.pose.center + speed / GLIDE_COAST;
        self.goal = self.bounded(Pose { center, ..self.goal });
    }

    /// Two fingers moved: pans by `by_px` (y down) and zooms at once by `factor` about a point (from the middle, y up).
    pub(super) fn pinch(&mut self, by_px: Vec2, factor: f32, about_px: Vec2) {
        if !(factor.is_finite() && factor > 0.0 && by_px.is_finite()) {
            return;
        }
        self.drag(by_px);
        self.momentum = Momentum::default();
        let world = self.pose.center + about_px * self.pose.world_per_px;
        let world_per_px = self.bounded_zoom(self.pose.world_per_px / factor);
        self.goal = self.bounded(Pose {
            center: world - about_px * world_per_px,
            world_per_px,
        });
        self.pose = self.goal;
    }

    /// Glides by this many pixels (y up).
    pub(super) fn nudge(&mut self, by_px: Vec2) {
        self.take_over();
        let center = self.goal.center + by_px * self.goal.world_per_px;
        self.goal = self.bounded(Pose { center, ..self.goal });
    }

    /// Zooms by a factor (above 1 is closer) about a point on the screen, given from its middle in pixels (y up).
    pub(super) fn zoom(&mut self, factor: f32, about_px: Vec2) {
        if !(factor.is_finite() && factor > 0.0) {
            return;
        }
        // The point under the pointer stays there, also during a glide.
        let is_following = self.mode == Mode::Follow;
        let about_px = if is_following { Vec2::ZERO } else { about_px };
        let world = self.pose.center + about_px * self.pose.world_per_px;
        self.take_over();
        let world_per_px = self.bounded_zoom(self.goal.world_per_px / factor);
        if is_following {
            self.mode = Mode::Follow;
            self.goal.world_per_px = world_per_px;
            return;
        }
        self.goal = self.bounded(Pose {
            center: world - about_px * world_per_px,
            world_per_px,
        });
        self.anchor = Some((about_px, world));
    }

    /// Flies to the rectangle of a row.
    pub(super) fn fly_to(&mut self, row: Entity, rect: Rect) {
        self.fly(Some(row), |screen| screen.fit(rect, FOCUS_CELL_PX));
    }

    /// Flies to a pose.
    pub(super) fn fly_to_pose(&mut self, pose: Pose) {
        self.fly(None, |_| pose);
    }

    /// Sets where it returns to without input.
    pub(super) fn set_home(&mut self, home: Option<Pose>) {
        self.home = home;
    }

    /// Moves to the rectangle of a row without zooming, unless it is in view already.
    pub(super) fn show(&mut self, rect: Rect) {
        let Some(screen) = self.screen else { return };
        let free = free_px(screen.size_px, screen.insets) - Vec2::new(screen.insets.left + screen.insets.right, 0.0);
        let view = self.goal;
        // The middle of what no panel covers, from the middle of the screen (y up).
        let aside = Vec2::new(
            screen.insets.left - screen.insets.right,
            screen.insets.bottom - screen.insets.top,
        ) / 2.0;
        let middle = view.center + aside * view.world_per_px;
        let room = (free * 0.9 * view.world_per_px - rect.size()).max(Vec2::ZERO) / 2.0;
        let off = rect.center() - middle;
        let by = off - off.clamp(-room, room);
        if by != Vec2::ZERO {
            self.nudge(by / view.world_per_px);
        }
    }

    /// Keeps a row in the middle that moves, from now on until something else moves the camera.
    pub(super) fn follow(&mut self) {
        self.take_over();
        self.mode = Mode::Follow;
    }

    /// Stays where it is, whatever it followed.
    pub(super) fn stay(&mut self) {
        self.take_over();
    }

    /// Whether it keeps a row in the middle.
    pub(super) fn is_following(&self) -> bool {
        self.mode == Mode::Follow
    }

    /// Where the row is that is kept in the middle.
    pub(super) fn track(&mut self, at: Vec2) {
        if self.mode != Mode::Follow {
            return;
        }
        let Some(screen) = self.screen else { return };
        let raised = (screen.insets.bottom - screen.insets.top) / 2.0 * self.goal.world_per_px;
        self.goal = self.bounded(Pose {
            center: at - Vec2::new(0.0, raised),
            ..self.goal
        });
        self.idle_secs = 0.0;
    }

    /// Flies to a block with cells of this size, so that their text can be read: to the whole block, or to its beginning.
    pub(super) fn fly_to_block(&mut self, block: Entity, rect: Rect, cell: Vec2) {
        self.fly(Some(block), |screen| screen.block(rect, cell));
    }

    /// Flies to the pose that a screen needs, which can be flown back from.
    fn fly(&mut self, row: Option<Entity>, pose: impl FnOnce(&Screen) -> Pose) {
        let Some(screen) = self.screen else { return };
        self.leave();
        self.take_over();
        self.depart(self.bounded(pose(&screen)));
        self.row = row;
    }

    /// Notes the present view as one to fly back to.
    fn leave(&mut self) {
        let looked = self.looked();
        self.after.clear();
        if self.before.last() != Some(&looked) {
            self.before.push(looked);
        }
        let over = self.before.len().saturating_sub(MOST_LOOKED);
        self.before.drain(..over);
    }

    fn looked(&self) -> Looked {
        Looked {
            pose: self.goal,
            row: self.row,
        }
    }

    /// Flies to the view before the last flight. Returns the row that was flown to in it, which may be none; `None` without
    /// such a view.
    pub(super) fn fly_back(&mut self) -> Option<Option<Entity>> {
        let to = self.before.pop()?;
        let now = self.looked();
        self.after.push(now);
        Some(self.fly_again(to))
    }

    /// Flies to the view from which was flown back, as [`Self::fly_back`].
    pub(super) fn fly_forward(&mut self) -> Option<Option<Entity>> {
        let to = self.after.pop()?;
        let now = self.looked();
        self.before.push(now);
        Some(self.fly_again(to))
    }

    fn fly_again(&mut self, to: Looked) -> Option<Entity> {
        self.take_over();
        self.depart(self.bounded(to.pose));
        self.row = to.row;
        to.row
    }

    fn depart(&mut self, goal: Pose) {
        self.goal = goal;
        if self.reduced {
            self.pose = goal;
        } else if let Some(screen) = self.screen {
            self.flight = Some(Flight::new(self.pose, goal, screen.size_px.x));
        }
    }

    /// Shows the whole fleet from now on.
    pub(super) fn fit(&mut self) {
        if self.mode != Mode::Fit {
            self.leave();
        }
        self.take_over();
        self.mode = Mode::Fit;
        self.row = None;
        if let Some(screen) = self.screen {
            self.depart(screen.everything());
        }
    }

    /// Restores a view at once.
    pub(super) fn recall(&mut self, pose: Pose) {
        self.take_over();
        self.goal = self.bounded(pose);
        self.pose = self.goal;
    }

    /// The view that the operator chose, or its destination during a flight; `None` while the whole fleet is fitted.
    pub(super) fn held(&self) -> Option<Pose> {
        (self.mode != Mode::Fit).then_some(self.goal)
    }

    /// Whether the whole fleet is fitted.
    pub(super) fn is_fitting(&self) -> bool {
        self.mode == Mode::Fit
    }

    /// Advances time. After `fit_after_secs` without input the whole fleet is shown again.
    pub(super) fn advance(&mut self, delta_secs: f32, fit_after_secs: Option<f32>) {
        self.idle_secs += delta_secs;
        let delta_secs = delta_secs.min(LONGEST_FRAME_SECS);
        self.momentum.advance(delta_secs);
        if self.mode != Mode::Fit && fit_after_secs.is_some_and(|limit| self.idle_secs > limit) {
            match self.home.map(|home| self.bounded(home)) {
                None => self.fit(),
                Some(home) if self.goal != home => {
                    self.fly_to_pose(home);
                    self.idle_secs = 0.0;
                }
                Some(_) => {}
            }
        }
        if let Some(flight) = &mut self.flight {
            match flight.advance(delta_secs) {
                Some(pose) => self.pose = pose,
                None => (self.pose, self.flight) = (self.goal, None),
            }
            return;
        }
        if self.pose == self.goal {
            return;
        }
        let rate = match self.mode {
            Mode::Fit => GLIDE_FIT,
            Mode::Hand | Mode::Follow => GLIDE_BY_HAND,
            Mode::Coast => GLIDE_COAST,
        };
        let share = 1.0 - (-rate * delta_secs).exp();
        let (from, to) = (self.pose.world_per_px, self.goal.world_per_px);
        // Zoom is perceived as a ratio, so it glides as one.
        self.pose.world_per_px = from * (to / from).powf(share);
        self.pose.center = match self.anchor {
            Some((about_px, world)) => world - about_px * self.pose.world_per_px,
            None => self.pose.center.lerp(self.goal.center, share),
        };
        let off_px = self.pose.center.distance(self.goal.center) / self.goal.world_per_px;
        let zoom_off = (self.pose.world_per_px / self.goal.world_per_px - 1.0).abs();
        let across_px = self.screen.map_or(1_000.0, |screen| screen.size_px.max_element());
        let zoomed = zoom_off * across_px < ARRIVED_PX;
        if zoomed && (off_px < ARRIVED_PX || self.anchor.is_some()) {
            self.pose.world_per_px = self.goal.world_per_px;
            if self.anchor.take().is_none() {
                self.pose.center = self.goal.center;
            }
        }
    }

    /// Ends whatever moved it so far.
    fn take_over(&mut self) {
        self.mode = Mode::Hand;
        self.anchor = None;
        if self.flight.take().is_some() {
            self.goal = self.bounded(self.pose);
        }
        self.idle_secs = 0.0;
    }

    fn bounded_zoom(&self, world_per_px: f32) -> f32 {
        let farthest = self
            .screen
            .map_or(f32::MAX, |screen| screen.everything().world_per_px * FARTHEST);
        let closest = self.screen.map_or(1e-4, |screen| screen.closest(CLOSEST_CELL_PX));
        world_per_px.min(farthest).max(closest)
    }

    /// The nearest pose that keeps the fleet in view.
    fn bounded(&self, pose: Pose) -> Pose {
        let Some(screen) = self.screen else { return pose };
        let center = pose.center.clamp(screen.extent.min, screen.extent.max);
        // The fitted pose is always allowed, although panels may push its centre out of the fleet.
        let fitted = screen.everything();
        let center = if pose.center == fitted.center {
            pose.center
        } else {
            center
        };
        Pose {
            center,
            world_per_px: self.bounded_zoom(pose.world_per_px),
        }
    }
}

#[cfg(test)]
mod tests;
