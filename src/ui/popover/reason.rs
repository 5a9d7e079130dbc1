//! Why the connection is not live: the whole sentence, and the command that it recommends, with a button to copy it.

use egui::{CornerRadius, Frame, Label, Layout, Margin, RichText, Ui, vec2};

use super::line::{em, height};
use crate::ui::{format, theme, theme::Tier};

/// Letters of a reason.
const MOST_TEXT: usize = 800;
/// Letters of a command.
const MOST_COMMAND: usize = 300;
/// Beginnings of commands that opswall itself recommends; other text in quotes may come from a server.
const HEADS: [&str; 4] = ["alter publication ", "grant ", "create policy ", "opswall "];
/// Width of the button, in ems: the same for both of its words.
const BUTTON_EMS: f32 = 5.2;
/// How long the button shows that it has copied, in seconds.
const COPIED_SECS: f64 = 2.0;

/// Draws the reason and, where it recommends a command, that command.
pub(super) fn reason_ui(ui: &mut Ui, reason: &str) {
    let sentence = format::sentence(&format::clean(reason, MOST_TEXT));
    let label = Label::new(RichText::new(sentence).color(theme::of(ui).text));
    ui.add(label.wrap().selectable(true));
    if let Some(command) = command_in(reason) {
        command_ui(ui, &command);
    }
}

/// The command that a reason quotes. Names in quotes of their own do not end it.
pub(crate) fn command_in(reason: &str) -> Option<String> {
    let start = HEADS
        .into_iter()
        .filter_map(|head| reason.find(&format!("\"{head}")))
        .min()?;
    let rest = reason.get(start + 1..)?;
    // Quotes inside the command come in pairs: the end is after an even number of them.
    let mut quotes = rest.match_indices('"').map(|(at, _)| at).step_by(2);
    let end = quotes.find(|at| {
        let next = rest.get(at + 1..).and_then(|after| after.chars().next());
        next.is_none_or(|next| matches!(next, ',' | ';' | ')' | ' ' | '.'))
    })?;
    let command = rest.get(..end)?;
    if command.chars().count() > MOST_COMMAND || command.contains(';') {
        return None;
    }
    let command = format::clean(command, MOST_COMMAND);
    let is_sql = !command.starts_with("opswall ");
    Some(if is_sql { command + ";" } else { command })
}

/// Draws a command with a button to copy it.
pub(crate) fn command_ui(ui: &mut Ui, command: &str) {
    let frame = Frame::new()
        .fill(theme::of(ui).ground)
        .corner_radius(CornerRadius::same(5))
        .inner_margin(Margin::same(8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            let beside = em(ui) * BUTTON_EMS + ui.spacing().item_spacing.x;
            let width = (ui.available_width() - beside).max(em(ui) * BUTTON_EMS);
            let size = vec2(width, height(ui));
            ui.allocate_ui_with_layout(size, Layout::top_down(egui::Align::LEFT), |ui| {
                ui.set_width(width);
                let words = RichText::new(command)
                    .font(Tier::Mono.font(ui))
                    .color(theme::of(ui).text);
                ui.add(Label::new(words).wrap().selectable(true));
            });
            copy_button(ui, "Copy", command);
        });
    });
}

/// A button with these words that copies a command.
pub(super) fn copy_button(ui: &mut Ui, words: &str, command: &str) {
    let id = ui.id().with(("copied", words));
    let now = ui.input(|input| input.time);
    let copied: Option<f64> = ui.data(|data| data.get_temp(id));
    let is_fresh = copied.is_some_and(|at| (now - at).abs() < COPIED_SECS);
    let words = if is_fresh { "Copied" } else { words };
    let button = ui.add(egui::Button::new(words).min_size(vec2(em(ui) * BUTTON_EMS, 0.0)));
    if button.on_hover_text("Copy to the clipboard").clicked() {
        ui.copy_text(command.to_owned());
        ui.data_mut(|data| data.insert_temp(id, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_a_remedy_is_found_whole() {
        let reason = "public.nope does not exist or is not published; create it or run \"alter publication supabase_realtime add table public.nope\", then reconnect";
        assert_eq!(
            command_in(reason).as_deref(),
            Some("alter publication supabase_realtime add table public.nope;")
        );
        let quoted = "run \"grant select on \"my schema\".\"My Table\" to anon\", then reconnect";
        assert_eq!(
            command_in(quoted).as_deref(),
            Some("grant select on \"my schema\".\"My Table\" to anon;")
        );
        let last = "run \"alter publication p add table \"public\".\"T\"\" first";
        assert_eq!(
            command_in(last).as_deref(),
            Some("alter publication p add table \"public\".\"T\";")
        );
        let shell = "run \"opswall doctor\"";
        assert_eq!(command_in(shell).as_deref(), Some("opswall doctor"));
    }

    #[test]
    fn what_a_server_says_is_no_command() {
        for reason in [
            "the server ended the channel (\"drop table tasks\")",
            "refused (\"grant all on tasks to anon; drop table tasks\")",
            "the server said \"alter publication without an end",
            "\"\"",
            "",
        ] {
            assert_eq!(command_in(reason), None, "{reason}");
        }
        let long = format!("run \"grant {}\"", "x".repeat(10_000));
        assert_eq!(command_in(&long), None);
        let hidden = "run \"grant select\n\u{202E} on a to b\"";
        assert_eq!(command_in(hidden).as_deref(), Some("grant select on a to b;"));
    }
}
