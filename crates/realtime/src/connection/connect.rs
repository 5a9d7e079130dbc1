//! Opening and closing: the socket's life, and what the user orders.

use std::time::Duration;

use super::{Connection, Out, Phase};
use crate::event::LinkStatus;
use crate::{
    api::{CloseReason, Command, ConnectFailure, Effect},
    refusal::{self, Class},
};
use model::NoticeKind;

/// The longest time that a server may ask us to wait before a reconnect.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);

impl Connection {
    pub(super) fn start(&mut self, out: &mut Out<'_>) {
        if self.phase != Phase::New {
            return;
        }
        if self.tables.is_empty() {
            let reason = format!("no table is configured; {}", self.config.remedies.no_source);
            self.rest(LinkStatus::Error, reason, out);
            return;
        }
        self.connect(out);
    }

    /// Begins a connect: with a session token first where that is needed.
    pub(super) fn connect(&mut self, out: &mut Out<'_>) {
        self.report.begin_attempt(out.at());
        if self.retry.is_stubborn() {
            // A loop that does not heal: everything is made anew with each connect, and now the token too.
            self.tokens.distrust();
        }
        self.sign_in_or_open(out);
    }

    /// Opens a socket.
    pub(super) fn open(&mut self, out: &mut Out<'_>) {
        self.phase = Phase::Connecting;
        self.socket = true;
        self.say_status(LinkStatus::Connecting, None, None, out);
        out.act(Effect::Open);
    }

    pub(super) fn opened(&mut self, out: &mut Out<'_>) {
        if self.phase != Phase::Connecting {
            return;
        }
        self.report.count_connect();
        self.plan_replacement(out);
        self.heart.start(out.now, self.config.heartbeat_interval);
        self.join(out);
    }

    pub(super) fn connect_failed(&mut self, failure: ConnectFailure, out: &mut Out<'_>) {
        if self.phase != Phase::Connecting {
            return;
        }
        self.socket = false;
        match failure {
            ConnectFailure::Unreachable(text) => {
                let text = self.clean(&text);
                self.lose(format!("the server cannot be reached ({text})"), Class::Retry, out);
            }
            ConnectFailure::Refused {
                http,
                message,
                retry_after,
            } => {
                let refusal = refusal::of_connect(http, &self.clean(&message), self.terms());
                let class = match (refusal.class, retry_after) {
                    (Class::Retry, Some(wait)) => Class::Slow(wait.min(MAX_RETRY_AFTER)),
                    (Class::Slow(least), Some(wait)) => Class::Slow(least.max(wait.min(MAX_RETRY_AFTER))),
                    (class, _) => class,
                };
                self.lose(refusal.sentence, class, out);
            }
        }
    }

    pub(super) fn socket_closed(&mut self, reason: CloseReason, out: &mut Out<'_>) {
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
            // The transport's own words: what is said before them is that the connection is lost.
            (None, CloseReason::Lost(text)) => self.clean(&text),
        };
        self.lose(text, Class::Retry, out);
    }

    pub(super) fn obey(&mut self, command: Command, out: &mut Out<'_>) {
        match command {
            Command::Reconnect => {
                if self.phase == Phase::New {
                    return self.start(out);
                }
                if self.tables.is_empty() {
                    return;
                }
                self.leave(out);
                self.hang_up("reconnected from this screen", out);
                self.retry.start_again();
                self.tokens.start_again();
                self.connect(out);
            }
            Command::Disconnect => {
                self.leave(out);
                self.hang_up("disconnected from this screen", out);
                if self.phase != Phase::Resting || self.report.status() != LinkStatus::Disconnected {
                    self.say(
                        NoticeKind::Disconnected,
                        "Disconnected. Stays offline until you reconnect.",
                        out,
                    );
                }
                self.retry.start_again();
                self.rest(
                    LinkStatus::Disconnected,
                    "disconnected from this screen".to_owned(),
                    out,
                );
            }
            Command::Tune(backoff) => self.tune(backoff, out),
        }
    }

    /// Ends whatever is under way. Says nothing and decides nothing about what comes next.
    pub(super) fn hang_up(&mut self, reason: &str, out: &mut Out<'_>) {
        if self.sync.as_ref().is_some_and(super::Sync::is_reading) || self.lookups.is_reading() {
            out.act(Effect::CancelFetches);
        }
        if std::mem::take(&mut self.socket) {
            out.act(Effect::Close);
        }
        self.sync = None;
        self.lookups.clear();
        self.plan.clear();
        self.replace_at = None;
        self.stop_audit();
        self.heart.stop();
        self.channel.close();
        self.tokens.close();
        for tracked in &mut self.tables {
            tracked.entries.clear();
            tracked.complained = false;
            tracked.limits = None;
        }
        if self.retry.end_live(out.at()) {
            self.tokens.trust();
        }
        self.report.end_attempt(out.at(), reason);
    }

    /// Stops until the user acts.
    pub(super) fn rest(&mut self, status: LinkStatus, reason: String, out: &mut Out<'_>) {
        self.phase = Phase::Resting;
        self.say_status(status, None, Some(reason), out);
    }

    /// A text from outside, fit to be shown.
    pub(super) fn clean(&self, text: &str) -> String {
        let key = self.config.access_token.as_ref();
        let tokens = key.into_iter().chain(self.token_to_send());
        refusal::clean(text, tokens.map(crate::Token::expose))
    }
}
