//! The scene on the GPU: one instanced draw a layer, in Bevy's transparent 2D phase, which sorts it with the labels by z.
//!
//! `clock` and `uniform` prepare what all shaders read once a frame. `mirror` copies changes out of the main world, `gpu`
//! keeps them in storage buffers, `shaders` assembles the programs with their `constants`, `pipeline` and `draw` define how
//! and when they run. Everything on the GPU is created in `RenderStartup` or later, and again from the mirror after the
//! device was lost.

mod clock;
mod constants;
mod draw;
mod gpu;
mod mirror;
mod pipeline;
mod shaders;
mod uniform;

use bevy::{
    core_pipeline::core_2d::Transparent2d,
    prelude::*,
    render::{
        ExtractSchedule, GpuResourceAppExt, Render, RenderApp, RenderStartup, RenderSystems,
        render_phase::AddRenderCommand, render_resource::SpecializedRenderPipelines,
    },
};

/// Draws the scene where there is a renderer; without one (in tests of the ECS) nothing is drawn.
pub(super) fn plugin(app: &mut App) {
    app.add_plugins((clock::plugin, uniform::plugin));
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
