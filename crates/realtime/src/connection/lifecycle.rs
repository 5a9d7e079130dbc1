//! The life of a connection: sign in, connect, join, go live, be lost, try again; and what the user commands.

use std::time::Duration;

use super::{
    Call, Connection, ConnectionPhase, Flow, StopEnd, Sync, report::duration_words, retry::Next, tokens::TokenOutcome,
};
use crate::{
    Grant, TokenError,
    api::{CloseReason, Command, ConnectFailure, Effect},
    event::{LinkStatus, StatusReport},
    refusal::{self, Class},
    timestamp::utc_minute,
};
use model::{NoticeKind, format::counted};

/// From sending the join to its answer. The server's worst case: 15 s for a cold database and 5 s for a refusal.
pub(super) const JOIN_DEADLINE: Duration = Duration::from_secs(20);
/// Longest time that a server may ask to wait before a reconnect.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);
/// Delay of the audit after a renewed token of the same user (docs/realtime-protocol.md §3.4).
const AUDIT_AFTER_RENEWAL: Duration = Duration::from_secs(5);

impl Connection {
    pub(super) fn start(&mut self, call: &mut Call<'_>) {
        if self.phase != ConnectionPhase::New {
            return;
        }
        if self.sources.is_empty() {
            let reason = format!("no table is configured; {}", self.config.remedies.no_source);
            return self.stop(LinkStatus::Error, reason, call);
        }
        self.connect(call);
    }

    /// Begins a connect: with a session token first where that is needed.
    pub(super) fn connect(&mut self, call: &mut Call<'_>) {
        self.report.begin_attempt(call.at());
        self.retry.begin_attempt();
        if self.retry.is_stubborn() {
            // Everything is made anew with each connect; after repeated failures the token as well.
            self.tokens.distrust();
        }
        if !self.tokens.needs_one(call.now) {
            return self.open(call);
        }
        self.phase = ConnectionPhase::SigningIn;
        self.report_status(LinkStatus::Connecting, None, None, call);
        self.ask_for_token(call);
    }

    fn open(&mut self, call: &mut Call<'_>) {
        self.phase = ConnectionPhase::Connecting;
        self.socket = true;
        self.report_status(LinkStatus::Connecting, None, None, call);
        call.push(Effect::Open);
    }

    pub(super) fn socket_opened(&mut self, call: &mut Call<'_>) {
        if self.phase != ConnectionPhase::Connecting {
            return;
        }
        self.report.count_connect();
        self.plan_replacement(call);
        self.heartbeats.start(call.now);
        self.join(call);
    }

    pub(super) fn connect_failed(&mut self, failure: ConnectFailure, call: &mut Call<'_>) {
        if self.phase != ConnectionPhase::Connecting {
            return;
        }
        self.socket = false;
        match failure {
            ConnectFailure::Unreachable(text) => {
                let text = self.clean(&text);
                self.lost(format!("the server cannot be reached ({text})"), Class::Retry, call);
            }
            ConnectFailure::Refused {
                http,
                message,
                retry_after,
            } => {
                let is_foreign = refusal::may_be_of_another_server(http);
                let refusal = refusal::of_connect(http, &self.clean(&message), self.terms());
                let class = match (refusal.class, retry_after) {
                    (Class::Retry, Some(wait)) => Class::Slow(wait.min(MAX_RETRY_AFTER)),
                    (Class::Slow(least), Some(wait)) => Class::Slow(least.max(wait.min(MAX_RETRY_AFTER))),
                    (class, _) => class,
                };
                self.lost(refusal.sentence, class, call);
                if let ConnectionPhase::Stopped { end } = &mut self.phase
                    && is_foreign
                {
                    *end = StopEnd::Environment;
                }
            }
        }
    }

