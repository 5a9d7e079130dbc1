//! The channel: the join, its answer, what the server says about it, and its end.

use std::time::Duration;

use serde_json::Value;

use super::{Connection, Out, Phase, Sync};
use crate::event::LinkStatus;
use crate::{
    BroadcastConfig, Direction, Entry, Frame, JoinConfig, JoinPayload, PresenceConfig, Vsn,
    api::Effect,
    change::{self, Ids},
    decode_binary, decode_text, encode_text,
    frame::PHOENIX,
    integer,
    refusal::{self, Class},
};

/// From sending the join to its answer. The server's worst case: 15 s for a cold database and 5 s for a refusal.
const JOIN_DEADLINE: Duration = Duration::from_secs(20);
/// From the join's answer to the database's confirmation.
const SYSTEM_OK_DEADLINE: Duration = Duration::from_secs(30);
/// The same, while the server says that it goes on trying.
const SYSTEM_OK_DEADLINE_WHILE_RETRYING: Duration = Duration::from_secs(60);
/// A close that does not say which join it means is ours when our join is older than this.
const CLOSE_IS_OURS_AFTER: Duration = Duration::from_secs(1);
/// So many joins in a row answered with other entries than were asked for are a fault that no retry mends.
const MAX_MISMATCHES: u32 = 3;

/// The one channel of the socket.
#[derive(Debug, Default)]
pub(super) struct Channel {
    /// Fresh for every join, so that frames of an earlier subscription cannot be taken for this one's.
    topic: String,
    /// The join's reference, as text; empty while there is none.
    join_ref: String,
    sent: Duration,
    joins: u64,
    /// Why the database does not confirm, while the server goes on trying.
    pub complaint: Option<String>,
    /// The server said that it is about to hang up.
    pub announced: Option<String>,
}

impl Channel {
    /// Joins sent since the session was made.
    pub fn joins(&self) -> u64 {
        self.joins
    }

    /// Joins that others have sent before.
    pub fn count_joins(&mut self, joins: u64) {
        self.joins += joins;
    }

    /// Topic and the join's reference, for pushes.
    pub fn address(&self) -> (&str, &str) {
        (&self.topic, &self.join_ref)
    }

    pub fn close(&mut self) {
        self.join_ref.clear();
        self.complaint = None;
        self.announced = None;
    }
}

impl Connection {
    pub(super) fn join(&mut self, out: &mut Out<'_>) {
        let reference = self.reference().to_string();
        self.channel.joins += 1;
        self.channel.topic = format!("realtime:{}{}", self.config.topic_prefix, self.channel.joins);
        self.channel.join_ref = reference.clone();
        self.channel.sent = out.at();
        let payload = JoinPayload {
            config: JoinConfig {
                broadcast: BroadcastConfig::default(),
                presence: PresenceConfig::default(),
                postgres_changes: self
                    .entry_names()
                    .map(|(schema, table)| Entry {
                        event: "*".to_owned(),
                        schema: schema.to_owned(),
                        table: Some(table.to_owned()),
                        filter: None,
                    })
                    .collect(),
                private: false,
            },
            access_token: self.token_to_send().map(|token| token.expose().to_owned()),
        };
        let frame = Frame::join(&reference, &self.channel.topic, &payload);
        let text = encode_text(self.config.vsn, Direction::ToServer, &frame);
        self.phase = Phase::Joining {
            deadline: out.at() + JOIN_DEADLINE,
        };
        out.act(Effect::Send(text));
    }

    /// Says goodbye to the channel, where there is one. Nobody waits for the answer: the socket closes next.
    pub(super) fn leave(&mut self, out: &mut Out<'_>) {
        if !self.has_channel() {
            return;
        }
        let reference = self.reference().to_string();
        let frame = Frame::leave(&self.channel.join_ref, &reference, &self.channel.topic);
        out.act(Effect::Send(encode_text(self.config.vsn, Direction::ToServer, &frame)));
    }

    /// There is a channel that frames can belong to.
    pub(super) fn has_channel(&self) -> bool {
        matches!(
            self.phase,
            Phase::Joining { .. } | Phase::Subscribing { .. } | Phase::Syncing | Phase::Live
        )
    }

    /// Takes a frame that is a change worded as usual; says whether it is.
    pub(super) fn usual_change(&mut self, text: &str, out: &mut Out<'_>) -> bool {
        if self.config.vsn == Vsn::V1 {
            return false;
        }
        let Some((event, bytes)) = change::read(text, &self.channel.topic, &mut self.names) else {
            return false;
        };
        self.report.count_frame(text.len());
        self.changed(event, bytes, out);
        true
    }

