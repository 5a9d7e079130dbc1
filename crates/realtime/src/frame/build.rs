//! The frames that client and server send, made from their parts. Those from the server to the client are for servers
//! in tests and tools.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

use super::{Frame, PHOENIX};

/// A payload from anything that serializes. What cannot be serialized (a map with keys that are no strings) becomes
/// null: nothing in this crate does that.
fn raw(payload: &impl Serialize) -> Cow<'static, RawValue> {
    to_raw_value(payload).map_or(Cow::Borrowed(RawValue::NULL), Cow::Owned)
}

impl<'a> Frame<'a> {
    /// Any frame.
    pub fn new(
        join_ref: Option<&'a str>,
        reference: Option<&'a str>,
        topic: &'a str,
        event: &'a str,
        payload: &impl Serialize,
    ) -> Self {
        Self {
            join_ref: join_ref.map(Cow::Borrowed),
            reference: reference.map(Cow::Borrowed),
            topic: Cow::Borrowed(topic),
            event: Cow::Borrowed(event),
            payload: raw(payload),
        }
    }

    /// Client to server: keeps the socket open.
    pub fn heartbeat(reference: &'a str) -> Self {
        Self::new(None, Some(reference), PHOENIX, "heartbeat", &json!({}))
    }

    /// Client to server: `payload` is a [`JoinPayload`](crate::JoinPayload). The join's own `ref` becomes the
    /// `join_ref` of all frames after it.
    pub fn join(reference: &'a str, topic: &'a str, payload: &impl Serialize) -> Self {
        Self::new(Some(reference), Some(reference), topic, "phx_join", payload)
    }

    /// Client to server: leaves the channel.
    pub fn leave(join_ref: &'a str, reference: &'a str, topic: &'a str) -> Self {
        Self::new(Some(join_ref), Some(reference), topic, "phx_leave", &json!({}))
    }

    /// Client to server: a fresh token for the channel. No reply means that it was accepted.
    pub fn access_token(join_ref: &'a str, reference: &'a str, topic: &'a str, token: &str) -> Self {
        let payload = json!({ "access_token": token });
        Self::new(Some(join_ref), Some(reference), topic, "access_token", &payload)
    }

    /// Server to client, for servers in tests and tools: the answer to a push, with the push's own references.
    pub fn reply(
        join_ref: Option<&'a str>,
        reference: Option<&'a str>,
        topic: &'a str,
        ok: bool,
        response: &impl Serialize,
    ) -> Self {
        #[derive(Serialize)]
        struct Reply<'b, T> {
            response: &'b T,
            status: &'static str,
        }
        let status = if ok { "ok" } else { "error" };
        Self::new(join_ref, reference, topic, "phx_reply", &Reply { response, status })
    }

    /// Server to client, for servers in tests and tools: a `system` message. `extension` is `postgres_changes` or
    /// `system`; the sub-topic is `topic` without `realtime:`.
    pub fn system(join_ref: Option<&'a str>, topic: &'a str, extension: &str, ok: bool, message: &str) -> Self {
        let payload = json!({
            "channel": topic.strip_prefix("realtime:").unwrap_or(topic),
            "extension": extension,
            "message": message,
            "status": if ok { "ok" } else { "error" },
        });
        Self::new(join_ref, None, topic, "system", &payload)
    }

    /// Server to client, for servers in tests and tools: one change. `data` is the object with `schema`, `table`, `type`,
    /// `record` ….
    pub fn postgres_changes(topic: &'a str, ids: &[i64], data: &impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Change<'b, T> {
            data: &'b T,
            ids: &'b [i64],
        }
        Self::new(None, None, topic, "postgres_changes", &Change { data, ids })
    }

    /// Server to client, for servers in tests and tools: the channel has ended normally.
    pub fn phx_close(join_ref: &'a str, topic: &'a str) -> Self {
        Self::new(Some(join_ref), Some(join_ref), topic, "phx_close", &json!({}))
    }

    /// Server to client, for servers in tests and tools: the channel has crashed.
    pub fn phx_error(join_ref: &'a str, topic: &'a str) -> Self {
        Self::new(Some(join_ref), Some(join_ref), topic, "phx_error", &json!({}))
    }
}
