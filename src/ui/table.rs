//! The table: the rows that the scene shows lit, in the order of a column. The selection is the scene's.

use std::sync::Arc;

use egui::{
    Align, Align2, Area, Context, EventFilter, Id, Key, Layout, Modifiers, Order, Rect, RichText, ScrollArea, Sense,
    Shape, Ui, Vec2, WidgetInfo, WidgetType, pos2,
    text::{LayoutJob, TextWrapping},
    vec2,
};
use egui_extras::{Column as Width, TableBuilder};
use jiff::tz::TimeZone;
use query::{Field, Row};
use sheet::{Column, ColumnSet};

use super::{Action, cell::CellLook, format, inspector, status_icon, theme, theme::Tier};
use crate::{
    messages::Intent,
    table::{ExportFormat, TableChange},
};
use model::RowKey;

/// Letters of a cell.
const MOST_LETTERS: usize = 80;
/// Columns that can be shown at once: each visible cell is read in every frame.
const MOST_SHOWN: usize = 40;
/// Columns that are listed to be chosen from.
const MOST_LISTED: usize = 400;
/// How many times wider than needed columns may be, to fill the table.
const WIDEST: f32 = 1.8;
/// The share of the scene's height that it takes, unless it fills the scene.
const HEIGHT_SHARE: f32 = 0.46;

/// How the table stands on the screen.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct TablePanel {
    /// It fills the scene.
    fills: bool,
    /// Whether it has had the keyboard: it takes it once.
    is_begun: bool,
    /// The row to which it was scrolled.
    shown: Option<RowKey>,
    /// The row from which a range is selected with Shift.
    anchor: Option<usize>,
}

/// What the table shows.
pub(crate) struct TableView<'a> {
    /// The columns in their order.
    pub(crate) columns: &'a [Column],
    /// The columns that the rows have.
    pub(crate) names: &'a ColumnSet,
    /// The column by which it is sorted, and whether the greatest value is first.
    pub(crate) order: (&'a Column, bool),
    /// How many rows there are.
    pub(crate) len: usize,
    /// The row at a place.
    pub(crate) row: &'a dyn Fn(usize) -> Option<&'a RowKey>,
    /// The place of a row.
    pub(crate) position: &'a dyn Fn(&RowKey) -> Option<usize>,
    /// The share that is done while rows are read and sorted.
    pub(crate) progress: Option<f32>,
    /// What is shown of all rows, in words; empty where it is all of them.
    pub(crate) chosen: String,
    /// The row that is inspected.
    pub(crate) selected: Option<&'a RowKey>,
    /// Whether a row is selected, and how many are.
    pub(crate) is_selected: &'a dyn Fn(&RowKey) -> bool,
    /// How many rows are selected.
    pub(crate) selected_count: usize,
    /// Calls a function with a row, if it is still there.
    pub(crate) with_row: &'a dyn Fn(&RowKey, &mut dyn FnMut(&dyn Row)),
    /// Milliseconds since the Unix epoch.
    pub(crate) now_ms: i64,
    /// The zone of times.
    pub(crate) zone: &'a TimeZone,
}

/// The table over the lower part of the scene.
pub(crate) fn table_area(
    ctx: &Context,
    panel: &mut TablePanel,
    view: &TableView<'_>,
    scene: Rect,
    actions: &mut Vec<Action>,
) {
    let size = if panel.fills {
        scene.size()
    } else {
        vec2(scene.width(), (scene.height() * HEIGHT_SHARE).round())
    };
    Area::new(Id::new("table"))
        .order(Order::Middle)
        .pivot(Align2::LEFT_BOTTOM)
        .fixed_pos(scene.left_bottom())
        .constrain_to(scene)
        .show(ctx, |ui| {
            let frame = theme::plate(theme::of(ctx));
            let inner = size - frame.total_margin().sum();
            frame.show(ui, |ui| {
                ui.set_min_size(inner);
                ui.set_max_size(inner);
                table_ui(ui, panel, view, actions);
            });
        });
}

