//! Changes that wait to be applied: what does not fit in one frame's budget waits here, in order.

use std::{collections::VecDeque, time::Duration};

use bevy::prelude::*;

use crate::{
    domain::Change,
    messages::{Backlog, RowChanged},
};

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

/// Time one frame may spend on applying changes.
#[derive(Resource, Debug, Clone, Copy)]
pub struct ApplyBudget(pub Duration);

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
