//! The selection highlight, in the marks and in the picture.

use bevy::{prelude::*, time::TimeUpdateStrategy};
use model::{Change, Kind, Op, Status};
use opswall::{
    fleet::FleetClock,
    layout::Place,
    scene::{
        camera::View,
        marks::{Flags, Layer, MarkKind, Marks},
        motion::MotionSettings,
        selection::Selection,
    },
};
use serde_json::json;

use crate::{
    offscreen::{Picture, Studio, difference},
    picture_stage,
    ties::{app, change, entity, feed, task, workflow},
};

fn agent(id: &str, task: &str) -> Change {
    let row = json!({"id": id, "name": id, "status": "working", "current_task_id": task});
    change(Kind::Agent, Op::Insert, &row)
}

fn select(app: &mut App, row: Option<(Kind, &str)>) {
    let selected = row.map(|(kind, id)| entity(app, kind, id));
    app.world_mut().resource_mut::<Selection>().selected = selected;
    app.update();
}

/// The highlighted ones of these rows.
pub(crate) fn highlighted<'a>(app: &App, rows: &[(Kind, &'a str)]) -> Vec<&'a str> {
    let marks = app.world().resource::<Marks>();
    let is_lit = |&(kind, id): &(Kind, &'a str)| {
        let slot = marks.slot(entity(app, kind, id)).expect("it is drawn");
        // The flags of marks and of grounds are in the same bits.
        let word = marks.table(slot.layer).items()[slot.slot as usize][9];
        Flags::from_bits_truncate(word >> 12)
            .contains(Flags::HIGHLIGHTED)
            .then_some(id)
    };
    rows.iter().filter_map(is_lit).collect()
}

const ROWS: [(Kind, &str); 9] = [
    (Kind::Workflow, "v"),
    (Kind::Workflow, "w"),
    (Kind::Task, "first"),
    (Kind::Task, "then"),
    (Kind::Task, "apart"),
    (Kind::Task, "beside"),
    (Kind::Agent, "Ada"),
    (Kind::Agent, "Bob"),
    (Kind::Agent, "Cem"),
];

fn rows() -> Vec<Change> {
    vec![
        workflow("v"),
        workflow("w"),
        task("first", "running", "v", &[], None),
        task("then", "queued", "w", &["first"], None),
        task("apart", "running", "w", &[], None),
        task("beside", "queued", "v", &[], None),
        agent("Ada", "first"),
        agent("Bob", "apart"),
        agent("Cem", "nothing"),
    ]
}

#[test]
fn the_selected_row_and_what_belongs_to_it_are_highlighted() {
    let mut app = app();
    feed(&mut app, rows());
    assert_eq!(highlighted(&app, &ROWS), [""; 0]);
    select(&mut app, Some((Kind::Task, "first")));
    assert_eq!(highlighted(&app, &ROWS), ["v", "first", "then", "Ada"]);
    select(&mut app, Some((Kind::Agent, "Bob")));
    assert_eq!(highlighted(&app, &ROWS), ["w", "apart", "Bob"]);
    // Tasks within a block are highlighted by their place; its agents and ties by their rows.
    select(&mut app, Some((Kind::Workflow, "w")));
    assert_eq!(highlighted(&app, &ROWS), ["w", "first", "then", "Bob"]);
    select(&mut app, None);
    assert_eq!(highlighted(&app, &ROWS), [""; 0]);
}

#[test]
fn rows_that_join_a_selection_are_highlighted_and_stay_so_when_they_change() {
    let mut app = app();
    feed(&mut app, rows());
    select(&mut app, Some((Kind::Task, "first")));
    feed(
        &mut app,
        [agent("Cem", "first"), task("first", "failed", "v", &[], None)],
    );
    let begun = std::time::Instant::now();
    while highlighted(&app, &ROWS) != ["v", "first", "then", "Ada", "Cem"] {
        assert!(begun.elapsed().as_secs() < 20, "{:?}", highlighted(&app, &ROWS));
        std::thread::sleep(std::time::Duration::from_millis(20));
        app.update();
    }
    feed(&mut app, [change(Kind::Task, Op::Delete, &json!({"id": "first"}))]);
    select(&mut app, None);
    assert_eq!(highlighted(&app, &ROWS[..2]), [""; 0]);
}

