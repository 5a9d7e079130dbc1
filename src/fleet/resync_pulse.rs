//! Pulses rows that a resync changed, all at once: after an outage the changes are seen together, instead of one by one while
//! the rows are read.

use bevy::prelude::*;

use super::{FleetClock, Moment, Touched};
use crate::messages::Synced;

/// The maximum number of rows that pulse together. Further ones pulse only when they are read.
const MOST: usize = 20_000;
/// The delay from the end of a snapshot to the pulse: by then the scene is no longer grey.
const AFTER_SECS: f64 = 0.8;

/// Rows that a resync has changed and that have not pulsed yet.
#[derive(Resource, Debug, Default)]
pub(super) struct Recovered {
    rows: Vec<Entity>,
    /// When they pulse, seconds of `FleetClock`.
    due: Option<f64>,
    /// Whether the first snapshot is complete: until then every row is new.
    has_begun: bool,
}

impl Recovered {
    /// Notes a row that a snapshot added or changed.
    pub(super) fn note(&mut self, row: Entity) {
        if self.rows.len() < MOST {
            self.rows.push(row);
        }
    }

    /// Ends a snapshot.
    fn end(&mut self, now: f64) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.rows = Vec::new();
        } else if !self.rows.is_empty() {
            self.due = Some(now + AFTER_SECS);
        }
    }

    /// Takes the rows that are due.
    fn take_due(&mut self, now: f64) -> Vec<Entity> {
        if self.due.is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.due = None;
        std::mem::take(&mut self.rows)
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Recovered>();
}

pub(super) fn pulse(
    mut recovered: ResMut<Recovered>,
    mut synced: MessageReader<Synced>,
    clock: Res<FleetClock>,
    mut touched: ResMut<Touched>,
    mut moments: Query<&mut Moment>,
) {
    if synced.read().count() > 0 {
        recovered.end(clock.0);
    }
    for row in recovered.take_due(clock.0) {
        if let Ok(mut moment) = moments.get_mut(row)
            && moment.gone.is_none()
        {
            moment.changed = clock.0;
            touched.note(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_rows_are_due_once_after_their_snapshot_except_the_first() {
        let row = |number| Entity::from_raw_u32(number).expect("not the placeholder");
        let mut recovered = Recovered::default();
        recovered.note(row(1));
        recovered.end(5.0);
        assert!(recovered.take_due(100.0).is_empty(), "all is new");
        recovered.note(row(1));
        recovered.note(row(2));
        assert!(recovered.take_due(100.0).is_empty(), "the snapshot is not complete");
        recovered.end(100.0);
        assert!(recovered.take_due(100.0).is_empty(), "the screen is still grey");
        assert_eq!(recovered.take_due(100.0 + AFTER_SECS), [row(1), row(2)]);
        assert!(recovered.take_due(200.0).is_empty());
        recovered.end(300.0);
        assert!(recovered.take_due(400.0).is_empty(), "nothing has changed");
        (0..50_000).for_each(|number| recovered.note(row(number)));
        assert_eq!(recovered.rows.len(), MOST);
    }
}
