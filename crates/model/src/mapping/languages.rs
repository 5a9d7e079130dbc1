//! Status words of other languages than English, from one data file.

use std::{collections::HashMap, sync::LazyLock};

use crate::Status;

/// One line a status; its words follow.
const FILE: &str = include_str!("../../assets/words.txt");

/// What a word means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) status: Status,
    /// It asks for a person.
    pub(super) asks: bool,
}

/// The meaning of a normalised word.
pub(super) fn find(word: &str) -> Option<Known> {
    static WORDS: LazyLock<HashMap<&'static str, Known>> = LazyLock::new(|| entries().flat_map(of_line).collect());
    WORDS.get(word).copied()
}

fn entries() -> impl Iterator<Item = &'static str> {
    FILE.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The words of a line. A line whose status does not exist has none; a test finds it.
fn of_line(line: &'static str) -> impl Iterator<Item = (&'static str, Known)> {
    let mut parts = line.split_ascii_whitespace();
    let head = parts.next().unwrap_or_default();
    let name = head.trim_end_matches('!');
    let status = Status::ALL.into_iter().find(|status| status.word() == name);
    let known = status.map(|status| Known {
        status,
        asks: head.ends_with('!'),
    });
    parts.filter_map(move |word| Some((word, known?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::normalised;

    #[test]
    fn every_line_has_a_status_and_every_word_is_normalised_and_listed_once() {
        let english: Vec<&str> = Status::ALL
            .into_iter()
            .flat_map(|status| status.words().split_ascii_whitespace())
            .collect();
        let mut seen = std::collections::HashSet::new();
        for line in entries() {
            assert!(of_line(line).next().is_some(), "no status, or no word: {line}");
            for (word, known) in of_line(line) {
                assert_eq!(normalised(word).as_deref(), Some(word));
                assert!(seen.insert(word) && !english.contains(&word), "{word} is listed twice");
                assert!(!known.asks || known.status == Status::Waiting, "{word}");
            }
        }
        assert!(find("em_revisão").is_some_and(|known| known.asks));
        assert!(find("erledigt").is_some_and(|known| known.status == Status::Done));
    }
}
