//! How well plans use the scene, over a table of fleets and screens.

mod support;

use plan::{City, Pace, Report};
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