    pub(super) fn text(&mut self, text: &str, out: &mut Out<'_>) {
        if !self.has_channel() {
            return;
        }
        // Nearly every frame is a change; whatever is not worded as usual is looked at as a whole.
        if self.usual_change(text, out) {
            return;
        }
        self.report.count_frame(text.len());
        let Ok(frame) = decode_text(self.config.vsn, text) else {
            // Whose change was lost in it cannot be told.
            let is_data = text.contains("\"postgres_changes\"");
            return self.malformed(is_data, out);
        };
        if frame.topic == PHOENIX {
            if frame.event == "phx_reply"
                && let Some(reference) = &frame.reference
            {
                self.heart.answered(reference, out.at());
            }
            return;
        }
        if frame.topic != self.channel.topic
            || frame
                .join_ref
                .as_ref()
                .is_some_and(|join| *join != *self.channel.join_ref)
        {
            return;
        }
        match &*frame.event {
            "postgres_changes" => self.change(frame.payload.get(), out),
            "phx_close" => self.ended(&frame, "the server closed the channel", out),
            "phx_error" => self.ended(&frame, "the channel crashed on the server", out),
            "phx_reply" | "system" if frame.payload_is_null() => self.malformed(false, out),
            "phx_reply" => self.reply(&frame, out),
            "system" => self.system(&frame, out),
            _ => {}
        }
    }

    /// Binary frames carry broadcasts, which are not asked for; a broken one counts.
    pub(super) fn binary(&mut self, bytes: &[u8]) {
        if !self.has_channel() {
            return;
        }
        self.report.count_frame(bytes.len());
        let whole = decode_binary(bytes).and_then(|frame| frame.to_text_shape().map(drop));
        if whole.is_err() {
            self.report.count_malformed();
        }
    }

    /// A frame is dropped. `lost`: a change was lost with it.
    pub(super) fn malformed(&mut self, lost: bool, out: &mut Out<'_>) {
        self.report.count_malformed();
        if lost {
            self.mark_dirty(Duration::ZERO, out);
        }
        if self.plan.count_malformed(out.at()) {
            let text = "the connection delivers malformed frames".to_owned();
            self.lose(text, Class::Retry, out);
        }
    }

    /// `phx_close` or `phx_error`.
    fn ended(&mut self, frame: &Frame<'_>, what: &str, out: &mut Out<'_>) {
        // Serializer 1.0.0 has no join_ref; there the end of a channel carries the join's own reference.
        let of = frame.join_ref.as_ref().or(frame.reference.as_ref());
        let is_ours = match of {
            Some(reference) => *reference == *self.channel.join_ref,
            None => out.at().saturating_sub(self.channel.sent) > CLOSE_IS_OURS_AFTER,
        };
        if is_ours {
            self.lose(what.to_owned(), Class::Retry, out);
        }
    }

    fn reply(&mut self, frame: &Frame<'_>, out: &mut Out<'_>) {
        let payload: Value = match serde_json::from_str(frame.payload.get()) {
            Ok(payload) => payload,
            Err(_) => return self.malformed(false, out),
        };
        let response = payload.get("response");
        let is_ok = payload.get("status").and_then(Value::as_str) == Some("ok");
        let is_joins = frame.reference.as_deref() == Some(&*self.channel.join_ref);
        if !is_joins || !matches!(self.phase, Phase::Joining { .. }) {
            let reason = response.and_then(|response| response.get("reason")?.as_str());
            if !is_ok && reason == Some("unmatched topic") {
                let text = "the server no longer knows the channel".to_owned();
                self.lose(text, Class::Retry, out);
            }
            return;
        }
        if !is_ok {
            let reason = response.map(reason_of).unwrap_or_default();
            let refusal = refusal::of_join(&self.clean(&reason), self.terms());
            return self.lose(refusal.sentence, refusal.class, out);
        }
        match self.bindings(response) {
            Some(ids) => {
                let mut ids = ids.into_iter();
                for tracked in &mut self.tables {
                    tracked.entries = ids.by_ref().take(tracked.source.subscribed_names().count()).collect();
                }
                self.heart.join_answered(out.at(), self.config.heartbeat_interval);
                self.phase = Phase::Subscribing {
                    joined: out.at(),
                    deadline: out.at() + SYSTEM_OK_DEADLINE,
                };
                if self.config.snapshots {
                    // From here on every change is kept until the snapshot is there.
                    self.sync = Some(Sync::first(self.tables.len(), self.config.page_size, out.at()));
                }
            }
            None => {
                self.retry.mismatches += 1;
                let class = if self.retry.mismatches >= MAX_MISMATCHES {
                    self.retry.was_ever_live = false;
                    Class::Fatal
                } else {
                    Class::Retry
                };
                let text = "the server joined other tables than requested (binding mismatch); check that the address is a Supabase Realtime server of 2023 or later";
                self.lose(text.to_owned(), class, out);
            }
        }
    }

