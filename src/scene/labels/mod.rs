//! The labels of the scene: at most `MOST_LABELS` texts, the most important first, which never overlap.
//!
//! `candidates` collects what could be named, `compose` and `district` word each label, `arrange` and `naming` choose which
//! labels are shown and where, `pool` draws them with text entities that are used again, and `yielding` keeps them apart in
//! motion.

#[allow(dead_code, reason = "used once labels are placed on the city plan")]
mod block_header;
#[allow(dead_code, reason = "used once labels are placed on the city plan")]
mod board;
#[allow(dead_code, reason = "used once labels are placed on the city plan")]
mod label;
#[allow(dead_code, reason = "used once labels are placed on the city plan")]
mod text;
#[allow(dead_code, reason = "used once labels are placed on the city plan")]
pub(crate) mod tile;

use bevy::prelude::*;

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
    app.add_systems(Startup, load_font);
}
