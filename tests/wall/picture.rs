//! The whole app without a window: the demo feed over a real socket, drawn and looked at, live and after a loss.

use std::{
    net::Ipv4Addr,
    path::Path,
    time::{Duration, Instant},
};

use bevy::prelude::*;
use opswall::{
    connection::{Connection, ConnectionPlugin},
    demo::{Cut, Options, Refusal, Server},
    domain::{Kind, LinkStatus, Status},
    fleet::{Counts, FleetIndex},
    messages::{Backlog, Intent},
    scene::palette::Palette,
    settings::WallSettings,
    wall::{self, Picture, WallOptions, canvas::Canvas, picture},
};

const SIZE: UVec2 = UVec2::new(1280, 720);
/// Software rendering on a busy machine: a hang fails, slowness does not.
const WATCHDOG: Duration = Duration::from_secs(120);

pub(crate) struct Wall {
    pub(crate) app: App,
    folder: tempfile::TempDir,
    taken: usize,
}

impl Wall {
    pub(crate) fn on(server: &Server) -> Self {
        let mut settings = crate::listener::settings(&server.url());
        settings.backoff.max_attempts = 2;
        let mapping = settings.mapping.clone();
        let mut app = wall::build(WallOptions {
            canvas: Canvas::offscreen(SIZE),
            connection: ConnectionPlugin::start(settings, false, None).expect("a worker"),
            mapping,
            picture: Picture::None,
            settings: WallSettings::default(),
            verbose: false,
            notices: Vec::new(),
        });
        app.finish();
        app.cleanup();
        Self {
            app,
            folder: tempfile::tempdir().expect("a folder"),
            taken: 0,
        }
    }

    pub(crate) fn until(&mut self, what: &str, done: impl Fn(&World) -> bool) {
        let started = Instant::now();
        while !done(self.app.world()) {
            assert!(started.elapsed() < WATCHDOG, "never came: {what}");
            self.app.update();
        }
    }

    /// Runs for a while: flights land, transitions end.
    pub(crate) fn settle(&mut self, span: Duration) {
        let started = Instant::now();
        while started.elapsed() < span {
            self.app.update();
        }
    }

    pub(crate) fn until_status(&mut self, status: LinkStatus) {
        self.until(status.word(), |world| {
            world.resource::<Connection>().report.status == status && world.resource::<Backlog>().waiting == 0
        });
    }

    /// Draws and reads the picture.
    pub(crate) fn picture(&mut self) -> image::RgbImage {
        self.taken += 1;
        let path = self.folder.path().join(format!("{}.png", self.taken));
        let image = self.app.world().get_resource::<wall::canvas::OffscreenImage>().cloned();
        picture::take(&mut self.app.world_mut().commands(), image.as_ref(), path.clone());
        self.until("a picture", |_| path.exists());
        keep(&path);
        image::open(&path).expect("a picture").to_rgb8()
    }
}

/// `OPSWALL_TEST_PICTURES=folder` keeps the pictures for a person to look at.
fn keep(path: &Path) {
    if let (Some(folder), Some(name)) = (std::env::var_os("OPSWALL_TEST_PICTURES"), path.file_name()) {
        std::fs::copy(path, Path::new(&folder).join(name)).expect("the folder takes pictures");
    }
}

/// How many pixels are this colour, give or take what blending does at an edge.
pub(crate) fn pixels_of(picture: &image::RgbImage, colour: Color) -> usize {
    let Srgba { red, green, blue, .. } = colour.to_srgba();
    let wanted = [red, green, blue].map(|part| (part * 255.0).round() as i32);
    let close = |pixel: &image::Rgb<u8>| {
        pixel
            .0
            .iter()
            .zip(wanted)
            .all(|(part, wanted)| (i32::from(*part) - wanted).abs() <= 6)
    };
    picture.pixels().filter(|pixel| close(pixel)).count()
}

/// Pixels that differ visibly.
pub(crate) fn difference(a: &image::RgbImage, b: &image::RgbImage) -> usize {
    let differs = |(a, b): &(&image::Rgb<u8>, &image::Rgb<u8>)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 24);
    a.pixels().zip(b.pixels()).filter(differs).count()
}

/// One test, one app: a second one in the same process would set up the logger again.
#[test]
fn the_wall_is_drawn_lives_goes_stale_and_comes_back() {
    let options = Options {
        agents: 16,
        workflows: 6,
        tasks: 160,
        rate: 0.0,
        seed: 7,
        ..Options::default()
    };
    let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server");
    let control = server.control();
    let mut wall = Wall::on(&server);

    wall.until_status(LinkStatus::Connected);
    wall.settle(Duration::from_secs(2));
    let rows: usize = control.state().tables.values().map(|table| table.rows).sum();
    assert_eq!(
        wall.app.world().resource::<FleetIndex>().len(),
        rows,
        "every row is an entity"
    );
    let live = wall.picture();
    assert_eq!((live.width(), live.height()), (SIZE.x, SIZE.y));
    let counts = wall.app.world().resource::<Counts>().clone();
    for status in [Status::Running, Status::Blocked, Status::Failed] {
        assert!(
            counts.of(Kind::Task, status) > 0,
            "the seed has {} tasks",
            status.word()
        );
        let drawn = pixels_of(&live, Palette::DARK.status(status));
        assert!(
            drawn > 20,
            "{} tasks are drawn in their colour: {drawn} pixels",
            status.word()
        );
    }
    assert!(
        pixels_of(&live, Palette::DARK.ground) > live.len() / 3 / 4,
        "the ground fills the screen"
    );

    control.step(60);
    wall.settle(Duration::from_secs(2));
    let later = wall.picture();
    assert!(difference(&live, &later) > 200, "changes are seen");

    control.refuse(Refusal::default(), None);
    control.cut(Cut::Rst);
    wall.until_status(LinkStatus::Error);
    wall.settle(Duration::from_secs(2));
    let offline = wall.picture();
    let (before, after) = (running_pixels(&later), running_pixels(&offline));
    // The legend keeps its colours; the scene has lost them.
    assert!(
        after * 3 < before,
        "not live, it looks stale: {before} pixels of running blue, then {after}"
    );
    let reds = |picture| pixels_of(picture, Palette::DARK.status(Status::Failed));
    assert!(
        reds(&offline) > reds(&later) + 2_000,
        "the badge and the header's line turn red"
    );
    assert_eq!(
        wall.app.world().resource::<FleetIndex>().len(),
        rows_of(&wall),
        "stale, never blank"
    );

    control.allow();
    wall.app.world_mut().write_message(Intent::Reconnect);
    wall.until_status(LinkStatus::Connected);
    wall.settle(Duration::from_secs(2));
    let back = wall.picture();
    assert!(running_pixels(&back) > after * 3, "live again, it looks it");
    assert!(reds(&back) < reds(&offline), "and the badge with it");
}

fn running_pixels(picture: &image::RgbImage) -> usize {
    pixels_of(picture, Palette::DARK.status(Status::Running))
}

fn rows_of(wall: &Wall) -> usize {
    let counts = wall.app.world().resource::<Counts>();
    Kind::ALL.into_iter().map(|kind| counts.total(kind)).sum()
}
