//! Table by table: its channel, how it is kept in sync, its rows. And the checks: subscription, resync, audit, drift.

use egui::{Align, Label, Rect, RichText, Sense, Stroke, Ui, Vec2, WidgetInfo, WidgetType, pos2, vec2};

use super::{
    PopoverView,
    line::{NAME_EMS, cell, em, fact, heading, height, line, muted, text},
};
use crate::ui::{format, theme, theme::Tier};
use realtime::{BroadcastReport, POLL_INTERVAL, PulseReport, PulseState, Resync, SourceReport, SourceState};

/// Widths of the columns after the name, in ems; the rows have the rest.
const CHANNEL_EMS: f32 = 9.8;
const FOLLOWED_EMS: f32 = 5.4;
const ROWS_EMS: f32 = 4.6;

/// Draws one line a table.
pub(super) fn tables_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    let sources = view.sources;
    line(ui, |ui| {
        let head = |ui: &mut Ui, words: &str| {
            let words = RichText::new(words)
                .font(Tier::Small.font(ui))
                .color(theme::of(ui).muted);
            ui.label(words);
        };
        cell(ui, NAME_EMS, Align::Min, |ui| head(ui, "table"));
        cell(ui, CHANNEL_EMS, Align::Min, |ui| head(ui, "channel"));
        cell(ui, FOLLOWED_EMS, Align::Min, |ui| head(ui, "proven"));
        cell(ui, ROWS_EMS, Align::Max, |ui| head(ui, "rows"));
    });
    for &kind in view.kinds {
        let state = sources[kind].state;
        line(ui, |ui| {
            cell(ui, NAME_EMS, Align::Min, |ui| muted(ui, kind.plural()));
            cell(ui, CHANNEL_EMS, Align::Min, |ui| {
                channel_dot(ui, state);
                let words = RichText::new(channel_text(state)).color(match state {
                    SourceState::Lost | SourceState::LeftOut => theme::of(ui).warn,
                    _ => theme::of(ui).text,
                });
                ui.add(Label::new(words).wrap());
            });
            cell(ui, FOLLOWED_EMS, Align::Min, |ui| {
                match state {
                    SourceState::StreamOnly => ui.label(RichText::new("stream only").color(theme::of(ui).warn)),
                    SourceState::Lost => {
                        let age = sources[kind]
                            .proven_ms
                            .map(|at| format!("{} ago", format::age(view.secs_since(at))));
                        let age = age.unwrap_or_else(|| "never".to_owned());
                        ui.label(RichText::new(age).color(theme::of(ui).warn))
                    }
                    // What is expected is not emphasised.
                    _ => match sources[kind].proven_ms {
                        Some(at) => muted(ui, format!("{} ago", format::age(view.secs_since(at)))),
                        None => muted(ui, "not yet"),
                    },
                }
            });
            let rows = sources[kind].rows as u64;
            let shown = cell(ui, ROWS_EMS, Align::Max, |ui| text(ui, format::grouped(rows)));
            shown.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format::counted(rows, "row", "rows")));
        });
    }
}

/// The state of the channel in words.
fn channel_text(state: SourceState) -> String {
    match state {
        SourceState::Polled => format!("read every {} s", POLL_INTERVAL.as_secs()),
        SourceState::StreamOnly => SourceState::Followed.word().to_owned(),
        state => state.word().to_owned(),
    }
}

/// Draws what keeps tables from being followed, with the remedies.
pub(super) fn limits_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    for &kind in view.kinds {
        let source = &view.sources[kind];
        let Some(words) = limit_text(kind.plural(), source, |at| view.time_of_day(at)) else {
            continue;
        };
        let ink = match source.state {
            SourceState::Lost | SourceState::LeftOut => theme::of(ui).warn,
            _ => theme::of(ui).muted,
        };
        let words = RichText::new(words).font(Tier::Small.font(ui)).color(ink);
        ui.add(Label::new(words).wrap());
    }
}

/// `Tasks lost at 14:05, rows as of 14:03: public.tasks may not be read; grant select on it …`
fn limit_text(name: &str, source: &SourceReport, time: impl Fn(u64) -> Option<String>) -> Option<String> {
    let why = source.why.as_deref().map(|why| format::clean(why, 400))?;
    Some(match source.state {
        SourceState::Lost => {
            let at = |word: &str, at: Option<u64>| at.and_then(&time).map(|time| format!("{word} {time}"));
            let since = at(" lost at", source.lost_ms).unwrap_or_else(|| " lost".to_owned());
            let as_of = at(", rows as of", source.proven_ms).unwrap_or_default();
            format!("{name}{since}{as_of}: {why}")
        }
        SourceState::LeftOut => format!("{name} left out: {why}"),
        SourceState::Polled => format!("{name} are read every {} s only: {why}", POLL_INTERVAL.as_secs()),
        SourceState::StreamOnly => format!("{name} appear when they change: {why}"),
        _ => return None,
    })
}

/// A full dot: changes arrive. Half: joining, or read at intervals. Hollow: closed. Hollow and struck through: lost or left out. A cross:
/// refused.
fn channel_dot(ui: &mut Ui, state: SourceState) {
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

/// Draws the checks.
pub(super) fn checks_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    let link = view.link;
    heading(ui, "Checks");
    fact(ui, "Subscription", subscription_text(link.joins));
    fact(
        ui,
        "Last resync",
        match &link.last_resync {
            Some(resync) => resync_text(resync, view.feed_ms),
            None => "none yet".to_owned(),
        },
    );
    fact(
        ui,
        "Last audit",
        match link.last_audit {
            Some((at, true)) => format!("{}: equal", view.ago(at)),
            Some((at, false)) => format!("{}: different, so the tables are read again", view.ago(at)),
            None => "none yet".to_owned(),
        },
    );
    fact(
        ui,
        "Last drift",
        match link.last_drift {
            Some((at, rows)) => format!(
                "{}: {} corrected",
                view.ago(at),
                format::counted(rows as u64, "row", "rows")
            ),
            None => "none found".to_owned(),
        },
    );
    if let Some(pulse) = &link.pulse {
        fact(ui, "Pulse", pulse_text(pulse, view.feed_ms));
    }
    if let Some(text) = link.broadcast.as_ref().and_then(broadcast_text) {
        fact(ui, "Broadcast", text);
    }
}