#[test]
fn a_ring_appears_and_fades_with_the_selection() {
    let mut app = app();
    feed(&mut app, rows());
    let rings = |app: &App| {
        let items = app.world().resource::<Marks>().table(Layer::Overlay).items();
        let marks = items.iter().filter_map(opswall::scene::marks::Mark::unpack);
        marks
            .map(|mark| (mark.kind, mark.flags.contains(Flags::FADING)))
            .collect::<Vec<_>>()
    };
    select(&mut app, Some((Kind::Agent, "Ada")));
    assert_eq!(rings(&app), [(MarkKind::Agent, false)]);
    select(&mut app, Some((Kind::Workflow, "v")));
    assert_eq!(rings(&app), [(MarkKind::Block, false), (MarkKind::Agent, true)]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    app.update();
    assert_eq!(rings(&app), [(MarkKind::Block, false)], "the old ring is gone");
}

/// The greatest difference between a row's mark and the background.
fn strength(studio: &Studio, picture: &Picture, row: Entity) -> u32 {
    let world = studio.app.world();
    let place = world.get::<Place>(row).expect("it has a place").at;
    let view = world.resource::<View>();
    let middle = view.screen_from_world(place).round().as_uvec2();
    let ground = crate::offscreen::srgb(opswall::scene::palette::palette(default()).ground);
    let pixels = picture.cut(middle - UVec2::splat(4), UVec2::splat(9));
    pixels
        .into_iter()
        .map(|pixel| u32::from(difference(pixel, ground)))
        .max()
        .unwrap_or(0)
}

#[test]
fn what_is_not_selected_is_dimmed_unless_it_is_in_trouble() {
    let mut studio = Studio::staged(UVec2::new(960, 540));
    studio
        .app
        .insert_resource(TimeUpdateStrategy::ManualDuration(std::time::Duration::from_millis(50)));
    studio.app.insert_resource(MotionSettings { reduced: true });
    let tasks = picture_stage::fleet(&mut studio, 6, 120, 18);
    let settle = |studio: &mut Studio, from: f64, frames: u32| {
        for frame in 0..frames {
            studio.at(from + f64::from(frame) * 0.05).update();
        }
    };
    settle(&mut studio, 100.0, 70);
    let of = |studio: &Studio, status: Status, nth: usize| {
        let is_it = |task: &&Entity| {
            let state = studio.app.world().get::<opswall::fleet::RowState>(**task);
            state.is_some_and(|state| state.0.status == status)
        };
        *tasks.iter().filter(is_it).nth(nth).expect("a task of this state")
    };
    let (selected, other, failed) = (
        of(&studio, Status::Running, 0),
        of(&studio, Status::Running, 3),
        of(&studio, Status::Failed, 0),
    );
    let plain = studio.picture();
    plain.keep("light_off");
    studio.app.world_mut().resource_mut::<Selection>().selected = Some(selected);
    // Half way, and at the end.
    let now = studio.app.world().resource::<FleetClock>().0 + 1.0;
    studio.at(now).update();
    let half = studio.at(now + 0.1).picture();
    settle(&mut studio, now + 0.15, 8);
    let after = studio.picture();
    after.keep("light_on");
    let all = |row: Entity| [&plain, &half, &after].map(|picture| strength(&studio, picture, row));
    let [before, between, dimmed] = all(other);
    assert!(
        dimmed * 10 < before * 6 && dimmed > 20,
        "it is dimmed and still visible: {before}, {dimmed}"
    );
    assert!(
        between > dimmed && between < before,
        "half way: {before}, {between}, {dimmed}"
    );
    for row in [selected, failed] {
        let [before, between, after] = all(row);
        assert!(between >= before && after >= before, "{before}, {between}, {after}");
    }
    studio.app.world_mut().resource_mut::<Selection>().selected = None;
    settle(&mut studio, now + 1.0, 10);
    let again = studio.picture();
    assert_eq!(strength(&studio, &again, other), before);
}
