//! The mapping: which columns have which role, which words mean which state, and how a table row is read with them.
//!
//! Reading a row never fails: what is missing is absent, and an unknown status word is shown as unmapped.

pub(crate) mod cell;
mod companion;
mod details;
mod explain;
mod label;
mod languages;
mod link;
pub(crate) mod links;
mod map;
mod present;
mod priority;
mod progress;
mod read;
mod shape;
mod source;
mod status;
pub(crate) mod time;
mod words;

pub use companion::{Companion, Take};
pub use details::{Attempt, Details};
pub use explain::{Explanation, Reading};
pub use label::MAX_LABEL_CHARS;
pub use link::is_link_template;
pub use links::{LINKS, LinkText, MAX_AGENTS_PER_TASK, MAX_DEPENDENCIES_PER_TASK, links_to};
pub use map::Mapping;
pub use source::SourceMapping;
pub use time::of_text as time_of_text;
pub use words::{MAX_WORD_BYTES, normalised};
pub(crate) use words::{asks_for_human, known_word};
