//! The scene in the picture: each status as a mark, as a filled cell and as a tile, live and stale.

use std::{sync::Mutex, time::Instant};

use crate::offscreen::*;
use bevy::prelude::*;
use model::{Kind, PerKind, Status};
use opswall::{
    fleet::*,
    frame::FrameSystems,
    layout::{DockGround, Place},
    messages::{LostKinds, SceneInsets, Staleness},
    scene::{palette::palette, selection::Selection, text_scale::TextScale},
};

/// One test at a time: each has its own device, and a machine may have few cores.
static ONE: Mutex<()> = Mutex::new(());

fn alone() -> impl Drop {
    ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A time at which everything has appeared.
const LATER: f64 = 100.0;

/// The mask of pixels that are not the background.
fn mask(pixels: &[[u8; 3]]) -> Vec<bool> {
    let ground = srgb(palette(default()).ground);
    pixels.iter().map(|pixel| difference(*pixel, ground) > 24).collect()
}

/// The overlap of two masks, 0 to 1.
fn likeness(one: &[bool], other: &[bool]) -> f32 {
    let both = one.iter().zip(other).filter(|(a, b)| **a && **b).count();
    let any = one.iter().zip(other).filter(|(a, b)| **a || **b).count();
    both as f32 / any.max(1) as f32
}

/// The cells of a picture with one mark of every status, 100 pixels apart.
fn specimens(spawn: impl Fn(&mut Studio, Vec2, Status), units: f32, name: &str) -> Vec<Vec<[u8; 3]>> {
    const SIDE: u32 = 100;
    let count = Status::ALL.len() as u32;
    let mut studio = Studio::new(UVec2::new(count * SIDE, SIDE), units);
    let middle = (count - 1) as f32 / 2.0;
    for (index, status) in Status::ALL.into_iter().enumerate() {
        spawn(&mut studio, Vec2::new((index as f32 - middle) * units, 0.0), status);
    }
    studio.at(LATER).update();
    let picture = studio.picture();
    picture.keep(name);
    (0..count)
        .map(|index| picture.cut(UVec2::new(index * SIDE, 0), UVec2::splat(SIDE)))
        .collect()
}

fn assert_distinguishable(cells: &[Vec<[u8; 3]>], likeness_below: f32) {
    for (status, cell) in Status::ALL.into_iter().zip(cells) {
        let wanted = srgb(palette(default()).status(status));
        let found = cell.iter().filter(|pixel| difference(**pixel, wanted) <= 14).count();
        assert!(found >= 20, "{status:?} shows its colour {wanted:?} on {found} pixels");
    }
    let masks: Vec<Vec<bool>> = cells.iter().map(|cell| mask(cell)).collect();
    for (one, first) in Status::ALL.into_iter().zip(&masks) {
        for (other, second) in Status::ALL.into_iter().zip(&masks) {
            let alike = likeness(first, second);
            assert!(
                one == other || alike < likeness_below,
                "{one:?} and {other:?} are {alike} alike"
            );
        }
    }
}

#[test]
fn every_status_of_a_task_has_its_colour_and_its_shape() {
    let _alone = alone();
    let cells = specimens(|studio, at, status| _ = studio.task(at, status), 1.0, "tasks_near");
    assert_distinguishable(&cells, 0.85);
}

#[test]
fn every_status_of_an_agent_has_its_colour() {
    let _alone = alone();
    let cells = specimens(|studio, at, status| _ = studio.agent(at, status), 1.8, "agents_near");
    assert_distinguishable(&cells, 1.01);
    // A task and an agent in the same status differ in shape.
    let tasks = specimens(
        |studio, at, status| _ = studio.task(at, status),
        1.8,
        "tasks_beside_agents",
    );
    for (agent, task) in cells.iter().zip(&tasks) {
        assert!(likeness(&mask(agent), &mask(task)) < 0.6);
    }
}

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
                let pixel = picture.pixel((x as i32 + dx) as u32, (y as i32 + dy) as u32);
                assert_eq!(pixel, middle, "{status:?} at {dx}, {dy}");
            }
            for (dx, dy) in [(-5, 0), (4, 0), (0, -5), (0, 4)] {
                let pixel = picture.pixel((x as i32 + dx) as u32, (y as i32 + dy) as u32);
                assert_eq!(pixel, ground, "{status:?} beside it");
            }
        }
        if status.is_trouble() {
            assert!(
                difference(middle, wanted) <= 3,
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
    assert!(plates[1][0] > plates[0][0] + 8, "a failed tile is tinted: {plates:?}");
    // The marks are in the upper left corner and nowhere else.
    for (left, status) in [(25, Status::Running), (245, Status::Failed)] {
        let wanted = palette(default()).status(status);
        let marked = extent_of(&picture, UVec2::new(left + 6, 22), UVec2::new(20, 26), wanted);
        assert!(
            (9..=20).contains(&marked.max_element()),
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

/// The colourfulness of pixels: the mean spread of their channels.
fn colourfulness(pixels: &[[u8; 3]]) -> f32 {
    let spread = |pixel: &[u8; 3]| f32::from(pixel.iter().max().unwrap_or(&0) - pixel.iter().min().unwrap_or(&0));
    pixels.iter().map(spread).sum::<f32>() / pixels.len() as f32
}

#[test]
fn rows_of_a_lost_source_are_grey_open_and_still_and_others_keep_their_colours() {
    let _alone = alone();
    let mut studio = Studio::new(UVec2::new(400, 300), 4.0);
    for (x, status) in [(-1.0, Status::Running), (0.0, Status::Failed), (1.0, Status::Blocked)] {
        studio.task(Vec2::new(x, 1.0), status);
        studio.agent(Vec2::new(x, -1.0), status);
    }
    studio.at(LATER).update();
    let live = studio.picture();
    let mut lost = PerKind::default();
    lost[Kind::Task] = 1.0;
    studio.app.insert_resource(LostKinds(lost));
    studio.update();
    let grey = studio.picture();
    grey.keep("lost");
    let tasks = |picture: &Picture| picture.cut(UVec2::new(60, 20), UVec2::new(280, 110));
    let agents = |picture: &Picture| picture.cut(UVec2::new(60, 170), UVec2::new(280, 110));
    // The background between the rows has a tint of its own.
    let ground = colourfulness(&grey.cut(UVec2::new(60, 142), UVec2::new(280, 16)));
    let (before, after) = (
        colourfulness(&tasks(&live)) - ground,
        colourfulness(&tasks(&grey)) - ground,
    );
    assert!(after < 0.3 * before, "{before} to {after} over {ground}");
    let (before, after) = (colourfulness(&agents(&live)), colourfulness(&agents(&grey)));
    assert!((after - before).abs() < 0.1 * before, "{before} to {after}");

    // Trouble is no longer red or amber, and is still seen: as an open shape.
    for (x, status) in [(200, Status::Failed), (275, Status::Blocked)] {
        let wanted = srgb(palette(default()).status(status));
        let cell = |picture: &Picture| picture.cut(UVec2::new(x - 37, 38), UVec2::splat(75));
        let of_status = |pixels: &[[u8; 3]]| pixels.iter().filter(|pixel| difference(**pixel, wanted) < 40).count();
        assert!(
            of_status(&cell(&live)) > 100 && of_status(&cell(&grey)) == 0,
            "{status:?}"
        );
        let drawn = |picture: &Picture| mask(&cell(picture)).into_iter().filter(|drawn| *drawn).count();
        let (filled, open) = (drawn(&live), drawn(&grey));
        assert!(
            open > 60 && open < filled * 3 / 4,
            "{status:?}: {filled} pixels, then {open}"
        );
    }
    std::thread::sleep(std::time::Duration::from_millis(400));
    studio.update();
    let later = studio.picture();
    assert!(tasks(&later) == tasks(&grey), "rows of a lost source do not move");
    assert!(agents(&later) != agents(&grey), "the others do");
}

#[test]
fn a_stale_scene_is_grey_framed_and_still() {
    let _alone = alone();
    let mut studio = Studio::new(UVec2::new(400, 300), 4.0);
    studio.task(Vec2::new(-1.0, 0.0), Status::Running);
    studio.task(Vec2::new(0.0, 0.0), Status::Failed);
    studio.task(Vec2::new(1.0, 0.0), Status::Done);
    studio.at(LATER).update();
    let live = studio.picture();
    std::thread::sleep(std::time::Duration::from_millis(400));
    studio.update();
    assert!(studio.picture().all() != live.all(), "a live scene breathes");

    studio.app.world_mut().resource_mut::<Staleness>().0 = 1.0;
    studio.app.insert_resource(SceneInsets {
        top: 50.0,
        bottom: 0.0,
        left: 0.0,
        right: 0.0,
    });
    studio.update();
    let stale = studio.picture();
    stale.keep("stale");
    std::thread::sleep(std::time::Duration::from_millis(400));
    studio.update();
    assert!(studio.picture().all() == stale.all(), "a stale scene does not move");
    let middle = |picture: &Picture| picture.cut(UVec2::new(80, 100), UVec2::new(240, 100));
    let (before, after) = (colourfulness(&middle(&live)), colourfulness(&middle(&stale)));
    assert!(after < 0.45 * before, "{before} to {after}");
    let framed = |corner, size| {
        mask(&stale.cut(corner, size))
            .into_iter()
            .filter(|drawn| *drawn)
            .count()
    };
    assert!(
        framed(UVec2::new(0, 288), UVec2::new(400, 12)) > 1000,
        "the frame is at the lower edge"
    );
    assert_eq!(
        framed(UVec2::ZERO, UVec2::new(400, 49)),
        0,
        "the frame is not under the header"
    );
    assert!(
        framed(UVec2::new(0, 50), UVec2::new(400, 12)) > 1000,
        "and below the header"
    );
}

#[test]
fn the_selected_row_has_a_ring() {
    let _alone = alone();
    let mut studio = Studio::new(UVec2::new(300, 100), 2.0);
    let task = studio.task(Vec2::new(-2.0, 0.0), Status::Running);
    studio.task(Vec2::new(0.0, 0.0), Status::Running);
    let hovered = studio.task(Vec2::new(2.0, 0.0), Status::Running);
    // There is no pointer: the hovered row is set after picking.
    let point = move |mut selection: ResMut<Selection>| {
        *selection = Selection {
            hovered: Some(hovered),
            selected: Some(task),
        }
    };
    studio.app.add_systems(Update, point.in_set(FrameSystems::Animate));
    studio.at(LATER).update();
    // The rings have appeared.
    let picture = studio.at(LATER + 1.0).picture();
    picture.keep("selected");
    let count = |corner, colour| {
        let wanted = srgb(colour);
        picture
            .cut(corner, UVec2::splat(100))
            .into_iter()
            .filter(|pixel| difference(*pixel, wanted) < 30)
            .count()
    };
    assert!(count(UVec2::ZERO, palette(default()).selection) > 60);
    assert_eq!(count(UVec2::new(100, 0), palette(default()).selection), 0);
    assert_eq!(count(UVec2::new(200, 0), palette(default()).selection), 0);
    assert!(count(UVec2::new(200, 0), palette(default()).text) > 30);
}

#[test]
fn an_agent_flies_to_its_task_and_has_a_beam_to_it() {
    let _alone = alone();
    let mut studio = Studio::new(UVec2::new(400, 100), 4.0);
    studio.set_sizes(Vec2::ONE, 1.6);
    let task = studio.task(Vec2::new(7.0, 0.0), Status::Running);
    let agent = studio.agent(Vec2::new(-6.0, 0.0), Status::Running);
    studio.at(LATER).update();
    let drawn = |picture: &Picture, from: u32, to: u32| {
        mask(&picture.cut(UVec2::new(from, 0), UVec2::new(to - from, 100)))
            .into_iter()
            .filter(|on| *on)
            .count()
    };
    assert!(drawn(&studio.picture(), 30, 70) > 200, "it rests at the left");
    studio.app.world_mut().entity_mut(agent).insert((
        Place {
            at: Vec2::new(4.0, 0.0),
            size: Vec2::splat(1.6),
            from: Vec2::new(-6.0, 0.0),
            moved: LATER,
        },
        WorksOn(task),
    ));
    studio.at(LATER + 0.3).update();
    let midway = studio.picture();
    midway.keep("flight");
    assert!(
        drawn(&midway, 30, 70) < 20 && drawn(&midway, 165, 215) > 200,
        "it is half way"
    );
    studio.at(LATER + 2.0).update();
    let there = studio.picture();
    there.keep("beam");
    assert!(
        drawn(&there, 100, 215) == 0 && drawn(&there, 280, 320) > 200,
        "it has arrived"
    );
    let beam = drawn(&there, 328, 342);
    assert!(beam > 20, "a beam runs between the two: {beam}");
}

#[test]
fn a_change_of_status_pulses_once_and_changes_the_colour() {
    let _alone = alone();
    let mut studio = Studio::new(UVec2::new(100, 100), 1.2);
    let task = studio.task(Vec2::ZERO, Status::Done);
    studio.at(LATER).update();
    let drawn = |studio: &mut Studio, at: f64| {
        studio.at(at).update();
        let pixels = studio.picture().all();
        let blue = pixels.iter().filter(|pixel| pixel[2] > 150 && pixel[0] < 110).count();
        (mask(&pixels).into_iter().filter(|on| *on).count(), blue)
    };
    let (_, before) = drawn(&mut studio, LATER);
    studio.set_status(task, Status::Running, LATER);
    let (pulsing, _) = drawn(&mut studio, LATER + 0.15);
    let (after, blue) = drawn(&mut studio, LATER + 5.0);
    assert!(before == 0 && blue > 200, "{before} blue pixels, then {blue}");
    assert!(
        pulsing > after + 100,
        "the pulse reaches beyond the mark: {pulsing}, {after}"
    );
}

#[test]
fn rows_that_go_shrink_and_vanish() {
    let _alone = alone();
    let mut studio = Studio::new(UVec2::new(100, 100), 2.0);
    let task = studio.task(Vec2::ZERO, Status::Running);
    let area = |studio: &mut Studio, at: f64| {
        studio.at(at).update();
        mask(&studio.picture().all()).into_iter().filter(|on| *on).count()
    };
    let whole = area(&mut studio, LATER);
    if let Some(mut moment) = studio.app.world_mut().get_mut::<Moment>(task) {
        moment.gone = Some(LATER);
    }
    let half = area(&mut studio, LATER + 0.25);
    assert!(half > 0 && half < whole * 2 / 3, "{half} of {whole}");
    assert_eq!(area(&mut studio, LATER + 0.55), 0);
    studio.app.world_mut().despawn(task);
    assert_eq!(area(&mut studio, LATER + 0.6), 0);
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

/// A wall of `tasks` in blocks of a hundred, agents with beams below them.
fn crowd(tasks: usize) -> Studio {
    let per_block = 100;
    let blocks = tasks.div_ceil(per_block);
    let columns = ((blocks as f32 * 16.0 / 9.0).sqrt().ceil() as usize).max(1);
    let pitch = Vec2::new(11.0, 13.0);
    let rows = blocks.div_ceil(columns);
    let units = (rows as f32 * pitch.y)
        .max(columns as f32 * pitch.x * 9.0 / 16.0)
        .max(1.0);
    let mut studio = Studio::new(UVec2::new(1920, 1080), units);
    studio.set_sizes(Vec2::splat(0.9), 0.9);
    let mut workflow = None;
    for index in 0..tasks {
        let (block, slot) = (index / per_block, index % per_block);
        let center = Vec2::new(
            ((block % columns) as f32 - (columns as f32 - 1.0) * 0.5) * pitch.x,
            ((block / columns) as f32 - (rows as f32 - 1.0) * 0.5) * pitch.y,
        );
        if slot == 0 {
            let status = [Status::Running, Status::Done, Status::Running, Status::Blocked][block % 4];
            let ground = Rect::from_center_size(center, Vec2::new(10.2, 11.4));
            workflow = Some(studio.workflow(ground, 1.2, status, Some((block % 10) as f32 / 9.0)));
        }
        let at = center + Vec2::new((slot / 10) as f32 - 4.5, 3.9 - (slot % 10) as f32);
        let status = match index % 40 {
            0..12 => Status::Queued,
            12..22 => Status::Running,
            22..36 => Status::Done,
            36 => Status::Waiting,
            37 => Status::Blocked,
            38 => Status::Failed,
            _ => Status::Cancelled,
        };
        let task = studio.task(at, status);
        if let Some(workflow) = workflow {
            studio.app.world_mut().entity_mut(task).insert(PartOf(workflow));
        }
        if status == Status::Running {
            let progress = Some((index % 7) as f32 / 7.0);
            studio
                .app
                .world_mut()
                .entity_mut(task)
                .insert(TaskRow { progress, ..default() });
        }
        if slot % 10 == 3 {
            let street = Vec2::new(at.x, center.y - 6.3);
            let agent = studio.agent(street, Status::Running);
            studio.app.world_mut().entity_mut(agent).insert(WorksOn(task));
        }
    }
    studio
}

#[test]
fn a_crowd_is_drawn() {
    let _alone = alone();
    let mut studio = crowd(1_000);
    studio.at(LATER).update();
    studio.at(LATER + 5.0).update();
    let picture = studio.picture();
    picture.keep("crowd_1000");
    assert!(mask(&picture.all()).into_iter().filter(|on| *on).count() > 100_000);
}

/// Processor time of this process, seconds; 0 where the system does not report it.
fn processor_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses: the 12th and 13th field, in hundredths of a second.
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .into_iter()
        .flat_map(str::split_whitespace)
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    fields
        .get(11..13)
        .map_or(0.0, |times| times.iter().sum::<f64>() / 100.0)
}

/// Prints frames per second of the whole picture and processor time a frame, which depends less on other load. Run with
/// `--ignored --nocapture`.
#[test]
#[ignore = "measures, asserts nothing"]
fn frames_per_second() {
    const FRAMES: usize = 31;
    let _alone = alone();
    for tasks in [0, 1_000, 5_000, 10_000, 100_000] {
        let mut studio = crowd(tasks);
        for frame in 0..5 {
            studio.at(LATER + f64::from(frame)).update();
        }
        studio.at(LATER + 9.0).picture().keep(&format!("crowd_{tasks}"));
        let processor = processor_secs();
        let mut times: Vec<f64> = (0..FRAMES)
            .map(|frame| {
                let began = Instant::now();
                studio.at(LATER + 10.0 + frame as f64 * 0.03).update();
                began.elapsed().as_secs_f64()
            })
            .collect();
        let processor = (processor_secs() - processor) / FRAMES as f64;
        times.sort_by(f64::total_cmp);
        let median = times[FRAMES / 2];
        println!(
            "{tasks} tasks: {:.1} frames/s (median {:.1} ms, best {:.1} ms, worst {:.1} ms), {:.1} ms of processor a frame",
            1.0 / median,
            median * 1e3,
            times[0] * 1e3,
            times[FRAMES - 1] * 1e3,
            processor * 1e3
        );
    }
}
