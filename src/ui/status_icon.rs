//! The states' shapes, drawn small: in the header, the legend and the inspector. Same shapes as the scene's marks.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2, pos2, vec2};

use super::theme;
use model::{Level, Status};

/// Draws the shape of `status` into `rect` (the smaller side counts).
pub(super) fn paint(painter: &Painter, rect: Rect, status: Status, color: Color32) {
    let center = rect.center();
    let radius = rect.width().min(rect.height()) * 0.5 - 1.0;
    let line = Stroke::new((radius * 0.28).max(1.4), color);
    match status.shape() {
        model::Shape::Disc => {
            painter.circle_filled(center, radius, color);
        }
        model::Shape::Ring => {
            painter.circle_stroke(center, radius - line.width * 0.5, line);
        }
        model::Shape::DottedRing => dotted_ring(painter, center, radius - line.width * 0.5, line),
        model::Shape::BubbleRing => waiting(painter, center, radius, line),
        model::Shape::Triangle => {
            let points = vec![
                center + vec2(0.0, -radius),
                center + vec2(radius, radius * 0.8),
                center + vec2(-radius, radius * 0.8),
            ];
            painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
        }
        model::Shape::BarredSquare => {
            let square = Rect::from_center_size(center, Vec2::splat(radius * 1.8));
            painter.rect_filled(square, 1.0, color);
            let bar = Rect::from_center_size(center, vec2(radius * 1.1, radius * 0.36));
            painter.rect_filled(bar, 0.0, theme::of(painter).surface);
        }
        model::Shape::CheckedDisc => {
            painter.circle_filled(center, radius, color);
            let tick = [vec2(-0.45, 0.05), vec2(-0.1, 0.4), vec2(0.5, -0.35)];
            let points = tick.map(|at| center + at * radius).to_vec();
            let inks = theme::of(painter);
            // On a disc without the state's colour a bright check would be seen first.
            let ink = if color == inks.status(status) {
                inks.text
            } else {
                inks.surface
            };
            painter.add(Shape::line(points, Stroke::new(line.width * 0.8, ink)));
        }
        model::Shape::StruckRing => {
            painter.circle_filled(center, radius * 0.85, color);
            let slash = vec2(radius, -radius);
            painter.line_segment(
                [center - slash, center + slash],
                Stroke::new(line.width, theme::of(painter).muted),
            );
        }
        model::Shape::DashedRing => dashed_ring(painter, center, radius - line.width * 0.5, line),
        model::Shape::Diamond => {
            let points = vec![
                center + vec2(0.0, -radius),
                center + vec2(radius, 0.0),
                center + vec2(0.0, radius),
                center + vec2(-radius, 0.0),
            ];
            painter.add(Shape::closed_line(points, line));
        }
    }
}

/// The level's shape: a ring, a triangle or a square.
pub(super) fn paint_level(painter: &Painter, rect: Rect, level: Level) {
    let status = match level {
        Level::Info => Status::Idle,
        Level::Warn => Status::Blocked,
        Level::Error => Status::Failed,
    };
    paint(painter, rect, status, theme::of(painter).level(level));
}

fn on_ring(center: Pos2, radius: f32, turn: f32) -> Pos2 {
    let (sin, cos) = (turn * std::f32::consts::TAU).sin_cos();
    center + vec2(cos, sin) * radius
}

fn dotted_ring(painter: &Painter, center: Pos2, radius: f32, line: Stroke) {
    const DOTS: u8 = 8;
    for dot in 0..DOTS {
        let at = on_ring(center, radius, f32::from(dot) / f32::from(DOTS));
        painter.circle_filled(at, line.width * 0.55, line.color);
    }
}

fn dashed_ring(painter: &Painter, center: Pos2, radius: f32, line: Stroke) {
    const DASHES: u8 = 5;
    for dash in 0..DASHES {
        arc(painter, center, radius, f32::from(dash) / f32::from(DASHES), 0.12, line);
    }
}

/// A ring with a speech bubble at its upper right: a person is asked.
fn waiting(painter: &Painter, center: Pos2, radius: f32, line: Stroke) {
    let ring = center + vec2(-radius * 0.2, radius * 0.25);
    painter.circle_stroke(ring, radius * 0.68, line);
    let bubble = Rect::from_center_size(center + vec2(radius * 0.5, -radius * 0.6), Vec2::splat(radius * 0.95));
    painter.rect_filled(bubble, radius * 0.3, line.color);
    let tail = [
        pos2(bubble.left() + radius * 0.15, bubble.bottom() - 0.5),
        pos2(bubble.center().x, bubble.bottom() - 0.5),
        pos2(bubble.left(), bubble.bottom() + radius * 0.35),
    ];
    painter.add(Shape::convex_polygon(tail.to_vec(), line.color, Stroke::NONE));
}

/// An arc from `start`, `length` long, both in turns.
pub(super) fn arc(painter: &Painter, center: Pos2, radius: f32, start: f32, length: f32, line: Stroke) {
    const STEPS: u8 = 24;
    let points = (0..=STEPS)
        .map(|step| on_ring(center, radius, start + length * f32::from(step) / f32::from(STEPS)))
        .collect();
    painter.add(Shape::line(points, line));
}
