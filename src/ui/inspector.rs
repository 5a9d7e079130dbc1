//! The inspector: the selected row, all its columns.

use std::collections::HashMap;

use egui::{
    Align, Frame, Layout, Margin, Panel, Rect, RichText, ScrollArea, Sense, Ui, Vec2,
    text::{CCursor, CCursorRange},
};

use super::{
    Action, TypeScale,
    cell::CellLook,
    format,
    related::{Relation, related_ui},
    secrets,
    state_choice::state_choice,
    status_icon, theme,
    theme::Tier,
    widgets,
};
use crate::{
    actions::Command,
    messages::{Intent, MappedWord},
};
use jiff::tz::TimeZone;
use model::{Cell, Record, RowKey, Rule, Status, StatusReading};
use sheet::{Tree, Typed};

/// The selected row, as plain data.
#[derive(Debug)]
pub struct InspectorView<'a> {
    /// The kind and the id of the row.
    pub key: &'a RowKey,
    /// The name of the row, cleaned for the screen.
    pub label: &'a str,
    /// The role or model of an agent; `None` for other kinds, and where the row has none.
    pub subtitle: Option<&'a str>,
    /// The row's status, and the word that it was read from.
    pub state: &'a StatusReading,
    /// The share done, 0 to 1, where the row contains it.
    pub progress: Option<f32>,
    /// Why a task failed; `None` where the row gives no reason.
    pub error: Option<&'a str>,
    /// The name of its table.
    pub table: String,
    /// Why the row has its state, one sentence.
    pub why: String,
    /// What it does, what it waits for, when it is due, what it cost, in lines.
    pub details: Vec<String>,
    /// All columns of the row as they were received.
    pub record: &'a Record,
    /// The row has been deleted; this is what it was.
    pub gone: bool,
    /// The source of the row is lost: `as of 14:03, source lost`.
    pub lost: Option<String>,
    /// What happened to it, as far as that was seen.
    pub history: RowHistory,
    /// The rows that it is related to.
    pub relations: Vec<Relation>,
    /// The address of the row's own page, `https` alone.
    pub link: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// The zone of times.
    pub zone: TimeZone,
    /// How what is shown came here, one sentence or two; may be empty.
    pub provenance: String,
}

/// What happened to a row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowHistory {
    /// Since when it has its state: `since 14:03:12`, `since 13:58:00 at the latest`.
    pub since: String,
    /// Its states, oldest first: the share of the time that each took, and the state; `None`: the row was not there.
    pub strip: Vec<(f32, Option<Status>)>,
    /// Its last changes, newest first: the time of day, and what changed.
    pub changes: Vec<(String, String)>,
}

impl InspectorView<'_> {
    /// All columns that are not masked, as JSON.
    pub(crate) fn as_json(&self) -> String {
        serde_json::to_string_pretty(&secrets::open_columns(self.record)).unwrap_or_default()
    }
}

/// Columns that are shown, and letters of one value.
const MOST_COLUMNS: usize = 200;
const MOST_VALUE: usize = 280;
/// Lines of one list or object.
const MOST_LINES: usize = 200;
/// Width of the panel on a desk, points: it grows with the type.
const WIDTH: f32 = 360.0;

/// How much larger the type of the panel is than on a desk.
pub(super) fn growth(ui: &Ui) -> f32 {
    Tier::Body.font(ui).size / TypeScale::default().body
}

/// The panel at the right edge; its rectangle.
pub(crate) fn inspector_panel(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) -> Rect {
    Panel::right("inspector")
        .exact_size((WIDTH * growth(ui)).round())
        .resizable(false)
        .frame(
            Frame::new()
                .fill(theme::of(ui).surface)
                .inner_margin(Margin::symmetric(14, 8)),
        )
        .show(ui, contents)
        .response
        .rect
}

