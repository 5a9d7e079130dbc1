//! What is where: lookups, agents, the dock, routes, quiet workflows and walls of one kind of rows.

mod support;

use glam::Vec2;
use plan::{AgentPlace, Batch, BlockKey, City, Pace, Rect, Spot};
use support::{FIRST_AGENT, FIRST_TASK, Spread, agent, fleet, scene, task, workflow};

fn city(batch: Batch<u32, u32>) -> City<u32, u32> {
    let mut city = City::new(scene(1920.0, 1000.0), Pace::default());
    city.apply(batch, 0.0);
    city
}

fn is_finite(cell: Rect) -> bool {
    cell.min.is_finite() && cell.max.is_finite()
}

#[test]
fn the_tasks_in_a_rectangle_are_those_that_a_search_finds() {
    let city = city(fleet(3_000, 50, 100, Spread::Skewed, 2));
    let all: Vec<(u32, Vec2)> = (0..3_000)
        .map(|number| {
            (
                FIRST_TASK + number,
                city.task(FIRST_TASK + number).expect("a place").center(),
            )
        })
        .collect();
    let mut random = fastrand::Rng::with_seed(3);
    let mut some = || Vec2::new(random.f32() * 2_200.0 - 1_100.0, random.f32() * 1_200.0 - 600.0);
    for _ in 0..300 {
        let (one, other) = (some(), some());
        let rect = Rect::new(one.min(other), one.max(other));
        let mut found: Vec<u32> = city.tasks_in(rect).into_iter().map(|(row, _)| row).collect();
        found.sort_unstable();
        let inside = |at: &Vec2| at.cmpge(rect.min).all() && at.cmple(rect.max).all();
        let searched: Vec<u32> = all.iter().filter(|(_, at)| inside(at)).map(|(row, _)| *row).collect();
        assert_eq!(found, searched, "{rect:?}");
    }
    let everything = Rect::new(Vec2::splat(f32::NEG_INFINITY), Vec2::splat(f32::INFINITY));
    assert_eq!(city.tasks_in(everything).len(), 3_000);
    assert!(city.tasks_in(Rect::new(Vec2::NAN, Vec2::NAN)).is_empty());
    assert_eq!(city.at(Vec2::NAN), None);
}

#[test]
fn a_header_a_gap_and_a_street_are_found() {
    let city = city(fleet(60, 4, 0, Spread::Even, 2));
    let block = city.place_of(BlockKey::Workflow(0)).expect("a place");
    assert!(block.header.size().y >= 13.0);
    assert_eq!(city.at(block.header.center()), Some(Spot::Header(block.key)));
    let beside = block.first_cell + Vec2::new(block.pitch.x / 2.0, 0.0);
    assert_eq!(city.at(beside), Some(Spot::Block(block.key)));
    let street = Vec2::new(block.rect.max.x + 1.0, block.rect.center().y);
    assert_eq!((city.at(street), city.block_at(street)), (None, None));
}

#[test]
fn an_agent_is_beside_its_task_and_in_no_block() {
    let city = city(fleet(400, 12, 60, Spread::Skewed, 5));
    let mut beside = 0;
    for number in 0..60 {
        let place = city.agent(FIRST_AGENT + number).expect("a place");
        match place {
            AgentPlace::Street(at) => {
                beside += 1;
                assert_eq!(city.block_at(at), None);
                let radius = city.report().agent / 2.0;
                let around = Rect::centered(at, Vec2::splat(radius * 1.9));
                assert!(city.places().all(|block| !block.rect.overlaps(&around)));
            }
            AgentPlace::Counted(_) => panic!("there is room for all"),
            AgentPlace::Dock(at) => assert!(at.y < -450.0 && number % 3 == 0),
        }
    }
    assert_eq!(beside, 40);
}

