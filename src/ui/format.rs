//! Numbers, times and foreign text as the panels write them. Pure.

use std::fmt::Write as _;

use model::{Span, noun};

/// A count in at most five characters: `12`, `9 999`, `12.3k`, `100k`, `1.2M`.
pub fn compact(count: usize) -> String {
    let scaled = |unit: f64, letter: char| {
        let value = count as f64 / unit;
        // Cut, not rounded: 999,999 is not yet a million.
        if value < 100.0 {
            format!("{:.1}{letter}", (value * 10.0).floor() / 10.0)
        } else {
            format!("{:.0}{letter}", value.floor())
        }
    };
    match count {
        0..=9_999 => grouped(count as u64),
        10_000..=999_999 => scaled(1e3, 'k'),
        1_000_000..=999_999_999 => scaled(1e6, 'M'),
        _ => scaled(1e9, 'G'),
    }
}

/// Every digit, in groups of three: `100,000`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 row`, `2 rows`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), noun(count, one, many))
}

/// Changes per second: `0`, `0.4`, `48`, `12.3k`.
pub fn rate(per_second: f32) -> String {
    if !per_second.is_finite() || per_second < 0.05 {
        "0".to_owned()
    } else if per_second < 9.95 {
        format!("{per_second:.1}")
    } else {
        compact(per_second.round() as usize)
    }
}

/// A span in its two largest units: `41 s`, `1 min 33 s`, `2 h 5 min`, `3 d 4 h`.
pub fn span(seconds: f64) -> String {
    let whole = if seconds.is_finite() {
        seconds.clamp(0.0, 1e9) as u64
    } else {
        0
    };
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        small => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match whole {
        0..60 => format!("{whole} s"),
        60..3_600 => two(whole / 60, "min", whole % 60, "s"),
        3_600..86_400 => two(whole / 3_600, "h", whole % 3_600 / 60, "min"),
        _ => two(whole / 86_400, "d", whole % 86_400 / 3_600, "h"),
    }
}

/// A span in its largest unit, for narrow columns: `41 s`, `1 min`, `2 h`, `3 d`.
pub fn age(seconds: f64) -> String {
    Span::of(seconds).to_string()
}

/// A short time: `under 1 ms`, `400 ms`, `1.2 s`, `41 s`, `1 min 33 s`.
pub fn millis(millis: u64) -> String {
    match millis {
        0 => "under 1 ms".to_owned(),
        1..1_000 => format!("{millis} ms"),
        1_000..10_000 => format!("{:.1} s", millis as f64 / 1e3),
        _ => span(millis as f64 / 1e3),
    }
}

/// Begins with a capital, as a sentence does, unless it begins with a name (`public.tasks`).
pub fn sentence(text: &str) -> String {
    let is_word = |word: &str| word.chars().all(char::is_alphabetic);
    if !text.split(' ').next().is_some_and(is_word) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Seconds as short as they can be said: `3`, `0.4`, `1.6`.
pub fn seconds(value: f64) -> String {
    let text = if value < 10.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.0}")
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `0 B`, `12 kB`, `3.4 MB`, in powers of 1,000.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1_000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1e3;
    let mut unit = "kB";
    for next in UNITS.into_iter().skip(1) {
        if value < 999.5 {
            break;
        }
        value /= 1e3;
        unit = next;
    }
    if value < 9.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// Text from outside, safe to lay out: one line, no control or direction characters, at most `most` characters.
pub fn clean(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most * 4));
    // Reading is bounded too: a megabyte of zero-width characters is not walked to the end.
    let mut left = most;
    for character in text.chars().take(most.saturating_mul(4)) {
        if left == 0 {
            out.push('…');
            return out;
        }
        let shown = match character {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            // Direction marks, overrides and isolates, zero-width space, byte-order mark.
            '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' => {
                continue;
            }
            control if control.is_control() => continue,
            other => other,
        };
        if shown == ' ' && (out.is_empty() || out.ends_with(' ')) {
            continue;
        }
        out.push(shown);
        left -= 1;
    }
    out.truncate(out.trim_end().len());
    out
}

/// `"3 · 6 · 12"` of already written parts.
pub fn dotted<I: IntoIterator<Item = String>>(parts: I) -> String {
    let mut out = String::new();
    for part in parts {
        if !out.is_empty() {
            let _ = out.write_str(" · ");
        }
        out.push_str(&part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stay_short_and_are_never_rounded_up() {
        let got = [0, 999, 9_999, 10_000, 99_999, 100_000, 999_999, 1_250_000].map(compact);
        assert_eq!(got, ["0", "999", "9,999", "10.0k", "99.9k", "100k", "999k", "1.2M"]);
        assert!(compact(usize::MAX).len() <= 14);
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn spans_have_two_units_at_most() {
        let got = [0.9, 41.0, 93.0, 120.0, 7_500.0, 273_600.0].map(span);
        assert_eq!(got, ["0 s", "41 s", "1 min 33 s", "2 min", "2 h 5 min", "3 d 4 h"]);
        assert_eq!(span(f64::NAN), "0 s");
        assert_eq!(span(-4.0), "0 s");
    }

    #[test]
    fn short_times_and_ages_have_one_unit() {
        assert_eq!(
            [41.0, 93.0, 7_500.0, 273_600.0].map(age),
            ["41 s", "1 min", "2 h", "3 d"]
        );
        assert_eq!(
            [0, 400, 1_240, 93_000].map(millis),
            ["under 1 ms", "400 ms", "1.2 s", "1 min 33 s"]
        );
        let told = ["ähm no", "catching up: x", "", "public.tasks is"].map(sentence);
        assert_eq!(told, ["Ähm no", "Catching up: x", "", "public.tasks is"]);
    }

    #[test]
    fn seconds_lose_their_zeros_but_not_those_of_tens() {
        assert_eq!(
            [3.0, 0.1, 1.6, 60.0, 2.25].map(seconds),
            ["3", "0.1", "1.6", "60", "2.25"]
        );
    }

    #[test]
    fn rates_and_bytes_have_few_digits() {
        assert_eq!([0.0, 0.4, 48.2, 12_345.0].map(rate), ["0", "0.4", "48", "12.3k"]);
        assert_eq!(rate(f32::NAN), "0");
        assert_eq!(
            [999, 1_000, 12_345, 3_400_000].map(bytes),
            ["999 B", "1.0 kB", "12 kB", "3.4 MB"]
        );
    }

    #[test]
    fn foreign_text_becomes_one_bounded_line() {
        assert_eq!(clean("a\n\n b\u{202E}c\0", 80), "a bc");
        assert_eq!(clean("abcdef", 3), "abc…");
        assert_eq!(clean(&"\u{200B}".repeat(1_000_000), 5), "");
        assert_eq!(clean("", 5), "");
    }
}
