//! `ConnectionPlugin`: owns the worker and its channels, keeps the status as a resource, obeys intents.

mod state;

pub use state::Connection;
