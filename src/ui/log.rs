//! The event log: what happened to rows and to the connection, newest first, by severity and by a text or a query. Pausing
//! keeps what is shown; a click inspects the row.

use egui::{Align, Align2, Area, Context, Id, Layout, Order, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, vec2};
use journal::{Entry, EntryId, Journal, Severity};
use query::{Field, Query, Row, Value};

use super::{Action, format, status_icon, theme, theme::Tier};
use crate::search;
use model::{Cell, Level, RowKey};

/// Entries that are listed, and entries of the log that are looked at for them in a frame.
const MOST_LISTED: usize = 200;
const MOST_LOOKED_AT: usize = 4_000;
/// Letters of one entry, and of the text or query by which entries are chosen.
const MOST_TEXT: usize = 300;
const MOST_TYPED: usize = 300;
/// Entries that are looked at between two looks at the clock.
const PIECE: usize = 64;
/// Width on a desk, points, and the most of the scene's height.
const WIDTH: f32 = 560.0;
const HEIGHT_SHARE: f32 = 0.55;

/// What of the log is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// Only entries that matter at least so much.
    pub least: Severity,
    /// Only entries with this text in them, or of rows that this query matches.
    pub text: String,
    /// That text as it was last read.
    filter: (String, Filter),
    /// The newest entry when it was paused; `None` while it runs.
    pub paused: Option<EntryId>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            least: Severity::Info,
            text: String::new(),
            filter: Default::default(),
            paused: None,
        }
    }
}

/// Which entries are shown.
#[derive(Debug, Default, Clone, PartialEq)]
enum Filter {
    /// All.
    #[default]
    All,
    /// Those with these letters in them, in lower case.
    Letters(String),
    /// Those of rows that a query matches.
    Query(Query),
    /// None, because the text is no query.
    Mistake(query::Error),
}

impl Filter {
    fn read(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            Self::All
        } else if search::is_query(text) {
            Query::parse(text).map_or_else(Self::Mistake, Self::Query)
        } else {
            Self::Letters(text.to_lowercase())
        }
    }
}

/// What the log reads beside the journal.
#[derive(Clone, Copy)]
pub struct LogContext<'a> {
    /// The time of day of a moment in milliseconds since the Unix epoch.
    pub time_of: &'a dyn Fn(i64) -> String,
    /// Milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Calls the test with a row as it is now, if there is such a row.
    pub row_of: &'a dyn Fn(&RowKey, &mut dyn FnMut(&dyn Row)),
    /// Whether the time for looking at entries in this frame is over.
    pub is_over: &'a dyn Fn() -> bool,
}

impl std::fmt::Debug for LogContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogContext")
            .field("now_ms", &self.now_ms)
            .finish_non_exhaustive()
    }
}

impl LogContext<'_> {
    /// Whether a query matches an entry.
    fn matches(self, query: &Query, entry: &Entry<'_>) -> bool {
        let now_ms = self.now_ms;
        let matches = |row: Option<&dyn Row>| query.matches(&EntryRow { entry, row, now_ms }, now_ms);
        let mut answer = None;
        if let Some(key) = entry.key() {
            (self.row_of)(key, &mut |row| answer = Some(matches(Some(row))));
        }
        answer.unwrap_or_else(|| matches(None))
    }
}

/// An entry as a query sees it: its own state, name and text, and everything else as the row has it now, if it is still there.
struct EntryRow<'a> {
    entry: &'a Entry<'a>,
    row: Option<&'a dyn Row>,
    now_ms: i64,
}

impl Row for EntryRow<'_> {
    fn any(&self, field: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let entry = self.entry;
        match field {
            Field::Age => test(Value::Seconds((self.now_ms - entry.last_ms()) as f64 / 1e3)),
            Field::Activity => test(Value::Text(&format::entry(entry))),
            Field::State if entry.states().is_some() => {
                let after = entry.states().and_then(|(_, after)| after);
                after.is_some_and(|after| test(Value::State(after, None)))
            }
            _ => {
                let Some(key) = entry.key() else { return false };
                match field {
                    Field::Label => test(Value::Text(entry.label())),
                    Field::Kind => test(Value::Kind(key.kind)),
                    Field::Id => test(Value::Text(key.id.as_str())),
                    _ => self.row.is_some_and(|row| row.any(field, test)),
                }
            }
        }
    }

    fn column(&self, name: &str) -> Option<Cell<'_>> {
        self.row.and_then(|row| row.column(name))
    }
}

