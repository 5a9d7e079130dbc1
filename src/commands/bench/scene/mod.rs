//! `opswall bench scene`: what a frame costs. The wall itself, as it is built for a display, follows a demo feed in a child
//! process over a real socket; nothing of it is copied or left out.
//!
//! Without `--full` it draws 64×36 pixels, so that rasterising costs nothing, and what is printed is the processor time of
//! the main and the render world: at rest, with changes, and with every mark in flight. With `--full` it draws
//! 1920×1080 and what is printed are frames per second, and the longest frame after 5,000 rows changed at once.

mod crowd;
mod figures;
mod measure;
mod player;
mod report;
mod sprites;
mod threads;
mod wall;

pub(crate) use measure::{Options, run};
