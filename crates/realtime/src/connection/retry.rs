//! Whether, when and how often to try again after a loss.
//!
//! Only attempts that fail count towards giving up. A connect that reaches live resets the count, however short it was
//! live; an open socket or an accepted join resets nothing. The delay after a short connection grows slowly instead, so
//! that a server that accepts and soon drops connections is not flooded.

use std::{collections::VecDeque, time::Duration};

use crate::{api::Now, event::LinkStatus, refusal::Class};
use model::Backoff;

/// A connection that was live for this long proves its token: the next refusal of it may be healed by a fresh one.
const STABLE: Duration = Duration::from_secs(30);
/// A connection that was live for less is brief: the delay after several in a row grows.
const BRIEF: Duration = Duration::from_secs(10);
/// Without a limit of attempts, a refusal for good is tried again at this interval (docs/realtime-protocol.md §15.2).
const RECHECK_REFUSAL: Duration = Duration::from_secs(300);
/// A wait after a server at its limits is longer by a random share of up to half of it, and by no more than this, so that
/// many walls do not join together again.
const MAX_SPREAD: Duration = Duration::from_secs(30);
/// Losses of a live connection are counted over this time.
const DROPS_WITHIN: Duration = Duration::from_secs(300);
/// From this many losses on the reason names their number.
const MANY_DROPS: usize = 3;
/// Losses remembered. The delays allow fewer within [`DROPS_WITHIN`].
const MAX_DROPS: usize = 100;

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
        /// Not live since then, in milliseconds since the Unix epoch.
        since_ms: i64,
    },
    /// Wait.
    Wait {
        status: LinkStatus,
        left: Duration,
        reason: String,
        /// The connection was lost several times lately: the words for it.
        drops: Option<String>,
    },
}

