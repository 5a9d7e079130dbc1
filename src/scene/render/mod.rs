//! The scene on the GPU: one instanced draw a layer, in Bevy's transparent 2D phase, so that labels and whatever else
//! has a z stand before or behind it.
//!
//! `mirror` copies what changed out of the main world, `gpu` keeps it in storage buffers, `pipeline` and `draw` say how
//! and when it is drawn. Everything on the GPU is made in `RenderStartup` or later and made again from the mirror when
//! the device was lost.

mod draw;
mod gpu;
mod mirror;
mod pipeline;
mod shaders;

use bevy::{
    core_pipeline::core_2d::Transparent2d,
    prelude::*,
    render::{
        ExtractSchedule, GpuResourceAppExt, Render, RenderApp, RenderStartup, RenderSystems,
        render_phase::AddRenderCommand, render_resource::SpecializedRenderPipelines,
    },
};

/// Draws the scene where there is a renderer; without one (tests of the ECS) it does nothing.
pub(super) fn plugin(app: &mut App) {
    if app.get_sub_app(RenderApp).is_none() {
        return;
    }
    let Some(mut assets) = app.world_mut().get_resource_mut::<Assets<Shader>>() else {
        return;
    };
    let shaders = shaders::SceneShaders::add_to(&mut assets);
    let Some(render_app) = app.get_sub_app_mut(RenderApp) else {
        return;
    };
    render_app
        .insert_resource(shaders)
        .init_resource::<mirror::Mirror>()
        .init_gpu_resource::<gpu::SceneBuffers>()
        .init_gpu_resource::<pipeline::ScenePipeline>()
        .init_gpu_resource::<SpecializedRenderPipelines<pipeline::ScenePipeline>>()
        .add_render_command::<Transparent2d, draw::DrawScene>()
        .add_systems(RenderStartup, draw::spawn_passes)
        .add_systems(ExtractSchedule, (mirror::copy, draw::find_views))
        .add_systems(
            Render,
            (
                draw::queue.in_set(RenderSystems::Queue),
                gpu::upload.in_set(RenderSystems::PrepareResources),
                gpu::bind.in_set(RenderSystems::PrepareBindGroups),
            ),
        );
}
