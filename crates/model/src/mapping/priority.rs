//! The priority of a task: from words, P0 to P3, and numbers in either direction.

use crate::Cell;

use super::{
    cell::{self, Cells},
    words,
};

/// The priority, 0 (lowest) to 3 (urgent).
pub(super) fn priority(cells: &Cells<'_>, names: &[String], one_is_most_urgent: bool) -> Option<u8> {
    cells.first(names, |value| match value {
        Cell::Number(digits) => of_number(cell::number(digits)?, one_is_most_urgent),
        Cell::Text(text) => of_word(&text, one_is_most_urgent),
        _ => None,
    })
}

/// A number is its own priority up to 3, and 3 above; where 1 is the most urgent, the order is reversed.
fn of_number(number: f64, one_is_most_urgent: bool) -> Option<u8> {
    if !number.is_finite() {
        return None;
    }
    // Clamped: hostile numbers become the nearest end of the scale.
    let rank = number.round().clamp(0.0, 4.0) as u8;
    Some(if one_is_most_urgent {
        4_u8.saturating_sub(rank).min(3)
    } else {
        rank.min(3)
    })
}

fn of_word(text: &str, one_is_most_urgent: bool) -> Option<u8> {
    let mut buffer = words::Buffer::default();
    match words::normalise(text, &mut buffer)? {
        "lowest" | "low" | "minor" | "trivial" | "none" | "someday" | "p3" | "p4" | "p5" => Some(0),
        "normal" | "medium" | "med" | "moderate" | "default" | "standard" | "p2" => Some(1),
        "high" | "major" | "important" | "p1" => Some(2),
        "urgent" | "critical" | "highest" | "blocker" | "emergency" | "immediate" | "asap" | "p0" => Some(3),
        other => of_number(other.parse().ok()?, one_is_most_urgent),
    }
}
