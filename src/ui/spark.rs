//! A spark line: the last samples of something, newest at the right.

use egui::{Rect, Shape, Stroke, Ui, pos2};

use super::theme;

/// Draws the samples into `rect`: a line over a faint fill, scaled to their own peak (never below `least_peak`). `span`
/// samples fill the width; fewer stand at its right.
pub fn paint(ui: &Ui, rect: Rect, samples: &[f32], span: usize, least_peak: f32, quiet: bool) {
    let painter = ui.painter();
    let line = if quiet { theme::of(ui).line } else { theme::of(ui).muted };
    painter.hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, theme::of(ui).line));
    let peak = samples.iter().copied().fold(least_peak, f32::max);
    let step = rect.width() / span.saturating_sub(1).max(1) as f32;
    let points: Vec<_> = samples
        .iter()
        .rev()
        .take(span)
        .enumerate()
        .map(|(age, sample)| {
            let share = (sample / peak).clamp(0.0, 1.0);
            pos2(
                rect.right() - age as f32 * step,
                rect.bottom() - share * (rect.height() - 2.0),
            )
        })
        .collect();
    let [newest, ..] = points.as_slice() else { return };
    if points.len() == 1 {
        painter.circle_filled(*newest, 2.0, line);
        return;
    }
    // Bars of the fill first: a concave polygon cannot be filled in one piece.
    for at in &points {
        let bar = Rect::from_min_max(pos2(at.x - step, at.y), pos2(at.x, rect.bottom()));
        painter.rect_filled(bar.intersect(rect), 0.0, line.gamma_multiply(0.18));
    }
    painter.add(Shape::line(points, Stroke::new(1.5, line)));
}
