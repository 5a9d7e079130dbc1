//! The trail from the selected row to what holds it up: its steps are lit one after the other.

use bevy::prelude::*;

use super::{motion::MotionSettings, selection::Selection};
use crate::{
    fleet::{FleetClock, Touched, Trails, Wait},
    frame::DrawSystems,
};

/// Time from one step to the next, seconds.
const STEP_SECS: f64 = 0.25;
/// Shortest interval between two lookups while rows change.
const LEAST_SECS: f64 = 0.2;

/// The trail of the row that is selected alone.
#[derive(Resource, Debug, Default)]
pub(super) struct Trail {
    row: Option<Entity>,
    /// When the row was selected, and when the trail was last looked up, seconds of `FleetClock`.
    since: f64,
    looked_up: f64,
    is_due: bool,
    steps: Vec<Vec<Wait>>,
    lit: usize,
    /// Counts up whenever other waits are lit.
    pub(super) version: u64,
}

impl Trail {
    /// The waits that are lit.
    pub(super) fn lit(&self) -> impl Iterator<Item = Wait> {
        self.steps.iter().take(self.lit).flatten().copied()
    }

    /// How many steps are lit at a time.
    fn light(&mut self, now: f64, at_once: bool) {
        let steps = if at_once {
            self.steps.len()
        } else {
            // The first step is lit with the selection itself.
            1 + ((now - self.since).max(0.0) / STEP_SECS) as usize
        };
        let lit = steps.min(self.steps.len());
        if lit != self.lit {
            self.lit = lit;
            self.version += 1;
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Trail>()
        .add_systems(Update, update.in_set(DrawSystems::Trail));
}

fn update(
    mut trail: ResMut<Trail>,
    selection: Res<Selection>,
    trails: Trails,
    touched: Res<Touched>,
    clock: Res<FleetClock>,
    motion: Res<MotionSettings>,
) {
    let trail = trail.bypass_change_detection();
    let row = selection.selected.filter(|_| selection.others.is_empty());
    let is_other = trail.row != row;
    if is_other {
        (trail.row, trail.since, trail.lit) = (row, clock.0, 0);
    }
    trail.is_due |= !touched.is_empty();
    let has_news = trail.is_due && clock.0 - trail.looked_up >= LEAST_SECS;
    if is_other || row.is_some() && has_news {
        (trail.looked_up, trail.is_due) = (clock.0, false);
        let steps = row.map(|row| trails.of(row)).unwrap_or_default();
        if steps != trail.steps {
            trail.steps = steps;
            trail.lit = trail.lit.min(trail.steps.len());
            trail.version += 1;
        }
    }
    trail.light(clock.0, motion.reduced);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_lit_one_after_the_other() {
        let row = |number: u32| Entity::from_raw_u32(number).expect("not the placeholder");
        let mut trail = Trail {
            since: 10.0,
            steps: vec![vec![(row(2), row(1))], vec![(row(3), row(2))], vec![(row(4), row(3))]],
            ..Trail::default()
        };
        let mut lit = |now: f64, at_once: bool| {
            trail.light(now, at_once);
            (trail.lit().count(), trail.version)
        };
        assert_eq!(lit(10.0, false), (1, 1));
        assert_eq!(lit(10.2, false), (1, 1));
        assert_eq!(lit(10.3, false), (2, 2));
        assert_eq!(lit(19.0, false), (3, 3));
        assert_eq!(lit(10.0, true), (3, 3));
    }
}
