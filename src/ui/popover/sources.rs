//! Source by source: its table, what its rows are, how it is kept up to date, its rows; and below each that is not followed
//! whole the reason, with the statement that mends it.

use egui::{Align, Id, Label, Rect, RichText, Sense, Stroke, Ui, Vec2, WidgetInfo, WidgetType, pos2, vec2};

use super::{
    PopoverView,
    line::{cell, em, height, line, muted, text},
    reason,
};
use crate::ui::{format, theme, theme::Tier};
use model::Kind;
use realtime::{POLL_INTERVAL, SourceReport, SourceState};

/// One table, as the popover lists it.
#[derive(Debug, Clone)]
pub struct SourceLine {
    /// The table, with its schema where that is not `public`.
    pub name: String,
    /// What its rows are; `None`: they complete the rows of the source that is listed before it.
    pub kind: Option<Kind>,
    /// How it stands.
    pub report: SourceReport,
}

impl SourceLine {
    /// Something about it needs a look: it is not followed whole.
    fn is_remarkable(&self) -> bool {
        let state = self.report.state;
        self.report.why.is_some() || !matches!(state, SourceState::Followed | SourceState::Closed)
    }

    /// Its number in the list of those that are shown first: refused before polled, polled before followed.
    fn rank(&self) -> (bool, SourceState) {
        (!self.is_remarkable(), self.report.state)
    }
}

/// Widths of the columns in ems; the rows have the rest.
const TABLE_EMS: f32 = 8.8;
const KIND_EMS: f32 = 4.6;
const STATE_EMS: f32 = 7.6;
const PROVEN_EMS: f32 = 4.6;
const ROWS_EMS: f32 = 4.0;
/// Sources that are listed while the list is folded.
const FOLDED: usize = 8;
/// Letters of a table's name.
const MOST_NAME: usize = 130;
/// Letters of a reason.
const MOST_REASON: usize = 400;

/// Draws the list. More than [`FOLDED`] sources are folded to those that need a look and the first others.
pub(super) fn sources_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    line(ui, |ui| {
        let head = |ui: &mut Ui, words: &str| {
            let words = RichText::new(words)
                .font(Tier::Small.font(ui))
                .color(theme::of(ui).muted);
            ui.label(words);
        };
        cell(ui, TABLE_EMS, Align::Min, |ui| head(ui, "source"));
        cell(ui, KIND_EMS, Align::Min, |ui| head(ui, "rows are"));
        cell(ui, STATE_EMS, Align::Min, |ui| head(ui, "state"));
        cell(ui, PROVEN_EMS, Align::Min, |ui| head(ui, "proven"));
        cell(ui, ROWS_EMS, Align::Max, |ui| head(ui, "rows"));
    });
    let fold = Id::new("all sources");
    let is_open: bool = ui.data(|data| data.get_temp(fold)).unwrap_or_default();
    for at in listed(view.sources, is_open) {
        if let Some(source) = view.sources.get(at) {
            source_ui(ui, view, source);
        }
    }
    statements_ui(ui, view);
    if view.sources.len() > FOLDED {
        let words = match is_open {
            true => "Show fewer".to_owned(),
            false => format!("Show all {} sources", view.sources.len()),
        };
        let words = RichText::new(words).font(Tier::Small.font(ui));
        if ui.add(egui::Button::new(words)).clicked() {
            ui.data_mut(|data| data.insert_temp(fold, !is_open));
        }
    }
}

/// The positions of the sources that are listed, in the order of the list.
fn listed(sources: &[SourceLine], is_open: bool) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sources.len()).collect();
    if is_open || sources.len() <= FOLDED {
        return order;
    }
    // A table that completes another says little without the line above it.
    order.retain(|at| {
        sources
            .get(*at)
            .is_some_and(|source| source.kind.is_some() || source.is_remarkable())
    });
    order.sort_by_key(|at| sources.get(*at).map(SourceLine::rank));
    order.truncate(FOLDED);
    order.sort_unstable();
    order
}

