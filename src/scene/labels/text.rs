//! Estimates the width of a text and shortens it. Pure; the exact width comes from the text layout one frame later.

use model::Span;
use unicode_segmentation::UnicodeSegmentation;

use crate::layout::text_width::advance;
pub(super) use crate::layout::text_width::width;

const ELLIPSIS: char = '…';
/// The least number of characters before an ellipsis.
const LEAST_KEPT: usize = 3;

/// The share of the room for a shortened text that its end gets.
const TAIL_SHARE: f32 = 0.34;

/// A text as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown<T> {
    /// The text, or its lines.
    pub(super) text: T,
    /// Whether something of it was left out.
    pub(super) is_shortened: bool,
}

/// The width of a sign with its marks, in em.
fn sign_em(sign: &str) -> f32 {
    sign.chars().map(advance).sum()
}

/// How much of the beginning of a text fits into this many em, in bytes and in signs.
fn head(text: &str, room: f32) -> (usize, usize) {
    let (mut used, mut count) = (0.0, 0);
    for (start, sign) in text.grapheme_indices(true) {
        used += sign_em(sign);
        if used > room {
            return (start, count);
        }
        count += 1;
    }
    (text.len(), count)
}

/// A text that may begin a line: a mark at its beginning would belong to the line break before it, which the text layout does
/// not expect.
fn line(text: &str) -> String {
    let mut probe = String::from("a");
    probe.extend(text.chars().next());
    if probe.graphemes(true).count() == 1 && !text.is_empty() {
        format!("\u{a0}{text}")
    } else {
        text.to_owned()
    }
}

/// The text, or its beginning and its end with an ellipsis between them; `None` where only a letter or two would fit.
pub(super) fn shorten(text: &str, font_px: f32, most_px: f32) -> Option<Shown<String>> {
    let room = most_px / font_px;
    if text.is_empty() {
        return None;
    }
    let text = &*line(text);
    if sign_em(text) <= room {
        let text = text.to_owned();
        return Some(Shown {
            text,
            is_shortened: false,
        });
    }
    let room = room - advance(ELLIPSIS);
    let mut tail = "";
    let mut used = 0.0;
    for (start, sign) in text.grapheme_indices(true).rev() {
        used += sign_em(sign);
        if used > TAIL_SHARE * room {
            break;
        }
        tail = text.get(start..).unwrap_or_default().trim_start();
    }
    let tail_em = tail.chars().map(advance).sum::<f32>();
    let (end, count) = head(text, room - tail_em);
    let head = text.get(..end).unwrap_or_default().trim_end();
    (count >= LEAST_KEPT).then(|| Shown {
        text: format!("{head}{ELLIPSIS}{tail}"),
        is_shortened: true,
    })
}

/// The text in at most this many lines, broken between words; a word that is longer than a line is broken within it. The last
/// line is shortened in the middle. `None` where not even that fits.
pub(super) fn wrap(text: &str, font_px: f32, most_px: f32, lines: usize) -> Option<Shown<Vec<String>>> {
    let room = most_px / font_px;
    let mut rest = line(text.trim());
    let mut wrapped = Vec::new();
    while wrapped.len() + 1 < lines {
        let (end, _) = head(&rest, room);
        if end == rest.len() {
            break;
        }
        let fitting = rest.get(..end).unwrap_or_default();
        let starts_word = rest.get(end..).is_some_and(|after| after.starts_with(' '));
        // After a space, or else after a sign within a long word.
        let at = if starts_word {
            end
        } else if let Some(space) = fitting.rfind(' ') {
            space
        } else {
            let sign = fitting.rfind(['-', '/', '_', '.', ':', ',']).map_or(0, |at| at + 1);
            if 3 * sign >= end { sign } else { end }
        };
        let (row, after) = rest.split_at_checked(at)?;
        if row.is_empty() {
            break;
        }
        wrapped.push(row.trim_end().to_owned());
        rest = line(after.trim_start());
    }
    let last = shorten(&rest, font_px, most_px)?;
    wrapped.push(last.text);
    Some(Shown {
        text: wrapped,
        is_shortened: last.is_shortened,
    })
}

