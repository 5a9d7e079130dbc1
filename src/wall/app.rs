//! The app: its plugins in the order of the data.

use std::{path::PathBuf, sync::Arc};

use bevy::{
    log::{Level, LogPlugin},
    prelude::*,
    render::error_handler::RenderErrorHandler,
};

use super::{canvas::Canvas, picture, unattended};
use crate::{connection::ConnectionPlugin, domain::Mapping, fleet, frame, layout, messages, scene, third_party, ui};

/// What a wall is built from.
#[derive(Debug)]
pub struct WallOptions {
    pub canvas: Canvas,
    pub connection: ConnectionPlugin,
    pub mapping: Arc<Mapping>,
    /// Rewrites this picture every 5 s and prints a status line.
    pub keep_picture: Option<PathBuf>,
    pub verbose: bool,
    pub reduced_motion: bool,
    /// The screen's diagonal in inches and the distance it is read from in metres.
    pub viewing: Option<(f32, f32)>,
}

/// Builds the app; the caller runs it and returns its exit code.
pub fn build(options: WallOptions) -> App {
    let mut app = App::new();
    // A system that fails says so and the wall goes on; a panic still ends the process.
    app.set_error_handler(bevy::ecs::error::warn);
    options.canvas.add_bevy(&mut app, log(options.verbose));
    app.insert_resource(fleet::FleetMapping(options.mapping))
        .add_plugins((
            frame::plugin,
            messages::plugin,
            options.connection,
            fleet::plugin,
            layout::plugin,
        ))
        .add_plugins((
            third_party::plugin,
            scene::plugin,
            ui::plugin,
            picture::plugin,
            unattended::plugin,
        ));
    if let Some(path) = options.keep_picture {
        app.insert_resource(unattended::KeptPicture::new(path));
    }
    app
}

fn log(verbose: bool) -> LogPlugin {
    LogPlugin {
        level: if verbose { Level::INFO } else { Level::WARN },
        filter: if verbose {
            "wgpu=warn,naga=warn".into()
        } else {
            "wgpu=error,naga=error,bevy_winit=error".into()
        },
        ..default()
    }
}
