//! The far view as it is seen: districts with tallies, one badge for a crowd, trouble that is few always found, no noise.

use crate::offscreen::*;
use bevy::prelude::*;
use opswall::{
    domain::Status,
    fleet::*,
    scene::{marks::Tallies, palette::Palette},
};

const LATER: f64 = 100.0;
/// World units from the lower to the upper edge, of 400 pixels: slots of 2 and of 16 pixels.
const FAR: f32 = 200.0;
const NEAR: f32 = 25.0;

/// A district of 20 × 20 tasks, the first of them of other states.
fn district(units: f32, statuses: &[(Status, usize)]) -> Studio {
    let mut studio = Studio::new(UVec2::splat(400), units);
    let flow = studio.workflow(Vec2::ZERO, 15.0, Status::Running, None);
    let mut given = statuses
        .iter()
        .flat_map(|(status, count)| std::iter::repeat_n(*status, *count));
    // Spread, so that a state is all over the district.
    for index in 0..400 {
        let slot = index * 149 % 400;
        let at = Vec2::new((slot % 20) as f32 - 9.5, (slot / 20) as f32 - 9.5);
        let task = studio.task(at, given.next().unwrap_or(Status::Queued));
        studio.app.world_mut().entity_mut(task).insert(PartOf(flow));
    }
    studio.at(LATER).update();
    studio
}

/// Pixels of the district's inside, within its tally, that are about this colour.
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

/// Pixels of the ring of the tally about this colour.
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
fn from_far_a_crowd_in_trouble_is_one_badge_and_the_quiet_are_a_tally() {
    let statuses = [(Status::Failed, 60), (Status::Waiting, 40), (Status::Done, 150)];
    let mut near = district(NEAR, &statuses);
    let mut far = district(FAR, &statuses);
    let (near, far) = (near.picture(), far.picture());
    near.keep("tally_near");
    far.keep("tally_far");
    let palette = Palette::DARK;
    // Near, each of them is drawn.
    assert!(inside(&near, NEAR, palette.status(Status::Failed)) > 60 * 30);
    assert!(inside(&near, NEAR, palette.status(Status::Waiting)) > 40 * 20);
    // From far one square stands for all that failed, and nothing else is inside.
    let failed = inside(&far, FAR, palette.status(Status::Failed));
    assert!((25..150).contains(&failed), "{failed} pixels of one square");
    for status in [Status::Waiting, Status::Done, Status::Queued] {
        assert_eq!(inside(&far, FAR, palette.status(status)), 0, "{status:?}");
    }
    // The ring tells the rest, in shares.
    let [failed, waiting, done] =
        [Status::Failed, Status::Waiting, Status::Done].map(|status| ring(&far, palette.status(status)));
    assert!(failed > 30 && waiting > 20 && done > 100, "{failed} {waiting} {done}");
    assert!(done > 2 * failed && failed > waiting);
}

#[test]
fn a_few_in_trouble_are_found_one_by_one_however_far() {
    let mut far = district(FAR, &[(Status::Failed, 3)]);
    let tally = far.app.world().resource::<Tallies>();
    assert_eq!(tally.of(None).total(), 0);
    let picture = far.picture();
    picture.keep("few_far");
    let failed = inside(&picture, FAR, Palette::DARK.status(Status::Failed));
    assert!(failed > 3 * 9, "three squares of five pixels: {failed}");
}
