//! Changes that wait to be applied: what does not fit in one frame's budget waits here, in order.

use std::{collections::VecDeque, time::Duration};

use bevy::prelude::*;

use crate::messages::{Backlog, RowChanged};
use model::Change;

/// The queue. Bounded by `messages::Backlog`: the connection stops pulling when it is full.
#[derive(Resource, Debug, Default)]
pub struct Incoming(pub(super) VecDeque<Change>);

impl Incoming {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Time one frame may spend on applying changes, at least.
#[derive(Resource, Debug, Clone, Copy)]
pub struct ApplyBudget(pub Duration);

/// Where frames take long whatever is applied, so large a share of one may go into it: or a large fleet would come in
/// for minutes.
const SHARE: u32 = 4;
/// However long frames take, applying makes none longer than this.
const MOST: Duration = Duration::from_millis(100);

impl ApplyBudget {
    /// The budget after a frame that took so long.
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

/// Takes the frame's messages into the queue.
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
    fn where_frames_are_long_more_is_applied_and_never_without_bound() {
        let budget = ApplyBudget::default();
        let after = |millis| budget.after(Duration::from_millis(millis)).as_millis();
        assert_eq!([after(0), after(16), after(200), after(60_000)], [8, 8, 50, 100]);
    }
}
