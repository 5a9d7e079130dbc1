//! The labels of the scene: at most `MOST_LABELS` texts, the most important first, which never overlap.
//!
//! `candidates` collects what could be named, `compose` and `district` word each label, `arrange` and `naming` choose which
//! labels are shown and where, `pool` draws them with text entities that are used again, and `yielding` keeps them apart in
//! motion.

mod arrange;
#[allow(dead_code, reason = "used once rows are placed by the city plan")]
mod block_header;
mod board;
mod candidates;
mod compose;
mod crossing;
mod district;
mod label;
mod naming;
mod pool;
#[allow(dead_code, reason = "used once rows are placed by the city plan")]
mod text;
#[allow(dead_code, reason = "used once rows are placed by the city plan")]
pub(crate) mod tile;
mod yielding;

use bevy::prelude::*;

use crate::frame::LabelSystems;

/// The maximum number of labels at any time.
pub const MOST_LABELS: usize = 300;

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