/// The table's contents.
fn table_ui(ui: &mut Ui, panel: &mut TablePanel, view: &TableView<'_>, actions: &mut Vec<Action>) {
    head_ui(ui, panel, view, actions);
    let own = ui.id().with("rows");
    take_keys(ui, own, panel, view, actions);
    let row_height = (Tier::Body.font(ui).size * 1.75).max(24.0).round();
    // The row that was selected elsewhere comes into view.
    let scroll_to = (view.selected.cloned() != panel.shown)
        .then(|| view.selected.and_then(|key| (view.position)(key)))
        .flatten();
    panel.shown = view.selected.cloned();
    if view.len == 0 && view.progress.is_none() {
        ui.label(RichText::new("No rows.").color(theme::of(ui).muted));
        return;
    }
    let growth = inspector::growth(ui);
    let gaps = ui.spacing().item_spacing.x * view.columns.len() as f32;
    let needed: f32 = view.columns.iter().take(MOST_SHOWN).map(width).sum();
    // Few columns take the whole width of the table.
    let stretch = ((ui.available_width() - gaps) / needed.max(1.0)).clamp(growth, WIDEST * growth);
    ScrollArea::horizontal().auto_shrink([false, false]).show(ui, |ui| {
        // Green means live; the selected rows are lighter.
        ui.visuals_mut().selection.bg_fill = theme::of(ui).line;
        let mut table = TableBuilder::new(ui)
            .striped(true)
            .sense(Sense::click())
            .resizable(true)
            .auto_shrink([false, false])
            .cell_layout(Layout::left_to_right(Align::Center));
        for column in view.columns.iter().take(MOST_SHOWN) {
            // Not clipped: each clipped cell would be a draw of its own. Texts are cut to the room of their cell instead.
            table = table.column(Width::initial(width(column) * stretch).at_least(width(column) * stretch));
        }
        if let Some(row) = scroll_to {
            table = table.scroll_to_row(row, None);
        }
        table
            .header(row_height, |mut header| {
                for column in view.columns.iter().take(MOST_SHOWN) {
                    header.col(|ui| heading(ui, column, view.order, actions));
                }
            })
            .body(|body| {
                body.rows(row_height, view.len, |mut row| {
                    let at = row.index();
                    let Some(key) = (view.row)(at) else { return };
                    row.set_selected((view.is_selected)(key));
                    let (mut was_drawn, mut said) = (false, Vec::new());
                    (view.with_row)(key, &mut |read| {
                        was_drawn = true;
                        for column in view.columns.iter().take(MOST_SHOWN) {
                            let value = column.read(&read);
                            let look = value.map(|value| CellLook::of(&value, MOST_LETTERS, view.now_ms, view.zone));
                            if matches!(column, Column::Field(Field::State | Field::Label | Field::Kind)) {
                                said.extend(look.iter().map(|look| look.text.clone()));
                            }
                            row.col(|ui| {
                                if let Some(look) = &look {
                                    cell_ui(ui, look);
                                }
                            });
                        }
                    });
                    if !was_drawn {
                        return;
                    }
                    let is_selected = (view.is_selected)(key);
                    row.response().widget_info(|| {
                        WidgetInfo::selected(WidgetType::SelectableLabel, true, is_selected, said.join(", "))
                    });
                    if row.response().clicked() {
                        let modifiers = row.response().ctx.input(|input| input.modifiers);
                        click(panel, view, at, key, modifiers, actions);
                    }
                });
            });
    });
    let message = view.progress.map(|share| format!("reading … {:.0} %", share * 100.0));
    if let Some(message) = message {
        let at = ui.max_rect().right_bottom() - vec2(12.0, 8.0);
        let (font, ink) = (Tier::Small.font(ui), theme::of(ui).muted);
        ui.painter().text(at, Align2::RIGHT_BOTTOM, message, font, ink);
    }
}

