//! Walks the rows that the finder found by key: each is selected, and the camera flies to it.

use bevy::prelude::*;

use super::selection::Selection;
use crate::{actions::Command, fleet::Key, frame::PointerSystems, messages::Intent, search::Search};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, walk.in_set(PointerSystems::Pick));
}

fn walk(
    mut commands: MessageReader<Command>,
    selection: Res<Selection>,
    search: Res<Search>,
    keys: Query<&Key>,
    mut intents: MessageWriter<Intent>,
) {
    let step = |command: &Command| match command {
        Command::NextMatch => 1,
        Command::PreviousMatch => -1,
        _ => 0,
    };
    let steps: isize = commands.read().map(step).sum();
    if steps != 0
        && let Some(row) = search.after(selection.selected, steps)
        && let Ok(Key(key)) = keys.get(row)
    {
        intents.write(Intent::Select(Some(key.clone())));
        intents.write(Intent::Focus(key.clone()));
    }
}
