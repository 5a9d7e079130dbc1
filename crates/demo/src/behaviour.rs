//! The server's behaviour, which can be changed while it runs: delays, orders, sizes, limits.

use std::time::Duration;

use super::Delays;

/// In what the server differs from its default.
#[derive(Debug, Clone, PartialEq)]
pub struct Behaviour {
    /// How long things take.
    pub delays: Delays,
    /// While a join is being decided, its socket neither reads nor sends anything else.
    pub blocks_while_joining: bool,
    /// What follows a join.
    pub subscribe: Subscribe,
    /// After a topic is joined again, frames of its former subscription are still sent.
    pub(crate) sends_stale_frames: bool,
    /// Most bytes of a WebSocket frame of a text message; `None` = each message is one frame.
    pub fragment_bytes: Option<usize>,
    /// Transactions committed between the reading of a page and its sending, which makes the page older than what the
    /// stream has sent by then.
    pub steps_behind_page: usize,
    /// Most rows of one page.
    pub max_rows: usize,
    /// Unchanged values longer than this many bytes are absent from an update, unless the table's identity is full.
    pub(crate) toast_bytes: usize,
    /// Changes of more bytes than this are sent without their large values and with `Error 413`.
    pub max_change_bytes: usize,
    /// Changes are sent together at this interval, as a server that polls its slot does; zero = at once.
    pub poll: Duration,
    /// Rate of delivered changes above which they are dropped without any sign of it; `None` = no limit. A change counts
    /// once for each subscription of any client.
    pub limit: Option<Limit>,
    /// Rate of joins above which a join is refused and its socket closed, and new sockets are refused; `None` = no limit.
    pub join_limit: Option<Limit>,
}

/// What follows a granted join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Subscribe {
    /// "Subscribed to PostgreSQL" after its delay, changes from then on.
    #[default]
    Confirmed,
    /// Nothing at all.
    Never,
    /// An error from which the server recovers by itself, and then the confirmation.
    ErrorFirst,
    /// Changes from the beginning, and the confirmation after its delay.
    ChangesFirst,
    /// The confirmation after its delay, and changes only this much later; those in between are lost.
    SlotLate(Duration),
    /// The confirmation, but never a change.
    Deaf,
}

/// A limit on an average rate, as the real server counts it (docs/realtime-protocol.md §8.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// The average per second at which the limit counts as exceeded.
    pub per_s: f64,
    /// Length of one of the buckets of the average, of which there are at most twelve; 5 s on a real server.
    pub bucket: Duration,
}

impl Behaviour {
    /// Usual behaviour with these delays.
    pub(crate) fn new(delays: Delays) -> Self {
        Self {
            delays,
            blocks_while_joining: true,
            subscribe: Subscribe::default(),
            sends_stale_frames: false,
            fragment_bytes: None,
            steps_behind_page: 0,
            max_rows: 1_000,
            toast_bytes: 2_000,
            max_change_bytes: 1 << 20,
            poll: Duration::ZERO,
            limit: None,
            join_limit: None,
        }
    }
}

impl Limit {
    /// A limit over the real server's buckets of 5 s.
    pub fn real(per_s: f64) -> Self {
        Self {
            per_s,
            bucket: Duration::from_secs(5),
        }
    }
}
