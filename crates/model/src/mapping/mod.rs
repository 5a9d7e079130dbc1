//! Which columns mean what, and which words mean which state: the mapping from a table row to a row of the wall.
//!
//! A row never fails to map: what is missing is absent, what is unknown is shown as unmapped.

mod cell;
mod columns;
mod label;
mod links;
mod priority;
mod progress;
mod read;
mod status;
mod time;
mod words;

pub use columns::{KindMapping, Mapping};
pub use label::MAX_LABEL_CHARS;
pub use links::{MAX_AGENTS_PER_TASK, MAX_DEPENDENCIES_PER_TASK};
pub use words::{MAX_WORD_BYTES, normalised};