/// Draws the selected row and all its columns into `ui`; what the user does is pushed to `actions`.
pub fn inspector_ui(ui: &mut Ui, view: &InspectorView<'_>, folds: &mut Folds, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(view.key.kind.singular()).color(theme::of(ui).muted));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if super::close_button(ui, "Close inspector").clicked() {
                actions.push(Action::Intent(Intent::Select(None)));
            }
            if ui
                .button("Fly to")
                .on_hover_text(widgets::hint(Command::FlyTo))
                .clicked()
            {
                actions.push(Action::Intent(Intent::Focus(view.key.clone())));
            }
            if let Some(link) = &view.link {
                let hint = format!("{}: {}", widgets::hint(Command::OpenLink), format::clean(link, 200));
                if ui.button("Open").on_hover_text(hint).clicked() {
                    actions.push(Action::Run(Command::OpenLink));
                }
            }
            for (text, command) in [("JSON", Command::CopyJson), ("Copy id", Command::CopyId)] {
                if ui.button(text).on_hover_text(widgets::hint(command)).clicked() {
                    actions.push(Action::Run(command));
                }
            }
        });
    });
    let label = if view.label.is_empty() {
        view.key.id.as_str()
    } else {
        view.label
    };
    let heading = RichText::new(format::clean(label, 160))
        .font(Tier::Name.font(ui))
        .color(theme::of(ui).text);
    ui.add(egui::Label::new(heading).wrap());
    if let Some(subtitle) = view.subtitle {
        ui.label(RichText::new(format::clean(subtitle, 120)).color(theme::of(ui).muted));
    }
    status_ui(ui, view, actions);
    if let Some(error) = view.error {
        let text = RichText::new(format::clean(error, 400)).color(theme::of(ui).offline);
        ui.add(egui::Label::new(text).wrap());
    }
    for line in &view.details {
        let line = RichText::new(line).color(theme::of(ui).text);
        ui.add(egui::Label::new(line).wrap());
    }
    let why = RichText::new(&view.why)
        .font(Tier::Small.font(ui))
        .color(theme::of(ui).muted);
    ui.add(egui::Label::new(why).wrap());
    if view.gone {
        ui.label(RichText::new("This row has been deleted.").color(theme::of(ui).warn));
    }
    if let Some(lost) = &view.lost {
        ui.label(RichText::new(lost).color(theme::of(ui).warn));
    }
    ui.separator();
    if !view.relations.is_empty() {
        related_ui(ui, &view.relations, growth(ui), actions);
        ui.separator();
    }
    history_ui(ui, &view.history);
    columns_ui(ui, view, folds);
}

/// The states over time, and the last changes.
fn history_ui(ui: &mut Ui, history: &RowHistory) {
    if history.since.is_empty() && history.changes.is_empty() {
        return;
    }
    let inks = theme::of(ui);
    let small = |ui: &Ui, text: &str| RichText::new(text).font(Tier::Small.font(ui));
    if !history.since.is_empty() {
        ui.label(small(ui, &history.since).color(inks.muted));
    }
    if history.strip.len() > 1 {
        let (rect, strip) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 8.0 * growth(ui)), Sense::hover());
        let words: Vec<&str> = history
            .strip
            .iter()
            .filter_map(|(_, status)| Some(status.as_ref()?.word()))
            .collect();
        let said = words.join(", then ");
        strip.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &said));
        let mut left = rect.left();
        for (share, status) in &history.strip {
            let right = left + share * rect.width();
            if let Some(status) = status {
                let part = Rect::from_min_max(egui::pos2(left, rect.top()), egui::pos2(right, rect.bottom()));
                ui.painter().rect_filled(part, 0.0, inks.status(*status));
            }
            left = right;
        }
        strip.on_hover_text(said);
    }
    for (time, text) in &history.changes {
        ui.horizontal_top(|ui| {
            ui.label(RichText::new(time).font(Tier::Mono.font(ui)).color(inks.muted));
            ui.add(egui::Label::new(small(ui, &format::clean(text, MOST_VALUE)).color(inks.text)).wrap());
        });
    }
    ui.separator();
}

fn status_ui(ui: &mut Ui, view: &InspectorView<'_>, actions: &mut Vec<Action>) {
    let status = view.state.status;
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(16.0 * growth(ui)), Sense::hover());
        status_icon::paint(ui.painter(), rect, status, theme::of(ui).status(status));
        let word = view.state.word.as_deref().map(|word| format::clean(word, 60));
        let text = match word {
            Some(word) if word != status.word() => format!("{word} ({})", status.word()),
            _ => status.word().to_owned(),
        };
        ui.label(RichText::new(text).color(theme::of(ui).text));
        // Only a word decides its state; an outcome or a time would still decide another.
        let is_of_word = matches!(
            view.state.rule,
            Rule::OwnWord | Rule::Word | Rule::Shape | Rule::Unknown
        );
        if let Some(word) = view.state.word.as_deref().filter(|_| is_of_word && !view.gone)
            && let Some(status) = state_choice(ui, word, status, if view.state.rule.is_guess() { " ?" } else { "" })
        {
            actions.push(Action::Intent(Intent::MapWord(MappedWord {
                source: view.key.source,
                table: view.table.clone(),
                word: word.to_owned(),
                status,
            })));
        }
        if let Some(progress) = view.progress {
            let percent = (progress.clamp(0.0, 1.0) * 100.0).round();
            ui.label(RichText::new(format!("{percent:.0} %")).color(theme::of(ui).muted));
        }
    });
}

