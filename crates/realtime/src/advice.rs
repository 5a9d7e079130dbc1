//! What refusals mean, as sentences: for tests and tools that talk to a server without a session, such as diagnostics.
//!
//! `signed_in`: a session token was sent, not the key alone.

use super::{Remedies, Source, refusal, refusal::Terms};

/// What it means that the upgrade was answered with this HTTP status and message.
pub fn refused_connect(http: u16, message: &str, remedies: &Remedies) -> String {
    let terms = Terms {
        signed_in: false,
        remedies,
    };
    refusal::of_connect(http, message, terms).sentence
}

/// What it means that a join was answered with this reason.
pub fn refused_join(reason: &str, signed_in: bool, remedies: &Remedies) -> String {
    refusal::of_join(reason, Terms { signed_in, remedies }).sentence
}

/// What a `system` message of status error means; `None` when the server goes on trying by itself. `from_database`:
/// the message's extension is `postgres_changes`.
pub fn refused_subscription(
    from_database: bool,
    message: &str,
    source: &Source,
    signed_in: bool,
    remedies: &Remedies,
) -> Option<String> {
    let terms = Terms { signed_in, remedies };
    let refusal = refusal::of_system(from_database, message, std::slice::from_ref(source), terms);
    refusal.map(|refusal| refusal.sentence)
}
