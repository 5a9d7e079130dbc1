//! Waiting for the feed without taking anything from it: a wall that rests wakes when there is news.

use std::time::Duration;

use bevy::prelude::*;
use crossbeam_channel::{Receiver, Select};

use realtime::FeedEvent;

/// Rings when the feed has something to say.
#[derive(Resource, Debug, Clone)]
pub struct Doorbell(Receiver<FeedEvent>);

impl Doorbell {
    pub(super) fn new(events: &Receiver<FeedEvent>) -> Self {
        Self(events.clone())
    }

    /// Waits until there is news, at most this long. Says whether there is; a worker that has ended never rings.
    pub fn wait(&self, most: Duration) -> bool {
        let started = std::time::Instant::now();
        let mut select = Select::new();
        select.recv(&self.0);
        if select.ready_timeout(most).is_ok() && self.0.is_empty() {
            // Disconnected, which counts as ready: without this the caller would spin.
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
    fn it_rings_for_news_and_takes_none() {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let bell = Doorbell::new(&receiver);
        let ringing = std::thread::spawn(move || bell.wait(LONG));
        sender.send(FeedEvent::Synced(SyncReport::default())).unwrap();
        assert!(ringing.join().unwrap());
        assert_eq!(receiver.len(), 1);
    }

    #[test]
    fn a_feed_that_has_ended_is_no_news_and_no_hurry() {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        drop(sender);
        let (started, most) = (Instant::now(), Duration::from_millis(50));
        assert!(!Doorbell::new(&receiver).wait(most));
        assert!(started.elapsed() >= most);
    }
}
