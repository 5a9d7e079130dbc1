//! The pipelines: one per program and kind of target.

use bevy::{
    core_pipeline::core_2d::CORE_2D_DEPTH_FORMAT,
    prelude::*,
    render::{
        render_resource::{
            BindGroupLayoutDescriptor, BindGroupLayoutEntries, BlendState, ColorTargetState, ColorWrites,
            CompareFunction, DepthBiasState, DepthStencilState, FragmentState, MultisampleState, PrimitiveState,
            PrimitiveTopology, RenderPipelineDescriptor, ShaderStages, SpecializedRenderPipeline, StencilState,
            TextureFormat, VertexState,
            binding_types::{storage_buffer_read_only_sized, uniform_buffer},
        },
        view::ViewUniform,
    },
};

use super::{
    shaders::{Form, Program, SceneShaders},
    uniform::SceneUniform,
};

/// The layouts and shaders of all pipelines.
#[derive(Resource, Debug)]
pub(super) struct ScenePipeline {
    /// The layout of Bevy's view uniform.
    pub(super) view_layout: BindGroupLayoutDescriptor,
    /// The layout of the values that all shaders share.
    pub(super) uniform_layout: BindGroupLayoutDescriptor,
    /// The layout of a table of marks.
    pub(super) marks_layout: BindGroupLayoutDescriptor,
    /// The layout of the tables that links and ties are drawn from.
    pub(super) links_layout: BindGroupLayoutDescriptor,
    shaders: SceneShaders,
}

/// What distinguishes pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PipelineKey {
    /// Which of the shaders is used.
    pub(super) program: Program,
    /// The texture format of the target.
    pub(super) format: TextureFormat,
    /// Samples per pixel: 1, or more with multisampling.
    pub(super) samples: u32,
}

impl FromWorld for ScenePipeline {
    fn from_world(world: &mut World) -> Self {
        let uniform = || uniform_buffer::<SceneUniform>(false);
        let table = || storage_buffer_read_only_sized(false, None).visibility(ShaderStages::VERTEX);
        let both = ShaderStages::VERTEX_FRAGMENT;
        Self {
            view_layout: BindGroupLayoutDescriptor::new(
                "scene_view_layout",
                &BindGroupLayoutEntries::single(both, uniform_buffer::<ViewUniform>(true)),
            ),
            uniform_layout: BindGroupLayoutDescriptor::new(
                "scene_uniform_layout",
                &BindGroupLayoutEntries::single(both, uniform()),
            ),
            marks_layout: BindGroupLayoutDescriptor::new(
                "scene_marks_layout",
                &BindGroupLayoutEntries::sequential(both, (uniform(), table())),
            ),
            links_layout: BindGroupLayoutDescriptor::new(
                "scene_links_layout",
                &BindGroupLayoutEntries::sequential(both, (uniform(), table(), table(), table(), table())),
            ),
            shaders: world.resource::<SceneShaders>().clone(),
        }
    }
}

impl SpecializedRenderPipeline for ScenePipeline {
    type Key = PipelineKey;

    fn specialize(&self, key: Self::Key) -> RenderPipelineDescriptor {
        let shader = self.shaders.get(key.program);
        let items = match key.program {
            Program::Links | Program::Ties => &self.links_layout,
            Program::Veil => &self.uniform_layout,
            _ => &self.marks_layout,
        };
        RenderPipelineDescriptor {
            label: Some(format!("scene_{:?}", key.program).to_lowercase().into()),
            layout: vec![self.view_layout.clone(), items.clone()],
            vertex: VertexState {
                shader: shader.clone(),
                entry_point: Some(key.program.vertex_entry().into()),
                ..default()
            },
            fragment: Some(FragmentState {
                shader,
                entry_point: Some(key.program.fragment_entry().into()),
                targets: vec![Some(ColorTargetState {
                    format: key.format,
                    blend: key.program.blends().then_some(BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                    write_mask: ColorWrites::ALL,
                })],
                ..default()
            }),
            primitive: PrimitiveState {
                topology: match key.program.form() {
                    Form::Strip(_) => PrimitiveTopology::TriangleStrip,
                    Form::Quad => PrimitiveTopology::TriangleList,
                },
                ..default()
            },
            // The phase has a depth buffer, which the scene neither reads nor writes.
            depth_stencil: Some(DepthStencilState {
                format: CORE_2D_DEPTH_FORMAT,
                depth_write_enabled: Some(false),
                depth_compare: Some(CompareFunction::Always),
                stencil: StencilState::default(),
                bias: DepthBiasState::default(),
            }),
            multisample: MultisampleState {
                count: key.samples,
                ..default()
            },
            ..default()
        }
    }
}
