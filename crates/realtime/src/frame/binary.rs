//! Binary messages (serializer `2.0.0` only): a kind byte, length bytes, texts, and data to the end. Every slice is
//! checked; a length byte never decides an allocation.

use std::{borrow::Cow, fmt};

use serde_json::value::{RawValue, to_raw_value};

use super::{Frame, FrameError};

/// The type of a binary message, its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryKind {
    /// 0: a push; from the server it has no `ref`.
    Push,
    /// 1: a reply; `event` holds its status.
    Reply,
    /// 2: a broadcast of the serializer itself; no server sends it today.
    Broadcast,
    /// 3 to the server, 4 to the client: a user's broadcast; `event` is the user's own.
    UserBroadcast,
}

/// A binary message taken apart. `Debug` shows no data, which may hold a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BinaryFrame<'a> {
    /// The type, which decides what the other fields mean.
    pub kind: BinaryKind,
    /// The join that this belongs to.
    pub join_ref: Option<&'a str>,
    /// Echoed by the reply.
    pub reference: Option<&'a str>,
    /// The topic of the channel, `realtime:…`.
    pub topic: &'a str,
    /// The event; of a reply, its status.
    pub event: &'a str,
    /// A JSON object as text, or empty.
    pub meta: &'a str,
    /// The data is JSON text, not raw bytes.
    pub json: bool,
    /// Everything after the texts.
    pub data: &'a [u8],
}

impl fmt::Debug for BinaryFrame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinaryFrame")
            .field("kind", &self.kind)
            .field("join_ref", &self.join_ref)
            .field("reference", &self.reference)
            .field("topic", &self.topic)
            .field("event", &self.event)
            .field("data", &format_args!("… {} bytes", self.data.len()))
            .finish_non_exhaustive()
    }
}

/// Takes apart a message from the server: kinds 0, 1, 2 and 4.
///
/// # Errors
/// When it is empty, ends too early, has text that is not UTF-8, or a kind that a server does not send.
pub fn decode_binary(bytes: &[u8]) -> Result<BinaryFrame<'_>, FrameError> {
    let mut rest = Reader(bytes);
    match rest.kind()? {
        0 => {
            let [join, topic, event] = rest.lengths()?;
            Ok(BinaryFrame {
                join_ref: rest.reference(join)?,
                topic: rest.text(topic)?,
                event: rest.text(event)?,
                data: rest.0,
                ..plain(BinaryKind::Push)
            })
        }
        1 => {
            let [join, own, topic, status] = rest.lengths()?;
            Ok(BinaryFrame {
                join_ref: rest.reference(join)?,
                reference: rest.reference(own)?,
                topic: rest.text(topic)?,
                event: rest.text(status)?,
                data: rest.0,
                ..plain(BinaryKind::Reply)
            })
        }
        2 => {
            let [topic, event] = rest.lengths()?;
            Ok(BinaryFrame {
                topic: rest.text(topic)?,
                event: rest.text(event)?,
                data: rest.0,
                ..plain(BinaryKind::Broadcast)
            })
        }
        4 => {
            let [topic, event, meta] = rest.lengths()?;
            let json = rest.encoding()?;
            Ok(BinaryFrame {
                topic: rest.text(topic)?,
                event: rest.text(event)?,
                meta: rest.text(meta)?,
                json,
                data: rest.0,
                ..plain(BinaryKind::UserBroadcast)
            })
        }
        other => Err(FrameError::UnknownKind(other)),
    }
}

