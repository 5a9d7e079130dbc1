//! The finder: rows found by a few letters or by a query, while typing. What matches stays lit, the rest is dimmed, and the
//! camera flies to the best match.

use egui::{
    Align, Align2, Area, Context, Id, Key, Layout, Modifiers, Order, Rect, RichText, Sense, TextEdit, Ui, pos2,
    text::CCursor, text::CCursorRange, vec2,
};
use query::{Candidate, Completions};

use super::{Action, format, status_icon, theme, theme::Tier, widgets};
use crate::{actions::Command, messages::Intent};
use model::{RowKey, Status};

/// Letters that are read, and the width on a desk in points.
const MOST_TYPED: usize = 1_000;
const WIDTH: f32 = 620.0;
/// Completions that are listed.
const MOST_COMPLETIONS: usize = 6;

/// A row that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundRow {
    /// Its key.
    pub key: RowKey,
    /// Its name.
    pub label: String,
    /// Its state.
    pub status: Status,
    /// The name of its block, or of its kind.
    pub place: String,
    /// How long ago it changed, in words.
    pub age: String,
}

/// What the finder shows.
#[derive(Debug, Default)]
pub struct FinderView<'a> {
    /// The best matches.
    pub rows: &'a [FoundRow],
    /// How many there are; `None` while nothing is looked for.
    pub count: Option<usize>,
    /// The share of the rows that has been looked at, while that takes more than a frame.
    pub progress: Option<f32>,
    /// Other rows are hidden instead of dimmed.
    pub hides_others: bool,
    /// What is wrong with the query, and where, in bytes.
    pub mistake: Option<&'a query::Error>,
}

/// What was typed, and which line is chosen.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Finder {
    /// What was typed.
    pub typed: String,
    /// The chosen line.
    pub at: usize,
    /// Where the text cursor is, in characters.
    cursor: usize,
    /// Whether the field has had the keyboard: it takes it once.
    is_begun: bool,
    /// Whether the text is marked as a whole then.
    types_over: bool,
    /// Enter was pressed while rows were still looked at: the best is inspected once all have been.
    chooses_later: bool,
}

impl Finder {
    /// A finder into which this was typed already; else with what was looked for before, to be typed over.
    pub(crate) fn begun(typed: &str, before: &str) -> Self {
        let text = if typed.is_empty() { before } else { typed };
        Self {
            typed: text.to_owned(),
            cursor: text.chars().count(),
            types_over: typed.is_empty(),
            ..Self::default()
        }
    }

    fn cursor_bytes(&self) -> usize {
        let at = self.typed.char_indices().nth(self.cursor);
        at.map_or(self.typed.len(), |(at, _)| at)
    }
}

/// The finder near the upper edge of the scene.
pub(crate) fn finder_area(
    ctx: &Context,
    finder: &mut Finder,
    view: &FinderView,
    complete: &dyn Fn(&str, usize) -> Completions,
    scene: Rect,
    actions: &mut Vec<Action>,
) {
    Area::new(Id::new("finder"))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(pos2(scene.center().x, scene.top() + theme::GAP))
        .constrain_to(scene)
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| finder_ui(ui, finder, view, complete, actions));
        });
}

