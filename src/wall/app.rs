//! The app: its plugins in the order of the data.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    sync::Arc,
};

use bevy::{
    log::{Level, LogPlugin},
    prelude::*,
};

use super::{
    canvas::Canvas, fonts, frame_rate, governor, gpu, in_force, kiosk, picture, resolution, snapshot, unattended,
    viewing,
};
use crate::{connection::ConnectionPlugin, fleet, frame, layout, messages, scene, search, third_party, ui};
use model::Mapping;
use model::Notice;
use settings::WallSettings;

/// On an unattended wall the whole fleet is shown again this long after the view was last changed by hand.
const KIOSK_FIT_SECS: f32 = 60.0;

/// What a wall is built from.
#[derive(Debug)]
pub struct WallOptions {
    /// Where the wall is drawn: in a window, or into an image.
    pub canvas: Canvas,
    /// The feed that the wall follows.
    pub connection: ConnectionPlugin,
    /// How rows are read: which table and column means what.
    pub mapping: Arc<Mapping>,
    /// Which pictures of itself the wall takes.
    pub picture: Picture,
    /// What a user can set about the display.
    pub settings: WallSettings,
    /// The log contains informational messages too; otherwise only warnings and errors.
    pub verbose: bool,
    /// Notices of the settings; shown once the wall is up.
    pub notices: Vec<Notice>,
}

/// Which pictures of itself the wall takes.
#[derive(Debug, Clone)]
pub enum Picture {
    /// The wall writes no picture of itself.
    None,
    /// Rewrites the file every few seconds and prints a status line.
    Kept(PathBuf),
    /// Takes one when the wall has been live for `settle_secs`, then exits.
    Once {
        /// The file that is written, a .png.
        path: PathBuf,
        /// How long the wall must have been live, in seconds, so that everything has arrived at its place.
        settle_secs: f64,
        /// Called before the picture, which then waits until the wall has given up reconnecting.
        lose: Option<Lose>,
        /// Prints how legible the picture is, as one JSON object.
        reports: bool,
    },
}

/// Ends the feed's server.
#[derive(Clone)]
pub struct Lose(Arc<dyn Fn() + Send + Sync>);

impl Lose {
    /// Wraps the function that ends the server.
    pub(crate) fn new(lose: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(lose))
    }

    pub(super) fn call(&self) {
        (self.0)();
    }
}

impl std::fmt::Debug for Lose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lose")
    }
}

/// Builds the app; the caller runs it and returns its exit code.
pub fn build(options: WallOptions) -> App {
    let mut app = App::new();
    // A system that returns an error is logged and the wall goes on; a panic ends the process.
    app.set_error_handler(bevy::ecs::error::warn);
    options.canvas.add_bevy(&mut app, log(options.verbose));
    app.insert_resource(fleet::FleetMapping(options.mapping))
        .add_plugins((
            frame::plugin,
            messages::plugin,
            options.connection,
            fleet::plugin,
            layout::plugin,
            search::plugin,
            crate::table::plugin,
        ))
        .add_plugins((
            third_party::plugin,
            scene::plugin,
            ui::plugin,
            picture::plugin,
            unattended::plugin,
            snapshot::plugin,
            viewing::plugin,
            in_force::plugin,
            fonts::plugin,
            gpu::plugin,
            resolution::plugin,
            frame_rate::plugin,
        ));
    #[cfg(feature = "dev")]
    app.add_plugins(crate::dev::plugin);
    // The features own these resources; the settings only change them.
    in_force::begin(app.world_mut(), &options.settings);
    if options.settings.kiosk {
        app.add_plugins(kiosk::plugin);
        let mut habits = app.world_mut().resource_mut::<scene::camera::CameraHabits>();
        habits.fit_after_secs = Some(KIOSK_FIT_SECS);
    }
    // Measurements and single pictures are drawn at full quality and at the full rate.
    if matches!(options.canvas, Canvas::Window { .. }) {
        app.add_plugins(frame_rate::idle_plugin);
        app.add_plugins(governor::plugin);
    } else if matches!(options.picture, Picture::Kept(_)) {
        app.add_plugins(frame_rate::idle_plugin);
    }
    match options.picture {
        Picture::None => {}
        Picture::Kept(path) => {
            app.insert_resource(unattended::KeptPicture::new(path));
        }
        Picture::Once {
            path,
            settle_secs,
            lose,
            reports,
        } => {
            app.insert_resource(snapshot::Wanted::new(path, settle_secs, lose, reports));
        }
    }
    let notices = options.notices;
    app.add_systems(Startup, move |mut writer: MessageWriter<messages::Noticed>| {
        writer.write_batch(notices.iter().cloned().map(messages::Noticed));
    });
    app
}

fn log(verbose: bool) -> LogPlugin {
    LogPlugin {
        level: if verbose { Level::INFO } else { Level::WARN },
        filter: if verbose {
            "wgpu=warn,naga=warn,rustls_platform_verifier=off".into()
        } else {
            "wgpu=error,naga=error,bevy_winit=error,bevy_egui::render=error,bevy_render::renderer=error,rustls_platform_verifier=off".into()
        },
        // Bevy's layer, except that a log in a file has no colour codes.
        fmt_layer: |_| {
            let layer = tracing_subscriber::fmt::Layer::default().with_writer(io::stderr);
            Some(Box::new(if io::stderr().is_terminal() {
                layer
            } else {
                layer.with_ansi(false)
            }))
        },
        ..default()
    }
}
