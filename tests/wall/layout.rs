//! Places: in an app without a renderer with rows spawned by hand, and of the floor plan alone under any order of events.

use std::collections::{HashMap, HashSet};

use bevy::prelude::*;
use model::{Kind, RowKey};
use opswall::{
    fleet::{AgentRow, FleetClock, Key, Moment, PartOf, TaskRow, WorkflowRow, WorksOn},
    frame,
    layout::{
        self, District, Extent, FloorPlan, MOVE_SECS, Place, Spot, Unassigned,
        floor::{Batch, Floor, Outcome},
    },
    messages::{self, Synced},
};
use proptest::prelude::*;
use realtime::SyncReport;

fn app() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, messages::plugin, frame::plugin, layout::plugin));
    opswall::fleet::resources(&mut app);
    app
}

fn key(kind: Kind, id: u32) -> Key {
    Key(crate::by_hand::key(kind, id))
}

fn here() -> Moment {
    Moment {
        appeared: 0.0,
        changed: 0.0,
        gone: None,
    }
}

fn workflow(app: &mut App, id: u32) -> Entity {
    app.world_mut()
        .spawn((key(Kind::Workflow, id), WorkflowRow::default(), here()))
        .id()
}

fn task(app: &mut App, id: u32, part_of: Option<Entity>) -> Entity {
    let mut row = app.world_mut().spawn((key(Kind::Task, id), TaskRow::default(), here()));
    if let Some(workflow) = part_of {
        row.insert(PartOf(workflow));
    }
    row.id()
}

fn agent(app: &mut App, id: u32, works_on: Option<Entity>) -> Entity {
    let mut row = app
        .world_mut()
        .spawn((key(Kind::Agent, id), AgentRow::default(), here()));
    if let Some(task) = works_on {
        row.insert(WorksOn(task));
    }
    row.id()
}

fn at(app: &App, row: Entity) -> Vec2 {
    app.world().get::<Place>(row).map(|place| place.at).unwrap()
}

fn district(app: &App, workflow: Entity) -> District {
    *app.world().get::<District>(workflow).unwrap()
}

fn set_clock(app: &mut App, now: f64) {
    app.insert_resource(FleetClock(now));
}

#[test]
fn tasks_are_in_their_district_and_an_agent_is_beside_its_task() {
    let mut app = app();
    let (one, two) = (workflow(&mut app, 1), workflow(&mut app, 2));
    let tasks: Vec<Entity> = (0..20)
        .map(|id| task(&mut app, id, Some(if id % 2 == 0 { one } else { two })))
        .collect();
    let busy = agent(&mut app, 1, Some(tasks[4]));
    let idle = agent(&mut app, 2, None);
    app.update();
    for (id, &row) in tasks.iter().enumerate() {
        let home = district(&app, if id % 2 == 0 { one } else { two });
        assert!(at(&app, row).distance(home.center) < home.radius - 1.0);
    }
    let home = district(&app, one);
    assert!(at(&app, busy).distance(home.center) < home.radius);
    assert!(tasks.iter().all(|&row| at(&app, row).distance(at(&app, busy)) > 1.2));
    let lowest = home.center.y - home.radius;
    assert!(at(&app, idle).y < lowest);
    let extent = app.world().resource::<Extent>().0;
    assert!([busy, idle].iter().all(|&row| extent.contains(at(&app, row))));
    assert_eq!(
        app.world().resource::<FloorPlan>().at(at(&app, tasks[7])),
        Some(Spot::Task(tasks[7]))
    );
    assert_eq!(
        app.world().resource::<FloorPlan>().at(at(&app, busy)),
        Some(Spot::Agent(busy))
    );
    assert_eq!(
        app.world().resource::<FloorPlan>().at(at(&app, idle)),
        Some(Spot::Agent(idle))
    );
}

#[test]
fn a_task_without_its_workflow_is_unassigned_and_moves_once_it_is_linked() {
    let mut app = app();
    let (early, other) = (task(&mut app, 1, None), task(&mut app, 2, None));
    app.update();
    let before = at(&app, early);
    assert!(app.world().resource::<Unassigned>().0.is_some());
    set_clock(&mut app, 10.0);
    let late = workflow(&mut app, 1);
    app.world_mut().entity_mut(early).insert(PartOf(late));
    app.update();
    let place = *app.world().get::<Place>(early).unwrap();
    assert!(place.at.distance(district(&app, late).center) < 1.0);
    assert_eq!((place.from, place.moved), (before, 10.0));
    assert_eq!(place.drawn_at(10.0), before);
    assert_eq!(place.drawn_at(10.0 + MOVE_SECS), place.at);
    app.world_mut().entity_mut(other).insert(PartOf(late));
    app.update();
    assert_eq!(app.world().resource::<Unassigned>().0, None);
}

