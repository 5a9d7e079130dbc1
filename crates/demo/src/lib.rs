//! The embedded feed: simulated operations, and a server in front of them that speaks Realtime, REST and Auth.
//!
//! `sim` decides what happens, `store` holds the rows, `hub` commits the one into the other and hands every change to
//! the sockets; `socket`, `rest` and `auth` are its faces, `control` the operator's door, `server` the paths, `host` the thread.
//! Small frames go through the codec that the client uses; changes, of which there are many, through `socket::fanout`.

mod answer_fault;
mod auth;
mod behaviour;
mod control;
mod error;
mod host;
mod http;
mod hub;
mod limiter;
mod names;
mod options;
mod predicate;
mod rest;
mod rules;
mod server;
mod sim;
mod socket;
mod store;
mod words;

pub use answer_fault::{AnswerFault, Api};
pub use auth::{Account, AuthOptions, ErrorShape};
pub use behaviour::{Behaviour, Limit, Subscribe};
pub use control::{ChannelFault, Control, Cut, Refusal, Seen, State, TableState};
pub use error::DemoError;
pub use host::Host;
pub use options::{Delays, Identity, Keys, Options, Population};
pub use rules::TableRules;
pub use server::Server;
pub use sim::Simulation;
pub use store::{Applied, Cell, Mutation, Row, Store, TableId};
pub use words::{HANDSHAKES, Handshake, JOINS, JoinError, SYSTEMS, SystemMessage};
