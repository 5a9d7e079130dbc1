//! Tells somebody who comes to the wall for the first time which keys there are: while the pointer moves, until a command was
//! used.

use egui::{Align2, Area, Context, Id, Order, Rect, RichText, vec2};

use super::{theme, theme::Tier};

/// It is shown this long after the pointer moved or a key was pressed, seconds.
const SHOWN_SECS: f64 = 20.0;

/// Whether the hint is still of use.
#[derive(Debug, Default)]
pub(crate) struct Welcome {
    /// A command was used, so that the hint is not needed any more.
    is_known: bool,
    moved: Option<f64>,
}

impl Welcome {
    /// Takes in what happened in this frame. `now`: seconds.
    pub(crate) fn follow(&mut self, has_command: bool, has_input: bool, now: f64) {
        self.is_known |= has_command;
        if has_input {
            self.moved = Some(now);
        }
    }

    fn is_shown(&self, now: f64) -> bool {
        !self.is_known && self.moved.is_some_and(|moved| now - moved < SHOWN_SECS)
    }
}

/// The hint at the lower edge of the scene.
pub(crate) fn welcome_area(ctx: &Context, welcome: &Welcome, scene: Rect, now: f64) {
    if !welcome.is_shown(now) {
        return;
    }
    Area::new(Id::new("welcome"))
        .order(Order::Middle)
        .interactable(false)
        .pivot(Align2::CENTER_BOTTOM)
        .fixed_pos(scene.center_bottom() - vec2(0.0, theme::GAP))
        .constrain_to(scene)
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| {
                let hint = "?  keys     /  find     Tab  what needs somebody     Ctrl+K  all commands";
                let hint = RichText::new(hint).font(Tier::Body.font(ui));
                ui.label(hint.color(theme::of(ui).text));
            });
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_while_somebody_is_until_a_command_was_used() {
        let mut welcome = Welcome::default();
        assert!(!welcome.is_shown(0.0), "nobody is there");
        welcome.follow(false, true, 1.0);
        assert!(welcome.is_shown(2.0) && !welcome.is_shown(30.0));
        welcome.follow(false, true, 40.0);
        assert!(welcome.is_shown(41.0));
        welcome.follow(true, true, 42.0);
        assert!(!welcome.is_shown(43.0));
        welcome.follow(false, true, 50.0);
        assert!(!welcome.is_shown(51.0));
    }
}