/// Selects the row that was clicked; with Shift all rows from the one before, with Ctrl beside the others.
fn click(
    panel: &mut TablePanel,
    view: &TableView<'_>,
    at: usize,
    key: &RowKey,
    modifiers: Modifiers,
    actions: &mut Vec<Action>,
) {
    let own = view.selected.and_then(|key| (view.position)(key));
    match panel.anchor.or(own).filter(|_| modifiers.shift) {
        Some(anchor) => {
            panel.anchor = Some(anchor);
            let (first, last) = (anchor.min(at), anchor.max(at));
            let mut keys: Vec<RowKey> = (first..=last).filter_map(|at| (view.row)(at).cloned()).collect();
            // The one that was clicked is inspected.
            if at < anchor {
                keys.reverse();
            }
            actions.push(Action::Intent(Intent::SelectRows(keys)));
        }
        None if modifiers.command => actions.push(Action::Intent(Intent::SelectAlso(key.clone()))),
        None => {
            panel.anchor = Some(at);
            actions.push(Action::Intent(Intent::Select(Some(key.clone()))));
            actions.push(Action::Intent(Intent::Show(key.clone())));
        }
    }
    panel.shown = Some(key.clone());
}

/// While the rows have the keyboard, arrows, Page and Home and End choose one, and Ctrl+C copies.
fn take_keys(ui: &mut Ui, own: Id, panel: &mut TablePanel, view: &TableView<'_>, actions: &mut Vec<Action>) {
    let rect = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), 2.0));
    let rows = ui.interact(rect, own, Sense::focusable_noninteractive());
    rows.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Other, true, "Rows"));
    if !std::mem::replace(&mut panel.is_begun, true) {
        rows.request_focus();
    }
    if !rows.has_focus() {
        return;
    }
    ui.painter().rect_filled(rect, 0.0, theme::of(ui).selection);
    let filter = EventFilter {
        vertical_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(own, filter));
    const PAGE: isize = 15;
    let steps = |key: Key, step: isize| {
        ui.input_mut(|input| {
            let plain = input.count_and_consume_key(Modifiers::NONE, key) as isize;
            plain * step
        })
    };
    let moved = steps(Key::ArrowDown, 1)
        + steps(Key::ArrowUp, -1)
        + steps(Key::PageDown, PAGE)
        + steps(Key::PageUp, -PAGE)
        + steps(Key::End, isize::MAX / 4)
        + steps(Key::Home, -isize::MAX / 4);
    if moved != 0 && view.len > 0 {
        let own = view.selected.and_then(|key| (view.position)(key));
        let from = own.map_or(if moved > 0 { -1 } else { view.len as isize }, |at| at as isize);
        let at = from.saturating_add(moved).clamp(0, view.len as isize - 1) as usize;
        if let Some(key) = (view.row)(at) {
            panel.anchor = Some(at);
            actions.push(Action::Intent(Intent::Select(Some(key.clone()))));
            actions.push(Action::Intent(Intent::Show(key.clone())));
        }
    }
    if ui.input(|input| input.events.iter().any(|event| matches!(event, egui::Event::Copy))) {
        actions.push(Action::CopyTable);
    }
    if ui.input(|input| input.key_pressed(Key::Escape)) {
        rows.surrender_focus();
    }
}

fn head_ui(ui: &mut Ui, panel: &mut TablePanel, view: &TableView<'_>, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let inks = theme::of(ui);
        let count = match view.len {
            1 => "1 row".to_owned(),
            count => format!("{} rows", format::grouped(count as u64)),
        };
        ui.label(RichText::new(count).font(Tier::Name.font(ui)).color(inks.text));
        let mut about = view.chosen.clone();
        if view.selected_count > 1 {
            about = format::dotted(
                [
                    about,
                    format!("{} selected", format::grouped(view.selected_count as u64)),
                ]
                .into_iter()
                .filter(|part| !part.is_empty()),
            );
        }
        ui.label(RichText::new(about).font(Tier::Small.font(ui)).color(inks.muted));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if super::close_button(ui, "Close the table").clicked() {
                actions.push(Action::ToggleTable);
            }
            let word = if panel.fills { "Half" } else { "Whole" };
            if ui
                .button(word)
                .on_hover_text("How much of the scene it covers")
                .clicked()
            {
                panel.fills = !panel.fills;
            }
            let what = if view.selected_count > 1 {
                "the selected rows"
            } else {
                "all rows of the table"
            };
            for (word, hint, action) in [
                (
                    "JSON lines",
                    "Saves one JSON object a line:",
                    Action::Export(ExportFormat::JsonLines),
                ),
                ("CSV", "Saves a CSV file:", Action::Export(ExportFormat::Csv)),
                ("Copy", "Copies for a spreadsheet:", Action::CopyTable),
            ] {
                if ui.button(word).on_hover_text(format!("{hint} {what}")).clicked() {
                    actions.push(action);
                }
            }
            ui.menu_button("Columns", |ui| columns_ui(ui, view, actions));
        });
    });
}

