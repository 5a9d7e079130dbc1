//! The status words that the mapping does not know, for the legend: looked up now and then, and only while there are any.

use std::{collections::BTreeSet, time::Duration};

use bevy::{prelude::*, time::common_conditions::on_real_timer};

use super::format;
use crate::{
    domain::{Kind, Status},
    fleet::{Counts, RowState},
    frame::FrameSystems,
};

/// Most words that are listed.
pub const MOST_WORDS: usize = 8;
/// A walk over 100,000 rows costs a fraction of a millisecond; every two seconds that is nothing.
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
    let some = Kind::ALL.into_iter().any(|kind| counts.of(kind, Status::Unmapped) > 0);
    let found = if some {
        distinct_words(states.iter())
    } else {
        Vec::new()
    };
    words.set_if_neq(UnmappedWords(found));
}

fn distinct_words<'a>(states: impl Iterator<Item = &'a RowState>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for RowState(reading) in states {
        let Some(word) = reading.word.as_deref() else {
            continue;
        };
        if reading.status == Status::Unmapped && found.len() <= MOST_WORDS {
            found.insert(format::clean(word, 40));
        }
    }
    let more = found.len() > MOST_WORDS;
    let words = found.into_iter().take(MOST_WORDS);
    words.chain(more.then(|| "…".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::StatusReading;

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
        assert_eq!(distinct_words(few.iter()), ["amok", "zombie"]);
        let many: Vec<RowState> = (0..1_000)
            .map(|n| state(Status::Unmapped, &format!("w{n:04}")))
            .collect();
        let words = distinct_words(many.iter());
        assert_eq!(
            (words.len(), words.last().map(String::as_str)),
            (MOST_WORDS + 1, Some("…"))
        );
    }
}
