//! The ties of a row.

use bevy::{
    ecs::{entity::EntityHashSet, system::SystemParam},
    platform::collections::HashSet,
    prelude::*,
};

use super::{route, tie::TieKind};
use crate::{
    fleet::{AgentRow, Assignments, FleetIndex, Key, PartOf, Parts, RowState, TaskRow, TieIndex, Ties, Wait, WorksOn},
    layout::{Block, CityPlan, Place},
};
use model::{Phase, Status};

/// The maximum number of ties shown at once.
pub const MOST_TIES: usize = 4_096;
/// The maximum number of tasks of one workflow or agent, or of tasks that refer to one task, that are read.
const MOST_ROWS: usize = 20_000;
/// The maximum number of ties that are collected before the most important are chosen.
const MOST_GATHERED: usize = 4 * MOST_TIES;

/// A tie by its rows: from, to, and what it means.
pub(in crate::scene) type Ends = (Entity, Entity, TieKind);

/// What the ties of a row are read from.
#[derive(SystemParam)]
pub(in crate::scene) struct TieLookup<'w, 's> {
    keys: Query<'w, 's, &'static Key>,
    states: Query<'w, 's, &'static RowState>,
    ties: Query<'w, 's, &'static Ties>,
    tasks: Query<'w, 's, Option<&'static PartOf>, With<TaskRow>>,
    agents: Query<'w, 's, (&'static Key, Option<&'static WorksOn>), With<AgentRow>>,
    parts: Query<'w, 's, &'static Parts>,
    blocks: Query<'w, 's, &'static Block>,
    places: Query<'w, 's, &'static Place>,
    plan: Res<'w, CityPlan>,
    index: Res<'w, FleetIndex>,
    tie_index: Res<'w, TieIndex>,
    assignments: Res<'w, Assignments>,
}

/// Ties as they are found, without duplicates.
#[derive(Debug, Default)]
struct FoundTies {
    seen: HashSet<(Entity, Entity)>,
    ends: Vec<Ends>,
}

impl FoundTies {
    fn add(&mut self, from: Entity, to: Entity, kind: TieKind) {
        // Between two rows the first counts: a task that waits for its own part has one tie to it.
        if from != to && self.ends.len() < MOST_GATHERED && self.seen.insert((from, to)) {
            self.ends.push((from, to, kind));
        }
    }
}

impl TieLookup<'_, '_> {
    /// The ties of the hovered and the selected row and these waits, the most important first, at most `MOST_TIES`. A workflow
    /// that is only hovered has the ties that leave its block: those within would flash whenever the pointer moves over blocks.
    pub(crate) fn ties(
        &self,
        hovered: Option<Entity>,
        selected: Option<Entity>,
        waits: impl Iterator<Item = Wait>,
    ) -> Vec<Ends> {
        let mut found = FoundTies::default();
        for (from, to) in waits {
            found.add(from, to, TieKind::Dependency);
        }
        for (row, is_selected) in [(selected, true), (hovered, false)] {
            let Some(row) = row else { continue };
            if self.tasks.contains(row) {
                self.of_task(row, &mut found);
            } else if let Ok((key, in_hand)) = self.agents.get(row) {
                // An agent whose row is gone has no assignments.
                let is_here = self.index.get(&key.0) == Some(row);
                let in_hand = in_hand.map(|works_on| works_on.0);
                let assigned = self.assignments.of(&key.0).filter(|_| is_here);
                for task in assigned.take(MOST_ROWS) {
                    // The task in hand has a beam instead.
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
                        .retain(|(from, to, _)| self.workflow(*from) != self.workflow(*to));
                }
            }
        }
        if found.ends.len() > MOST_TIES {
            // Ties from faults first, then by key, so that the same rows have the same ties on every wall.
            let rank = |row: Entity| self.keys.get(row).ok().map(|key| &key.0);
            found.ends.sort_by(|a, b| {
                let is_held_up = |ends: &Ends| !self.is_fault(ends.0);
                let by_key = || rank(a.0).cmp(&rank(b.0)).then_with(|| rank(a.1).cmp(&rank(b.1)));
                is_held_up(a).cmp(&is_held_up(b)).then_with(by_key)
            });
            found.ends.truncate(MOST_TIES);
        }
        found.ends
    }

