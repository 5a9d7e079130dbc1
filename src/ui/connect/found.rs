//! The proposed sources as a table: each with its rows as they would be drawn, and its guesses, which a click changes.

use egui::{Button, CollapsingHeader, CornerRadius, Frame, Label, Margin, RichText, Ui, vec2};

use super::{
    ConnectAction,
    draft::{Draft, DraftSource, Edit, Sample},
};
use crate::ui::{
    format,
    popover::{command_in, command_ui},
    state_choice::{shape, state_choice},
    theme,
    theme::Tier,
};
use model::{
    Kind,
    discover::{Mending, Way},
};
use realtime::POLL_INTERVAL;

/// Letters of a name, of a reason, and of a sample's name.
const MOST_NAME: usize = 60;
const MOST_REASON: usize = 300;
const MOST_LABEL: usize = 32;
/// Tables that are no sources and are listed.
const MOST_PASSED_OVER: usize = 12;

fn small(ui: &Ui, text: impl Into<String>) -> RichText {
    RichText::new(text).font(Tier::Small.font(ui))
}

/// Draws all sources.
pub(super) fn found_ui(ui: &mut Ui, draft: &Draft, actions: &mut Vec<ConnectAction>) {
    for (at, source) in draft.sources.iter().enumerate() {
        ui.push_id(at, |ui| {
            Frame::new()
                .fill(theme::of(ui).ground)
                .corner_radius(CornerRadius::same(5))
                .inner_margin(Margin::same(8))
                .show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    source_ui(ui, source, &mut |edit| actions.push(ConnectAction::Edit(at, edit)));
                });
        });
    }
    if draft.passed_over.is_empty() {
        return;
    }
    let muted = theme::of(ui).muted;
    let shown = draft.passed_over.iter().take(MOST_PASSED_OVER);
    for table in shown {
        let words = format!(
            "{}: {}",
            format::clean(&table.table, MOST_NAME),
            format::clean(&table.reason, MOST_REASON)
        );
        let words = small(ui, words).color(muted);
        ui.add(Label::new(words).wrap());
        statement_ui(ui, &table.table, &table.reason);
    }
    let more = draft.passed_over.len().saturating_sub(MOST_PASSED_OVER);
    if more > 0 {
        let words = small(ui, format!("and {more} tables more that are no sources")).color(muted);
        ui.label(words);
    }
}

fn source_ui(ui: &mut Ui, source: &DraftSource, edit: &mut dyn FnMut(Edit)) {
    ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
    head_ui(ui, source, edit);
    match &source.way {
        Way::Followed => {}
        Way::Polled(reason) => {
            let what = format!("read every {} s", POLL_INTERVAL.as_secs());
            reason_ui(ui, source, &what, reason);
        }
        Way::LeftOut(reason) => reason_ui(ui, source, "cannot be read", reason),
    }
    if let Some(mending) = &source.mending {
        mending_ui(ui, source, mending);
    }
    if !source.is_included {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for sample in &source.samples {
            sample_ui(ui, sample);
        }
        if source.samples.is_empty() {
            let muted = theme::of(ui).muted;
            ui.label(small(ui, "no rows to look at").color(muted));
        }
    });
    ui.horizontal_wrapped(|ui| {
        for role in source.roles() {
            role_ui(ui, source, role, edit);
        }
    });
    if !source.words.is_empty() {
        ui.horizontal_wrapped(|ui| {
            let muted = theme::of(ui).muted;
            ui.label(small(ui, "words:").color(muted));
            for (word, status, rows) in &source.words {
                let note = format!("  {}", format::grouped(*rows as u64));
                if let Some(status) = ui.push_id(word, |ui| state_choice(ui, word, *status, &note)).inner {
                    edit(Edit::Word(word.clone(), status));
                }
            }
        });
    }
}

/// The table, whether it is followed, what its rows are, how many there are.
fn head_ui(ui: &mut Ui, source: &DraftSource, edit: &mut dyn FnMut(Edit)) {
    ui.horizontal_wrapped(|ui| {
        let mut is_included = source.is_included;
        let name = format::clean(&source.mapping.name(), MOST_NAME);
        if ui
            .checkbox(&mut is_included, RichText::new(name).color(theme::of(ui).text))
            .on_hover_text("Show the rows of this table")
            .changed()
        {
            edit(Edit::Include(is_included));
        }
        let kind = source.mapping.kind;
        ui.menu_button(small(ui, format!("{} ⏷", kind.plural())), |ui| {
            for other in Kind::ALL {
                if ui.add(Button::selectable(other == kind, other.plural())).clicked() {
                    edit(Edit::Kind(other));
                    ui.close();
                }
            }
        })
        .response
        .on_hover_text(format::clean(&source.reason, MOST_REASON));
        let rows = match source.count {
            Some(rows) => format::counted(rows, "row", "rows"),
            None => "rows not counted".to_owned(),
        };
        let muted = theme::of(ui).muted;
        ui.label(small(ui, rows).color(muted));
        let (way, ink) = match source.way {
            Way::Followed => ("followed", theme::of(ui).live),
            Way::Polled(_) => ("polled", theme::of(ui).warn),
            Way::LeftOut(_) => ("left out", theme::of(ui).warn),
        };
        ui.label(small(ui, way).color(ink));
        for companion in &source.mapping.companions {
            let words = format!("+ {}", format::clean(companion.table(), MOST_NAME));
            ui.label(small(ui, words).color(muted));
        }
    });
}

