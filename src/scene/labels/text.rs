//! Estimates the width of a text and shortens it. Pure; the exact width comes from the text layout one frame later.

use model::Span;

/// The advances of the printable ASCII characters of Fira Sans Regular, from space to tilde, in thousandths of the size.
const ADVANCES: [u16; 95] = [
    265, 241, 399, 518, 531, 826, 729, 219, 324, 324, 439, 499, 240, 403, 240, 520, 558, 433, 495, 499, 532, 501, 533,
    444, 551, 525, 240, 240, 500, 500, 500, 459, 1020, 573, 608, 560, 644, 535, 491, 631, 680, 295, 305, 589, 498, 778,
    683, 692, 581, 691, 605, 545, 517, 662, 556, 826, 540, 550, 522, 322, 520, 322, 540, 520, 300, 544, 594, 478, 598,
    545, 335, 520, 586, 282, 280, 512, 293, 857, 586, 584, 594, 598, 386, 467, 361, 582, 492, 717, 485, 492, 437, 322,
    403, 322, 488,
];
const ELLIPSIS: char = '…';
/// The least number of characters before an ellipsis.
const LEAST_KEPT: usize = 3;

/// The width of a character as a share of the font size.
fn advance(character: char) -> f32 {
    let code = character as u32;
    let ascii = code.checked_sub(32).and_then(|index| ADVANCES.get(index as usize));
    match ascii {
        Some(&thousandths) => f32::from(thousandths) / 1_000.0,
        None if character == ELLIPSIS => 0.74,
        // The scripts from Ethiopic to Mongolian have wide letters; Vietnamese and polytonic Greek have not.
        None if (0x1200..0x1E00).contains(&code) => 0.8,
        None if (0x1E00..0x2000).contains(&code) => 0.62,
        // Han, kana, hangul and emoji are as wide as they are high.
        None if code >= 0x1100 => 1.0,
        None => 0.62,
    }
}

/// The width of a line of text in logical pixels at a font size.
pub(super) fn width(text: &str, font_px: f32) -> f32 {
    text.chars().map(advance).sum::<f32>() * font_px
}

/// The text, or as much of it as fits with an ellipsis; `None` if too little does.
pub(super) fn fit(text: &str, font_px: f32, most_px: f32) -> Option<String> {
    let room = most_px / font_px;
    let mut used = 0.0;
    let mut kept = 0;
    let mut kept_bytes = 0;
    for (start, character) in text.char_indices() {
        used += advance(character);
        if used > room {
            let cut = text.get(..kept_bytes).unwrap_or_default().trim_end();
            return (kept >= LEAST_KEPT).then(|| format!("{cut}{ELLIPSIS}"));
        }
        if used + advance(ELLIPSIS) <= room {
            kept += 1;
            kept_bytes = start + character.len_utf8();
        }
    }
    (!text.is_empty()).then(|| text.to_owned())
}

/// The text in one line or two of given widths, the last one shortened; `None` if too little fits.
pub(super) fn fit_rows(text: &str, font_px: f32, most_px: [f32; 2]) -> Option<String> {
    let [first_px, second_px] = most_px;
    if width(text, font_px) <= first_px {
        return fit(text, font_px, first_px);
    }
    let mut split = None;
    for (at, _) in text.match_indices(' ') {
        let head = text.get(..at).unwrap_or_default();
        if width(head, font_px) > first_px {
            break;
        }
        split = Some((head, text.get(at + 1..).unwrap_or_default()));
    }
    let both = split.and_then(|(head, rest)| Some(format!("{head}\n{}", fit(rest, font_px, second_px)?)));
    both.or_else(|| fit(text, font_px, first_px))
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
    use super::*;

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
    fn a_text_that_fits_is_kept_and_a_longer_one_is_shortened() {
        assert_eq!(fit("Invoice run", 14.0, 500.0).as_deref(), Some("Invoice run"));
        let cut = fit("Reconcile the invoices of October", 14.0, 100.0).unwrap();
        assert!(cut.ends_with('…') && cut.starts_with("Recon"));
        for room in [40.0, 77.0, 100.0, 161.0] {
            let cut = fit("Reconcile the invoices of October", 14.0, room).unwrap();
            assert!(width(&cut, 14.0) <= room + 0.01, "{cut} in {room}");
        }
    }

    #[test]
    fn a_text_is_dropped_where_only_a_letter_or_two_would_fit() {
        assert_eq!(fit("Reconcile", 14.0, 20.0), None);
        assert_eq!(fit("", 14.0, 20.0), None);
        assert_eq!(fit("QA", 14.0, 40.0).as_deref(), Some("QA"));
    }

    #[test]
    fn any_script_is_shortened_between_characters() {
        let cut = fit("請求書の照合を行う十月分", 12.0, 60.0).unwrap();
        assert!(cut.ends_with('…') && cut.chars().count() == 5);
    }

    #[test]
    fn a_name_is_wrapped_between_words_and_its_second_line_is_shortened() {
        let rows = |most: [f32; 2]| fit_rows("Checkout cost cut", 12.0, most);
        assert_eq!(rows([120.0, 120.0]).as_deref(), Some("Checkout cost cut"));
        assert_eq!(rows([60.0, 60.0]).as_deref(), Some("Checkout\ncost cut"));
        assert_eq!(rows([60.0, 40.0]).as_deref(), Some("Checkout\ncost…"));
        assert_eq!(
            rows([60.0, 10.0]).as_deref(),
            Some("Checkout…"),
            "no room for a second line"
        );
        assert_eq!(rows([5.0, 5.0]), None);
    }
}