#[test]
fn agents_that_come_after_all_had_gone_find_their_streets() {
    let mut city = city(fleet(200, 6, 30, Spread::Even, 5));
    city.apply(
        Batch {
            gone_agents: (0..30).map(|row| FIRST_AGENT + row).collect(),
            ..Batch::default()
        },
        1.0,
    );
    city.apply(
        Batch {
            workflows: vec![workflow(90, None)],
            tasks: vec![task(FIRST_TASK + 9_000, Some(90))],
            ..Batch::default()
        },
        2.0,
    );
    let changes = city.apply(
        Batch {
            agents: vec![agent(FIRST_AGENT, Some(FIRST_TASK + 9_000))],
            ..Batch::default()
        },
        3.0,
    );
    assert!(!changes.replanned);
    assert!(matches!(
        changes.agents.as_slice(),
        [(FIRST_AGENT, AgentPlace::Street(_))]
    ));
}

#[test]
fn agents_for_which_a_street_has_no_room_are_counted() {
    let batch = |agents: u32| Batch {
        workflows: (0..4).map(|row| workflow(row, None)).collect(),
        tasks: (0..200).map(|row| task(FIRST_TASK + row, Some(row % 4))).collect(),
        agents: (0..agents)
            .map(|row| agent(FIRST_AGENT + row, Some(FIRST_TASK + 4 * row % 200)))
            .collect(),
        ..Batch::default()
    };
    let mut city = city(batch(400));
    let counted = |city: &City<u32, u32>| {
        let all = (0..400).filter_map(|row| city.agent(FIRST_AGENT + row));
        all.filter(|place| matches!(place, AgentPlace::Counted(_))).count() as u32
    };
    let block = city.place_of(BlockKey::Workflow(0)).expect("a place");
    assert!(block.counted_agents > 100);
    assert_eq!(counted(&city), block.counted_agents);
    // As they leave, the counted ones get the places that become free.
    for row in 0..400 {
        city.apply(
            Batch {
                gone_agents: vec![FIRST_AGENT + row],
                ..Batch::default()
            },
            1.0,
        );
        let block = city.place_of(BlockKey::Workflow(0)).expect("a place");
        assert_eq!(counted(&city), block.counted_agents);
        assert!(block.counted_agents != 1, "a number for one agent");
    }
    assert_eq!(
        city.place_of(BlockKey::Workflow(0)).map(|block| block.counted_agents),
        Some(0)
    );
}

#[test]
fn a_wall_of_agents_alone_is_a_dock_and_one_without_agents_has_none() {
    let city = city(Batch {
        agents: (0..30).map(|row| agent(FIRST_AGENT + row, None)).collect(),
        ..Batch::default()
    });
    for row in 0..30 {
        let place = city.agent(FIRST_AGENT + row).expect("a place");
        assert_eq!(city.at(place.at()), Some(Spot::Agent(FIRST_AGENT + row)));
    }
    let mut groups: Vec<(u32, u32)> = (0..30)
        .filter_map(|row| Some((row, city.agent(FIRST_AGENT + row)?.at())))
        .map(|(row, at)| ((at.y * -1e3) as u32, row))
        .collect();
    groups.sort_unstable();
    assert!(groups.first() < groups.last());
    let mut none = City::new(scene(1920.0, 1000.0), Pace::default());
    let changes = none.apply(fleet(100, 4, 0, Spread::Even, 1), 0.0);
    assert_eq!(changes.dock, None);
}

#[test]
fn finished_workflows_keep_their_cells_where_they_never_step_back() {
    let mut batch = fleet(600, 12, 0, Spread::Even, 1);
    for workflow in &mut batch.workflows {
        workflow.finished = Some(0.0);
    }
    let never = Pace {
        shrink_after: f64::INFINITY,
        fold_after: f64::INFINITY,
        ..Pace::default()
    };
    let mut city = City::new(scene(1920.0, 1000.0), never);
    city.apply(batch, 1e9);
    assert!(city.tidy(2e9).is_none());
    assert_eq!(city.report().cells, 600);
}

