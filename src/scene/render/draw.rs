//! The draws of the scene in their order, and the command that draws one.

use std::ops::Range;

use bevy::{
    camera::visibility::RenderLayers,
    core_pipeline::core_2d::Transparent2d,
    ecs::{
        query::ROQueryItem,
        system::{
            SystemParamItem,
            lifetimeless::{Read, SRes},
        },
    },
    math::FloatOrd,
    prelude::*,
    render::{
        Extract,
        render_phase::{
            DrawFunctions, PhaseItem, PhaseItemExtraIndex, RenderCommand, RenderCommandResult, SetItemPipeline,
            TrackedRenderPass, ViewSortedRenderPhases,
        },
        render_resource::{IndexFormat, PipelineCache, SpecializedRenderPipelines},
        sync_world::{MainEntity, RenderEntity},
        view::{ExtractedView, ViewUniformOffset},
    },
};

use super::{
    gpu::{QUADS_A_DRAW, SceneBuffers},
    mirror::Mirror,
    pipeline::{PipelineKey, ScenePipeline},
    shaders::{DrawnSizes, Form, Program},
};
use crate::{messages::QualityFeature, scene::marks::Layer};

/// Strips of the veil's frame.
const VEIL_STRIPS: u32 = 4;

/// One draw of the scene: an entity of the render world.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    program: Program,
    /// The layer whose marks it draws; `None` for the links, the ties and the veil.
    layer: Option<Layer>,
}

/// From the back to the front by z. Labels are at 0 and above; the veil is in front of them.
const PASSES: [(f32, Program, Option<Layer>); 23] = [
    (-100.0, Program::Floors, Some(Layer::Grounds)),
    (-95.0, Program::Bands, Some(Layer::Grounds)),
    (-90.0, Program::Borders, Some(Layer::Grounds)),
    (-85.0, Program::Headers, Some(Layer::Grounds)),
    (-80.0, Program::Cells, Some(Layer::Tasks)),
    (-80.0, Program::RecentCells, Some(Layer::Tasks)),
    (-75.0, Program::Tiles, Some(Layer::Tasks)),
    (-75.0, Program::Tiles, Some(Layer::Alarms)),
    (-75.0, Program::Tiles, Some(Layer::Agents)),
    (-74.0, Program::TileBars, Some(Layer::Tasks)),
    (-74.0, Program::TileBars, Some(Layer::Alarms)),
    (-74.0, Program::TileBars, Some(Layer::Agents)),
    (-72.0, Program::Links, None),
    (-70.0, Program::Marks, Some(Layer::Tasks)),
    (-50.0, Program::Bodies, Some(Layer::Agents)),
    (-40.0, Program::Marks, Some(Layer::Agents)),
    // No agent hides a task in trouble.
    (-39.0, Program::Cells, Some(Layer::Alarms)),
    (-38.0, Program::Marks, Some(Layer::Alarms)),
    (-30.0, Program::Bubbles, Some(Layer::Alarms)),
    (-20.0, Program::Bubbles, Some(Layer::Agents)),
    (-15.0, Program::Ties, None),
    (-10.0, Program::Pointed, Some(Layer::Overlay)),
    (900.0, Program::Veil, None),
];

impl Pass {
    fn z(self) -> f32 {
        PASSES
            .iter()
            .find(|(_, program, layer)| (*program, *layer) == (self.program, self.layer))
            .map_or(0.0, |(z, ..)| *z)
    }
}

/// Runs with every new device; the passes outlive the device.
pub(super) fn spawn_passes(passes: Query<(), With<Pass>>, mut commands: Commands) {
    if passes.is_empty() {
        commands.spawn_batch(PASSES.map(|(_, program, layer)| {
            let name = Name::new(format!("scene pass {program:?} {layer:?}"));
            (name, Pass { program, layer })
        }));
    }
}

/// Marks the views of cameras that draw the scene: those that see the default render layer. The camera that shows the scene
/// enlarged sees another layer.
#[derive(Component, Debug, Clone, Copy)]
pub(super) struct SceneView;

pub(super) fn find_views(
    cameras: Extract<Query<(RenderEntity, Option<&RenderLayers>), With<Camera>>>,
    marked: Query<(), With<SceneView>>,
    mut commands: Commands,
) {
    for (view, layers) in &cameras {
        let is_scene = layers.is_none_or(|layers| layers.intersects(&RenderLayers::default()));
        if is_scene == marked.contains(view) {
            continue;
        }
        if let Ok(mut view) = commands.get_entity(view) {
            if is_scene {
                view.insert(SceneView);
            } else {
                view.remove::<SceneView>();
            }
        }
    }
}

