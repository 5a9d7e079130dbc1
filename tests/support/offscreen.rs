//! A scene without a window: entities are set by hand, and the pixels of pictures are inspected.

#![allow(clippy::expect_used, reason = "a test that cannot draw has failed")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};

use bevy::{
    app::PluginGroupBuilder,
    camera::{RenderTarget, ScalingMode},
    log::LogPlugin,
    prelude::*,
    render::{
        RenderPlugin,
        pipelined_rendering::PipelinedRenderingPlugin,
        render_resource::{PollType, TextureFormat, TextureUsages},
        renderer::RenderDevice,
        view::screenshot::{Screenshot, ScreenshotCaptured},
    },
    shader::ShaderImport,
    window::ExitCondition,
    winit::WinitPlugin,
};
use model::*;
use opswall::{fleet::*, frame, layout::*, messages, scene};
use plan::{BlockKey, BlockPlace};

/// A requested picture must arrive within this many frames.
const PATIENCE_FRAMES: usize = 100;
/// Shaders are loaded within this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// An application that draws the scene into a picture.
pub(crate) struct Studio {
    pub(crate) app: App,
    target: Handle<Image>,
    size: UVec2,
}

/// What sets rows and places.
#[derive(Clone, Copy)]
enum Stage {
    ByHand,
    Layout,
    Fleet,
}

#[derive(Resource, Default)]
struct Shot(Option<Image>);

/// Bevy's plugins for drawing without a window.
fn plugins() -> PluginGroupBuilder {
    DefaultPlugins
        .set(WindowPlugin {
            primary_window: None,
            exit_condition: ExitCondition::DontExit,
            ..default()
        })
        .set(RenderPlugin {
            synchronous_pipeline_compilation: true,
            ..default()
        })
        .disable::<WinitPlugin>()
        .disable::<LogPlugin>()
        .disable::<PipelinedRenderingPlugin>()
}

impl Studio {
    /// `units` world units from the lower to the upper edge of the picture. Tasks that are set by hand have cells of one world
    /// unit, and so have agents; `set_sizes` changes that.
    pub(crate) fn new(size: UVec2, units: f32) -> Self {
        let mut studio = Self::build(size, Stage::ByHand);
        studio.app.insert_resource(scene::camera::View {
            center: Vec2::ZERO,
            world_per_px: units / size.y as f32,
            size_px: size.as_vec2(),
        });
        studio.set_sizes(Vec2::ONE, 1.0);
        let projection = OrthographicProjection {
            scaling_mode: ScalingMode::FixedVertical { viewport_height: units },
            ..OrthographicProjection::default_2d()
        };
        studio.app.world_mut().spawn((
            Camera2d,
            Msaa::Off,
            RenderTarget::Image(studio.target.clone().into()),
            Projection::Orthographic(projection),
        ));
        studio
    }

    /// The scene with the layout and the scene's own camera.
    pub(crate) fn staged(size: UVec2) -> Self {
        Self::with_camera(size, Stage::Layout)
    }

    /// The same with rows that arrive as changes; the fleet's clock follows real time.
    pub(crate) fn fed(size: UVec2) -> Self {
        Self::with_camera(size, Stage::Fleet)
    }

    fn with_camera(size: UVec2, stage: Stage) -> Self {
        let mut studio = Self::build(size, stage);
        studio.app.update();
        let world = studio.app.world_mut();
        let mut cameras = world.query_filtered::<Entity, With<scene::camera::SceneCamera>>();
        let camera = cameras.single(world).expect("the scene has one camera");
        world
            .entity_mut(camera)
            .insert(RenderTarget::Image(studio.target.clone().into()));
        studio
    }

