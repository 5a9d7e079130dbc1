//! Ties in the picture: visible in every theme, with a visible direction.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::{
    offscreen::*,
    ties::{entity, feed, task, workflow},
};
use bevy::prelude::*;
use model::Kind;
use model::theme::ThemeName;
use opswall::{
    layout::{Block, Place},
    messages::ScreenTheme,
    scene::{camera::View, motion::MotionSettings, palette::palette, selection::Selection},
};

/// One test at a time: each has its own device, and a machine may have few cores.
static ONE: Mutex<()> = Mutex::new(());

/// Runs until everything has appeared, the camera has arrived and a tie has faded in.
fn settle(studio: &mut Studio) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        studio.update();
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn wear(studio: &mut Studio, theme: ThemeName) {
    let world = studio.app.world_mut();
    world.insert_resource(ScreenTheme(theme));
    world.insert_resource(ClearColor(palette(theme).ground));
    world.insert_resource(MotionSettings { reduced: true });
}

fn select(studio: &mut Studio, row: Option<(Kind, &str)>) -> Picture {
    let selected = row.map(|(kind, id)| entity(&studio.app, kind, id));
    studio.app.world_mut().resource_mut::<Selection>().selected = selected;
    settle(studio);
    studio.picture()
}

/// The pixels that a tie changed, by their share of the way from one mark to another: their number, and their greatest
/// difference from the background.
fn along(
    studio: &Studio,
    [without, with]: [&Picture; 2],
    [from, to]: [&str; 2],
    is_measured: impl Fn(Vec2) -> bool,
) -> [(u32, u8); 10] {
    let world = studio.app.world();
    let view = *world.resource::<View>();
    let at = |id: &str| {
        let place = world.get::<Place>(entity(&studio.app, Kind::Task, id));
        view.screen_from_world(place.expect("it has a place").at)
    };
    let (from, to) = (at(from), at(to));
    let ground = srgb(world.resource::<ClearColor>().0);
    let mut steps = [(0, 0); 10];
    for y in 0..with.size.y {
        for x in 0..with.size.x {
            let pixel_at = Vec2::new(x as f32, y as f32);
            let way = to - from;
            let step = ((pixel_at - from).dot(way) / way.length_squared() * 10.0).floor();
            let pixel = with.pixel(x, y);
            let is_changed = difference(pixel, without.pixel(x, y)) > 20;
            if (0.0..10.0).contains(&step) && is_changed && is_measured(view.world_from_screen(pixel_at)) {
                let (count, most) = &mut steps[step as usize];
                *count += 1;
                *most = difference(pixel, ground).max(*most);
            }
        }
    }
    steps
}

#[test]
fn ties_are_visible_in_every_theme_and_show_their_direction() {
    let _alone = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut studio = Studio::fed(UVec2::new(960, 540));
    let rows = [
        workflow("v"),
        workflow("w"),
        task("first", "running", "v", &[], None),
        task("then", "queued", "w", &["first"], None),
        // What is done waits for nothing: it has no trail to the other block, whose lines would be measured as well.
        task("last", "done", "w", &["then"], None),
    ];
    feed(&mut studio.app, rows);
    for theme in ThemeName::ALL {
        wear(&mut studio, theme);
        let without = select(&mut studio, None);
        let world = studio.app.world_mut();
        let mut blocks = world.query::<&Block>();
        let blocks: Vec<Rect> = blocks.iter(world).map(Block::rect).collect();
        let between = select(&mut studio, Some((Kind::Task, "first")));
        between.keep(&format!("ties_{theme:?}").to_lowercase());
        let in_street = |at: Vec2| !blocks.iter().any(|block| block.inflate(1.0).contains(at));
        let strand = along(&studio, [&without, &between], ["first", "then"], in_street);
        assert!(
            strand[3..8].iter().all(|(count, most)| *count > 4 && *most > 60),
            "{theme:?}: no strand in the street from block to block: {strand:?}"
        );
        let within = select(&mut studio, Some((Kind::Task, "last")));
        let arc = along(&studio, [&without, &within], ["then", "last"], |at| !in_street(at));
        assert!(
            arc[4..7].iter().all(|(count, most)| *count > 4 && *most > 40),
            "{theme:?}: no line from mark to mark: {arc:?}"
        );
        assert!(arc[6].1 > arc[3].1, "{theme:?}: it grows towards its head: {arc:?}");
    }
}

#[test]
fn a_large_block_is_legible_with_all_its_ties() {
    let _alone = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut studio = Studio::fed(UVec2::new(1600, 900));
    let mut rows: Vec<_> = (0..6).map(|w| workflow(&format!("w{w}"))).collect();
    let states = [
        "queued",
        "running",
        "completed",
        "completed",
        "failed",
        "blocked",
        "queued",
        "backlog",
    ];
    for n in 0..600_usize {
        let before = |back: usize| format!("t{:04}", n.saturating_sub(back));
        let (near, far) = (before(6), before(n * 7 % 41 + 1));
        let depends_on: &[&str] = match n % 5 {
            0 => &[],
            1 | 2 => &[&near],
            _ => &[&near, &far],
        };
        let parent = before(12);
        let parent = (n % 9 == 0).then_some(parent.as_str());
        let status = states[n * 7 % states.len()];
        rows.push(task(
            &format!("t{n:04}"),
            status,
            &format!("w{}", n % 6),
            depends_on,
            parent,
        ));
    }
    feed(&mut studio.app, rows);
    let plain = select(&mut studio, None);
    plain.keep("ties_none");
    let one = select(&mut studio, Some((Kind::Task, "t0124")));
    one.keep("ties_of_a_task");
    let all = select(&mut studio, Some((Kind::Workflow, "w1")));
    all.keep("ties_of_a_block");
    let differing = |other: &Picture| {
        let pairs = plain.all().into_iter().zip(other.all());
        pairs.filter(|(a, b)| difference(*a, *b) > 24).count()
    };
    assert!(differing(&one) > 200 && differing(&all) > differing(&one));
}
