//! The conversation over the socket. Each table has a channel of its own, so that a table that cannot be followed is
//! reported by name.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::stream::ChangeSeen;
use client::probe::{Heard, Socket};
use model::{Mapping, SourceId};
use realtime::{
    CloseReason, Direction, Entry, Frame, JoinConfig, JoinPayload, Source, Token, Vsn, advice, decode_text,
    encode_text, frame::PHOENIX,
};

/// Most characters of a text from the server that are kept.
const MAX_TEXT_CHARS: usize = 300;

/// One table's channel.
#[derive(Debug)]
pub(super) struct Channel {
    /// Which of the sources it is.
    pub(super) id: SourceId,
    /// The table's name.
    pub(super) table: String,
    topic: String,
    reference: String,
    source: Source,
    signed_in: bool,
    /// The reply to the join, with the reason of a refusal.
    pub(super) joined: Option<Result<(), String>>,
    /// The confirmation of the subscription, or its final refusal.
    pub(super) subscribed: Option<Result<(), Refusal>>,
    /// When the confirmation came.
    pub(super) subscribed_at: Option<Instant>,
    /// The last refusal after which the server keeps trying; empty if there was none.
    last_refusal: Refusal,
}

/// A refusal of a subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// It comes from the database, not from the Realtime server.
    from_database: bool,
    /// The server's text.
    pub(super) message: String,
}

/// An open socket and what was received on it.
pub(super) struct Conversation {
    socket: Socket,
    vsn: Vsn,
    signed_in: bool,
    references: u64,
    /// The channels, in the order in which they were joined.
    pub(super) channels: Vec<Channel>,
    beat: Option<String>,
    beat_answered: Option<Instant>,
    /// The first change on any channel; one with a row replaces one without.
    pub(super) change: Option<ChangeSeen>,
    /// How the socket or a subscribed channel ended.
    pub(super) ended: Option<String>,
}

impl Conversation {
    /// A conversation on an open socket, without a channel yet.
    pub(super) fn new(socket: Socket, vsn: Vsn, signed_in: bool) -> Self {
        Self {
            socket,
            vsn,
            signed_in,
            references: 0,
            channels: Vec::new(),
            beat: None,
            beat_answered: None,
            change: None,
            ended: None,
        }
    }

    /// Requests to join a channel for each table, the companions of the sources among them.
    pub(super) async fn join(&mut self, mapping: &Mapping, token: &Token) {
        for (at, source) in settings::sources(mapping).into_iter().enumerate() {
            let id = SourceId::new(at);
            self.join_channel(id, source, &id.to_string(), token).await;
        }
    }

    /// Whether published tables have names like this, in the schema of a channel's table. It is asked by another join;
    /// `false` also when there is no answer in time.
    pub(super) async fn is_published(
        &mut self,
        channel: usize,
        pattern: &str,
        token: &Token,
        deadline: Duration,
    ) -> bool {
        let Some(asked) = self.channels.get(channel) else {
            return false;
        };
        let name = format!("{}-like", asked.id);
        let source = Source {
            partitions: vec![pattern.to_owned()],
            ..asked.source.clone()
        };
        self.is_followed(source, &name, token, deadline).await
    }

    /// Whether the server confirms a subscription to a table, on a channel of this name.
    pub(super) async fn is_followed(&mut self, source: Source, name: &str, token: &Token, deadline: Duration) -> bool {
        // Changes of this channel are not looked at, so that the source does not matter.
        self.join_channel(SourceId::default(), source, name, token).await;
        let is_answered = |channel: &Channel| channel.subscribed.is_some() || matches!(channel.joined, Some(Err(_)));
        self.listen(Instant::now() + deadline, |conversation| {
            conversation.channels.last().is_some_and(is_answered)
        })
        .await;
        let answer = self.channels.pop();
        answer.is_some_and(|channel| channel.subscribed == Some(Ok(())))
    }

    /// Requests to join a channel with every name of a source.
    async fn join_channel(&mut self, id: SourceId, source: Source, name: &str, token: &Token) {
        let topic = format!("realtime:opswall-doctor-{name}");
        let reference = self.reference();
        let payload = JoinPayload {
            config: JoinConfig {
                postgres_changes: source.subscribed_names().map(|name| entry(&source, name)).collect(),
                ..JoinConfig::default()
            },
            access_token: Some(token.clone()),
        };
        let text = encode_text(
            self.vsn,
            Direction::ToServer,
            &Frame::join(&reference, &topic, &payload),
        );
        self.channels.push(Channel {
            id,
            table: source.table.clone(),
            topic,
            reference,
            source,
            signed_in: self.signed_in,
            joined: None,
            subscribed: None,
            subscribed_at: None,
            last_refusal: Refusal::default(),
        });
        self.send(text).await;
    }

    /// Sends a heartbeat and waits for the answer; the error is empty when none came.
    pub(super) async fn beat(&mut self, deadline: Duration) -> Result<Duration, String> {
        let started = Instant::now();
        let reference = self.reference();
        let text = encode_text(self.vsn, Direction::ToServer, &Frame::heartbeat(&reference));
        self.beat = Some(reference);
        self.send(text).await;
        self.listen(started + deadline, |conversation| conversation.beat_answered.is_some())
            .await;
        match self.beat_answered {
            Some(at) => Ok(at.saturating_duration_since(started)),
            None => Err(self.ended.clone().unwrap_or_default()),
        }
    }

