//! Tests of the table through its public surface: sorting, export, and what rows have in common.

#![allow(clippy::expect_used, reason = "a test may fail where what it prepares does")]

mod common;
mod export;
mod rows;
mod sorting;
