//! The legend, shown on request: each state's shape and colour, how many there are by kind, and the status words that are
//! not mapped. The states alone are in the header.

use egui::{Align, Area, Context, Grid, Id, Layout, Order, Pos2, Rect, RichText, Sense, Ui, Vec2};

use super::{Action, format, state_choice::state_choice, status_icon, theme, theme::Tier, unmapped::OpenWord};
use crate::messages::{Intent, MappedWord};
use model::Status;

/// One state's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegendRow {
    /// The status whose shape and colour the line shows.
    pub status: Status,
    /// The number of agents in this status.
    pub agents: usize,
    /// Tasks and runs.
    pub work: usize,
}

/// What the legend shows, as plain data.
#[derive(Debug)]
pub struct LegendView<'a> {
    /// The lines, from top to bottom.
    pub rows: &'a [LegendRow],
    /// There are runs: they are counted with the tasks, and the column is called work.
    pub has_runs: bool,
    /// Words without a state, drawn neutral, and words whose state is a guess.
    pub words: &'a [OpenWord],
    /// How many more such words there are.
    pub more_words: usize,
}

/// Places the legend with its lower left corner at `corner`.
pub(crate) fn legend_area(ctx: &Context, view: &LegendView<'_>, corner: Pos2, actions: &mut Vec<Action>) {
    Area::new(Id::new("legend"))
        .order(Order::Middle)
        .pivot(egui::Align2::LEFT_BOTTOM)
        .fixed_pos(corner)
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| legend_ui(ui, view, actions));
        });
}

/// Where it was last shown, or roughly where it will be.
pub(crate) fn rect(ctx: &Context, corner: Pos2) -> Rect {
    let size = ctx
        .memory(|memory| memory.area_rect(Id::new("legend")))
        .map_or(Vec2::ZERO, |area| area.size());
    Rect::from_min_size(corner - Vec2::new(0.0, size.y), size)
}

/// Draws the legend into `ui`; what the user does is pushed to `actions`.
pub fn legend_ui(ui: &mut Ui, view: &LegendView<'_>, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = 3.0;
    // Rows have the height of text, not of buttons.
    ui.spacing_mut().interact_size = Vec2::new(0.0, row_height(ui));
    Grid::new("legend rows")
        .num_columns(5)
        .spacing([10.0, 2.0])
        .show(ui, |ui| {
            let heading = |text: &str| {
                RichText::new(text)
                    .font(Tier::Small.font(ui))
                    .color(theme::of(ui).muted)
            };
            let (title, agents) = (heading("Legend"), heading("agents"));
            let work = heading(if view.has_runs { "work" } else { "tasks" });
            ui.label("");
            ui.label(title);
            right(ui, agents);
            right(ui, work);
            if super::close_button(ui, "Close legend").clicked() {
                actions.push(Action::ToggleLegend);
            }
            ui.end_row();
            for row in view.rows {
                legend_row(ui, row);
            }
        });
    if view.rows.is_empty() {
        let none = RichText::new("no rows yet").font(Tier::Small.font(ui));
        ui.label(none.color(theme::of(ui).muted));
    }
    words_ui(ui, view, actions);
}

/// The words whose state a person may decide, each with the list of states.
fn words_ui(ui: &mut Ui, view: &LegendView<'_>, actions: &mut Vec<Action>) {
    if view.words.is_empty() {
        return;
    }
    ui.add_space(4.0);
    let heading = RichText::new("Words to check")
        .font(Tier::Small.font(ui))
        .color(theme::of(ui).warn);
    ui.label(heading)
        .on_hover_text("Unknown words, and words whose state is a guess. A click gives a word its state.");
    let has_several = view
        .words
        .iter()
        .any(|word| Some(word.source) != view.words.first().map(|first| first.source));
    for word in view.words {
        ui.horizontal(|ui| {
            ui.push_id((word.source, &word.word), |ui| {
                let guess = if word.status == Status::Unmapped { "" } else { " ?" };
                if let Some(status) = state_choice(ui, &word.word, word.status, guess) {
                    actions.push(Action::Intent(Intent::MapWord(MappedWord {
                        source: word.source,
                        table: word.table.clone(),
                        word: word.word.clone(),
                        status,
                    })));
                }
            });
            let rows = format::compact(word.rows);
            let note = match has_several {
                true => format!("{rows} in {}", format::clean(&word.table, 16)),
                false => rows,
            };
            ui.label(
                RichText::new(note)
                    .font(Tier::Small.font(ui))
                    .color(theme::of(ui).muted),
            );
        });
    }
    if view.more_words > 0 {
        let more = RichText::new(format!("and {} more", view.more_words)).font(Tier::Small.font(ui));
        ui.label(more.color(theme::of(ui).muted));
    }
}

fn legend_row(ui: &mut Ui, row: &LegendRow) {
    let (rect, icon) = ui.allocate_exact_size(Vec2::splat(row_height(ui) * 0.78), Sense::hover());
    status_icon::paint(ui.painter(), rect, row.status, theme::of(ui).status(row.status));
    let word = row.status.word();
    icon.on_hover_text(word);
    let font = Tier::Small.font(ui);
    ui.label(RichText::new(word).font(font).color(theme::of(ui).text));
    for count in [row.agents, row.work] {
        let text = if count == 0 {
            "–".to_owned()
        } else {
            format::compact(count)
        };
        let ink = if count == 0 {
            theme::of(ui).muted
        } else {
            theme::of(ui).text
        };
        let text = RichText::new(text).font(Tier::Mono.font(ui)).color(ink);
        right(ui, text);
    }
    ui.end_row();
}

/// Of a line, in points.
fn row_height(ui: &Ui) -> f32 {
    (Tier::Small.font(ui).size * 1.4).round()
}

/// A cell whose text ends at the column's right edge.
fn right(ui: &mut Ui, text: RichText) {
    const WIDTH_EMS: f32 = 3.5;
    let size = Vec2::new((Tier::Small.font(ui).size * WIDTH_EMS).round(), row_height(ui));
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        ui.set_width(size.x);
        ui.label(text);
    });
}
