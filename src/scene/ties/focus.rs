//! Which ties a row has.

use bevy::{
    ecs::{entity::EntityHashSet, system::SystemParam},
    platform::collections::HashSet,
    prelude::*,
};

use super::{instance::TieKind, route::Circle};
use crate::{
    fleet::{AgentRow, Assignments, FleetIndex, Key, PartOf, Parts, RowState, TaskRow, TieIndex, Ties, WorksOn},
    layout::{District, Unassigned},
};
use model::{Kind, RowId, RowKey, Status};

/// Most ties shown at once.
pub const MOST_TIES: usize = 4_096;
/// Most tasks of one workflow or agent, or of those that name one task, that are looked at.
const MOST_ROWS: usize = 20_000;
/// Most ties that are gathered before the most important are chosen.
const MOST_GATHERED: usize = 4 * MOST_TIES;

/// A tie by its rows.
pub(in crate::scene) type Ends = (Entity, Entity, TieKind);

/// What ties are read from.
#[derive(SystemParam)]
pub(in crate::scene) struct Fleet<'w, 's> {
    keys: Query<'w, 's, &'static Key>,
    states: Query<'w, 's, &'static RowState>,
    ties: Query<'w, 's, &'static Ties>,
    tasks: Query<'w, 's, Option<&'static PartOf>, With<TaskRow>>,
    agents: Query<'w, 's, (&'static Key, Option<&'static WorksOn>), With<AgentRow>>,
    parts: Query<'w, 's, &'static Parts>,
    districts: Query<'w, 's, &'static District>,
    unassigned: Option<Res<'w, Unassigned>>,
    index: Option<Res<'w, FleetIndex>>,
    naming: Res<'w, TieIndex>,
    assignments: Res<'w, Assignments>,
}

/// Ties as they are found, each once.
#[derive(Debug, Default)]
struct Found {
    seen: HashSet<(Entity, Entity)>,
    ends: Vec<Ends>,
}

impl Found {
    fn add(&mut self, from: Entity, to: Entity, kind: TieKind) {
        // Between two rows the first counts: that a task waits for its own part is said once.
        if from != to && self.ends.len() < MOST_GATHERED && self.seen.insert((from, to)) {
            self.ends.push((from, to, kind));
        }
    }
}

impl Fleet<'_, '_> {
    /// The ties of the hovered and the selected row, the most important first, bounded. A district that is only hovered
    /// shows those that leave it: what it has within would flash under every move of the pointer.
    pub fn ties(&self, hovered: Option<Entity>, selected: Option<Entity>) -> Vec<Ends> {
        let mut found = Found::default();
        for (row, is_selected) in [(selected, true), (hovered, false)] {
            let Some(row) = row else { continue };
            if self.tasks.contains(row) {
                self.of_task(row, &mut found);
            } else if let Ok((key, in_hand)) = self.agents.get(row) {
                // One that is on its way out has nothing any more.
                let is_here = self.index.as_ref().is_some_and(|index| index.get(&key.0) == Some(row));
                let in_hand = in_hand.map(|works_on| works_on.0);
                let assigned = self.assignments.of(&key.0.id).filter(|_| is_here);
                for task in assigned.take(MOST_ROWS) {
                    // What is in its hand has a beam.
                    if Some(task) != in_hand && !self.is_over(task) {
                        found.add(row, task, TieKind::Assignment);
                    }
                }
            } else if let Ok(parts) = self.parts.get(row) {
                for task in parts.iter().take(MOST_ROWS) {
                    self.of_task(task, &mut found);
                }
                if !is_selected {
                    found
                        .ends
                        .retain(|(from, to, _)| self.district(*from) != self.district(*to));
                }
            }
        }
        if found.ends.len() > MOST_TIES {
            // What is held up by trouble first, then by name, so that the same rows show the same.
            let rank = |row: Entity| self.keys.get(row).ok().map(|key| &key.0);
            found.ends.sort_by(|a, b| {
                let held_up = |ends: &Ends| !self.is_trouble(ends.0);
                let by_key = || rank(a.0).cmp(&rank(b.0)).then_with(|| rank(a.1).cmp(&rank(b.1)));
                held_up(a).cmp(&held_up(b)).then_with(by_key)
            });
            found.ends.truncate(MOST_TIES);
        }
        found.ends
    }

    fn of_task(&self, task: Entity, found: &mut Found) {
        if let Ok(ties) = self.ties.get(task) {
            for other in ties.depends_on.iter().filter_map(|id| self.task(id)) {
                found.add(other, task, TieKind::Dependency);
            }
            if let Some(parent) = ties.parent.as_ref().and_then(|id| self.task(id)) {
                found.add(parent, task, TieKind::Part);
            }
        }
        // Columns name tasks: a run that has the number of a task is not meant.
        let Ok(key) = self.keys.get(task) else { return };
        if key.0.kind != Kind::Task {
            return;
        }
        for other in self.naming.naming(&key.0.id).take(MOST_ROWS) {
            let Ok(ties) = self.ties.get(other) else { continue };
            if ties.depends_on.contains(&key.0.id) {
                found.add(task, other, TieKind::Dependency);
            } else if ties.parent.as_ref() == Some(&key.0.id) {
                found.add(task, other, TieKind::Part);
            }
        }
    }

    /// The task of an id, if it is there.
    fn task(&self, id: &RowId) -> Option<Entity> {
        self.index.as_ref()?.get(&RowKey::new(Kind::Task, id.clone()))
    }

    fn status(&self, row: Entity) -> Option<Status> {
        self.states.get(row).ok().map(|state| state.0.status)
    }

    fn is_over(&self, task: Entity) -> bool {
        matches!(self.status(task), Some(Status::Done | Status::Cancelled))
    }

    fn is_trouble(&self, row: Entity) -> bool {
        matches!(self.status(row), Some(Status::Failed | Status::Blocked))
    }

    /// The district of a task; `None` is *Unassigned*, or an agent's dock.
    pub fn district(&self, row: Entity) -> Option<Entity> {
        let part_of = self.tasks.get(row).ok()?;
        part_of.map(|part_of| part_of.0)
    }

    /// Where a task's district is.
    pub fn circle(&self, row: Entity) -> Option<Circle> {
        let part_of = self.tasks.get(row).ok()?;
        let district = match part_of {
            Some(workflow) => *self.districts.get(workflow.0).ok()?,
            None => self.unassigned.as_ref()?.0?,
        };
        Some(Circle {
            center: district.center,
            radius: district.radius,
        })
    }

    /// The workflows whose districts these ties run between.
    pub fn districts(&self, ties: &[Ends]) -> EntityHashSet {
        let ends = ties.iter().flat_map(|(from, to, _)| [*from, *to]);
        ends.filter_map(|row| self.district(row)).collect()
    }

    /// Changes whenever ties may be others.
    pub fn edition(&self) -> u64 {
        self.naming.edition()
    }
}
