//! opswall: a native, GPU-drawn wall for agents, tasks and workflows that live in a Supabase project.
//!
//! Data flows one way, and intents flow back through `messages`:
//!
//! `client` ⇄ `realtime` → `connection` → `messages` → `fleet` → `layout` → `scene` → GPU. `ui` reads and writes intents,
//! `wall` builds the app around them. `client` and `realtime` are crates of their own; see ARCHITECTURE.md.

#[cfg(feature = "wall")]
pub mod actions;
#[cfg(feature = "wall")]
pub mod connection;
#[cfg(feature = "dev")]
mod dev;
#[cfg(feature = "wall")]
pub mod editor;
#[cfg(feature = "wall")]
pub mod fleet;
#[cfg(feature = "wall")]
pub mod frame;
#[cfg(feature = "wall")]
pub mod layout;
#[cfg(feature = "wall")]
pub mod messages;
#[cfg(feature = "wall")]
pub mod scene;
#[cfg(feature = "wall")]
pub mod search;
#[cfg(feature = "wall")]
pub mod table;
#[cfg(feature = "wall")]
pub mod third_party;
#[cfg(feature = "wall")]
pub mod ui;
#[cfg(feature = "wall")]
pub mod views;
#[cfg(feature = "wall")]
pub mod wall;

pub mod cli;
pub mod commands;
