//! The Realtime server: handshake, one task for each socket, joins, and changes for the subscribers.

mod entry;
mod fanout;
mod handshake;
mod inbound;
mod join;
mod members;
mod outbox;
mod task;

pub(crate) use entry::Subscription;
pub(crate) use fanout::{Access, Change, Fanout};
pub(crate) use handshake::upgrade;
pub(crate) use members::{Due, Member, Members, ServerChannel, Timer};
pub(crate) use outbox::Outbox;
