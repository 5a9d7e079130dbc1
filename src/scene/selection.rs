//! The hovered row, and the rows that are selected.

use bevy::prelude::*;

/// The most rows that are selected at once; further ones are left out.
const MOST_SELECTED: usize = 10_000;

/// The row under the pointer, and the rows that are selected: the one in the inspector, and others beside it.
#[derive(Resource, Debug, Default, Clone, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct Selection {
    /// The row under the pointer.
    pub hovered: Option<Entity>,
    /// The row that was selected last: the one in the inspector.
    pub selected: Option<Entity>,
    /// The rows that are selected beside it, in the order in which they were. Empty without it, and it is none of them.
    pub others: Vec<Entity>,
    /// The rectangle that is being drawn around rows to select them, in logical pixels from the top left of the window.
    pub lasso: Option<Rect>,
}

impl Selection {
    /// Selects one row alone, or nothing.
    pub(crate) fn select(&mut self, row: Option<Entity>) {
        self.selected = row;
        self.others.clear();
    }

    /// Selects a row beside the others, or no longer.
    pub(crate) fn toggle(&mut self, row: Entity) {
        if self.selected == Some(row) {
            self.selected = self.others.pop();
        } else if let Some(at) = self.others.iter().position(|other| *other == row) {
            self.others.remove(at);
        } else {
            self.add([row]);
        }
    }

    /// Selects rows beside the others; the last of them becomes the one in the inspector.
    pub(crate) fn add(&mut self, rows: impl IntoIterator<Item = Entity>) {
        let mut all: Vec<Entity> = self.rows().collect();
        let mut known: bevy::ecs::entity::EntityHashSet = all.iter().copied().collect();
        all.extend(rows.into_iter().filter(|row| known.insert(*row)));
        all.truncate(MOST_SELECTED);
        self.selected = all.pop();
        self.others = all;
    }

    /// Ends the selection of rows for which `is_there` is false. The last of the others takes the place of the one in the
    /// inspector.
    pub(crate) fn keep(&mut self, is_there: impl Fn(Entity) -> bool) {
        self.others.retain(|row| is_there(*row));
        if self.selected.is_some_and(|row| !is_there(row)) {
            self.selected = self.others.pop();
        }
    }

    /// The rows that are selected, the one in the inspector last.
    pub fn rows(&self) -> impl Iterator<Item = Entity> {
        self.others.iter().copied().chain(self.selected)
    }

    /// How many rows are selected.
    pub(crate) fn count(&self) -> usize {
        self.others.len() + usize::from(self.selected.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_selected_beside_each_other_and_the_last_is_in_the_inspector() {
        let row = |number: u32| Entity::from_raw_u32(number).expect("not the placeholder");
        let mut selection = Selection::default();
        selection.toggle(row(1));
        selection.toggle(row(2));
        selection.add([row(3), row(1), row(4)]);
        assert_eq!(selection.rows().collect::<Vec<_>>(), [1, 2, 3, 4].map(row));
        assert_eq!((selection.selected, selection.count()), (Some(row(4)), 4));
        selection.toggle(row(4));
        selection.toggle(row(1));
        assert_eq!(selection.rows().collect::<Vec<_>>(), [2, 3].map(row));
        selection.add([row(5)]);
        selection.keep(|other| other != row(5) && other != row(2));
        assert_eq!(selection.rows().collect::<Vec<_>>(), [row(3)]);
        selection.keep(|_| false);
        assert_eq!((selection.selected, selection.count()), (None, 0));
        selection.add((1..=MOST_SELECTED as u32 + 5).map(row));
        assert_eq!(selection.count(), MOST_SELECTED);
        selection.select(Some(row(2)));
        assert_eq!(selection.rows().collect::<Vec<_>>(), [row(2)]);
    }
}
