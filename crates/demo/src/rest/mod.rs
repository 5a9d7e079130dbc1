//! The REST face: reads of the same tables, in PostgREST's words.

mod answer;
mod query;
mod read;

pub use read::read;
