//! The connection as the rest of the app sees it.

use bevy::prelude::*;

use model::{Backoff, PerKind};
use realtime::{LinkReport, SourceReport, StatusReport, SyncReport};

/// What is known of the connection. Written by `ConnectionPlugin` only.
#[derive(Resource, Debug, Clone, Default)]
pub struct Connection {
    pub report: StatusReport,
    /// Since when the status is what it is, seconds of `Time<Real>`.
    pub since: f64,
    /// When the report came: what `report.retry_in_ms` counts from. Seconds of `Time<Real>`.
    pub reported: f64,
    pub link: LinkReport,
    /// Each kind's sources together: the worst state, and the rows of all.
    pub sources: PerKind<SourceReport>,
    pub last_sync: Option<SyncReport>,
    /// When changes last flowed (live, or catching up), seconds of `Time<Real>`; `None` before the first time.
    pub last_live: Option<f64>,
    /// Changes per second over the last few seconds.
    pub changes_per_second: f32,
    /// Where it connects to, without query or key.
    pub shown_url: String,
    pub backoff: Backoff,
    /// The feed is the built-in demo.
    pub demo: bool,
    /// Somebody is signed in: what ends is a session's token. Else it is the key.
    pub signed_in: bool,
    /// The feed's clock, which `link` tells times on, is ahead of `Time<Real>` by this many seconds: its thread starts
    /// before there is a window.
    pub feed_ahead: f64,
}
