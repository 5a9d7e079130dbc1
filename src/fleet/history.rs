//! What happened to each row and to the connection (`crates/journal`), noted where changes are applied.

use bevy::prelude::*;
use jiff::Timestamp;
use journal::{Bounds, Journal, Origin, Rules, Seen};

use super::{Columns, RowLabel, RowState, Vitals};
use crate::{
    frame::FleetSystems,
    messages::{Noticed, StatusChanged, Switched, Synced},
};
use model::{Record, RowKey, Status};
use realtime::LinkStatus;

/// The journal, and what decides how it takes changes.
#[derive(Resource)]
pub struct History {
    /// What happened.
    pub(crate) journal: Journal,
    /// Whether the rows are up to date: what a reading of a table brings then is a change like any other.
    is_current: bool,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History")
            .field("entries", &self.journal.entries())
            .field("bytes", &self.journal.bytes())
            .finish_non_exhaustive()
    }
}

impl Default for History {
    fn default() -> Self {
        let rules = Rules::new(model::is_masked, journal::is_routine);
        Self {
            journal: Journal::new(Bounds::default(), rules, Timestamp::now().as_millisecond()),
            is_current: false,
        }
    }
}

/// A row as it is shown at a moment.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    record: Record,
    label: std::sync::Arc<str>,
    status: Status,
}

impl Shown {
    /// The row as it is shown now; `None` where it is no row.
    pub(super) fn of(world: &World, row: Entity) -> Option<Self> {
        let (columns, label) = (world.get::<Columns>(row)?, world.get::<RowLabel>(row)?);
        Some(Self::new(columns, label, world.get::<RowState>(row)?))
    }

    /// A row with these columns, this name and this state.
    pub(super) fn new(columns: &Columns, label: &RowLabel, state: &RowState) -> Self {
        Self {
            record: columns.0.clone(),
            label: label.0.clone(),
            status: state.0.status,
        }
    }

    fn seen(&self) -> Seen<'_> {
        Seen {
            record: &self.record,
            label: &self.label,
            status: self.status,
        }
    }
}

impl History {
    /// What happened.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// How a change came about that arrived with a commit time, or was read from a table.
    pub(super) fn origin(&self, has_commit_time: bool) -> Origin {
        if has_commit_time || self.is_current {
            Origin::Live
        } else {
            Origin::Snapshot
        }
    }

    /// Notes what became of a row: it appeared without `before`, and went without `after`. `now_ms`: milliseconds since the
    /// Unix epoch.
    pub(super) fn note(
        &mut self,
        now_ms: i64,
        key: &RowKey,
        origin: Origin,
        before: Option<&Shown>,
        after: Option<&Shown>,
    ) {
        let (before, after) = (before.map(Shown::seen), after.map(Shown::seen));
        self.journal.row(now_ms, origin, key, before, after);
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, follow.in_set(FleetSystems::Report));
}

/// Notes what became of the connection. It runs after the changes of this frame, which came before it.
fn follow(
    mut history: ResMut<History>,
    mut statuses: MessageReader<StatusChanged>,
    mut notices: MessageReader<Noticed>,
    mut synced: MessageReader<Synced>,
    mut switched: MessageReader<Switched>,
    vitals: Res<Vitals>,
) {
    let now = vitals.now_ms;
    let history = history.bypass_change_detection();
    if switched.read().count() > 0 {
        // Another project: nothing of the one before.
        *history = History::default();
    }
    for StatusChanged(report) in statuses.read() {
        if report.status != LinkStatus::Connected {
            history.is_current = false;
        }
        if report.status == LinkStatus::Connecting {
            history.journal.connecting(now, report.attempt);
        }
    }
    for Noticed(notice) in notices.read() {
        history.journal.note(now, notice.kind, &notice.text);
    }
    if synced.read().count() > 0 {
        history.journal.synced(now);
        history.is_current = true;
    }
}