fn columns_ui(ui: &mut Ui, view: &InspectorView<'_>, folds: &mut Folds) {
    folds.follow(view.key);
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 5.0;
        for (name, value) in view.record.iter().take(MOST_COLUMNS) {
            widgets::named(ui, growth(ui), &format::clean(name, 60), |ui| {
                match Typed::of(name, value) {
                    Typed::Json(cell) => folds.tree_ui(ui, name, &cell),
                    Typed::Uuid(id) => id_ui(ui, &id),
                    typed => value_ui(ui, &CellLook::of(&typed, MOST_VALUE, view.now_ms, &view.zone)),
                }
            });
        }
        let more = view.record.len().saturating_sub(MOST_COLUMNS);
        if more > 0 {
            ui.label(RichText::new(format!("{more} more columns")).color(theme::of(ui).muted));
        }
        if !view.provenance.is_empty() {
            ui.add_space(4.0);
            let text = RichText::new(&view.provenance).font(Tier::Small.font(ui));
            ui.add(egui::Label::new(text.color(theme::of(ui).muted)).wrap());
        }
    });
}

/// An id: a double click marks it whole, which a label would take for several words.
fn id_ui(ui: &mut Ui, id: &str) {
    let mut text = id;
    let field = egui::TextEdit::multiline(&mut text)
        .font(Tier::Mono.font(ui))
        .text_color(theme::of(ui).text)
        .frame(Frame::NONE)
        .margin(Margin::ZERO)
        .desired_rows(1)
        .desired_width(f32::INFINITY);
    let mut output = field.show(ui);
    if output.response.double_clicked() {
        let all = CCursorRange::two(CCursor::new(0), CCursor::new(id.chars().count()));
        output.state.cursor.set_char_range(Some(all));
        output.state.store(ui.ctx(), output.response.id);
    }
}

/// A value as it stands in the list of columns.
fn value_ui(ui: &mut Ui, look: &CellLook) {
    let inks = theme::of(ui);
    let ink = if look.is_muted { inks.muted } else { inks.text };
    let text = RichText::new(&look.text).font(Tier::Mono.font(ui)).color(ink);
    if let Some(link) = &look.link {
        let opened = ui.add(egui::Button::new(text.underline()).frame(false).wrap());
        if opened.on_hover_text(&look.hint).clicked() {
            ui.ctx().open_url(egui::OpenUrl::new_tab(link));
        }
        return;
    }
    let label = egui::Label::new(text).wrap().selectable(true);
    let label = if look.at_right {
        ui.with_layout(Layout::right_to_left(Align::TOP), |ui| ui.add(label))
            .inner
    } else {
        ui.add(label)
    };
    if !look.hint.is_empty() {
        label.on_hover_text(&look.hint);
    }
}

/// Which lists and objects are unfolded, of the row that is inspected.
#[derive(Debug, Default)]
pub struct Folds {
    row: Option<RowKey>,
    trees: HashMap<String, (String, Tree)>,
}

impl Folds {
    fn follow(&mut self, row: &RowKey) {
        if self.row.as_ref() != Some(row) {
            self.trees.clear();
            self.row = Some(row.clone());
        }
    }

    /// A list or an object: its lines, those that can be unfolded with a sign before them.
    fn tree_ui(&mut self, ui: &mut Ui, name: &str, cell: &Cell<'_>) {
        let text = cell.nested().unwrap_or_default();
        match self.trees.get_mut(name) {
            Some((before, tree)) if before != text => {
                tree.replace(cell);
                text.clone_into(before);
            }
            Some(_) => {}
            None => {
                let tree = Tree::new(cell).map(|tree| (text.to_owned(), tree));
                self.trees.extend(tree.map(|tree| (name.to_owned(), tree)));
            }
        }
        let Some((_, tree)) = self.trees.get_mut(name) else {
            return;
        };
        ui.spacing_mut().item_spacing.y = 1.0;
        if tree.count(1) == 0 {
            let empty = RichText::new("empty").font(Tier::Mono.font(ui));
            ui.label(empty.color(theme::of(ui).muted));
        }
        let mut folded = None;
        for (at, line) in tree.lines(0..MOST_LINES, MOST_VALUE).enumerate() {
            let indent = "  ".repeat(line.depth.min(8));
            let sign = match (line.is_foldable, line.is_open) {
                (true, true) => "- ",
                (true, false) => "+ ",
                (false, _) => "",
            };
            let name = format::clean(&line.name, 60);
            let text = match name.as_str() {
                "" => format!("{indent}{sign}{}", line.value),
                name => format!("{indent}{sign}{name}: {}", line.value),
            };
            let text = RichText::new(text).font(Tier::Mono.font(ui)).color(theme::of(ui).text);
            if line.is_foldable {
                let word = if line.is_open { "Fold" } else { "Unfold" };
                let button = ui.add(egui::Button::new(text).frame(false).wrap());
                if button.on_hover_text(word).clicked() {
                    folded = Some(at);
                }
            } else {
                ui.add(egui::Label::new(text).wrap().selectable(true));
            }
        }
        if let Some(at) = folded {
            tree.toggle(at);
        }
        if tree.count(MOST_LINES + 1) > MOST_LINES {
            let text = RichText::new("further lines are not shown").font(Tier::Small.font(ui));
            ui.label(text.color(theme::of(ui).muted));
        }
    }
}
