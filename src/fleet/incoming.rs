//! The queue of changes: those that do not fit in one frame's budget wait here, in order.

use std::{collections::VecDeque, time::Duration};

use bevy::prelude::*;

use crate::messages::{Backlog, RowChanged};
use model::Change;

/// The queue. Bounded by `messages::Backlog`: the connection stops pulling when it is full.
#[derive(Resource, Debug, Default)]
pub struct Incoming(pub(super) VecDeque<Change>);

impl Incoming {
    /// The number of waiting changes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no change waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The time that one frame may spend on applying changes, unless frames are long.
#[derive(Resource, Debug, Clone, Copy)]
pub(crate) struct ApplyBudget(pub(crate) Duration);

/// Of long frames one part in this many may be spent on applying: otherwise a large fleet would take minutes to arrive.
const SHARE: u32 = 4;
/// The greatest time that a frame may spend on applying.
const MOST: Duration = Duration::from_millis(100);

impl ApplyBudget {
    /// The budget after a frame of this duration.
    pub(super) fn after(self, frame: Duration) -> Duration {
        self.0.max((frame / SHARE).min(MOST))
    }
}

impl Default for ApplyBudget {
    /// Half of a 60 Hz frame: room for 5,000 changes, and for drawing.
    fn default() -> Self {
        Self(Duration::from_millis(8))
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Incoming>().init_resource::<ApplyBudget>();
}

/// Appends the frame's messages to the queue.
pub(super) fn enqueue(
    mut changes: MessageReader<RowChanged>,
    mut incoming: ResMut<Incoming>,
    mut backlog: ResMut<Backlog>,
) {
    if changes.is_empty() {
        return;
    }
    incoming
        .0
        .extend(changes.read().map(|RowChanged(change)| change.clone()));
    backlog.waiting = incoming.0.len();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_frames_apply_more_up_to_a_bound() {
        let budget = ApplyBudget::default();
        let after = |millis| budget.after(Duration::from_millis(millis)).as_millis();
        assert_eq!([after(0), after(16), after(200), after(60_000)], [8, 8, 50, 100]);
    }
}
