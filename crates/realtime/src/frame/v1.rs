//! The `1.0.0` serializer: `{"topic", "event", "payload", "ref", "join_ref"?}`. Of a key given twice the last counts;
//! unknown keys are ignored.

use std::{borrow::Cow, fmt};

use serde::{
    Serialize,
    de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Direction, Frame, FrameError, reference, string};

pub(super) fn decode(text: &str) -> Result<Frame<'_>, FrameError> {
    let Object(frame) = serde_json::from_str(text)?;
    Ok(frame)
}

pub(super) fn encode(direction: Direction, frame: &Frame<'_>) -> String {
    #[derive(Serialize)]
    struct Wire<'a> {
        topic: &'a str,
        event: &'a str,
        payload: &'a RawValue,
        #[serde(rename = "ref")]
        reference: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        join_ref: Option<&'a str>,
    }
    let wire = Wire {
        topic: &frame.topic,
        event: &frame.event,
        payload: &frame.payload,
        reference: frame.reference.as_deref(),
        join_ref: match direction {
            Direction::ToServer => frame.join_ref.as_deref(),
            Direction::ToClient => None,
        },
    };
    // Strings and raw JSON cannot fail to serialize.
    serde_json::to_string(&wire).unwrap_or_default()
}

struct Object<'a>(Frame<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys).map(Object)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Frame<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with topic, event, payload and ref")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Frame<'de>, A::Error> {
        let (mut topic, mut event, mut payload, mut own, mut join) = (None, None, None, None, None);
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "topic" => topic = Some(map.next_value::<&'de RawValue>()?),
                "event" => event = Some(map.next_value::<&'de RawValue>()?),
                "payload" => payload = Some(map.next_value::<&'de RawValue>()?),
                "ref" => own = Some(map.next_value::<&'de RawValue>()?),
                "join_ref" => join = Some(map.next_value::<&'de RawValue>()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let missing = |key| A::Error::custom(format_args!("no {key}"));
        Ok(Frame {
            join_ref: join.map_or(Ok(None), reference)?,
            reference: reference(own.ok_or_else(|| missing("ref"))?)?,
            topic: string(topic.ok_or_else(|| missing("topic"))?)?,
            event: string(event.ok_or_else(|| missing("event"))?)?,
            payload: Cow::Borrowed(payload.ok_or_else(|| missing("payload"))?),
        })
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Key)
    }
}
