//! Values of options that several commands have. The errors complete the option's name to a sentence (`super::mistake`).

use std::{ops::RangeInclusive, time::Duration};

/// A span between 0 and a year, in seconds: `2.5` or `2.5s`.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    const MAX_SECS: f64 = 31_536_000.0;
    seconds_within(text, 0.0..=MAX_SECS)
}

/// A time limit in seconds: long enough for an answer, short enough to wait for.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    seconds_within(text, 0.1..=600.0)
}

fn seconds_within(text: &str, range: RangeInclusive<f64>) -> Result<Duration, String> {
    let digits = text.strip_suffix('s').unwrap_or(text);
    match digits.trim().parse::<f64>() {
        Ok(number) if range.contains(&number) => Ok(Duration::from_secs_f64(number)),
        _ => Err(format!(
            "give a number of seconds from {} to {}",
            range.start(),
            range.end()
        )),
    }
}

/// A finite number of 0 or more.
pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if number < 0.0 => Err("must be 0 or more".into()),
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("give a number".into()),
    }
}

/// A size in pixels: `1920x1080`.
#[cfg(feature = "wall")]
pub(crate) fn size(text: &str) -> Result<(u32, u32), String> {
    /// Common GPUs allow no larger texture.
    const MAX_SIDE: u32 = 8_192;
    const MIN_SIDE: u32 = 16;
    let side = |text: &str| {
        let number = text.trim().parse().ok();
        number.filter(|side| (MIN_SIDE..=MAX_SIDE).contains(side))
    };
    text.split_once(['x', 'X', '×'])
        .and_then(|(width, height)| Some((side(width)?, side(height)?)))
        .ok_or_else(|| format!("give WIDTHxHEIGHT, each from {MIN_SIDE} to {MAX_SIDE}, like 1920x1080"))
}
