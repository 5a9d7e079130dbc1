//! egui: header, badge, connection popover, toasts, inspector, legend, and what is drawn over a scene that is not live.
//! Reads resources, writes intents; a panel is a function of a plain view and may run twice in a frame.

mod action;
pub mod announce;
mod banner;
mod cell;
mod clock;
pub mod connect;
mod details;
pub mod finder;
mod format;
pub mod header;
pub mod hover;
pub mod inspector;
mod keyboard;
pub mod keys;
pub mod legend;
pub mod link_look;
pub mod log;
pub mod overlay;
pub mod palette;
pub mod popover;
pub mod related;
mod secrets;
pub mod settings;
mod several;
mod shell;
mod state_choice;
mod status_icon;
mod steady;
pub(crate) mod table;
pub mod theme;
pub mod toasts;
mod transitions;
mod type_scale;
mod unmapped;
pub mod views;
mod welcome;
mod widgets;

use bevy::prelude::*;

pub use self::action::Action;
pub use self::shell::Panels;
pub use self::type_scale::TypeScale;
pub use self::unmapped::OpenWord;
use self::widgets::close_button;

/// The panels, aggregated.
pub fn plugin(app: &mut App) {
    app.add_plugins((
        clock::plugin,
        unmapped::plugin,
        transitions::plugin,
        toasts::plugin,
        keyboard::plugin,
        shell::plugin,
    ));
}
