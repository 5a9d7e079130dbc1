//! The whole wall without a window: a real feed over a real socket, drawn into pictures.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    time::{Duration, Instant},
};

use bevy::{prelude::*, text::TextLayoutInfo};
use demo::{Options, Server};
use model::Kind;
use opswall::{
    connection::{ConnectionPlugin, ConnectionView},
    fleet::{Counts, FleetIndex},
    layout::{Block, Ground},
    messages::{Backlog, Intent},
    scene::camera::View,
    wall::{self, Picture, WallOptions, canvas::Canvas, picture},
};
use realtime::LinkStatus;
use settings::WallSettings;
use uuid::Uuid;

use crate::by_hand::key;

/// Software rendering on a busy machine: a hang fails, slowness does not.
const WATCHDOG: Duration = Duration::from_secs(120);
/// Flights land, transitions end, labels fade in.
const SETTLE: Duration = Duration::from_millis(1_800);

pub(crate) struct Wall {
    pub(crate) app: App,
    folder: tempfile::TempDir,
    taken: usize,
}

/// A feed that changes only on request.
pub(crate) fn feed(agents: usize, workflows: usize, tasks: usize) -> Server {
    let options = Options {
        agents,
        workflows,
        tasks,
        rate: 0.0,
        seed: 7,
        ..Options::default()
    };
    Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server")
}

impl Wall {
    pub(crate) fn on(server: &Server, size: UVec2) -> Self {
        Self::with(server, size, Picture::None, WallSettings::default())
    }

    pub(crate) fn with(server: &Server, size: UVec2, picture: Picture, wall: WallSettings) -> Self {
        let mut settings = crate::listener::settings(&server.url());
        settings.backoff.max_attempts = 2;
        let mapping = settings.mapping.clone();
        let mut app = wall::build(WallOptions {
            canvas: Canvas::offscreen(size),
            connection: ConnectionPlugin::start(settings, false, None).expect("a worker"),
            mapping,
            picture,
            settings: wall,
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

    /// Runs for a while.
    pub(crate) fn run_for(&mut self, span: Duration) {
        let started = Instant::now();
        while started.elapsed() < span {
            self.app.update();
        }
    }

    /// Flights land, transitions end.
    pub(crate) fn settle(&mut self) {
        self.run_for(SETTLE);
    }

    pub(crate) fn until_status(&mut self, status: LinkStatus) {
        self.until(status.word(), |world| {
            world.resource::<ConnectionView>().report.status == status && world.resource::<Backlog>().waiting == 0
        });
    }

    /// Until this number of rows are entities.
    pub(crate) fn until_rows(&mut self, rows: usize) {
        self.until(&format!("{rows} rows"), |world| {
            world.resource::<FleetIndex>().len() == rows && world.resource::<Backlog>().waiting == 0
        });
    }

    /// The entity of a row of the demo's tables.
    pub(crate) fn row(&self, kind: Kind, id: Uuid) -> Entity {
        let index = self.app.world().resource::<FleetIndex>();
        index.get(&key(kind, id)).unwrap_or_else(|| panic!("no {kind:?} {id}"))
    }

    /// Selects a row and goes there.
    pub(crate) fn visit(&mut self, kind: Kind, id: Uuid) {
        let world = self.app.world_mut();
        world.write_message(Intent::Select(Some(key(kind, id))));
        world.write_message(Intent::Focus(key(kind, id)));
        self.settle();
        self.settle();
    }

    pub(crate) fn get<C: Component + Clone>(&self, row: Entity) -> Option<C> {
        self.app.world().get::<C>(row).cloned()
    }

    /// The block that is called so and is no row.
    pub(crate) fn ground(&mut self, name: &str) -> Option<Block> {
        let world = self.app.world_mut();
        let mut grounds = world.query::<(&Ground, &Block)>();
        let found = grounds.iter(world).find(|(ground, _)| *ground.name == *name);
        found.map(|(_, block)| *block)
    }

    /// Rows that are counted, of all kinds.
    pub(crate) fn counted(&self) -> usize {
        let counts = self.app.world().resource::<Counts>();
        Kind::ALL.into_iter().map(|kind| counts.total(kind)).sum()
    }

    /// Draws and reads the picture. `OPSWALL_PICTURES=folder` keeps it for a person to look at.
    pub(crate) fn picture(&mut self, name: &str) -> image::RgbImage {
        self.taken += 1;
        let path = self.folder.path().join(format!("{}.png", self.taken));
        let image = self.app.world().get_resource::<wall::canvas::OffscreenImage>().cloned();
        picture::take(&mut self.app.world_mut().commands(), image.as_ref(), path.clone());
        self.until("a picture", |_| path.exists());
        if let Some(folder) = std::env::var_os("OPSWALL_PICTURES") {
            let kept = PathBuf::from(folder).join(name).with_extension("png");
            std::fs::copy(&path, kept).expect("the folder takes pictures");
        }
        image::open(&path).expect("a picture").to_rgb8()
    }

    /// The labels that are seen: what they say, with a second part after it, and where, in screen pixels.
    pub(crate) fn labels(&mut self) -> Vec<(String, Rect)> {
        let view = *self.app.world().resource::<View>();
        let world = self.app.world_mut();
        let mut spans = world.query::<&TextSpan>();
        let mut texts = world.query::<(
            &Text2d,
            &TextLayoutInfo,
            &Transform,
            &Visibility,
            &TextColor,
            Option<&Children>,
        )>();
        texts
            .iter(world)
            .filter(|(_, _, _, visibility, color, _)| **visibility == Visibility::Visible && color.0.alpha() > 0.9)
            .map(|(text, layout, transform, _, _, children)| {
                let corner = view.screen_from_world(transform.translation.truncate());
                // A label of one part has no children.
                let tail: String = children
                    .into_iter()
                    .flat_map(|children| children.iter())
                    .filter_map(|child| spans.get(world, child).ok())
                    .map(|span| span.0.as_str())
                    .collect();
                (
                    format!("{}{tail}", text.0),
                    Rect::from_corners(corner, corner + layout.size),
                )
            })
            .collect()
    }

    /// No label over another, none over the edge of the screen; answers what they say.
    pub(crate) fn legible(&mut self) -> Vec<String> {
        let size = self.app.world().resource::<View>().size_px;
        let labels = self.labels();
        for (index, (text, rect)) in labels.iter().enumerate() {
            // What is estimated before a text is laid out may be a little off.
            let inner = rect.inflate(-3.0);
            assert!(
                inner.min.cmpge(Vec2::ZERO).all() && inner.max.cmple(size).all(),
                "{text} leaves the screen at {rect:?}"
            );
            for (other, there) in labels.iter().take(index) {
                let both = inner.intersect(there.inflate(-3.0));
                assert!(both.is_empty(), "{text} is over {other}");
            }
        }
        labels.into_iter().map(|(text, _)| text).collect()
    }
}

/// The id of a row of the demo's tables.
pub(crate) fn id_of(row: &serde_json::Value) -> Uuid {
    row["id"].as_str().expect("an id").parse().expect("a uuid")
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
