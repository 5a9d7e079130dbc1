//! The token that identifies the client to the server: a fixed key, or a session token. A session token is obtained
//! before the first connect, and renewed before it expires or when the server refuses it.

use std::time::Duration;

use crate::{Grant, Token, TokenError, api::Now, refusal::Class};

/// A session token is renewed this long before its end, or at nine tenths of its life where that is earlier
/// (docs/realtime-protocol.md §3.4).
const MARGIN: Duration = Duration::from_secs(60);
/// Delay after a renewal that failed; it doubles up to a minute.
const RETRY_AFTER: Duration = Duration::from_secs(5);
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// The I/O has deadlines of its own; this one only keeps a lost answer from blocking for ever.
const ANSWER_DEADLINE: Duration = Duration::from_secs(90);
/// After a push the server subscribes anew within 1 to 3 s and confirms that; a confirmation within this time is no gap.
const EXPECT_SUBSCRIBED: Duration = Duration::from_secs(15);
/// A key that expires within this time is reported.
const KEY_EXPIRES_SOON: Duration = Duration::from_secs(7 * 24 * 3_600);

/// What an answer changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TokenOutcome {
    /// No token was requested.
    Unexpected,
    /// A token is held.
    Renewed {
        /// There was one before.
        is_renewal: bool,
        /// It was another user's.
        is_other_user: bool,
    },
    /// None could be had.
    Failed { text: String, class: Class },
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TokenDue {
    /// Request a token.
    Request,
    /// The answer asked for is lost: hand this in as the answer.
    Lost(TokenError),
}

#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// The key, sent when nobody signs in.
    key: Option<Token>,
    sign_in: bool,
    held: Option<Held>,
    /// Since when an answer is waited for.
    asked: Option<Duration>,
    retry_at: Option<Duration>,
    failures: u32,
    /// Not to be used for another connect, whatever its end.
    distrusted: bool,
    /// Losses in a row that a fresh token was meant to heal.
    heals: u32,
    /// Until when a confirmed subscription is the answer to a push.
    echo_until: Option<Duration>,
    /// The identity that read the last snapshot that was merged.
    merged_as: Option<String>,
    warned: bool,
}

/// A session token in force.
#[derive(Debug)]
struct Held {
    token: Token,
    identity: String,
    /// By the monotonic clock, which no correction of the time moves.
    renew_at: Duration,
    /// By the wall clock, which goes on while the machine is suspended.
    renew_wall_ms: i64,
    ends_wall_ms: i64,
}

impl Held {
    fn new(grant: Grant, now: Now) -> Self {
        let identity = grant.token.claims().unwrap_or_default().identity();
        // A short life keeps half of itself.
        let margin = MARGIN.max(grant.lifetime / 10).min(grant.lifetime / 2);
        let life_ms = i64::try_from(grant.lifetime.as_millis()).unwrap_or(i64::MAX);
        let margin_ms = i64::try_from(margin.as_millis()).unwrap_or(i64::MAX);
        let ends_wall_ms = now.wall_ms.saturating_add(life_ms);
        Self {
            token: grant.token,
            identity,
            renew_at: now.at + (grant.lifetime - margin),
            renew_wall_ms: ends_wall_ms.saturating_sub(margin_ms),
            ends_wall_ms,
        }
    }

    fn is_due(&self, now: Now) -> bool {
        now.at >= self.renew_at || now.wall_ms >= self.renew_wall_ms
    }
}

impl Tokens {
    /// `sign_in`: session tokens are used, and the key for nothing.
    pub(super) fn new(key: Option<Token>, sign_in: bool) -> Self {
        Self {
            key,
            sign_in,
            ..Self::default()
        }
    }

    /// The token in joins and pushes.
    pub(super) fn to_send(&self) -> Option<&Token> {
        if self.sign_in {
            self.held.as_ref().map(|held| &held.token)
        } else {
            self.key.as_ref()
        }
    }

    /// The token that reads pages; `None` = the key alone.
    pub(super) fn to_read(&self) -> Option<Token> {
        self.sign_in.then(|| self.to_send().cloned())?
    }

