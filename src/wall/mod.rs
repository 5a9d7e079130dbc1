//! Unattended operation around all of it: the canvas (a window, or none), pictures, the app itself.

mod app;
pub mod canvas;
pub mod fonts;
mod gpu;
mod kiosk;
pub mod picture;
mod snapshot;
mod unattended;
mod viewing;

pub use app::{Lose, Picture, WallOptions, build};