#[test]
fn other_times_count_at_once_and_the_same_ones_move_nothing() {
    let mut batch = fleet(600, 12, 0, Spread::Even, 1);
    for workflow in &mut batch.workflows {
        workflow.finished = (workflow.row < 4).then_some(0.0);
    }
    let mut city = City::new(scene(1920.0, 1000.0), Pace::default());
    assert!(
        city.set_pace(
            Pace {
                shrink_after: 900.0,
                ..Pace::default()
            },
            0.0
        )
        .is_none(),
        "there are no rows"
    );
    city.apply(batch, 10.0);
    assert_eq!(city.report().cells, 600);
    let soon = Pace {
        shrink_after: 60.0,
        fold_after: 120.0,
        ..Pace::default()
    };
    let changes = city.set_pace(soon, 200.0).expect("a third of the rows has finished");
    assert!(changes.replanned);
    assert_eq!(city.report().cells, 400);
    assert!(city.set_pace(soon, 300.0).is_none());
    city.set_pace(Pace::default(), 300.0).expect("they have cells again");
    assert_eq!(city.report().cells, 600);
}

#[test]
fn quiet_workflows_shrink_and_fold_when_the_plan_is_made_anew() {
    let mut batch = fleet(600, 12, 0, Spread::Even, 1);
    for workflow in &mut batch.workflows {
        workflow.finished = match workflow.row {
            0..4 => Some(0.0),
            4..6 => Some(3_300.0),
            _ => None,
        };
    }
    let mut city = City::new(scene(1920.0, 1000.0), Pace::default());
    city.apply(batch, 10.0);
    let has_cells = |city: &City<u32, u32>, row| {
        let block = city.place_of(BlockKey::Workflow(row));
        block.map(|block| block.body.area() > 0.0)
    };
    assert_eq!([0, 4, 6].map(|row| has_cells(&city, row)), [Some(true); 3]);
    assert!(city.tidy(200.0).is_none(), "too early");
    let changes = city.tidy(3_700.0).expect("a third of the rows is quiet");
    assert!(changes.replanned);
    assert_eq!(
        [0, 4, 6].map(|row| has_cells(&city, row)),
        [None, Some(true), Some(true)]
    );
    let folded = city.place_of(BlockKey::Finished).expect("a place");
    assert_eq!(folded.workflows, 4);
    assert_eq!(city.at(folded.rect.center()), Some(Spot::Header(BlockKey::Finished)));
    assert_eq!(changes.tasks.iter().filter(|(_, at)| at.is_none()).count(), 200);
    city.replan(4_000.0);
    assert_eq!([4, 6].map(|row| has_cells(&city, row)), [Some(false), Some(true)]);
    // Under way again: it has cells at once, and nothing else is made anew.
    let changes = city.apply(
        Batch {
            workflows: vec![workflow(4, None), workflow(0, None)],
            ..Batch::default()
        },
        4_001.0,
    );
    assert!(!changes.replanned);
    assert_eq!(
        [0, 4, 5].map(|row| has_cells(&city, row)),
        [Some(true), Some(true), Some(false)]
    );
    assert_eq!(city.place_of(BlockKey::Finished).map(|block| block.workflows), Some(3));
}

#[test]
fn one_finished_workflow_shrinks_after_a_longer_while() {
    let mut batch = fleet(600, 20, 0, Spread::Even, 1);
    for workflow in batch.workflows.iter_mut().take(1) {
        workflow.finished = Some(0.0);
    }
    let mut city = City::new(scene(1920.0, 1000.0), Pace::default());
    city.apply(batch, 10.0);
    let own = |city: &City<u32, u32>| {
        city.place_of(BlockKey::Workflow(0))
            .map(|block| block.body.area() > 0.0)
    };
    assert!(city.tidy(1_000.0).is_none() && own(&city) == Some(true));
    assert!(city.tidy(1_810.0).is_some() && own(&city) == Some(false));
    assert!(city.tidy(5_000.0).is_none(), "once");
}

