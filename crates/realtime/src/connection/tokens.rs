//! The session token: had before the first connect, renewed before it ends by either clock, pushed to the channel, and
//! renewed again when the server does not take it.

use std::time::Duration;

use super::{Connection, Out, Phase, report::duration_words};
use crate::event::LinkStatus;
use crate::{
    Direction, Frame, Grant, Token, TokenError,
    api::{Effect, Now},
    encode_text,
    refusal::Class,
};
use model::NoticeKind;

/// Renewed this long before its end, or at nine tenths of its life where that is earlier (realtime-protocol.md §3.4).
const MARGIN: Duration = Duration::from_secs(60);
/// After a renewal that failed; it doubles up to a minute.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
const MOST_AGAIN: Duration = Duration::from_secs(60);
/// The I/O has deadlines of its own; this one only keeps a lost answer from blocking for ever.
const ANSWER_DEADLINE: Duration = Duration::from_secs(90);
/// After a push the server subscribes anew within 1 to 3 s and says so: that is no gap.
const EXPECT_SUBSCRIBED: Duration = Duration::from_secs(15);
/// A key that ends within this time is worth a word.
const KEY_ENDS_SOON: Duration = Duration::from_secs(7 * 24 * 3_600);

#[derive(Debug, Default)]
pub(super) struct Tokens {
    held: Option<Held>,
    /// Since when an answer is waited for.
    asked: Option<Duration>,
    again_at: Option<Duration>,
    failures: u32,
    /// Not to be used for another connect, whatever its end.
    distrusted: bool,
    /// Losses in a row that a fresh token was to heal.
    heals: u32,
    /// Until when "Subscribed" is the echo of a push.
    echo_until: Option<Duration>,
    /// Who read the last snapshot that was merged.
    pub merged_as: Option<String>,
    warned: bool,
}

/// A token in force.
#[derive(Debug)]
struct Held {
    token: Token,
    identity: String,
    /// By the monotonic clock, which no correction of the time moves.
    renew_at: Duration,
    /// By the wall clock, which goes on while the machine sleeps.
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
    /// It may have ended without our noticing: get another before the next connect.
    pub fn distrust(&mut self) {
        self.distrusted = true;
    }

    /// The token did what it should, for a while.
    pub fn trust(&mut self) {
        self.heals = 0;
    }

    /// The user acted: whoever is signed in now is meant to be.
    pub fn start_again(&mut self) {
        self.heals = 0;
        self.merged_as = None;
    }

    /// May a fresh token heal this loss? Once in a row.
    pub fn may_heal(&mut self) -> bool {
        self.heals += 1;
        self.distrust();
        self.heals == 1
    }

    /// "Subscribed" is the echo of a token push.
    pub fn is_echo(&mut self, at: Duration) -> bool {
        self.echo_until.take().is_some_and(|until| at < until)
    }

    pub fn close(&mut self) {
        self.echo_until = None;
    }

    /// When to look again: by the monotonic clock; the wall clock is looked at with every tick.
    pub fn due(&self, connected: bool) -> Option<Duration> {
        if let Some(asked) = self.asked {
            return Some(asked + ANSWER_DEADLINE);
        }
        let held = self.held.as_ref().filter(|_| connected)?;
        Some(self.again_at.map_or(held.renew_at, |again| again.max(held.renew_at)))
    }
}

impl Connection {
    /// What the server is to know us by: in the join and in pushes.
    pub(super) fn token_to_send(&self) -> Option<&Token> {
        if self.config.sign_in {
            self.tokens.held.as_ref().map(|held| &held.token)
        } else {
            self.config.access_token.as_ref()
        }
    }

    /// Who reads pages: `None` = the key alone.
    pub(super) fn token_to_read(&self) -> Option<Token> {
        self.config.sign_in.then(|| self.token_to_send().cloned())?
    }

    /// Role and user of whoever reads pages now.
    pub(super) fn identity(&self) -> Option<String> {
        self.tokens.held.as_ref().map(|held| held.identity.clone())
    }

    /// End of what we are known by, in milliseconds since the Unix epoch.
    pub(super) fn token_expires_ms(&self) -> Option<i64> {
        if self.config.sign_in {
            return self.tokens.held.as_ref().map(|held| held.ends_wall_ms);
        }
        let claims = self.config.access_token.as_ref()?.claims()?;
        Some(claims.expires?.saturating_mul(1_000))
    }

    /// What we are known by is over; the server closes the channel when it notices.
    pub(super) fn has_token_ended(&self, wall_ms: i64) -> bool {
        let held = self.tokens.held.as_ref().filter(|_| self.config.sign_in);
        held.is_some_and(|held| wall_ms >= held.ends_wall_ms)
    }

    pub(super) fn needs_token(&self, now: Now) -> bool {
        self.config.sign_in && (self.tokens.distrusted || self.tokens.held.as_ref().is_none_or(|held| held.is_due(now)))
    }

    pub(super) fn ask_for_token(&mut self, out: &mut Out<'_>) {
        if self.config.sign_in && self.tokens.asked.is_none() {
            self.tokens.asked = Some(out.at());
            self.tokens.again_at = None;
            out.act(Effect::RefreshToken);
        }
    }

