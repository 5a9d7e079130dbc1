//! The fuzzy finder: the rows that a few letters mean most probably.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    fmt,
};

use model::Trouble;
use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{Atom, AtomKind, CaseMatching, Normalization, Pattern},
};

use super::{Field, Row, Value};

/// Labels and the like are cut to this many characters, which bounds the work for one row.
const MAX_TEXT_CHARS: usize = 256;
/// What is typed is cut to this many characters.
const MAX_TYPED_CHARS: usize = 64;
/// Most rows that are found, whatever the limit.
const MAX_FOUND: usize = 1_000;

/// A row that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit<R> {
    /// The row.
    pub row: R,
    /// How well it matches; the greater, the better.
    pub score: u32,
}

/// Finds rows by what is typed. Rows are offered one by one, so that a caller may spread many over several frames.
pub struct Finder<R> {
    matcher: Matcher,
    words: Pattern,
    /// The words of `words`, as the beginnings of ids.
    prefixes: Vec<Atom>,
    buffer: Vec<char>,
    best: BinaryHeap<Ranked<R>>,
    limit: usize,
}

/// A row and what it is sorted by, the best first.
struct Ranked<R> {
    rank: (Reverse<u32>, Severity, String, String),
    row: R,
}

/// The trouble that a row is in; rows without any come last.
type Severity = (bool, Option<Trouble>);

impl<R: Row> Finder<R> {
    /// Finds at most `limit` rows by a text. Its words may match different texts of a row, in any order; with no word, all
    /// rows match equally.
    pub fn new(text: &str, limit: usize) -> Self {
        let text = cut(text, MAX_TYPED_CHARS);
        let words = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        let prefixes = text
            .split_whitespace()
            .map(|word| {
                Atom::new(
                    word,
                    CaseMatching::Ignore,
                    Normalization::Smart,
                    AtomKind::Prefix,
                    false,
                )
            })
            .collect();
        Self {
            matcher: Matcher::new(Config::DEFAULT),
            words,
            prefixes,
            buffer: Vec::new(),
            best: BinaryHeap::new(),
            limit: limit.min(MAX_FOUND),
        }
    }

    /// Looks at a row.
    pub fn offer(&mut self, row: R) {
        let Some(score) = self.score(&row) else { return };
        let mut severity: Severity = (true, None);
        row.any(Field::State, &mut |value| {
            if let Value::State(state, _) = value {
                severity = (state.trouble().is_none(), state.trouble());
            }
            true
        });
        let is_worse = |worst: &Ranked<R>| (Reverse(score), severity) > (worst.rank.0, worst.rank.1);
        let is_full = self.best.len() >= self.limit;
        if is_full && self.best.peek().is_none_or(is_worse) {
            return;
        }
        let text_of = |field| {
            let mut found = String::new();
            row.any(field, &mut |value| match value {
                Value::Text(text) => {
                    cut(text, MAX_TEXT_CHARS).clone_into(&mut found);
                    true
                }
                _ => false,
            });
            found
        };
        let rank = (Reverse(score), severity, text_of(Field::Label), text_of(Field::Id));
        self.best.push(Ranked { rank, row });
        if is_full {
            self.best.pop();
        }
    }

    /// The rows that were found, the best first: by score, then by the severity of their state, then by label and id.
    pub fn finish(self) -> Vec<Hit<R>> {
        let ranked = self.best.into_sorted_vec();
        let hit = |Ranked { rank, row }| Hit { row, score: rank.0.0 };
        ranked.into_iter().map(hit).collect()
    }

    /// The positions of the characters in `label` that match what is typed, ascending.
    pub fn positions(&mut self, label: &str) -> Vec<u32> {
        let mut found = Vec::new();
        let text = Utf32Str::new(cut(label, MAX_TEXT_CHARS), &mut self.buffer);
        for word in &self.words.atoms {
            word.indices(text, &mut self.matcher, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The sum of how well each word matches one of the row's texts; `None` when one matches none.
    fn score(&mut self, row: &R) -> Option<u32> {
        let mut sum = 0;
        for (word, prefix) in self.words.atoms.iter().zip(&self.prefixes) {
            let mut best: Option<u32> = None;
            let mut score = |field, atom: &Atom| {
                row.any(field, &mut |value| {
                    if let Value::Text(text) = value {
                        let text = Utf32Str::new(cut(text, MAX_TEXT_CHARS), &mut self.buffer);
                        let score = atom.score(text, &mut self.matcher).map(u32::from);
                        // A name is what a row is looked for by: three quarters for what it does at the moment.
                        best = best.max(score.map(|score| match field {
                            Field::Activity => score * 3 / 4,
                            _ => score,
                        }));
                    }
                    false
                });
            };
            score(Field::Label, word);
            score(Field::Id, prefix);
            score(Field::Activity, word);
            sum += best?;
        }
        Some(sum)
    }
}

impl<R> fmt::Debug for Finder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.best.len();
        f.debug_struct("Finder").field("found", &found).finish_non_exhaustive()
    }
}

impl<R> Ord for Ranked<R> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl<R> PartialOrd for Ranked<R> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> PartialEq for Ranked<R> {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl<R> Eq for Ranked<R> {}

/// Finds at most `limit` of the rows by a text, the best first. See [`Finder`].
pub fn find<R: Row>(rows: impl IntoIterator<Item = R>, text: &str, limit: usize) -> Vec<Hit<R>> {
    let mut finder = Finder::new(text, limit);
    rows.into_iter().for_each(|row| finder.offer(row));
    finder.finish()
}

/// The first characters of a text.
fn cut(text: &str, chars: usize) -> &str {
    // A character has at least one byte.
    if text.len() <= chars {
        return text;
    }
    let end = text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}