/// An age in words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Age {
    /// In its largest unit: `41 s`, `1 min`, `2 h`, `3 d`.
    pub(super) text: String,
    /// A text as wide as it becomes while its digits change.
    pub(super) widest: String,
    /// Seconds until it is outdated.
    pub(super) lasts: f64,
}

pub(super) fn age(secs: f64) -> Age {
    let span = Span::of(secs);
    // Zero is the widest digit.
    let widest = "0".repeat(span.count.to_string().len().max(2));
    Age {
        text: span.to_string(),
        widest: format!("{widest} {}", span.unit),
        lasts: span.lasts,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_line_begins_with_a_mark() {
        let thai = "ตรวจสอบใบแจ้งหนี้ประจำเดือน";
        for room in 20..200 {
            let wrapped = wrap(thai, 12.0, room as f32, 3)
                .map(|shown| shown.text)
                .unwrap_or_default();
            for row in wrapped.iter().flat_map(|row| row.split(ELLIPSIS)) {
                let joined = format!("a{row}");
                let own = row.graphemes(true).count();
                assert_eq!(joined.graphemes(true).count(), own + 1, "{wrapped:?} in {room}");
            }
        }
        let marked = shorten("\u{0e31}abc", 12.0, 500.0).map(|shown| shown.text);
        assert_eq!(marked.as_deref(), Some("\u{a0}\u{0e31}abc"));
    }

    #[test]
    fn no_age_is_wider_than_its_widest_text() {
        for secs in 0..3_600 {
            let age = age(f64::from(secs));
            assert!(
                width(&age.text, 12.0) <= width(&age.widest, 12.0) + 1e-3,
                "{}",
                age.text
            );
        }
    }

    #[test]
    fn a_text_is_shortened_in_the_middle_and_keeps_its_end() {
        let short = |room: f32| shorten("Pricing load test backfill", 14.0, room);
        assert_eq!(short(500.0).map(|shown| shown.is_shortened), Some(false));
        let cut = short(107.0).unwrap();
        assert!(cut.is_shortened);
        assert_eq!(cut.text, "Pricing lo…ckfill");
        assert_eq!(short(20.0), None);
        assert_eq!(shorten("", 14.0, 100.0), None);
        // A letter and its accent stay together.
        let cut = shorten("Cafe\u{301} Cafe\u{301} Cafe\u{301} Cafe\u{301}", 14.0, 80.0).unwrap();
        let (head, tail) = cut.text.split_once('…').unwrap();
        assert!(!tail.starts_with('\u{301}') && !head.ends_with('e'), "{cut:?}");
    }

    #[test]
    fn a_text_is_wrapped_between_words_and_its_last_line_is_shortened_in_the_middle() {
        let lines =
            |text: &str, room: f32, lines: usize| wrap(text, 12.0, room, lines).map(|shown| shown.text.join("/"));
        assert_eq!(lines("Checkout cost cut", 120.0, 2).unwrap(), "Checkout cost cut");
        assert_eq!(lines("Checkout cost cut", 60.0, 2).unwrap(), "Checkout/cost cut");
        assert_eq!(lines("Checkout cost cut", 60.0, 1).unwrap(), "Check…cut");
        assert_eq!(
            lines("Train the ranking model again", 60.0, 3).unwrap(),
            "Train the/ranking/mode…ain"
        );
        assert_eq!(
            lines("load-balancer-health", 60.0, 3).unwrap(),
            "load-/balancer-/health",
            "after signs"
        );
        assert_eq!(lines("請求書の照合を行う", 60.0, 2).unwrap(), "請求書の照/合を行う");
        assert_eq!(lines("Checkout", 5.0, 2), None);
        assert_eq!(lines(" ", 50.0, 2), None);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_room_and_whole_texts_lose_nothing(text in "\\PC{0,60}", room in 4.0..400.0_f32, lines in 1..4_usize) {
            if let Some(shown) = wrap(&text, 13.0, room, lines) {
                prop_assert!(shown.text.len() <= lines);
                for line in &shown.text {
                    prop_assert!(width(line, 13.0) <= room + 0.05, "{line:?} in {room}");
                }
                if !shown.is_shortened {
                    let solid = |text: &str| text.split_whitespace().collect::<String>();
                    prop_assert_eq!(solid(&shown.text.join(" ")), solid(&text));
                }
            }
        }
    }
}
