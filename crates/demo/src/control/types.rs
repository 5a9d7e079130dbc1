//! The arguments and results of the controls.

use std::{collections::BTreeMap, fmt, str::FromStr};

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use crate::{DemoError, Handshake};

/// How a socket is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// The connection ends with a FIN.
    #[default]
    Fin,
    /// The connection is reset.
    Rst,
    /// A close frame with this code, then the end.
    Close(u16),
}

impl FromStr for Cut {
    type Err = DemoError;

    fn from_str(text: &str) -> Result<Self, DemoError> {
        match text {
            "fin" => Ok(Self::Fin),
            "rst" => Ok(Self::Rst),
            code => match code.parse() {
                // The codes that a close frame may carry.
                Ok(code @ (1000..=1003 | 1007..=1014 | 3000..=4999)) => Ok(Self::Close(code)),
                _ => Err(DemoError::Control(format!(
                    "'{code}' is no way to cut a socket: write fin, rst or a close code such as 1012"
                ))),
            },
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fin => f.write_str("fin"),
            Self::Rst => f.write_str("rst"),
            Self::Close(code) => write!(f, "{code}"),
        }
    }
}

/// What is refused, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// New sockets; those that are open stay open.
    pub sockets: bool,
    /// Reads of the tables.
    pub rest: bool,
    /// Sign-ins and refreshes.
    pub auth: bool,
    /// The HTTP status with which it is refused.
    pub status: StatusCode,
    /// The reason in the body; `None` = the usual one of the API.
    pub text: Option<String>,
    /// The value of the `Retry-After` header, in seconds; `None` sends no such header.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// Refuses new sockets as one of [`crate::HANDSHAKES`] does.
    pub fn named(name: &str) -> Option<Self> {
        let refusal = Handshake::named(name)?;
        Some(Self {
            status: StatusCode::from_u16(refusal.status).ok()?,
            text: Some(refusal.text.into()),
            ..Self::default()
        })
    }
}

impl Default for Refusal {
    /// Refuses new sockets with 503, as a gateway whose server is down.
    fn default() -> Self {
        Self {
            sockets: true,
            rest: false,
            auth: false,
            status: StatusCode::SERVICE_UNAVAILABLE,
            text: None,
            retry_after: None,
        }
    }
}

/// A fault of every joined channel, while the sockets stay open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelFault {
    /// `phx_close`, and the channel is gone.
    Close,
    /// `phx_error`, and the channel is gone.
    Error,
    /// `system` error "Token has expired …", then `phx_close`.
    Expire,
    /// A second "Subscribed to PostgreSQL", after which a client must expect a gap.
    Resubscribe,
    /// The channel stays joined, but no change is sent to it any more.
    Deafen,
}

/// What the feed holds and what it does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct State {
    /// Row counts by table name.
    pub tables: BTreeMap<&'static str, TableState>,
    /// WebSockets that are open at present.
    pub sockets: usize,
    /// Channels that are joined at present, over all sockets.
    pub channels: usize,
    /// Joined channels that changes are sent to.
    pub subscribed: usize,
    /// Transactions committed since the start.
    pub(crate) commits: u64,
    /// Changes committed since the start.
    pub changes: u64,
    /// Whether the simulation is stopped.
    pub paused: bool,
    /// Changes per second while it is not.
    pub rate: f64,
    /// What clients have done since the start.
    pub seen: Seen,
}

/// What clients have done since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Sockets that were opened.
    pub connects: u64,
    /// Handshakes that were refused.
    pub refused_connects: u64,
    /// Joins that were granted.
    pub joins: u64,
    /// Joins refused.
    pub(crate) refused_joins: u64,
    /// Joins that carried a token of their own.
    pub joins_with_token: u64,
    /// Tokens pushed to a joined channel, unchanged ones included.
    pub token_pushes: u64,
    /// Heartbeats that were answered.
    pub heartbeats: u64,
    /// Frames for topics that were not joined.
    pub unmatched: u64,
    /// Pages of tables that were read.
    pub reads: u64,
    /// Sign-ins and refreshes granted.
    pub grants: u64,
    /// Sign-ins and refreshes refused.
    pub refused_grants: u64,
}

/// What one table contains.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TableState {
    /// The number of rows.
    pub rows: usize,
    /// The number of rows by status word.
    pub status: BTreeMap<String, usize>,
}
