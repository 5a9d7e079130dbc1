//! Detects when nothing on the wall moves.

use bevy::{ecs::system::SystemParam, prelude::*, window::WindowEvent};

use crate::{
    connection::ConnectionView,
    fleet::{Counts, Rereading, Silenced},
    messages::{Backlog, Intent, Noticed, RowChanged, Staleness, StatusChanged, Synced},
    scene::{camera::View, motion::MotionSettings},
    ui::{link_look::Tone, toasts::Toasts},
};
use model::{Kind, Status};

/// The wall is idle this long after the last motion, in seconds: by then every animation has ended.
const SETTLE_SECS: f64 = 5.0;
/// Whether the marks of a kind are animated by their status: blocks are not.
fn is_animated(kind: Kind) -> bool {
    match kind {
        Kind::Agent | Kind::Task | Kind::Run => true,
        Kind::Workflow => false,
    }
}

/// When the last motion was, and whether the wall is idle.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Idle {
    last_motion: f64,
    is_idle: bool,
}

impl Idle {
    /// Records whether something moves at `now` (seconds).
    fn record(&mut self, moves: bool, now: f64) {
        if moves {
            self.last_motion = now;
        }
        self.is_idle = now - self.last_motion >= SETTLE_SECS;
    }

    pub(super) fn is_idle(self) -> bool {
        self.is_idle
    }
}

/// Messages and input, each of which starts some motion.
#[derive(SystemParam)]
pub(super) struct News<'w, 's> {
    rows: MessageReader<'w, 's, RowChanged>,
    statuses: MessageReader<'w, 's, StatusChanged>,
    synced: MessageReader<'w, 's, Synced>,
    notices: MessageReader<'w, 's, Noticed>,
    intents: MessageReader<'w, 's, Intent>,
    touches: MessageReader<'w, 's, WindowEvent>,
}

impl News<'_, '_> {
    fn arrived(&mut self) -> bool {
        let Self {
            rows,
            statuses,
            synced,
            notices,
            intents,
            touches,
        } = self;
        // Every reader is read to its end, so that no message counts twice.
        [
            rows.read().count(),
            statuses.read().count(),
            synced.read().count(),
            notices.read().count(),
            intents.read().count(),
            touches.read().count(),
        ]
        .iter()
        .any(|count| *count > 0)
    }
}

/// The state that may keep something in motion without messages.
#[derive(SystemParam)]
pub(super) struct Ongoing<'w> {
    connection: Res<'w, ConnectionView>,
    backlog: Res<'w, Backlog>,
    rereading: Res<'w, Rereading>,
    counts: Res<'w, Counts>,
    staleness: Res<'w, Staleness>,
    motion: Res<'w, MotionSettings>,
    toasts: Res<'w, Toasts>,
    view: Res<'w, View>,
    silenced: Res<'w, Silenced>,
}

impl Ongoing<'_> {
    fn moves(&self) -> bool {
        let report = &self.connection.report;
        // The badge shows a spinner or a countdown.
        let is_connecting = matches!(Tone::of(report), Tone::Waiting | Tone::CatchingUp);
        let animated = |status: &Status| status.shape().is_animated();
        let of_kind = |kind| {
            let mut statuses = Status::ALL.into_iter().filter(animated);
            statuses.any(|status| self.counts.of(kind, status) > 0)
        };
        let has_animated = || Kind::ALL.into_iter().filter(|kind| is_animated(*kind)).any(of_kind);
        // Marks are not animated while the scene is stale, nor with reduced motion.
        let marks_move = !self.motion.reduced && self.staleness.0 < 1.0 && has_animated();
        is_connecting
            || marks_move
            || self.backlog.waiting > 0
            || !self.rereading.is_over()
            || self.toasts.shown().len() > 0
            || self.view.is_changed()
            || self.silenced.is_changed()
    }
}

pub(super) fn detect(mut news: News, ongoing: Ongoing, time: Res<Time<Real>>, mut idle: ResMut<Idle>) {
    let moves = news.arrived() | ongoing.moves();
    idle.record(moves, time.elapsed_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_is_idle_some_time_after_the_last_motion() {
        let mut idle = Idle::default();
        let mut is_idle = |moves, now| {
            idle.record(moves, now);
            idle.is_idle()
        };
        assert!(!is_idle(true, 0.0));
        assert!(!is_idle(false, SETTLE_SECS - 0.1));
        assert!(is_idle(false, SETTLE_SECS));
        assert!(!is_idle(true, 100.0), "motion ends it immediately");
        assert!(!is_idle(false, 104.0));
        assert!(is_idle(false, 105.0));
    }
}
