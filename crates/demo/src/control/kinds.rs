//! What can be asked of a feed, and what it tells of itself.

use std::{collections::BTreeMap, fmt, str::FromStr};

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::DemoError;

/// How a socket is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// The connection just ends.
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
                // What may stand in a close frame.
                Ok(code @ (1000..=1003 | 1007..=1014 | 3000..=4999)) => Ok(Self::Close(code)),
                _ => Err(DemoError::Faults(format!(
                    "'{code}' is no way to cut a socket: say fin, rst or a close code such as 1012"
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
    /// Reads.
    pub rest: bool,
    /// Sign-ins and refreshes.
    pub auth: bool,
    pub status: StatusCode,
    /// The reason in the body; the usual one of the face where there is none.
    pub text: Option<String>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// New sockets, in one of the server's own ways (see [`super::super::HANDSHAKES`]).
    pub fn named(name: &str) -> Option<Self> {
        let refusal = super::super::Handshake::named(name)?;
        Some(Self {
            status: StatusCode::from_u16(refusal.status).ok()?,
            text: Some(refusal.text.into()),
            ..Self::default()
        })
    }
}

impl Default for Refusal {
    /// New sockets, as a gateway without its server behind it.
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

/// What can befall every joined channel while the sockets stay open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelFault {
    /// `phx_close`, and the channel is gone.
    Close,
    /// `phx_error`, and the channel is gone.
    Error,
    /// `system` error "Token has expired …", then `phx_close`.
    Expire,
    /// A second "Subscribed to PostgreSQL": a gap may have been.
    Resubscribe,
    /// Joined, but no change comes any more.
    Deafen,
}

/// What the feed holds and does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct State {
    pub tables: BTreeMap<&'static str, TableState>,
    pub sockets: usize,
    /// Joined channels, and those of them to which changes flow.
    pub channels: usize,
    pub subscribed: usize,
    pub commits: u64,
    pub changes: u64,
    pub paused: bool,
    pub rate: f64,
    pub seen: Seen,
}

/// What clients have done since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Sockets that were opened, and handshakes that were refused.
    pub connects: u64,
    pub refused_connects: u64,
    /// Joins that were granted, and joins that were refused.
    pub joins: u64,
    pub refused_joins: u64,
    /// Joins that came with a token of their own.
    pub joins_with_token: u64,
    /// Tokens pushed to a joined channel, the same one as before included.
    pub token_pushes: u64,
    pub heartbeats: u64,
    /// Frames for topics that were not joined.
    pub unmatched: u64,
    pub reads: u64,
    /// Sign-ins and refreshes that were granted, and those that were refused.
    pub grants: u64,
    pub refused_grants: u64,
}

/// One table's rows, and how many have each status word.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TableState {
    pub rows: usize,
    pub status: BTreeMap<String, usize>,
}
