//! Heartbeats: one every interval, and one that is not answered means that the socket is dead.

use std::{collections::VecDeque, time::Duration};

use super::{Connection, Out, Phase};
use crate::{
    Direction, Frame,
    api::{Effect, Now},
    encode_text,
    refusal::Class,
};

/// An answer takes a round trip; but never wait longer than the interval itself.
const REPLY_DEADLINE: Duration = Duration::from_secs(10);
/// While a join is in flight the server reads nothing else on the socket (a cold database takes 15 s, a refusal 5 s),
/// so that a beat may have to wait for all of it.
const REPLY_DEADLINE_WHILE_JOINING: Duration = Duration::from_secs(30);

/// Round trips remembered: half an hour of the default beat.
pub const MAX_ROUND_TRIPS: usize = 60;

#[derive(Debug, Default)]
pub(super) struct Heart {
    /// The next beat, while the socket is open.
    next: Option<Duration>,
    beat: Option<Beat>,
    /// Round trips of the last answered beats, oldest first.
    pub round_trips: VecDeque<Duration>,
}

/// A beat that waits for its answer.
#[derive(Debug)]
struct Beat {
    reference: u64,
    sent: Duration,
    deadline: Duration,
}

impl Heart {
    pub fn start(&mut self, now: Now, interval: Duration) {
        // A tenth more or less, so that a fleet that reconnects together does not beat together.
        self.next = Some(now.at + interval.mul_f64(0.9 + 0.2 * now.random.clamp(0.0, 1.0)));
        self.beat = None;
    }

    pub fn stop(&mut self) {
        self.next = None;
        self.beat = None;
    }

    /// The join was answered: the server reads the socket again.
    pub fn join_answered(&mut self, at: Duration, interval: Duration) {
        if let Some(beat) = &mut self.beat {
            beat.deadline = at + REPLY_DEADLINE.min(interval);
        }
    }

    /// Takes an answer; one to no beat of ours changes nothing.
    pub fn answered(&mut self, reference: &str, at: Duration) -> bool {
        match &self.beat {
            Some(beat) if beat.reference.to_string() == reference => {
                if self.round_trips.len() >= MAX_ROUND_TRIPS {
                    self.round_trips.pop_front();
                }
                self.round_trips.push_back(at.saturating_sub(beat.sent));
                self.beat = None;
                true
            }
            _ => false,
        }
    }

    pub fn due(&self) -> Option<Duration> {
        match &self.beat {
            Some(beat) => Some(beat.deadline),
            None => self.next,
        }
    }
}

impl Connection {
    pub(super) fn run_heart(&mut self, out: &mut Out<'_>) {
        let now = out.at();
        if self.heart.due().is_none_or(|due| now < due) {
            return;
        }
        if let Some(beat) = &self.heart.beat {
            let waited = super::report::duration_words(now.saturating_sub(beat.sent));
            self.lose(format!("the server has not answered for {waited}"), Class::Retry, out);
            return;
        }
        let reference = self.reference();
        let deadline = if matches!(self.phase, Phase::Joining { .. }) {
            REPLY_DEADLINE_WHILE_JOINING
        } else {
            REPLY_DEADLINE.min(self.config.heartbeat_interval)
        };
        self.heart.next = Some(now + self.config.heartbeat_interval);
        self.heart.beat = Some(Beat {
            reference,
            sent: now,
            deadline: now + deadline,
        });
        let text = encode_text(
            self.config.vsn,
            Direction::ToServer,
            &Frame::heartbeat(&reference.to_string()),
        );
        out.act(Effect::Send(text));
    }
}
