//! Walks the rows in trouble by key: each is selected, and the camera flies to it.

use std::cmp::Ordering;

use bevy::prelude::*;

use super::selection::Selection;
use crate::{
    actions::Command,
    fleet::{Key, Moment, RowState},
    frame::PointerSystems,
    messages::Intent,
};
use model::{RowKey, Status};

/// A row in trouble.
#[derive(Debug, Clone, PartialEq)]
struct Concern<'a> {
    key: &'a RowKey,
    status: Status,
    /// When it last changed, seconds of `FleetClock`.
    changed: f64,
}

impl Concern<'_> {
    /// What failed comes first, then what is blocked, then what waits; of each, what changed last. Equal ones sort by key.
    fn order(&self, other: &Self) -> Ordering {
        (self.status.urgency())
            .cmp(&other.status.urgency())
            .then(other.changed.total_cmp(&self.changed))
            .then_with(|| self.key.cmp(other.key))
    }
}

/// The row so many steps after the present one, around the end; the first or the last, where the present one is none of them.
fn next<'a>(mut concerns: Vec<Concern<'a>>, present: Option<&RowKey>, steps: isize) -> Option<&'a RowKey> {
    concerns.sort_by(Concern::order);
    let count = concerns.len() as isize;
    let own = present.and_then(|key| concerns.iter().position(|concern| concern.key == key));
    let at = match own {
        Some(own) => own as isize + steps,
        None => steps - isize::from(steps > 0),
    };
    let at = at.checked_rem_euclid(count)?;
    concerns.get(at as usize).map(|concern| concern.key)
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, walk.in_set(PointerSystems::Pick));
}

fn walk(
    mut commands: MessageReader<Command>,
    selection: Res<Selection>,
    rows: Query<(&Key, &RowState, &Moment)>,
    mut intents: MessageWriter<Intent>,
) {
    let step = |command: &Command| match command {
        Command::NextConcern => 1,
        Command::PreviousConcern => -1,
        _ => 0,
    };
    let steps: isize = commands.read().map(step).sum();
    if steps == 0 {
        return;
    }
    let in_trouble = rows
        .iter()
        .filter(|(_, state, moment)| state.0.status.trouble().is_some() && moment.gone.is_none());
    let concerns = in_trouble.map(|(key, state, moment)| Concern {
        key: &key.0,
        status: state.0.status,
        changed: moment.changed,
    });
    let present = selection.selected.and_then(|row| rows.get(row).ok());
    if let Some(key) = next(concerns.collect(), present.map(|(key, ..)| &key.0), steps) {
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
        let concern = |key, status, changed| Concern { key, status, changed };
        let all = || {
            vec![
                concern(a, Status::Waiting, 9.0),
                concern(b, Status::Failed, 2.0),
                concern(c, Status::Failed, 5.0),
                concern(d, Status::Blocked, 7.0),
            ]
        };
        assert_eq!(next(all(), None, 1), Some(c));
        assert_eq!(next(all(), Some(c), 1), Some(b));
        assert_eq!(next(all(), Some(b), 2), Some(a));
        assert_eq!(next(all(), Some(a), 1), Some(c), "around");
        assert_eq!(next(all(), None, -1), Some(a), "the last");
        assert_eq!(next(all(), Some(c), -1), Some(a));
        assert_eq!(next(Vec::new(), Some(c), 1), None);
    }
}
