//! The far view in the picture: districts with tallies, one badge for a crowd, and few tasks in trouble that stay visible.

use crate::offscreen::*;
use bevy::prelude::*;
use model::Status;
use opswall::{
    fleet::*,
    scene::{marks::Tallies, palette::palette, text_scale::TextScale},
};

const LATER: f64 = 100.0;
/// World units over the 400 pixels of the picture's height: slots of 2 and of 16 pixels.
const FAR: f32 = 200.0;
const NEAR: f32 = 25.0;

/// A district of 20 × 20 tasks, some of them in other statuses.
fn district(units: f32, statuses: &[(Status, usize)]) -> Studio {
    let mut studio = Studio::new(UVec2::splat(400), units);
    let flow = studio.workflow(Vec2::ZERO, 15.0, Status::Running, None);
    let mut given = statuses
        .iter()
        .flat_map(|(status, count)| std::iter::repeat_n(*status, *count));
    // Spread over the district.
    for index in 0..400 {
        let slot = index * 149 % 400;
        let at = Vec2::new((slot % 20) as f32 - 9.5, (slot / 20) as f32 - 9.5);
        let task = studio.task(at, given.next().unwrap_or(Status::Queued));
        studio.app.world_mut().entity_mut(task).insert(PartOf(flow));
    }
    studio.at(LATER).update();
    studio
}

/// Pixels within the district's ring that have about this colour.
fn inside(picture: &Picture, units: f32, colour: Color) -> usize {
    let half = 15.0 * 0.6 * 400.0 / units;
    let corner = UVec2::splat((200.0 - half).max(0.0) as u32);
    let size = UVec2::splat((2.0 * half).min(400.0) as u32);
    let wanted = srgb(colour);
    picture
        .cut(corner, size)
        .iter()
        .filter(|pixel| difference(**pixel, wanted) < 40)
        .count()
}

/// Pixels of the district's ring that have about this colour.
fn ring(picture: &Picture, colour: Color) -> usize {
    let wanted = srgb(colour);
    (0..400 * 400)
        .map(|index| (index % 400, index / 400))
        .filter(|&(x, y)| {
            let away = Vec2::new(x as f32 - 199.5, y as f32 - 199.5).length();
            (24.0..31.0).contains(&away) && difference(picture.pixel(x, y), wanted) < 40
        })
        .count()
}

#[test]
fn in_the_far_view_a_crowd_in_trouble_is_a_badge_and_the_rest_a_tally() {
    let statuses = [(Status::Failed, 60), (Status::Waiting, 40), (Status::Done, 150)];
    let mut near = district(NEAR, &statuses);
    let mut far = district(FAR, &statuses);
    let (near, far) = (near.picture(), far.picture());
    near.keep("tally_near");
    far.keep("tally_far");
    let palette = palette(default());
    // In the near view each is drawn.
    assert!(inside(&near, NEAR, palette.status(Status::Failed)) > 60 * 30);
    assert!(inside(&near, NEAR, palette.status(Status::Waiting)) > 40 * 20);
    // In the far view one square replaces all failed tasks, and nothing else is inside.
    let failed = inside(&far, FAR, palette.status(Status::Failed));
    assert!((25..150).contains(&failed), "{failed} pixels of one square");
    for status in [Status::Waiting, Status::Done, Status::Queued] {
        assert_eq!(inside(&far, FAR, palette.status(status)), 0, "{status:?}");
    }
    // The ring shows the shares of the rest.
    let [failed, waiting, done] =
        [Status::Failed, Status::Waiting, Status::Done].map(|status| ring(&far, palette.status(status)));
    assert!(failed > 30 && waiting > 20 && done > 100, "{failed} {waiting} {done}");
    assert!(done > 2 * failed && failed > waiting);
}

#[test]
fn a_few_tasks_in_trouble_are_drawn_one_by_one_at_any_zoom() {
    let mut far = district(FAR, &[(Status::Failed, 3)]);
    let tally = far.app.world().resource::<Tallies>();
    assert_eq!(tally.of(None).total(), 0);
    let picture = far.picture();
    picture.keep("few_far");
    let failed = inside(&picture, FAR, palette(default()).status(Status::Failed));
    assert!(failed > 3 * 9, "three squares of five pixels: {failed}");
}

/// Pixels that are mostly of a colour.
fn coloured(pixels: &[[u8; 3]], colour: Color) -> usize {
    let wanted = srgb(colour);
    pixels.iter().filter(|pixel| difference(**pixel, wanted) < 90).count()
}

#[test]
fn agents_in_trouble_differ_from_others_by_shape_and_size() {
    // A pixel is a slot.
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
    // The square is there from corner to corner.
    let (x, y) = (200 - 114 + 3 * 12, 200 + 114);
    for corner in [[-3, -3], [2, -3], [-3, 2], [2, 2]] {
        let pixel = picture.pixel((x + corner[0]) as u32, (y + corner[1]) as u32);
        let wanted = srgb(palette(default()).status(Status::Failed));
        assert!(difference(pixel, wanted) < 90, "{corner:?}: {pixel:?}");
    }
}

#[test]
fn no_agent_hides_a_task_in_trouble() {
    let mut studio = Studio::new(UVec2::splat(100), 100.0);
    studio.task(Vec2::ZERO, Status::Failed);
    studio.agent(Vec2::ZERO, Status::Running);
    studio.at(LATER).update();
    let picture = studio.picture();
    let failed = coloured(&picture.all(), palette(default()).status(Status::Failed));
    assert!(failed >= 20, "{failed}");
}

#[test]
fn a_badge_is_lifted_only_where_its_number_is_written() {
    let statuses = [(Status::Failed, 60)];
    let middle = |text_scale: f32| {
        let mut studio = district(FAR, &statuses);
        studio.app.insert_resource(TextScale(text_scale));
        studio.at(LATER).update();
        let picture = studio.picture();
        let wanted = srgb(palette(default()).status(Status::Failed));
        let rows: Vec<u32> = (180..220)
            .filter(|y| difference(picture.pixel(200, *y), wanted) < 40)
            .collect();
        rows.iter().sum::<u32>() as f32 / rows.len() as f32
    };
    // Its district's radius is 30 pixels.
    let (lifted, alone) = (middle(1.0), middle(2.0));
    assert!(lifted < 195.0, "{lifted}");
    assert!(
        (alone - 199.5).abs() < 1.5,
        "text of twice the size has no room: {alone}"
    );
}
