//! One mutation of some bytes: what a broken proxy, a bad server or somebody clever may make of a frame.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Numbers that somebody may have counted on not to meet.
const NUMBERS: [&str; 12] = [
    "0",
    "-0",
    "-1",
    "9007199254740993",
    "9223372036854775808",
    "-9223372036854775809",
    "340282366920938463463374607431768211456",
    "1e999999",
    "-1e-999999",
    "1.7976931348623157e309",
    "0.1e1",
    "NaN",
];
/// Pieces of text that break what was not written with care.
const PIECES: [&str; 14] = [
    "\\u0000",
    "\\ud800",
    "\\udc00\\ud800",
    "\u{202e}",
    "\u{2066}\u{feff}",
    "\u{0}",
    "e\u{301}\u{301}\u{301}",
    "\u{1f469}\u{200d}\u{1f469}",
    "\\\"",
    "\"",
    "\\",
    "//",
    "%00",
    "\u{85}\u{2028}",
];
/// Keys that are worth having twice, with something else in them.
const DOUBLES: [&str; 14] = [
    r#""record":null,"#,
    r#""record":{},"#,
    r#""old_record":{"id":1},"#,
    r#""old_record":[],"#,
    r#""type":"DELETE","#,
    r#""type":"TRUNCATE","#,
    r#""ids":[],"#,
    r#""ids":["100",100,100.0,1e2],"#,
    r#""errors":["Error 413: Payload Too Large"],"#,
    r#""errors":["Error 401: Unauthorized"],"#,
    r#""errors":{"a":1},"#,
    r#""columns":[{"name":"id"},{"name":"id"},{"name":"new"}],"#,
    r#""status":"error","#,
    r#""id":null,"#,
];
const EVENTS: [&str; 10] = [
    "postgres_changes",
    "phx_close",
    "phx_error",
    "phx_reply",
    "phx_leave",
    "system",
    "presence_state",
    "broadcast",
    "access_token",
    "",
];
/// Deepest nesting made.
const DEPTH: usize = 10_000;

/// `bytes` with one to three things done to it; `other` is what may be spliced in.
pub(crate) fn mutated(rng: &mut Rng, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=rng.usize(..3) * usize::from(rng.bool()) {
        bytes = match rng.u8(..12) {
            0 => flipped(rng, bytes),
            1 => cut(rng, bytes),
            2 => spliced(rng, &bytes, other),
            3 => repeated(rng, &bytes),
            4 => nested(rng, &bytes),
            5 => grown(rng, &bytes),
            6 => {
                let piece = pick(rng, &PIECES);
                with(rng, &bytes, piece)
            }
            7 => doubled(rng, &bytes),
            _ => within_json(rng, bytes),
        };
    }
    bytes
}

fn pick<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    from[rng.usize(..from.len())]
}

fn place(rng: &mut Rng, bytes: &[u8]) -> usize {
    rng.usize(..=bytes.len())
}

fn flipped(rng: &mut Rng, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..=rng.usize(..4) {
        let at = place(rng, &bytes);
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << rng.u8(..8);
        }
    }
    bytes
}

fn cut(rng: &mut Rng, mut bytes: Vec<u8>) -> Vec<u8> {
    let (one, two) = (place(rng, &bytes), place(rng, &bytes));
    match rng.u8(..3) {
        0 => bytes.truncate(one),
        1 => drop(bytes.drain(..one)),
        _ => drop(bytes.drain(one.min(two)..one.max(two))),
    }
    bytes
}

fn spliced(rng: &mut Rng, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let (end, start) = (place(rng, bytes), place(rng, other));
    [&bytes[..end], &other[start..]].concat()
}

fn repeated(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let (one, two) = (place(rng, bytes), place(rng, bytes));
    let piece = &bytes[one.min(two)..one.max(two)];
    let times = 1 + rng.usize(..8);
    [&bytes[..one.max(two)], &piece.repeat(times), &bytes[one.max(two)..]].concat()
}