    /// REST says that the token has ended.
    pub(super) fn token_expired(&mut self, out: &mut Out<'_>) {
        self.tokens.distrust();
        self.ask_for_token(out);
    }

    pub(super) fn token(&mut self, result: Result<Grant, TokenError>, out: &mut Out<'_>) {
        if self.tokens.asked.take().is_none() {
            return;
        }
        match result {
            Ok(grant) => self.take_token(grant, out),
            Err(error) => self.no_token(error, out),
        }
    }

    fn take_token(&mut self, grant: Grant, out: &mut Out<'_>) {
        let held = Held::new(grant, out.now);
        self.tokens.failures = 0;
        self.tokens.distrusted = false;
        let is_other = self
            .tokens
            .held
            .as_ref()
            .is_some_and(|before| before.identity != held.identity);
        let is_renewal = self.tokens.held.replace(held).is_some();
        self.report.note_news();
        if self.phase == Phase::SigningIn {
            return self.open(out);
        }
        if !self.has_channel() {
            return;
        }
        // Not in a join's way: the server takes it up when the join is done.
        self.push_token(out);
        if is_other {
            // Another user sees other rows: pages read so far are not of the same table (R19), and what happens before
            // the server confirms is told as to the user of before, so that its "Subscribed" ends a gap.
            self.tokens.echo_until = None;
            if let Some(sync) = &mut self.sync {
                sync.tainted = true;
            }
            self.mark_dirty(Duration::ZERO, out);
        } else {
            self.tokens.echo_until = Some(out.at() + EXPECT_SUBSCRIBED);
            // Its rows should be the same: to be sure (realtime-protocol.md §3.4).
            self.plan.audit_by(out.at() + MARGIN / 12);
        }
        if is_renewal {
            self.say(NoticeKind::TokenRenewed, "The session token was renewed.", out);
        }
    }

    fn push_token(&mut self, out: &mut Out<'_>) {
        let reference = self.reference().to_string();
        let Some(token) = self.token_to_send() else { return };
        let (topic, join_ref) = self.channel.address();
        let frame = Frame::access_token(join_ref, &reference, topic, token.expose());
        let text = encode_text(self.config.vsn, Direction::ToServer, &frame);
        out.act(Effect::Send(text));
    }

    fn no_token(&mut self, error: TokenError, out: &mut Out<'_>) {
        let is_waited_for = self.phase == Phase::SigningIn;
        let (text, class) = match error {
            TokenError::Refused(text) => (text, Class::Fatal),
            TokenError::Unavailable { text, retry_after } => (
                format!("no session token could be obtained ({text})"),
                retry_after.map_or(Class::Retry, Class::Slow),
            ),
        };
        let text = self.clean(&text);
        if is_waited_for {
            return self.lose(text, class, out);
        }
        // The one in force still has some time.
        let least = match class {
            Class::Slow(least) => least,
            _ => Duration::ZERO,
        };
        let wait = AGAIN_AFTER * (1 << self.tokens.failures.min(6));
        self.tokens.failures += 1;
        self.tokens.again_at = Some(out.at() + wait.min(MOST_AGAIN).max(least));
        if class == Class::Fatal && self.has_channel() {
            let left = self.tokens.held.as_ref().map_or(0, |held| {
                held.ends_wall_ms.saturating_sub(out.now.wall_ms).max(0).unsigned_abs()
            });
            let left = duration_words(Duration::from_millis(left));
            let text = format!("The session token cannot be renewed and ends in {left}: {text}.");
            self.say(NoticeKind::TokenEnds, &text, out);
        }
    }

    pub(super) fn run_tokens(&mut self, out: &mut Out<'_>) {
        let now = out.now;
        if let Some(asked) = self.tokens.asked {
            if now.at >= asked + ANSWER_DEADLINE {
                let text = "the Auth endpoint did not answer".to_owned();
                let retry_after = None;
                self.token(Err(TokenError::Unavailable { text, retry_after }), out);
            }
            return;
        }
        if self.has_channel() && self.needs_token(now) && self.tokens.again_at.is_none_or(|again| now.at >= again) {
            self.ask_for_token(out);
        }
    }

    /// A key that ends soon is told of while it can still be changed.
    pub(super) fn warn_of_end(&mut self, out: &mut Out<'_>) {
        if self.config.sign_in || self.tokens.warned {
            return;
        }
        let Some(ends) = self.token_expires_ms() else { return };
        let left = Duration::from_millis(ends.saturating_sub(out.now.wall_ms).max(0).unsigned_abs());
        if left <= KEY_ENDS_SOON {
            self.tokens.warned = true;
            let text = format!(
                "The project's key ends in {}; set a fresh one before that.",
                duration_words(left)
            );
            self.say(NoticeKind::TokenEnds, &text, out);
        }
    }

    /// Signs in first where that is asked for, else opens the socket.
    pub(super) fn sign_in_or_open(&mut self, out: &mut Out<'_>) {
        if !self.needs_token(out.now) {
            return self.open(out);
        }
        self.phase = Phase::SigningIn;
        self.say_status(LinkStatus::Connecting, None, None, out);
        self.ask_for_token(out);
    }
}
