//! Reading a join: what it configures, and why it may be refused.

use serde_json::{Map, Value};

use super::{
    super::{auth::Guard, rules::Rules},
    Channel, Entry,
    entry::{self},
};

/// A join that is granted.
#[derive(Debug)]
pub struct Join {
    pub channel: Channel,
    /// The list that goes back in the reply: the entries with their ids.
    pub echo: Vec<Value>,
    /// The client wants to know who is present.
    pub wants_presence: bool,
    /// Seconds since the Unix epoch at which the token ends.
    pub expires: Option<i64>,
}

/// A join as it is asked for.
#[derive(Debug)]
pub struct Asked<'a> {
    pub topic: &'a str,
    pub payload: &'a Value,
    /// Other channels of the same socket.
    pub channels: usize,
    /// The key that the socket was opened with.
    pub key: &'a str,
}

/// Most channels on a socket.
const MOST_CHANNELS: usize = 100;

/// Reads a join.
///
/// # Errors
/// The `reason` of the reply.
pub fn read(asked: &Asked<'_>, guard: &Guard, rules: &Rules, now: i64) -> Result<Join, String> {
    let Asked {
        topic,
        payload,
        channels,
        key,
    } = *asked;
    let name = topic.strip_prefix("realtime:").unwrap_or_default();
    if name.is_empty() {
        return Err("TopicNameRequired: You must provide a topic name".into());
    }
    let payload = match payload {
        Value::Object(payload) => payload,
        Value::Null => return Err("UnknownErrorOnChannel: expected params to be a :map, got: `nil`".into()),
        other => {
            return Err(format!(
                "UnknownErrorOnChannel: expected params to be a :map, got: `{other}`"
            ));
        }
    };
    if channels >= MOST_CHANNELS {
        return Err("ChannelRateLimitReached: Too many channels".into());
    }
    let token = ["user_token", "access_token"]
        .into_iter()
        .find_map(|key| payload.get(key)?.as_str());
    // A publishable key in this place counts as no token.
    let token = token.filter(|token| !token.starts_with("sb_"));
    let bearer = guard
        .token(token.unwrap_or(key), now)
        .map_err(|error| error.in_join())?;
    let config = match payload.get("config") {
        Some(Value::Object(config)) => Some(config),
        None => None,
        Some(_) => return Err("UnknownErrorOnChannel: no function clause matching in Access.get/3".into()),
    };
    let asked = match config {
        None => vec![Value::Object(legacy_entry(name))],
        Some(config) => match config.get("postgres_changes") {
            Some(Value::Array(entries)) => entries.iter().filter(|entry| !entry.is_null()).cloned().collect(),
            _ => Vec::new(),
        },
    };
    let mut echo = Vec::with_capacity(asked.len());
    let mut entries = Ok(Vec::with_capacity(asked.len()));
    for asked in &asked {
        let Value::Object(asked) = asked else {
            return Err(format!("UnknownErrorOnChannel: expected a map, got: {asked}"));
        };
        // One bad entry disables all of them; the first one's message is told.
        if let Ok(list) = &mut entries {
            match Entry::parse(asked, rules) {
                Ok(entry) => list.push(entry),
                Err(message) => entries = Err(message),
            }
        }
        let mut answer = asked.clone();
        answer.insert("id".into(), entry::id(asked).into());
        echo.push(Value::Object(answer));
    }
    let flag = |section: &str, key: &str| {
        let value = config
            .and_then(|config| config.get(section))
            .and_then(|section| section.get(key));
        matches!(value, Some(Value::Bool(true))) || value.and_then(Value::as_str) == Some("true")
    };
    let channel = Channel {
        serial: 0,
        topic: topic.into(),
        join_ref: None,
        is_legacy: config.is_none(),
        entries,
        is_live: false,
        lost_until: None,
        is_deaf: false,
        acks: flag("broadcast", "ack"),
        echoes: flag("broadcast", "self"),
        token: token.map(Into::into),
        role: bearer.role.into(),
    };
    Ok(Join {
        channel,
        echo,
        wants_presence: flag("presence", "enabled"),
        expires: bearer.expires,
    })
}

/// In the first API the topic itself names schema, table and filter.
fn legacy_entry(name: &str) -> Map<String, Value> {
    let keys = ["schema", "table", "filter"];
    keys.into_iter()
        .zip(name.splitn(3, ':'))
        .map(|(key, value)| (key.into(), value.into()))
        .collect()
}
