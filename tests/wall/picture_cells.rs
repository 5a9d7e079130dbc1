//! Cells in the picture: filled, as tiles, and in trouble at any zoom; blocks with their line of progress; tiny agents.

use crate::{
    offscreen::*,
    picture_marks::{alone, colourfulness},
};
use bevy::prelude::*;
use model::Status;
use opswall::{
    fleet::TaskRow,
    layout::DockGround,
    messages::Quality,
    scene::{palette::palette, text_scale::TextScale},
};

/// A time at which everything has appeared.
const LATER: f64 = 100.0;

/// How wide and how high what has about this colour is at most, pixels.
fn extent_of(picture: &Picture, corner: UVec2, size: UVec2, colour: Color) -> UVec2 {
    let wanted = srgb(colour);
    let is_it = |x: u32, y: u32| difference(picture.pixel(corner.x + x, corner.y + y), wanted) < 60;
    let width = (0..size.y).map(|y| (0..size.x).filter(|x| is_it(*x, y)).count()).max();
    let height = (0..size.x).map(|x| (0..size.y).filter(|y| is_it(x, *y)).count()).max();
    UVec2::new(width.unwrap_or(0) as u32, height.unwrap_or(0) as u32)
}

#[test]
fn tasks_in_trouble_are_at_least_five_pixels_wide_at_any_zoom_and_more_on_a_wall() {
    let _alone = alone();
    for (scale, least) in [(1.0, 5), (2.0, 13)] {
        for units in [400.0, 20_000.0] {
            let mut studio = Studio::new(UVec2::new(300, 100), units);
            studio.app.insert_resource(TextScale(scale));
            let statuses = [Status::Failed, Status::Blocked, Status::Waiting];
            for (index, status) in statuses.into_iter().enumerate() {
                studio.task(Vec2::new((index as f32 - 1.0) * units, 0.0), status);
            }
            studio.at(LATER).update();
            let picture = studio.picture();
            picture.keep(&format!("far_{units}_{scale}"));
            for (index, status) in statuses.into_iter().enumerate() {
                let corner = UVec2::new(index as u32 * 100, 0);
                let seen = extent_of(&picture, corner, UVec2::splat(100), palette(default()).status(status));
                assert!(
                    seen.min_element() >= least,
                    "{status:?} at {units} units: {seen} of {least}"
                );
                assert!(seen.max_element() <= 3 * least, "{status:?} at {units} units: {seen}");
            }
        }
    }
}

