//! What is drawn on: a window, or an image when there is no display.

use std::time::{Duration, Instant};

use bevy::{
    asset::RenderAssetUsages,
    camera::RenderTarget,
    prelude::*,
    render::{
        RenderPlugin,
        render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages},
        settings::{Backends, WgpuSettings},
    },
    time::TimeUpdateStrategy,
    window::{ExitCondition, PresentMode, WindowMode, WindowResolution},
    winit::{WinitPlugin, WinitSettings},
};

use super::frame_rate;
use crate::{frame::SetTime, scene::camera::SceneCamera};

/// Where the wall is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Canvas {
    /// A window on the display.
    Window {
        /// The window covers the whole display and has no frame.
        fullscreen: bool,
    },
    /// An image, where there is no display or none is wanted.
    Offscreen {
        /// Width and height, in pixels.
        size: UVec2,
        /// The rate at which it is drawn at most.
        frames_per_second: f64,
    },
}

/// The image that an offscreen canvas is drawn into.
#[derive(Resource, Debug, Clone)]
pub struct OffscreenImage(pub Handle<Image>);

/// Frames are drawn at most this often even without a display to wait for.
pub(crate) const DEFAULT_OFFSCREEN_RATE: f64 = 30.0;

impl Canvas {
    /// A canvas without a window, at its ordinary rate.
    pub fn offscreen(size: UVec2) -> Self {
        Self::Offscreen {
            size,
            frames_per_second: DEFAULT_OFFSCREEN_RATE,
        }
    }

    /// Bevy's own plugins, set up for this canvas.
    pub(crate) fn add_bevy(self, app: &mut App, log: bevy::log::LogPlugin) {
        let plugins = DefaultPlugins.build().set(log);
        match self {
            Self::Window { fullscreen } => {
                let window = Window {
                    title: "opswall".into(),
                    name: Some("opswall".into()),
                    // A kiosk starts with a size that no screen has, so that a window that was not resized is recognised.
                    resolution: if fullscreen {
                        WindowResolution::new(1601, 901)
                    } else {
                        WindowResolution::new(1600, 900)
                    },
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
                // A wall usually has no focus and is animated all the same.
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
                            render_creation: offscreen_settings().into(),
                            ..default()
                        })
                        .disable::<WinitPlugin>(),
                )
                .set_runner(move |app| frame_rate::run(app, Duration::from_secs_f64(1.0 / frames_per_second)))
                .insert_resource(OffscreenSize(size))
                .add_systems(PostStartup, aim_cameras_at_image);
            }
        }
        app.add_systems(First, set_time.in_set(SetTime));
    }
}

/// Sets the time of this frame. By default Bevy takes the time from the renderer, some frames late: after an idle interval
/// that is seconds, and an animation would be over before it is seen.
fn set_time(mut strategy: ResMut<TimeUpdateStrategy>) {
    use TimeUpdateStrategy::{Automatic, ManualInstant};
    if matches!(*strategy, Automatic | ManualInstant(_)) {
        *strategy = ManualInstant(Instant::now());
    }
}

/// Without OpenGL, which needs a display, unless the environment names it.
pub(super) fn offscreen_settings() -> WgpuSettings {
    let backends = Backends::from_env().unwrap_or(Backends::PRIMARY);
    WgpuSettings {
        backends: Some(backends),
        ..default()
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
    let image = images.add(target_image(size.0));
    for camera in &cameras {
        commands
            .entity(camera)
            .insert(RenderTarget::Image(image.clone().into()));
    }
    commands.insert_resource(OffscreenImage(image));
}

/// An image of this size in pixels that a camera can draw into.
pub(super) fn target_image(size: UVec2) -> Image {
    let mut image = Image::new_fill(
        Extent3d {
            width: size.x,
            height: size.y,
            depth_or_array_layers: 1,
        },
        TextureDimension::D2,
        &[0; 4],
        TextureFormat::Rgba8UnormSrgb,
        // Kept in the main world too, from which it is restored after the loss of a GPU device.
        RenderAssetUsages::default(),
    );
    image.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    image
}

/// Whether a window can be opened here: a display is named in the environment and something listens at its socket.
pub(crate) fn display_answers() -> bool {
    let named = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    named("WAYLAND_DISPLAY").is_some_and(|name| wayland_answers(&name))
        || named("DISPLAY").is_some_and(|name| x11_answers(&name))
}

#[cfg(unix)]
fn wayland_answers(name: &str) -> bool {
    let folder = std::env::var_os("XDG_RUNTIME_DIR").unwrap_or_default();
    // An absolute name replaces the folder.
    std::os::unix::net::UnixStream::connect(std::path::Path::new(&folder).join(name)).is_ok()
}

/// `:0` and `unix:0` are local sockets; a name before the colon is another machine, which winit may try.
#[cfg(unix)]
fn x11_answers(name: &str) -> bool {
    let Some((host, display)) = name.rsplit_once(':') else {
        return false;
    };
    if !host.is_empty() && host != "unix" {
        return true;
    }
    let number = display.split('.').next().unwrap_or_default();
    let path = format!("/tmp/.X11-unix/X{number}");
    // Some servers listen at the abstract name alone.
    std::os::unix::net::UnixStream::connect(path).is_ok() || abstract_x11_answers(number)
}

#[cfg(target_os = "linux")]
fn abstract_x11_answers(number: &str) -> bool {
    use std::os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixStream},
    };
    SocketAddr::from_abstract_name(format!("/tmp/.X11-unix/X{number}"))
        .is_ok_and(|address| UnixStream::connect_addr(&address).is_ok())
}

#[cfg(all(unix, not(target_os = "linux")))]
fn abstract_x11_answers(_number: &str) -> bool {
    false
}

/// Other systems always have a desktop.
#[cfg(not(unix))]
fn wayland_answers(_name: &str) -> bool {
    false
}

#[cfg(not(unix))]
fn x11_answers(_name: &str) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use bevy::time::{TimePlugin, create_time_channels};

    use super::*;

    #[test]
    fn the_clock_is_never_behind_however_late_the_renderer_sends_the_time() {
        let mut app = App::new();
        app.add_plugins((TimePlugin, crate::frame::plugin))
            .add_systems(First, set_time.in_set(SetTime));
        let (renderer, receiver) = create_time_channels();
        app.insert_resource(receiver);
        for _ in 0..3 {
            renderer.0.send(Instant::now()).expect("there is room");
            std::thread::sleep(Duration::from_millis(20));
            let before = Instant::now();
            app.update();
            assert!(app.world().resource::<Time<Real>>().last_update() >= Some(before));
        }
        app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_secs(7)));
        app.update();
        assert_eq!(
            app.world().resource::<Time<Real>>().delta_secs(),
            7.0,
            "a test's own clock is kept"
        );
    }
}
