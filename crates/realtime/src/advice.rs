//! What refusals mean, as sentences, for who asks without a session. `signed_in`: a session token was sent.

use super::{Table, refusal};

/// The upgrade was answered with an HTTP status instead.
pub fn refused_connect(http: u16, message: &str) -> String {
    refusal::of_connect(http, message, false).sentence
}

/// A join was answered with an error.
pub fn refused_join(reason: &str, signed_in: bool) -> String {
    refusal::of_join(reason, signed_in).sentence
}

/// A `system` message of status error; `None` when the server goes on trying by itself. `from_database`: its extension
/// is `postgres_changes`.
pub fn refused_subscription(from_database: bool, message: &str, table: &Table, signed_in: bool) -> Option<String> {
    refusal::of_system(from_database, message, std::slice::from_ref(table), signed_in).map(|refusal| refusal.sentence)
}
