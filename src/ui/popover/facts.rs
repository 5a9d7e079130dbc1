//! The connection itself: address, heartbeat, what arrives, and when the token or key ends.

use egui::{Align, Sense, Ui, Vec2, WidgetInfo, WidgetType, vec2};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    PopoverView,
    line::{NAME_EMS, cell, em, fact, height, line, muted, text},
};
use crate::ui::{clock::clock_text, format, status_icon, theme, widgets};
use model::Level;
use realtime::LinkReport;

/// Width of the round trips' spark line, in ems.
const SPARK_EMS: f32 = 8.0;
/// Round trips that fill it: as many as are reported.
const SPARK_SPAN: usize = 60;
/// The line's scale is at least this many milliseconds, so that the noise of a loopback looks flat.
const LEAST_PEAK_MS: f32 = 10.0;

/// Draws the facts, one a line.
pub(super) fn facts_ui(ui: &mut Ui, view: &PopoverView<'_>) {
    let link = view.link;
    fact(ui, "Address", format::clean(view.shown_url, 120));
    heartbeat_ui(ui, link);
    fact(
        ui,
        "Changes",
        format!(
            "{} per second, {} in all",
            format::rate(view.changes_per_second),
            format::grouped(link.changes)
        ),
    );
    fact(
        ui,
        "Received",
        format!(
            "{} per second, {} over {}",
            format::bytes(view.bytes_per_second.max(0.0).round() as u64),
            format::bytes(link.bytes),
            format::counted(link.connects, "connection", "connections")
        ),
    );
    fact(ui, "Merged updates", coalesced_text(link.coalesced));
    if link.malformed > 0 {
        warning(
            ui,
            "Malformed",
            &format::counted(link.malformed, "frame dropped", "frames dropped"),
            Level::Warn,
        );
    }
    if let Some(ends) = link.token_expires_ms {
        let name = if view.signed_in { "Session" } else { "Key" };
        let (words, level) = expiry(ends, view.wall_ms, view.signed_in, view.zone);
        warning(ui, name, &words, level);
    } else if view.signed_in {
        fact(ui, "Session", "not signed in yet");
    }
}

fn coalesced_text(coalesced: u64) -> String {
    match coalesced {
        0 => "none".to_owned(),
        some => format!("{} replaced by later changes of the same rows", format::grouped(some)),
    }
}

/// A fact that may be bad, in which case it has its level's shape and colour.
fn warning(ui: &mut Ui, name: &str, words: &str, level: Level) {
    if level == Level::Info {
        fact(ui, name, words);
        return;
    }
    line(ui, |ui| {
        cell(ui, NAME_EMS, Align::Min, |ui| muted(ui, name));
        let side = em(ui);
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
        status_icon::paint_level(ui.painter(), rect.shrink(1.0), level);
        let ink = theme::of(ui).level(level);
        ui.add(egui::Label::new(egui::RichText::new(words).color(ink)).wrap());
    });
}

fn heartbeat_ui(ui: &mut Ui, link: &LinkReport) {
    let Some(newest) = link.heartbeat_rtt_ms else {
        fact(ui, "Heartbeat", "not answered yet");
        return;
    };
    let trips: Vec<f32> = link.round_trips_ms.iter().map(|millis| *millis as f32).collect();
    let most = link.round_trips_ms.iter().copied().max().unwrap_or(newest);
    line(ui, |ui| {
        cell(ui, NAME_EMS, Align::Min, |ui| muted(ui, "Heartbeat"));
        let size = vec2(em(ui) * SPARK_EMS, height(ui) - 3.0);
        let (rect, drawn) = ui.allocate_exact_size(size, Sense::hover());
        widgets::spark_line(ui, rect, &trips, SPARK_SPAN, LEAST_PEAK_MS, false);
        drawn.widget_info(|| {
            let text = format!(
                "Round trips of the last {}",
                format::counted(trips.len() as u64, "heartbeat", "heartbeats")
            );
            WidgetInfo::labeled(WidgetType::Image, true, text)
        });
        text(
            ui,
            format!("{} now, {} at most", format::millis(newest), format::millis(most)),
        );
    });
}

/// A token with less than this left, in seconds, should have been renewed: an hourly one is renewed six minutes before its
/// end.
const TOKEN_LATE_SECS: i64 = 5 * 60;
/// A key with less than this left has to be replaced by hand.
const KEY_LATE_SECS: i64 = 7 * 24 * 3_600;
const DAY_SECS: i64 = 24 * 3_600;

/// `ends in 43 min, at 16:22`, and its level. Times in milliseconds since the Unix epoch.
fn expiry(ends_ms: i64, now_ms: i64, is_session: bool, zone: &TimeZone) -> (String, Level) {
    let left = ends_ms.saturating_sub(now_ms).div_euclid(1_000);
    let when = when(ends_ms, left.abs() >= DAY_SECS, zone);
    if left < 0 {
        // A session is renewed when it is needed; a key is not renewed.
        let level = if is_session { Level::Warn } else { Level::Error };
        return (format!("ended {} ago{when}", length(left.saturating_neg())), level);
    }
    let late = if is_session { TOKEN_LATE_SECS } else { KEY_LATE_SECS };
    let level = if left < late { Level::Warn } else { Level::Info };
    (format!("ends in {}{when}", length(left)), level)
}

/// With seconds only below one minute.
fn length(secs: i64) -> String {
    if secs < 3_600 {
        format::age(secs as f64)
    } else {
        format::span(secs as f64)
    }
}

/// The time on the wall's clock, with the day where that is another. Empty for a time outside the calendar.
fn when(at_ms: i64, with_day: bool, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_millisecond(at_ms) else {
        return String::new();
    };
    let clock = clock_text(at, zone);
    if with_day {
        let known = if zone.is_unknown() { TimeZone::UTC } else { zone.clone() };
        format!(", on {} at {clock}", at.to_zoned(known).strftime("%-d %b %Y"))
    } else {
        format!(", at {clock}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-14 22:13:20 UTC.
    const NOW: i64 = 1_700_000_000_000;
    const MINUTE: i64 = 60_000;

    #[test]
    fn a_session_is_late_when_its_renewal_is_late() {
        let shown = |minutes: i64| expiry(NOW + minutes * MINUTE, NOW, true, &TimeZone::UTC);
        assert_eq!(shown(43), ("ends in 43 min, at 22:56 UTC".to_owned(), Level::Info));
        assert_eq!(shown(6).1, Level::Info);
        assert_eq!(shown(4).1, Level::Warn);
        assert_eq!(shown(-3), ("ended 3 min ago, at 22:10 UTC".to_owned(), Level::Warn));
        assert_eq!(shown(65).0, "ends in 1 h 5 min, at 23:18 UTC");
    }

    #[test]
    fn a_key_is_late_in_days() {
        let shown = |days: i64| expiry(NOW + days * 24 * 60 * MINUTE, NOW, false, &TimeZone::UTC);
        assert_eq!(shown(30).1, Level::Info);
        let (words, level) = shown(6);
        assert_eq!(
            (words.as_str(), level),
            ("ends in 6 d, on 20 Nov 2023 at 22:13 UTC", Level::Warn)
        );
        assert_eq!(shown(-1).1, Level::Error);
    }

    #[test]
    fn a_time_beyond_all_calendars_does_no_harm() {
        let (words, _) = expiry(i64::MAX, NOW, true, &TimeZone::UTC);
        assert!(words.starts_with("ends in "), "{words}");
        let (words, _) = expiry(i64::MIN, NOW, true, &TimeZone::UTC);
        assert!(words.starts_with("ended "), "{words}");
    }
}
