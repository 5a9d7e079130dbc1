//! How the camera moves: pure. A goal, and a pose that glides to it; who gave the goal decides whether growth of the
//! fleet may change it.

use bevy::math::{Rect, Vec2};

use super::{
    View,
    flight::{Flight, Momentum},
};
use crate::messages::SceneInsets;

/// Closest zoom: one task slot is this many logical pixels wide.
const CLOSEST_PX_PER_SLOT: f32 = 160.0;
/// A small fleet is shown no larger than this when everything is fitted.
const FIT_PX_PER_SLOT: f32 = 44.0;
/// A row that is focused is shown at least this large.
const FOCUS_PX_PER_SLOT: f32 = 72.0;
/// Farthest zoom, as a multiple of the one that shows everything.
const FARTHEST: f32 = 1.6;
/// Logical pixels kept free around what is fitted; the top has room for names.
const FIT_PADDING_PX: f32 = 14.0;
const FIT_PADDING_TOP_PX: f32 = 34.0;
/// How fast the pose closes in on its goal, per second: at 10, nine tenths of the way take 0.23 s.
const GLIDE_BY_HAND: f32 = 14.0;
const GLIDE_FIT: f32 = 3.0;
/// A drag that was let go of runs out like this: half of its speed is gone after 0.14 s.
const GLIDE_RUN_OUT: f32 = 5.0;
/// Slower than this many pixels a second it stands where it was let go of.
const LEAST_RUN_PX_PER_SEC: f32 = 60.0;
/// A frame longer than this (a stall, a monitor coming back, a wall that rests) moves it no further.
const LONGEST_FRAME_SECS: f32 = 0.1;
/// Nearer to the goal than this many pixels, it is reached.
const ARRIVED_PX: f32 = 0.05;

/// Where the camera looks and how close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    pub center: Vec2,
    pub world_per_px: f32,
}

/// Who set the goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drive {
    /// Everything is shown, whatever becomes of it.
    Fit,
    /// In the operator's hands, or where it was sent.
    Hand,
    /// Let go of in the middle of a drag.
    RunOut,
}

/// What the camera has to know of the screen and the fleet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stage {
    pub size_px: Vec2,
    pub insets: SceneInsets,
    pub extent: Rect,
    /// Logical pixels that are as much as one on a desk (`detail::unit`).
    pub unit: f32,
}

impl Stage {
    /// The pose that shows a rectangle of the world in the part of the screen that no panel covers.
    fn fit(&self, rect: Rect, closest_px_per_slot: f32) -> Pose {
        let top = self.insets.top + FIT_PADDING_TOP_PX * self.unit;
        let bottom = self.insets.bottom + FIT_PADDING_PX;
        let left = self.insets.left + self.insets.floating_left + FIT_PADDING_PX;
        let right = self.insets.right + FIT_PADDING_PX;
        // Panels that cover nearly everything leave a sliver at least.
        let free = (self.size_px - Vec2::new(left + right, top + bottom)).max(Vec2::splat(64.0));
        let needed = rect.size() / free;
        let world_per_px = needed.x.max(needed.y).max(1.0 / (closest_px_per_slot * self.unit));
        let aside = Vec2::new(left - right, bottom - top) / 2.0;
        Pose {
            center: rect.center() - aside * world_per_px,
            world_per_px,
        }
    }

    fn everything(&self) -> Pose {
        self.fit(self.extent, FIT_PX_PER_SLOT)
    }
}

/// The moving camera.
#[derive(Debug)]
pub(super) struct Rig {
    pose: Pose,
    goal: Pose,
    drive: Drive,
    stage: Option<Stage>,
    /// While zooming about a point: its offset from the middle of the screen in pixels (y up), and the world there.
    anchor: Option<(Vec2, Vec2)>,
    /// On the way to what was asked for; the goal is where it leads. Any touch ends it.
    flight: Option<Flight>,
    momentum: Momentum,
    /// What was seen before the last flight.
    before: Option<Pose>,
    /// Flights are over at once.
    reduced: bool,
    idle_secs: f32,
}