/// Which columns are shown.
fn columns_ui(ui: &mut Ui, view: &TableView<'_>, actions: &mut Vec<Action>) {
    ui.set_min_width(220.0);
    let fields = Field::ALL.into_iter().map(Column::Field);
    let named = view.names.names().iter().filter(|name| !model::is_masked(name));
    let named = named.map(|name| Column::Named(Arc::clone(name)));
    let listed: Vec<Column> = fields.chain(named).take(MOST_LISTED).collect();
    ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
        for column in listed {
            let mut is_shown = view.columns.contains(&column);
            let name = format::clean(column.name(), 40);
            if ui.checkbox(&mut is_shown, name).changed() {
                let mut columns = view.columns.to_vec();
                if is_shown && columns.len() < MOST_SHOWN {
                    columns.push(column);
                } else {
                    columns.retain(|other| *other != column);
                }
                actions.push(Action::Table(TableChange::Show(columns)));
            }
        }
    });
}

/// A heading, by which the rows are sorted with a click.
fn heading(ui: &mut Ui, column: &Column, order: (&Column, bool), actions: &mut Vec<Action>) {
    let inks = theme::of(ui);
    let is_order = order.0 == column;
    let ink = if is_order { inks.text } else { inks.muted };
    let name = RichText::new(format::clean(column.name(), 40))
        .font(Tier::Small.font(ui))
        .color(ink);
    let button = ui.add(egui::Button::new(name).frame(false).truncate());
    if is_order {
        let size = Tier::Small.font(ui).size * 0.32;
        let at = pos2(button.rect.right() + size * 2.0, button.rect.center().y);
        let tip = if order.1 { size } else { -size };
        let points = vec![
            at + vec2(-size, -tip * 0.7),
            at + vec2(size, -tip * 0.7),
            at + vec2(0.0, tip * 0.8),
        ];
        ui.painter().add(Shape::convex_polygon(points, ink, egui::Stroke::NONE));
    }
    if button
        .on_hover_text("Sort by this column; again: the other way")
        .clicked()
    {
        actions.push(Action::Table(TableChange::SortBy(column.clone())));
    }
}

/// The least width of a column on a desk, points: it grows with the type.
fn width(column: &Column) -> f32 {
    match column {
        Column::Field(Field::Label | Field::Error) => 220.0,
        Column::Field(Field::State | Field::Workflow | Field::Activity) => 130.0,
        Column::Field(Field::Agent) => 100.0,
        Column::Field(_) => 70.0,
        Column::Named(_) => 95.0,
    }
}

/// A value, within the room of its cell. It is painted without a widget of its own: a screen has hundreds of them, and the row
/// has one name for all.
fn cell_ui(ui: &Ui, look: &CellLook) {
    let inks = theme::of(ui);
    let ink = if look.is_muted { inks.muted } else { inks.text };
    let font = Tier::Body.font(ui);
    let room = ui.max_rect().shrink2(vec2(2.0, 0.0));
    let mut left = room.left();
    if let Some(status) = look.status {
        let icon = Rect::from_center_size(pos2(left + font.size / 2.0, room.center().y), Vec2::splat(font.size));
        status_icon::paint(ui.painter(), icon, status, inks.status(status));
        left = icon.right() + font.size * 0.5;
    }
    let job = LayoutJob {
        wrap: TextWrapping::truncate_at_width((room.right() - left).max(1.0)),
        ..LayoutJob::simple_singleline(look.text.clone(), font, ink)
    };
    let galley = ui.painter().layout_job(job);
    let x = if look.at_right {
        room.right() - galley.size().x
    } else {
        left
    };
    let at = pos2(x, room.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, ink);
    if !look.hint.is_empty() && ui.rect_contains_pointer(room) {
        let pointed = ui.interact(room, ui.id().with("hint"), Sense::hover());
        pointed.on_hover_text(&look.hint);
    }
}
