//! Scenes compared with reference pictures. After an intended change, look at the new pictures and keep them with
//! `OPSWALL_RENEW_PICTURES=1 cargo test --test wall compared`.

use std::{fs, path::Path, time::Duration};

use bevy::{prelude::*, time::TimeUpdateStrategy};
use image::{
    ImageEncoder as _, RgbImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};
use model::Status;
use model::theme::ThemeName;
use opswall::{
    fleet::{FleetClock, RowState},
    messages::{ScreenTheme, Staleness},
    scene::{motion::MotionSettings, selection::Selection},
};

use crate::{
    likeness::Likeness,
    offscreen::Studio,
    picture_stage::{fleet, press},
};

const SIZE: UVec2 = UVec2::new(576, 324);
/// The time from frame to frame, independent of the machine.
const FRAME: Duration = Duration::from_millis(50);
/// By then moves are over, the camera has arrived and names have faded in.
const FRAMES: u32 = 70;
/// Seconds of the fleet's clock.
const LATER: f64 = 100.0;

/// A stage with the scene's own layout and camera.
fn stage() -> Studio {
    calm(Studio::staged(SIZE))
}

/// Time advances by the frame, and nothing breathes.
fn calm(mut studio: Studio) -> Studio {
    studio.app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    studio.app.insert_resource(MotionSettings { reduced: true });
    studio
}

/// Runs until everything has arrived: always the same number of frames, so that animations are in the same state.
fn settle(studio: &mut Studio) {
    let begun = studio.app.world().resource::<FleetClock>().0.max(LATER);
    for frame in 0..FRAMES {
        let now = begun + f64::from(frame) * FRAME.as_secs_f64();
        studio.at(now).update();
    }
}

/// Compares the next frame with the reference picture of this name.
fn compare(mut studio: Studio, name: &str) {
    let drawn = studio.picture().rgb();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/wall/pictures")
        .join(name)
        .with_extension("png");
    if std::env::var_os("OPSWALL_RENEW_PICTURES").is_some() {
        save(&drawn, &kept);
        return;
    }
    let here = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (drawn_at, differs_at) = (
        here.join(format!("{name}.drawn.png")),
        here.join(format!("{name}.differs.png")),
    );
    let wanted = match image::open(&kept) {
        Ok(wanted) => wanted.to_rgb8(),
        Err(error) => {
            save(&drawn, &drawn_at);
            panic!(
                "{} cannot be read ({error}); what was drawn is {}: look at it, and keep it with OPSWALL_RENEW_PICTURES=1",
                kept.display(),
                drawn_at.display()
            );
        }
    };
    let likeness = Likeness::of(&drawn, &wanted).expect("pictures of one size");
    if !likeness.is_alike() {
        save(&drawn, &drawn_at);
        save(&likeness.shown_on(&wanted), &differs_at);
        panic!(
            "{name} is drawn otherwise than {} ({:.2} % of it, at worst by {:.0} of 255, {:.2} on the whole): it is {}, \
             red where it differs in {}. If that is meant, look at it and keep it with OPSWALL_RENEW_PICTURES=1",
            kept.display(),
            likeness.share * 100.0,
            likeness.worst,
            likeness.mean,
            drawn_at.display(),
            differs_at.display()
        );
    }
}

fn save(picture: &RgbImage, path: &Path) {
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive)
        .write_image(
            picture,
            picture.width(),
            picture.height(),
            image::ExtendedColorType::Rgb8,
        )
        .expect("an ordinary picture");
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
    fs::write(path, png).expect("the picture is written");
}

fn first_of(studio: &Studio, tasks: &[Entity], status: Status) -> Entity {
    let is_it = |task: &&Entity| {
        let state = studio.app.world().get::<RowState>(**task);
        state.is_some_and(|state| state.0.status == status)
    };
    *tasks.iter().find(is_it).expect("a task of this state")
}

#[test]
fn a_small_fleet() {
    let mut studio = stage();
    fleet(&mut studio, 3, 30, 6);
    settle(&mut studio);
    compare(studio, "small");
}

#[test]
fn a_fleet_from_far() {
    let mut studio = stage();
    fleet(&mut studio, 14, 420, 40);
    settle(&mut studio);
    compare(studio, "far");
}

#[test]
fn a_great_fleet() {
    let mut studio = stage();
    fleet(&mut studio, 40, 3_000, 80);
    settle(&mut studio);
    compare(studio, "great");
}

#[test]
fn tasks_from_near_with_one_selected() {
    let mut studio = stage();
    let tasks = fleet(&mut studio, 6, 120, 18);
    settle(&mut studio);
    let failed = first_of(&studio, &tasks, Status::Failed);
    studio.app.world_mut().resource_mut::<Selection>().selected = Some(failed);
    press(&mut studio, KeyCode::KeyF);
    settle(&mut studio);
    compare(studio, "near");
}

#[test]
fn a_stale_fleet() {
    let mut studio = stage();
    fleet(&mut studio, 6, 120, 18);
    studio.app.world_mut().resource_mut::<Staleness>().0 = 1.0;
    settle(&mut studio);
    compare(studio, "stale");
}

#[test]
fn a_fleet_in_the_light_theme() {
    let mut studio = stage();
    studio.app.insert_resource(ScreenTheme(ThemeName::Light));
    fleet(&mut studio, 6, 120, 18);
    settle(&mut studio);
    compare(studio, "light");
}

#[test]
fn a_fleet_in_high_contrast() {
    let mut studio = stage();
    studio.app.insert_resource(ScreenTheme(ThemeName::HighContrast));
    fleet(&mut studio, 6, 120, 18);
    settle(&mut studio);
    compare(studio, "high_contrast");
}

#[test]
fn every_state_of_tasks_and_agents() {
    // 36 pixels a unit: marks above, blocks below, and agents between them.
    let mut studio = calm(Studio::new(SIZE, 9.0));
    for (index, status) in Status::ALL.into_iter().enumerate() {
        let x = (index as f32 - 4.5) * 1.55;
        studio.task(Vec2::new(x, 3.4), status);
        studio.agent(Vec2::new(x, 1.6), status);
    }
    for (index, (status, progress)) in [(Status::Running, 0.4), (Status::Failed, 0.8), (Status::Done, 1.0)]
        .into_iter()
        .enumerate()
    {
        let center = Vec2::new((index as f32 - 1.0) * 5.2, -2.0);
        let ground = Rect::from_center_size(center, Vec2::new(4.8, 4.0));
        studio.workflow(ground, 0.7, status, Some(progress));
    }
    settle(&mut studio);
    compare(studio, "states");
}
