//! Bevy 0.19.1 and bevy_egui 0.42: after a lost GPU device has been replaced, sprites (the labels) and panels keep using
//! buffers, bind groups and pipelines of the lost device.
//!
//! Bevy creates all GPU resources again in `RenderStartup`; these are not marked as such. Obsolete when both
//! initialise them there themselves.

use bevy::{
    prelude::*,
    render::{GpuResourceAppExt as _, RenderApp, render_resource::SpecializedRenderPipelines},
    sprite_render::{ImageBindGroups, SpriteMeta},
};
use bevy_egui::render::{
    EguiPipeline,
    systems::{EguiRenderData, EguiTransforms},
};

pub(super) fn plugin(app: &mut App) {
    let Some(render_app) = app.get_sub_app_mut(RenderApp) else {
        return;
    };
    render_app
        .init_gpu_resource::<SpriteMeta>()
        .init_gpu_resource::<ImageBindGroups>()
        .init_gpu_resource::<EguiPipeline>()
        .init_gpu_resource::<SpecializedRenderPipelines<EguiPipeline>>()
        .init_gpu_resource::<EguiTransforms>()
        .init_gpu_resource::<EguiRenderData>();
}
