//! Themes and reduced motion in the picture: every theme draws every status in its own colours, and with reduced motion
//! nothing flies, breathes or pulses.

use std::time::Duration;

use crate::offscreen::*;
use bevy::prelude::*;
use model::Status;
use model::theme::ThemeName;
use opswall::{
    layout::{MOVE_SECS, Place},
    messages::ScreenTheme,
    scene::{motion::MotionSettings, palette::palette},
};

const LATER: f64 = 100.0;

fn pixels_of(picture: &Picture, colour: Color) -> usize {
    let wanted = srgb(colour);
    picture
        .all()
        .iter()
        .filter(|pixel| difference(**pixel, wanted) <= 14)
        .count()
}

#[test]
fn every_theme_draws_the_scene_in_its_colours_and_themes_change_at_run_time() {
    let mut studio = Studio::new(UVec2::new(1_000, 100), 1.0);
    for (index, status) in Status::ALL.into_iter().enumerate() {
        studio.task(Vec2::new(index as f32 - 4.5, 0.0), status);
    }
    for name in [ThemeName::Light, ThemeName::HighContrast, ThemeName::Dark] {
        studio.app.insert_resource(ScreenTheme(name));
        studio.at(LATER).update();
        studio.update();
        let picture = studio.picture();
        picture.keep(name.word());
        let palette = palette(name);
        assert!(pixels_of(&picture, palette.ground) > 30_000, "{name:?}");
        for status in Status::ALL {
            let drawn = pixels_of(&picture, palette.status(status));
            assert!(drawn >= 20, "{name:?}, {status:?}: {drawn} pixels");
        }
    }
}

/// A running task, a waiting one, and an agent that flies from one side to the other, after a share of its flight.
fn on_the_way(reduced: bool, share: f64) -> Studio {
    let mut studio = Studio::new(UVec2::new(600, 300), 6.0);
    studio.app.insert_resource(MotionSettings { reduced });
    studio.task(Vec2::new(-4.0, -2.0), Status::Running);
    studio.task(Vec2::new(4.0, -2.0), Status::Waiting);
    studio.set_sizes(Vec2::ONE, 1.6);
    let agent = studio.agent(Vec2::new(4.0, 1.0), Status::Running);
    studio.app.world_mut().entity_mut(agent).insert(Place {
        at: Vec2::new(4.0, 1.0),
        size: Vec2::splat(1.6),
        from: Vec2::new(-4.0, 1.0),
        moved: LATER,
    });
    studio.at(LATER + MOVE_SECS * share).update();
    studio
}

/// Pixels that are not the background, in thirds of the upper half from the left.
fn thirds(picture: &Picture) -> [usize; 3] {
    let ground = srgb(palette(default()).ground);
    [0, 200, 400].map(|left| {
        let part = picture.cut(UVec2::new(left, 0), UVec2::new(200, 150));
        part.iter().filter(|pixel| difference(**pixel, ground) > 12).count()
    })
}

#[test]
fn with_reduced_motion_a_flight_is_a_fade() {
    let mut flying = on_the_way(false, 0.5);
    let [left, middle, right] = thirds(&flying.picture());
    assert!(
        left == 0 && middle > 200 && right == 0,
        "it flies: {left} {middle} {right}"
    );

    let brightness = |picture: &Picture| {
        let part = picture.cut(UVec2::new(400, 0), UVec2::new(200, 150));
        part.iter()
            .map(|pixel| pixel.iter().map(|part| u32::from(*part)).sum::<u32>())
            .sum::<u32>()
    };
    let mut seen = Vec::new();
    for share in [0.25, 0.6, 1.0] {
        let mut fading = on_the_way(true, share);
        let picture = fading.picture();
        picture.keep(&format!("fade_{share}"));
        let [left, middle, right] = thirds(&picture);
        assert!(
            left == 0 && middle == 0 && right > 200,
            "at {share} it is at its destination: {left} {middle} {right}"
        );
        seen.push(brightness(&picture));
    }
    assert!(seen.windows(2).all(|two| two[0] < two[1]), "it fades in: {seen:?}");
}

#[test]
fn with_reduced_motion_nothing_breathes_or_pulses() {
    let mut studio = on_the_way(true, 1.0);
    let task = studio.task(Vec2::new(0.0, -2.0), Status::Running);
    studio.at(LATER + 50.0).update();
    studio.set_status(task, Status::Queued, LATER + 60.0);
    studio.at(LATER + 60.2).update();
    studio.update();
    let turning = studio.picture();
    let ground = srgb(palette(default()).ground);
    // A pulse would reach beyond the mark, whose radius is half a unit of fifty pixels.
    let around = turning.cut(UVec2::new(260, 210), UVec2::new(80, 80));
    let outside = around
        .iter()
        .enumerate()
        .filter(|(index, pixel)| {
            let at = Vec2::new((index % 80) as f32 - 39.5, (index / 80) as f32 - 39.5);
            at.length() > 22.0 && difference(**pixel, ground) > 12
        })
        .count();
    assert_eq!(outside, 0, "no pulse");
    let still = studio.at(LATER + 80.0).picture();
    std::thread::sleep(Duration::from_millis(700));
    studio.update();
    assert!(studio.picture().all() == still.all(), "nothing breathes");
}