/// The finder's contents.
pub fn finder_ui(
    ui: &mut Ui,
    finder: &mut Finder,
    view: &FinderView,
    complete: &dyn Fn(&str, usize) -> Completions,
    actions: &mut Vec<Action>,
) {
    ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 4.0 * theme::GAP));
    // The arrows choose a row, and Tab completes; the field would take them.
    let steps = widgets::arrow_steps(ui);
    let found = complete(&finder.typed, finder.cursor_bytes());
    let completes = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Tab));
    let field = TextEdit::singleline(&mut finder.typed)
        .hint_text("Find: a few letters, or state:failed age>10m")
        .char_limit(MOST_TYPED)
        .font(Tier::Name.font(ui))
        .margin(vec2(8.0, 6.0))
        .lock_focus(true)
        .desired_width(f32::INFINITY);
    let mut output = field.show(ui);
    let mut is_changed = output.response.changed();
    if !finder.is_begun {
        output.response.request_focus();
        is_changed = !finder.typed.is_empty();
        let end = CCursor::new(finder.cursor);
        let cursor = if finder.types_over {
            CCursorRange::two(CCursor::new(0), end)
        } else {
            CCursorRange::one(end)
        };
        output.state.cursor.set_char_range(Some(cursor));
        output.state.clone().store(ui.ctx(), output.response.id);
        finder.is_begun = true;
    } else if let Some(range) = output.cursor_range {
        finder.cursor = range.primary.index.into();
    }
    let candidates: Vec<&Candidate> = found.candidates.iter().take(MOST_COMPLETIONS).collect();
    let chosen = completions_ui(ui, finder, &candidates);
    let chosen = chosen.or_else(|| candidates.first().copied().filter(|_| completes));
    if let Some(candidate) = chosen
        && finder.typed.get(found.range.clone()).is_some()
    {
        finder.typed.replace_range(found.range.clone(), &candidate.text);
        let end = found.range.start + candidate.text.len();
        finder.cursor = finder.typed.get(..end).map_or(0, |before| before.chars().count());
        let cursor = CCursorRange::one(CCursor::new(finder.cursor));
        output.state.cursor.set_char_range(Some(cursor));
        output.state.store(ui.ctx(), output.response.id);
        output.response.request_focus();
        is_changed = true;
    }
    if is_changed {
        finder.at = 0;
        finder.chooses_later = false;
        actions.push(Action::Find(finder.typed.clone()));
    }
    let last = view.rows.len().saturating_sub(1);
    finder.at = finder.at.saturating_add_signed(steps).min(last);
    if steps != 0
        && let Some(row) = view.rows.get(finder.at)
    {
        actions.push(Action::Intent(Intent::Focus(row.key.clone())));
    }
    let (chooses, closes) = ui.input(|input| (input.key_pressed(Key::Enter), input.key_pressed(Key::Escape)));
    if closes {
        actions.push(Action::Find(String::new()));
        actions.push(Action::CloseFinder);
    } else if (chooses || finder.chooses_later) && (view.progress.is_some() || is_changed) {
        // The rows that are listed are those of the text before.
        finder.chooses_later = true;
        output.response.request_focus();
    } else if (chooses || finder.chooses_later)
        && let Some(row) = view.rows.get(finder.at)
    {
        actions.push(Action::Inspect(row.key.clone()));
        actions.push(Action::CloseFinder);
    } else if output.response.lost_focus() && !ui.input(|input| input.pointer.any_down()) {
        output.response.request_focus();
    }
    ui.horizontal_wrapped(|ui| {
        answer_ui(ui, view);
        if view.count.is_some_and(|count| count > 0) {
            hide_ui(ui, view, actions);
        }
    });
    for (at, row) in view.rows.iter().enumerate() {
        if row_ui(ui, row, at == finder.at) {
            actions.push(Action::Inspect(row.key.clone()));
            actions.push(Action::CloseFinder);
        }
    }
}

/// The switch that hides what does not match.
fn hide_ui(ui: &mut Ui, view: &FinderView, actions: &mut Vec<Action>) {
    let word = if view.hides_others {
        "Show the others"
    } else {
        "Hide the others"
    };
    let text = RichText::new(word).font(Tier::Small.font(ui));
    if ui
        .button(text)
        .on_hover_text(widgets::hint(Command::HideOthers))
        .clicked()
    {
        actions.push(Action::Run(Command::HideOthers));
    }
}

/// What is looked for while the finder is closed, at the upper edge of the scene: how many rows match, and what can be done.
pub(crate) fn search_area(ctx: &Context, text: &str, view: &FinderView, scene: Rect, actions: &mut Vec<Action>) {
    Area::new(Id::new("search"))
        .order(Order::Middle)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(pos2(scene.center().x, scene.top() + theme::GAP))
        .constrain_to(scene)
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| search_ui(ui, text, view, actions));
        });
}

