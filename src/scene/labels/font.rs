//! The labels' font, embedded so that the wall starts in any folder.

use bevy::prelude::*;

/// Fira Sans: drawn for legibility on screens at a distance; Latin, Greek and Cyrillic. See assets/fonts for its licence.
const FIRA_SANS: &[u8] = include_bytes!("../../../assets/fonts/FiraSans-Regular.ttf");

/// The labels' font.
#[derive(Resource, Debug, Clone)]
pub(super) struct LabelFont(pub Handle<Font>);

/// Without a renderer there are no fonts, and no labels.
pub(super) fn load(mut commands: Commands, fonts: Option<ResMut<Assets<Font>>>) {
    if let Some(mut fonts) = fonts {
        commands.insert_resource(LabelFont(fonts.add(Font::from_bytes(FIRA_SANS.to_vec()))));
    }
}