#[test]
fn an_agent_flies_to_its_work_and_back_to_its_place_in_the_dock() {
    let mut app = app();
    let flow = workflow(&mut app, 1);
    let work = task(&mut app, 1, Some(flow));
    let rows: Vec<Entity> = (0..5).map(|id| agent(&mut app, id, None)).collect();
    app.update();
    let home = at(&app, rows[2]);
    app.world_mut().entity_mut(rows[2]).insert(WorksOn(work));
    app.update();
    assert!(at(&app, rows[2]).distance(district(&app, flow).center) < district(&app, flow).radius);
    // The task goes with its entity, and the agent has nothing in hand.
    app.world_mut().despawn(work);
    app.world_mut().entity_mut(rows[2]).remove::<WorksOn>();
    app.update();
    assert_eq!(at(&app, rows[2]), home);
}

#[test]
fn a_row_keeps_its_place_during_its_exit_and_frees_it_then() {
    let mut app = app();
    let flow = workflow(&mut app, 1);
    let leaving = task(&mut app, 1, Some(flow));
    app.update();
    let place = at(&app, leaving);
    app.world_mut()
        .entity_mut(leaving)
        .insert(Moment {
            gone: Some(1.0),
            ..here()
        })
        .remove::<PartOf>();
    let second = task(&mut app, 2, Some(flow));
    app.update();
    assert_eq!(at(&app, leaving), place);
    assert_ne!(at(&app, second), place);
    app.world_mut().despawn(leaving);
    app.update();
    let third = task(&mut app, 3, Some(flow));
    app.update();
    assert_eq!(at(&app, third), place);
}

#[test]
fn tasks_of_a_workflow_that_goes_become_unassigned() {
    let mut app = app();
    let (one, two) = (workflow(&mut app, 1), workflow(&mut app, 2));
    let orphan = task(&mut app, 1, Some(one));
    let other = task(&mut app, 2, Some(two));
    let busy = agent(&mut app, 1, Some(orphan));
    app.update();
    let unmoved = at(&app, other);
    app.world_mut().despawn(one);
    app.update();
    let ground = app.world().resource::<Unassigned>().0.unwrap();
    assert!(at(&app, orphan).distance(ground.center) < ground.radius);
    assert!(at(&app, busy).distance(ground.center) < ground.radius);
    assert_eq!(at(&app, other), unmoved);
}

#[test]
fn the_same_rows_have_the_same_places_in_any_order_of_arrival() {
    let mut pictures: Vec<HashMap<RowKey, Vec2>> = Vec::new();
    for order in 0..3_u32 {
        let mut app = app();
        let shuffled = |count: u32| -> Vec<u32> {
            let mut ids: Vec<u32> = (0..count).collect();
            ids.sort_by_key(|id| (id * 7_919 + order * 104_729) % 1_009);
            ids
        };
        let late = order == 1;
        let mut flows: HashMap<u32, Entity> = HashMap::new();
        let mut tasks: HashMap<u32, Entity> = HashMap::new();
        for id in shuffled(120) {
            let row = task(&mut app, id, None);
            tasks.insert(id, row);
            if late && id % 10 == 0 {
                app.update();
            }
        }
        for id in shuffled(9) {
            flows.insert(id, workflow(&mut app, id));
        }
        for id in shuffled(120) {
            // The ninth workflow has no tasks, some tasks have no workflow.
            if id % 11 < 8 {
                app.world_mut().entity_mut(tasks[&id]).insert(PartOf(flows[&(id % 11)]));
            }
        }
        for id in shuffled(12) {
            let works_on = if id < 8 { Some(tasks[&(id * 5)]) } else { None };
            agent(&mut app, id, works_on);
            if late {
                app.update();
            }
        }
        app.update();
        app.world_mut().write_message(Synced(SyncReport {
            snapshot: 1,
            ..SyncReport::default()
        }));
        app.update();
        let mut rows = app.world_mut().query::<(&Key, Option<&Place>, Option<&District>)>();
        let picture = rows.iter(app.world()).map(|(key, place, district)| {
            let at = place.map(|place| place.at).or(district.map(|district| district.center));
            (key.0.clone(), at.unwrap())
        });
        pictures.push(picture.collect());
    }
    assert_eq!(pictures[0], pictures[1]);
    assert_eq!(pictures[0], pictures[2]);
}

