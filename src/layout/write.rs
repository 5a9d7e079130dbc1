//! Carries rows into the floor plan and places out of it: the layout's only system.

use bevy::prelude::*;

use super::{
    District, DockGround, Extent, Place, Unassigned,
    dirty::Dirty,
    floor::{Batch, Floor, Outcome, Spot},
    order::in_order,
};
use crate::{
    fleet::{AgentRow, FleetClock, Key, Moment, PartOf, TaskRow, Touched, WorkflowRow, WorksOn},
    frame::FrameSystems,
    messages::Synced,
};

/// The floor plan of the fleet: who has which slot, and what stands at a point.
#[derive(Resource, Debug, Default)]
pub struct Plan {
    floor: Floor<Entity>,
    /// The first snapshot has been stood: from now on everybody keeps their place.
    settled: bool,
}

impl Plan {
    /// What stands at a point of the world, once all that is on its way has arrived.
    pub fn at(&self, world: Vec2) -> Option<Spot<Entity>> {
        self.floor.at(world)
    }

    /// The tasks that stand in a rectangle of the world once they have arrived, and where, in no order.
    pub fn tasks_in(&self, world: Rect) -> Vec<(Entity, Vec2)> {
        self.floor.tasks_in(world)
    }

    /// The workflow whose district a point lies in, whatever else stands there.
    pub fn district_at(&self, world: Vec2) -> Option<Entity> {
        self.floor.district_at(world)
    }
}

/// Free ground around everything, so that no ring touches the screen's edge and the topmost names have room.
const MARGIN: f32 = 1.5;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Plan>()
        .init_resource::<Unassigned>()
        .init_resource::<Extent>()
        .init_resource::<DockGround>()
        .init_resource::<FleetClock>()
        .init_resource::<Touched>()
        .add_systems(Update, place.in_set(FrameSystems::Place));
}

/// A row on its way out is in no index any more, but keeps its place until its entity goes.
fn is_leaving(moment: Option<&Moment>) -> bool {
    moment.is_some_and(|moment| moment.gone.is_some())
}

fn place(
    mut commands: Commands,
    mut plan: ResMut<Plan>,
    mut dirty: ResMut<Dirty>,
    mut touched: ResMut<Touched>,
    mut synced: MessageReader<Synced>,
    clock: Res<FleetClock>,
    workflows: Query<(Entity, &Key), With<WorkflowRow>>,
    tasks: Query<(Entity, &Key, Option<&PartOf>, Option<&Moment>), With<TaskRow>>,
    agents: Query<(Entity, &Key, Option<&WorksOn>, Option<&Moment>), With<AgentRow>>,
    mut places: Query<&mut Place>,
    mut districts: Query<&mut District>,
    mut unassigned: ResMut<Unassigned>,
    mut extent: ResMut<Extent>,
    mut dock: ResMut<DockGround>,
) {
    let first_sync = synced.read().count() > 0 && !plan.settled;
    if dirty.is_empty() && !first_sync {
        return;
    }
    let batch = if first_sync {
        // What stood before the first snapshot was complete stood in the order of the network. Once, everybody is
        // stood anew in the order of their ids.
        plan.settled = true;
        plan.floor = Floor::default();
        Batch {
            workflows: in_order(workflows.iter().map(|(row, key)| (row, &key.0))),
            tasks: in_order(
                tasks
                    .iter()
                    .filter(|(.., moment)| !is_leaving(*moment))
                    .map(|(row, key, part_of, _)| ((row, part_of.map(|link| link.0)), &key.0)),
            ),
            agents: in_order(
                agents
                    .iter()
                    .filter(|(.., moment)| !is_leaving(*moment))
                    .map(|(row, key, works_on, _)| ((row, works_on.map(|link| link.0)), &key.0)),
            ),
            ..Batch::default()
        }
    } else {
        let gone = |rows: &bevy::ecs::entity::EntityHashSet, is_there: &dyn Fn(Entity) -> bool| {
            let mut gone: Vec<Entity> = rows.iter().copied().filter(|row| !is_there(*row)).collect();
            gone.sort_unstable();
            gone
        };
        Batch {
            gone_workflows: gone(&dirty.workflows, &|row| workflows.contains(row)),
            gone_tasks: gone(&dirty.tasks, &|row| tasks.contains(row)),
            gone_agents: gone(&dirty.agents, &|row| agents.contains(row)),
            workflows: in_order(workflows.iter_many(&dirty.workflows).map(|(row, key)| (row, &key.0))),
            tasks: in_order(
                tasks
                    .iter_many(&dirty.tasks)
                    .filter(|(.., moment)| !is_leaving(*moment))
                    .map(|(row, key, part_of, _)| ((row, part_of.map(|link| link.0)), &key.0)),
            ),
            agents: in_order(
                agents
                    .iter_many(&dirty.agents)
                    .filter(|(.., moment)| !is_leaving(*moment))
                    .map(|(row, key, works_on, _)| ((row, works_on.map(|link| link.0)), &key.0)),
            ),
        }
    };
    *dirty = Dirty::default();
    let outcome = plan.floor.apply(&batch);
    write_districts(
        &outcome,
        clock.0,
        &mut commands,
        &mut touched,
        &mut districts,
        &mut unassigned,
    );
    let newcomers: Vec<(Entity, Place)> = outcome
        .tasks
        .iter()
        .chain(&outcome.agents)
        .filter_map(|&(row, at)| match places.get_mut(row) {
            Ok(mut place) => {
                if place.at != at {
                    touched.note(row);
                    *place = Place {
                        at,
                        from: place.drawn_at(clock.0),
                        moved: clock.0,
                    };
                }
                None
            }
            Err(_) => {
                touched.note(row);
                let (from, moved) = (at, clock.0);
                Some((row, Place { at, from, moved }))
            }
        })
        .collect();
    // A row may be despawned in the same frame: its place is then nobody's.
    commands.try_insert_batch(newcomers);
    let around = outcome
        .extent
        .map_or_else(Extent::default, |rect| Extent(rect.inflate(MARGIN)));
    extent.set_if_neq(around);
    dock.set_if_neq(DockGround(outcome.dock));
}

fn write_districts(
    outcome: &Outcome<Entity>,
    now: f64,
    commands: &mut Commands,
    touched: &mut Touched,
    districts: &mut Query<&mut District>,
    unassigned: &mut ResMut<Unassigned>,
) {
    if !outcome.unassigned {
        unassigned.set_if_neq(Unassigned(None));
    }
    for standing in &outcome.districts {
        let (center, radius) = (standing.center, standing.radius);
        let moved_on = |old: &District| {
            let (from, from_radius, moved) = if (old.center, old.radius) == (center, radius) {
                (old.from, old.from_radius, old.moved)
            } else {
                (old.drawn_at(now), old.radius_at(now), now)
            };
            District {
                center,
                radius,
                from,
                from_radius,
                moved,
            }
        };
        let appeared = District {
            center,
            radius,
            from: center,
            from_radius: radius,
            moved: now,
        };
        match standing.workflow {
            None => {
                let next = unassigned.0.as_ref().map_or(appeared, moved_on);
                unassigned.set_if_neq(Unassigned(Some(next)));
            }
            Some(workflow) => match districts.get_mut(workflow) {
                Ok(mut district) => {
                    let next = moved_on(&district);
                    if district.set_if_neq(next) {
                        touched.note(workflow);
                    }
                }
                Err(_) => {
                    touched.note(workflow);
                    commands.entity(workflow).try_insert(appeared);
                }
            },
        }
    }
}
