//! The query language, its completion and the finder over rows read through a mapping.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod completion;
mod errors;
mod finder;
mod hostile;
mod properties;
mod rows;
mod terms;
