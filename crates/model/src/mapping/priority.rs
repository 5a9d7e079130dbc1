//! How urgent a task is: words, P0–P3, numbers in either direction.

use crate::Cell;

use super::{
    cell::{self, Cells},
    words,
};

/// 0 (lowest) to 3 (urgent).
pub(super) fn priority(cells: &Cells<'_>, names: &[String], one_is_most_urgent: bool) -> Option<u8> {
    cells.first(names, |value| match value {
        Cell::Number(digits) => of_number(cell::number(digits)?, one_is_most_urgent),
        Cell::Text(text) => of_word(&text, one_is_most_urgent),
        _ => None,
    })
}

/// Numbers keep their order whatever the scale: 0, 1, 2, and 3 for all above; or, where 1 is the most urgent, the
/// reverse.
fn of_number(number: f64, one_is_most_urgent: bool) -> Option<u8> {
    if !number.is_finite() {
        return None;
    }
    // Saturates: hostile numbers become the nearest end.
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