/// The brightness that is perceived, 0 to 255.
fn luma(pixel: [u8; 3]) -> f32 {
    let [red, green, blue] = pixel.map(f32::from);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[test]
fn cells_too_small_for_a_shape_are_filled_with_their_colour_and_trouble_is_brighter() {
    let _alone = alone();
    let of_tasks = [
        Status::Queued,
        Status::Running,
        Status::Done,
        Status::Cancelled,
        Status::Failed,
        Status::Blocked,
        Status::Waiting,
    ];
    // Cells of six pixels, ten from one to the next, four rows of each.
    let mut studio = Studio::new(UVec2::new(80, 40), 40.0);
    studio.set_sizes(Vec2::splat(6.0), 6.0);
    for (column, status) in of_tasks.into_iter().enumerate() {
        for row in 0..4 {
            studio.task(Vec2::new(column as f32 * 10.0 - 35.0, row as f32 * 10.0 - 15.0), status);
        }
    }
    studio.at(LATER).update();
    let picture = studio.picture();
    picture.keep("filled");
    let ground = srgb(palette(default()).ground);
    let mut filled = Vec::new();
    for (column, status) in of_tasks.into_iter().enumerate() {
        let (x, wanted) = (column as u32 * 10 + 5, srgb(palette(default()).status(status)));
        let middle = picture.pixel(x, 5);
        for row in 0..4 {
            // Six by six pixels, from edge to edge, and nothing around them.
            let y = row * 10 + 5;
            for (dx, dy) in [(-3, -3), (2, -3), (-3, 2), (2, 2), (0, 0)] {
                let pixel = picture.pixel((x as i32 + dx) as u32, (y + dy) as u32);
                assert_eq!(pixel, middle, "{status:?} at {dx}, {dy}");
            }
            for (dx, dy) in [(-5, 0), (4, 0), (0, -5), (0, 4)] {
                let pixel = picture.pixel((x as i32 + dx) as u32, (y + dy) as u32);
                assert_eq!(pixel, ground, "{status:?} beside it");
            }
        }
        if status.is_trouble() {
            // White is so bright that a part of it does.
            let off = if status.is_fault() { 3 } else { 80 };
            assert!(
                difference(middle, wanted) <= off,
                "{status:?} is {middle:?} for {wanted:?}"
            );
        } else {
            // Calm cells are between the background and their colour.
            for channel in 0..3 {
                let (low, high) = (
                    ground[channel].min(wanted[channel]).saturating_sub(2),
                    ground[channel].max(wanted[channel]).saturating_add(2),
                );
                assert!(
                    (low..=high).contains(&middle[channel]),
                    "{status:?}: {middle:?} for {wanted:?}"
                );
            }
            assert!(difference(middle, ground) > 12, "{status:?} is not seen: {middle:?}");
        }
        filled.push((status, middle));
    }
    for (index, (one, first)) in filled.iter().enumerate() {
        for (other, second) in filled.iter().skip(index + 1) {
            assert!(
                difference(*first, *second) > 12,
                "{one:?} and {other:?}: {first:?}, {second:?}"
            );
        }
    }
    let brightest_calm = filled
        .iter()
        .filter(|(status, _)| !status.is_trouble() && *status != Status::Running)
        .map(|(_, pixel)| luma(*pixel))
        .fold(0.0, f32::max);
    for (status, pixel) in filled.iter().filter(|(status, _)| status.is_fault()) {
        assert!(
            colourfulness(&[*pixel]) > 100.0 && luma(*pixel) > brightest_calm * 0.8,
            "{status:?} {pixel:?} beside calm cells of {brightest_calm}"
        );
    }
}

#[test]
fn large_cells_are_tiles_with_a_mark_in_the_corner_and_a_bar_or_a_strip() {
    let _alone = alone();
    // 100 pixels a unit: tiles of 150 × 80 pixels.
    let mut studio = Studio::new(UVec2::new(640, 120), 1.2);
    studio.set_sizes(Vec2::new(1.5, 0.8), 0.3);
    // Without text, which is tested elsewhere.
    studio.app.insert_resource(Quality::without(3));
    let calm = studio.task(Vec2::new(-2.2, 0.0), Status::Running);
    let half = TaskRow {
        progress: Some(0.5),
        ..default()
    };
    studio.app.world_mut().entity_mut(calm).insert(half);
    studio.task(Vec2::new(0.0, 0.0), Status::Failed);
    studio.task(Vec2::new(2.2, 0.0), Status::Queued);
    studio.at(LATER).update();
    let picture = studio.picture();
    picture.keep("tiles");
    let (ground, line) = (srgb(palette(default()).ground), srgb(palette(default()).line));
    // The middles of the tiles are at these columns; row 60 is the middle of all.
    let plates = [100, 320, 540].map(|x| picture.pixel(x, 60));
    for (x, plate) in [100, 320, 540].into_iter().zip(plates) {
        assert!((4..60).contains(&difference(plate, ground)), "a plate of {plate:?}");
        for (dx, dy, is_plate) in [
            (-72, 0, true),
            (72, 0, true),
            (0, -37, true),
            (-78, 0, false),
            (78, 0, false),
            (0, -43, false),
        ] {
            let pixel = picture.pixel((x + dx) as u32, (60 + dy) as u32);
            let is_strip = dx == -72 && x == 320;
            assert!(
                is_strip || (pixel == plate) == is_plate,
                "{dx}, {dy} of the tile at {x}: {pixel:?} and {plate:?}"
            );
        }
    }
    assert_eq!(plates[0], plates[2]);
    assert!(plates[1][0] > plates[0][0] + 3, "a failed tile is tinted: {plates:?}");
    // The marks are in the upper left corner and nowhere else.
    for (left, status) in [(25, Status::Running), (245, Status::Failed)] {
        let wanted = palette(default()).status(status);
        let marked = extent_of(&picture, UVec2::new(left + 6, 22), UVec2::new(20, 26), wanted);
        assert!(
            (6..=20).contains(&marked.max_element()),
            "{status:?}: a mark of {marked}"
        );
        let aside = extent_of(&picture, UVec2::new(left + 40, 22), UVec2::new(105, 60), wanted);
        assert_eq!(aside, UVec2::ZERO, "{status:?}: nothing is in the room for text");
    }
    // Half of the bar at the lower edge is done.
    let running = srgb(palette(default()).status(Status::Running));
    let bar: Vec<[u8; 3]> = (25..175).map(|x| picture.pixel(x, 94)).collect();
    let (done, track) = (
        bar.iter().filter(|pixel| difference(**pixel, running) < 8).count(),
        bar.iter().filter(|pixel| difference(**pixel, line) < 8).count(),
    );
    assert!(
        done.abs_diff(69) < 3 && track.abs_diff(69) < 3,
        "{done} of {track} pixels"
    );
    // What failed has a strip at its left edge instead.
    let strip = extent_of(
        &picture,
        UVec2::new(243, 20),
        UVec2::new(6, 80),
        palette(default()).status(Status::Failed),
    );
    assert!(strip.x >= 2 && strip.y > 60, "a strip of {strip}");
}

/// Pixels of a line of the picture that have about this colour.
fn along(picture: &Picture, y: u32, columns: std::ops::Range<u32>, colour: Color) -> usize {
    let wanted = srgb(colour);
    let is_it = |x: &u32| difference(picture.pixel(*x, y), wanted) < 12;
    columns.filter(is_it).count()
}

#[test]
fn a_blocks_line_is_its_progress_and_a_failed_one_has_a_red_border() {
    let _alone = alone();
    // 20 pixels a unit.
    let mut studio = Studio::new(UVec2::new(400, 240), 12.0);
    let dock = Rect::from_center_size(Vec2::new(0.0, -5.0), Vec2::new(14.0, 1.0));
    studio.app.insert_resource(DockGround(Some(dock)));
    let half = Vec2::new(4.0, 3.0);
    let of_block = |x: f32| Rect::from_center_half_size(Vec2::new(x, 1.0), half);
    studio.workflow(of_block(-5.0), 1.0, Status::Running, Some(0.25));
    studio.workflow(of_block(5.0), 1.0, Status::Failed, Some(0.5));
    studio.at(LATER).update();
    let picture = studio.picture();
    picture.keep("blocks");
    let palette = palette(default());
    let (ground, surface) = (srgb(palette.ground), srgb(palette.surface));
    // The first block covers columns 20 to 180 and rows 40 to 160; its header is 20 pixels high.
    let line = (55..62).max_by_key(|y| along(&picture, *y, 20..180, palette.status(Status::Done)));
    let line = line.expect("rows");
    let done = along(&picture, line, 20..180, palette.status(Status::Done));
    let rest = along(&picture, line, 30..178, palette.line);
    assert!(
        done.abs_diff(37) < 4 && rest > 95,
        "a quarter is done: {done} of {rest}"
    );
    let second = along(&picture, line, 220..380, palette.status(Status::Done));
    assert!(second.abs_diff(74) < 4, "its row says half: {second}");
    // The floor, its edges, and the street between the blocks.
    assert!(difference(picture.pixel(100, 120), surface) < 4);
    for x in [14, 190, 210, 388] {
        assert_eq!(picture.pixel(x, 100), ground, "the street at {x}");
    }
    let redness = |pixel: [u8; 3]| i32::from(pixel[0]) - i32::from(pixel[1].max(pixel[2]));
    let reddest = |columns: std::ops::Range<u32>| {
        let pixels = columns.map(|x| redness(picture.pixel(x, 120)));
        pixels.max().unwrap_or(0)
    };
    assert!(
        reddest(16..26) < 10 && reddest(174..186) < 10,
        "a calm border is not red"
    );
    assert!(
        reddest(216..226) > 60 && reddest(374..386) > 60,
        "that of a failed block is"
    );
    assert!(
        redness(picture.pixel(300, 120)) > redness(picture.pixel(100, 120)),
        "and its ground is tinted"
    );
    // The dock has an outline and no floor.
    assert!((218..222).any(|y| along(&picture, y, 80..320, palette.line) == 0));
    let outlined = (205..235)
        .filter(|y| along(&picture, *y, 70..330, palette.line) > 200)
        .count();
    assert!((1..=4).contains(&outlined), "{outlined} rows of its outline");
}

#[test]
fn no_agent_hides_a_task_in_trouble() {
    let _alone = alone();
    let mut studio = Studio::new(UVec2::splat(100), 100.0);
    studio.task(Vec2::ZERO, Status::Failed);
    studio.set_sizes(Vec2::ONE, 20.0);
    studio.agent(Vec2::ZERO, Status::Running);
    studio.set_sizes(Vec2::ONE, 1.0);
    studio.at(LATER).update();
    let picture = studio.picture();
    let seen = extent_of(
        &picture,
        UVec2::ZERO,
        picture.size,
        palette(default()).status(Status::Failed),
    );
    assert!(seen.min_element() >= 5, "{seen}");
}

/// Pixels that are mostly of a colour.
fn coloured(pixels: &[[u8; 3]], colour: Color) -> usize {
    let wanted = srgb(colour);
    pixels.iter().filter(|pixel| difference(**pixel, wanted) < 90).count()
}

#[test]
fn tiny_agents_in_trouble_differ_from_others_by_shape_and_size() {
    let _alone = alone();
    let mut studio = Studio::new(UVec2::splat(400), 400.0);
    for index in 0..400 {
        let at = Vec2::new((index % 20) as f32 * 12.0 - 114.0, (index / 20) as f32 * 12.0 - 114.0);
        let status = match index % 20 {
            3 | 11 => Status::Failed,
            7 => Status::Blocked,
            _ => Status::Idle,
        };
        studio.agent(at, status);
    }
    studio.at(LATER).update();
    let picture = studio.picture();
    picture.keep("agents_far");
    let all = picture.all();
    let [failed, blocked, idle] =
        [Status::Failed, Status::Blocked, Status::Idle].map(|status| coloured(&all, palette(default()).status(status)));
    assert!(failed >= 40 * 20, "squares of five pixels: {failed}");
    assert!(blocked >= 20 * 6, "triangles of as many: {blocked}");
    assert!(
        idle / 340 * 2 < failed / 40,
        "calm ones are at most half as large: {idle}"
    );
}
