//! Tests of the table through its public surface: sorting, export, and what rows have in common.

mod common;
mod export;
mod rows;
mod sorting;
