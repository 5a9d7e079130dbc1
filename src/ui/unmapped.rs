//! The status words that the mapping does not know, for the legend: looked up now and then, and only while there are any.

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
pub const MOST_WORDS: usize = 8;
/// Most rows whose word is looked at, which is memory elsewhere. (A walk over the states alone of 100,000 rows costs a
/// fraction of a millisecond; every two seconds that is nothing.)
const MOST_ROWS: usize = 20_000;
const EVERY: Duration = Duration::from_secs(2);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<UnmappedWords>().add_systems(
        Update,
        look_up.in_set(FrameSystems::Animate).run_if(on_real_timer(EVERY)),
    );
}

/// The words in alphabetical order; more than `MOST_WORDS` end in `…`.
#[derive(Resource, Debug, Default, Clone, PartialEq, Eq)]
pub struct UnmappedWords(pub Vec<String>);

fn look_up(counts: Res<Counts>, states: Query<&RowState>, mut words: ResMut<UnmappedWords>) {
    let unmapped = Kind::ALL
        .into_iter()
        .map(|kind| counts.of(kind, Status::Unmapped))
        .sum();
    words.set_if_neq(UnmappedWords(distinct_words(states.iter(), unmapped)));
}

/// The words of so many unmapped rows.
fn distinct_words<'a>(states: impl Iterator<Item = &'a RowState>, unmapped: usize) -> Vec<String> {
    if unmapped == 0 {
        return Vec::new();
    }
    let rows = states.filter(|state| state.0.status == Status::Unmapped);
    // Of more, every so many: all kinds, early rows and late ones have their share, and only a rare word is missed.
    let rows = rows.step_by(unmapped.div_ceil(MOST_ROWS)).take(MOST_ROWS);
    let mut seen = HashSet::new();
    let mut found = BTreeSet::new();
    for word in rows.filter_map(|state| state.0.word.as_deref()) {
        // Cleaning costs more than looking: once a word.
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
            })
        };
        let rows: Vec<RowState> = std::iter::repeat_with(|| row("zombie"))
            .take(MOST_ROWS * 4)
            .chain(std::iter::repeat_with(|| row("amok")).take(MOST_ROWS))
            .collect();
        assert_eq!(distinct_words(rows.iter(), rows.len()), ["amok", "zombie"]);
        // Rows on their way out are in no count: even then no more are looked at.
        assert_eq!(distinct_words(rows.iter(), 1), ["zombie"]);
    }
}
