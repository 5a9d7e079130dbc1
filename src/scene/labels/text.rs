//! How wide a text will be, and cutting it to a width. Pure; the real width comes from the text layout a frame later.

use model::Span;

/// Advances of the printable ASCII characters of Fira Sans Regular, from space to tilde, in thousandths of the size.
const ADVANCES: [u16; 95] = [
    265, 241, 399, 518, 531, 826, 729, 219, 324, 324, 439, 499, 240, 403, 240, 520, 558, 433, 495, 499, 532, 501, 533,
    444, 551, 525, 240, 240, 500, 500, 500, 459, 1020, 573, 608, 560, 644, 535, 491, 631, 680, 295, 305, 589, 498, 778,
    683, 692, 581, 691, 605, 545, 517, 662, 556, 826, 540, 550, 522, 322, 520, 322, 540, 520, 300, 544, 594, 478, 598,
    545, 335, 520, 586, 282, 280, 512, 293, 857, 586, 584, 594, 598, 386, 467, 361, 582, 492, 717, 485, 492, 437, 322,
    403, 322, 488,
];
const ELLIPSIS: char = '…';
/// Fewer characters than this before an ellipsis name nothing.
const LEAST_KEPT: usize = 3;

/// Share of the font size that a character is wide.
fn advance(character: char) -> f32 {
    let code = character as u32;
    let ascii = code.checked_sub(32).and_then(|index| ADVANCES.get(index as usize));
    match ascii {
        Some(&thousandths) => f32::from(thousandths) / 1_000.0,
        None if character == ELLIPSIS => 0.74,
        // From Ethiopic to Mongolian letters are wide; Vietnamese ones and old Greek are not.
        None if (0x1200..0x1E00).contains(&code) => 0.8,
        None if (0x1E00..0x2000).contains(&code) => 0.62,
        // Han, kana, hangul and emoji are as wide as high.
        None if code >= 0x1100 => 1.0,
        None => 0.62,
    }
}

/// Width of a line of text in logical pixels at a font size.
pub(super) fn width(text: &str, font_px: f32) -> f32 {
    text.chars().map(advance).sum::<f32>() * font_px
}

/// The text, or as much of it as fits with an ellipsis; `None` when that would say nothing.
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

/// The text in one row or two, each as wide as it may be, the last one cut; `None` when that would say nothing.
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

/// How long ago something was, in words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Age {
    /// In its largest unit: `41 s`, `1 min`, `2 h`, `3 d`.
    pub text: String,
    /// As wide as it becomes while its digits change.
    pub widest: String,
    /// Seconds for which it stays true.
    pub lasts: f64,
}

pub(super) fn age(secs: f64) -> Age {
    let span = Span::of(secs);
    // A zero is the widest of the digits.
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
    fn no_age_is_wider_than_it_says() {
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
    fn what_fits_stays_and_what_does_not_is_cut_to_fit() {
        assert_eq!(fit("Invoice run", 14.0, 500.0).as_deref(), Some("Invoice run"));
        let cut = fit("Reconcile the invoices of October", 14.0, 100.0).unwrap();
        assert!(cut.ends_with('…') && cut.starts_with("Recon"));
        for room in [40.0, 77.0, 100.0, 161.0] {
            let cut = fit("Reconcile the invoices of October", 14.0, room).unwrap();
            assert!(width(&cut, 14.0) <= room + 0.01, "{cut} in {room}");
        }
    }

    #[test]
    fn nothing_is_better_than_a_letter_or_two() {
        assert_eq!(fit("Reconcile", 14.0, 20.0), None);
        assert_eq!(fit("", 14.0, 20.0), None);
        assert_eq!(fit("QA", 14.0, 40.0).as_deref(), Some("QA"));
    }

    #[test]
    fn any_script_is_cut_between_characters() {
        let cut = fit("請求書の照合を行う十月分", 12.0, 60.0).unwrap();
        assert!(cut.ends_with('…') && cut.chars().count() == 5);
    }

    #[test]
    fn a_name_is_broken_between_words_and_cut_in_its_second_row() {
        let rows = |most: [f32; 2]| fit_rows("Checkout cost cut", 12.0, most);
        assert_eq!(rows([120.0, 120.0]).as_deref(), Some("Checkout cost cut"));
        assert_eq!(rows([60.0, 60.0]).as_deref(), Some("Checkout\ncost cut"));
        assert_eq!(rows([60.0, 40.0]).as_deref(), Some("Checkout\ncost…"));
        assert_eq!(rows([60.0, 10.0]).as_deref(), Some("Checkout…"), "no second row");
        assert_eq!(rows([5.0, 5.0]), None);
    }
}