    pub(super) fn socket_closed(&mut self, reason: CloseReason, call: &mut Call<'_>) {
        if !self.socket {
            return;
        }
        self.socket = false;
        let announced = self.channel.announced.take();
        let text = match (announced, reason) {
            (Some(announced), CloseReason::Frame { code, .. }) => {
                format!("the server closed the connection (\"{announced}\", code {code})")
            }
            (Some(announced), CloseReason::Lost(_)) => format!("the server closed the connection (\"{announced}\")"),
            (None, CloseReason::Frame { code, text }) if text.is_empty() => {
                format!("the server closed the connection (code {code})")
            }
            (None, CloseReason::Frame { code, text }) => {
                format!("the server closed the connection (code {code}: {})", self.clean(&text))
            }
            // The transport's own words; the notice begins with the loss of the connection.
            (None, CloseReason::Lost(text)) => self.clean(&text),
        };
        self.lost(text, Class::Retry, call);
    }

    pub(super) fn command(&mut self, command: Command, call: &mut Call<'_>) {
        match command {
            Command::Reconnect => {
                if self.phase == ConnectionPhase::New {
                    return self.start(call);
                }
                if self.sources.is_empty() {
                    return;
                }
                self.leave(call);
                self.close("reconnected from this screen", call);
                self.start_again();
                self.tokens.start_again();
                self.sides.forget_refusals();
                self.sources.forget_refusals();
                self.connect(call);
            }
            Command::Disconnect => {
                self.leave(call);
                self.close("disconnected from this screen", call);
                if !matches!(self.phase, ConnectionPhase::Stopped { .. })
                    || self.report.status().status != LinkStatus::Disconnected
                {
                    let text = "Disconnected. Stays offline until you reconnect.";
                    self.notice(NoticeKind::Disconnected, text, call);
                }
                self.start_again();
                self.stop(
                    LinkStatus::Disconnected,
                    "disconnected from this screen".to_owned(),
                    call,
                );
            }
            Command::Tune(backoff) => match self.retry.tune(backoff, call.at()) {
                Some((reason, next)) => self.follow(next, &reason, None, call),
                None if self.phase == ConnectionPhase::New => {}
                None => {
                    let StatusReport { status, reason, .. } = self.report.status().clone();
                    self.report_status(status, None, reason, call);
                }
            },
        }
    }

    fn start_again(&mut self) {
        self.retry.start_again();
        self.channel.forget_mismatches();
    }

    /// Sends the leave, if there is a channel. Its answer is not waited for: the socket closes next.
    pub(super) fn leave(&mut self, call: &mut Call<'_>) {
        if self.has_channel() && self.channel.membership().is_joined() {
            let leave = self.channel.membership().leave(self.numbers.reference());
            call.push(Effect::Send(leave));
        }
    }

    /// Ends whatever is in progress. Reports nothing, and decides nothing about what comes next.
    pub(super) fn close(&mut self, reason: &str, call: &mut Call<'_>) {
        self.cancel_reads(call);
        if std::mem::take(&mut self.socket) {
            call.push(Effect::Close);
        }
        self.sync = None;
        self.lookups.clear();
        self.schedule.clear();
        self.replace_at = None;
        self.audit.stop();
        self.flow = Flow::default();
        self.lease.clear();
        self.heartbeats.stop();
        self.channel.close();
        self.sides.close(call.at());
        self.close_trials(call.at());
        self.pulse.close();
        self.broadcasts.close();
        self.want_broadcast();
        self.tokens.forget_echo();
        self.sources.close();
        if self.retry.end_live(call.at()) {
            self.tokens.trust();
        }
        self.report.end_attempt(call.at(), reason);
    }

    pub(super) fn cancel_reads(&mut self, call: &mut Call<'_>) {
        if self.sync.as_ref().is_some_and(Sync::is_reading) || self.lookups.is_reading() {
            call.push(Effect::CancelFetches);
        }
    }

    /// Stops until the user acts.
    pub(super) fn stop(&mut self, status: LinkStatus, reason: String, call: &mut Call<'_>) {
        self.stop_until(StopEnd::User, status, reason, call);
    }

    fn stop_until(&mut self, end: StopEnd, status: LinkStatus, reason: String, call: &mut Call<'_>) {
        self.phase = ConnectionPhase::Stopped { end };
        self.report_status(status, None, Some(reason), call);
    }