#[test]
fn routes_follow_streets_and_are_never_half_as_long_again() {
    let city = city(fleet(2_000, 60, 100, Spread::Skewed, 5));
    let at: Vec<Vec2> = (0..100)
        .filter_map(|row| match city.agent(FIRST_AGENT + row)? {
            AgentPlace::Street(at) => Some(at),
            _ => None,
        })
        .collect();
    let (mut along, mut all) = (0, 0);
    for from in &at {
        for to in &at {
            let route = city.street_route(*from, *to);
            assert_eq!((route.first(), route.last()), (Some(from), Some(to)));
            let length: f32 = route.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
            assert!(length <= from.distance(*to) * 1.5 + 0.01);
            assert!(route.len() < 60);
            all += 1;
            if route.len() == 2 {
                continue;
            }
            along += 1;
            // No point of it is in a block.
            for pair in route.windows(2) {
                for step in 0..20 {
                    let point = pair[0].lerp(pair[1], step as f32 / 20.0);
                    assert_eq!(city.block_at(point), None, "{route:?}");
                }
            }
        }
    }
    assert!(along * 3 > all, "{along} of {all} follow streets");
}

/// Whether a way passes no block between its ends.
fn is_in_streets(city: &City<u32, u32>, way: &[Vec2]) -> bool {
    let last = way.len().saturating_sub(1) * 20;
    way.windows(2).enumerate().all(|(leg, pair)| {
        (0..20).all(|step| {
            let at = pair[0].lerp(pair[1], step as f32 / 20.0);
            let number = leg * 20 + step;
            // The ends are on the sides of blocks.
            number == 0 || number == last || city.block_at(at).is_none()
        })
    })
}

#[test]
fn a_strand_runs_in_streets_alone() {
    // The last one has strips of so many blocks that their streets are narrowed.
    for (rows, workflows, spread) in [
        (400, 12, Spread::Skewed),
        (2_000, 60, Spread::Even),
        (900, 300, Spread::Skewed),
    ] {
        let city = city(fleet(rows, workflows, 40, spread, 7));
        let key = BlockKey::Workflow;
        for (from, to) in (0..workflows).flat_map(|from| (0..workflows).step_by(7).map(move |to| (from, to))) {
            if from == to {
                continue;
            }
            let there = city.strand(key(from), key(to));
            assert!(is_in_streets(&city, &there), "{there:?}");
            let mut back = city.strand(key(to), key(from));
            back.reverse();
            assert_eq!(there.is_empty(), back.is_empty());
            assert_eq!((there.first(), there.last()), (back.first(), back.last()));
        }
        for agent in 0..40 {
            let Some(AgentPlace::Street(at)) = city.agent(FIRST_AGENT + agent) else {
                continue;
            };
            let strand = city.strand_from(at, key(agent % workflows));
            assert!(is_in_streets(&city, &strand), "{strand:?}");
        }
    }
}

#[test]
fn a_strand_joins_the_streets_at_both_blocks() {
    let city = city(fleet(2_000, 60, 0, Spread::Even, 5));
    for other in 1..60 {
        let strand = city.strand(BlockKey::Workflow(0), BlockKey::Workflow(other));
        let own = city.place_of(BlockKey::Workflow(0)).expect("a place").rect;
        let (first, last) = (strand.first().expect("a point"), strand.last().expect("a point"));
        assert_eq!((first.x, first.y), (own.center().x, own.min.y));
        let rect = city.place_of(BlockKey::Workflow(other)).expect("a place").rect;
        assert!(last.y == rect.min.y || last.y == rect.max.y);
    }
    assert!(city.strand(BlockKey::Workflow(0), BlockKey::Finished).is_empty());
}

#[test]
fn every_scene_has_a_plan() {
    let sizes = [0.0, 1.0, 3.0, 40.0, 1e3, 1e9, f32::NAN, f32::INFINITY];
    for width in sizes {
        for height in sizes {
            for (rows, workflows) in [(1, 1), (40, 30), (900, 3)] {
                let mut city = City::new(scene(width, height), Pace::default());
                let mut batch = fleet(rows, workflows, 20, Spread::Skewed, 1);
                for (workflow, name) in batch.workflows.iter_mut().zip([f32::NAN, f32::INFINITY, -1.0, 1e9]) {
                    workflow.name = support::name(name);
                }
                let changes = city.apply(batch, 0.0);
                assert!(changes.tasks.iter().all(|(_, cell)| cell.is_some_and(is_finite)));
                assert!(changes.agents.iter().all(|(_, place)| place.at().is_finite()));
                let mut places = changes.blocks.iter();
                assert!(places.all(|block| block.rect.min.cmple(block.rect.max).all() && block.cell.is_finite()));
                let more = (0..200).map(|row| task(FIRST_TASK + 10_000 + row, Some(row % 3)));
                let more = Batch {
                    tasks: more.collect(),
                    ..Batch::default()
                };
                assert!(
                    city.apply(more, 1.0)
                        .tasks
                        .iter()
                        .all(|(_, cell)| cell.is_some_and(is_finite))
                );
            }
        }
    }
}