    /// Schema and name of every entry, in the order of the join.
    fn entry_names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tables.iter().flat_map(|tracked| {
            let source = &tracked.source;
            source.subscribed_names().map(|name| (source.schema.as_str(), name))
        })
    }

    /// The ids of our entries, when the server echoes exactly those. Unknown keys are ignored and null is missing.
    fn bindings(&self, response: Option<&Value>) -> Option<Vec<i64>> {
        let echoed = response?.get("postgres_changes")?.as_array()?;
        if echoed.len() != self.entry_names().count() {
            return None;
        }
        echoed
            .iter()
            .zip(self.entry_names())
            .map(|(echo, (schema, table))| {
                let text = |key| echo.get(key).and_then(Value::as_str);
                let matches = text("event") == Some("*")
                    && text("schema") == Some(schema)
                    && text("table") == Some(table)
                    && echo.get("filter").is_none_or(Value::is_null);
                if !matches {
                    return None;
                }
                integer(&echo.get("id")?.to_string())
            })
            .collect()
    }

    fn system(&mut self, frame: &Frame<'_>, out: &mut Out<'_>) {
        let Ok(payload) = serde_json::from_str::<Value>(frame.payload.get()) else {
            return self.malformed(false, out);
        };
        let text = |key| payload.get(key).and_then(Value::as_str).unwrap_or_default();
        let from_database = text("extension") == "postgres_changes";
        let message = self.clean(text("message"));
        match text("status") {
            "ok" if from_database => self.subscribed(out),
            "ok" if message.contains("disconnect") => self.channel.announced = Some(message),
            "error" => match refusal::of_system(from_database, &message, &self.config.sources, self.terms()) {
                // Of these `phx_close` follows, which says less.
                Some(refusal) => self.lose(refusal.sentence, refusal.class, out),
                None => self.unsubscribed(message, out),
            },
            _ => {}
        }
    }

    /// The database confirms the subscription: changes flow from now on.
    fn subscribed(&mut self, out: &mut Out<'_>) {
        self.channel.complaint = None;
        match self.phase {
            Phase::Subscribing { .. } if !self.config.snapshots => self.go_live(0, out),
            Phase::Subscribing { .. } => {
                self.phase = Phase::Syncing;
                self.begin_sync(out);
            }
            // The echo of a token push: the same rows, so that nothing was lost.
            Phase::Syncing | Phase::Live if self.tokens.is_echo(out.at()) => {}
            // Not asked for: the subscription was made anew on the server, and what happened in between is lost.
            Phase::Syncing => self.begin_sync(out),
            Phase::Live => self.mark_dirty(Duration::ZERO, out),
            _ => {}
        }
    }

    /// The database does not confirm (any more), and the server goes on trying.
    fn unsubscribed(&mut self, message: String, out: &mut Out<'_>) {
        match &mut self.phase {
            Phase::Subscribing { joined, deadline } => *deadline = *joined + SYSTEM_OK_DEADLINE_WHILE_RETRYING,
            Phase::Syncing | Phase::Live => {
                self.phase = Phase::Subscribing {
                    joined: out.at(),
                    deadline: out.at() + SYSTEM_OK_DEADLINE_WHILE_RETRYING,
                };
                self.pause_following(out);
            }
            _ => return,
        }
        let reason = format!("the database does not confirm the subscription yet (\"{message}\")");
        self.channel.complaint = Some(message);
        self.say_status(LinkStatus::Connecting, None, Some(reason), out);
    }

    /// One of the ids is an entry of ours.
    pub(super) fn is_known_entry(&self, ids: &Ids) -> bool {
        self.tables
            .iter()
            .any(|tracked| tracked.entries.iter().any(|entry| ids.contains(entry)))
    }
}

/// The reason in a refusal's response: an object with a `reason`, a plain text, or whatever it is.
fn reason_of(response: &Value) -> String {
    response
        .get("reason")
        .unwrap_or(response)
        .as_str()
        .map_or_else(|| response.to_string(), str::to_owned)
}
