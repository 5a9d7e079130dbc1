//! Rows keep their places, and the plan follows from the rows alone: through the ECS, with changes as a feed sends them.

use std::collections::{HashMap, HashSet};

use bevy::prelude::*;
use model::{Change, Kind, Status};
use opswall::{
    fleet::{Counts, Key, PartOf, TaskRow},
    layout::{Block, Ground, Place, PlanScene, Tallies},
};
use proptest::prelude::*;
use serde_json::json;

use crate::layout::{advance, agent, app, change, check, entity, feed, gone, plan_of, replan, settle, task, workflow};

const FLOWS: usize = 60;
const SMALLER: Vec2 = Vec2::new(1600.0, 900.0);

fn flow(number: usize) -> String {
    format!("w{number:02}")
}

/// A row as a feed inserts or updates it.
fn any_task(random: &mut fastrand::Rng, id: &str) -> Change {
    let status = ["queued", "running", "blocked", "failed", "completed", "waiting"][random.usize(..6)];
    // A few are unassigned, and some workflows are many times larger than others.
    let share = random.f32().powi(2);
    let home = (random.u8(..30) > 0).then(|| flow((share * FLOWS as f32) as usize));
    task(id, status, home.as_deref())
}

/// 2,000 rows in 60 workflows.
fn two_thousand(random: &mut fastrand::Rng) -> App {
    let mut app = app();
    let mut rows: Vec<Change> = (0..FLOWS).map(|number| workflow(&flow(number), "running")).collect();
    rows.extend((0..1_880).map(|number| any_task(random, &format!("t{number}"))));
    rows.extend((0..60).map(|number| {
        let task = format!("t{}", number * 31);
        agent(&format!("a{number}"), "busy", (number % 3 > 0).then_some(task.as_str()))
    }));
    feed(&mut app, rows);
    settle(&mut app);
    check(&mut app);
    app
}

/// What is known of each task: its block and its cell. And the blocks by their strip, from its upper edge.
struct Shown {
    tasks: HashMap<Entity, (Option<Entity>, Vec2)>,
    strips: HashMap<Option<Entity>, i32>,
}

fn shown(app: &mut App) -> Shown {
    let world = app.world_mut();
    let mut tasks = world.query_filtered::<(Entity, Option<&PartOf>, &Place), With<TaskRow>>();
    let mut blocks = world.query::<(Entity, &Block, Has<Ground>)>();
    Shown {
        tasks: tasks
            .iter(world)
            .map(|(row, part_of, place)| (row, (part_of.map(|part_of| part_of.0), place.at)))
            .collect(),
        strips: blocks
            .iter(world)
            .map(|(row, block, is_ground)| {
                let strip = (block.rect().max.y * 4.0).round() as i32;
                ((!is_ground).then_some(row), strip)
            })
            .collect(),
    }
}

#[test]
fn of_ten_thousand_changes_none_moves_a_row_for_which_nothing_in_its_strip_grew() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut app = two_thousand(&mut random);
    let mut living: Vec<String> = (0..1_880).map(|number| format!("t{number}")).collect();
    let (mut next, mut moved, mut changes) = (5_000, 0, 0);
    let mut before = shown(&mut app);
    while changes < 10_000 {
        let mut rows = Vec::new();
        let mut touched = HashSet::new();
        for _ in 0..25 {
            let at = random.usize(..living.len());
            let id = match random.u8(..4) {
                0 => {
                    next += 1;
                    living.push(format!("t{next}"));
                    format!("t{next}")
                }
                1 => {
                    let id = living.swap_remove(at);
                    rows.push(gone(Kind::Task, &id));
                    continue;
                }
                _ => living[at].clone(),
            };
            rows.push(any_task(&mut random, &id));
            touched.insert(id);
        }
        changes += rows.len();
        feed(&mut app, rows);
        let after = shown(&mut app);
        // Strips into which a row came.
        let mut grown: HashSet<i32> = HashSet::new();
        for (row, (home, at)) in &after.tasks {
            if before.tasks.get(row).is_none_or(|(was, _)| was != home) {
                let _ = at;
                grown.extend(before.strips.get(home).or(after.strips.get(home)));
            }
        }
        for (row, (home, at)) in &after.tasks {
            let Some((was_home, was_at)) = before.tasks.get(row) else {
                continue;
            };
            if was_home == home && was_at.distance(*at) > 0.01 {
                moved += 1;
                let strip = before.strips[home];
                let id = &app.world().get::<Key>(*row).expect("a row").0.id;
                assert!(
                    grown.contains(&strip),
                    "{id} moved from {was_at} to {at}, and nothing in its strip grew"
                );
            }
        }
        before = after;
    }
    check(&mut app);
    let per_change = moved as f32 / changes as f32;
    assert!(per_change < 12.0, "{moved} moves for {changes} changes");
}

