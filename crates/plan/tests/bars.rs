//! How well plans use the scene, over a table of fleets and screens.

mod support;

use plan::{Batch, City, Level, Pace, Report, Scene};
use support::{FIRST_TASK, SCREENS, Spread, fleet, scene, task, workflow};

fn report(rows: u32, workflows: u32, agents: u32, spread: Spread, (_, width, height): (&str, f32, f32)) -> Report {
    let mut city = City::new(scene(width, height), Pace::default());
    city.apply(fleet(rows, workflows, agents, spread, 7), 0.0);
    city.report()
}

#[test]
fn blocks_fill_the_scene_and_cells_fill_the_blocks() {
    let mut worse = Vec::new();
    for screen in SCREENS {
        for rows in [3, 60, 400, 2_000, 20_000, 100_000] {
            for workflows in [1, 4, 12, 60, 200, 1_000] {
                for spread in [Spread::Skewed, Spread::Even, Spread::Giant] {
                    for agents in [0, rows.min(5_000) / 6 + 1] {
                        let report = report(rows, workflows, agents, spread, screen);
                        if report.blocks_share < 0.85 || report.cells_share < 0.6 {
                            worse.push(format!(
                                "{rows} rows in {workflows} {spread:?}, {agents} agents, {}: {report:?}",
                                screen.0
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(worse.is_empty(), "{} of 1,080:\n{}", worse.len(), worse.join("\n"));
}

#[test]
fn extremes_are_filled_too() {
    for screen in SCREENS {
        for agents in [0, 200] {
            let tiny = report(15_000, 5_000, agents, Spread::Even, screen);
            assert!(
                tiny.blocks_share >= 0.85 && tiny.cells_share >= 0.6,
                "{screen:?}: {tiny:?}"
            );
            let giant = report(100_000, 1, agents, Spread::Even, screen);
            assert!(
                giant.blocks_share >= 0.85 && giant.cells_share >= 0.6,
                "{screen:?}: {giant:?}"
            );
        }
        // Blocks without a cell: new workflows, or only finished ones.
        for workflows in [1, 5, 40, 300] {
            let mut city = City::new(scene(screen.1, screen.2), Pace::default());
            city.apply(
                Batch {
                    workflows: (0..workflows).map(|row| workflow(row, None)).collect(),
                    ..Batch::default()
                },
                0.0,
            );
            let report = city.report();
            assert!(report.blocks_share >= 0.85, "{screen:?}, {workflows}: {report:?}");
        }
    }
}

#[test]
fn on_a_wall_text_is_larger_and_the_scene_is_filled_as_well() {
    for (width, height, text) in [(3840.0, 1960.0, 36.0), (1920.0, 960.0, 26.0), (2160.0, 3600.0, 40.0)] {
        for (rows, workflows) in [(3, 1), (60, 4), (400, 8), (2_000, 60), (20_000, 200), (100_000, 1_000)] {
            for spread in [Spread::Skewed, Spread::Even] {
                let mut batch = fleet(rows, workflows, rows.min(9_000) / 30 + 1, spread, 7);
                for workflow in &mut batch.workflows {
                    workflow.name.alone *= text / 13.0;
                    workflow.name.with_counts *= text / 13.0;
                }
                let wall = Scene {
                    text,
                    ..scene(width, height)
                };
                let mut city = City::new(wall, Pace::default());
                city.apply(batch, 0.0);
                let report = city.report();
                let name = format!("{rows} in {workflows} {spread:?}, {width} by {height}: {report:?}");
                assert!(report.blocks_share >= 0.85 && report.cells_share >= 0.6, "{name}");
                assert!(report.header == 0.0 || report.header >= text, "{name}");
                assert!(workflows > 8 || report.names_whole == 1.0, "{name}");
            }
        }
    }
}

#[test]
fn names_are_whole() {
    for screen in [SCREENS[0], SCREENS[2], SCREENS[3]] {
        for (rows, workflows, least) in [
            (60, 4, 1.0),
            (60, 12, 1.0),
            (400, 8, 1.0),
            (400, 60, 1.0),
            (2_000, 60, 1.0),
        ] {
            for spread in [Spread::Skewed, Spread::Even] {
                let report = report(rows, workflows, rows / 20, spread, screen);
                let name = format!("{rows} in {workflows} {spread:?} {}: {report:?}", screen.0);
                assert!(report.header >= 13.0 && report.names_whole >= least, "{name}");
            }
        }
        // Where 200 blocks are of very different sizes, names would take more ground than the tasks, which have precedence.
        for rows in [2_000, 20_000] {
            let report = report(rows, 200, rows / 40, Spread::Even, screen);
            let name = format!("{rows} in 200, {}: {report:?}", screen.0);
            assert!(report.names_whole >= 0.9, "{name}");
        }
    }
}

#[test]
fn sixty_rows_are_tiles_and_100_000_are_seen() {
    for screen in [SCREENS[0], SCREENS[1], SCREENS[2], SCREENS[3]] {
        for spread in [Spread::Skewed, Spread::Even] {
            let mut city = City::new(scene(screen.1, screen.2), Pace::default());
            city.apply(fleet(60, 4, 8, spread, 7), 0.0);
            let levels = city.places().map(|block| Level::of(block.cell, 1.0));
            assert!(
                levels.into_iter().all(|level| level == Level::Tile),
                "{screen:?} {spread:?}"
            );
            let all = report(100_000, 1_000, 2_000, spread, screen);
            assert!(all.smallest_cell >= 2.5, "{screen:?} {spread:?}: {all:?}");
        }
    }
}

/// Tasks come and go at random, and now and then a new workflow takes the place of the oldest. Places that become free stay
/// free until something grows beside them, so that the blocks are filled a little less than in a new plan.
#[test]
fn blocks_stay_filled_while_rows_come_and_go() {
    for screen in SCREENS {
        for (rows, workflows) in [(350, 20), (2_000, 40)] {
            let mut random = fastrand::Rng::with_seed(5);
            let batch = fleet(rows, workflows, rows / 20 + 1, Spread::Skewed, 7);
            let mut tasks: Vec<(u32, Option<u32>)> = batch.tasks.iter().map(|task| (task.row, task.workflow)).collect();
            let mut flows: Vec<u32> = (0..workflows).collect();
            let mut next = FIRST_TASK + rows;
            let mut city = City::new(scene(screen.1, screen.2), Pace::default());
            city.apply(batch, 0.0);
            let (mut least, mut sum, mut names) = (1.0_f32, 0.0, 0.0);
            let steps = 3_000;
            for step in 0..steps {
                let mut batch = Batch::default();
                let at = random.usize(0..tasks.len());
                batch.gone_tasks.push(tasks.swap_remove(at).0);
                let mut new = vec![flows[random.usize(0..flows.len())]];
                if step % 150 == 50 {
                    let oldest = flows.remove(0);
                    let flow = workflows + step;
                    flows.push(flow);
                    batch.workflows.push(workflow(flow, None));
                    batch.gone_workflows.push(oldest);
                    let of_oldest = tasks.extract_if(.., |(_, of)| *of == Some(oldest));
                    batch.gone_tasks.extend(of_oldest.map(|(task, _)| task));
                    new.extend(vec![flow; rows as usize - 1 - tasks.len()]);
                }
                for flow in new {
                    batch.tasks.push(task(next, Some(flow)));
                    tasks.push((next, Some(flow)));
                    next += 1;
                }
                let now = f64::from(step);
                city.apply(batch, now);
                city.tidy(now);
                let report = city.report();
                least = least.min(report.cells_share);
                sum += report.cells_share;
                names += report.names_whole;
            }
            let [filled, named] = [sum, names].map(|sum| sum / steps as f32);
            let name = format!(
                "{rows} in {workflows}, {}: {filled} filled, at least {least}, {named} named",
                screen.0
            );
            println!("{name}");
            assert!(filled >= 0.59 && least >= 0.55 && named >= 0.9, "{name}");
        }
    }
}