fn source_ui(ui: &mut Ui, view: &PopoverView<'_>, source: &SourceLine) {
    let report = &source.report;
    let state = report.state;
    let is_bad = state == SourceState::Lost || is_left_out(state);
    line(ui, |ui| {
        cell(ui, TABLE_EMS, Align::Min, |ui| {
            let name = format::clean(&source.name, MOST_NAME);
            let name = if source.kind.is_none() {
                format!("   + {name}")
            } else {
                name
            };
            let label = Label::new(RichText::new(&name).color(theme::of(ui).text));
            ui.add(label.truncate());
        });
        cell(ui, KIND_EMS, Align::Min, |ui| {
            muted(ui, source.kind.map_or("details", Kind::plural))
        });
        cell(ui, STATE_EMS, Align::Min, |ui| {
            state_dot(ui, state);
            let ink = if is_bad { theme::of(ui).warn } else { theme::of(ui).text };
            ui.add(Label::new(RichText::new(state_text(state)).color(ink)).wrap());
        });
        cell(ui, PROVEN_EMS, Align::Min, |ui| {
            let age = report
                .proven_ms
                .map(|at| format!("{} ago", format::age(view.secs_since(at))));
            match (state, age) {
                (SourceState::StreamOnly, _) => {
                    ui.label(RichText::new("stream only").color(theme::of(ui).warn));
                }
                (_, age) if is_bad => {
                    let age = age.unwrap_or_else(|| "never".to_owned());
                    ui.label(RichText::new(age).color(theme::of(ui).warn));
                }
                // What is expected is not emphasised.
                (_, age) => {
                    muted(ui, age.unwrap_or_else(|| "not yet".to_owned()));
                }
            }
        });
        let rows = report.rows as u64;
        let shown = cell(ui, ROWS_EMS, Align::Max, |ui| text(ui, format::grouped(rows)));
        shown.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format::counted(rows, "row", "rows")));
    });
    let Some(words) = limit_text(report, |at| view.time_of_day(at)) else {
        return;
    };
    let ink = if is_bad {
        theme::of(ui).warn
    } else {
        theme::of(ui).muted
    };
    let words = RichText::new(words).font(Tier::Small.font(ui)).color(ink);
    ui.add(Label::new(words).wrap());
    if let Some(command) = report.why.as_deref().and_then(reason::command_in) {
        ui.push_id(&source.name, |ui| reason::command_ui(ui, &command));
    }
}

/// The statements of all sources together, where there are several: one click copies them.
fn statements_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    let reasons = view.sources.iter().filter_map(|source| source.report.why.as_deref());
    let mut statements: Vec<String> = Vec::new();
    for statement in reasons.filter_map(reason::command_in) {
        if statement.ends_with(';') && !statements.contains(&statement) {
            statements.push(statement);
        }
    }
    if statements.len() < 2 {
        return;
    }
    let words = format!("Copy all {} statements", statements.len());
    reason::copy_button(ui, &words, &statements.join("\n"));
}

/// The state in words.
fn state_text(state: SourceState) -> String {
    match state {
        SourceState::Polled => format!("read every {} s", POLL_INTERVAL.as_secs()),
        SourceState::StreamOnly => SourceState::Followed.word().to_owned(),
        state => state.word().to_owned(),
    }
}

/// `lost at 14:05, rows as of 14:03: public.tasks may not be read; grant select on it …`
fn limit_text(source: &SourceReport, time: impl Fn(u64) -> Option<String>) -> Option<String> {
    let why = source.why.as_deref().map(|why| format::clean(why, MOST_REASON))?;
    Some(match source.state {
        SourceState::Lost => {
            let at = |word: &str, at: Option<u64>| at.and_then(&time).map(|time| format!("{word} {time}"));
            let since = at(" at", source.lost_ms).unwrap_or_default();
            let as_of = at(", rows as of", source.proven_ms).unwrap_or_default();
            format!("lost{since}{as_of}: {why}")
        }
        SourceState::Polled => format!("read every {} s only: {why}", POLL_INTERVAL.as_secs()),
        SourceState::StreamOnly => format!("rows appear when they change: {why}"),
        state if is_left_out(state) => why,
        _ => return None,
    })
}

