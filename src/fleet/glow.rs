//! What a snapshot found other than it was shown glows together, once: after an outage the room sees at a glance what has
//! happened meanwhile, instead of one mark here and one there while the rows are read in.

use bevy::prelude::*;

use super::{FleetClock, Moment, Touched};
use crate::messages::Synced;

/// Rows that glow together. Those beyond have pulsed when they were read, which has to do.
const MOST: usize = 20_000;
/// From the end of a snapshot to the glow: by then the grey of the outage has lifted.
const AFTER_SECS: f64 = 0.8;

/// Rows that snapshots have changed and that have not glowed yet.
#[derive(Resource, Debug, Default)]
pub(super) struct Recovered {
    rows: Vec<Entity>,
    /// When they glow, seconds of `FleetClock`.
    due: Option<f64>,
    /// The first snapshot is in: until then everything is new, and nothing was missed.
    has_begun: bool,
}

impl Recovered {
    /// A snapshot has brought or changed a row.
    pub fn note(&mut self, row: Entity) {
        if self.rows.len() < MOST {
            self.rows.push(row);
        }
    }

    /// A snapshot is merged.
    fn end(&mut self, now: f64) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.rows = Vec::new();
        } else if !self.rows.is_empty() {
            self.due = Some(now + AFTER_SECS);
        }
    }

    /// The rows whose moment has come.
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

pub(super) fn glow(
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
    fn what_was_missed_is_due_once_after_its_snapshot_and_the_first_one_misses_nothing() {
        let row = |number| Entity::from_raw_u32(number).expect("not the placeholder");
        let mut recovered = Recovered::default();
        recovered.note(row(1));
        recovered.end(5.0);
        assert!(recovered.take_due(100.0).is_empty(), "all is new");
        recovered.note(row(1));
        recovered.note(row(2));
        assert!(recovered.take_due(100.0).is_empty(), "the snapshot is not merged");
        recovered.end(100.0);
        assert!(recovered.take_due(100.0).is_empty(), "the screen is still grey");
        assert_eq!(recovered.take_due(100.0 + AFTER_SECS), [row(1), row(2)]);
        assert!(recovered.take_due(200.0).is_empty());
        recovered.end(300.0);
        assert!(recovered.take_due(400.0).is_empty(), "nothing was missed");
        (0..50_000).for_each(|number| recovered.note(row(number)));
        assert_eq!(recovered.rows.len(), MOST);
    }
}
