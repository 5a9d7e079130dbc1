//! Estimates the width of a text in the labels' font. Pure; the exact width comes from the text layout one frame later.

/// The advances of the printable ASCII characters of Fira Sans Regular, from space to tilde, in thousandths of the size.
const ADVANCES: [u16; 95] = [
    265, 241, 399, 518, 531, 826, 729, 219, 324, 324, 439, 499, 240, 403, 240, 520, 558, 433, 495, 499, 532, 501, 533,
    444, 551, 525, 240, 240, 500, 500, 500, 459, 1020, 573, 608, 560, 644, 535, 491, 631, 680, 295, 305, 589, 498, 778,
    683, 692, 581, 691, 605, 545, 517, 662, 556, 826, 540, 550, 522, 322, 520, 322, 540, 520, 300, 544, 594, 478, 598,
    545, 335, 520, 586, 282, 280, 512, 293, 857, 586, 584, 594, 598, 386, 467, 361, 582, 492, 717, 485, 492, 437, 322,
    403, 322, 488,
];

/// The width of a character as a share of the font size.
pub(crate) fn advance(character: char) -> f32 {
    let code = character as u32;
    let ascii = code.checked_sub(32).and_then(|index| ADVANCES.get(index as usize));
    match ascii {
        Some(&thousandths) => f32::from(thousandths) / 1_000.0,
        None if character == '…' => 0.74,
        // The scripts from Ethiopic to Mongolian have wide letters; Vietnamese and polytonic Greek have not.
        None if (0x1200..0x1E00).contains(&code) => 0.8,
        None if (0x1E00..0x2000).contains(&code) => 0.62,
        // Han, kana, hangul and emoji are as wide as they are high.
        None if code >= 0x1100 => 1.0,
        None => 0.62,
    }
}

/// The width of a line of text in logical pixels at a font size.
pub fn width(text: &str, font_px: f32) -> f32 {
    text.chars().map(advance).sum::<f32>() * font_px
}
