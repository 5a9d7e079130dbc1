//! The rows as ECS entities: index, apply, retire, relations, counts. Builds and runs without a renderer.

mod components;

pub use components::*;
