//! Whether anything moves.

use bevy::{ecs::system::SystemParam, prelude::*, window::WindowEvent};

use crate::{
    connection::Connection,
    fleet::Counts,
    messages::{Backlog, Intent, Noticed, RowChanged, Staleness, StatusChanged, Synced},
    scene::{camera::View, motion::MotionSettings},
    ui::{link_look::Tone, toasts::Toasts},
};
use model::{Kind, Status};

/// After the last news everything has landed, faded and settled within this, seconds.
const ECHO_SECS: f64 = 5.0;
/// The kinds whose marks are animated by their status: a district is not.
const BREATHING: [Kind; 3] = [Kind::Agent, Kind::Task, Kind::Run];

/// Since when nothing has moved.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Stillness {
    moved: f64,
    is_still: bool,
}

impl Stillness {
    /// Tells whether something moves at `now` (seconds).
    fn tell(&mut self, moves: bool, now: f64) {
        if moves {
            self.moved = now;
        }
        self.is_still = now - self.moved >= ECHO_SECS;
    }

    pub(super) fn is_still(self) -> bool {
        self.is_still
    }
}

/// What news there is.
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
    fn came(&mut self) -> bool {
        let Self {
            rows,
            statuses,
            synced,
            notices,
            intents,
            touches,
        } = self;
        // Each is read to its end, so that nothing of it is news again.
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

/// What goes on without news.
#[derive(SystemParam)]
pub(super) struct Goings<'w> {
    connection: Res<'w, Connection>,
    backlog: Res<'w, Backlog>,
    counts: Res<'w, Counts>,
    staleness: Res<'w, Staleness>,
    motion: Res<'w, MotionSettings>,
    toasts: Res<'w, Toasts>,
    view: Res<'w, View>,
}

impl Goings<'_> {
    fn go_on(&self) -> bool {
        let report = &self.connection.report;
        // The badge's spinner turns, or counts down.
        let connects = matches!(Tone::of(report), Tone::Waiting | Tone::CatchingUp);
        let animated = |status: &Status| status.shape().is_animated();
        let of_kind = |kind| {
            let mut statuses = Status::ALL.into_iter().filter(animated);
            statuses.any(|status| self.counts.of(kind, status) > 0)
        };
        let alive = || BREATHING.into_iter().any(of_kind);
        // Stale, or with reduced motion, nothing breathes.
        let breathes = !self.motion.reduced && self.staleness.0 < 1.0 && alive();
        connects || breathes || self.backlog.waiting > 0 || self.toasts.shown().len() > 0 || self.view.is_changed()
    }
}

pub(super) fn watch(mut news: News, goings: Goings, time: Res<Time<Real>>, mut still: ResMut<Stillness>) {
    let moves = news.came() | goings.go_on();
    still.tell(moves, time.elapsed_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn still_is_what_has_not_moved_for_a_while() {
        let mut still = Stillness::default();
        let mut told = |moves, now| {
            still.tell(moves, now);
            still.is_still()
        };
        assert!(!told(true, 0.0));
        assert!(!told(false, ECHO_SECS - 0.1));
        assert!(told(false, ECHO_SECS));
        assert!(!told(true, 100.0), "it moves at once");
        assert!(!told(false, 104.0));
        assert!(told(false, 105.0));
    }
}