/// Nothing of it is shown, while the other sources are.
fn is_left_out(state: SourceState) -> bool {
    matches!(state, SourceState::LeftOut | SourceState::Refused)
}

/// A full dot: changes arrive. Half: joining, or read at intervals. Hollow: closed. Hollow and struck through: lost or left
/// out. A cross: refused.
fn state_dot(ui: &mut Ui, state: SourceState) {
    let side = em(ui) * 0.72;
    let (rect, _) = ui.allocate_exact_size(vec2(side, height(ui)), Sense::hover());
    let (center, radius) = (rect.center() - vec2(0.0, side * 0.15), side * 0.4);
    let painter = ui.painter();
    let half = |ink| {
        painter.circle_stroke(center, radius, Stroke::new(1.5, ink));
        let lower = Rect::from_min_max(pos2(rect.left() - 1.0, center.y), rect.max + Vec2::splat(1.0));
        painter.with_clip_rect(lower).circle_filled(center, radius, ink);
    };
    match state {
        SourceState::Polled => half(theme::of(ui).warn),
        SourceState::Lost | SourceState::LeftOut => {
            painter.circle_stroke(center, radius, Stroke::new(1.5, theme::of(ui).warn));
            let arm = vec2(radius, -radius) * 1.3;
            painter.line_segment([center - arm, center + arm], Stroke::new(1.5, theme::of(ui).warn));
        }
        SourceState::Followed | SourceState::StreamOnly => {
            painter.circle_filled(center, radius + 0.5, theme::of(ui).live);
        }
        SourceState::Joining | SourceState::Joined | SourceState::Reading => half(theme::of(ui).muted),
        SourceState::Closed => {
            painter.circle_stroke(center, radius, Stroke::new(1.5, theme::of(ui).muted));
        }
        SourceState::Refused => {
            for arm in [vec2(radius, radius), vec2(radius, -radius)] {
                painter.line_segment([center - arm, center + arm], Stroke::new(2.0, theme::of(ui).offline));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(state: SourceState, why: Option<&str>) -> SourceLine {
        SourceLine {
            name: "tasks".to_owned(),
            kind: Some(Kind::Task),
            report: SourceReport {
                state,
                why: why.map(str::to_owned),
                proven_ms: Some(3),
                lost_ms: Some(5),
                ..SourceReport::default()
            },
        }
    }

    #[test]
    fn what_keeps_a_source_from_being_followed_is_named_with_its_times() {
        let text = |state| limit_text(&source(state, Some("no grant")).report, |at| Some(format!("14:0{at}")));
        let lost = text(SourceState::Lost).expect("a text");
        assert_eq!(lost, "lost at 14:05, rows as of 14:03: no grant");
        let polled = text(SourceState::Polled).expect("a text");
        assert_eq!(polled, "read every 60 s only: no grant");
        assert_eq!(text(SourceState::LeftOut).as_deref(), Some("no grant"));
        assert_eq!(text(SourceState::Followed), None);
    }

    #[test]
    fn of_many_sources_those_that_need_a_look_are_listed_while_the_list_is_folded() {
        let mut many: Vec<SourceLine> = (0..64).map(|_| source(SourceState::Followed, None)).collect();
        many[40] = source(SourceState::LeftOut, Some("denied"));
        many[63] = source(SourceState::Polled, Some("a view"));
        let folded = listed(&many, false);
        assert_eq!(folded, [0, 1, 2, 3, 4, 5, 40, 63]);
        assert_eq!(listed(&many, true).len(), 64);
        assert_eq!(listed(&many[..FOLDED], false).len(), FOLDED);
    }
}
