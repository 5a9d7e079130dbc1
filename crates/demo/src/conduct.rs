//! How the server conducts itself, changeable while it runs: delays, orders, sizes, limits.

use std::time::Duration;

use super::Delays;

/// What a server may do otherwise than this one does by default.
#[derive(Debug, Clone, PartialEq)]
pub struct Conduct {
    pub delays: Delays,
    /// While a join is being refused, its socket neither reads nor sends anything else.
    pub blocks_while_joining: bool,
    pub subscribe: Subscribe,
    /// After a topic was joined again, frames of its former subscription still come.
    pub sends_stale_frames: bool,
    /// Text messages go out in WebSocket frames of so many bytes at most; `None` = each in one.
    pub fragment_bytes: Option<usize>,
    /// Transactions of the simulation that are committed behind each page, before it is sent: the page is older than
    /// what the stream has told by then.
    pub steps_behind_page: usize,
    /// Most rows of one page.
    pub max_rows: usize,
    /// Unchanged values longer than so many bytes are absent from an update, unless the table's identity is full.
    pub toast_bytes: usize,
    /// Changes of more bytes than this come without their large values and with `Error 413`.
    pub max_change_bytes: usize,
    /// Changes are sent at once (zero), or together this often, as a server that polls its slot does.
    pub poll: Duration,
    /// Changes delivered a second beyond which they are dropped without a sign; `None` = no limit.
    pub limit: Option<Limit>,
}

/// What follows a join that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Subscribe {
    /// "Subscribed to PostgreSQL" after its delay, changes from then on.
    #[default]
    Confirmed,
    /// Nothing at all.
    Never,
    /// An error that the server gets over by itself, and then the confirmation.
    ErrorFirst,
    /// Changes flow at once, the confirmation comes after its delay.
    ChangesFirst,
    /// The confirmation comes after its delay, changes so much later still; those in between are lost.
    SlotLate(Duration),
    /// The confirmation comes, changes never do.
    Deaf,
}

/// A limit on the average of a window, as the real server counts it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Changes delivered a second, each subscriber counted.
    pub per_s: f64,
    /// Length of one of the window's twelve buckets; 5 s on a real server.
    pub bucket: Duration,
}

impl Conduct {
    pub(super) fn new(delays: Delays) -> Self {
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
        }
    }
}

impl Limit {
    /// The real server's window of 12 buckets of 5 s.
    pub fn real(per_s: f64) -> Self {
        Self {
            per_s,
            bucket: Duration::from_secs(5),
        }
    }
}