    fn of_task(&self, task: Entity, found: &mut FoundTies) {
        if let Ok(ties) = self.ties.get(task) {
            for other in ties.depends_on.iter().filter_map(|key| self.index.get(key)) {
                found.add(other, task, TieKind::Dependency);
            }
            if let Some(parent) = ties.parent.as_ref().and_then(|key| self.index.get(key)) {
                found.add(parent, task, TieKind::Part);
            }
        }
        let Ok(key) = self.keys.get(task) else { return };
        for other in self.tie_index.referring_to(&key.0).take(MOST_ROWS) {
            let Ok(ties) = self.ties.get(other) else { continue };
            if ties.depends_on.contains(&key.0) {
                found.add(task, other, TieKind::Dependency);
            } else if ties.parent.as_ref() == Some(&key.0) {
                found.add(task, other, TieKind::Part);
            }
        }
    }

    fn status(&self, row: Entity) -> Option<Status> {
        self.states.get(row).ok().map(|state| state.0.status)
    }

    fn is_over(&self, task: Entity) -> bool {
        self.status(task).is_some_and(|status| status.phase() == Phase::Over)
    }

    fn is_fault(&self, row: Entity) -> bool {
        self.status(row).is_some_and(Status::is_fault)
    }

    /// The workflow of a task; `None` for *Unassigned* and for rows that are not tasks.
    pub(crate) fn workflow(&self, row: Entity) -> Option<Entity> {
        let part_of = self.tasks.get(row).ok()?;
        part_of.map(|part_of| part_of.0)
    }

    /// What the strand of a tie connects: the block that it leaves, or an agent, and the block that it leads to. `None` within
    /// a block, and between an agent and the block beside it.
    pub(crate) fn between(&self, from: Entity, to: Entity) -> Option<(Entity, Entity)> {
        let target = self.plan.block_of(to)?;
        if let Some(own) = self.plan.block_of(from) {
            return (own != target).then_some((own, target));
        }
        let (agent, block) = (self.places.get(from).ok()?, self.blocks.get(target).ok()?);
        let is_beside = block.rect().inflate(1.5 * agent.size.x).contains(agent.at);
        (!is_beside).then_some((from, target))
    }

    /// The points of the strand that a tie takes, along the streets.
    pub(crate) fn strand(&self, from: Entity, to: Entity) -> Vec<Vec2> {
        if self.plan.block_of(from).is_some() {
            return self.plan.strand(from, to);
        }
        // From the rim of the agent.
        self.places.get(from).map_or_else(
            |_| Vec::new(),
            |agent| route::trimmed(self.plan.strand_from(agent.at, to), 0.8 * agent.size.x),
        )
    }

    /// Whether a row is in a block.
    pub(crate) fn is_cell(&self, row: Entity) -> bool {
        self.plan.block_of(row).is_some()
    }

    /// Whether a block or an agent gets another place at this moment, seconds of `FleetClock`.
    pub(crate) fn departs(&self, row: Entity, now: f64) -> bool {
        let place = self.places.get(row).map(|place| place.moved);
        let moved = place.or_else(|_| self.blocks.get(row).map(|block| block.moved));
        moved.is_ok_and(|moved| moved == now)
    }

    /// The blocks and the agents that these ties connect.
    pub(crate) fn connected(&self, ties: &[Ends]) -> EntityHashSet {
        let ends = ties.iter().flat_map(|(from, to, _)| [*from, *to]);
        ends.map(|row| self.plan.block_of(row).unwrap_or(row)).collect()
    }

    /// A number that changes whenever the ties of any row may have changed.
    pub(crate) fn revision(&self) -> u64 {
        self.tie_index.revision()
    }
}