/// Random changes, also of workflows and agents.
fn any_history(app: &mut App, random: &mut fastrand::Rng, steps: usize) {
    for _ in 0..steps {
        let rows = (0..random.usize(1..30)).map(|_| {
            let number = random.usize(..300);
            match random.u8(..10) {
                0 => gone(Kind::Task, &format!("t{number}")),
                1 => gone(Kind::Agent, &format!("a{}", number % 40)),
                2 => gone(Kind::Workflow, &flow(number % 12)),
                3 => workflow(&flow(number % 12), ["running", "failed", "queued"][number % 3]),
                4 => {
                    let task = format!("t{}", random.usize(..300));
                    let state = ["idle", "busy", "failed"][number % 3];
                    let task = number.is_multiple_of(2).then_some(task.as_str());
                    agent(&format!("a{}", number % 40), state, task)
                }
                _ => {
                    let home = flow(random.usize(..14));
                    task(
                        &format!("t{number}"),
                        ["queued", "running", "failed"][number % 3],
                        Some(home.as_str()).filter(|_| !number.is_multiple_of(7)),
                    )
                }
            }
        });
        feed(app, rows.collect::<Vec<_>>());
    }
    // Exits end.
    (0..60).for_each(|_| app.update());
}

/// The rows of a wall as a snapshot has them.
fn snapshot(app: &mut App) -> Vec<Change> {
    let mut rows = app.world_mut().query::<(&Key, &opswall::fleet::Columns)>();
    rows.iter(app.world())
        .map(|(key, columns)| Change {
            key: key.0.clone(),
            op: model::Op::Insert,
            record: columns.0.clone(),
            committed_ms: None,
        })
        .collect()
}

#[test]
fn walls_that_joined_at_different_times_show_the_same_plan() {
    for seed in 0..6 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut lived = app();
        any_history(&mut lived, &mut random, 10);
        settle(&mut lived);
        any_history(&mut lived, &mut random, 25);
        check(&mut lived);
        let mut rows = snapshot(&mut lived);
        assert!(rows.len() > 100, "{} rows", rows.len());
        let mut fresh: Vec<App> = (0..2)
            .map(|_| {
                random.shuffle(&mut rows);
                let mut app = app();
                feed(&mut app, rows.clone());
                settle(&mut app);
                app
            })
            .collect();
        let restarted = plan_of(&mut fresh[0]);
        assert_eq!(
            restarted,
            plan_of(&mut fresh[1]),
            "seed {seed}: another order of arrival"
        );
        replan(&mut lived, SMALLER);
        replan(&mut fresh[0], SMALLER);
        let (old, new) = (plan_of(&mut lived), plan_of(&mut fresh[0]));
        assert_eq!(old.len(), new.len(), "seed {seed}");
        for (row, place) in &old {
            assert_eq!(new.get(row), Some(place), "seed {seed}: {row}");
        }
        check(&mut lived);
    }
}

#[test]
fn a_screen_of_another_size_is_planned_for_once_it_keeps_it() {
    let mut app = two_thousand(&mut fastrand::Rng::with_seed(9));
    let before = plan_of(&mut app);
    let show = |app: &mut App, width: f32| {
        app.insert_resource(PlanScene {
            size: Vec2::new(width, 900.0),
            ..PlanScene::default()
        });
        app.update();
    };
    // A window that is being resized: 16 ms a frame.
    for step in 0..40 {
        show(&mut app, 1_800.0 - step as f32 * 5.0);
        assert_eq!(plan_of(&mut app), before, "step {step}");
    }
    (0..14).for_each(|_| app.update());
    assert_eq!(plan_of(&mut app), before, "not yet");
    (0..4).for_each(|_| app.update());
    let after = plan_of(&mut app);
    assert_ne!(after, before, "it kept its size for a quarter of a second");
    check(&mut app);
    // Larger text needs larger headers.
    let header = |app: &App| crate::layout::block_of(app, &flow(0)).header().height();
    let small = header(&app);
    app.insert_resource(PlanScene {
        size: Vec2::new(1_605.0, 900.0),
        text: 26.0,
    });
    app.update();
    advance(&mut app, 0.3);
    check(&mut app);
    assert!(
        header(&app) > small * 1.5 || header(&app) == 0.0,
        "{small} then {}",
        header(&app)
    );
}

