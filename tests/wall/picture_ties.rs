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

#[test]
fn ties_are_visible_in_every_theme_and_show_their_direction() {
    let _alone = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let size = UVec2::new(960, 540);
    let mut studio = Studio::fed(size);
    let rows = [
        workflow("v"),
        workflow("w"),
        task("first", "running", "v", &[], None),
        task("then", "queued", "w", &["first"], None),
    ];
    feed(&mut studio.app, rows);
    for theme in ThemeName::ALL {
        wear(&mut studio, theme);
        let without = select(&mut studio, None);
        // A third row is selected in the other picture, so that the ring of the selection is not measured.
        let with = select(&mut studio, Some((Kind::Task, "then")));
        with.keep(&format!("ties_{theme:?}").to_lowercase());
        let view = *studio.app.world().resource::<View>();
        let at = |id: &str| {
            let row = entity(&studio.app, Kind::Task, id);
            let place = studio
                .app
                .world()
                .get::<opswall::layout::Place>(row)
                .expect("it has a place");
            view.screen_from_world(place.at)
        };
        let (from, to) = (at("first"), at("then"));
        let ground = srgb(palette(theme).ground);
        // Pixels that the tie changed, by their share of the way, without the ends, where marks and rings are.
        let mut along = [0_u32; 10];
        let mut strongest = [0_u8; 10];
        for y in 0..size.y {
            for x in 0..size.x {
                let way = to - from;
                let share = (Vec2::new(x as f32, y as f32) - from).dot(way) / way.length_squared();
                let step = (share * 10.0).floor();
                let pixel = with.pixel(x, y);
                if (0.0..10.0).contains(&step) && difference(pixel, without.pixel(x, y)) > 20 {
                    along[step as usize] += 1;
                    strongest[step as usize] = strongest[step as usize].max(difference(pixel, ground));
                }
            }
        }
        assert!(
            along[2..8].iter().all(|count| *count > 4),
            "{theme:?}: no line from end to end: {along:?}"
        );
        assert!(
            strongest[2..8].iter().all(|most| *most > 60),
            "{theme:?}: too faint: {strongest:?}"
        );
        assert!(
            strongest[7] > strongest[2],
            "{theme:?}: it grows towards its head: {strongest:?}"
        );
    }
}

#[test]
fn a_large_district_is_legible_with_all_its_ties() {
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
    all.keep("ties_of_a_district");
    let differing = |other: &Picture| {
        let pairs = plain.all().into_iter().zip(other.all());
        pairs.filter(|(a, b)| difference(*a, *b) > 24).count()
    };
    assert!(differing(&one) > 200 && differing(&all) > differing(&one));
}
