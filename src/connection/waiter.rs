//! Waiting for an event of the feed without taking it: an idle wall wakes when there is news.

use std::time::Duration;

use bevy::prelude::*;
use crossbeam_channel::{Receiver, Select};

use realtime::FeedEvent;

/// Waits for the feed's next event.
#[derive(Resource, Debug, Clone)]
pub struct FeedWaiter(Receiver<FeedEvent>);

impl FeedWaiter {
    pub(super) fn new(events: &Receiver<FeedEvent>) -> Self {
        Self(events.clone())
    }

    /// Blocks until there is an event, for `most` at the longest. Returns whether there is one; a worker that has ended
    /// sends none.
    pub fn wait(&self, most: Duration) -> bool {
        let started = std::time::Instant::now();
        let mut select = Select::new();
        select.recv(&self.0);
        if select.ready_timeout(most).is_ok() && self.0.is_empty() {
            // A disconnected channel counts as ready: without this the caller would spin.
            std::thread::sleep(most.saturating_sub(started.elapsed()));
        }
        !self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use realtime::SyncReport;

    /// Longer than any test may take.
    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn it_returns_when_an_event_arrives_and_takes_none() {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let waiter = FeedWaiter::new(&receiver);
        let waiting = std::thread::spawn(move || waiter.wait(LONG));
        sender.send(FeedEvent::Synced(SyncReport::default())).unwrap();
        assert!(waiting.join().unwrap());
        assert_eq!(receiver.len(), 1);
    }

    #[test]
    fn a_feed_that_has_ended_has_no_event_and_does_not_return_early() {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        drop(sender);
        let (started, most) = (Instant::now(), Duration::from_millis(50));
        assert!(!FeedWaiter::new(&receiver).wait(most));
        assert!(started.elapsed() >= most);
    }
}
