//! The conversation over the socket: one channel a table, so that a table that cannot be followed is known by name.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::judge::ChangeSeen;
use client::probe::{Heard, Socket};
use model::{Kind, KindMapping, Mapping, PerKind};
use realtime::{
    CloseReason, Direction, Entry, Frame, JoinConfig, JoinPayload, Source, Token, Vsn, advice, decode_text,
    encode_text, frame::PHOENIX,
};

/// Longest text of the server's that is kept.
const MAX_WORDS: usize = 300;

/// One table's channel as it stands.
#[derive(Debug, Default)]
pub struct Channel {
    topic: String,
    reference: String,
    source: Option<Source>,
    /// The reply, with the reason of a refusal.
    pub joined: Option<Result<(), String>>,
    /// "Subscribed", or extension and words of a refusal.
    pub subscribed: Option<Result<(), (String, String)>>,
    /// When that came.
    pub subscribed_at: Option<Instant>,
    /// What the server said while it went on trying.
    pub last_words: (String, String),
}

/// An open socket and what was heard on it.
pub struct Talk {
    socket: Socket,
    vsn: Vsn,
    signed_in: bool,
    references: u64,
    pub channels: PerKind<Channel>,
    beat: Option<String>,
    answered: Option<Instant>,
    /// The first change on any channel, one with a row before one without.
    pub change: Option<ChangeSeen>,
    /// How the socket or a subscribed channel ended.
    pub ended: Option<String>,
}

impl Talk {
    pub fn new(socket: Socket, vsn: Vsn, signed_in: bool) -> Self {
        Self {
            socket,
            vsn,
            signed_in,
            references: 0,
            channels: PerKind::default(),
            beat: None,
            answered: None,
            change: None,
            ended: None,
        }
    }

    /// The channels that were asked for.
    pub fn asked(&self) -> impl Iterator<Item = (Kind, &Channel)> {
        self.channels.iter().filter(|(_, channel)| channel.source.is_some())
    }

    /// Asks to join a channel for each table.
    pub async fn join(&mut self, mapping: &Mapping, token: &Token) {
        for (kind, of) in mapping.followed() {
            let topic = format!("realtime:opswall-doctor-{}", kind.plural());
            let reference = self.reference();
            let payload = JoinPayload {
                config: JoinConfig {
                    postgres_changes: vec![entry(of)],
                    ..JoinConfig::default()
                },
                access_token: Some(token.expose().to_owned()),
            };
            let text = encode_text(
                self.vsn,
                Direction::ToServer,
                &Frame::join(&reference, &topic, &payload),
            );
            self.channels[kind] = Channel {
                topic,
                reference,
                source: Some(source(of)),
                ..Channel::default()
            };
            self.send(text).await;
        }
    }

    /// Sends a heartbeat and waits for the answer; the text is empty when none came.
    pub async fn beat(&mut self, deadline: Duration) -> Result<Duration, String> {
        let started = Instant::now();
        let reference = self.reference();
        let text = encode_text(self.vsn, Direction::ToServer, &Frame::heartbeat(&reference));
        self.beat = Some(reference);
        self.send(text).await;
        self.listen(started + deadline, |talk| talk.answered.is_some()).await;
        match self.answered {
            Some(at) => Ok(at.saturating_duration_since(started)),
            None => Err(self.ended.clone().unwrap_or_default()),
        }
    }

    /// Listens until `done`, the end of the socket, or the deadline.
    pub async fn listen(&mut self, deadline: Instant, done: impl Fn(&Self) -> bool) {
        while self.ended.is_none() && !done(self) {
            match timeout_at(deadline, self.socket.receive()).await {
                Err(_) => return,
                Ok(Heard::Text(text)) => self.take(&text),
                Ok(Heard::Binary) => {}
                Ok(Heard::Closed(reason)) => self.ended = Some(words(&reason)),
            }
        }
    }

    pub async fn close(self) {
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
            self.ended = Some(words(&reason));
        }
    }

    /// Takes a frame; what is none is somebody else's trouble.
    fn take(&mut self, text: &str) {
        let Ok(frame) = decode_text(self.vsn, text) else { return };
        let payload: Value = serde_json::from_str(frame.payload.get()).unwrap_or_default();
        let reference = frame.reference.as_deref();
        if frame.topic == PHOENIX {
            if frame.event == "phx_reply" && reference.is_some() && reference == self.beat.as_deref() {
                self.answered.get_or_insert_with(Instant::now);
            }
            return;
        }
        let Some((_, channel)) = self
            .channels
            .iter_mut()
            .find(|(_, channel)| channel.topic == frame.topic)
        else {
            return;
        };
        match &*frame.event {
            "phx_reply" if reference == Some(&channel.reference) => channel.reply(&payload),
            "system" => channel.system(&payload, self.signed_in),
            "postgres_changes" if self.change.as_ref().is_none_or(|seen| !seen.has_row()) => {
                self.change = Some(change(&payload));
            }
            "phx_close" | "phx_error" => {
                let end = format!("the server ended the channel ({})", frame.event);
                match &channel.subscribed {
                    None => channel.subscribed = Some(Err(("system".into(), end))),
                    Some(Ok(())) => self.ended = Some(end),
                    Some(Err(_)) => {}
                }
            }
            _ => {}
        }
    }
}

impl Channel {
    fn reply(&mut self, payload: &Value) {
        self.joined
            .get_or_insert_with(|| match text(payload, "/status").as_str() {
                "ok" => Ok(()),
                _ => Err(match text(payload, "/response/reason") {
                    reason if reason.is_empty() => "no reason given".into(),
                    reason => reason,
                }),
            });
    }

    fn system(&mut self, payload: &Value, signed_in: bool) {
        let (extension, message) = (text(payload, "/extension"), text(payload, "/message"));
        let from_database = extension == "postgres_changes";
        if text(payload, "/status") == "ok" {
            if from_database {
                self.subscribed = Some(Ok(()));
                self.subscribed_at = Some(Instant::now());
            }
            return;
        }
        let is_final = self.source.as_ref().is_none_or(|source| {
            let remedies = client::remedies();
            advice::refused_subscription(from_database, &message, source, signed_in, &remedies).is_some()
        });
        if is_final {
            self.subscribed.get_or_insert(Err((extension, message)));
        } else {
            self.last_words = (extension, message);
        }
    }
}

fn entry(of: &KindMapping) -> Entry {
    Entry {
        event: "*".into(),
        schema: of.schema.clone(),
        table: Some(of.table.clone()),
        filter: None,
    }
}

fn source(of: &KindMapping) -> Source {
    Source {
        schema: of.schema.clone(),
        table: of.table.clone(),
        key: vec![of.id.clone()],
        ..Source::default()
    }
}

fn change(payload: &Value) -> ChangeSeen {
    let committed = text(payload, "/data/commit_timestamp").parse::<jiff::Timestamp>().ok();
    let errors = match payload.pointer("/data/errors") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    ChangeSeen {
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
    text.chars().take(MAX_WORDS).collect()
}

fn words(reason: &CloseReason) -> String {
    match reason {
        CloseReason::Frame { code, text } if text.is_empty() => format!("the server closed the socket (code {code})"),
        CloseReason::Frame { code, text } => format!("the server closed the socket (code {code}: {text})"),
        CloseReason::Lost(text) => format!("the socket is lost: {text}"),
    }
}