impl Default for Rig {
    fn default() -> Self {
        let pose = Pose {
            center: Vec2::ZERO,
            world_per_px: View::default().world_per_px,
        };
        Self {
            pose,
            goal: pose,
            drive: Drive::Fit,
            stage: None,
            anchor: None,
            flight: None,
            momentum: Momentum::default(),
            before: None,
            reduced: false,
            idle_secs: 0.0,
        }
    }
}

impl Rig {
    pub fn pose(&self) -> Pose {
        self.pose
    }

    /// Takes in the screen and the fleet as they are now. Before anybody has seen a picture, and when the screen
    /// changes size, the pose jumps; growth of the fleet, and a panel that opens, are followed by gliding.
    pub fn set_stage(&mut self, stage: Stage) {
        if self.stage == Some(stage) {
            return;
        }
        let jump = self.stage.is_none_or(|old| old.size_px != stage.size_px);
        self.stage = Some(stage);
        if self.drive == Drive::Fit {
            self.goal = stage.everything();
            // What was flown to has changed: from here on it glides.
            self.flight = None;
            if jump {
                self.pose = self.goal;
            }
        } else if self.flight.is_none() {
            self.goal = self.bounded(self.goal);
        }
    }

    pub fn set_reduced(&mut self, reduced: bool) {
        self.reduced = reduced;
    }

    /// From the empty stage to the first rows there is nothing to glide from.
    pub fn jump(&mut self) {
        self.pose = self.goal;
    }

    /// Pans by this many pixels of the pointer (y down): the world sticks to it.
    pub fn drag(&mut self, by_px: Vec2) {
        self.take_over();
        let by = Vec2::new(-by_px.x, by_px.y) * self.pose.world_per_px;
        self.momentum.push(by);
        self.goal = self.bounded(Pose {
            center: self.pose.center + by,
            world_per_px: self.goal.world_per_px,
        });
        self.pose.center = self.goal.center;
    }

    /// Lets go of what was dragged: it runs out.
    pub fn let_go(&mut self) {
        let speed = self.momentum.take();
        if self.reduced || self.drive != Drive::Hand || speed.length() < LEAST_RUN_PX_PER_SEC * self.pose.world_per_px {
            return;
        }
        self.take_over();
        self.drive = Drive::RunOut;
        // A glide covers its way at a speed that begins as this.
        let center = self.pose.center + speed / GLIDE_RUN_OUT;
        self.goal = self.bounded(Pose { center, ..self.goal });
    }