/// The contents of that strip.
pub fn search_ui(ui: &mut Ui, text: &str, view: &FinderView, actions: &mut Vec<Action>) {
    /// Letters of the text that are shown.
    const MOST_SHOWN: usize = 60;
    ui.horizontal(|ui| {
        let shown = RichText::new(format::clean(text, MOST_SHOWN)).font(Tier::Mono.font(ui));
        let shown = ui.add(egui::Button::new(shown.color(theme::of(ui).text)).frame(false));
        if shown.on_hover_text(widgets::hint(Command::ToggleFinder)).clicked() {
            actions.push(Action::Run(Command::ToggleFinder));
        }
        answer_ui(ui, view);
        if view.count.is_some_and(|count| count > 0) {
            for (word, command) in [("Previous", Command::PreviousMatch), ("Next", Command::NextMatch)] {
                let word = RichText::new(word).font(Tier::Small.font(ui));
                if ui.button(word).on_hover_text(widgets::hint(command)).clicked() {
                    actions.push(Action::Run(command));
                }
            }
            hide_ui(ui, view, actions);
        }
        if super::close_button(ui, "End the search").clicked() {
            actions.push(Action::Find(String::new()));
        }
    });
}

/// What may complete the text; the one that was clicked.
fn completions_ui<'c>(ui: &mut Ui, finder: &Finder, candidates: &[&'c Candidate]) -> Option<&'c Candidate> {
    if finder.typed.is_empty() || candidates.is_empty() {
        return None;
    }
    let mut chosen = None;
    ui.horizontal_wrapped(|ui| {
        ui.label(
            RichText::new("Tab")
                .font(Tier::Small.font(ui))
                .color(theme::of(ui).muted),
        );
        for candidate in candidates {
            let text = RichText::new(format::clean(&candidate.text, 40)).font(Tier::Mono.font(ui));
            let button = ui.add(egui::Button::new(text).small());
            let button = if candidate.about.is_empty() {
                button
            } else {
                button.on_hover_text(candidate.about)
            };
            if button.clicked() {
                chosen = Some(*candidate);
            }
        }
    });
    chosen
}

/// How many rows match, or what is wrong.
fn answer_ui(ui: &mut Ui, view: &FinderView) {
    let inks = theme::of(ui);
    let (text, ink) = match (view.mistake, view.progress, view.count) {
        (Some(error), ..) => (error.text.clone(), inks.warn),
        (None, Some(share), _) => (format!("looking … {:.0} %", share * 100.0), inks.muted),
        (None, None, Some(0)) => ("No row matches.".to_owned(), inks.muted),
        (None, None, Some(1)) => ("1 row".to_owned(), inks.muted),
        (None, None, Some(count)) => (format!("{count} rows"), inks.muted),
        (None, None, None) => (
            "Fields: state kind agent workflow label id activity error age cost attempt progress, and every column"
                .to_owned(),
            inks.muted,
        ),
    };
    ui.add(egui::Label::new(RichText::new(text).font(Tier::Small.font(ui)).color(ink)).wrap());
}

/// One row that was found; whether it was clicked.
fn row_ui(ui: &mut Ui, row: &FoundRow, is_chosen: bool) -> bool {
    let font = Tier::Body.font(ui);
    let said = format!("{}, {}, {}", row.label, row.status.word(), row.place);
    let (line, mut ui) = widgets::choice(ui, font.size * 1.9, &said, is_chosen);
    let inks = theme::of(&ui);
    let (icon, _) = ui.allocate_exact_size(vec2(font.size, font.size), Sense::hover());
    status_icon::paint(ui.painter(), icon, row.status, inks.status(row.status));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let small = |text: String| RichText::new(text).font(Tier::Small.font(ui)).color(inks.muted);
        let (age, place) = (small(row.age.clone()), small(format::clean(&row.place, 40)));
        ui.label(age);
        ui.label(place);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let label = RichText::new(format::clean(&row.label, 120)).color(inks.text);
            ui.add(egui::Label::new(label).truncate().selectable(false));
        });
    });
    line.clicked()
}
