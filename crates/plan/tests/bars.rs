//! How well plans use the scene, over a table of fleets and screens.

mod support;

use plan::{City, Level, Pace, Report};
use support::{SCREENS, Spread, fleet, scene};

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
        for (rows, workflows) in [(2_000, 200), (20_000, 200)] {
            let report = report(rows, workflows, rows / 40, Spread::Even, screen);
            assert!(
                report.names_whole >= 0.9,
                "{rows} in {workflows} {}: {report:?}",
                screen.0
            );
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
