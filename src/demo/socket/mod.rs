//! The Realtime face: handshake, one task a socket, joins, and changes to those who subscribed.

mod entry;
mod fanout;
mod handshake;
mod inbound;
mod join;
mod members;
mod outbox;
mod task;

pub use entry::Entry;
pub use fanout::Fanout;
pub use handshake::upgrade;
pub use members::{Channel, Member, Members};
pub use outbox::Outbox;