#[test]
fn nothing_is_written_while_nothing_changes() {
    let mut app = app();
    let flow = workflow(&mut app, 1);
    for id in 0..30 {
        task(&mut app, id, Some(flow));
    }
    app.update();
    app.update();
    #[derive(Resource, Default)]
    struct Seen(usize);
    app.init_resource::<Seen>().add_systems(
        Last,
        |mut seen: ResMut<Seen>, places: Query<(), Changed<Place>>, grounds: Query<(), Changed<District>>| {
            seen.0 += places.iter().count() + grounds.iter().count();
        },
    );
    app.update();
    app.world_mut().resource_mut::<Seen>().0 = 0;
    (0..3).for_each(|_| app.update());
    assert_eq!(app.world().resource::<Seen>().0, 0);
    task(&mut app, 31, Some(flow));
    app.update();
    assert_eq!(app.world().resource::<Seen>().0, 1);
}

/// The floor plan as its outcomes describe it.
#[derive(Debug, Default)]
struct Known {
    tasks: HashMap<u32, (Vec2, Option<u32>)>,
    agents: HashMap<u32, (Vec2, Option<u32>)>,
    flows: HashSet<u32>,
    districts: HashMap<Option<u32>, (Vec2, f32)>,
}

#[derive(Debug, Clone)]
enum Act {
    Flow(u32),
    EndFlow(u32),
    Task(u32, Option<u32>),
    EndTask(u32),
    Agent(u32, Option<u32>),
    EndAgent(u32),
}

// Keys of the three kinds must differ, as entities do.
const TASKS: u32 = 1_000;
const AGENTS: u32 = 2_000;

fn acts() -> impl Strategy<Value = Vec<Vec<Act>>> {
    let flow = 0..8_u32;
    let task = TASKS..TASKS + 150;
    let who = AGENTS..AGENTS + 40;
    let act = prop_oneof![
        2 => flow.clone().prop_map(Act::Flow),
        1 => flow.clone().prop_map(Act::EndFlow),
        12 => (task.clone(), prop::option::weighted(0.8, flow)).prop_map(|(task, flow)| Act::Task(task, flow)),
        2 => task.clone().prop_map(Act::EndTask),
        5 => (who.clone(), prop::option::weighted(0.8, task)).prop_map(|(agent, task)| Act::Agent(agent, task)),
        1 => who.prop_map(Act::EndAgent),
    ];
    prop::collection::vec(prop::collection::vec(act, 1..40), 1..12)
}

/// Applies acts, and returns the batch that the layout's system would make of them.
fn batch(known: &mut Known, acts: &[Act]) -> Batch<u32> {
    let mut batch = Batch::default();
    let mut tasks: HashSet<u32> = HashSet::new();
    let mut agents: HashSet<u32> = HashSet::new();
    // A row that goes and returns is another entity, and in another batch.
    let mut ended: HashSet<u32> = HashSet::new();
    for act in acts {
        match *act {
            Act::Flow(row) | Act::Task(row, _) | Act::Agent(row, _) if ended.contains(&row) => {}
            Act::Flow(flow) => {
                if known.flows.insert(flow) {
                    batch.workflows.push(flow);
                }
            }
            Act::EndFlow(flow) => {
                ended.insert(flow);
                if known.flows.remove(&flow) {
                    if batch.workflows.contains(&flow) {
                        batch.workflows.retain(|new| *new != flow);
                    } else {
                        batch.gone_workflows.push(flow);
                    }
                    for (task, (_, part_of)) in &mut known.tasks {
                        if *part_of == Some(flow) {
                            *part_of = None;
                            tasks.insert(*task);
                        }
                    }
                }
            }
            Act::Task(task, flow) => {
                let flow = flow.filter(|flow| known.flows.contains(flow));
                known.tasks.entry(task).or_insert((Vec2::NAN, None)).1 = flow;
                tasks.insert(task);
            }
            Act::EndTask(task) => {
                ended.insert(task);
                if known.tasks.remove(&task).is_some() {
                    tasks.insert(task);
                    for (agent, (_, works_on)) in &mut known.agents {
                        if *works_on == Some(task) {
                            *works_on = None;
                            agents.insert(*agent);
                        }
                    }
                }
            }
            Act::Agent(agent, task) => {
                let task = task.filter(|task| known.tasks.contains_key(task));
                known.agents.entry(agent).or_insert((Vec2::NAN, None)).1 = task;
                agents.insert(agent);
            }
            Act::EndAgent(agent) => {
                ended.insert(agent);
                known.agents.remove(&agent);
                agents.insert(agent);
            }
        }
    }
    let mut tasks: Vec<u32> = tasks.into_iter().collect();
    let mut agents: Vec<u32> = agents.into_iter().collect();
    tasks.sort_unstable();
    agents.sort_unstable();
    for task in tasks {
        match known.tasks.get(&task) {
            Some((_, part_of)) => batch.tasks.push((task, *part_of)),
            None => batch.gone_tasks.push(task),
        }
    }
    for agent in agents {
        match known.agents.get(&agent) {
            Some((_, works_on)) => batch.agents.push((agent, *works_on)),
            None => batch.gone_agents.push(agent),
        }
    }
    batch
}

