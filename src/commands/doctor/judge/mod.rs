//! What was seen, judged: pure functions from facts to a check.

mod access;
mod key;
mod place;
mod rest;
mod stream;
mod tls;

pub use access::{auth, clock, sign_in};
pub use key::{key, kind as key_kind};
pub use place::{dns, proxy, tcp, url};
pub use rest::{Look as RestLook, table as rest_table};
pub use stream::{Seen as ChangeSeen, change, heartbeat, join, subscribed, websocket};
pub use tls::tls;

/// A day of a moment in seconds since the Unix epoch, `2027-01-31`.
fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| format!("second {seconds} of the Unix epoch"),
        |moment| moment.strftime("%Y-%m-%d").to_string(),
    )
}

/// Whole days from one moment to a later one.
fn days(from: i64, to: i64) -> i64 {
    to.saturating_sub(from).div_euclid(86_400)
}

/// Certificates and keys that end sooner are worth a warning.
const DAYS_OF_WARNING: i64 = 14;
