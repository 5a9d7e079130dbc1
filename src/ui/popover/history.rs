//! The last events of the connection and the recent connections, newest first.

use egui::{Align, Sense, Ui, Vec2, WidgetInfo, WidgetType};

use super::{
    PopoverView,
    line::{AGE_EMS, ICON_EMS, cell, em, heading, line, muted, text},
};
use crate::ui::{format, status_icon};
use model::Level;
use realtime::{Attempt, LinkEvent};

/// Letters of one event; the longest that the session writes have about 400.
const MOST_TEXT: usize = 480;
/// Events and connections that are listed: as many as are reported.
const LISTED: usize = 20;

/// Draws the last events.
pub(super) fn events_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    heading(ui, "Events");
    if view.link.events.is_empty() {
        muted(ui, "Nothing has happened yet.");
    }
    for event in view.link.events.iter().rev().take(LISTED) {
        line(ui, |ui| {
            cell(ui, ICON_EMS, Align::Min, |ui| level_ui(ui, event.level));
            cell(ui, AGE_EMS, Align::Max, |ui| muted(ui, view.age(event.at_ms)));
            text(ui, event_text(event));
        });
    }
}

fn level_ui(ui: &mut Ui, level: Level) {
    let (rect, shown) = ui.allocate_exact_size(Vec2::splat(em(ui)), Sense::hover());
    status_icon::paint_level(ui.painter(), rect.shrink(1.5).translate(egui::vec2(0.0, 1.0)), level);
    shown.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, level.word()));
}

/// `Connection lost (…).`, `Not connected (…). Retrying in 60 s (37 of 50). ×12`.
fn event_text(event: &LinkEvent) -> String {
    let text = format::clean(&event.text, MOST_TEXT);
    match event.times {
        0 | 1 => text,
        times => format!("{text} ×{}", format::grouped(u64::from(times))),
    }
}

/// Draws the recent connections.
pub(super) fn connects_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    heading(ui, "Recent connections");
    if view.link.history.is_empty() {
        muted(ui, "No connection yet.");
    }
    for attempt in view.link.history.iter().rev().take(LISTED) {
        line(ui, |ui| {
            cell(ui, AGE_EMS, Align::Max, |ui| muted(ui, view.age(attempt.started_ms)));
            text(ui, attempt_text(attempt, view.feed_ms));
        });
    }
}

/// `live for 3 min 20 s: the server closed the socket`.
fn attempt_text(attempt: &Attempt, feed_ms: u64) -> String {
    let secs = |from: u64, to: u64| format::span(to.saturating_sub(from) as f64 / 1e3);
    let end = attempt.ended_ms.unwrap_or(feed_ms);
    let course = match (attempt.live_ms, attempt.ended_ms) {
        (Some(live), Some(_)) => format!("live for {}", secs(live, end)),
        (Some(live), None) => format!("live since {}", secs(live, end)),
        (None, Some(_)) => "never live".to_owned(),
        (None, None) => "connecting".to_owned(),
    };
    match &attempt.reason {
        Some(reason) => format!("{course}: {}", format::clean(reason, MOST_TEXT)),
        None => course,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_described_by_its_course() {
        let mut attempt = Attempt {
            started_ms: 1_000,
            live_ms: None,
            ended_ms: None,
            reason: None,
        };
        assert_eq!(attempt_text(&attempt, 4_000), "connecting");
        attempt.live_ms = Some(2_000);
        assert_eq!(attempt_text(&attempt, 62_000), "live since 1 min");
        attempt.ended_ms = Some(62_000);
        attempt.reason = Some("the server closed it\n".to_owned());
        assert_eq!(attempt_text(&attempt, 182_000), "live for 1 min: the server closed it");
    }

    #[test]
    fn an_event_that_stands_for_many_shows_their_count() {
        let mut event = LinkEvent {
            at_ms: 0,
            level: Level::Info,
            text: "The session token was renewed.\n".to_owned(),
            times: 1,
        };
        assert_eq!(event_text(&event), "The session token was renewed.");
        event.times = 24;
        assert_eq!(event_text(&event), "The session token was renewed. ×24");
        event.text = "x".repeat(1_000_000);
        assert!(event_text(&event).chars().count() < MOST_TEXT + 8);
    }
}
