//! What is drawn on: a window, or an image when there is no display.

use bevy::{
    app::ScheduleRunnerPlugin,
    asset::RenderAssetUsages,
    camera::RenderTarget,
    prelude::*,
    render::{
        RenderPlugin,
        render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages},
    },
    time::TimeUpdateStrategy,
    window::{ExitCondition, PresentMode, PrimaryWindow, WindowMode, WindowResolution},
    winit::{WinitPlugin, WinitSettings},
};

use crate::scene::camera::SceneCamera;

/// Where the wall is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Canvas {
    /// A window on the display.
    Window { fullscreen: bool },
    /// An image of this size in pixels, drawn at most so many times a second.
    Offscreen { size: UVec2, frames_per_second: f64 },
}

/// The image that an offscreen canvas is drawn into.
#[derive(Resource, Debug, Clone)]
pub struct OffscreenImage(pub Handle<Image>);

/// Frames are drawn at most this often even without a display to wait for.
const DEFAULT_OFFSCREEN_RATE: f64 = 30.0;

impl Canvas {
    /// A canvas without a window, at its ordinary rate.
    pub fn offscreen(size: UVec2) -> Self {
        Self::Offscreen {
            size,
            frames_per_second: DEFAULT_OFFSCREEN_RATE,
        }
    }

    /// Bevy's own plugins, set up for this canvas.
    pub fn add_bevy(self, app: &mut App, log: bevy::log::LogPlugin) {
        let plugins = DefaultPlugins.build().set(log);
        match self {
            Self::Window { fullscreen } => {
                let window = Window {
                    title: "opswall".into(),
                    name: Some("opswall".into()),
                    resolution: WindowResolution::new(1600, 900),
                    present_mode: PresentMode::AutoVsync,
                    mode: if fullscreen {
                        WindowMode::BorderlessFullscreen(MonitorSelection::Current)
                    } else {
                        WindowMode::Windowed
                    },
                    ..default()
                };
                app.add_plugins(plugins.set(WindowPlugin {
                    primary_window: Some(window),
                    ..default()
                }))
                // A wall has no focus and still moves.
                .insert_resource(WinitSettings {
                    focused_mode: bevy::winit::UpdateMode::Continuous,
                    unfocused_mode: bevy::winit::UpdateMode::Continuous,
                });
            }
            Self::Offscreen {
                size,
                frames_per_second,
            } => {
                app.add_plugins(
                    plugins
                        .set(WindowPlugin {
                            primary_window: None,
                            exit_condition: ExitCondition::DontExit,
                            ..default()
                        })
                        .set(RenderPlugin {
                            synchronous_pipeline_compilation: true,
                            ..default()
                        })
                        .disable::<WinitPlugin>(),
                )
                .add_plugins(ScheduleRunnerPlugin::run_loop(std::time::Duration::from_secs_f64(
                    1.0 / frames_per_second,
                )))
                .insert_resource(OffscreenSize(size))
                .add_systems(PostStartup, aim_cameras_at_image);
            }
        }
        // Wall time, whatever the frame rate.
        app.insert_resource(TimeUpdateStrategy::Automatic);
    }
}

#[derive(Resource, Debug, Clone, Copy)]
struct OffscreenSize(UVec2);

fn aim_cameras_at_image(
    size: Res<OffscreenSize>,
    mut images: ResMut<Assets<Image>>,
    cameras: Query<Entity, With<SceneCamera>>,
    mut commands: Commands,
) {
    let mut image = Image::new_fill(
        Extent3d {
            width: size.0.x,
            height: size.0.y,
            depth_or_array_layers: 1,
        },
        TextureDimension::D2,
        &[0; 4],
        TextureFormat::Rgba8UnormSrgb,
        // Kept in the main world too: a lost GPU device is rebuilt from there.
        RenderAssetUsages::default(),
    );
    image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    let image = images.add(image);
    for camera in &cameras {
        commands
            .entity(camera)
            .insert(RenderTarget::Image(image.clone().into()));
    }
    commands.insert_resource(OffscreenImage(image));
}

/// Whether a window can be opened here: X11 or Wayland is named in the environment.
pub fn display_is_named() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Whether the wall has a window of its own.
pub fn has_window(windows: Query<(), With<PrimaryWindow>>) -> bool {
    !windows.is_empty()
}
