//! Plain data: what an agent, a task, a workflow, a change and a connection status are, and how a table row becomes
//! one of them. Nothing here knows of sockets, the ECS or a picture.

mod agent;
mod backoff;
mod change;
pub mod format;
mod hash;
mod header;
mod headers;
mod id;
mod json;
mod kind;
pub mod mapping;
mod notice;
mod per_kind;
mod record;
pub mod schema;
mod status;
mod task;
pub mod text;
pub mod theme;
mod workflow;

pub use agent::Agent;
pub use backoff::Backoff;
pub use change::{Change, Op};
pub use format::{Span, noun};
pub use hash::fnv1a;
pub use header::{Column, Header};
pub use headers::Headers;
pub use id::{RowId, RowKey};
pub use json::{Cell, List, Object, Quoted, Scan};
pub use kind::Kind;
pub use mapping::{KindMapping, Mapping};
pub use notice::{FoldKey, Level, Notice, NoticeKind, Shown};
pub use per_kind::PerKind;
pub use record::Record;
pub use status::{Phase, Shape, Status, StatusReading, Trouble};
pub use task::Task;
pub use workflow::Workflow;

/// A row read through the mapping: what its kind says it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    Agent(Agent),
    Task(Task),
    Workflow(Workflow),
}
