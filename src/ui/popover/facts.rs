//! The line itself: address, heartbeat, what comes in, and when the token or key ends.

use egui::{Align, Sense, Ui, Vec2, WidgetInfo, WidgetType, vec2};

use super::{
    PopoverView,
    expiry::expiry,
    line::{NAME_EMS, cell, em, fact, height, line, muted, text},
};
use crate::ui::{format, spark, status_icon, theme};
use model::Level;
use realtime::LinkReport;

/// Width of the round trips' spark line, in ems.
const SPARK_EMS: f32 = 8.0;
/// Round trips that fill it: as many as are told.
const SPARK_SPAN: usize = 60;
/// Round trips below this many milliseconds lie flat: on a loopback the noise would look like mountains.
const LEAST_PEAK_MS: f32 = 10.0;

pub fn facts_ui(ui: &mut Ui, view: &PopoverView<'_>) {
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

/// A fact that may be bad: then it has its level's shape and colour.
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
        spark::paint(ui, rect, &trips, SPARK_SPAN, LEAST_PEAK_MS, false);
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