/// The entries of a frame.
struct Listed<'j> {
    entries: Vec<Entry<'j>>,
    /// Entries that were looked at; there may be older ones.
    looked_at: usize,
}

impl Log {
    /// The entries to be shown, newest first. Further ones than can be looked at in a frame are left out.
    fn entries<'j>(&mut self, journal: &'j Journal, context: LogContext<'_>) -> Listed<'j> {
        if self.filter.0 != self.text {
            self.filter = (self.text.clone(), Filter::read(&self.text));
        }
        let has_text = |entry: &Entry<'j>| match &self.filter.1 {
            Filter::All => true,
            Filter::Letters(letters) => format::entry(entry).to_lowercase().contains(letters),
            Filter::Query(query) => context.matches(query, entry),
            Filter::Mistake(_) => false,
        };
        let mut listed = Listed {
            entries: Vec::new(),
            looked_at: 0,
        };
        for entry in journal.log().take(MOST_LOOKED_AT) {
            if listed.entries.len() == MOST_LISTED || listed.looked_at % PIECE == PIECE - 1 && (context.is_over)() {
                break;
            }
            listed.looked_at += 1;
            let is_shown = entry.severity() >= self.least
                && self.paused.is_none_or(|newest| entry.id() <= newest)
                && has_text(&entry);
            listed.entries.extend(is_shown.then_some(entry));
        }
        listed
    }

    /// What is wrong with the query.
    fn mistake(&self) -> Option<&str> {
        match &self.filter.1 {
            Filter::Mistake(error) => Some(&error.text),
            _ => None,
        }
    }
}

/// The log at the lower right of the scene.
pub(crate) fn log_area(
    ctx: &Context,
    log: &mut Log,
    journal: &Journal,
    context: LogContext<'_>,
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
                log_ui(ui, log, journal, context, scene.height() * HEIGHT_SHARE, actions);
            });
        });
}

/// The log's contents, at most this high.
pub fn log_ui(
    ui: &mut Ui,
    log: &mut Log,
    journal: &Journal,
    context: LogContext<'_>,
    most_height: f32,
    actions: &mut Vec<Action>,
) {
    ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 4.0 * theme::GAP));
    head_ui(ui, log, journal, actions);
    unseen_ui(ui, journal);
    let Listed { entries, looked_at } = log.entries(journal, context);
    if let Some(mistake) = log.mistake() {
        let mistake = RichText::new(mistake).font(Tier::Small.font(ui));
        ui.add(egui::Label::new(mistake.color(theme::of(ui).warn)).wrap());
    } else if entries.is_empty() {
        ui.label(RichText::new("Nothing of this kind has happened.").color(theme::of(ui).muted));
    }
    let height = Tier::Small.font(ui).size * 1.6;
    ScrollArea::vertical()
        .max_height(most_height)
        .auto_shrink([false, true])
        .show_rows(ui, height, entries.len(), |ui, range| {
            for entry in entries.get(range).unwrap_or_default() {
                entry_ui(ui, entry, journal.is_unseen(entry), context.time_of, height, actions);
            }
        });
    let kept = format!(
        "{} of the last {} entries{}",
        format::grouped(entries.len() as u64),
        format::grouped(looked_at as u64),
        match (journal.entries().saturating_sub(looked_at), journal.forgotten()) {
            (0, 0) => String::new(),
            (0, forgotten) => format!(", {} older ones are forgotten", format::grouped(forgotten)),
            (more, _) => format!(" of {}", format::grouped((more + looked_at) as u64)),
        }
    );
    ui.label(
        RichText::new(kept)
            .font(Tier::Small.font(ui))
            .color(theme::of(ui).muted),
    );
}

/// How much happened since somebody last looked.
fn unseen_ui(ui: &mut Ui, journal: &Journal) {
    let unseen = journal.unseen();
    let news = unseen.news();
    if news == 0 {
        return;
    }
    let trouble = unseen.of(Severity::Warning) + unseen.of(Severity::Failure);
    let text = match trouble {
        0 => format!("{} since you last looked", format::grouped(news)),
        trouble => format!(
            "{} since you last looked, {} of them trouble",
            format::grouped(news),
            format::grouped(trouble)
        ),
    };
    let text = RichText::new(text).font(Tier::Small.font(ui));
    ui.label(text.color(theme::of(ui).text));
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
            .hint_text("text, or state:failed")
            .char_limit(MOST_TYPED)
            .desired_width(150.0);
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
        ui.painter()
            .rect_filled(rect, 4.0, inks.surface.lerp_to_gamma(inks.line, 0.5));
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