/// Takes apart a message from a client: kinds 0 and 3. Hidden, because a session needs it nowhere: the tests read the
/// protocol's vectors and recorded clients with it.
///
/// # Errors
/// As [`decode_binary`].
#[doc(hidden)]
pub fn decode_client_binary(bytes: &[u8]) -> Result<BinaryFrame<'_>, FrameError> {
    let mut rest = Reader(bytes);
    match rest.kind()? {
        0 => {
            let [join, own, topic, event] = rest.lengths()?;
            Ok(BinaryFrame {
                join_ref: rest.reference(join)?,
                reference: rest.reference(own)?,
                topic: rest.text(topic)?,
                event: rest.text(event)?,
                data: rest.0,
                ..plain(BinaryKind::Push)
            })
        }
        3 => {
            let [join, own, topic, event, meta] = rest.lengths()?;
            let json = rest.encoding()?;
            Ok(BinaryFrame {
                join_ref: rest.reference(join)?,
                reference: rest.reference(own)?,
                topic: rest.text(topic)?,
                event: rest.text(event)?,
                meta: rest.text(meta)?,
                json,
                data: rest.0,
                ..plain(BinaryKind::UserBroadcast)
            })
        }
        other => Err(FrameError::UnknownKind(other)),
    }
}

impl<'a> BinaryFrame<'a> {
    /// The same message as a text frame would have carried it: a user's broadcast as
    /// `{type, event, payload, meta?}`, a push with JSON data as it is, a reply as `{status, response}`.
    ///
    /// # Errors
    /// When the data is meant to be JSON and is not. Raw bytes of a broadcast have no text shape: their payload is null.
    pub fn to_text_shape(&self) -> Result<Frame<'a>, FrameError> {
        #[derive(serde::Serialize)]
        struct Broadcast<'b> {
            r#type: &'b str,
            event: &'b str,
            payload: &'b RawValue,
            #[serde(skip_serializing_if = "Option::is_none")]
            meta: Option<&'b RawValue>,
        }
        #[derive(serde::Serialize)]
        struct Reply<'b> {
            status: &'b str,
            response: &'b RawValue,
        }
        let (event, payload): (&str, Box<RawValue>) = match self.kind {
            BinaryKind::Push => (self.event, json(self.data)?.to_owned()),
            BinaryKind::Reply => (
                "phx_reply",
                to_raw_value(&Reply {
                    status: self.event,
                    response: json(self.data)?,
                })?,
            ),
            BinaryKind::Broadcast | BinaryKind::UserBroadcast => (
                "broadcast",
                to_raw_value(&Broadcast {
                    r#type: "broadcast",
                    event: self.event,
                    payload: if self.json { json(self.data)? } else { RawValue::NULL },
                    meta: (!self.meta.is_empty())
                        .then(|| json(self.meta.as_bytes()))
                        .transpose()?,
                })?,
            ),
        };
        Ok(Frame {
            join_ref: self.join_ref.map(Cow::Borrowed),
            reference: self.reference.map(Cow::Borrowed),
            topic: Cow::Borrowed(self.topic),
            event: Cow::Borrowed(event),
            payload: Cow::Owned(payload),
        })
    }
}

fn plain(kind: BinaryKind) -> BinaryFrame<'static> {
    BinaryFrame {
        kind,
        join_ref: None,
        reference: None,
        topic: "",
        event: "",
        meta: "",
        json: false,
        data: &[],
    }
}

fn json(bytes: &[u8]) -> Result<&RawValue, FrameError> {
    Ok(serde_json::from_slice(bytes)?)
}

/// What is still to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, FrameError> {
        let (first, rest) = self.0.split_first().ok_or(FrameError::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }

    fn kind(&mut self) -> Result<u8, FrameError> {
        self.byte().map_err(|_| FrameError::Empty)
    }

    fn encoding(&mut self) -> Result<bool, FrameError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(FrameError::UnknownKind(other)),
        }
    }

    fn lengths<const N: usize>(&mut self) -> Result<[usize; N], FrameError> {
        let mut lengths = [0; N];
        for length in &mut lengths {
            *length = usize::from(self.byte()?);
        }
        Ok(lengths)
    }

    fn text(&mut self, length: usize) -> Result<&'a str, FrameError> {
        let (text, rest) = self.0.split_at_checked(length).ok_or(FrameError::Truncated)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| FrameError::NotUtf8)
    }

    fn reference(&mut self, length: usize) -> Result<Option<&'a str>, FrameError> {
        let text = self.text(length)?;
        Ok((!text.is_empty()).then_some(text))
    }
}
