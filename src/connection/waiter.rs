//! Waiting for an event of the feed without taking it: an idle wall wakes when there is news.

use std::time::Duration;

use bevy::prelude::*;

use client::Events;

/// Waits for the feed's next event.
#[derive(Resource, Debug, Clone)]
pub(crate) struct FeedWaiter(Events);

impl FeedWaiter {
    pub(super) fn new(events: &Events) -> Self {
        Self(events.clone())
    }

    /// Blocks until there is an event, for `most` at the longest. Returns whether there is one; a worker that has ended
    /// sends none.
    pub(crate) fn wait(&self, most: Duration) -> bool {
        self.0.wait(most)
    }
}
