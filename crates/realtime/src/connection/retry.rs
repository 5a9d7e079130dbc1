//! Whether, when and how often to try again after a loss. One counter for whatever failed.

use std::time::Duration;

use crate::{api::Now, event::LinkStatus, refusal::Class};
use model::Backoff;

/// A connection that was live for this long counts as a success: the next loss starts the schedule from its first delay.
/// If shorter connections counted, a server that accepts and soon drops connections would be tried at the first delay for
/// ever.
const STABLE: Duration = Duration::from_secs(30);
/// Without a limit of attempts, a refusal for good is tried again at this interval (docs/realtime-protocol.md §15.2).
const RECHECK_REFUSAL: Duration = Duration::from_secs(300);

/// What follows a loss.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// Connect at once.
    Connect,
    /// Refused for good: nothing before the user acts.
    Refused,
    /// The attempts are used up.
    GiveUp {
        /// Attempts made.
        attempts: u32,
    },
    /// Wait.
    Wait {
        status: LinkStatus,
        left: Duration,
        reason: String,
    },
}

/// The schedule and the place in it.
#[derive(Debug)]
pub(super) struct Retry {
    backoff: Backoff,
    /// Attempts since the last success that lasted.
    attempt: u32,
    live_since: Option<Duration>,
    /// It has been live at least once, so a refusal may be temporary.
    was_ever_live: bool,
    /// When it was last live, while it is not.
    lost_at: Option<Duration>,
    /// How long the machine was suspended since then, which its monotonic clock did not count.
    suspended: Duration,
    wait: Option<Wait>,
}

/// The wait in progress.
#[derive(Debug, Clone)]
struct Wait {
    since: Duration,
    until: Duration,
    random: f64,
    least: Duration,
    reason: String,
    /// `Error` where only a change of settings or server can help.
    status: LinkStatus,
}

impl Retry {
    /// The start of this schedule, within its bounds.
    pub(super) fn new(backoff: Backoff) -> Self {
        Self {
            backoff: backoff.clamped(),
            attempt: 0,
            live_since: None,
            was_ever_live: false,
            lost_at: None,
            suspended: Duration::ZERO,
            wait: None,
        }
    }

    /// The schedule in force.
    pub(super) fn backoff(&self) -> Backoff {
        self.backoff
    }

    /// The attempt that is made or waited for; 0 for the first connect.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The user acted: the schedule starts anew.
    pub(super) fn start_again(&mut self) {
        self.attempt = 0;
        self.wait = None;
    }

    /// Ends the wait in progress.
    pub(super) fn stop_waiting(&mut self) {
        self.wait = None;
    }

    /// The machine was suspended while not live, or this ended being live.
    pub(super) fn note_suspended(&mut self, time: Duration) {
        self.suspended += time;
    }

    /// It has failed so often that something held from before may be the cause: at the second attempt, and now and
    /// then later.
    pub(super) fn is_stubborn(&self) -> bool {
        self.attempt == 2 || (self.attempt > 2 && self.attempt.is_multiple_of(5))
    }

    /// Since when it has been live on this socket.
    pub(super) fn live_since(&self) -> Option<Duration> {
        self.live_since
    }

    /// It is live from now on. Returns for how long it was not, if it had been live before.
    pub(super) fn begin_live(&mut self, at: Duration) -> Option<Duration> {
        self.live_since = Some(at);
        let was_ever_live = std::mem::replace(&mut self.was_ever_live, true);
        let suspended = std::mem::take(&mut self.suspended);
        let lost_at = self.lost_at.take().filter(|_| was_ever_live)?;
        Some(at.saturating_sub(lost_at) + suspended)
    }

    /// It is not live any more. True when it was for long enough to be a success.
    pub(super) fn end_live(&mut self, at: Duration) -> bool {
        let Some(since) = self.live_since.take() else {
            return false;
        };
        self.lost_at = Some(at);
        let lasted = at.saturating_sub(since) >= STABLE;
        if lasted {
            self.attempt = 0;
        }
        lasted
    }

    /// Takes a refusal for good as one, although it had been live.
    pub(super) fn forget_success(&mut self) {
        self.was_ever_live = false;
    }

    /// Continues where another connection of the same session is.
    pub(super) fn inherit(&mut self, old: &Self) {
        self.was_ever_live = true;
        self.backoff = old.backoff;
    }

