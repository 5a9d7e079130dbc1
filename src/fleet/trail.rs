//! Why a task waits: what it waits for, what that waits for, and so on to the rows that hold all of it up.

use std::{collections::HashSet, hash::Hash};

use bevy::{ecs::system::SystemParam, prelude::*};

use super::{FleetIndex, RowState, Ties};
use model::Phase;

/// The most steps that a trail is followed, and the most waits in it.
const MOST_STEPS: usize = 16;
const MOST_WAITS: usize = 256;

/// One task waits for another: the row that is waited for, then the row that waits.
pub(crate) type Wait = (Entity, Entity);

/// The waits of each step away from a row: at first what the row itself waits for. `waits_for` has the rows that a row waits
/// for; a row that waits for itself over others is followed once.
fn steps<R: Copy + Eq + Hash>(row: R, waits_for: impl Fn(R) -> Vec<R>) -> Vec<Vec<(R, R)>> {
    let mut seen = HashSet::from([row]);
    let mut steps: Vec<Vec<(R, R)>> = Vec::new();
    let mut ends = vec![row];
    let mut left = MOST_WAITS;
    while steps.len() < MOST_STEPS {
        let mut step = Vec::new();
        let mut next = Vec::new();
        for end in ends {
            for other in waits_for(end).into_iter().filter(|other| *other != end).take(left) {
                step.push((other, end));
                if seen.insert(other) {
                    next.push(other);
                }
            }
            left = MOST_WAITS.saturating_sub(steps.iter().map(Vec::len).sum::<usize>() + step.len());
        }
        if step.is_empty() {
            break;
        }
        steps.push(step);
        ends = next;
    }
    steps
}

/// Reads what tasks wait for.
#[derive(SystemParam)]
pub(crate) struct Trails<'w, 's> {
    ties: Query<'w, 's, &'static Ties>,
    states: Query<'w, 's, &'static RowState>,
    index: Res<'w, FleetIndex>,
}

impl Trails<'_, '_> {
    /// The rows that a task waits for and that are not done, in the order in which its row names them.
    pub(crate) fn waits_for(&self, row: Entity) -> Vec<Entity> {
        let is_open = |row: &Entity| {
            let state = self.states.get(*row);
            state.is_ok_and(|state| state.0.status.phase() != Phase::Over)
        };
        // What has ended waits for nothing.
        if !is_open(&row) {
            return Vec::new();
        }
        let Ok(ties) = self.ties.get(row) else {
            return Vec::new();
        };
        let rows = ties.depends_on.iter().filter_map(|key| self.index.get(key));
        rows.filter(is_open).collect()
    }

    /// The waits of each step away from a row; empty where it waits for nothing.
    pub(crate) fn of(&self, row: Entity) -> Vec<Vec<Wait>> {
        steps(row, |row| self.waits_for(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(all: &'static [(u32, &'static [u32])]) -> impl Fn(u32) -> Vec<u32> {
        move |row| {
            let of = all.iter().find(|(own, _)| *own == row);
            of.map(|(_, others)| others.to_vec()).unwrap_or_default()
        }
    }

    #[test]
    fn a_trail_leads_step_by_step_to_what_holds_it_up() {
        let all = waits(&[(1, &[2, 3]), (2, &[4]), (3, &[4]), (4, &[])]);
        assert_eq!(steps(1, all), [vec![(2, 1), (3, 1)], vec![(4, 2), (4, 3)]]);
        assert!(steps(9, waits(&[])).is_empty());
    }

    #[test]
    fn circles_and_crowds_end() {
        let circle = waits(&[(1, &[2]), (2, &[3]), (3, &[1, 3])]);
        assert_eq!(steps(1, circle), [vec![(2, 1)], vec![(3, 2)], vec![(1, 3)]]);
        let long = steps(0, |row: u64| vec![row + 1]);
        assert_eq!(long.len(), MOST_STEPS);
        let broad = steps(0, |row: u64| (1..=1_000).map(|other| row * 1_000 + other).collect());
        assert_eq!(broad.iter().map(Vec::len).sum::<usize>(), MOST_WAITS);
    }
}
