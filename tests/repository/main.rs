//! Checks of the repository itself: references between code and documents, and rules that neither Cargo nor clippy
//! enforces.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod citations;
mod fixtures;
mod house_rules;
mod layers;
mod races_and_vectors;