/// `1,204 messages, 3 changes missed by the database feed, 0 by broadcast`; nothing where it was never joined.
fn broadcast_text(broadcast: &BroadcastReport) -> Option<String> {
    if !broadcast.is_joined && broadcast.messages == 0 {
        return None;
    }
    let state = if broadcast.is_joined { "" } else { "not joined: " };
    Some(format!(
        "{state}{}, {} missed by the database feed, {} by broadcast",
        format::counted(broadcast.messages, "message", "messages"),
        format::counted(broadcast.missed_by_stream, "change", "changes"),
        format::grouped(broadcast.missed_by_broadcast)
    ))
}

/// `every 5 s, last 2 s ago, 0 lost`
fn pulse_text(pulse: &PulseReport, feed_ms: u64) -> String {
    let state = match pulse.state {
        PulseState::Awaited | PulseState::Running => "",
        PulseState::Missing => "does not arrive: ",
        PulseState::Stopped => "stopped: ",
    };
    let every = match pulse.interval_ms {
        Some(interval) => format!("every {}", format::age((interval as f64 / 1e3).round())),
        None => "interval not known yet".to_owned(),
    };
    let last = match pulse.last_ms {
        Some(at) => format!("last {} ago", format::age(feed_ms.saturating_sub(at) as f64 / 1e3)),
        None => "none yet".to_owned(),
    };
    format!("{state}{every}, {last}, {} lost", format::grouped(pulse.lost))
}

fn subscription_text(joins: u64) -> String {
    match joins {
        0 => "none yet".to_owned(),
        joins => format!("no. {}", format::grouped(joins)),
    }
}

/// `4 min 10 s ago, after a loss, in 1.2 s: 3 added, 12 changed, 1 removed`.
pub(super) fn resync_text(resync: &Resync, feed_ms: u64) -> String {
    let why = match resync.why {
        "first" => "for a new subscription",
        "gap" => "after a loss",
        "audit" => "routine check",
        "poll" => "of single tables",
        "replaced" => "for a fresh connection",
        other => other,
    };
    let Resync {
        added,
        changed,
        removed,
        ..
    } = *resync;
    let difference = if added + changed + removed == 0 {
        "no difference".to_owned()
    } else {
        let count = |count: usize| format::grouped(count as u64);
        format!(
            "{} added, {} changed, {} removed",
            count(added),
            count(changed),
            count(removed)
        )
    };
    let ago = format::span(feed_ms.saturating_sub(resync.at_ms) as f64 / 1e3);
    format!("{ago} ago, {why}, in {}: {difference}", format::millis(resync.took_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcast_is_one_line_where_there_is_one() {
        let mut broadcast = BroadcastReport::default();
        assert_eq!(broadcast_text(&broadcast), None);
        broadcast.messages = 1_204;
        broadcast.missed_by_stream = 3;
        broadcast.is_joined = true;
        assert_eq!(
            broadcast_text(&broadcast).as_deref(),
            Some("1,204 messages, 3 changes missed by the database feed, 0 by broadcast")
        );
    }

    #[test]
    fn the_pulse_is_one_line() {
        let mut pulse = PulseReport {
            state: PulseState::Running,
            interval_ms: Some(5_020),
            last_ms: Some(8_000),
            lost: 0,
        };
        assert_eq!(pulse_text(&pulse, 10_000), "every 5 s, last 2 s ago, 0 lost");
        pulse.state = PulseState::Stopped;
        assert_eq!(pulse_text(&pulse, 70_000), "stopped: every 5 s, last 1 min ago, 0 lost");
    }

    #[test]
    fn what_keeps_a_table_from_being_followed_is_named_with_its_times() {
        let source = |state| SourceReport {
            state,
            why: Some("no grant".to_owned()),
            proven_ms: Some(3),
            lost_ms: Some(5),
            ..SourceReport::default()
        };
        let text = |state| limit_text("tasks", &source(state), |at| Some(format!("14:0{at}")));
        let lost = text(SourceState::Lost).expect("a text");
        assert_eq!(lost, "tasks lost at 14:05, rows as of 14:03: no grant");
        let polled = text(SourceState::Polled).expect("a text");
        assert_eq!(polled, "tasks are read every 60 s only: no grant");
        assert_eq!(text(SourceState::LeftOut).as_deref(), Some("tasks left out: no grant"));
        assert_eq!(text(SourceState::Followed), None);
    }

    #[test]
    fn a_resync_shows_why_and_what_it_changed() {
        let mut resync = Resync {
            at_ms: 10_000,
            took_ms: 1_240,
            why: "gap",
            added: 3,
            changed: 1_200,
            removed: 1,
        };
        assert_eq!(
            resync_text(&resync, 260_000),
            "4 min 10 s ago, after a loss, in 1.2 s: 3 added, 1,200 changed, 1 removed"
        );
        resync = Resync {
            why: "audit",
            added: 0,
            changed: 0,
            removed: 0,
            ..resync
        };
        assert_eq!(
            resync_text(&resync, 0),
            "0 s ago, routine check, in 1.2 s: no difference"
        );
    }
}