    /// All secrets held, to be kept out of texts.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let held = self.held.as_ref().map(|held| &held.token);
        self.key.iter().chain(held).map(Token::expose)
    }

    /// The snapshot just merged was read by the present identity.
    pub(super) fn note_merged(&mut self) {
        self.merged_as = self.identity();
    }

    /// Rows that were merged before may be hidden from the present identity.
    pub(super) fn is_other_reader(&self) -> bool {
        self.merged_as.is_some() && self.merged_as != self.identity()
    }

    fn identity(&self) -> Option<String> {
        self.held.as_ref().map(|held| held.identity.clone())
    }

    /// End of the token in use, in milliseconds since the Unix epoch.
    pub(super) fn expires_ms(&self) -> Option<i64> {
        if self.sign_in {
            return self.held.as_ref().map(|held| held.ends_wall_ms);
        }
        Some(self.key.as_ref()?.claims()?.expires?.saturating_mul(1_000))
    }

    /// Time that the token has left, by the wall clock.
    pub(super) fn left(&self, wall_ms: i64) -> Duration {
        let left = self
            .expires_ms()
            .map_or(0, |ends| ends.saturating_sub(wall_ms).max(0).unsigned_abs());
        Duration::from_millis(left)
    }

    /// The session token has ended; the server closes the channel when it notices.
    pub(super) fn has_ended(&self, wall_ms: i64) -> bool {
        let held = self.held.as_ref().filter(|_| self.sign_in);
        held.is_some_and(|held| wall_ms >= held.ends_wall_ms)
    }

    /// The token held may no longer be valid: another one is requested before the next connect.
    pub(super) fn distrust(&mut self) {
        self.distrusted = true;
    }

    /// The token worked for a while.
    pub(super) fn trust(&mut self) {
        self.heals = 0;
    }

    /// The user acted: another signed-in user than before is intended, and no reason for caution.
    pub(super) fn start_again(&mut self) {
        self.heals = 0;
        self.merged_as = None;
    }

    /// Whether a fresh token may heal this loss: once in a row.
    pub(super) fn may_heal(&mut self) -> bool {
        self.heals += 1;
        self.distrust();
        self.heals == 1
    }

    /// Whether a confirmed subscription is the answer to a push; true once a push.
    pub(super) fn is_echo(&mut self, at: Duration) -> bool {
        self.echo_until.take().is_some_and(|until| at < until)
    }

    /// A push of the same user's token was sent.
    pub(super) fn expect_echo(&mut self, at: Duration) {
        self.echo_until = Some(at + EXPECT_SUBSCRIBED);
    }

    /// The next confirmed subscription is no answer to a push.
    pub(super) fn forget_echo(&mut self) {
        self.echo_until = None;
    }

    /// A token is needed before the next connect: there is none, or it has to be renewed.
    pub(super) fn needs_one(&self, now: Now) -> bool {
        self.sign_in && (self.distrusted || self.held.as_ref().is_none_or(|held| held.is_due(now)))
    }

    /// Notes a request for a token. False when none is to be made: no user signs in, or a request is in progress.
    pub(super) fn request(&mut self, at: Duration) -> bool {
        let is_new = self.sign_in && self.asked.is_none();
        if is_new {
            self.asked = Some(at);
            self.retry_at = None;
        }
        is_new
    }

    /// Takes an answer.
    pub(super) fn answer(&mut self, result: Result<Grant, TokenError>, now: Now) -> TokenOutcome {
        if self.asked.take().is_none() {
            return TokenOutcome::Unexpected;
        }
        match result {
            Ok(grant) => {
                let held = Held::new(grant, now);
                self.failures = 0;
                self.distrusted = false;
                let before = self.held.as_ref();
                let is_other_user = before.is_some_and(|before| before.identity != held.identity);
                let is_renewal = self.held.replace(held).is_some();
                TokenOutcome::Renewed {
                    is_renewal,
                    is_other_user,
                }
            }
            Err(TokenError::Refused(text)) => TokenOutcome::Failed {
                text,
                class: Class::Fatal,
            },
            Err(TokenError::Unavailable { text, retry_after }) => TokenOutcome::Failed {
                text: format!("no session token could be obtained ({text})"),
                class: retry_after.map_or(Class::Retry, Class::Slow),
            },
        }
    }

    /// A renewal failed while the token in force still has some time.
    pub(super) fn postpone(&mut self, class: Class, at: Duration) {
        let least = match class {
            Class::Slow(least) => least,
            _ => Duration::ZERO,
        };
        let wait = RETRY_AFTER * (1 << self.failures.min(6));
        self.failures += 1;
        self.retry_at = Some(at + wait.min(MAX_RETRY_AFTER).max(least));
    }

    /// When there is something to do next, by the monotonic clock; the wall clock is compared at every tick.
    pub(super) fn due(&self, has_channel: bool) -> Option<Duration> {
        if let Some(asked) = self.asked {
            return Some(asked + ANSWER_DEADLINE);
        }
        let held = self.held.as_ref().filter(|_| has_channel)?;
        Some(self.retry_at.map_or(held.renew_at, |retry| retry.max(held.renew_at)))
    }

    /// What is to be done now.
    pub(super) fn check(&self, has_channel: bool, now: Now) -> Option<TokenDue> {
        if let Some(asked) = self.asked {
            let is_lost = now.at >= asked + ANSWER_DEADLINE;
            return is_lost.then(|| {
                TokenDue::Lost(TokenError::Unavailable {
                    text: "the Auth endpoint did not answer".to_owned(),
                    retry_after: None,
                })
            });
        }
        let may_ask = self.retry_at.is_none_or(|retry| now.at >= retry);
        (has_channel && may_ask && self.needs_one(now)).then_some(TokenDue::Request)
    }

    /// Time that the key has left, if that is little and was not reported before.
    pub(super) fn warn_of_key(&mut self, wall_ms: i64) -> Option<Duration> {
        if self.sign_in || self.warned {
            return None;
        }
        self.expires_ms()?;
        let left = self.left(wall_ms);
        (left <= KEY_EXPIRES_SOON).then(|| {
            self.warned = true;
            left
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Now {
        Now {
            at: Duration::from_secs(second),
            wall_ms: 1_000 * i64::try_from(second).expect("small"),
            random: 0.5,
        }
    }

    fn grant(lifetime: u64) -> Result<Grant, TokenError> {
        Ok(Grant {
            token: Token::new("marker"),
            lifetime: Duration::from_secs(lifetime),
        })
    }

    #[test]
    fn a_token_is_renewed_before_its_end_by_either_clock() {
        let mut tokens = Tokens::new(None, true);
        assert!(tokens.needs_one(at(0)) && tokens.request(at(0).at) && !tokens.request(at(0).at));
        let renewed = TokenOutcome::Renewed {
            is_renewal: false,
            is_other_user: false,
        };
        assert_eq!(tokens.answer(grant(3_600), at(0)), renewed);
        assert_eq!(tokens.answer(grant(3_600), at(0)), TokenOutcome::Unexpected);
        assert!(!tokens.needs_one(at(3_000)) && tokens.needs_one(at(3_300)));
        let suspended = Now {
            at: Duration::from_secs(10),
            ..at(3_300)
        };
        assert!(tokens.needs_one(suspended), "the wall clock went on");
        assert_eq!(tokens.check(true, at(3_300)), Some(TokenDue::Request));
        assert_eq!(tokens.check(false, at(3_300)), None);
    }

    #[test]
    fn failed_renewals_are_repeated_ever_more_slowly_and_a_lost_answer_counts_as_one() {
        let mut tokens = Tokens::new(None, true);
        tokens.request(at(0).at);
        tokens.answer(grant(100), at(0));
        let mut waits = Vec::new();
        for _ in 0..6 {
            tokens.postpone(Class::Retry, at(1_000).at);
            waits.push(tokens.due(true).map(|due| due.as_secs() - 1_000));
        }
        assert_eq!(waits, [5, 10, 20, 40, 60, 60].map(Some));
        assert!(tokens.request(at(2_000).at));
        assert_eq!(tokens.check(true, at(2_089)), None);
        assert!(matches!(tokens.check(true, at(2_090)), Some(TokenDue::Lost(_))));
    }

    #[test]
    fn a_fresh_token_heals_one_loss_in_a_row() {
        let mut tokens = Tokens::new(None, true);
        assert!(tokens.may_heal() && !tokens.may_heal());
        tokens.trust();
        assert!(tokens.may_heal());
    }
}
