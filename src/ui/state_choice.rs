//! A button with a state's shape that opens the list of states: which one a status word means.

use egui::{Button, Popup, Rect, Response, RichText, Sense, Ui, Vec2, WidgetInfo, WidgetType};

use super::{format, status_icon, theme, theme::Tier};
use model::Status;

/// Letters of a word on the button.
const MOST_WORD: usize = 28;
/// The room for the shape before the words of a button.
const BEFORE: &str = "      ";

/// A button with the word as it is read at present. Returns the state that the user chose in this frame.
pub(super) fn state_choice(ui: &mut Ui, word: &str, status: Status, note: &str) -> Option<Status> {
    let shown = format::clean(word, MOST_WORD);
    let text = format!("{BEFORE}{shown}{note}");
    let response = ui.add(Button::new(RichText::new(text).font(Tier::Small.font(ui))));
    icon(ui, &response, status);
    response.widget_info(|| {
        let label = format!("{shown} ({}): choose a state", status.word());
        WidgetInfo::labeled(WidgetType::Button, true, label)
    });
    let response = response.on_hover_text("Choose what this word means");
    let mut chosen = None;
    let padding = ui.spacing().button_padding;
    Popup::menu(&response).show(|ui| {
        // A menu's own padding leaves no room for the shape before the word.
        ui.spacing_mut().button_padding = padding;
        ui.label(
            RichText::new(format!("“{shown}” means"))
                .font(Tier::Small.font(ui))
                .color(theme::of(ui).muted),
        );
        for state in Status::ALL.into_iter().filter(|state| *state != Status::Unmapped) {
            if state_button(ui, state, state == status).clicked() {
                chosen = Some(state);
            }
        }
    });
    chosen
}

fn state_button(ui: &mut Ui, state: Status, is_present: bool) -> Response {
    let text = RichText::new(format!("{BEFORE}{}", state.word())).font(Tier::Small.font(ui));
    let response = ui.add(Button::selectable(is_present, text).min_size(Vec2::new(120.0, 0.0)));
    icon(ui, &response, state);
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, is_present, state.word()));
    response
}

/// Draws the state's shape at the beginning of a button.
fn icon(ui: &Ui, response: &Response, state: Status) {
    let side = Tier::Small.font(ui).size;
    let center = response.rect.left_center() + Vec2::new(side * 1.2, 0.0);
    let rect = Rect::from_center_size(center, Vec2::splat(side));
    status_icon::paint(ui.painter(), rect, state, theme::of(ui).status(state));
}

/// A state as it is drawn beside a name: its shape in the text's height.
pub(super) fn shape(ui: &mut Ui, state: Status) {
    let side = Tier::Small.font(ui).size;
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    status_icon::paint(ui.painter(), rect, state, theme::of(ui).status(state));
}
