//! The embedded feed: simulated operations, and a server in front of them that speaks Realtime and REST.
//!
//! `sim` decides what happens, `store` holds the rows, `hub` commits the one into the other and hands every change to
//! the sockets; `socket` and `rest` are the two faces of it, `control` the operator's door, `server` the thread.
//! Small frames go through the codec that the client uses; changes, of which there are many, through `socket::fanout`.

mod control;
mod error;
mod faults;
mod hub;
mod names;
mod options;
mod predicate;
mod rest;
mod server;
mod sim;
mod socket;
mod store;

pub use control::{ChannelFault, Control, Cut, Refusal, State, TableState};
pub use error::DemoError;
pub use faults::Faults;
pub use options::{Delays, Identity, Keys, Options};
pub use server::Server;
pub use sim::Simulation;
pub use store::{Applied, Cell, Mutation, Row, Store, TableId};
