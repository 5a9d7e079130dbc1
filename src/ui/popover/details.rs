//! What is known of the connection: address, round trip, tables and their channels, the last connects.

use egui::{Align, Grid, Layout, Rect, RichText, Sense, Stroke, Ui, Vec2, vec2};

use super::PopoverView;
use crate::{
    domain::{Attempt, ChannelState, Kind},
    ui::{format, theme},
};

/// Connects that are listed.
const LISTED: usize = 6;
/// Height of a line of text, points: these are not buttons.
const LINE: f32 = 19.0;
/// Width of "3 min 20 s ago", points.
const WHEN: f32 = 116.0;

pub fn facts_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    let link = view.link;
    Grid::new("facts")
        .num_columns(2)
        .min_row_height(LINE)
        .spacing([18.0, 4.0])
        .show(ui, |ui| {
            let mut fact = |name: &str, value: String| {
                ui.label(RichText::new(name).color(theme::MUTED));
                ui.add(egui::Label::new(RichText::new(value).color(theme::TEXT)).truncate());
                ui.end_row();
            };
            fact("Address", format::clean(view.shown_url, 120));
            fact(
                "Heartbeat",
                match link.heartbeat_rtt_ms {
                    Some(millis) => format!("answered in {millis} ms"),
                    None => "none answered yet".to_owned(),
                },
            );
            fact(
                "Changes",
                format!(
                    "{} per second, {} in all",
                    format::rate(view.changes_per_second),
                    format::grouped(link.changes)
                ),
            );
            fact(
                "Received",
                format!(
                    "{} over {}",
                    format::bytes(link.bytes),
                    format::counted(link.connects, "connection", "connections")
                ),
            );
            if link.malformed > 0 {
                fact(
                    "Malformed",
                    format::counted(link.malformed, "frame dropped", "frames dropped"),
                );
            }
        });
}

pub fn tables_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    Grid::new("tables")
        .num_columns(3)
        .min_row_height(LINE)
        .spacing([18.0, 4.0])
        .show(ui, |ui| {
            for kind in Kind::ALL {
                let state = view.link.channel[kind];
                ui.label(RichText::new(kind.plural()).color(theme::MUTED));
                let rows = format::counted(view.link.rows[kind] as u64, "row", "rows");
                ui.label(RichText::new(rows).color(theme::TEXT));
                ui.spacing_mut().interact_size.y = LINE;
                ui.horizontal(|ui| {
                    channel_dot(ui, state);
                    ui.label(RichText::new(state.word()).color(theme::TEXT));
                });
                ui.end_row();
            }
        });
}

/// Full: live. Half: on its way. Hollow: closed. Crossed: refused.
fn channel_dot(ui: &mut Ui, state: ChannelState) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(10.0), Sense::hover());
    let (center, radius) = (rect.center(), 4.0);
    let painter = ui.painter();
    match state {
        ChannelState::Live => {
            painter.circle_filled(center, radius, theme::LIVE);
        }
        ChannelState::Joining | ChannelState::Joined | ChannelState::Subscribed => {
            painter.circle_stroke(center, radius, Stroke::new(1.5, theme::MUTED));
            let half = Rect::from_min_max(rect.min, egui::pos2(rect.right(), center.y));
            painter.with_clip_rect(half).circle_filled(center, radius, theme::MUTED);
        }
        ChannelState::Closed => {
            painter.circle_stroke(center, radius, Stroke::new(1.5, theme::MUTED));
        }
        ChannelState::Refused => {
            let (line, arm) = (Stroke::new(2.0, theme::OFFLINE), Vec2::splat(radius));
            painter.line_segment([center - arm, center + arm], line);
            let arm = vec2(radius, -radius);
            painter.line_segment([center - arm, center + arm], line);
        }
    }
}

pub fn history_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    if view.link.history.is_empty() {
        ui.label(RichText::new("No connect yet.").color(theme::MUTED));
        return;
    }
    ui.spacing_mut().interact_size.y = LINE;
    for attempt in view.link.history.iter().rev().take(LISTED) {
        let [when, what] = attempt_text(attempt, view.feed_ms);
        ui.horizontal(|ui| {
            ui.allocate_ui_with_layout(vec2(WHEN, LINE), Layout::left_to_right(Align::Center), |ui| {
                ui.set_width(WHEN);
                ui.label(RichText::new(when).color(theme::MUTED));
            });
            ui.add(egui::Label::new(RichText::new(what).color(theme::TEXT)).truncate());
        });
    }
}

/// `["4 min ago", "live for 3 min 20 s: the server closed the socket"]`.
pub fn attempt_text(attempt: &Attempt, feed_ms: u64) -> [String; 2] {
    let secs = |from: u64, to: u64| format::span(to.saturating_sub(from) as f64 / 1e3);
    let when = format!("{} ago", secs(attempt.started_ms, feed_ms));
    let end = attempt.ended_ms.unwrap_or(feed_ms);
    let course = match (attempt.live_ms, attempt.ended_ms) {
        (Some(live), Some(_)) => format!("live for {}", secs(live, end)),
        (Some(live), None) => format!("live since {}", secs(live, end)),
        (None, Some(_)) => "never live".to_owned(),
        (None, None) => "under way".to_owned(),
    };
    let what = match &attempt.reason {
        Some(reason) => format!("{course}: {}", format::clean(reason, 160)),
        None => course,
    };
    [when, what]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connect_tells_its_course() {
        let mut attempt = Attempt {
            started_ms: 1_000,
            live_ms: None,
            ended_ms: None,
            reason: None,
        };
        assert_eq!(attempt_text(&attempt, 4_000), ["3 s ago", "under way"]);
        attempt.live_ms = Some(2_000);
        assert_eq!(attempt_text(&attempt, 62_000), ["1 min 1 s ago", "live since 1 min"]);
        attempt.ended_ms = Some(62_000);
        attempt.reason = Some("the server closed it\n".to_owned());
        let told = attempt_text(&attempt, 182_000);
        assert_eq!(told, ["3 min 1 s ago", "live for 1 min: the server closed it"]);
        assert_eq!(attempt_text(&attempt, 0)[0], "0 s ago", "a clock set back does no harm");
    }
}