    /// The connection is lost or was refused, for `reason`. Decides what comes next.
    pub(super) fn lost(&mut self, reason: String, class: Class, call: &mut Call<'_>) {
        let was_live = self.is_following();
        self.close(&reason, call);
        if was_live {
            self.notice(NoticeKind::Lost, &format!("Connection lost ({reason})."), call);
        }
        let class = match class {
            Class::Refresh(_) if self.config.sign_in && self.tokens.may_heal() => {
                // At once: the renewal itself is what is waited for.
                return self.connect(call);
            }
            Class::Refresh(Some(least)) if self.config.sign_in => Class::Slow(least),
            Class::Refresh(_) => Class::Fatal,
            class => class,
        };
        if self.retry.is_final(class) {
            self.notice(NoticeKind::Refused, &format!("{}.", upper(&reason)), call);
        }
        let next = self.retry.after_loss(&reason, class, call.now);
        // After a loss the reason has just been reported; the two notices are shown as one.
        let before = if was_live {
            String::new()
        } else {
            format!("Not connected ({reason}). ")
        };
        self.follow(next, &reason, Some(&before), call);
    }

    /// Does what follows a loss. A new wait is reported, with the sentence `before` it.
    fn follow(&mut self, next: Next, reason: &str, before: Option<&str>, call: &mut Call<'_>) {
        match next {
            Next::Connect => self.connect(call),
            Next::Refused => self.stop(LinkStatus::Error, reason.to_owned(), call),
            Next::GiveUp { attempts, since_ms } => {
                let attempts = counted(u64::from(attempts), "attempt", "attempts");
                let (since, remedy) = (utc_minute(since_ms), &self.config.remedies.gave_up);
                let sentence = format!("{reason}; gave up after {attempts}, offline since {since}: {remedy}");
                self.notice(NoticeKind::GaveUp, &format!("{}.", upper(&sentence)), call);
                self.stop_until(StopEnd::Environment, LinkStatus::Error, sentence, call);
            }
            Next::Wait {
                status,
                left,
                reason,
                drops,
            } => {
                self.phase = ConnectionPhase::Waiting;
                let reason = match &drops {
                    Some(drops) => format!("{reason}; {drops}"),
                    None => reason,
                };
                self.report_status(status, Some(left), Some(reason), call);
                if let Some(before) = before {
                    let attempt = self.retry.attempt();
                    let of = match self.retry.backoff().max_attempts {
                        0 => String::new(),
                        most => format!(" of {most}"),
                    };
                    let drops = drops.map_or_else(String::new, |drops| format!("{}. ", upper(&drops)));
                    let text = format!("{before}{drops}Retrying in {} ({attempt}{of}).", duration_words(left));
                    self.notice(NoticeKind::Retrying, &text, call);
                }
            }
        }
    }

    /// The machine was suspended: whatever the socket looks like, hours may have been missed on it. A fresh token, then
    /// a fresh socket, at once and without counting as a failure. Attempts that failed before or meanwhile do not count
    /// either.
    pub(super) fn resumed(&mut self, suspended: Duration, call: &mut Call<'_>) {
        let words = duration_words(suspended);
        self.close(&format!("this machine was suspended for {words}"), call);
        self.retry.note_suspended(suspended);
        self.tokens.distrust();
        let text = format!("This machine was suspended for {words}; reconnecting.");
        self.notice(NoticeKind::Woke, &text, call);
        self.retry.start_again();
        self.connect(call);
    }

    /// This machine has another address or route than before. After giving up, the next round of attempts begins.
    pub(super) fn network_changed(&mut self, call: &mut Call<'_>) {
        if !self.awaits_environment() {
            return;
        }
        let text = "The network of this machine changed; reconnecting.";
        self.notice(NoticeKind::NetworkChanged, text, call);
        self.retry.start_again();
        self.connect(call);
    }

