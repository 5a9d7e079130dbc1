//! Rows as the finder, the table and the event log read them: what is shown of each, and its columns through the mapping.

use std::sync::Arc;

use bevy::{ecs::system::SystemParam, prelude::*};
use query::ReadRow;

use super::{Columns, FleetClock, FleetIndex, FleetMapping, Key, Moment, RowLabel, RowState};
use model::{Record, RowKey, Rule, StatusReading};

/// A row that is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeenRow<'a> {
    /// Its entity.
    pub(crate) row: Entity,
    /// Its key.
    pub(crate) key: &'a RowKey,
    /// Its state.
    pub(crate) state: &'a StatusReading,
    /// Its columns.
    pub(crate) columns: &'a Record,
    /// When it last changed, seconds of `FleetClock`.
    pub(crate) changed: f64,
}

/// Reads rows.
#[derive(SystemParam)]
pub(crate) struct SeenRows<'w, 's> {
    rows: Query<
        'w,
        's,
        (
            Entity,
            &'static Key,
            &'static RowLabel,
            &'static RowState,
            &'static Columns,
            &'static Moment,
        ),
    >,
    index: Res<'w, FleetIndex>,
    mapping: Res<'w, FleetMapping>,
    clock: Res<'w, FleetClock>,
}

impl SeenRows<'_, '_> {
    /// All entities of rows, those that are leaving included.
    pub(crate) fn entities(&self) -> impl Iterator<Item = Entity> {
        self.rows.iter().map(|(row, ..)| row)
    }

    /// A row, unless it is leaving.
    pub(crate) fn get(&self, row: Entity) -> Option<SeenRow<'_>> {
        let (row, key, _, state, columns, moment) = self.rows.get(row).ok()?;
        let seen = SeenRow {
            row,
            key: &key.0,
            state: &state.0,
            columns: &columns.0,
            changed: moment.changed,
        };
        moment.gone.is_none().then_some(seen)
    }

    /// The row of a key.
    pub(crate) fn find(&self, key: &RowKey) -> Option<SeenRow<'_>> {
        self.get(self.index.get(key)?)
    }

    /// The key of a row, also of one that is leaving.
    pub(crate) fn key(&self, row: Entity) -> Option<&RowKey> {
        self.rows.get(row).ok().map(|(_, key, ..)| &key.0)
    }

    /// The name of a row.
    pub(crate) fn label(&self, key: &RowKey) -> Option<Arc<str>> {
        let row = self.index.get(key)?;
        self.rows.get(row).ok().map(|(_, _, label, ..)| label.0.clone())
    }

    /// When a row last changed, by its own column or else as it was seen, milliseconds since the Unix epoch. `now_ms` is on
    /// the same scale.
    pub(crate) fn changed_ms(&self, row: &SeenRow, now_ms: i64) -> i64 {
        let seen_ms = || now_ms - ((self.clock.0 - row.changed) * 1e3) as i64;
        self.mapping
            .0
            .updated_ms(row.key.source, row.columns)
            .unwrap_or_else(seen_ms)
    }

    /// A row as a query sees it. `label_of` is [`Self::label`]; `now_ms`: milliseconds since the Unix epoch.
    pub(crate) fn read<'a>(
        &'a self,
        row: &SeenRow<'a>,
        label_of: &'a dyn Fn(&RowKey) -> Option<Arc<str>>,
        now_ms: i64,
    ) -> ReadRow<'a> {
        let changed_ms = now_ms - ((self.clock.0 - row.changed) * 1e3) as i64;
        ReadRow::new(&self.mapping.0, row.key, row.columns, now_ms)
            .with_labels(label_of)
            .with_silence(row.state.rule == Rule::Heartbeat)
            .with_change(Some(changed_ms))
    }
}