pub(super) fn queue(
    passes: Query<(Entity, &Pass)>,
    mirror: Res<Mirror>,
    pipeline: Res<ScenePipeline>,
    cache: Res<PipelineCache>,
    draw_functions: Res<DrawFunctions<Transparent2d>>,
    mut pipelines: ResMut<SpecializedRenderPipelines<ScenePipeline>>,
    mut phases: ResMut<ViewSortedRenderPhases<Transparent2d>>,
    views: Query<(&ExtractedView, &Msaa), With<SceneView>>,
) {
    let draw_function = draw_functions.read().id::<DrawScene>();
    for (view, msaa) in &views {
        let Some(phase) = phases.get_mut(&view.retained_view_entity) else {
            continue;
        };
        let uniform = &mirror.uniform;
        let sizes = DrawnSizes::new(mirror.cells, uniform.levels, px_per_unit(view), uniform.unit);
        for (entity, pass) in &passes {
            let Some(program) = pass.program.at_sizes(pass.layer, sizes) else {
                continue;
            };
            if matches!(pass.program, Program::Links | Program::Ties) && !mirror.quality.has(QualityFeature::Links) {
                continue;
            }
            if pass.program == Program::Veil && !mirror.is_stale() {
                continue;
            }
            let key = PipelineKey {
                program,
                format: view.target_format,
                samples: msaa.samples(),
            };
            phase.add_transient(Transparent2d {
                sort_key: FloatOrd(pass.z()),
                // It has no entity in the main world.
                entity: (entity, MainEntity::from(Entity::PLACEHOLDER)),
                pipeline: pipelines.specialize(&cache, &pipeline, key),
                draw_function,
                batch_range: 0..1,
                extracted_index: usize::MAX,
                extra_index: PhaseItemExtraIndex::None,
                indexed: false,
            });
        }
    }
}

/// Physical pixels of one world unit: the same as `pixels_per_unit` in common.wgsl.
fn px_per_unit(view: &ExtractedView) -> f32 {
    let clip_from_world = view.clip_from_view * view.world_from_view.to_matrix().inverse();
    clip_from_world.x_axis.truncate().truncate().length() * view.viewport.z as f32 * 0.5
}

/// Draws one pass.
pub(super) type DrawScene = (SetItemPipeline, DrawPass);

pub(super) struct DrawPass;

impl<P: PhaseItem> RenderCommand<P> for DrawPass {
    type Param = SRes<SceneBuffers>;
    type ViewQuery = Read<ViewUniformOffset>;
    type ItemQuery = Read<Pass>;

    fn render<'w>(
        _item: &P,
        view: ROQueryItem<'w, '_, Self::ViewQuery>,
        pass: Option<ROQueryItem<'w, '_, Self::ItemQuery>>,
        buffers: SystemParamItem<'w, '_, Self::Param>,
        render_pass: &mut TrackedRenderPass<'w>,
    ) -> RenderCommandResult {
        let buffers = buffers.into_inner();
        let Some(pass) = pass else {
            return RenderCommandResult::Skip;
        };
        let (group, items) = match (pass.layer, pass.program) {
            (Some(layer), _) => buffers.layer(layer),
            (None, Program::Links) => buffers.links(),
            (None, Program::Ties) => buffers.ties(),
            (None, _) => (buffers.uniform_group.as_ref(), VEIL_STRIPS),
        };
        let (Some(view_group), Some(group)) = (&buffers.view_group, group) else {
            return RenderCommandResult::Skip;
        };
        if items == 0 {
            return RenderCommandResult::Success;
        }
        render_pass.set_bind_group(0, view_group, &[view.offset]);
        render_pass.set_bind_group(1, group, &[]);
        match (pass.program.form(), &buffers.quad_indices) {
            (Form::Strip(vertices), _) => render_pass.draw(0..vertices, 0..items),
            (Form::Quad, Some(indices)) => {
                render_pass.set_index_buffer(indices.slice(..), IndexFormat::Uint16);
                let mut draw = |run: Range<u32>| {
                    for first in run.clone().step_by(QUADS_A_DRAW as usize) {
                        let quads = (run.end - first).min(QUADS_A_DRAW);
                        let base = i32::try_from(first * 4).unwrap_or(i32::MAX);
                        render_pass.draw_indexed(0..quads * 6, base, 0..1);
                    }
                };
                match pass.program {
                    Program::RecentCells => buffers.recent_tasks.iter().cloned().for_each(draw),
                    _ => draw(0..items),
                }
            }
            (Form::Quad, None) => return RenderCommandResult::Skip,
        }
        RenderCommandResult::Success
    }
}
