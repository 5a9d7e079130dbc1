//! Opening and closing: the socket's life, and what the user orders.

use super::{Out, Phase, Session};
use crate::{
    domain::{Level, LinkStatus},
    realtime::{
        api::{Action, CloseReason, Command, ConnectFailure},
        refusal::{self, Class},
    },
};

impl Session {
    pub(super) fn start(&mut self, out: &mut Out<'_>) {
        if self.phase != Phase::New {
            return;
        }
        if self.tables.is_empty() {
            let reason =
                "no table is configured; set at least one of [tables.agents], [tables.tasks], [tables.workflows]";
            self.rest(LinkStatus::Error, reason.to_owned(), out);
            return;
        }
        self.connect(out);
    }

    /// Opens a socket.
    pub(super) fn connect(&mut self, out: &mut Out<'_>) {
        self.phase = Phase::Connecting;
        self.socket = true;
        self.report.begin_attempt(out.at());
        self.say_status(LinkStatus::Connecting, None, None, out);
        out.act(Action::Open);
    }

    pub(super) fn opened(&mut self, out: &mut Out<'_>) {
        if self.phase != Phase::Connecting {
            return;
        }
        self.report.count_connect();
        self.heart.start(out.at(), self.config.heartbeat_interval);
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
                retry_after: _,
            } => {
                let refusal = refusal::of_connect(http, &self.clean(&message));
                self.lose(refusal.sentence, refusal.class, out);
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
                self.hang_up("the user asked to reconnect", out);
                self.retry.start_again();
                self.connect(out);
            }
            Command::Disconnect => {
                self.leave(out);
                self.hang_up("the user disconnected", out);
                if self.phase != Phase::Resting || self.report.status() != LinkStatus::Disconnected {
                    self.say(
                        Level::Info,
                        "disconnected",
                        "Disconnected; it stays so until you reconnect.",
                        out,
                    );
                }
                self.retry.start_again();
                self.rest(LinkStatus::Disconnected, "disconnected by the user".to_owned(), out);
            }
            Command::Tune(backoff) => self.tune(backoff, out),
        }
    }

    /// Ends whatever is under way. Says nothing and decides nothing about what comes next.
    pub(super) fn hang_up(&mut self, reason: &str, out: &mut Out<'_>) {
        if self.sync.as_ref().is_some_and(super::Sync::is_reading) || self.lookups.is_reading() {
            out.act(Action::CancelFetches);
        }
        if std::mem::take(&mut self.socket) {
            out.act(Action::Close);
        }
        self.sync = None;
        self.lookups.clear();
        self.plan.clear();
        self.heart.stop();
        self.channel.close();
        for tracked in &mut self.tables {
            tracked.entry = None;
            tracked.complained = false;
        }
        self.retry.end_live(out.at());
        self.report.end_attempt(out.at(), reason);
    }

    /// Stops until the user acts.
    pub(super) fn rest(&mut self, status: LinkStatus, reason: String, out: &mut Out<'_>) {
        self.phase = Phase::Resting;
        self.say_status(status, None, Some(reason), out);
    }

    /// A text from outside, fit to be shown.
    pub(super) fn clean(&self, text: &str) -> String {
        refusal::clean(
            text,
            self.config.access_token.as_ref().map(crate::realtime::Token::expose),
        )
    }
}