fn reason_ui(ui: &mut Ui, source: &DraftSource, what: &str, reason: &str) {
    let words = format!("{what}: {}", format::clean(reason, MOST_REASON));
    let words = small(ui, words).color(theme::of(ui).warn);
    ui.add(Label::new(words).wrap());
    // The statement of the reason is one of those that mend the source.
    if source.mending.is_none() {
        statement_ui(ui, &source.mapping.table, reason);
    }
}

/// The statements that mend a source, with a button to copy them; folded where the source is read without them.
fn mending_ui(ui: &mut Ui, source: &DraftSource, mending: &Mending) {
    let words = small(ui, format!("SQL {}", format::clean(&mending.purpose, MOST_REASON)));
    CollapsingHeader::new(words.color(theme::of(ui).text))
        .id_salt(("mending", &source.mapping.table))
        .default_open(matches!(source.way, Way::LeftOut(_)))
        .show(ui, |ui| command_ui(ui, &mending.statements.join("\n")));
}

/// The statement that a reason quotes, with a button to copy it.
fn statement_ui(ui: &mut Ui, id: &str, reason: &str) {
    if let Some(command) = command_in(reason) {
        ui.push_id(("statement", id), |ui| command_ui(ui, &command));
    }
}

/// Width of a sample row beside its texts: the shape, the spaces and the margins.
const SAMPLE_EXTRA: f32 = 48.0;

/// A row as the wall would draw it: the shape of its state, its name, its own word. A guess is underlined with dots.
fn sample_ui(ui: &mut Ui, sample: &Sample) {
    let state = &sample.state;
    let label = match format::clean(&sample.label, MOST_LABEL) {
        label if label.is_empty() => "unnamed".to_owned(),
        label => label,
    };
    let word = match state.word.as_deref().map(|word| format::clean(word, MOST_LABEL)) {
        Some(word) if word != state.status.word() => format!("{} ({word})", state.status.word()),
        _ => state.status.word().to_owned(),
    };
    // A frame is not broken into lines: one that is too wide for the rest of this line begins the next one.
    let width = |text: &str| {
        let text = egui::WidgetText::from(small(ui, text));
        let galley = text.into_galley(
            ui,
            Some(egui::TextWrapMode::Extend),
            f32::INFINITY,
            egui::TextStyle::Body,
        );
        galley.size().x
    };
    if width(&label) + width(&word) + SAMPLE_EXTRA > ui.available_width() {
        ui.end_row();
    }
    Frame::new()
        .stroke(egui::Stroke::new(1.0, theme::of(ui).line))
        .corner_radius(CornerRadius::same(4))
        .inner_margin(Margin::symmetric(6, 2))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 5.0;
                shape(ui, state.status);
                let text = theme::of(ui).text;
                ui.add(Label::new(small(ui, label).color(text)).truncate());
                let ink = theme::of(ui).status_ink(state.status);
                let shown = ui.add(Label::new(small(ui, word).color(ink)).truncate());
                if state.rule.is_guess() {
                    dotted_line(ui, shown.rect, ink);
                    shown.on_hover_text("A guess by the shape of the word; choose another state below");
                }
            });
        });
}

fn dotted_line(ui: &Ui, under: egui::Rect, ink: egui::Color32) {
    let line = [under.left_bottom(), under.right_bottom()];
    let dots = egui::Shape::dotted_line(&line, ink, 3.0, 0.8);
    ui.painter().extend(dots);
}

fn role_ui(ui: &mut Ui, source: &DraftSource, role: &'static str, edit: &mut dyn FnMut(Edit)) {
    let column = source.column(role);
    let shown = match role {
        "label" => "name",
        "current_task" => "task in hand",
        role => role,
    };
    let words = format!(
        "{shown}: {} ⏷",
        column.map_or("–".to_owned(), |column| format::clean(column, 30))
    );
    let why = source
        .evidence
        .iter()
        .find(|why| why.role == role && !why.reason.is_empty());
    let response = ui
        .menu_button(small(ui, words), |ui| {
            egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                for name in &source.columns {
                    let is_present = column == Some(name.as_str());
                    if ui
                        .add(Button::selectable(is_present, format::clean(name, MOST_NAME)))
                        .clicked()
                    {
                        edit(Edit::Column(role, Some(name.clone())));
                        ui.close();
                    }
                }
                if role != "id" && ui.add(Button::selectable(column.is_none(), "no column")).clicked() {
                    edit(Edit::Column(role, None));
                    ui.close();
                }
            });
        })
        .response;
    if let Some(why) = why {
        response.on_hover_text(format::clean(&why.reason, MOST_REASON));
    }
}
