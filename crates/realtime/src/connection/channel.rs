//! The main channel of a socket, with all sources: its topic, its frames to the server, and what the server's answers
//! mean. Further channels are in `side`.

use std::time::Duration;

use serde_json::Value;

use crate::{Direction, Entry, Frame, JoinConfig, JoinPayload, Source, Token, Vsn, encode_text, integer};

/// A close that does not name its join is taken for this one when the join is older than this.
const CLOSE_IS_OURS_AFTER: Duration = Duration::from_secs(1);
/// Joins in a row answered with other entries than were asked for: from this many on no retry helps.
const MAX_MISMATCHES: u32 = 3;

/// The join of a topic: which frames belong to it, and the frames that are sent on it.
#[derive(Debug)]
pub(super) struct Membership {
    vsn: Vsn,
    topic: String,
    /// The join's reference; empty while there is none.
    join_ref: String,
    joined_at: Duration,
}

impl Membership {
    /// No topic is joined.
    pub(super) fn new(vsn: Vsn) -> Self {
        Self {
            vsn,
            topic: String::new(),
            join_ref: String::new(),
            joined_at: Duration::ZERO,
        }
    }

    /// The topic of the last join.
    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// A join is in force.
    pub(super) fn is_joined(&self) -> bool {
        !self.join_ref.is_empty()
    }

    /// The topic is not joined any more.
    pub(super) fn close(&mut self) {
        self.join_ref.clear();
    }

    /// Writes a frame to the server.
    pub(super) fn encode(&self, frame: &Frame<'_>) -> String {
        encode_text(self.vsn, Direction::ToServer, frame)
    }

    /// The join of a topic.
    pub(super) fn join(&mut self, reference: u64, topic: String, payload: &JoinPayload, at: Duration) -> String {
        self.topic = topic;
        self.join_ref = reference.to_string();
        self.joined_at = at;
        self.encode(&Frame::join(&self.join_ref, &self.topic, payload))
    }

    /// The leave. Its answer is not waited for.
    pub(super) fn leave(&self, reference: u64) -> String {
        self.encode(&Frame::leave(&self.join_ref, &reference.to_string(), &self.topic))
    }

    /// A push of a fresh token.
    pub(super) fn push_token(&self, reference: u64, token: &Token) -> String {
        let reference = reference.to_string();
        self.encode(&Frame::access_token(
            &self.join_ref,
            &reference,
            &self.topic,
            token.expose(),
        ))
    }

    /// Whether a frame belongs to this join: of its topic, and of no other join.
    pub(super) fn owns(&self, frame: &Frame<'_>) -> bool {
        frame.topic == self.topic && frame.join_ref.as_ref().is_none_or(|join| *join == *self.join_ref)
    }

    /// Whether a reply is the join's.
    pub(super) fn is_join_reply(&self, frame: &Frame<'_>) -> bool {
        frame.reference.as_deref() == Some(&*self.join_ref)
    }

    /// Whether a `phx_close` or `phx_error` ends this join.
    pub(super) fn is_ended_by(&self, frame: &Frame<'_>, at: Duration) -> bool {
        // Serializer 1.0.0 has no join_ref; there the end of a channel carries the join's own reference.
        match frame.join_ref.as_ref().or(frame.reference.as_ref()) {
            Some(reference) => *reference == *self.join_ref,
            None => at.saturating_sub(self.joined_at) > CLOSE_IS_OURS_AFTER,
        }
    }
}

/// The main channel of the present socket, and counts over all of them.
#[derive(Debug)]
pub(super) struct Channel {
    /// Topics begin with this.
    prefix: String,
    /// Its topic is fresh for every join, so that frames of an earlier subscription cannot be mistaken for this one's.
    membership: Membership,
    joins: u64,
    mismatches: u32,
    /// Why the database does not confirm the subscription, while the server goes on trying.
    pub(super) complaint: Option<String>,
    /// The server announced that it is about to close the connection.
    pub(super) announced: Option<String>,
}

impl Channel {
    /// A channel that has not been joined.
    pub(super) fn new(vsn: Vsn, topic_prefix: &str) -> Self {
        Self {
            prefix: format!("realtime:{topic_prefix}"),
            membership: Membership::new(vsn),
            joins: 0,
            mismatches: 0,
            complaint: None,
            announced: None,
        }
    }

    /// Joins sent since the session was made.
    pub(super) fn joins(&self) -> u64 {
        self.joins
    }

    /// The topic of the last join.
    pub(super) fn topic(&self) -> &str {
        self.membership.topic()
    }

    /// What its topics begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The join that is in force.
    pub(super) fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Continues the counts of another connection.
    pub(super) fn inherit(&mut self, old: &Self) {
        self.joins += old.joins;
    }

    /// The channel is left; the socket stays.
    pub(super) fn leave(&mut self) {
        self.membership.close();
        self.complaint = None;
    }

