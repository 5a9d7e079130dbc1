//! Exploring the wall: several rows selected, neighbours by arrow keys, trails to what holds a row up, walks through trouble, and
//! what happens when a selected row goes.

use std::time::Duration;

use bevy::{ecs::message::MessageCursor, prelude::*, time::TimeUpdateStrategy};
use model::{Kind, NoticeKind, Op};
use opswall::{
    actions::Command,
    fleet::Key,
    layout::{MOVE_SECS, Place},
    messages::{Intent, Noticed},
    scene::{camera::View, pointer::Pointer, selection::Selection},
};
use serde_json::json;

use crate::{
    highlight::highlighted,
    ties::{app as bare, change, entity, feed, task, workflow},
};

const SIZE: Vec2 = Vec2::new(1600.0, 900.0);
const FRAME: Duration = Duration::from_millis(50);

/// Two workflows with 60 tasks each, all at their places.
fn app() -> App {
    let mut app = bare();
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    feed(&mut app, ["v", "w"].map(workflow));
    feed(
        &mut app,
        (0..120).map(|number| task(&format!("t{number}"), "queued", ["v", "w"][number % 2], &[], None)),
    );
    app.insert_resource(View {
        center: Vec2::ZERO,
        world_per_px: 1.0,
        size_px: SIZE,
    });
    run(&mut app, MOVE_SECS);
    app
}

fn run(app: &mut App, secs: f64) {
    for _ in 0..(secs / FRAME.as_secs_f64()).ceil() as usize + 2 {
        app.update();
    }
}

fn say(app: &mut App, command: Command) {
    app.world_mut().write_message(command);
    app.update();
    app.update();
}

fn ask(app: &mut App, intent: Intent) {
    app.world_mut().write_message(intent);
    app.update();
}

fn key(app: &App, row: Entity) -> model::RowKey {
    app.world().get::<Key>(row).expect("a row").0.clone()
}

fn select(app: &mut App, id: &str) {
    let row = entity(app, Kind::Task, id);
    let key = key(app, row);
    ask(app, Intent::Select(Some(key)));
}

fn selected(app: &App) -> Vec<String> {
    let selection = app.world().resource::<Selection>();
    selection.rows().map(|row| key(app, row).id.to_string()).collect()
}

/// Whether the highlight has a task in it.
fn is_lit(app: &App, id: &str) -> bool {
    !highlighted(app, &[(Kind::Task, id)]).is_empty()
}

fn place(app: &App, row: Entity) -> Place {
    *app.world().get::<Place>(row).expect("it has a place")
}

#[test]
fn rows_are_selected_together_and_one_that_goes_is_told() {
    let mut app = app();
    let mut notices: MessageCursor<Noticed> = MessageCursor::default();
    select(&mut app, "t1");
    for id in ["t2", "t3"] {
        let row = entity(&app, Kind::Task, id);
        let key = key(&app, row);
        ask(&mut app, Intent::SelectAlso(key));
    }
    assert_eq!(selected(&app), ["t1", "t2", "t3"]);
    assert!(is_lit(&app, "t1") && is_lit(&app, "t3") && !is_lit(&app, "t4"));
    feed(&mut app, [change(Kind::Task, Op::Delete, &json!({"id": "t3"}))]);
    run(&mut app, 1.0);
    assert_eq!(selected(&app), ["t1", "t2"], "the others stay");
    let told = |app: &App, notices: &mut MessageCursor<Noticed>| -> Vec<String> {
        let all = app.world().resource::<Messages<Noticed>>();
        let gone = notices
            .read(all)
            .filter(|notice| notice.0.kind == NoticeKind::SelectionGone);
        gone.map(|notice| notice.0.text.clone()).collect()
    };
    select(&mut app, "t5");
    told(&app, &mut notices);
    feed(&mut app, [change(Kind::Task, Op::Delete, &json!({"id": "t5"}))]);
    let mut said = Vec::new();
    for _ in 0..40 {
        app.update();
        said.extend(told(&app, &mut notices));
    }
    assert_eq!(said, ["The selected row “t5” was deleted."]);
    assert!(selected(&app).is_empty());
}

