//! The status words for which there is no setting, for the legend: unmapped ones and those whose state is a guess. Collected every
//! two seconds.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bevy::{prelude::*, time::common_conditions::on_real_timer};

use crate::{
    fleet::{FleetMapping, Key, RowState},
    frame::FrameSystems,
};
use model::{Rule, SourceId, Status};

/// Most words that are listed.
pub(super) const MOST_WORDS: usize = 8;
/// Most rows whose word is read: each word is a memory access of its own, while a walk over the states of 100,000 rows
/// takes a fraction of a millisecond.
const MOST_ROWS: usize = 20_000;
/// Most different words that are counted.
const MOST_COUNTED: usize = 256;
const EVERY: Duration = Duration::from_secs(2);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<OpenWords>().add_systems(
        Update,
        collect.in_set(FrameSystems::Animate).run_if(on_real_timer(EVERY)),
    );
}

/// A word of a source whose state a person may decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenWord {
    /// The source.
    pub source: SourceId,
    /// The name of its table.
    pub table: String,
    /// The word as the rows have it.
    pub word: String,
    /// What it is read as; [`Status::Unmapped`]: nothing is known of it.
    pub status: Status,
    /// Rows with this word; of very many rows, of a sample of them.
    pub rows: usize,
}

/// The words, unmapped ones first, those of most rows first.
#[derive(Resource, Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct OpenWords {
    /// At most [`MOST_WORDS`].
    pub(super) listed: Vec<OpenWord>,
    /// How many more there are.
    pub(super) more: usize,
}

fn collect(rows: Query<(&Key, &RowState)>, mapping: Res<FleetMapping>, mut words: ResMut<OpenWords>) {
    let name = |source| mapping.0.source(source).map(|of| of.name()).unwrap_or_default();
    let found = open_words(rows.iter().map(|(key, state)| (key.0.source, state)), name);
    words.set_if_neq(found);
}

fn is_open(state: &RowState) -> bool {
    matches!(state.0.rule, Rule::Unknown | Rule::Shape)
}

/// The words of these rows, which are walked twice: to count those that matter, and to read the words of a sample.
fn open_words<'a>(
    rows: impl Iterator<Item = (SourceId, &'a RowState)> + Clone,
    name: impl Fn(SourceId) -> String,
) -> OpenWords {
    let open = rows.filter(|(_, state)| is_open(state));
    let count = open.clone().count();
    if count == 0 {
        return OpenWords::default();
    }
    // Of more rows a regular sample is read, so that all sources are covered; only a rare word can be missed.
    let mut found: BTreeMap<(SourceId, Arc<str>), (Status, usize)> = BTreeMap::new();
    for (source, state) in open.step_by(count.div_ceil(MOST_ROWS)).take(MOST_ROWS) {
        let Some(word) = state.0.word.clone() else { continue };
        let is_full = found.len() >= MOST_COUNTED;
        let key = (source, word);
        if let Some((_, rows)) = found.get_mut(&key) {
            *rows += 1;
        } else if !is_full {
            found.insert(key, (state.0.status, 1));
        }
    }
    let mut words: Vec<_> = found.into_iter().collect();
    words.sort_by_key(|(_, (status, rows))| (*status != Status::Unmapped, std::cmp::Reverse(*rows)));
    let more = words.len().saturating_sub(MOST_WORDS);
    words.truncate(MOST_WORDS);
    let listed = words
        .into_iter()
        .map(|((source, word), (status, rows))| OpenWord {
            source,
            table: name(source),
            word: word.to_string(),
            status,
            rows,
        })
        .collect();
    OpenWords { listed, more }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::StatusReading;

    fn state(status: Status, rule: Rule, word: &str) -> RowState {
        RowState(StatusReading {
            status,
            word: Some(word.into()),
            rule,
        })
    }

    fn words(rows: &[(usize, RowState)]) -> OpenWords {
        let rows = rows.iter().map(|(source, state)| (SourceId::new(*source), state));
        open_words(rows, |source| format!("t{}", source.index()))
    }

    #[test]
    fn each_open_word_of_a_source_is_listed_once_unmapped_ones_first() {
        let unmapped = |word| state(Status::Unmapped, Rule::Unknown, word);
        let found = words(&[
            (0, state(Status::Failed, Rule::Shape, "sync_failed")),
            (0, unmapped("amok")),
            (0, state(Status::Running, Rule::Word, "running")),
            (0, unmapped("zombie")),
            (0, unmapped("zombie")),
            (1, unmapped("zombie")),
        ]);
        let listed: Vec<_> = found
            .listed
            .iter()
            .map(|word| (word.table.as_str(), word.word.as_str(), word.rows))
            .collect();
        assert_eq!(
            listed,
            [
                ("t0", "zombie", 2),
                ("t0", "amok", 1),
                ("t1", "zombie", 1),
                ("t0", "sync_failed", 1)
            ]
        );
        assert_eq!(found.more, 0);
    }

    #[test]
    fn many_words_and_many_rows_are_bounded() {
        let many: Vec<(usize, RowState)> = (0..1_000)
            .map(|n| (0, state(Status::Unmapped, Rule::Unknown, &format!("w{n:04}"))))
            .collect();
        let found = words(&many);
        assert_eq!(
            (found.listed.len(), found.more),
            (MOST_WORDS, MOST_COUNTED - MOST_WORDS)
        );
        let row = |word: &str| (0, state(Status::Unmapped, Rule::Unknown, word));
        let rows: Vec<(usize, RowState)> = std::iter::repeat_with(|| row("zombie"))
            .take(MOST_ROWS * 4)
            .chain(std::iter::repeat_with(|| row("amok")).take(MOST_ROWS))
            .collect();
        assert_eq!(words(&rows).listed.len(), 2);
    }
}
