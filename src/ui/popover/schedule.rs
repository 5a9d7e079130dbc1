//! The reconnect schedule in words and as a line: the delay before each attempt.

use std::time::Duration;

use egui::{Align2, Pos2, Rect, Sense, Shape, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};

use crate::ui::{format, theme, theme::Tier};
use model::Backoff;

/// Attempts whose delays are written out, and drawn.
const WRITTEN: u32 = 8;
const DRAWN: u32 = 12;

/// `3 · 6 · 12 · 24 · 48 s, then gives up after 1 min 33 s`.
pub(crate) fn schedule_text(backoff: &Backoff) -> String {
    let written = backoff.schedule(WRITTEN);
    let more = backoff.delay(WRITTEN + 1, 0.0).is_some();
    let delays = written.iter().map(|delay| format::seconds(delay.as_secs_f64()));
    let delays = format::dotted(delays.chain(more.then(|| "…".to_owned())));
    let end = if backoff.max_attempts == 0 {
        "never gives up".to_owned()
    } else {
        // Bounded by `Backoff::MAX_ATTEMPTS_LIMIT`.
        let total: Duration = backoff.schedule(Backoff::MAX_ATTEMPTS_LIMIT).iter().sum();
        format!("then gives up after {}", total_text(total))
    };
    let jitter = if backoff.jitter > 0.0 {
        format!("; jitter: each up to {:.0} % shorter", backoff.jitter * 100.0)
    } else {
        String::new()
    };
    format!("{delays} s, {end}{jitter}")
}

/// Short totals keep their fraction, long ones are spans.
fn total_text(total: Duration) -> String {
    let seconds = total.as_secs_f64();
    if seconds < 10.0 {
        format!("{} s", format::seconds(seconds))
    } else {
        format::span(seconds.round())
    }
}

/// Draws the delays: a line over the attempts, each with its seconds, the jitter as a band below it. `trying` marks the
/// current attempt.
pub(super) fn schedule_plot(ui: &mut Ui, backoff: &Backoff, trying: Option<u32>) {
    let small = Tier::Small.font(ui);
    let size = vec2(ui.available_width(), small.size * 9.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| {
        let text = format!("Reconnect schedule: {}", schedule_text(backoff));
        WidgetInfo::labeled(WidgetType::Image, true, text)
    });
    let delays: Vec<f32> = backoff.schedule(DRAWN).iter().map(Duration::as_secs_f32).collect();
    let painter = ui.painter_at(rect);
    let (above, below) = (small.size * 1.5, small.size * 1.7);
    let plot = Rect::from_min_max(
        rect.min + vec2(small.size * 2.2, above),
        rect.max - vec2(small.size * 0.6, below),
    );
    painter.hline(plot.x_range(), plot.bottom(), Stroke::new(1.0, theme::of(ui).line));

    let peak = delays.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let slots = delays.len().max(1) as f32;
    let at = |slot: usize, delay: f32| -> Pos2 {
        let x = plot.left() + plot.width() * (slot as f32 + 0.5) / slots;
        pos2(x, plot.bottom() - plot.height() * (delay / peak).clamp(0.0, 1.0))
    };
    let points: Vec<Pos2> = delays
        .iter()
        .enumerate()
        .map(|(slot, delay)| at(slot, *delay))
        .collect();
    let shortest = 1.0 - backoff.jitter.clamp(0.0, 1.0) as f32;
    for (slot, top) in points.iter().enumerate() {
        let delay = delays.get(slot).copied().unwrap_or_default();
        let current = trying == u32::try_from(slot + 1).ok();
        let ink = if current {
            theme::of(ui).selection
        } else {
            theme::of(ui).text
        };
        painter.vline(top.x, top.y..=plot.bottom(), Stroke::new(1.0, theme::of(ui).line));
        if backoff.jitter > 0.0 {
            let floor = at(slot, delay * shortest);
            painter.line_segment([*top, floor], Stroke::new(5.0, theme::of(ui).muted.gamma_multiply(0.5)));
        }
        let number = pos2(top.x, plot.bottom() + 3.0);
        let number_ink = if current { ink } else { theme::of(ui).muted };
        painter.text(
            number,
            Align2::CENTER_TOP,
            (slot + 1).to_string(),
            small.clone(),
            number_ink,
        );
    }
    painter.add(Shape::line(points.clone(), Stroke::new(2.0, theme::of(ui).live)));
    for (slot, top) in points.iter().enumerate() {
        let delay = delays.get(slot).copied().unwrap_or_default();
        let current = trying == u32::try_from(slot + 1).ok();
        let ink = if current {
            theme::of(ui).selection
        } else {
            theme::of(ui).text
        };
        painter.circle_filled(
            *top,
            if current { 5.0 } else { 3.5 },
            if current { ink } else { theme::of(ui).live },
        );
        // The longest delay is written once, where it is reached.
        let before = slot.checked_sub(1).and_then(|before| delays.get(before));
        if before != Some(&delay) {
            let text = format!("{} s", format::seconds(f64::from(delay)));
            painter.text(*top - vec2(0.0, 6.0), Align2::CENTER_BOTTOM, text, small.clone(), ink);
        }
    }
    let row = pos2(rect.left(), plot.bottom() + 3.0);
    painter.text(row, Align2::LEFT_TOP, "no.", small, theme::of(ui).muted);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_schedule_in_words() {
        assert_eq!(
            schedule_text(&Backoff::default()),
            "3 · 6 · 12 · 24 · 48 s, then gives up after 1 min 33 s"
        );
    }

    #[test]
    fn endless_short_and_jittered_schedules() {
        let endless = Backoff {
            max_attempts: 0,
            jitter: 0.2,
            ..Backoff::default()
        };
        assert_eq!(
            schedule_text(&endless),
            "3 · 6 · 12 · 24 · 48 · 60 · 60 · 60 · … s, never gives up; jitter: each up to 20 % shorter"
        );
        let short = Backoff {
            interval: Duration::from_millis(100),
            ..Backoff::default()
        };
        assert_eq!(
            schedule_text(&short),
            "0.1 · 0.2 · 0.4 · 0.8 · 1.6 s, then gives up after 3.1 s"
        );
        let once = Backoff {
            max_attempts: 1,
            ..Backoff::default()
        };
        assert_eq!(schedule_text(&once), "3 s, then gives up after 3 s");
    }

    #[test]
    fn a_thousand_attempts_are_still_one_line() {
        let long = Backoff {
            max_attempts: 1_000,
            ..Backoff::default()
        };
        assert!(
            schedule_text(&long).ends_with("… s, then gives up after 16 h 36 min"),
            "{}",
            schedule_text(&long)
        );
    }
}
