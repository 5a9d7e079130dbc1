//! Unattended operation around all of it: the canvas (a window, or none), pictures, the app itself.

mod app;
pub mod canvas;
pub mod fonts;
pub mod governor;
mod gpu;
mod kiosk;
pub mod pace;
pub mod picture;
mod remember;
mod resolution;
mod snapshot;
mod unattended;
mod viewing;

pub use app::{Lose, Picture, WallOptions, build};
pub use remember::RememberPlugin;
