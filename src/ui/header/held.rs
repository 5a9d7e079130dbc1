//! What the header holds on to, so that nothing in it moves while numbers change: the width that a part once had, and the
//! states that once had rows.

use egui::{Id, Ui};

use super::fit::Part;
use crate::ui::theme::Tier;
use model::Status;

/// A width that only grows: `least`, or more in coarse steps where the contents once were wider. Another type scale begins
/// anew.
pub(super) fn width(ui: &Ui, part: Part, least: f32, contents: f32) -> f32 {
    let em = Tier::Room.font(ui).size;
    let step = (em * 0.5).max(1.0);
    let needed = least.max(least + ((contents - least) / step).ceil() * step).ceil();
    let id = Id::new(("header width", part, em.to_bits()));
    ui.data_mut(|data| {
        let held = data.get_temp_mut_or(id, needed);
        *held = held.max(needed);
        *held
    })
}

/// Whether a state has rows, or once had some.
pub(super) fn has_state(ui: &Ui, status: Status, has_rows: bool) -> bool {
    let id = Id::new(("header state", status.index()));
    ui.data_mut(|data| {
        let held = data.get_temp_mut_or(id, has_rows);
        *held |= has_rows;
        *held
    })
}
