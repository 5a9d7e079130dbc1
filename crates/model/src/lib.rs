//! Plain data: kinds, ids and records, and how a table row becomes an agent, a task or a workflow. Nothing here depends on
//! sockets, the ECS or the picture.

mod backoff;
mod change;
mod counts;
mod difference;
pub mod discover;
#[cfg(test)]
mod documents;
pub mod format;
mod hash;
mod header;
mod headers;
mod heartbeat;
mod id;
mod join;
mod json;
mod kind;
pub mod mapping;
mod mask;
mod notice;
mod per_kind;
mod record;
mod row;
pub mod schema;
pub mod short;
mod source_id;
mod status;
pub mod text;
pub mod theme;

pub use backoff::Backoff;
pub use change::{Change, Op, TableChange};
pub use counts::RowCounts;
pub use difference::Difference;
pub use format::{Span, noun};
pub use hash::fnv1a;
pub use header::{Column, Header};
pub use headers::Headers;
pub use heartbeat::{Beat, Heartbeats, Life, Silence};
pub use id::{RowId, RowKey};
pub use join::{Joiner, Lookup};
pub use json::{Cell, List, Object, Quoted, Scan};
pub use kind::Kind;
pub use mapping::{Mapping, SourceMapping};
pub use mask::is_masked;
pub use notice::{FoldKey, Level, Notice, NoticeKind, Shown};
pub use per_kind::PerKind;
pub use record::Record;
pub use row::{Agent, Row, Task, Workflow};
pub use source_id::SourceId;
pub use status::{Phase, Rule, Shape, Status, StatusReading, Trouble};
