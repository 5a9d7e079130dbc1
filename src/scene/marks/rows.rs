//! Tasks and agents become marks: only rows that changed in this frame are looked at.

use bevy::{ecs::system::SystemParam, prelude::*};

use super::{
    mark::{Flags, Mark, MarkKind},
    stamp::stamp,
    store::{Layer, Marks},
};
use crate::{
    fleet::{AgentRow, FleetClock, Key, Moment, RowState, TaskRow, Touched, WorksOn},
    layout::{Block, CityPlan, MOVE_SECS, Place},
    scene::motion::Route,
};
use model::{Kind, Status};

/// Removes the marks of entities that are gone or have lost their place.
pub(super) fn remove(mut marks: ResMut<Marks>, mut unplaced: RemovedComponents<Place>, placed: Query<(), With<Place>>) {
    for entity in unplaced.read() {
        if !placed.contains(entity) {
            marks.remove(entity);
        }
    }
}

pub(super) fn draw_tasks(
    mut marks: ResMut<Marks>,
    clock: Res<FleetClock>,
    touched: Res<Touched>,
    tasks: Query<(&Key, &TaskRow, &RowState, &Moment, &Place)>,
) {
    for entity in touched.iter() {
        let Ok((key, task, state, moment, place)) = tasks.get(entity) else {
            continue;
        };
        let mut mark = Mark::new(MarkKind::Task, place.at, place.size, state.0.status);
        mark.priority = task.priority;
        mark.progress = task.progress;
        mark.flags.set(Flags::RUN, key.0.kind == Kind::Run);
        mark.flags
            .set(Flags::HUMAN, task.needs_human || state.0.status == Status::Waiting);
        let layer = Layer::of(MarkKind::Task, state.0.status, task.needs_human);
        add_history(&mut mark, marks.mark(entity), key, moment, place, clock.0);
        marks.set(entity, layer, mark.pack());
    }
}

pub(super) fn draw_agents(
    mut marks: ResMut<Marks>,
    clock: Res<FleetClock>,
    touched: Res<Touched>,
    streets: Streets,
    agents: Query<(&Key, &RowState, &Moment, &Place), With<AgentRow>>,
) {
    for entity in touched.iter() {
        let Ok((key, state, moment, place)) = agents.get(entity) else {
            continue;
        };
        let before = marks.mark(entity);
        let mut mark = Mark::new(MarkKind::Agent, place.at, place.size, state.0.status);
        mark.flags.set(Flags::HUMAN, state.0.status == Status::Waiting);
        mark.flags.set(Flags::CELL, streets.plan.block_of(entity).is_some());
        add_history(&mut mark, before, key, moment, place, clock.0);
        match before {
            // The same flight goes on.
            Some(before) if before.moved == mark.moved && before.to == mark.to => {
                (mark.from, mark.route) = (before.from, before.route);
            }
            before => {
                if let Some(before) = before.filter(|before| before.share(mark.moved) < 1.0) {
                    // It changes direction within a flight: it departs from where it is, not from the layout's straight line.
                    mark.from = before.flight_position(mark.moved);
                }
                if clock.0 - place.moved < MOVE_SECS {
                    mark.route = streets.route(entity, mark.from, place);
                }
            }
        }
        marks.set(entity, Layer::Agents, mark.pack());
    }
}

/// The ways that agents fly.
#[derive(SystemParam)]
pub(super) struct Streets<'w, 's> {
    plan: Res<'w, CityPlan>,
    in_hand: Query<'w, 's, &'static WorksOn>,
    blocks: Query<'w, 's, &'static Block>,
}

impl Streets<'_, '_> {
    /// The way of an agent to a new place along the streets; `None` where it flies straight.
    fn route(&self, agent: Entity, from: Vec2, place: &Place) -> Option<Route> {
        if from == place.at || self.stays(agent, from, place) {
            return None;
        }
        Route::through(&self.plan.street_route(from, place.at))
    }

    /// Whether an agent is beside its block and moves with it, because the plan makes room for others.
    fn stays(&self, agent: Entity, from: Vec2, place: &Place) -> bool {
        let task = self.in_hand.get(agent).ok();
        let block = task.and_then(|works_on| self.plan.block_of(works_on.0));
        block
            .and_then(|block| self.blocks.get(block).ok())
            .is_some_and(|block| block.moved == place.moved && block.from.inflate(1.5 * place.size.x).contains(from))
    }
}

/// Adds when and from where a mark moves, when it changed, and what it showed before.
fn add_history(mark: &mut Mark, before: Option<Mark>, key: &Key, moment: &Moment, place: &Place, now: f64) {
    // A later time becomes now: a stamp ahead of the clock would read as 49 days old.
    let past = |secs: f64| stamp(secs.min(now));
    mark.from = place.from;
    mark.moved = past(place.moved);
    mark.appeared = past(moment.appeared);
    mark.changed = past(moment.changed);
    if let Some(gone) = moment.gone {
        mark.gone = past(gone);
        mark.flags.insert(Flags::GONE);
    }
    // `scene::highlight` owns these flags.
    if let Some(before) = before {
        mark.flags |= before.flags & (Flags::HIGHLIGHTED | Flags::WAS_HIGHLIGHTED);
    }
    (mark.status_before, mark.status_changed) = match before {
        Some(before) if before.status == mark.status => (before.status_before, before.status_changed),
        Some(before) => (before.status, past(moment.changed)),
        None => (mark.status, mark.appeared),
    };
    mark.phase = before.map_or_else(|| phase_of(key.0.id.as_str()), |before| before.phase);
}

/// The phase of a row's breathing, from its id: neighbours differ, and the same rows give the same picture on every machine.
/// A further multiplication spreads hashes of ids that differ in their last digit alone.
fn phase_of(id: &str) -> u8 {
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    ((hash ^ hash >> 16).wrapping_mul(0x9e37_79b9) >> 24) as u8
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn phases_differ_and_depend_on_the_id_alone() {
        let phases: HashSet<u8> = (0..256).map(|number| phase_of(&format!("task-{number}"))).collect();
        assert!(phases.len() > 128, "{}", phases.len());
        // Computed independently from the published FNV-1a hashes of both: 0x811c9dc5 and 0xe40c292c.
        assert_eq!((phase_of(""), phase_of("a")), (0xb7, 0xac));
    }
}