fn nested(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let depth = match rng.u8(..8) {
        0 => DEPTH,
        _ => rng.usize(..200),
    };
    let (open, close) = match rng.bool() {
        true => ("[", "]"),
        false => (r#"{"a":"#, "}"),
    };
    let at = bytes
        .iter()
        .skip(place(rng, bytes))
        .position(|byte| *byte == b':')
        .map_or_else(|| place(rng, bytes), |at| (at + 1).min(bytes.len()));
    let whole = match rng.bool() {
        true => [open.repeat(depth).as_bytes(), bytes, close.repeat(depth).as_bytes()].concat(),
        false => [&bytes[..at], open.repeat(depth).as_bytes(), &bytes[at..]].concat(),
    };
    match rng.u8(..4) {
        0 => whole[..whole.len() / 2].to_vec(),
        _ => whole,
    }
}

/// A run of digits becomes another number.
fn grown(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let from = place(rng, bytes);
    let Some(start) = bytes.iter().skip(from).position(u8::is_ascii_digit).map(|at| from + at) else {
        return bytes.to_vec();
    };
    let end = bytes
        .iter()
        .skip(start)
        .position(|byte| !byte.is_ascii_digit())
        .map_or(bytes.len(), |at| start + at);
    let number = match rng.u8(..4) {
        0 => "9".repeat(1 + rng.usize(..5_000)),
        _ => pick(rng, &NUMBERS).to_owned(),
    };
    [&bytes[..start], number.as_bytes(), &bytes[end..]].concat()
}

fn with(rng: &mut Rng, bytes: &[u8], piece: &str) -> Vec<u8> {
    let at = place(rng, bytes);
    [&bytes[..at], piece.as_bytes(), &bytes[at..]].concat()
}

/// A key that is there already, or not, with another value before the first one of an object.
fn doubled(rng: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let opens: Vec<usize> = bytes
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| *pair == b"{\"")
        .map(|(at, _)| at + 1)
        .collect();
    if opens.is_empty() {
        let double = pick(rng, &DOUBLES);
        return with(rng, bytes, double);
    }
    let at = opens[rng.usize(..opens.len())];
    [&bytes[..at], pick(rng, &DOUBLES).as_bytes(), &bytes[at..]].concat()
}

/// A frame that is still JSON: one value in it is another, has gone, or has moved.
fn within_json(rng: &mut Rng, bytes: Vec<u8>) -> Vec<u8> {
    let Ok(mut frame) = serde_json::from_slice::<Value>(&bytes) else {
        return flipped(rng, bytes);
    };
    let mut places = Vec::new();
    collect(&frame, String::new(), &mut places);
    let place = &places[rng.usize(..places.len())];
    let taken = places[rng.usize(..places.len())].clone();
    let other = frame.pointer(&taken).cloned().unwrap_or_default();
    let value = any(rng, other);
    match rng.u8(..8) {
        // A key or an element goes.
        0 => {
            let parent = place.rfind('/').map(|at| (&place[..at], &place[at + 1..]));
            if let Some((parent, name)) = parent {
                match frame.pointer_mut(parent) {
                    Some(Value::Object(map)) => drop(map.remove(name)),
                    Some(Value::Array(items)) => {
                        let at = name.parse().unwrap_or(0);
                        if at < items.len() {
                            items.remove(at);
                        }
                    }
                    _ => {}
                }
            }
        }
        // Another event with the same rest.
        1 => {
            let event = json!(pick(rng, &EVENTS));
            if let Some(items) = frame.as_array_mut()
                && let Some(item) = items.get_mut(3)
            {
                *item = event;
            } else if let Some(map) = frame.as_object_mut() {
                map.insert("event".into(), event);
            }
        }
        _ => {
            if let Some(at) = frame.pointer_mut(place) {
                *at = value;
            }
        }
    }
    frame.to_string().into_bytes()
}

fn any(rng: &mut Rng, other: Value) -> Value {
    match rng.u8(..14) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!({}),
        3 => json!(""),
        4 => json!(true),
        5 => json!(rng.i64(..)),
        6 => json!("x".repeat(rng.usize(..3_000))),
        7 => json!([other]),
        8 => json!({"id": other}),
        9 => Value::Object(Map::from_iter(
            (0..rng.usize(..40)).map(|n| (format!("c{n}"), json!(n))),
        )),
        10 => json!(["Error 413: Payload Too Large"]),
        11 => json!("00000000-0000-4000-8000-000000000001"),
        12 => json!(f64::MAX),
        _ => other,
    }
}

fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{at}/{name}"), places);
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                collect(value, format!("{at}/{number}"), places);
            }
        }
        _ => {}
    }
    places.push(at);
}