#[test]
fn a_scene_of_another_shape_is_filled_anew() {
    let mut city = city(fleet(400, 12, 40, Spread::Skewed, 5));
    assert!(city.set_scene(scene(1920.0, 1000.0), 1.0).is_none());
    let changes = city.set_scene(scene(1080.0, 1840.0), 1.0).expect("another shape");
    assert!(changes.replanned && changes.tasks.len() == 400);
    assert_eq!(changes.extent.size(), Vec2::new(1080.0, 1840.0));
    assert!(city.report().blocks_share > 0.85);
}

#[test]
fn unassigned_is_last_and_goes_with_its_last_task() {
    let mut batch = fleet(300, 6, 0, Spread::Even, 5);
    for task in batch.tasks.iter_mut().take(20) {
        task.workflow = None;
    }
    let mut city = city(batch);
    let own = city.place_of(BlockKey::Unassigned).expect("a place").rect;
    for block in city.places().filter(|block| block.key != BlockKey::Unassigned) {
        let is_before = block.rect.min.y > own.min.y || (block.rect.min.y == own.min.y && block.rect.min.x < own.min.x);
        assert!(is_before, "{block:?}");
    }
    let linked = Batch {
        tasks: (0..20).map(|row| task(FIRST_TASK + row, Some(0))).collect(),
        ..Batch::default()
    };
    let changes = city.apply(linked, 1.0);
    assert_eq!(changes.gone_blocks, [BlockKey::Unassigned]);
    assert_eq!(city.place_of(BlockKey::Unassigned), None);
    // A workflow that goes leaves its tasks unassigned.
    let changes = city.apply(
        Batch {
            gone_workflows: vec![3],
            ..Batch::default()
        },
        2.0,
    );
    assert_eq!(changes.gone_blocks, [BlockKey::Workflow(3)]);
    assert!(city.place_of(BlockKey::Unassigned).is_some());
}

#[test]
fn a_strip_without_room_takes_smaller_cells_until_the_next_whole_plan() {
    let mut city = city(fleet(120, 6, 0, Spread::Even, 5));
    let heights = |city: &City<u32, u32>| {
        let mut heights: Vec<u32> = city.places().map(|block| block.cell.y.to_bits()).collect();
        heights.sort_unstable();
        heights.dedup();
        heights.len()
    };
    assert_eq!(heights(&city), 1, "one pitch for all blocks");
    let more = Batch {
        tasks: (0..60).map(|row| task(FIRST_TASK + 1_000 + row, Some(1))).collect(),
        ..Batch::default()
    };
    let changes = city.apply(more, 10.0);
    assert!(!changes.replanned && heights(&city) == 2);
    let own = city.place_of(BlockKey::Workflow(1)).expect("a place");
    assert!(own.grid[0] * own.grid[1] >= 80);
    assert!(city.tidy(299.0).is_none());
    assert!(city.tidy(300.0).is_some_and(|changes| changes.replanned));
    assert_eq!(heights(&city), 1);
    assert!(city.tidy(900.0).is_none(), "nothing is due");
}

#[test]
fn unassigned_is_as_wide_as_its_name() {
    let mut batch = fleet(400, 12, 0, Spread::Even, 1);
    batch.tasks.push(task(5, None));
    batch.unassigned = Some(support::name(150.0));
    let mut city = City::new(scene(1920.0, 1000.0), Pace::default());
    city.apply(batch, 0.0);
    let width = city.place_of(BlockKey::Unassigned).map(|block| block.rect.size().x);
    assert!(width.is_some_and(|width| width >= 150.0), "{width:?}");
    assert_eq!(city.report().names_whole, 1.0);
}
