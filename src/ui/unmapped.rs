//! The status words without a mapping, for the legend: collected every two seconds, and only while there are any.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use bevy::{prelude::*, time::common_conditions::on_real_timer};

use super::format;
use crate::{
    fleet::{Counts, RowState},
    frame::FrameSystems,
};
use model::{Kind, Status};

/// Most words that are listed.
pub(super) const MOST_WORDS: usize = 8;
/// Most rows whose word is read: each word is a memory access of its own, while a walk over the states of 100,000 rows
/// takes a fraction of a millisecond.
const MOST_ROWS: usize = 20_000;
const EVERY: Duration = Duration::from_secs(2);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<UnmappedWords>().add_systems(
        Update,
        collect.in_set(FrameSystems::Animate).run_if(on_real_timer(EVERY)),
    );
}

/// The words in alphabetical order; more than `MOST_WORDS` end in `…`.
#[derive(Resource, Debug, Default, Clone, PartialEq, Eq, Reflect)]
#[reflect(Resource)]
pub(super) struct UnmappedWords(pub(super) Vec<String>);

fn collect(counts: Res<Counts>, states: Query<&RowState>, mut words: ResMut<UnmappedWords>) {
    let unmapped = Kind::ALL
        .into_iter()
        .map(|kind| counts.of(kind, Status::Unmapped))
        .sum();
    words.set_if_neq(UnmappedWords(distinct_words(states.iter(), unmapped)));
}

/// The words of the unmapped rows, of which there are `unmapped`.
fn distinct_words<'a>(states: impl Iterator<Item = &'a RowState>, unmapped: usize) -> Vec<String> {
    if unmapped == 0 {
        return Vec::new();
    }
    let rows = states.filter(|state| state.0.status == Status::Unmapped);
    // Of more rows a regular sample is read, so that all kinds are covered; only a rare word can be missed.
    let rows = rows.step_by(unmapped.div_ceil(MOST_ROWS)).take(MOST_ROWS);
    let mut seen = HashSet::new();
    let mut found = BTreeSet::new();
    for word in rows.filter_map(|state| state.0.word.as_deref()) {
        // Each word is cleaned once, because cleaning costs more than the look-up.
        if seen.insert(word) {
            found.insert(format::clean(word, 40));
        }
        if found.len() > MOST_WORDS {
            break;
        }
    }
    let more = found.len() > MOST_WORDS;
    let words = found.into_iter().take(MOST_WORDS);
    words.chain(more.then(|| "…".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::StatusReading;

    #[test]
    fn each_unknown_word_is_listed_once_and_not_too_many() {
        let state = |status, word: &str| {
            RowState(StatusReading {
                status,
                word: Some(word.into()),
                ..StatusReading::default()
            })
        };
        let few = [
            state(Status::Unmapped, "zombie"),
            state(Status::Running, "running"),
            state(Status::Unmapped, "amok"),
            state(Status::Unmapped, "zombie"),
        ];
        assert_eq!(distinct_words(few.iter(), 3), ["amok", "zombie"]);
        let many: Vec<RowState> = (0..1_000)
            .map(|n| state(Status::Unmapped, &format!("w{n:04}")))
            .collect();
        let words = distinct_words(many.iter(), many.len());
        assert_eq!(
            (words.len(), words.last().map(String::as_str)),
            (MOST_WORDS + 1, Some("…"))
        );
    }
    #[test]
    fn of_very_many_rows_some_are_looked_at_from_the_first_to_the_last() {
        let row = |word: &str| {
            RowState(StatusReading {
                status: Status::Unmapped,
                word: Some(word.into()),
                ..StatusReading::default()
            })
        };
        let rows: Vec<RowState> = std::iter::repeat_with(|| row("zombie"))
            .take(MOST_ROWS * 4)
            .chain(std::iter::repeat_with(|| row("amok")).take(MOST_ROWS))
            .collect();
        assert_eq!(distinct_words(rows.iter(), rows.len()), ["amok", "zombie"]);
        // Rows that fade out are in no count: even then no more are read.
        assert_eq!(distinct_words(rows.iter(), 1), ["zombie"]);
    }
}
