//! Where everything stands: pure functions, and one plugin that writes places.

mod components;

pub use components::*;
