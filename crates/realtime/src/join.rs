//! The payload of `phx_join`, typed: the server takes a wrong type for "not given" and joins anyway, so it is never
//! put together by hand. It is read as well as written, for servers in tests.

use serde::{Deserialize, Serialize};

use super::Token;

/// `{"config": …, "access_token": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinPayload {
    /// What is subscribed to.
    pub config: JoinConfig,
    /// The token that identifies the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Token>,
}

/// What a channel is joined for: the `config` of a join.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JoinConfig {
    /// How broadcasts in this channel are handled.
    pub broadcast: BroadcastConfig,
    /// Whether and as whom the client is present in this channel.
    pub presence: PresenceConfig,
    /// The tables whose changes are subscribed to.
    pub postgres_changes: Vec<Entry>,
    /// The channel is private: access is decided by policies on `realtime.messages`.
    pub private: bool,
}

/// How broadcasts in a channel are handled.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BroadcastConfig {
    /// The server acknowledges broadcasts.
    pub ack: bool,
    /// The client receives its own broadcasts.
    #[serde(rename = "self")]
    pub own: bool,
    /// Messages of the last three days that are sent again after the join. Only in private channels; in others it refuses
    /// the join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
}

/// Which messages are sent again after a join: the last ones since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Milliseconds since the Unix epoch.
    pub since: i64,
    /// At most this many, 1 to 25.
    pub limit: u32,
}

/// Whether and as whom a client is present in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PresenceConfig {
    /// The client's key among those present.
    pub key: String,
    /// Presence is used.
    pub enabled: bool,
}

/// Changes of one table, or of those whose names are like it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `*`, `INSERT`, `UPDATE` or `DELETE`.
    pub event: String,
    /// The schema of the table, `public` in most projects.
    pub schema: String,
    /// The table; `None` = all of the schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// `column=operator.value`; `None` = all rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}
