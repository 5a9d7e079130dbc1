//! The scene in the picture: each status as a mark, live and stale, in flight and selected.

use std::{sync::Mutex, time::Instant};

use crate::offscreen::*;
use bevy::prelude::*;
use model::{Kind, PerKind, Status};
use opswall::{
    fleet::*,
    frame::FrameSystems,
    layout::Place,
    messages::{LostKinds, SceneInsets, Staleness},
    scene::{palette::palette, selection::Selection},
};

/// One test at a time: each has its own device, and a machine may have few cores.
static ONE: Mutex<()> = Mutex::new(());

pub(crate) fn alone() -> impl Drop {
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
    let large = |studio: &mut Studio, at: Vec2, status: Status| {
        studio.set_sizes(Vec2::ONE, 1.6);
        studio.agent(at, status);
    };
    let cells = specimens(large, 1.8, "agents_near");
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

/// The colourfulness of pixels: the mean spread of their channels.
pub(crate) fn colourfulness(pixels: &[[u8; 3]]) -> f32 {
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
            ..Selection::default()
        }
    };
    studio.app.add_systems(Update, point.in_set(FrameSystems::Animate));
    studio.at(LATER).update();
    // The rings have appeared.
    let picture = studio.at(LATER + 1.0).picture();
    picture.keep("selected");
    let count = |corner, colour, most: u8| {
        let wanted = srgb(colour);
        picture
            .cut(corner, UVec2::splat(100))
            .into_iter()
            .filter(|pixel| difference(*pixel, wanted) < most)
            .count()
    };
    assert!(count(UVec2::ZERO, palette(default()).selection, 30) > 60);
    assert_eq!(count(UVec2::new(100, 0), palette(default()).selection, 30), 0);
    assert_eq!(count(UVec2::new(200, 0), palette(default()).selection, 30), 0);
    assert!(count(UVec2::new(200, 0), palette(default()).text, 90) > 100);
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
