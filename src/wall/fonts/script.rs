//! Scripts that the embedded fonts lack, by their blocks.

/// A script, or the emoji.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// By ISO 15924; `emoji` for the emoji.
    pub(super) tag: &'static str,
    /// First and last letters of its blocks.
    blocks: &'static [(char, char)],
    /// A font with these letters covers the script.
    pub(super) samples: &'static [char],
}

const fn script(tag: &'static str, blocks: &'static [(char, char)], samples: &'static [char]) -> Script {
    Script { tag, blocks, samples }
}

/// The tag of the script of pictographs.
pub(super) const EMOJI: &str = "emoji";

/// The scripts that are searched for.
pub(super) const SCRIPTS: [Script; 30] = [
    script(
        "Hani",
        &[
            ('\u{2E80}', '\u{2FDF}'),
            ('\u{3400}', '\u{9FFF}'),
            ('\u{F900}', '\u{FAFF}'),
        ],
        &['一', '国', '請'],
    ),
    script("Hira", &[('\u{3041}', '\u{309F}')], &['あ', 'ん']),
    script(
        "Kana",
        &[('\u{30A0}', '\u{30FF}'), ('\u{31F0}', '\u{31FF}')],
        &['ア', 'ン'],
    ),
    script(
        "Hang",
        &[
            ('\u{1100}', '\u{11FF}'),
            ('\u{3130}', '\u{318F}'),
            ('\u{AC00}', '\u{D7AF}'),
        ],
        &['가', '힣'],
    ),
    script("Bopo", &[('\u{3100}', '\u{312F}')], &['ㄅ']),
    script(
        "Arab",
        &[
            ('\u{0600}', '\u{06FF}'),
            ('\u{0750}', '\u{077F}'),
            ('\u{FB50}', '\u{FDFF}'),
        ],
        &['ا', 'ع', 'ي'],
    ),
    script("Hebr", &[('\u{0590}', '\u{05FF}')], &['א', 'ת']),
    script("Deva", &[('\u{0900}', '\u{097F}')], &['क', 'ा']),
    script("Beng", &[('\u{0980}', '\u{09FF}')], &['ক', 'া']),
    script("Guru", &[('\u{0A00}', '\u{0A7F}')], &['ਕ']),
    script("Gujr", &[('\u{0A80}', '\u{0AFF}')], &['ક']),
    script("Taml", &[('\u{0B80}', '\u{0BFF}')], &['க']),
    script("Telu", &[('\u{0C00}', '\u{0C7F}')], &['క']),
    script("Knda", &[('\u{0C80}', '\u{0CFF}')], &['ಕ']),
    script("Mlym", &[('\u{0D00}', '\u{0D7F}')], &['ക']),
    script("Thai", &[('\u{0E00}', '\u{0E7F}')], &['ก', 'ๆ']),
    script("Geor", &[('\u{10A0}', '\u{10FF}')], &['ა']),
    script("Armn", &[('\u{0530}', '\u{058F}')], &['ա']),
    script("Syrc", &[('\u{0700}', '\u{074F}'), ('\u{0860}', '\u{086F}')], &['ܐ']),
    script("Thaa", &[('\u{0780}', '\u{07BF}')], &['ހ']),
    script("Orya", &[('\u{0B00}', '\u{0B7F}')], &['କ']),
    script("Sinh", &[('\u{0D80}', '\u{0DFF}')], &['ක']),
    script("Laoo", &[('\u{0E80}', '\u{0EFF}')], &['ກ']),
    script("Tibt", &[('\u{0F00}', '\u{0FFF}')], &['ཀ']),
    script(
        "Mymr",
        &[
            ('\u{1000}', '\u{109F}'),
            ('\u{A9E0}', '\u{A9FF}'),
            ('\u{AA60}', '\u{AA7F}'),
        ],
        &['က'],
    ),
    script(
        "Ethi",
        &[
            ('\u{1200}', '\u{139F}'),
            ('\u{2D80}', '\u{2DDF}'),
            ('\u{AB00}', '\u{AB2F}'),
        ],
        &['ሀ', 'አ'],
    ),
    script("Cher", &[('\u{13A0}', '\u{13FF}'), ('\u{AB70}', '\u{ABBF}')], &['Ꭰ']),
    script("Khmr", &[('\u{1780}', '\u{17FF}'), ('\u{19E0}', '\u{19FF}')], &['ក']),
    script("Mong", &[('\u{1800}', '\u{18AF}')], &['ᠠ']),
    script(
        EMOJI,
        &[('\u{2600}', '\u{27BF}'), ('\u{1F300}', '\u{1FAFF}')],
        &['🚀', '😀'],
    ),
];

/// The index in `SCRIPTS` of a letter's script.
pub(super) fn place_of(letter: char) -> Option<usize> {
    // Fast path: nearly all letters are below the first block.
    if letter < '\u{0530}' {
        return None;
    }
    SCRIPTS.iter().position(|script| {
        script
            .blocks
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_known_by_their_script() {
        let tag = |letter| {
            place_of(letter)
                .and_then(|place| SCRIPTS.get(place))
                .map(|script| script.tag)
        };
        for (letter, expected) in [
            ('漢', "Hani"),
            ('の', "Hira"),
            ('한', "Hang"),
            ('ش', "Arab"),
            ('ܒ', "Syrc"),
            ('ද', "Sinh"),
            ('ມ', "Laoo"),
            ('བ', "Tibt"),
            ('မ', "Mymr"),
            ('ቡ', "Ethi"),
            ('Ꮳ', "Cher"),
            ('ខ', "Khmr"),
            ('ᠮ', "Mong"),
            ('🔥', EMOJI),
            ('✅', EMOJI),
        ] {
            assert_eq!(tag(letter), Some(expected), "{letter}");
        }
        for letter in "aßλЖ…–→".chars() {
            assert_eq!(tag(letter), None, "{letter}");
        }
    }

    #[test]
    fn samples_are_of_their_script() {
        for (place, script) in SCRIPTS.iter().enumerate() {
            assert!(
                script.samples.iter().all(|letter| place_of(*letter) == Some(place)),
                "{}",
                script.tag
            );
        }
    }
}
