//! The labels of the scene: at most `MOST_LABELS` texts, the most important first, which never overlap.
//!
//! `arrange` chooses them: names of blocks (`headers`, worded by `block_header`), text of cells (`cells`, worded by `tile`),
//! names of agents (`agents`); each is given its `room`, and is composed from `rows` for one view (`compose`). `pool` draws
//! them with text entities that are used again, `yielding` keeps them apart in motion, and `shown` lists what is on the screen.

mod agents;
mod arrange;
mod block_header;
mod board;
mod cells;
mod compose;
mod headers;
mod label;
mod pool;
mod room;
mod rows;
mod shown;
mod text;
pub(crate) mod tile;
mod yielding;

use bevy::prelude::*;

use crate::frame::LabelSystems;

pub use label::LabelKind;
pub use shown::{ShownLabel, ShownLabels};

/// Whether the name of a block fits into a header of this width, logical pixels, in the smallest letters at a text scale.
pub(crate) fn name_fits(name: &str, width_px: f32, scale: f32) -> bool {
    block_header::fits(name, width_px, scale)
}

/// The maximum number of labels at any time.
pub const MOST_LABELS: usize = 1_200;

/// Fira Sans, which is drawn for legibility on screens at a distance; Latin, Greek and Cyrillic. Embedded, so that the wall
/// starts in any folder. See assets/fonts for its licence.
const FIRA_SANS: &[u8] = include_bytes!("../../../assets/fonts/FiraSans-Regular.ttf");

/// The labels' font. Absent without a renderer, where there are no fonts and no labels.
#[derive(Resource, Debug, Clone)]
struct LabelFont(Handle<Font>);

fn load_font(mut commands: Commands, fonts: Option<ResMut<Assets<Font>>>) {
    if let Some(mut fonts) = fonts {
        commands.insert_resource(LabelFont(fonts.add(Font::from_bytes(FIRA_SANS.to_vec()))));
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<arrange::Arrangement>()
        .init_resource::<pool::Pool>()
        .init_resource::<ShownLabels>()
        .add_systems(Startup, load_font)
        .add_systems(
            Update,
            (
                arrange::arrange.in_set(LabelSystems::Arrange),
                pool::show.in_set(LabelSystems::Show),
            )
                .run_if(resource_exists::<LabelFont>),
        )
        .add_systems(
            PostUpdate,
            pool::follow
                .run_if(resource_exists::<LabelFont>)
                .in_set(LabelSystems::Follow),
        );
}
