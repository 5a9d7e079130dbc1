//! Very many rows in the picture, with the scene's own layout and camera: bands stand for cells too small to be seen, those in
//! trouble stay single, and a block shows what failed in it.

use std::time::{Duration, Instant};

use crate::{
    offscreen::*,
    ties::{change, entity, feed, task, workflow},
};
use bevy::prelude::*;
use model::{Change, Kind, Op, Status};
use opswall::{
    layout::{Block, CityPlan, Place},
    messages::Staleness,
    scene::{camera::View, motion::MotionSettings, palette::palette},
};
use serde_json::json;

/// Runs until everything has appeared, the plan fits the screen, the camera has arrived, and no row counts as just changed.
fn settle(studio: &mut Studio) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        studio.update();
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Rows that arrived on a calm wall of this size.
fn shown(size: UVec2, rows: Vec<Change>) -> Studio {
    let mut studio = Studio::fed(size);
    studio.app.insert_resource(MotionSettings { reduced: true });
    feed(&mut studio.app, rows);
    settle(&mut studio);
    studio
}

/// Where a rectangle of the world is in the picture.
fn on_screen(studio: &Studio, world: Rect) -> Rect {
    let view = studio.app.world().resource::<View>();
    Rect::from_corners(view.screen_from_world(world.min), view.screen_from_world(world.max))
}

fn block(studio: &Studio, id: &str) -> Block {
    let row = entity(&studio.app, Kind::Workflow, id);
    *studio.app.world().get::<Block>(row).expect("it has a block")
}

fn place(studio: &Studio, id: &str) -> Place {
    let row = entity(&studio.app, Kind::Task, id);
    *studio.app.world().get::<Place>(row).expect("it has a place")
}

