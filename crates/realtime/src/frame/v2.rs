//! The `2.0.0` serializer: `[join_ref, ref, topic, event, payload]`. Further elements are ignored.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Frame, FrameError, reference, string};

pub(super) fn decode(text: &str) -> Result<Frame<'_>, FrameError> {
    let Array(frame) = serde_json::from_str(text)?;
    Ok(frame)
}

pub(super) fn encode(frame: &Frame<'_>) -> String {
    let head = (
        frame.join_ref.as_deref(),
        frame.reference.as_deref(),
        &*frame.topic,
        &*frame.event,
        &*frame.payload,
    );
    // Strings and raw JSON cannot fail to serialize.
    serde_json::to_string(&head).unwrap_or_default()
}

struct Array<'a>(Frame<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Array<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements).map(Array)
    }
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Frame<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of join_ref, ref, topic, event, payload")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Frame<'de>, A::Error> {
        let mut next = || {
            seq.next_element::<&'de RawValue>()?
                .ok_or_else(|| A::Error::custom("fewer than five elements"))
        };
        let frame = Frame {
            join_ref: reference(next()?)?,
            reference: reference(next()?)?,
            topic: string(next()?)?,
            event: string(next()?)?,
            payload: Cow::Borrowed(next()?),
        };
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(frame)
    }
}