#[test]
fn a_rectangle_selects_the_rows_whose_middle_is_in_it() {
    let mut app = app();
    let row = entity(&app, Kind::Task, "t0");
    let own = place(&app, row);
    let view = *app.world().resource::<View>();
    // One cell in each direction.
    let world = Rect::from_center_half_size(own.at, own.size * 1.3);
    let corners = [world.min, world.max].map(|corner| view.screen_from_world(corner));
    app.world_mut().resource_mut::<Pointer>().lassoed = Some(Rect::from_corners(corners[0], corners[1]));
    app.update();
    app.world_mut().resource_mut::<Pointer>().lassoed = None;
    let found = selected(&app);
    assert!(found.len() > 1 && found.len() <= 9, "{found:?}");
    for id in &found {
        let at = place(&app, entity(&app, Kind::Task, id)).at;
        assert!(world.contains(at), "{id}");
    }
}

#[test]
fn arrow_keys_reach_every_cell_and_go_back() {
    let mut app = app();
    select(&mut app, "t0");
    let at = |app: &App| {
        let row = app.world().resource::<Selection>().selected.expect("selected");
        place(app, row).at
    };
    for (forth, back, direction) in [
        (Command::StepRight, Command::StepLeft, Vec2::X),
        (Command::StepDown, Command::StepUp, Vec2::NEG_Y),
    ] {
        let mut steps = 0;
        loop {
            let before = at(&app);
            say(&mut app, forth);
            let moved = at(&app) - before;
            if moved == Vec2::ZERO {
                break;
            }
            assert!(moved.dot(direction) > 0.0, "{forth:?} moved by {moved}");
            steps += 1;
            assert!(steps < 200, "it ends");
        }
        assert!(steps > 0 || direction == Vec2::X, "there is a row below");
        let end = at(&app);
        say(&mut app, back);
        assert!((at(&app) - end).dot(direction) < 0.0, "{back:?} goes back");
    }
}

#[test]
fn the_trail_to_what_holds_a_row_up_is_lit_step_by_step() {
    let mut app = app();
    feed(
        &mut app,
        [
            task("root", "failed", "v", &[], None),
            task("middle", "blocked", "w", &["root"], None),
            task("end", "queued", "v", &["middle", "over"], None),
            task("over", "done", "v", &["t1"], None),
        ],
    );
    run(&mut app, MOVE_SECS);
    let lit = |app: &App| -> Vec<&str> {
        let rows = ["root", "middle", "end", "t1"].into_iter();
        rows.filter(|id| is_lit(app, id)).collect()
    };
    select(&mut app, "end");
    app.update();
    assert_eq!(lit(&app), ["middle", "end"], "the first step");
    run(&mut app, 0.5);
    assert_eq!(
        lit(&app),
        ["root", "middle", "end"],
        "and what holds that up; what is done waits for nothing"
    );
}

#[test]
fn walks_go_through_what_is_blocked_and_what_waits_from_the_longest_on() {
    let mut app = app();
    let timed = |id: &str, status: &str, minute: u32| {
        let row = json!({
            "id": id, "title": id, "status": status, "workflow_id": "v",
            "updated_at": format!("2026-11-29T10:{minute:02}:00Z"),
        });
        change(Kind::Task, Op::Insert, &row)
    };
    feed(
        &mut app,
        [
            timed("late", "waiting", 40),
            timed("early", "waiting", 10),
            timed("stuck", "blocked", 20),
            timed("old failure", "failed", 5),
            timed("new failure", "failed", 50),
        ],
    );
    let mut walk = |command: Command| {
        say(&mut app, command);
        selected(&app).pop().expect("a row")
    };
    assert_eq!(walk(Command::NextWaiting), "early");
    assert_eq!(walk(Command::NextWaiting), "late");
    assert_eq!(walk(Command::NextBlocked), "stuck");
    assert_eq!(walk(Command::NextConcern), "late", "what comes after the blocked one");
    assert_eq!(walk(Command::NextConcern), "early");
    assert_eq!(walk(Command::NextConcern), "new failure", "around, to what failed last");
    assert_eq!(walk(Command::NextConcern), "old failure");
}
