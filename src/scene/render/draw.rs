//! When each part of the scene is drawn, and the command that draws it.

use bevy::{
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
        render_phase::{
            DrawFunctions, PhaseItem, PhaseItemExtraIndex, RenderCommand, RenderCommandResult, SetItemPipeline,
            TrackedRenderPass, ViewSortedRenderPhases,
        },
        render_resource::{PipelineCache, SpecializedRenderPipelines},
        sync_world::MainEntity,
        view::{ExtractedView, ViewUniformOffset},
    },
};

use super::{
    gpu::SceneBuffers,
    mirror::Mirror,
    pipeline::{PipelineKey, ScenePipeline},
    shaders::Program,
};
use crate::scene::marks::Layer;

/// Strips of the veil's frame.
const VEIL_STRIPS: u32 = 4;

/// One draw of the scene; an entity of the render world each.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Marks(Layer),
    Links,
    Veil,
}

impl Pass {
    const ALL: [Self; 7] = [
        Self::Marks(Layer::Grounds),
        Self::Links,
        Self::Marks(Layer::Tasks),
        Self::Marks(Layer::Alarms),
        Self::Marks(Layer::Agents),
        Self::Marks(Layer::Overlay),
        Self::Veil,
    ];

    /// Where it stands among what has a z in this phase: labels are at 0 and above; the veil hangs before them.
    fn z(self) -> f32 {
        match self {
            Self::Marks(Layer::Grounds) => -60.0,
            Self::Links => -50.0,
            Self::Marks(Layer::Tasks) => -40.0,
            Self::Marks(Layer::Alarms) => -30.0,
            Self::Marks(Layer::Agents) => -20.0,
            Self::Marks(Layer::Overlay) => -10.0,
            Self::Veil => 900.0,
        }
    }

    fn program(self) -> Program {
        match self {
            Self::Marks(Layer::Grounds) => Program::Grounds,
            Self::Marks(_) => Program::Marks,
            Self::Links => Program::Links,
            Self::Veil => Program::Veil,
        }
    }
}

/// Runs with every new device; the passes themselves outlive it.
pub(super) fn spawn_passes(passes: Query<(), With<Pass>>, mut commands: Commands) {
    if passes.is_empty() {
        commands.spawn_batch(Pass::ALL);
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
    views: Query<(&ExtractedView, &Msaa)>,
) {
    let draw_function = draw_functions.read().id::<DrawScene>();
    for (view, msaa) in &views {
        let Some(phase) = phases.get_mut(&view.retained_view_entity) else {
            continue;
        };
        for (entity, pass) in &passes {
            if *pass == Pass::Veil && !mirror.is_stale() {
                continue;
            }
            let key = PipelineKey {
                program: pass.program(),
                format: view.target_format,
                samples: msaa.samples(),
            };
            phase.add_transient(Transparent2d {
                sort_key: FloatOrd(pass.z()),
                // Nothing in the main world stands for it.
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
        let (group, instances) = match pass {
            Pass::Marks(layer) => buffers.layer(*layer),
            Pass::Links => buffers.links(),
            Pass::Veil => (buffers.frame_group.as_ref(), VEIL_STRIPS),
        };
        let (Some(view_group), Some(group)) = (&buffers.view_group, group) else {
            return RenderCommandResult::Skip;
        };
        if instances > 0 {
            render_pass.set_bind_group(0, view_group, &[view.offset]);
            render_pass.set_bind_group(1, group, &[]);
            render_pass.draw(0..4, 0..instances);
        }
        RenderCommandResult::Success
    }
}
