//! The event log: what happened to rows and to the connection, newest first. Pausing keeps what is shown; a click inspects the row.

use egui::{Align, Align2, Area, Context, Id, Layout, Order, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, vec2};
use journal::{Entry, EntryId, Journal, Severity};

use super::{Action, format, status_icon, theme, theme::Tier};
use model::Level;

/// Entries that are listed, and entries of the log that are looked at for them in a frame.
const MOST_LISTED: usize = 200;
const MOST_LOOKED_AT: usize = 4_000;
/// Letters of one entry, and of the text that entries must have in them.
const MOST_TEXT: usize = 300;
const MOST_TYPED: usize = 80;
/// Width on a desk, points, and the most of the scene's height.
const WIDTH: f32 = 560.0;
const HEIGHT_SHARE: f32 = 0.55;

/// What of the log is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// Only entries that matter at least so much.
    pub least: Severity,
    /// Only entries with this text in them.
    pub text: String,
    /// The newest entry when it was paused; `None` while it runs.
    pub paused: Option<EntryId>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            least: Severity::Info,
            text: String::new(),
            paused: None,
        }
    }
}

impl Log {
    /// The entries to be shown, newest first. Further ones than can be looked at in a frame are left out.
    fn entries<'j>(&self, journal: &'j Journal) -> Vec<Entry<'j>> {
        let text = self.text.to_lowercase();
        let is_shown = |entry: &Entry<'j>| {
            entry.severity() >= self.least
                && self.paused.is_none_or(|newest| entry.id() <= newest)
                && (text.is_empty() || format::entry(entry).to_lowercase().contains(&text))
        };
        let looked_at = journal.log().take(MOST_LOOKED_AT);
        looked_at.filter(is_shown).take(MOST_LISTED).collect()
    }
}

/// The log at the lower right of the scene.
pub(crate) fn log_area(
    ctx: &Context,
    log: &mut Log,
    journal: &Journal,
    time_of: &dyn Fn(i64) -> String,
    scene: Rect,
    actions: &mut Vec<Action>,
) {
    Area::new(Id::new("log"))
        .order(Order::Middle)
        .pivot(Align2::RIGHT_BOTTOM)
        .fixed_pos(scene.right_bottom() - vec2(theme::GAP, theme::GAP))
        .constrain_to(scene)
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| {
                log_ui(ui, log, journal, time_of, scene.height() * HEIGHT_SHARE, actions);
            });
        });
}

/// The log's contents, at most this high.
pub fn log_ui(
    ui: &mut Ui,
    log: &mut Log,
    journal: &Journal,
    time_of: &dyn Fn(i64) -> String,
    most_height: f32,
    actions: &mut Vec<Action>,
) {
    ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 4.0 * theme::GAP));
    head_ui(ui, log, journal, actions);
    let entries = log.entries(journal);
    if entries.is_empty() {
        ui.label(RichText::new("Nothing of this kind has happened.").color(theme::of(ui).muted));
    }
    let height = Tier::Small.font(ui).size * 1.6;
    ScrollArea::vertical()
        .max_height(most_height)
        .auto_shrink([false, true])
        .show_rows(ui, height, entries.len(), |ui, range| {
            for entry in entries.get(range).unwrap_or_default() {
                entry_ui(ui, entry, journal.is_unseen(entry), time_of, height, actions);
            }
        });
    let kept = format!(
        "{} of the last {} entries{}",
        format::grouped(entries.len() as u64),
        format::grouped(journal.entries() as u64),
        match journal.forgotten() {
            0 => String::new(),
            forgotten => format!(", {} older ones are forgotten", format::grouped(forgotten)),
        }
    );
    ui.label(
        RichText::new(kept)
            .font(Tier::Small.font(ui))
            .color(theme::of(ui).muted),
    );
}

fn head_ui(ui: &mut Ui, log: &mut Log, journal: &Journal, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.label(
            RichText::new("Events")
                .font(Tier::Name.font(ui))
                .color(theme::of(ui).text),
        );
        for (least, word) in [
            (Severity::Info, "all"),
            (Severity::Warning, "trouble"),
            (Severity::Failure, "failures"),
        ] {
            if ui.selectable_label(log.least == least, word).clicked() {
                log.least = least;
            }
        }
        let field = TextEdit::singleline(&mut log.text)
            .hint_text("with this text")
            .char_limit(MOST_TYPED)
            .desired_width(130.0);
        ui.add(field);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if super::close_button(ui, "Close events").clicked() {
                actions.push(Action::ToggleLog);
            }
            let word = if log.paused.is_some() { "Go on" } else { "Pause" };
            if ui.button(word).clicked() {
                log.paused = match log.paused {
                    Some(_) => None,
                    None => journal.log().next().map(|entry| entry.id()),
                };
            }
        });
    });
}

fn entry_ui(
    ui: &mut Ui,
    entry: &Entry<'_>,
    is_unseen: bool,
    time_of: &dyn Fn(i64) -> String,
    height: f32,
    actions: &mut Vec<Action>,
) {
    let text = format::clean(&format::entry(entry), MOST_TEXT);
    let (rect, line) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let time = time_of(entry.last_ms());
    line.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, format!("{time} {text}")));
    let inks = theme::of(ui);
    if line.hovered() && entry.key().is_some() {
        ui.painter().rect_filled(rect, 4.0, inks.line.gamma_multiply(0.5));
    }
    let layout = Layout::left_to_right(Align::Center);
    let mut row = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
    let font = Tier::Small.font(ui);
    row.label(RichText::new(&time).font(Tier::Mono.font(ui)).color(inks.muted));
    let (icon, _) = row.allocate_exact_size(vec2(font.size, font.size), Sense::hover());
    match entry.states() {
        Some((_, Some(status))) => status_icon::paint(row.painter(), icon, status, inks.status(status)),
        _ => status_icon::paint_level(row.painter(), icon.shrink(1.5), level(entry.severity())),
    }
    let ink = if is_unseen { inks.text } else { inks.muted };
    row.add(
        egui::Label::new(RichText::new(&text).font(font).color(ink))
            .truncate()
            .selectable(false),
    );
    let line = line.on_hover_text(text);
    if let Some(key) = entry.key().filter(|_| line.clicked()) {
        actions.push(Action::Inspect(key.clone()));
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Routine | Severity::Info => Level::Info,
        Severity::Warning => Level::Warn,
        Severity::Failure => Level::Error,
    }
}
