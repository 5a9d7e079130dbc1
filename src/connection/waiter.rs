//! Waiting for an event of the feed without taking it: an idle wall wakes when there is news.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bevy::prelude::*;

use client::Events;

/// Waits for the feed's next event.
#[derive(Resource, Debug, Clone)]
pub(crate) struct FeedWaiter(Arc<Mutex<Events>>);

impl FeedWaiter {
    pub(super) fn new(events: &Events) -> Self {
        Self(Arc::new(Mutex::new(events.clone())))
    }

    /// Waits for the events of another feed from now on.
    pub(super) fn follow(&self, events: &Events) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = events.clone();
    }

    /// Blocks until there is an event, for `most` at the longest. Returns whether there is one; a worker that has ended
    /// sends none.
    pub(crate) fn wait(&self, most: Duration) -> bool {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        events.wait(most)
    }
}