    /// The whole chain is proven: the socket is up, the channel joined, the database confirmed, the snapshot merged
    /// (or not wanted). `changed`: rows that it changed.
    pub(super) fn go_live(&mut self, changed: usize, call: &mut Call<'_>) {
        self.phase = ConnectionPhase::Live;
        self.channel.forget_mismatches();
        let offline = self.retry.begin_live(call.at());
        if self.flow.begin(call.at()) {
            self.audit.suspect(call.at());
        }
        self.report.live_attempt(call.at());
        self.find_pulse(call);
        self.report_proof(call);
        if let Some(left) = self.tokens.warn_of_key(call.now.wall_ms) {
            let left = duration_words(left);
            let text = format!("The project's key ends in {left}; set a fresh one before that.");
            self.notice(NoticeKind::TokenEnds, &text, call);
        }
        let (kind, text) = match offline.map(duration_words) {
            Some(offline) if self.config.snapshots => {
                let rows = counted(changed as u64, "row", "rows");
                // Live is said only of what is proven.
                let back = if self.is_proven() { "Live again" } else { "Back" };
                let text = format!("{back} after {offline}; {rows} changed meanwhile.");
                (NoticeKind::Restored, text)
            }
            Some(offline) => {
                let text = format!("Live again after {offline}, stream only: changes made meanwhile are not shown.");
                (NoticeKind::Restored, text)
            }
            None if self.config.snapshots => {
                let text = match (self.sources.left_out(), self.sources.len()) {
                    (0, _) => format!("Live: {}.", self.sources.counted_words()),
                    (left_out, all) => {
                        let shown = all.saturating_sub(left_out);
                        format!("Live with {shown} of {all} tables: {}.", self.sources.counted_words())
                    }
                };
                (NoticeKind::Connected, text)
            }
            None => {
                let text = "Live, stream only: rows appear when they change.".to_owned();
                (NoticeKind::Connected, text)
            }
        };
        self.notice(kind, &text, call);
    }

    pub(super) fn ask_for_token(&mut self, call: &mut Call<'_>) {
        if self.tokens.request(call.at()) {
            call.push(Effect::RefreshToken);
        }
    }

    /// A read was refused because the token has expired.
    pub(super) fn token_expired(&mut self, call: &mut Call<'_>) {
        self.tokens.distrust();
        self.ask_for_token(call);
    }

    pub(super) fn token(&mut self, result: Result<Grant, TokenError>, call: &mut Call<'_>) {
        match self.tokens.answer(result, call.now) {
            TokenOutcome::Unexpected => {}
            TokenOutcome::Renewed {
                is_renewal,
                is_other_user,
            } => {
                self.report.note_change();
                if self.phase == ConnectionPhase::SigningIn {
                    return self.open(call);
                }
                if self.has_channel() {
                    self.push_token(is_other_user, call);
                    if is_renewal {
                        let text = "The session token was renewed.";
                        self.notice(NoticeKind::TokenRenewed, text, call);
                    }
                }
            }
            TokenOutcome::Failed { text, class } => {
                let text = self.clean(&text);
                if self.phase == ConnectionPhase::SigningIn {
                    return self.lost(text, class, call);
                }
                self.tokens.postpone(class, call.at());
                if class == Class::Fatal && self.has_channel() {
                    let left = duration_words(self.tokens.left(call.now.wall_ms));
                    let text = format!("The session token cannot be renewed and ends in {left}: {text}.");
                    self.notice(NoticeKind::TokenEnds, &text, call);
                }
            }
        }
    }

    /// Sends the fresh token to the channel. It does not disturb a join: the server takes it when the join is done.
    fn push_token(&mut self, is_other_user: bool, call: &mut Call<'_>) {
        if let Some(token) = self.tokens.to_send() {
            if self.channel.membership().is_joined() {
                let push = self.channel.membership().push_token(self.numbers.reference(), token);
                call.push(Effect::Send(push));
            }
            self.sides.push_token(token, &mut self.numbers, call);
        }
        if is_other_user {
            // Another user sees other rows: pages read so far are not of the same table (docs/realtime-protocol.md,
            // R19). What happens before the server confirms is reported to the previous user, so the confirmation ends
            // a gap.
            self.tokens.forget_echo();
            if let Some(sync) = &mut self.sync {
                sync.restart_later();
            }
            self.mark_gap(Duration::ZERO, call);
        } else {
            self.tokens.expect_echo(call.at());
            // Its rows should be the same; an audit makes sure.
            self.schedule.audit_by(call.at() + AUDIT_AFTER_RENEWAL);
        }
    }
}

/// A sentence begins with a capital.
fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
