//! The demo feed: a simulated organisation, and a server in front of it that speaks Realtime, REST and Auth as Supabase does.
//!
//! `sim` decides what happens, `store` holds the rows, and `hub` commits transactions and sends every change to the sockets.
//! `socket`, `rest` and `auth` are the three APIs, `control` is the operator's access to a running feed, `server` maps paths to
//! the APIs, and `host` runs the thread. Most frames are written with the codec of the `realtime` crate; changes, of which
//! there are many, are written by `socket::fanout`.

mod answer_fault;
mod auth;
mod behaviour;
mod broadcast;
mod control;
#[cfg(unix)]
mod database;
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
#[cfg(unix)]
pub use database::{Fixture, PREPARATION, Postgres, Summary};
pub use error::DemoError;
pub use host::Host;
pub use options::{Delays, Identity, Keys, Options, Population};
#[cfg(unix)]
pub use rest::similar;
pub use rules::TableRules;
pub use server::Server;
pub use sim::Simulation;
pub use store::{Applied, Mutation, Row, Store, StoredCell, TableId};
pub use words::{HANDSHAKES, Handshake, JOINS, JoinError, SYSTEMS, SystemMessage};
