//! Bevy 0.19.1 and bevy_egui 0.42: when a lost GPU device has been replaced, sprites (the labels) and panels go on with
//! buffers, bind groups and pipelines of the device that is gone.
//!
//! Bevy makes everything it marks as a GPU resource anew in `RenderStartup`; these were not marked. Obsolete when both
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
