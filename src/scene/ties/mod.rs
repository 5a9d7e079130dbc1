//! What is pointed at is tied to others: what it waits for, what waits for it, what it is a part of, what is a part of
//! it. Drawn for the hovered and the selected row alone, never at rest: one packed tie each, one instanced draw.
//!
//! `focus` says which ties a row has, `route` how they run so that many form a few strands, `store` keeps them packed
//! and `gather` ties it together. As with the beams a tie names the slots of its two marks and the shader reads their
//! places there.

mod focus;
mod gather;
mod instance;
mod route;
mod store;

use bevy::prelude::*;

pub use focus::MOST_TIES;
pub(super) use focus::{Ends, Fleet};
pub use instance::{TIE_WORDS, Tie, TieKind};
pub use route::Circle;
pub use store::ShownTies;

/// The ties' systems.
pub(super) fn plugin(app: &mut App) {
    app.add_plugins(gather::plugin);
}