#[test]
fn a_larger_fleet_on_a_small_screen_is_all_placed() {
    let mut app = app();
    let mut rows: Vec<Change> = (0..300)
        .map(|number| workflow(&format!("w{number}"), "running"))
        .collect();
    rows.extend((0..12_000).map(|number| task(&format!("t{number}"), "queued", Some(&format!("w{}", number % 300)))));
    feed(&mut app, rows);
    settle(&mut app);
    replan(&mut app, Vec2::new(1024.0, 540.0));
    check(&mut app);
    let mut places = app.world_mut().query_filtered::<&Place, With<TaskRow>>();
    assert_eq!(places.iter(app.world()).count(), 12_000);
    let least = places
        .iter(app.world())
        .map(|place| place.size.min_element())
        .fold(f32::MAX, f32::min);
    assert!(least >= 2.5, "the smallest cell has {least} px");
}

/// Rows of the given kinds and states, with references to rows that may be there.
fn any_row() -> impl Strategy<Value = Change> {
    let words = [
        "queued",
        "running",
        "blocked",
        "failed",
        "completed",
        "waiting",
        "cancelled",
    ];
    let kinds = [
        Kind::Task,
        Kind::Task,
        Kind::Task,
        Kind::Run,
        Kind::Workflow,
        Kind::Agent,
    ];
    (
        proptest::sample::select(kinds.to_vec()),
        0..25_u32,
        proptest::sample::select(words.to_vec()),
        prop::option::of(0..6_u32),
        0..8_u8,
    )
        .prop_map(|(kind, number, status, link, step)| {
            let id = number.to_string();
            if step == 0 {
                return gone(kind, &id);
            }
            let link = link.map(|link| link.to_string());
            let row = json!({"id": id, "name": id, "title": id, "status": status, "workflow_id": link});
            change(kind, model::Op::Insert, &row)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_tallies_of_all_blocks_together_are_the_counts(batches in prop::collection::vec(prop::collection::vec(any_row(), 1..25), 1..10)) {
        let mut app = app();
        feed(&mut app, [workflow("stays", "running"), task("stays", "queued", Some("stays"))]);
        for (number, batch) in batches.into_iter().enumerate() {
            feed(&mut app, batch);
            if number == 2 {
                settle(&mut app);
            }
            let world = app.world_mut();
            let mut blocks = world.query_filtered::<Entity, Or<(With<Block>, With<Ground>, With<opswall::fleet::WorkflowRow>)>>();
            let blocks: Vec<Entity> = blocks.iter(world).collect();
            let (tallies, counts) = (world.resource::<Tallies>(), world.resource::<Counts>());
            for status in Status::ALL {
                let in_blocks: u32 = blocks.iter().map(|block| tallies.of(*block).of(status)).sum();
                prop_assert_eq!(in_blocks as usize, counts.work(status), "{:?}", status);
            }
            let alarms: u32 = blocks.iter().map(|block| tallies.of(*block).alarms()).sum();
            let troubles: usize = Status::ALL.into_iter().filter(|status| status.is_trouble()).map(|status| counts.work(status)).sum();
            prop_assert_eq!(alarms as usize, troubles);
        }
    }
}

#[test]
fn a_task_that_asks_for_a_person_is_counted_alike_everywhere() {
    let mut app = app();
    let row = json!({"id": "t", "title": "t", "status": "running", "workflow_id": "w", "needs_human": true});
    feed(
        &mut app,
        [workflow("w", "running"), change(Kind::Task, model::Op::Insert, &row)],
    );
    let asks = app
        .world()
        .get::<TaskRow>(entity(&app, Kind::Task, "t"))
        .is_some_and(|task| task.needs_human);
    assert!(asks);
    let tally = app.world().resource::<Tallies>().of(entity(&app, Kind::Workflow, "w"));
    let counts = app.world().resource::<Counts>();
    for status in Status::ALL {
        assert_eq!(tally.of(status) as usize, counts.work(status), "{status:?}");
    }
}