    fn build(size: UVec2, stage: Stage) -> Self {
        let built = catch_unwind(AssertUnwindSafe(|| {
            let mut app = App::new();
            app.add_plugins(plugins())
                .add_plugins((frame::plugin, messages::plugin, scene::plugin, crate::by_hand::plugin))
                .init_resource::<Shot>();
            app.insert_resource(ClearColor(scene::palette::palette(default()).ground));
            match stage {
                Stage::ByHand => {}
                Stage::Layout => {
                    app.add_plugins(opswall::layout::plugin);
                }
                Stage::Fleet => {
                    app.add_plugins((opswall::layout::plugin, opswall::fleet::plugin));
                }
            }
            app.finish();
            app.cleanup();
            wait_for_view(&mut app);
            app
        }));
        let Ok(mut app) = built else {
            panic!("No graphics adapter: install a Vulkan driver (on Debian and Ubuntu: mesa-vulkan-drivers).");
        };
        let mut image = Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None);
        image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
        let target = app.world_mut().resource_mut::<Assets<Image>>().add(image);
        Self { app, target, size }
    }

    /// Sets the clock of the fleet, seconds.
    pub(crate) fn at(&mut self, secs: f64) -> &mut Self {
        self.app.world_mut().resource_mut::<FleetClock>().0 = secs;
        self
    }

    /// Draws one frame completely.
    pub(crate) fn update(&mut self) {
        self.app.update();
        let device = self.app.world().resource::<RenderDevice>().clone();
        device
            .wgpu_device()
            .poll(PollType::Wait {
                submission_index: None,
                timeout: None,
            })
            .expect("the frame is drawn");
    }

    /// Draws the next frame and returns its picture.
    pub(crate) fn picture(&mut self) -> Picture {
        let target = self.target.clone();
        self.app
            .world_mut()
            .spawn(Screenshot::image(target))
            .observe(|captured: On<ScreenshotCaptured>, mut shot: ResMut<Shot>| shot.0 = Some(captured.image.clone()));
        for _ in 0..PATIENCE_FRAMES {
            self.update();
            if let Some(image) = self.app.world_mut().resource_mut::<Shot>().0.take() {
                return Picture { image, size: self.size };
            }
        }
        panic!("no picture after {PATIENCE_FRAMES} frames");
    }

    /// The size of the cells and the diameter of the agents that are set by hand from now on, world units.
    pub(crate) fn set_sizes(&mut self, cell: Vec2, agent: f32) {
        self.app.insert_resource(CellSizes {
            least: cell,
            most: cell,
            agent,
        });
    }

    fn sizes(&self) -> CellSizes {
        *self.app.world().resource::<CellSizes>()
    }

    pub(crate) fn task(&mut self, at: Vec2, status: Status) -> Entity {
        let size = self.sizes().most;
        let mut task = self.app.world_mut().spawn(resting(at, size, status));
        task.insert(TaskRow::default());
        task.id()
    }

    pub(crate) fn agent(&mut self, at: Vec2, status: Status) -> Entity {
        let size = Vec2::splat(self.sizes().agent);
        let mut agent = self.app.world_mut().spawn(resting(at, size, status));
        agent.insert(AgentRow::default());
        agent.id()
    }

    /// A block with a header of this height; its cells are of the size that is set.
    pub(crate) fn workflow(&mut self, ground: Rect, header: f32, status: Status, progress: Option<f32>) -> Entity {
        let row = (reading(status), long_ago(), WorkflowRow { progress });
        let row = self.app.world_mut().spawn(row).id();
        let block = self.block(row, ground, header);
        self.app.world_mut().entity_mut(row).insert(block);
        row
    }

    /// A block that is no row.
    pub(crate) fn ground(&mut self, name: &str, ground: Rect, header: f32) -> Entity {
        let row = self.app.world_mut().spawn(Ground { name: name.into() }).id();
        let block = self.block(row, ground, header);
        self.app.world_mut().entity_mut(row).insert(block);
        row
    }

    fn block(&self, row: Entity, ground: Rect, header: f32) -> Block {
        let own = |rect: Rect| plan::Rect::new(rect.min, rect.max);
        let cell = self.sizes().most;
        let body = Rect {
            max: Vec2::new(ground.max.x, ground.max.y - header),
            ..ground
        };
        let grid = (body.size() / cell).floor().max(Vec2::ZERO).as_uvec2();
        let place = BlockPlace {
            key: BlockKey::Workflow(row),
            rect: own(ground),
            header: own(Rect {
                min: Vec2::new(ground.min.x, body.max.y),
                ..ground
            }),
            body: own(body),
            first_cell: Vec2::new(body.min.x, body.max.y) + cell * Vec2::new(0.5, -0.5),
            pitch: cell,
            cell,
            grid: grid.to_array(),
            counted_agents: 0,
            count_at: ground.center(),
            workflows: 1,
        };
        Block {
            place,
            from: ground,
            moved: 0.0,
        }
    }

    pub(crate) fn set_status(&mut self, row: Entity, status: Status, now: f64) {
        let mut row = self.app.world_mut().entity_mut(row);
        row.insert(reading(status));
        if let Some(mut moment) = row.get_mut::<Moment>() {
            moment.changed = now;
        }
    }
}