/// The schedule and the place in it.
#[derive(Debug)]
pub(super) struct Retry {
    backoff: Backoff,
    /// Failed attempts since it was last live, and the one that is made or waited for.
    attempt: u32,
    live_since: Option<Duration>,
    /// How long the connection was live that ended last; until the next connect begins.
    was_live_for: Option<Duration>,
    /// Connections in a row that were live only briefly.
    brief: u32,
    /// When a live connection was lost, within [`DROPS_WITHIN`].
    drops: VecDeque<Duration>,
    /// It has been live at least once, so a refusal may be temporary.
    was_ever_live: bool,
    /// When it was last live, while it is not.
    lost_at: Option<Duration>,
    /// The first loss since it was live, in milliseconds since the Unix epoch.
    down_since_ms: Option<i64>,
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
    /// The server is at its limits: the wait has a random share on top.
    is_spread: bool,
    /// The wait after a connection that was live: how many in a row were so only briefly.
    after_live: Option<u32>,
    reason: String,
    drops: Option<String>,
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
            was_live_for: None,
            brief: 0,
            drops: VecDeque::new(),
            was_ever_live: false,
            lost_at: None,
            down_since_ms: None,
            suspended: Duration::ZERO,
            wait: None,
        }
    }

    /// The schedule in force.
    pub(super) fn backoff(&self) -> Backoff {
        self.backoff
    }

    /// The attempt that is made or waited for; 0 for the first connect and while live.
    pub(super) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The user acted, the machine woke, or its network changed: the schedule starts anew.
    pub(super) fn start_again(&mut self) {
        self.attempt = 0;
        self.brief = 0;
        self.wait = None;
    }

    /// A connect begins.
    pub(super) fn begin_attempt(&mut self) {
        self.wait = None;
        self.was_live_for = None;
    }

    /// The machine was suspended while not live, or this ended being live.
    pub(super) fn note_suspended(&mut self, time: Duration) {
        self.suspended += time;
    }

    /// It has failed so often, or was so often live only briefly, that something held from before may be the cause: at
    /// the second attempt, and now and then later.
    pub(super) fn is_stubborn(&self) -> bool {
        let failures = if self.attempt > 1 { self.attempt } else { self.brief };
        failures == 2 || (failures > 2 && failures.is_multiple_of(5))
    }

    /// Since when it has been live on this socket.
    pub(super) fn live_since(&self) -> Option<Duration> {
        self.live_since
    }

    /// It is live from now on. Returns for how long it was not, if it had been live before.
    pub(super) fn begin_live(&mut self, at: Duration) -> Option<Duration> {
        self.live_since = Some(at);
        self.attempt = 0;
        self.down_since_ms = None;
        let was_ever_live = std::mem::replace(&mut self.was_ever_live, true);
        let suspended = std::mem::take(&mut self.suspended);
        let lost_at = self.lost_at.take().filter(|_| was_ever_live)?;
        Some(at.saturating_sub(lost_at) + suspended)
    }

    /// It is not live any more. True when it was for long enough to prove its token.
    pub(super) fn end_live(&mut self, at: Duration) -> bool {
        let Some(since) = self.live_since.take() else {
            return false;
        };
        let live_for = at.saturating_sub(since);
        self.lost_at = Some(at);
        self.was_live_for = Some(live_for);
        live_for >= STABLE
    }

    /// Takes a refusal for good as one, although it had been live.
    pub(super) fn forget_success(&mut self) {
        self.was_ever_live = false;
    }

    /// Continues where another connection of the same session is.
    pub(super) fn inherit(&mut self, old: &Self) {
        self.was_ever_live = true;
        self.backoff = old.backoff;
        self.drops.clone_from(&old.drops);
    }

    /// Decides what follows a loss. `class` is not [`Class::Refresh`]: that is for the holder of the token.
    pub(super) fn after_loss(&mut self, reason: &str, class: Class, now: Now) -> Next {
        let was_live_for = self.was_live_for.take();
        self.down_since_ms.get_or_insert(now.wall_ms);
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
        let after_live = was_live_for.map(|live_for| self.note_drop(live_for, now.at));
        let wait = Wait {
            since: now.at,
            until: now.at,
            random: now.random,
            least,
            is_spread: matches!(class, Class::Slow(_)),
            after_live,
            reason: reason.to_owned(),
            drops: after_live.and_then(|_| self.many_drops()),
            status,
        };
        self.wait(wait, now.at)
    }

    /// A live connection was lost. Returns how many in a row were live only briefly.
    fn note_drop(&mut self, live_for: Duration, at: Duration) -> u32 {
        self.brief = if live_for < BRIEF {
            self.brief.saturating_add(1)
        } else {
            0
        };
        self.drops.retain(|drop| at.saturating_sub(*drop) < DROPS_WITHIN);
        if self.drops.len() >= MAX_DROPS {
            self.drops.pop_front();
        }
        self.drops.push_back(at);
        self.brief
    }

    /// The words for a connection that was lost several times lately.
    fn many_drops(&self) -> Option<String> {
        let (times, minutes) = (self.drops.len(), DROPS_WITHIN.as_secs() / 60);
        (times >= MANY_DROPS).then(|| format!("the connection keeps dropping ({times} times in {minutes} min)"))
    }

    /// Whether a refusal of this class is one for good.
    pub(super) fn is_final(&self, class: Class) -> bool {
        matches!(class, Class::Fatal | Class::Refresh(_)) && !self.was_ever_live
    }

    /// Measures a wait by the schedule as it is now.
    fn wait(&mut self, mut wait: Wait, at: Duration) -> Next {
        let Some(scheduled) = self.backoff.delay(self.attempt, wait.random) else {
            // The attempts that were made, which is what the user counts.
            self.attempt = self.attempt.saturating_sub(1);
            self.wait = None;
            return Next::GiveUp {
                attempts: self.attempt,
                since_ms: self.down_since_ms.unwrap_or_default(),
            };
        };
        let delay = match wait.after_live {
            Some(brief) => self.backoff.delay_after_live(brief, wait.random),
            None => scheduled,
        };
        let delay = delay.max(wait.least);
        let spread = if wait.is_spread {
            (delay / 2).min(MAX_SPREAD)
        } else {
            Duration::ZERO
        };
        wait.until = wait.since + delay + spread.mul_f64(wait.random.clamp(0.0, 1.0));
        let next = Next::Wait {
            status: wait.status,
            left: wait.until.saturating_sub(at),
            reason: wait.reason.clone(),
            drops: wait.drops.clone(),
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
            wall_ms: i64::try_from(second).expect("a time") * 1_000,
            random: 0.5,
        }
    }

    fn retry(max_attempts: u32) -> Retry {
        Retry::new(Backoff {
            max_attempts,
            ..Backoff::default()
        })
    }

    fn left(next: &Next) -> Duration {
        match next {
            Next::Wait { left, .. } => *left,
            other => panic!("no wait: {other:?}"),
        }
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
    fn failed_attempts_are_used_up_and_being_live_resets_their_count() {
        let mut retry = retry(2);
        for second in 1..=2 {
            assert!(matches!(
                retry.after_loss("lost", Class::Retry, at(second)),
                Next::Wait { .. }
            ));
        }
        assert_eq!(
            retry.after_loss("lost", Class::Retry, at(3)),
            Next::GiveUp {
                attempts: 2,
                since_ms: 1_000
            }
        );
        assert_eq!(retry.attempt(), 2);
        retry.begin_live(at(10).at);
        assert_eq!(retry.attempt(), 0);
        assert!(!retry.end_live(at(11).at), "too short to prove the token");
        retry.after_loss("lost", Class::Retry, at(11));
        assert_eq!(retry.attempt(), 1);
        retry.begin_live(at(20).at);
        assert!(retry.end_live(at(60).at));
    }

    #[test]
    fn brief_connections_wait_longer_each_time_and_one_that_lasted_waits_the_first_delay() {
        let mut retry = retry(1);
        let mut second = 0;
        let mut drop = |live_for: u64| {
            second += 60;
            retry.begin_attempt();
            retry.begin_live(at(second).at);
            second += live_for;
            retry.end_live(at(second).at);
            left(&retry.after_loss("lost", Class::Retry, at(second))).as_millis()
        };
        assert_eq!(
            [0, 9, 0, 1, 5, 0].map(&mut drop),
            [3_000, 4_500, 6_750, 10_000, 10_000, 10_000]
        );
        assert_eq!([20, 20, 3, 3].map(&mut drop), [3_000, 3_000, 3_000, 4_500]);
    }

    #[test]
    fn several_losses_within_five_minutes_are_counted_and_the_list_of_them_is_bounded() {
        let mut retry = retry(0);
        let mut drop = |second: u64| {
            retry.begin_attempt();
            retry.begin_live(at(second).at);
            retry.end_live(at(second).at);
            match retry.after_loss("lost", Class::Retry, at(second)) {
                Next::Wait { drops, .. } => drops,
                other => panic!("no wait: {other:?}"),
            }
        };
        assert_eq!([0, 100].map(&mut drop), [None, None]);
        let words = |times: usize| Some(format!("the connection keeps dropping ({times} times in 5 min)"));
        assert_eq!(drop(299), words(3));
        assert_eq!(drop(310), words(3), "the first one is forgotten");
        let last = (0..1_000).map(|_| drop(320)).last().expect("one");
        assert_eq!(last, words(MAX_DROPS));
    }

    #[test]
    fn a_connect_that_fails_after_a_fresh_start_is_not_taken_for_a_lost_connection() {
        let mut retry = retry(5);
        for second in [1, 2] {
            retry.begin_live(at(second).at);
            retry.end_live(at(second).at);
            retry.after_loss("lost", Class::Retry, at(second));
            retry.begin_attempt();
        }
        retry.begin_live(at(3).at);
        retry.end_live(at(4).at);
        // The user reconnects.
        retry.start_again();
        retry.begin_attempt();
        assert_eq!(
            left(&retry.after_loss("lost", Class::Retry, at(5))),
            Duration::from_secs(3)
        );
        assert_eq!(
            left(&retry.after_loss("lost", Class::Retry, at(9))),
            Duration::from_secs(6)
        );
    }

    #[test]
    fn a_server_at_its_limits_is_tried_again_after_a_random_time() {
        let wait = |random: f64, class: Class| {
            let mut retry = retry(5);
            left(&retry.after_loss("limits", class, Now { random, ..at(0) })).as_millis()
        };
        let joins = Class::Slow(Duration::from_secs(5));
        assert_eq!([0.0, 0.5, 1.0].map(|random| wait(random, joins)), [5_000, 6_250, 7_500]);
        let told = Class::Slow(Duration::from_secs(3_600));
        assert_eq!([0.0, 1.0].map(|random| wait(random, told)), [3_600_000, 3_630_000]);
        assert_eq!([0.0, 1.0].map(|random| wait(random, Class::Retry)), [3_000, 3_000]);
    }

    #[test]
    fn another_schedule_measures_the_wait_again_from_its_start() {
        let mut retry = retry(0);
        let first = Now { random: 0.0, ..at(0) };
        retry.after_loss("lost", Class::Slow(Duration::from_secs(60)), first);
        assert_eq!(retry.due(), Some(Duration::from_secs(60)));
        let (_, next) = retry.tune(Backoff::default(), at(10).at).expect("a wait");
        assert_eq!(left(&next), Duration::from_secs(50));
        assert!(retry.tune(Backoff::default(), at(11).at).is_some());
        retry.begin_attempt();
        assert!(retry.tune(Backoff::default(), at(12).at).is_none());
    }
}