    /// The socket is closed.
    pub(super) fn close(&mut self) {
        self.membership.close();
        self.complaint = None;
        self.announced = None;
    }

    /// Writes a frame to the server.
    pub(super) fn encode(&self, frame: &Frame<'_>) -> String {
        self.membership.encode(frame)
    }

    /// The join of a fresh topic, with an entry for each name of each source.
    pub(super) fn join<'s>(
        &mut self,
        reference: u64,
        names: impl Iterator<Item = (&'s str, &'s str)>,
        token: Option<&Token>,
        at: Duration,
    ) -> String {
        self.joins += 1;
        let topic = format!("{}{}", self.prefix, self.joins);
        let payload = JoinPayload {
            config: JoinConfig {
                postgres_changes: names.map(|(schema, table)| all_changes(schema, table)).collect(),
                ..JoinConfig::default()
            },
            access_token: token.cloned(),
        };
        self.membership.join(reference, topic, &payload, at)
    }

    /// The join was answered with other entries. True when that happened so often that no retry helps.
    pub(super) fn count_mismatch(&mut self) -> bool {
        self.mismatches += 1;
        self.mismatches >= MAX_MISMATCHES
    }

    /// The entries were right, or the user acted.
    pub(super) fn forget_mismatches(&mut self) {
        self.mismatches = 0;
    }
}

/// The entry of a join for all changes of a table.
pub(super) fn all_changes(schema: &str, table: &str) -> Entry {
    Entry {
        event: "*".to_owned(),
        schema: schema.to_owned(),
        table: Some(table.to_owned()),
        filter: None,
    }
}

/// Schema and name of every entry of a join, in its order.
pub(super) fn entry_names<'s>(sources: impl Iterator<Item = &'s Source>) -> impl Iterator<Item = (&'s str, &'s str)> {
    sources.flat_map(|source| source.subscribed_names().map(|name| (source.schema.as_str(), name)))
}

/// The ids of the entries, when the server echoes exactly those asked for. Unknown keys are ignored and null is
/// missing.
pub(super) fn bindings<'s>(
    response: Option<&Value>,
    names: impl Iterator<Item = (&'s str, &'s str)>,
) -> Option<Vec<i64>> {
    let echoed = response?.get("postgres_changes")?.as_array()?;
    let names: Vec<_> = names.collect();
    if echoed.len() != names.len() {
        return None;
    }
    let id = |(echo, (schema, table)): (&Value, (&str, &str))| {
        let text = |key| echo.get(key).and_then(Value::as_str);
        let is_asked_for = text("event") == Some("*")
            && text("schema") == Some(schema)
            && text("table") == Some(table)
            && echo.get("filter").is_none_or(Value::is_null);
        is_asked_for.then(|| integer(&echo.get("id")?.to_string()))?
    };
    echoed.iter().zip(names).map(id).collect()
}

/// The reason in a refusal's response: an object with a `reason`, a plain text, or whatever it is.
pub(super) fn reason_of(response: &Value) -> String {
    response
        .get("reason")
        .unwrap_or(response)
        .as_str()
        .map_or_else(|| response.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_join_has_a_topic_of_its_own_and_frames_of_others_are_not_its() {
        let mut channel = Channel::new(Vsn::V2, "a-");
        let mut topics = Vec::new();
        for reference in [1, 7] {
            channel.join(reference, std::iter::empty(), None, Duration::ZERO);
            topics.push(channel.topic().to_owned());
        }
        assert_eq!(topics, ["realtime:a-1", "realtime:a-2"]);
        let frame = |join_ref, topic| Frame::new(join_ref, None, topic, "system", &json!({}));
        assert!(
            channel.membership().owns(&frame(Some("7"), "realtime:a-2"))
                && channel.membership().owns(&frame(None, "realtime:a-2"))
        );
        assert!(
            !channel.membership().owns(&frame(Some("1"), "realtime:a-2"))
                && !channel.membership().owns(&frame(None, "realtime:a-1"))
        );
        let close = Frame::new(None, None, "realtime:a-2", "phx_close", &json!({}));
        assert!(!channel.membership().is_ended_by(&close, Duration::from_secs(1)));
        assert!(channel.membership().is_ended_by(&close, Duration::from_secs(2)));
    }

    #[test]
    fn the_entries_must_be_echoed_as_they_were_asked_for() {
        let names = || [("public", "a"), ("public", "b")].into_iter();
        let entry = |table: &str, id: i64| json!({"event": "*", "schema": "public", "table": table, "id": id, "x": 1});
        let response = |entries: &[Value]| json!({ "postgres_changes": entries });
        let bind = |response: &Value| bindings(Some(response), names());
        assert_eq!(bind(&response(&[entry("a", 5), entry("b", 6)])), Some(vec![5, 6]));
        assert_eq!(bind(&response(&[entry("b", 6), entry("a", 5)])), None);
        assert_eq!(bind(&response(&[entry("a", 5)])), None);
        assert_eq!(bind(&json!({})), None);
    }
}
