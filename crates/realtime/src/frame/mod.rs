//! The frame codec: one WebSocket message of the Realtime protocol to a [`Frame`] and back, for both serializers and
//! both directions. It does not interpret payloads.
//!
//! Decoding borrows from the message and leaves the payload as raw JSON, which is then read once, by the code for its
//! event. Nothing here panics, recurses or allocates by a number from outside.

mod binary;
mod build;
mod v1;
mod v2;

use std::{borrow::Cow, fmt};

use serde_json::value::RawValue;
use thiserror::Error;

pub use binary::{BinaryFrame, BinaryKind, decode_binary, decode_client_binary};

/// The topic of heartbeats.
pub const PHOENIX: &str = "phoenix";

/// The serializer, as the `vsn` query parameter asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Vsn {
    /// `1.0.0`: text frames are objects, and no frame from the server has a `join_ref`.
    V1,
    /// `2.0.0`: text frames are five-element arrays.
    #[default]
    V2,
}

impl Vsn {
    /// The value of the `vsn` query parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0.0",
            Self::V2 => "2.0.0",
        }
    }
}

/// Who reads the frame. It matters for `1.0.0` only, whose frames to the client never have a `join_ref`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The server reads it.
    ToServer,
    /// The client reads it.
    ToClient,
}

/// One message. References are text here; integers on the wire become their text. `Debug` shows no payload, which may
/// hold a token.
#[derive(Clone)]
pub struct Frame<'a> {
    /// The join that this belongs to.
    pub join_ref: Option<Cow<'a, str>>,
    /// Echoed by the reply.
    pub reference: Option<Cow<'a, str>>,
    /// `realtime:…`, or [`PHOENIX`].
    pub topic: Cow<'a, str>,
    /// `phx_join`, `phx_reply`, `postgres_changes` ….
    pub event: Cow<'a, str>,
    /// Any JSON, `null` included: its shape depends on the event.
    pub payload: Cow<'a, RawValue>,
}

/// Why a message is no frame. The session counts such a message and drops it.
#[derive(Debug, Error)]
pub enum FrameError {
    /// Not JSON, or not of the serializer's shape.
    #[error("no frame of this serializer: {0}")]
    Text(#[from] serde_json::Error),
    /// A length byte points past the end.
    #[error("a binary frame that ends too early")]
    Truncated,
    /// Text inside a binary frame is not UTF-8.
    #[error("a binary frame with text that is not UTF-8")]
    NotUtf8,
    /// A kind byte (or encoding byte) that this protocol does not have in this direction.
    #[error("a binary frame of unknown kind {0}")]
    UnknownKind(u8),
    /// A binary frame without a byte.
    #[error("an empty binary frame")]
    Empty,
}

/// Reads a text message.
///
/// # Errors
/// When it is not JSON or not a frame of this serializer.
pub fn decode_text(vsn: Vsn, text: &str) -> Result<Frame<'_>, FrameError> {
    match vsn {
        Vsn::V1 => v1::decode(text),
        Vsn::V2 => v2::decode(text),
    }
}

/// Writes a text message.
pub fn encode_text(vsn: Vsn, direction: Direction, frame: &Frame<'_>) -> String {
    match vsn {
        Vsn::V1 => v1::encode(direction, frame),
        Vsn::V2 => v2::encode(frame),
    }
}

impl Frame<'_> {
    /// The same frame, independent of the message that it was read from.
    pub fn into_owned(self) -> Frame<'static> {
        Frame {
            join_ref: self.join_ref.map(|text| Cow::Owned(text.into_owned())),
            reference: self.reference.map(|text| Cow::Owned(text.into_owned())),
            topic: Cow::Owned(self.topic.into_owned()),
            event: Cow::Owned(self.event.into_owned()),
            payload: Cow::Owned(self.payload.into_owned()),
        }
    }

    /// Whether the payload is JSON `null`, which is malformed in a reply and in a `system` message.
    pub fn payload_is_null(&self) -> bool {
        self.payload.get() == "null"
    }
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("join_ref", &self.join_ref)
            .field("reference", &self.reference)
            .field("topic", &self.topic)
            .field("event", &self.event)
            .field("payload", &format_args!("… {} bytes", self.payload.get().len()))
            .finish()
    }
}

impl PartialEq for Frame<'_> {
    /// Payloads are compared as written.
    fn eq(&self, other: &Self) -> bool {
        self.join_ref == other.join_ref
            && self.reference == other.reference
            && self.topic == other.topic
            && self.event == other.event
            && self.payload.get() == other.payload.get()
    }
}

/// A `ref` or `join_ref` as written: a string, null, or (leniently) an integer.
fn reference<E: serde::de::Error>(raw: &RawValue) -> Result<Option<Cow<'_, str>>, E> {
    let text = raw.get();
    if text == "null" {
        return Ok(None);
    }
    if text.starts_with('"') {
        return string(raw).map(Some);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Some(Cow::Borrowed(text)));
    }
    Err(E::custom("a reference is a string, an integer or null"))
}

/// A string, borrowed where it has no escapes.
fn string<E: serde::de::Error>(raw: &RawValue) -> Result<Cow<'_, str>, E> {
    let text = raw.get();
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or_else(|| E::custom("a topic and an event are strings"))?;
    if inner.contains('\\') {
        serde_json::from_str(text).map(Cow::Owned).map_err(E::custom)
    } else {
        Ok(Cow::Borrowed(inner))
    }
}
