//! Arrow keys move the selection to the neighbour of the selected row in the plan: from cell to cell and agent to agent, from block
//! to block.

use bevy::{ecs::system::SystemParam, prelude::*};

use super::selection::Selection;
use crate::{
    actions::Command,
    fleet::{AgentRow, FleetIndex, Key},
    frame::PointerSystems,
    layout::{Block, CityPlan, Place},
    messages::Intent,
};

/// Neighbours are first looked for within this many times the row's own size, then within four times that, and so on.
const FIRST_REACH: f32 = 4.0;
const FURTHER: f32 = 4.0;
/// Searches, each in a larger part of the plan: the last one covers a plan of any size.
const MOST_SEARCHES: usize = 12;

/// How far a place is in a direction, if it is in that direction at all; less is nearer. What is aside counts double, so that
/// the neighbour in the same row or column comes first.
fn distance(from: Vec2, to: Vec2, direction: Vec2) -> Option<f32> {
    let way = to - from;
    let along = way.dot(direction);
    let aside = way.perp_dot(direction).abs();
    (along > 1e-3 && aside <= 2.0 * along).then_some(along + 2.0 * aside)
}

/// The nearest of these places in a direction.
fn nearest<R: Copy + Ord>(
    from: Vec2,
    direction: Vec2,
    places: impl IntoIterator<Item = (R, Vec2)>,
) -> Option<(R, f32)> {
    let measured = places
        .into_iter()
        .filter_map(|(row, at)| Some((row, distance(from, at, direction)?)));
    measured.min_by(|(one, near), (other, far)| near.total_cmp(far).then_with(|| one.cmp(other)))
}

/// Finds the rows beside a row.
#[derive(SystemParam)]
struct Neighbours<'w, 's> {
    places: Query<'w, 's, &'static Place>,
    agents: Query<'w, 's, (Entity, &'static Place), With<AgentRow>>,
    blocks: Query<'w, 's, (Entity, &'static Block), With<Key>>,
    plan: Res<'w, CityPlan>,
}

impl Neighbours<'_, '_> {
    /// The neighbour of a row in a direction (y up).
    fn of(&self, row: Entity, direction: Vec2) -> Option<Entity> {
        if let Ok((_, block)) = self.blocks.get(row) {
            let others = self.blocks.iter().filter(|(other, _)| *other != row);
            let places = others.map(|(row, block)| (row, block.rect().center()));
            return nearest(block.rect().center(), direction, places).map(|(row, _)| row);
        }
        let place = self.places.get(row).ok()?;
        let size = place.size.max_element();
        let agents: Vec<(Entity, Vec2)> = (self.agents.iter())
            .filter(|(other, _)| *other != row)
            .map(|(row, place)| (row, place.at))
            .collect();
        let mut reach = size * FIRST_REACH;
        for _ in 0..MOST_SEARCHES {
            let ahead = Rect::from_corners(place.at, place.at + direction * reach);
            let seen = ahead.inflate(reach / 2.0);
            let cells = self.plan.cells_in(seen).into_iter().filter(|(other, _)| *other != row);
            let near = agents.iter().copied().filter(|(_, at)| seen.contains(*at));
            if let Some((row, away)) = nearest(place.at, direction, cells.chain(near))
                // One outside of what was seen may be nearer than this one.
                && away <= reach
            {
                return Some(row);
            }
            reach *= FURTHER;
        }
        None
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, step.in_set(PointerSystems::Pick));
}

fn step(
    mut commands: MessageReader<Command>,
    selection: Res<Selection>,
    neighbours: Neighbours,
    keys: Query<&Key>,
    index: Res<FleetIndex>,
    mut intents: MessageWriter<Intent>,
) {
    let Some(selected) = selection.selected else {
        commands.clear();
        return;
    };
    let mut row = selected;
    for command in commands.read() {
        let direction = match command {
            Command::StepLeft => Vec2::NEG_X,
            Command::StepRight => Vec2::X,
            Command::StepUp => Vec2::Y,
            Command::StepDown => Vec2::NEG_Y,
            _ => continue,
        };
        row = neighbours.of(row, direction).unwrap_or(row);
    }
    if row != selected
        && let Ok(Key(key)) = keys.get(row)
        && index.get(key) == Some(row)
    {
        intents.write(Intent::Select(Some(key.clone())));
        intents.write(Intent::Show(key.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_neighbour_is_the_nearest_in_the_direction_and_in_line_first() {
        let grid = |skipped: &'static [u32]| {
            (0..25_u32)
                .filter(|number| !skipped.contains(number))
                .map(|number| (number, Vec2::new((number % 5) as f32, -((number / 5) as f32))))
        };
        let middle = Vec2::new(2.0, -2.0);
        let of = |direction, skipped| nearest(middle, direction, grid(skipped)).map(|(row, _)| row);
        assert_eq!(of(Vec2::X, &[]), Some(13));
        assert_eq!(of(Vec2::NEG_X, &[]), Some(11));
        assert_eq!(of(Vec2::Y, &[]), Some(7));
        assert_eq!(of(Vec2::NEG_Y, &[]), Some(17));
        assert_eq!(of(Vec2::X, &[13]), Some(14), "past a gap in the same row");
        assert_eq!(of(Vec2::X, &[13, 14]), Some(8), "else the nearest aside");
        let corner = Vec2::new(4.0, 0.0);
        assert_eq!(nearest(corner, Vec2::X, grid(&[])), None);
    }
}