fn learn(known: &mut Known, outcome: &Outcome<u32>) {
    for (task, at) in &outcome.tasks {
        if let Some(row) = known.tasks.get_mut(task) {
            row.0 = *at;
        }
    }
    for (agent, at) in &outcome.agents {
        if let Some(row) = known.agents.get_mut(agent) {
            row.0 = *at;
        }
    }
    let flows = known.flows.clone();
    known
        .districts
        .retain(|flow, _| flow.is_none_or(|flow| flows.contains(&flow)));
    if !outcome.unassigned {
        known.districts.remove(&None);
    }
    for standing in &outcome.districts {
        known
            .districts
            .insert(standing.workflow, (standing.center, standing.radius));
    }
}

proptest! {
    #[test]
    fn whatever_comes_and_goes_nobody_overlaps_and_everybody_is_where_they_belong(batches in acts()) {
        let (mut floor, mut again) = (Floor::<u32>::default(), Floor::<u32>::default());
        let mut known = Known::default();
        for acts in batches {
            let before: HashMap<u32, (Vec2, Option<u32>)> = known.tasks.clone();
            let grounds = known.districts.clone();
            let batch = batch(&mut known, &acts);
            let outcome = floor.apply(&batch);
            prop_assert_eq!(&outcome.tasks, &again.apply(&batch).tasks);
            learn(&mut known, &outcome);

            let circles: Vec<_> = known.districts.values().copied().collect();
            prop_assert_eq!(known.flows.len() + usize::from(outcome.unassigned), circles.len());
            for (index, (center, radius)) in circles.iter().enumerate() {
                for (other, reach) in &circles[..index] {
                    prop_assert!(center.distance(*other) > radius + reach);
                }
            }
            let marks: Vec<(u32, Vec2, f32)> = known
                .tasks
                .iter()
                .map(|(task, (at, _))| (*task, *at, 0.5))
                .chain(known.agents.iter().map(|(agent, (at, _))| (*agent, *at, 0.75)))
                .collect();
            for (index, (row, at, size)) in marks.iter().enumerate() {
                prop_assert!(at.is_finite(), "{} was never told where it stands", row);
                for (other, there, reach) in &marks[..index] {
                    prop_assert!(at.distance(*there) > size + reach - 0.02, "{} and {} overlap", row, other);
                }
            }
            for (task, (at, part_of)) in &known.tasks {
                let (center, radius) = known.districts[part_of];
                prop_assert!(at.distance(center) < radius, "task {} is outside its district", task);
                prop_assert_eq!(floor.at(*at), Some(Spot::Task(*task)));
                let around = Rect::from_center_half_size(*at, Vec2::new(2.3, 1.2));
                let mut found: Vec<u32> = floor.tasks_in(around).into_iter().map(|(task, _)| task).collect();
                let places = known.tasks.iter().filter(|(_, (other, ..))| around.contains(*other));
                let mut searched: Vec<u32> = places.map(|(task, _)| *task).collect();
                found.sort_unstable();
                searched.sort_unstable();
                prop_assert_eq!(found, searched, "around task {}", task);
                // A task that was not touched keeps its place in its district.
                if let Some((was_at, was_part_of)) = before.get(task)
                    && was_part_of == part_of
                    && let Some((was_center, _)) = grounds.get(part_of)
                {
                    prop_assert!((*was_at - *was_center).distance(*at - center) < 1e-3, "task {} moved", task);
                }
            }
            for (agent, (at, works_on)) in &known.agents {
                prop_assert_eq!(floor.at(*at), Some(Spot::Agent(*agent)));
                match works_on.and_then(|task| known.tasks.get(&task)) {
                    Some((_, part_of)) => {
                        let (center, radius) = known.districts[part_of];
                        prop_assert!(at.distance(center) < radius, "agent {} is not at its work", agent);
                    }
                    None => {
                        let lowest = circles.iter().map(|(center, radius)| center.y - radius).fold(f32::MAX, f32::min);
                        prop_assert!(at.y < lowest, "agent {} is not in the dock", agent);
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn one_row_more_or_less_moves_no_other_district_beyond_its_growth(
        batches in acts(),
        row in TASKS..TASKS + 150,
        flow in prop::option::of(0..8_u32),
        comes in any::<bool>(),
    ) {
        let mut floor = Floor::<u32>::default();
        let mut known = Known::default();
        for acts in batches {
            let batch = batch(&mut known, &acts);
            let outcome = floor.apply(&batch);
            learn(&mut known, &outcome);
        }
        let before = known.districts.clone();
        let act = if comes { Act::Task(row, flow) } else { Act::EndTask(row) };
        let batch = batch(&mut known, &[act]);
        let outcome = floor.apply(&batch);
        learn(&mut known, &outcome);
        let growth: f32 = before
            .iter()
            .filter_map(|(flow, (_, radius))| Some((known.districts.get(flow)?.1 - radius).max(0.0)))
            .sum();
        for (flow, (center, _)) in &before {
            if let Some((now, _)) = known.districts.get(flow) {
                prop_assert!(now.distance(*center) <= growth + 0.01, "{:?} moved by {}", flow, now.distance(*center));
            }
        }
    }
}

#[test]
fn a_mostly_empty_plan_is_compacted_and_only_then() {
    let mut floor = Floor::<u32>::default();
    let everybody = Batch {
        workflows: (0..60).collect(),
        tasks: (0..600).map(|task| (TASKS + task, Some(task % 60))).collect(),
        ..Batch::default()
    };
    let extent = floor.apply(&everybody).extent.unwrap();
    assert!(floor.tidy().is_none(), "it is mostly full");
    // Only the districts at the two ends remain.
    let mut centers: Vec<(f32, u32)> = (0..60)
        .filter_map(|flow| {
            let task = floor
                .tasks_in(extent)
                .into_iter()
                .find(|(task, _)| (task - TASKS) % 60 == flow)?;
            Some((task.1.x, flow))
        })
        .collect();
    centers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let gone: Vec<u32> = centers[4..56].iter().map(|(_, flow)| *flow).collect();
    let left = floor
        .apply(&Batch {
            gone_tasks: (0..600)
                .filter(|task| gone.contains(&(task % 60)))
                .map(|task| TASKS + task)
                .collect(),
            gone_workflows: gone,
            ..Batch::default()
        })
        .extent
        .unwrap();
    assert!(left.width() > extent.width() * 0.8, "nothing moved");
    let tidied = floor.tidy().expect("most is empty");
    assert_eq!(tidied.districts.len(), 8);
    assert!(tidied.extent.unwrap().width() < left.width() * 0.7);
    assert!(floor.tidy().is_none(), "only once");
}

#[test]
fn a_row_created_while_a_wall_runs_has_the_same_place_on_another_wall() {
    use crate::ties::{app, change, entity, feed};
    let flow = change(
        Kind::Workflow,
        model::Op::Insert,
        &serde_json::json!({"id": "w", "name": "w"}),
    );
    // The ids are not in the order of creation, as with UUIDs.
    let id = |n: u32| format!("{:08x}", n.wrapping_mul(2_654_435_761));
    let row = |n: u32| {
        let made = format!("2026-11-27T08:{:02}:{:02}.25+00:00", n / 60, n % 60);
        let row =
            serde_json::json!({"id": id(n), "title": "t", "status": "queued", "workflow_id": "w", "created_at": made});
        change(Kind::Task, model::Op::Insert, &row)
    };
    let settled = |app: &mut App| {
        app.world_mut().write_message(Synced(SyncReport::default()));
        app.update();
        app.update();
    };
    let places = |app: &App| {
        let place = |n: u32| app.world().get::<Place>(entity(app, Kind::Task, &id(n))).unwrap().at;
        (0..90).map(place).collect::<Vec<_>>()
    };
    let mut looks_on = app();
    feed(&mut looks_on, [flow.clone()].into_iter().chain((0..30).map(row)));
    settled(&mut looks_on);
    for n in 30..90 {
        feed(&mut looks_on, [row(n)]);
    }
    let mut later = app();
    feed(&mut later, (0..90).rev().map(row).chain([flow]));
    settled(&mut later);
    assert_eq!(places(&looks_on), places(&later));
}
