//! The Realtime face: handshake, one task a socket, joins, and changes to those who subscribed.

mod entry;
mod fanout;
mod handshake;
mod inbound;
mod join;
mod joining;
mod members;
mod outbox;
mod task;
mod timers;

pub use entry::Entry;
pub use fanout::Fanout;
pub use handshake::upgrade;
pub use members::{Channel, Due, Member, Members, Timer};
pub use outbox::Outbox;