    /// Receives until `done`, the end of the socket, or the deadline.
    pub(super) async fn listen(&mut self, deadline: Instant, done: impl Fn(&Self) -> bool) {
        while self.ended.is_none() && !done(self) {
            match timeout_at(deadline, self.socket.receive()).await {
                Err(_) => return,
                Ok(Heard::Text(text)) => self.handle(&text),
                Ok(Heard::Binary) => {}
                Ok(Heard::Closed(reason)) => self.ended = Some(describe(&reason)),
            }
        }
    }

    /// Closes the socket.
    pub(super) async fn close(self) {
        self.socket.close().await;
    }

    fn reference(&mut self) -> String {
        self.references += 1;
        self.references.to_string()
    }

    async fn send(&mut self, text: String) {
        if self.ended.is_none()
            && let Err(reason) = self.socket.send(text).await
        {
            self.ended = Some(describe(&reason));
        }
    }

    /// Handles a text frame; one that cannot be decoded is ignored.
    fn handle(&mut self, text: &str) {
        let Ok(frame) = decode_text(self.vsn, text) else { return };
        let payload: Value = serde_json::from_str(frame.payload.get()).unwrap_or_default();
        let reference = frame.reference.as_deref();
        if frame.topic == PHOENIX {
            if frame.event == "phx_reply" && reference.is_some() && reference == self.beat.as_deref() {
                self.beat_answered.get_or_insert_with(Instant::now);
            }
            return;
        }
        let mut channels = self.channels.iter_mut();
        let Some(channel) = channels.find(|channel| channel.topic == frame.topic) else {
            return;
        };
        match &*frame.event {
            "phx_reply" if reference == Some(&channel.reference) => channel.handle_reply(&payload),
            "system" => channel.handle_system(&payload),
            "postgres_changes" if self.change.as_ref().is_none_or(|seen| !seen.has_row()) => {
                self.change = Some(change(channel.id, &payload));
            }
            "phx_close" | "phx_error" => {
                let end = format!("the server ended the channel ({})", frame.event);
                match &channel.subscribed {
                    None => channel.subscribed = Some(Err(Refusal::of_server(end))),
                    Some(Ok(())) => self.ended = Some(end),
                    Some(Err(_)) => {}
                }
            }
            _ => {}
        }
    }
}

impl Channel {
    /// How the subscription ended: the server's answer; without one the end of the socket, or the last refusal after
    /// which the server kept trying.
    pub(super) fn answer(&self, socket_ended: Option<&str>) -> Result<(), Refusal> {
        match (&self.subscribed, socket_ended) {
            (Some(answer), _) => answer.clone(),
            (None, Some(end)) => Err(Refusal::of_server(end.to_owned())),
            (None, None) => Err(self.last_refusal.clone()),
        }
    }

    /// What a refusal means and what to do; `None` while the server keeps trying.
    pub(super) fn advice(&self, refusal: &Refusal) -> Option<String> {
        advice::refused_subscription(
            refusal.from_database,
            &refusal.message,
            &self.source,
            self.signed_in,
            &client::remedies(),
        )
    }

    fn handle_reply(&mut self, payload: &Value) {
        self.joined
            .get_or_insert_with(|| match text(payload, "/status").as_str() {
                "ok" => Ok(()),
                _ => Err(match text(payload, "/response/reason") {
                    reason if reason.is_empty() => "no reason given".into(),
                    reason => reason,
                }),
            });
    }

    fn handle_system(&mut self, payload: &Value) {
        let from_database = text(payload, "/extension") == "postgres_changes";
        if text(payload, "/status") == "ok" {
            if from_database {
                self.subscribed = Some(Ok(()));
                self.subscribed_at = Some(Instant::now());
            }
            return;
        }
        let refusal = Refusal {
            from_database,
            message: text(payload, "/message"),
        };
        if self.advice(&refusal).is_some() {
            self.subscribed.get_or_insert(Err(refusal));
        } else {
            self.last_refusal = refusal;
        }
    }
}

impl Refusal {
    fn of_server(message: String) -> Self {
        Self {
            from_database: false,
            message,
        }
    }
}

fn entry(source: &Source, name: &str) -> Entry {
    Entry {
        event: "*".into(),
        schema: source.schema.clone(),
        table: Some(name.to_owned()),
        filter: None,
    }
}

fn change(source: SourceId, payload: &Value) -> ChangeSeen {
    let committed = text(payload, "/data/commit_timestamp").parse::<jiff::Timestamp>().ok();
    let errors = match payload.pointer("/data/errors") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    ChangeSeen {
        source: Some(source),
        table: format!("{}.{}", text(payload, "/data/schema"), text(payload, "/data/table")),
        change: text(payload, "/data/type"),
        after_ms: committed.map(|committed| {
            let after = jiff::Timestamp::now().duration_since(committed).as_millis();
            i64::try_from(after).unwrap_or(i64::MAX)
        }),
        errors: bounded(&errors),
    }
}

fn text(payload: &Value, at: &str) -> String {
    bounded(payload.pointer(at).and_then(Value::as_str).unwrap_or_default())
}

fn bounded(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS).collect()
}

fn describe(reason: &CloseReason) -> String {
    match reason {
        CloseReason::Frame { code, text } if text.is_empty() => format!("the server closed the socket (code {code})"),
        CloseReason::Frame { code, text } => format!("the server closed the socket (code {code}: {text})"),
        CloseReason::Lost(text) => format!("the connection was lost: {text}"),
    }
}
