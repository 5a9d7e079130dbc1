//! Text in the picture: titles and names are whole where they have room, nothing is written over anything else, and what is in
//! trouble is never hidden.

use std::net::Ipv4Addr;

use bevy::prelude::*;
use demo::{Options, Population, Server};
use model::Status;
use opswall::{
    fleet::{RowState, TaskRow},
    layout::{Block, Place, Tallies},
    scene::{
        camera::View,
        labels::{LabelKind, ShownLabel, ShownLabels},
    },
    ui::Panels,
};
use realtime::LinkStatus;

use crate::wall::Wall;

const DESK: UVec2 = UVec2::new(1920, 1080);

fn wall_of(options: Options, size: UVec2) -> (Server, Wall) {
    let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server");
    let mut wall = Wall::on(&server, size);
    wall.until_status(LinkStatus::Connected);
    wall.settle();
    (server, wall)
}

/// A wall with few rows in trouble.
fn calm(agents: usize, workflows: usize, tasks: usize, size: UVec2) -> (Server, Wall) {
    let options = Options {
        agents,
        workflows,
        tasks,
        rate: 0.0,
        population: Population::Calm,
        ..Options::default()
    };
    wall_of(options, size)
}

fn shown(wall: &Wall) -> Vec<ShownLabel> {
    wall.app.world().resource::<ShownLabels>().labels.clone()
}

fn of_kind(labels: &[ShownLabel], kind: LabelKind) -> Vec<&ShownLabel> {
    labels.iter().filter(|label| label.kind == kind).collect()
}

fn on_screen(wall: &Wall, rect: Rect) -> Rect {
    let view = *wall.app.world().resource::<View>();
    let [a, b] = [rect.min, rect.max].map(|corner| view.screen_from_world(corner));
    Rect::from_corners(a, b)
}

/// The cells of tasks on the screen.
fn cells(wall: &mut Wall, is_meant: impl Fn(Status) -> bool) -> Vec<(Entity, Rect)> {
    let world = wall.app.world_mut();
    let mut rows = world.query_filtered::<(Entity, &RowState, &Place), With<TaskRow>>();
    let meant = rows.iter(world).filter(|(_, state, _)| is_meant(state.0.status));
    let cells: Vec<(Entity, Rect)> = meant.map(|(row, _, place)| (row, place.rect())).collect();
    cells
        .into_iter()
        .map(|(row, rect)| (row, on_screen(wall, rect)))
        .collect()
}

/// The blocks on the screen, and whether anything in them is in trouble.
fn blocks(wall: &mut Wall) -> Vec<(Entity, Rect, bool)> {
    let world = wall.app.world_mut();
    let mut blocks = world.query::<(Entity, &Block)>();
    let rects: Vec<(Entity, Rect)> = blocks.iter(world).map(|(block, place)| (block, place.rect())).collect();
    let tallies = wall.app.world().resource::<Tallies>();
    rects
        .into_iter()
        .map(|(block, rect)| (block, on_screen(wall, rect), tallies.of(block).alarms() > 0))
        .collect()
}

fn overlaps(wall: &Wall) -> usize {
    wall.app.world().resource::<ShownLabels>().overlapping()
}

#[test]
fn with_sixty_rows_every_title_is_readable_in_its_tile() {
    let (_server, mut wall) = calm(10, 4, 45, DESK);
    wall.picture("names_60");
    let labels = shown(&wall);
    let titles = of_kind(&labels, LabelKind::Title);
    let facts = of_kind(&labels, LabelKind::Facts);
    let cells = cells(&mut wall, |_| true);
    assert!(cells.len() >= 40);
    for (row, cell) in &cells {
        for found in [&titles, &facts] {
            let label = found.iter().find(|label| label.about == *row);
            let label = label.unwrap_or_else(|| panic!("{row} has no text"));
            let inner = label.rect.inflate(-1.0);
            assert!(
                cell.contains(inner.min) && cell.contains(inner.max),
                "{label:?} in {cell:?}"
            );
            assert!(!label.is_shortened, "{label:?}");
        }
    }
    assert_eq!(overlaps(&wall), 0);
}

#[test]
fn up_to_sixty_blocks_have_whole_names_in_their_headers() {
    let (_server, mut wall) = calm(60, 60, 1_900, DESK);
    wall.picture("names_2000");
    let labels = shown(&wall);
    let names = of_kind(&labels, LabelKind::Block);
    for (block, ..) in blocks(&mut wall) {
        let name = names.iter().find(|name| name.about == block);
        let name = name.unwrap_or_else(|| panic!("{block} has no name"));
        assert!(!name.is_shortened, "{name:?}");
    }
    assert_eq!(overlaps(&wall), 0);
}

#[test]
fn names_over_blocks_hide_no_task_in_trouble() {
    // Smaller blocks than have room for headers.
    let (_server, mut wall) = calm(0, 200, 4_000, UVec2::new(960, 540));
    wall.picture("names_over");
    let labels = shown(&wall);
    let names = of_kind(&labels, LabelKind::Block);
    let trouble = cells(&mut wall, |status| status.trouble().is_some());
    let blocks = blocks(&mut wall);
    let troubled: Vec<_> = blocks.iter().filter(|(.., is_troubled)| *is_troubled).collect();
    assert!(!troubled.is_empty() && !trouble.is_empty());
    let missing = troubled
        .iter()
        .filter(|(block, ..)| names.iter().all(|name| name.about != *block));
    let missing = missing.count();
    assert!(
        // Not every block of this small screen has the room for a name off the cells in trouble.
        missing * 5 <= troubled.len(),
        "{missing} of {} have no name",
        troubled.len()
    );
    let hidden = |name: &&&ShownLabel| trouble.iter().any(|(_, cell)| name.rect.contains(cell.center()));
    let hiding = names.iter().filter(hidden).count();
    // On a screen this small a name is as high as its block.
    assert!(
        hiding * 5 <= names.len() * 2,
        "{hiding} of {} hide trouble",
        names.len()
    );
    assert_eq!(overlaps(&wall), 0);
}

#[test]
fn names_of_agents_stay_in_the_streets() {
    let (_server, mut wall) = calm(40, 12, 400, DESK);
    wall.picture("names_agents");
    let labels = shown(&wall);
    let agents = of_kind(&labels, LabelKind::Agent);
    assert!(agents.len() >= 10, "{}", agents.len());
    for (_, block, _) in blocks(&mut wall) {
        for agent in &agents {
            assert!(
                block.intersect(agent.rect.inflate(-1.0)).is_empty(),
                "{agent:?} in {block:?}"
            );
        }
    }
    assert_eq!(overlaps(&wall), 0);
}

#[test]
fn a_panel_over_the_scene_moves_and_cuts_no_label() {
    let (_server, mut wall) = calm(10, 12, 200, UVec2::new(1280, 720));
    // The first toast goes after some seconds.
    wall.run_for(std::time::Duration::from_secs(8));
    let sorted = |wall: &Wall| {
        let mut labels = shown(wall);
        labels.retain(|label| !matches!(label.kind, LabelKind::BlockAge | LabelKind::Facts));
        labels.sort_by_key(|label| (label.about, label.kind));
        labels
    };
    let before = sorted(&wall);
    assert!(before.len() > 12);
    wall.app.world_mut().resource_mut::<Panels>().legend_open = true;
    wall.settle();
    assert_eq!(sorted(&wall), before);
}