/// The scene's shaders import Bevy's view, which is loaded in the background: until then the scene is not drawn.
fn wait_for_view(app: &mut App) {
    let started = Instant::now();
    let view = ShaderImport::Custom("bevy_render::view".into());
    loop {
        app.update();
        let shaders = app.world().resource::<Assets<Shader>>();
        let is_loaded = shaders.iter().any(|(_, shader)| shader.import_path == view);
        if is_loaded {
            // The renderer gets it in the next frame.
            app.update();
            return;
        }
        assert!(started.elapsed() < PATIENCE, "Bevy's view is not loaded");
    }
}

fn reading(status: Status) -> RowState {
    RowState(StatusReading::of(status))
}

fn long_ago() -> Moment {
    Moment {
        appeared: 0.0,
        changed: 0.0,
        gone: None,
    }
}

fn resting(at: Vec2, size: Vec2, status: Status) -> (RowState, Moment, Place) {
    (
        reading(status),
        long_ago(),
        Place {
            at,
            size,
            from: at,
            moved: 0.0,
        },
    )
}

/// A picture and its pixels.
pub(crate) struct Picture {
    image: Image,
    pub(crate) size: UVec2,
}

impl Picture {
    /// sRGB, 0 to 255.
    pub(crate) fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let start = ((y * self.size.x + x) * 4) as usize;
        let data = self.image.data.as_ref().expect("a picture has pixels");
        [data[start], data[start + 1], data[start + 2]]
    }

    /// The pixels of a rectangle, row by row.
    pub(crate) fn cut(&self, corner: UVec2, size: UVec2) -> Vec<[u8; 3]> {
        (0..size.y)
            .flat_map(|y| (0..size.x).map(move |x| (x, y)))
            .map(|(x, y)| self.pixel(corner.x + x, corner.y + y))
            .collect()
    }

    pub(crate) fn all(&self) -> Vec<[u8; 3]> {
        self.cut(UVec2::ZERO, self.size)
    }

    pub(crate) fn rgb(&self) -> image::RgbImage {
        let image = self.image.clone().try_into_dynamic();
        image.expect("an ordinary format").to_rgb8()
    }

    /// Keeps the picture for people to look at, where `OPSWALL_PICTURES` names a folder.
    pub(crate) fn keep(&self, name: &str) {
        if let Some(folder) = std::env::var_os("OPSWALL_PICTURES") {
            self.rgb()
                .save(Path::new(&folder).join(name).with_extension("png"))
                .expect("the picture is written");
        }
    }
}

/// A palette colour as it is in a picture.
pub(crate) fn srgb(colour: Color) -> [u8; 3] {
    let [red, green, blue, _] = colour.to_srgba().to_u8_array();
    [red, green, blue]
}

/// The largest difference of a channel.
pub(crate) fn difference(one: [u8; 3], other: [u8; 3]) -> u8 {
    (0..3)
        .map(|channel| one[channel].abs_diff(other[channel]))
        .max()
        .unwrap_or(0)
}
