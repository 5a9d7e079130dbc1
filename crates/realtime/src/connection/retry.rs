//! After a loss: whether, when and how often to try again. One counter for whatever failed.

use std::time::Duration;

use super::{Connection, Out, Phase, report::duration_words};
use crate::event::LinkStatus;
use crate::refusal::Class;
use model::{Backoff, NoticeKind, format::counted};

/// Live for this long is success that lasted: the next loss starts the schedule anew. Shorter would let a server that
/// accepts and drops be asked for ever at the first delay.
const STABLE: Duration = Duration::from_secs(30);
/// A wall that never gives up looks this often whether a refusal for good still stands (realtime-protocol.md §15.2).
const LOOK_AGAIN: Duration = Duration::from_secs(300);

/// The schedule and where we are in it.
#[derive(Debug)]
pub(super) struct Retry {
    pub backoff: Backoff,
    /// Tries since the last success that lasted.
    pub attempt: u32,
    /// Live on this socket since.
    pub live_since: Option<Duration>,
    /// It has been live at least once: refusals may be hiccups.
    pub was_ever_live: bool,
    /// When it was live last, while it is not.
    pub lost_at: Option<Duration>,
    /// How long the machine stood still since then, which its monotonic clock did not count.
    pub slept: Duration,
    /// Joins in a row whose answer was not what was asked for.
    pub mismatches: u32,
    wait: Option<Wait>,
}

/// The wait in progress.
#[derive(Debug)]
struct Wait {
    since: Duration,
    until: Duration,
    random: f64,
    least: Duration,
    reason: String,
    /// What it is called meanwhile: `Error` where only somebody's doing can help and it is looked at now and then.
    status: LinkStatus,
}

impl Retry {
    pub fn new(backoff: Backoff) -> Self {
        Self {
            backoff: backoff.clamped(),
            attempt: 0,
            live_since: None,
            was_ever_live: false,
            lost_at: None,
            slept: Duration::ZERO,
            mismatches: 0,
            wait: None,
        }
    }

    /// The user acted: the schedule starts anew.
    pub fn start_again(&mut self) {
        self.attempt = 0;
        self.mismatches = 0;
        self.wait = None;
    }

    /// Whatever is waited for, it is not waited for any more.
    pub fn stop_waiting(&mut self) {
        self.wait = None;
    }

    /// It has failed so often that something we hold may be the cause: at the second try, and now and then later.
    pub fn is_stubborn(&self) -> bool {
        self.attempt == 2 || (self.attempt > 2 && self.attempt.is_multiple_of(5))
    }

    pub fn begin_live(&mut self, at: Duration) {
        self.live_since = Some(at);
        self.was_ever_live = true;
        self.mismatches = 0;
    }

    /// Says whether it had been live for long enough to call that a success.
    pub fn end_live(&mut self, at: Duration) -> bool {
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

    pub fn due(&self) -> Option<Duration> {
        self.wait.as_ref().map(|wait| wait.until)
    }
}

impl Connection {
    /// The connection is lost or was refused, for `reason`. Decides what comes next.
    pub(super) fn lose(&mut self, reason: String, class: Class, out: &mut Out<'_>) {
        let was_live = self.is_following();
        self.hang_up(&reason, out);
        if was_live {
            self.say(NoticeKind::Lost, &format!("Connection lost ({reason})."), out);
        }
        let class = match class {
            Class::Refresh(_) if self.config.sign_in && self.tokens.may_heal() => {
                // At once: the renewal itself is what is waited for.
                return self.connect(out);
            }
            Class::Refresh(Some(least)) if self.config.sign_in => Class::Slow(least),
            Class::Refresh(_) => Class::Fatal,
            class => class,
        };
        if class == Class::AtOnce {
            return self.connect(out);
        }
        let mut status = LinkStatus::Disconnected;
        let least = match class {
            Class::Fatal if !self.retry.was_ever_live => {
                self.say(NoticeKind::Refused, &format!("{}.", upper(&reason)), out);
                if self.retry.backoff.max_attempts != 0 {
                    self.rest(LinkStatus::Error, reason, out);
                    return;
                }
                // Nobody is there to press a button: look whether somebody has changed something.
                status = LinkStatus::Error;
                LOOK_AGAIN
            }
            Class::Slow(least) => least,
            Class::Fatal | Class::Retry | Class::AtOnce | Class::Refresh(_) => Duration::ZERO,
        };
        self.retry.attempt += 1;
        // After a loss the reason has just been reported; the two notices are shown as one.
        let before = if was_live {
            String::new()
        } else {
            format!("Not connected ({reason}). ")
        };
        self.wait(
            Wait {
                since: out.at(),
                until: out.at(),
                random: out.now.random,
                least,
                reason,
                status,
            },
            Some(&before),
            out,
        );
    }

    /// Measures the wait by the schedule as it is now, or gives up. A new wait is reported, with the sentence `before` it.
    fn wait(&mut self, mut wait: Wait, before: Option<&str>, out: &mut Out<'_>) {
        let attempt = self.retry.attempt;
        let Some(delay) = self.retry.backoff.delay(attempt, wait.random) else {
            return self.give_up(wait.reason, out);
        };
        wait.until = wait.since + delay.max(wait.least);
        let left = wait.until.saturating_sub(out.at());
        let (reason, status) = (wait.reason.clone(), wait.status);
        self.phase = Phase::Waiting;
        self.retry.wait = Some(wait);
        self.say_status(status, Some(left), Some(reason), out);
        if let Some(before) = before {
            let of = match self.retry.backoff.max_attempts {
                0 => String::new(),
                most => format!(" of {most}"),
            };
            let text = format!("{before}Retrying in {} ({attempt}{of}).", duration_words(left));
            self.say(NoticeKind::Retrying, &text, out);
        }
    }

    fn give_up(&mut self, reason: String, out: &mut Out<'_>) {
        // The attempt that is not made any more does not count.
        let made = self.retry.attempt.saturating_sub(1);
        self.retry.attempt = made;
        let attempts = counted(u64::from(made), "attempt", "attempts");
        self.retry.wait = None;
        let sentence =
            format!("{reason}; gave up after {attempts}: check the address and that the server runs, then reconnect");
        self.say(NoticeKind::GaveUp, &format!("{}.", upper(&sentence)), out);
        self.rest(LinkStatus::Error, sentence, out);
    }

    /// The wait is over.
    pub(super) fn try_again(&mut self, out: &mut Out<'_>) {
        if self.phase == Phase::Waiting && self.retry.due().is_some_and(|until| out.at() >= until) {
            self.retry.wait = None;
            self.connect(out);
        }
    }

    /// New backoff settings: a wait in progress is measured again from its start. A session that rests goes on resting.
    pub(super) fn tune(&mut self, backoff: Backoff, out: &mut Out<'_>) {
        self.retry.backoff = backoff.clamped();
        self.config.backoff = self.retry.backoff;
        match self.retry.wait.take() {
            Some(wait) if self.phase == Phase::Waiting => self.wait(wait, None, out),
            _ => self.repeat_status(out),
        }
    }
}

/// A sentence begins with a capital.
pub(super) fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