/// The luminance of a colour, 0 to 255.
fn luma(pixel: [u8; 3]) -> f32 {
    let [red, green, blue] = pixel.map(f32::from);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// How strongly a pixel is red.
fn redness(pixel: [u8; 3]) -> i32 {
    i32::from(pixel[0]) - i32::from(pixel[1].max(pixel[2]))
}

const TINY: UVec2 = UVec2::new(420, 300);

/// Three workflows with cells of about two pixels: the first has a half done and a quarter running, the second three failed tasks,
/// the third is all queued.
fn tiny() -> Studio {
    let mut rows = vec![workflow("mixed"), workflow("failing"), workflow("queued")];
    for number in 0..4_800 {
        let status = match number % 4 {
            0 | 1 => "done",
            2 => "running",
            _ => "queued",
        };
        rows.push(task(&format!("m{number}"), status, "mixed", &[], None));
        let status = if number % 1_600 == 800 { "failed" } else { "done" };
        rows.push(task(&format!("f{number}"), status, "failing", &[], None));
        rows.push(task(&format!("q{number}"), "queued", "queued", &[], None));
    }
    shown(TINY, rows)
}

#[test]
fn cells_too_small_to_be_seen_are_bands_and_those_in_trouble_stay_single() {
    let mut studio = tiny();
    let picture = studio.picture();
    picture.keep("bands");
    let view = *studio.app.world().resource::<View>();
    let cell = block(&studio, "mixed").place.cell.min_element() / view.world_per_px;
    assert!((1.0..3.0).contains(&cell), "cells of {cell} px");
    // The parts of the band, from the left: done, running, and the rest.
    let body = on_screen(&studio, block(&studio, "mixed").body());
    let sample = |share: f32, height: f32| {
        let at = body.min + body.size() * Vec2::new(share, height);
        picture.pixel(at.x as u32, at.y as u32)
    };
    let [done, running, rest] = [0.25, 0.62, 0.87].map(|share| sample(share, 0.5));
    for (part, share) in [
        (done, 0.05),
        (done, 0.45),
        (running, 0.55),
        (running, 0.7),
        (rest, 0.8),
        (rest, 0.95),
    ] {
        for height in [0.15, 0.5, 0.85] {
            assert_eq!(sample(share, height), part, "at {share}, {height}");
        }
    }
    let palette = palette(default());
    assert!(
        difference(running, srgb(palette.status(Status::Running))) < 40,
        "{running:?}"
    );
    assert!(difference(done, running) > 30 && difference(running, rest) > 30 && difference(done, rest) > 15);
    // Each failed task is a square of seven pixels, brighter than the band around it.
    let failed = srgb(palette.status(Status::Failed));
    let is_failed = |x: i64, y: i64| difference(picture.pixel(x as u32, y as u32), failed) < 30;
    for number in [800, 2_400, 4_000] {
        let at = view.screen_from_world(place(&studio, &format!("f{number}")).at);
        let (x, y) = (at.x as i64, at.y as i64);
        let (wide, high) = (
            (-8..=8).filter(|off| is_failed(x + off, y)).count(),
            (-8..=8).filter(|off| is_failed(x, y + off)).count(),
        );
        assert!(
            (6..=8).contains(&wide) && (6..=8).contains(&high),
            "f{number}: {wide} × {high} px"
        );
        let beside = picture.pixel((x + 8) as u32, y as u32);
        assert!(luma(failed) > luma(beside), "f{number} beside {beside:?}");
    }
    let all = picture.all();
    let red = all.iter().filter(|pixel| difference(**pixel, failed) < 30).count();
    // Three squares, and the share of the line below the header if there is one.
    assert!((75..600).contains(&red), "{red} red pixels");
}

#[test]
fn a_block_with_a_failed_task_has_a_red_border_and_the_others_have_not() {
    let mut rows = vec![workflow("calm"), workflow("failing"), workflow("blocked")];
    for number in 0..20 {
        rows.push(task(&format!("c{number}"), "running", "calm", &[], None));
        let status = if number == 7 { "failed" } else { "done" };
        rows.push(task(&format!("f{number}"), status, "failing", &[], None));
        let status = if number == 7 { "blocked" } else { "done" };
        rows.push(task(&format!("b{number}"), status, "blocked", &[], None));
    }
    let mut studio = shown(UVec2::new(900, 600), rows);
    let picture = studio.picture();
    picture.keep("borders");
    let reddest = |studio: &Studio, picture: &Picture, id: &str| {
        let rect = on_screen(studio, block(studio, id).rect());
        // Along the lower edge, away from the round corners.
        let row = |y: i64| {
            let middle = rect.center().x as i64;
            (-20..20)
                .map(|off| redness(picture.pixel((middle + off) as u32, y.clamp(0, 599) as u32)))
                .min()
        };
        let edge = rect.max.y as i64;
        (edge - 3..=edge + 2).filter_map(row).max().unwrap_or(0)
    };
    let [calm, failing, blocked] = ["calm", "failing", "blocked"].map(|id| reddest(&studio, &picture, id));
    assert!(failing > 60 && calm < 10, "{failing}, {calm}");
    assert!(blocked > calm && blocked < failing, "{blocked}");
    // It was repaired.
    feed(
        &mut studio.app,
        [change(
            Kind::Task,
            Op::Update,
            &json!({"id": "f7", "title": "f7", "status": "done", "workflow_id": "failing"}),
        )],
    );
    settle(&mut studio);
    let after = studio.picture();
    assert!(reddest(&studio, &after, "failing") < 10);
}

#[test]
fn the_plan_fills_the_screen_and_a_stale_wall_loses_its_colours_but_not_its_trouble() {
    let mut rows: Vec<Change> = (0..10).map(|number| workflow(&format!("w{number}"))).collect();
    for number in 0..600 {
        let status = match number % 50 {
            7 => "failed",
            number if number % 3 == 0 => "running",
            number if number % 3 == 1 => "done",
            _ => "queued",
        };
        rows.push(task(
            &format!("t{number}"),
            status,
            &format!("w{}", number * number % 10),
            &[],
            None,
        ));
    }
    let size = UVec2::new(960, 600);
    let mut studio = shown(size, rows);
    let live = studio.picture();
    live.keep("filled_wall");
    let report = studio.app.world().resource::<CityPlan>().report();
    assert!(report.blocks_share >= 0.85 && report.cells_share >= 0.6, "{report:?}");
    let view = *studio.app.world().resource::<View>();
    assert!(
        (view.world_per_px - 1.0).abs() < 0.01,
        "a world unit is a pixel: {}",
        view.world_per_px
    );
    // The background is only in the streets.
    let ground = srgb(palette(default()).ground);
    let share = |picture: &Picture| {
        let empty = picture.all().into_iter().filter(|pixel| *pixel == ground).count();
        empty as f32 / (size.x * size.y) as f32
    };
    assert!(share(&live) < 0.15, "{} of the screen is empty", share(&live));
    studio.app.world_mut().resource_mut::<Staleness>().0 = 1.0;
    settle(&mut studio);
    let stale = studio.picture();
    stale.keep("stale_wall");
    let colourful = |picture: &Picture| {
        let spread = |pixel: &[u8; 3]| f32::from(pixel.iter().max().unwrap_or(&0) - pixel.iter().min().unwrap_or(&0));
        picture.all().iter().map(spread).sum::<f32>()
    };
    assert!(
        colourful(&stale) < 0.45 * colourful(&live),
        "{} of {}",
        colourful(&stale),
        colourful(&live)
    );
    // What failed still stands out from calm cells of the same block.
    for number in [7, 57, 107] {
        let middle = |id: usize| {
            let at = view.screen_from_world(place(&studio, &format!("t{id}")).at);
            let around = (-4..=4).flat_map(|dx| (-4..=4).map(move |dy| (dx, dy)));
            around
                .map(|(dx, dy)| redness(stale.pixel((at.x as i64 + dx) as u32, (at.y as i64 + dy) as u32)))
                .max()
                .unwrap_or(0)
        };
        assert!(middle(number) > middle(number + 1), "t{number}");
    }
}