    /// Two fingers moved: pans by `by_px` (y down) and zooms at once by `factor` about a point (from the middle, y up).
    pub fn pinch(&mut self, by_px: Vec2, factor: f32, about_px: Vec2) {
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
    pub fn nudge(&mut self, by_px: Vec2) {
        self.take_over();
        let center = self.goal.center + by_px * self.goal.world_per_px;
        self.goal = self.bounded(Pose { center, ..self.goal });
    }

    /// Zooms by a factor (above 1 is closer) about a point on the screen, given from its middle in pixels (y up).
    pub fn zoom(&mut self, factor: f32, about_px: Vec2) {
        if !(factor.is_finite() && factor > 0.0) {
            return;
        }
        // The same point under the pointer, also in the middle of a glide.
        let world = self.pose.center + about_px * self.pose.world_per_px;
        self.take_over();
        let world_per_px = self.bounded_zoom(self.goal.world_per_px / factor);
        self.goal = self.bounded(Pose {
            center: world - about_px * world_per_px,
            world_per_px,
        });
        self.anchor = Some((about_px, world));
    }

    /// Flies to a rectangle of the world.
    pub fn fly_to(&mut self, rect: Rect) {
        let Some(stage) = self.stage else { return };
        let before = self.goal;
        self.take_over();
        self.set_out(self.bounded(stage.fit(rect, FOCUS_PX_PER_SLOT)));
        self.before = Some(before);
    }

    /// Flies back to what was seen before the last flight; a second time, there again.
    pub fn fly_back(&mut self) {
        if let Some(before) = self.before {
            let now = self.goal;
            self.take_over();
            self.set_out(self.bounded(before));
            self.before = Some(now);
        }
    }

    fn set_out(&mut self, goal: Pose) {
        self.goal = goal;
        if self.reduced {
            self.pose = goal;
        } else if let Some(stage) = self.stage {
            self.flight = Some(Flight::new(self.pose, goal, stage.size_px.x));
        }
    }

    /// Shows everything from now on.
    pub fn fit(&mut self) {
        let before = self.goal;
        let had = self.drive;
        self.take_over();
        self.drive = Drive::Fit;
        if let Some(stage) = self.stage {
            self.set_out(stage.everything());
        }
        if had != Drive::Fit {
            self.before = Some(before);
        }
    }

    /// Shows what somebody left, at once.
    pub fn recall(&mut self, pose: Pose) {
        self.take_over();
        self.goal = self.bounded(pose);
        self.pose = self.goal;
    }

    /// Where it is in somebody's hands, or will be once it has arrived; nothing while everything is shown by itself.
    pub fn held(&self) -> Option<Pose> {
        (self.drive != Drive::Fit).then_some(self.goal)
    }

    pub fn is_fitting(&self) -> bool {
        self.drive == Drive::Fit
    }

    /// Lets time pass. After `fit_after_secs` without a touch it shows everything again.
    pub fn advance(&mut self, delta_secs: f32, fit_after_secs: Option<f32>) {
        self.idle_secs += delta_secs;
        let delta_secs = delta_secs.min(LONGEST_FRAME_SECS);
        self.momentum.advance(delta_secs);
        if self.drive != Drive::Fit && fit_after_secs.is_some_and(|limit| self.idle_secs > limit) {
            self.fit();
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
        let rate = match self.drive {
            Drive::Fit => GLIDE_FIT,
            Drive::Hand => GLIDE_BY_HAND,
            Drive::RunOut => GLIDE_RUN_OUT,
        };
        let share = 1.0 - (-rate * delta_secs).exp();
        let (from, to) = (self.pose.world_per_px, self.goal.world_per_px);
        // Zoom is felt as a ratio, so it glides as one.
        self.pose.world_per_px = from * (to / from).powf(share);
        self.pose.center = match self.anchor {
            Some((about_px, world)) => world - about_px * self.pose.world_per_px,
            None => self.pose.center.lerp(self.goal.center, share),
        };
        let off_px = self.pose.center.distance(self.goal.center) / self.goal.world_per_px;
        let zoom_off = (self.pose.world_per_px / self.goal.world_per_px - 1.0).abs();
        let across_px = self.stage.map_or(1_000.0, |stage| stage.size_px.max_element());
        let zoomed = zoom_off * across_px < ARRIVED_PX;
        if zoomed && (off_px < ARRIVED_PX || self.anchor.is_some()) {
            self.pose.world_per_px = self.goal.world_per_px;
            if self.anchor.take().is_none() {
                self.pose.center = self.goal.center;
            }
        }
    }

    fn take_over(&mut self) {
        self.drive = Drive::Hand;
        self.anchor = None;
        if self.flight.take().is_some() {
            self.goal = self.bounded(self.pose);
        }
        self.idle_secs = 0.0;
    }

    fn bounded_zoom(&self, world_per_px: f32) -> f32 {
        let farthest = self
            .stage
            .map_or(f32::MAX, |stage| stage.everything().world_per_px * FARTHEST);
        let unit = self.stage.map_or(1.0, |stage| stage.unit);
        world_per_px.min(farthest).max(1.0 / (CLOSEST_PX_PER_SLOT * unit))
    }

    /// The nearest pose that does not lose the fleet from sight.
    fn bounded(&self, pose: Pose) -> Pose {
        let Some(stage) = self.stage else { return pose };
        let center = pose.center.clamp(stage.extent.min, stage.extent.max);
        // The fitted pose is always allowed: panels may push its centre out of the fleet.
        let fitted = stage.everything();
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
