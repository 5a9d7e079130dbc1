//! Walks the rows in trouble by key: each is selected, and the camera flies to it.

use std::cmp::{Ordering, Reverse};

use bevy::prelude::*;

use super::selection::Selection;
use crate::{
    actions::Command,
    fleet::{Key, SeenRows},
    frame::PointerSystems,
    messages::Intent,
};
use model::{RowKey, Status};

/// A row in trouble.
#[derive(Debug, Clone, PartialEq)]
struct Concern<'a> {
    key: &'a RowKey,
    status: Status,
    /// When it last changed, milliseconds since the Unix epoch.
    changed_ms: i64,
}

impl Concern<'_> {
    /// What failed comes first, then what is blocked, then what waits; of each, what changed last. Equal ones sort by key.
    fn order(&self, other: &Self) -> Ordering {
        let rank = |of: &Self| (of.status.urgency(), Reverse(of.changed_ms));
        rank(self).cmp(&rank(other)).then_with(|| self.key.cmp(other.key))
    }
}

/// The row so many steps after the present one, around the end; the first or the last, where the present one is none of them.
fn next<'a>(concerns: &[Concern<'a>], present: Option<&RowKey>, steps: isize) -> Option<&'a RowKey> {
    let count = concerns.len() as isize;
    let own = present.and_then(|key| concerns.iter().position(|concern| concern.key == key));
    let at = match own {
        Some(own) => own as isize + steps,
        None => steps - isize::from(steps > 0),
    };
    let at = at.checked_rem_euclid(count)?;
    concerns.get(at as usize).map(|concern| concern.key)
}

/// The rows that a command walks, and how many steps.
fn walked(command: Command) -> Option<(Option<Status>, isize)> {
    match command {
        Command::NextConcern => Some((None, 1)),
        Command::PreviousConcern => Some((None, -1)),
        Command::NextBlocked => Some((Some(Status::Blocked), 1)),
        Command::NextWaiting => Some((Some(Status::Waiting), 1)),
        _ => None,
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, walk.in_set(PointerSystems::Pick));
}

fn walk(
    mut commands: MessageReader<Command>,
    selection: Res<Selection>,
    rows: SeenRows,
    in_trouble: Query<(Entity, &crate::fleet::RowState), With<Key>>,
    mut intents: MessageWriter<Intent>,
) {
    let walks: Vec<(Option<Status>, isize)> = commands.read().copied().filter_map(walked).collect();
    if walks.is_empty() {
        return;
    }
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let troubled = in_trouble
        .iter()
        .filter(|(_, state)| state.0.status.trouble().is_some());
    let mut concerns: Vec<Concern> = troubled
        .filter_map(|(row, _)| rows.get(row))
        .map(|seen| Concern {
            key: seen.key,
            status: seen.state.status,
            changed_ms: rows.changed_ms(&seen, now_ms),
        })
        .collect();
    concerns.sort_by(Concern::order);
    let mut present = selection.selected.and_then(|row| rows.key(row));
    let before = present;
    for (status, steps) in walks {
        let mut some: Vec<Concern> = concerns.clone();
        if let Some(status) = status {
            some.retain(|concern| concern.status == status);
            // Who waits for the longest time is first.
            some.reverse();
        }
        present = next(&some, present, steps).or(present);
    }
    if let Some(key) = present.filter(|key| before != Some(*key)) {
        intents.write(Intent::Select(Some(key.clone())));
        intents.write(Intent::Focus(key.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Kind, RowId, SourceId};

    #[test]
    fn what_failed_last_is_first_and_the_walk_goes_around() {
        let key = |id: &str| RowKey::new(Kind::Task, SourceId::new(0), RowId::from(id));
        let keys = ["a", "b", "c", "d"].map(key);
        let [a, b, c, d] = &keys;
        let concern = |key, status, changed_ms| Concern {
            key,
            status,
            changed_ms,
        };
        let mut all = vec![
            concern(a, Status::Waiting, 9),
            concern(b, Status::Failed, 2),
            concern(c, Status::Failed, 5),
            concern(d, Status::Blocked, 7),
        ];
        all.sort_by(Concern::order);
        assert_eq!(next(&all, None, 1), Some(c));
        assert_eq!(next(&all, Some(c), 1), Some(b));
        assert_eq!(next(&all, Some(b), 2), Some(a));
        assert_eq!(next(&all, Some(a), 1), Some(c), "around");
        assert_eq!(next(&all, None, -1), Some(a), "the last");
        assert_eq!(next(&all, Some(c), -1), Some(a));
        assert_eq!(next(&[], Some(c), 1), None);
    }
}
