//! The city plan: where each block, cell and agent of the wall is. Pure geometry; see the README for the algorithm.

mod changes;
mod city;
mod fit;
mod level;
mod rect;
mod rows;
mod scene;
mod slots;

pub use changes::{AgentPlace, BlockKey, BlockPlace, Changes, Spot};
pub use city::{City, Report};
pub use level::{Level, TILE_ASPECT, bands};
pub use rect::Rect;
pub use rows::{Agent, Batch, NameWidth, Task, Workflow};
pub use scene::{Pace, Scene};
