//! What surrounds the scene: the canvas (a window, or none), frame rate and quality, pictures, unattended operation, and
//! the app itself.

mod app;
pub mod canvas;
pub mod fonts;
pub mod frame_rate;
pub mod governor;
mod gpu;
mod idle;
mod in_force;
mod kiosk;
pub mod picture;
mod remember;
mod report;
mod resolution;
mod snapshot;
mod unattended;
mod viewing;

pub use app::{Lose, Picture, WallOptions, build};
pub use remember::RememberPlugin;