    /// Decides what follows a loss. `class` is not [`Class::Refresh`]: that is for the holder of the token.
    pub(super) fn after_loss(&mut self, reason: &str, class: Class, now: Now) -> Next {
        let mut status = LinkStatus::Disconnected;
        let least = match class {
            Class::AtOnce => return Next::Connect,
            Class::Fatal | Class::Refresh(_) if !self.was_ever_live => {
                if self.backoff.max_attempts != 0 {
                    return Next::Refused;
                }
                // No user may be present to act, so the connection is tried again from time to time.
                status = LinkStatus::Error;
                RECHECK_REFUSAL
            }
            Class::Slow(least) => least,
            Class::Fatal | Class::Refresh(_) | Class::Retry => Duration::ZERO,
        };
        self.attempt += 1;
        self.wait(
            Wait {
                since: now.at,
                until: now.at,
                random: now.random,
                least,
                reason: reason.to_owned(),
                status,
            },
            now.at,
        )
    }

    /// Whether a refusal of this class is one for good.
    pub(super) fn is_final(&self, class: Class) -> bool {
        matches!(class, Class::Fatal | Class::Refresh(_)) && !self.was_ever_live
    }

    /// Measures a wait by the schedule as it is now.
    fn wait(&mut self, mut wait: Wait, at: Duration) -> Next {
        let Some(delay) = self.backoff.delay(self.attempt, wait.random) else {
            // The attempts that were made, which is what the user counts.
            self.attempt = self.attempt.saturating_sub(1);
            self.wait = None;
            return Next::GiveUp { attempts: self.attempt };
        };
        wait.until = wait.since + delay.max(wait.least);
        let next = Next::Wait {
            status: wait.status,
            left: wait.until.saturating_sub(at),
            reason: wait.reason.clone(),
        };
        self.wait = Some(wait);
        next
    }

    /// When the wait ends.
    pub(super) fn due(&self) -> Option<Duration> {
        self.wait.as_ref().map(|wait| wait.until)
    }

    /// Sets another schedule. A wait in progress is measured again from its start: returns its reason and what follows.
    pub(super) fn tune(&mut self, backoff: Backoff, at: Duration) -> Option<(String, Next)> {
        self.backoff = backoff.clamped();
        let wait = self.wait.take()?;
        Some((wait.reason.clone(), self.wait(wait, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Now {
        Now {
            at: Duration::from_secs(second),
            wall_ms: 0,
            random: 0.5,
        }
    }

    fn retry(max_attempts: u32) -> Retry {
        Retry::new(Backoff {
            max_attempts,
            ..Backoff::default()
        })
    }

    #[test]
    fn a_refusal_for_good_is_final_until_it_was_live_once() {
        let mut retry = retry(3);
        assert_eq!(retry.after_loss("no", Class::Fatal, at(0)), Next::Refused);
        assert_eq!(retry.begin_live(at(1).at), None);
        retry.end_live(at(2).at);
        assert!(matches!(retry.after_loss("no", Class::Fatal, at(2)), Next::Wait { .. }));
        assert_eq!(retry.begin_live(at(9).at), Some(Duration::from_secs(7)));
    }

    #[test]
    fn attempts_are_counted_until_a_connection_lasted_and_used_up_otherwise() {
        let mut retry = retry(2);
        for _ in 0..2 {
            assert!(matches!(
                retry.after_loss("lost", Class::Retry, at(0)),
                Next::Wait { .. }
            ));
        }
        assert_eq!(
            retry.after_loss("lost", Class::Retry, at(0)),
            Next::GiveUp { attempts: 2 }
        );
        retry.begin_live(at(10).at);
        assert!(!retry.end_live(at(11).at));
        assert_eq!(retry.attempt(), 2);
        retry.begin_live(at(20).at);
        assert!(retry.end_live(at(60).at));
        assert_eq!(retry.attempt(), 0);
    }

    #[test]
    fn another_schedule_measures_the_wait_again_from_its_start() {
        let mut retry = retry(0);
        retry.after_loss("lost", Class::Slow(Duration::from_secs(60)), at(0));
        assert_eq!(retry.due(), Some(Duration::from_secs(60)));
        let (_, next) = retry.tune(Backoff::default(), at(10).at).expect("a wait");
        assert!(matches!(next, Next::Wait { left, .. } if left == Duration::from_secs(50)));
        assert!(retry.tune(Backoff::default(), at(11).at).is_some());
        retry.stop_waiting();
        assert!(retry.tune(Backoff::default(), at(12).at).is_none());
    }
}
