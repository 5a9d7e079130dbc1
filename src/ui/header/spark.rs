//! The one-minute spark line: changes per second, newest at the right.

use egui::{Rect, Shape, Stroke, Ui, pos2};

use crate::ui::{rates::RateHistory, theme};

/// Draws the samples into `rect`: a line over a faint fill, scaled to its own peak (never below 1 per second).
pub fn paint(ui: &Ui, rect: Rect, samples: &[f32], quiet: bool) {
    let painter = ui.painter();
    let line = if quiet { theme::LINE } else { theme::MUTED };
    painter.hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, theme::LINE));
    let peak = samples.iter().copied().fold(1.0_f32, f32::max);
    let step = rect.width() / (RateHistory::SPAN - 1) as f32;
    let points: Vec<_> = samples
        .iter()
        .rev()
        .take(RateHistory::SPAN)
        .enumerate()
        .map(|(age, rate)| {
            let share = (rate / peak).clamp(0.0, 1.0);
            pos2(
                rect.right() - age as f32 * step,
                rect.bottom() - share * (rect.height() - 2.0),
            )
        })
        .collect();
    if points.len() < 2 {
        return;
    }
    // Bars of the fill first: a concave polygon cannot be filled in one piece.
    for at in &points {
        let bar = Rect::from_min_max(pos2(at.x - step, at.y), pos2(at.x, rect.bottom()));
        painter.rect_filled(bar.intersect(rect), 0.0, line.gamma_multiply(0.18));
    }
    painter.add(Shape::line(points, Stroke::new(1.5, line)));
}
