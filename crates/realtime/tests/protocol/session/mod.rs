//! The session's status machine and backoff with a simulated clock, and the races of realtime-protocol.md §12.4 as far
//! as an unfiltered subscription with one key meets them.

use std::time::Duration;

use crate::rig::{Rig, config, ms, seconds, table};
use model::Backoff;
use realtime::{CloseReason, Command, ConnectFailure, Event, LinkStatus, PageError, PageQuery};
use serde_json::{Value, json};

fn waits(rig: &Rig) -> Vec<u64> {
    rig.statuses.iter().filter_map(|status| status.retry_in_ms).collect()
}

mod backoff;
mod heartbeat;
mod honesty;
mod races;
mod refusals;
