//! The beams from agents to the tasks in their hands: one packed link an agent, one instanced draw.
//!
//! A link names the slots of its two marks; the shader reads their positions there. So a link is touched only when
//! another task is taken up or one of the two marks moves to another slot.

mod gather;
mod instance;
mod store;

use bevy::prelude::*;

pub use instance::{LINK_WORDS, Link};
pub use store::Links;

/// The links' systems.
pub(super) fn plugin(app: &mut App) {
    app.add_plugins(gather::plugin);
}
