//! Heartbeats: one each interval; an unanswered one means that the socket is dead.

use std::{collections::VecDeque, time::Duration};

use crate::api::Now;

/// An answer takes a round trip; it is never waited for longer than the interval.
const REPLY_DEADLINE: Duration = Duration::from_secs(10);
/// While a join is in flight the server reads nothing else on the socket (15 s for a cold database, 5 s for a
/// refusal), so the answer may have to wait for all of it.
const REPLY_DEADLINE_WHILE_JOINING: Duration = Duration::from_secs(30);

/// Round trips remembered: half an hour of the default interval.
const MAX_ROUND_TRIPS: usize = 60;

/// What a heartbeat that is due asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeartbeatDue {
    /// Send one with the next reference; report it with [`Heartbeats::sent`].
    Send,
    /// The last one has not been answered for this long.
    Dead(Duration),
}

/// The heartbeats of one socket, and the round trips of all so far.
#[derive(Debug)]
pub(super) struct Heartbeats {
    interval: Duration,
    /// When the next one is sent, while the socket is open.
    next: Option<Duration>,
    waiting: Option<Waiting>,
    /// Round trips of the last answered ones, oldest first.
    round_trips: VecDeque<Duration>,
}

/// A heartbeat that waits for its answer.
#[derive(Debug)]
struct Waiting {
    reference: u64,
    sent: Duration,
    deadline: Duration,
}

impl Heartbeats {
    /// Heartbeats at this interval; none is sent before [`Heartbeats::start`].
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval,
            next: None,
            waiting: None,
            round_trips: VecDeque::new(),
        }
    }

    /// The socket is open.
    pub(super) fn start(&mut self, now: Now) {
        // A tenth more or less, so that clients that reconnect together do not send together.
        self.next = Some(now.at + self.interval.mul_f64(0.9 + 0.2 * now.random.clamp(0.0, 1.0)));
        self.waiting = None;
    }

    /// The socket is closed.
    pub(super) fn stop(&mut self) {
        self.next = None;
        self.waiting = None;
    }

    /// The join was answered: from now on the server reads the socket again.
    pub(super) fn join_answered(&mut self, at: Duration) {
        let deadline = at + REPLY_DEADLINE.min(self.interval);
        if let Some(waiting) = &mut self.waiting {
            waiting.deadline = deadline;
        }
    }

    /// A heartbeat with this reference was sent.
    pub(super) fn sent(&mut self, reference: u64, at: Duration, is_joining: bool) {
        let deadline = if is_joining {
            REPLY_DEADLINE_WHILE_JOINING
        } else {
            REPLY_DEADLINE.min(self.interval)
        };
        self.next = Some(at + self.interval);
        self.waiting = Some(Waiting {
            reference,
            sent: at,
            deadline: at + deadline,
        });
    }

    /// Takes an answer; one to another reference changes nothing.
    pub(super) fn answered(&mut self, reference: &str, at: Duration) {
        let Some(waiting) = self
            .waiting
            .take_if(|waiting| waiting.reference.to_string() == reference)
        else {
            return;
        };
        if self.round_trips.len() >= MAX_ROUND_TRIPS {
            self.round_trips.pop_front();
        }
        self.round_trips.push_back(at.saturating_sub(waiting.sent));
    }

    /// When there is something to do next.
    pub(super) fn due(&self) -> Option<Duration> {
        match &self.waiting {
            Some(waiting) => Some(waiting.deadline),
            None => self.next,
        }
    }

    /// What is to be done now.
    pub(super) fn check(&self, at: Duration) -> Option<HeartbeatDue> {
        self.due().filter(|due| at >= *due)?;
        Some(match &self.waiting {
            Some(waiting) => HeartbeatDue::Dead(at.saturating_sub(waiting.sent)),
            None => HeartbeatDue::Send,
        })
    }

    /// The last round trips, oldest first.
    pub(super) fn round_trips(&self) -> impl DoubleEndedIterator<Item = Duration> {
        self.round_trips.iter().copied()
    }

    /// Continues the history of another socket.
    pub(super) fn inherit(&mut self, old: &mut Self) {
        self.round_trips = std::mem::take(&mut old.round_trips);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(25);

    fn started() -> Heartbeats {
        let mut heartbeats = Heartbeats::new(INTERVAL);
        heartbeats.start(Now {
            at: Duration::ZERO,
            wall_ms: 0,
            random: 0.5,
        });
        heartbeats
    }

    #[test]
    fn an_answered_heartbeat_is_followed_by_the_next_and_an_unanswered_one_is_dead() {
        let mut heartbeats = started();
        assert_eq!(heartbeats.check(INTERVAL - Duration::from_secs(1)), None);
        assert_eq!(heartbeats.check(INTERVAL), Some(HeartbeatDue::Send));
        heartbeats.sent(7, INTERVAL, false);
        heartbeats.answered("6", INTERVAL);
        heartbeats.answered("7", INTERVAL + Duration::from_millis(30));
        assert_eq!(heartbeats.round_trips().next_back(), Some(Duration::from_millis(30)));
        assert_eq!(heartbeats.check(INTERVAL * 2), Some(HeartbeatDue::Send));
        heartbeats.sent(8, INTERVAL * 2, false);
        let late = INTERVAL * 2 + REPLY_DEADLINE;
        assert_eq!(heartbeats.check(late), Some(HeartbeatDue::Dead(REPLY_DEADLINE)));
    }

    #[test]
    fn while_joining_an_answer_has_more_time_and_round_trips_are_bounded() {
        let mut heartbeats = started();
        heartbeats.sent(1, INTERVAL, true);
        assert_eq!(heartbeats.due(), Some(INTERVAL + REPLY_DEADLINE_WHILE_JOINING));
        heartbeats.join_answered(INTERVAL);
        assert_eq!(heartbeats.due(), Some(INTERVAL + REPLY_DEADLINE));
        for reference in 0..1_000 {
            heartbeats.sent(reference, INTERVAL, false);
            heartbeats.answered(&reference.to_string(), INTERVAL);
        }
        assert_eq!(heartbeats.round_trips().count(), MAX_ROUND_TRIPS);
    }
}
