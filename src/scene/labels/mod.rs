//! Names and words on the scene: at most `MOST_LABELS` texts, the most important first, never one over another.
//!
//! `candidates` says what could be named, `compose` and `district` what each label says, `arrange` and `naming` which ones
//! are shown and where, `pool` draws them with texts that are used again and again, and `yielding` keeps them apart in
//! motion.

mod arrange;
mod board;
mod candidates;
mod compose;
mod crossing;
mod district;
mod font;
mod label;
mod naming;
mod pool;
mod text;
mod yielding;

use bevy::{camera::visibility::RenderLayers, prelude::*, sprite::update_text2d_layout};

use crate::{frame::FrameSystems, messages::FloatingPanels};

/// Texts that are alive at any time.
pub const MOST_LABELS: usize = 300;

/// The layer that texts are drawn on: where the scene is drawn at less than all pixels, another camera draws them.
pub const LAYER: usize = 2;

/// What a camera sees that draws the scene and its texts.
pub fn with_scene() -> RenderLayers {
    RenderLayers::default().with(LAYER)
}

/// How large labels are written: 1 for a screen on a desk. A wall sets it from its size and viewing distance, once:
/// every value makes new font atlases.
#[derive(Resource, Debug, Clone, Copy, PartialEq)]
pub struct TextScale(pub f32);

impl Default for TextScale {
    fn default() -> Self {
        Self(1.0)
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<TextScale>()
        .init_resource::<FloatingPanels>()
        .init_resource::<arrange::Arrangement>()
        .init_resource::<pool::Pool>()
        .add_systems(Startup, font::load)
        .add_systems(
            Update,
            (arrange::arrange, pool::assign)
                .chain()
                .run_if(resource_exists::<font::LabelFont>)
                .in_set(FrameSystems::Draw),
        )
        // Where a label goes depends on how large its text came out.
        .add_systems(
            PostUpdate,
            pool::follow
                .run_if(resource_exists::<font::LabelFont>)
                .after(update_text2d_layout)
                .before(TransformSystems::Propagate),
        );
}
