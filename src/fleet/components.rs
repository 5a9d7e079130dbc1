//! The components of a row's entity, and the fleet's index and counts. Rows have no `Transform` and no `Visibility`: their
//! marks are drawn from these components by one instanced draw, and propagation would visit every row in every frame.

use std::{collections::HashMap, sync::Arc};

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use super::{Assigned, relations::Wants};
use model::{Kind, Mapping, Record, RowCounts, RowKey, Status, StatusReading};

/// The key of a row. Every row's entity has one.
#[derive(Component, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(pub RowKey);

/// What only agents have, read from the row. Its presence marks the entity as an agent.
#[derive(Component, Debug, Clone, PartialEq, Default, Reflect)]
#[reflect(Component, Default)]
#[require(RowLabel, RowState, Columns, Created, Moment, Wants)]
pub struct AgentRow {
    /// The role or model of the agent, if the row contains it.
    #[reflect(ignore)]
    pub(crate) subtitle: Option<Arc<str>>,
    /// The time of the last heartbeat, milliseconds since the Unix epoch, if the row contains it.
    pub(crate) heartbeat_ms: Option<i64>,
}

/// What only tasks and runs have, read from the row. Its presence marks the entity as a piece of work.
#[derive(Component, Debug, Clone, PartialEq, Default, Reflect)]
#[reflect(Component, Default)]
#[require(RowLabel, RowState, Columns, Created, Moment, Wants, Assigned)]
pub struct TaskRow {
    /// The share done, 0 to 1, if the row contains it.
    pub progress: Option<f32>,
    /// 0 (low) to 3 (urgent), if the row contains it.
    pub priority: Option<u8>,
    /// Whether a person is asked for.
    pub needs_human: bool,
    /// Why it failed, if the row gives a reason.
    #[reflect(ignore)]
    pub error: Option<Arc<str>>,
}

/// What only workflows have, read from the row. Its presence marks the entity as a workflow.
#[derive(Component, Debug, Clone, PartialEq, Default, Reflect)]
#[reflect(Component, Default)]
#[require(RowLabel, RowState, Columns, Created, Moment, Wants)]
pub struct WorkflowRow {
    /// The share done, 0 to 1, if the row contains it.
    pub progress: Option<f32>,
}

/// The row's label, cleaned for the screen (no control or bidi characters, bounded length).
#[derive(Component, Debug, Clone, PartialEq, Eq, Default)]
pub struct RowLabel(pub Arc<str>);

/// The row's status. Changes only when the status or its word does (use `Changed<RowState>` or `Ref`).
#[derive(Component, Debug, Clone, PartialEq, Eq, Default)]
pub struct RowState(pub StatusReading);

/// The columns, for the inspector.
#[derive(Component, Debug, Clone, PartialEq, Default)]
pub struct Columns(pub Record);

/// When the row was created according to its own column, milliseconds since the Unix epoch, as it was first read. Decides the
/// order in which rows that arrive together are given their places.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Default, Reflect)]
#[reflect(Component, Default)]
pub(crate) struct Created(pub(crate) Option<i64>);

/// The times of a row for its enter, pulse and exit animations. Seconds of `FleetClock`.
#[derive(Component, Debug, Clone, Copy, PartialEq, Default, Reflect)]
#[reflect(Component, Default)]
pub struct Moment {
    /// When it was first seen.
    pub appeared: f64,
    /// The last change of its status or of another column that is shown.
    pub changed: f64,
    /// When the row went. Its entity remains for `EXIT_SECS`, but is in no index or count any more.
    pub gone: Option<f64>,
}

/// How the row came to be as it is shown. Milliseconds since the Unix epoch.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arrival {
    /// When its last change was shown, on the clock of this machine.
    pub shown_ms: i64,
    /// When that change was committed, on the clock of the database; `None` where it was read from its table.
    pub committed_ms: Option<i64>,
}

/// How long the entity of a gone row remains for its exit animation, seconds (docs/visual-language.md).
pub const EXIT_SECS: f64 = 0.6;

/// The clock of `Moment`: seconds of `Time<Real>` as f64, because f32 seconds lose precision after days.
#[derive(Resource, Debug, Default, Clone, Copy, Reflect)]
#[reflect(Resource)]
pub struct FleetClock(pub f64);

/// Task or run → its workflow. Without it a task is in the block *Unassigned*.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = Parts)]
pub struct PartOf(pub Entity);

/// Workflow → its tasks and runs. Maintained by Bevy.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = PartOf)]
pub struct Parts(EntityHashSet);

/// Task → the run that it is a part of. Present only while that run's entity exists.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = RunParts)]
pub(crate) struct InRun(pub(crate) Entity);

/// Run → its tasks. Maintained by Bevy.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = InRun)]
pub(crate) struct RunParts(EntityHashSet);

/// Agent → its task in hand: the one that its own row refers to, or else its first running task. Without it the agent rests
/// in the dock.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = InHandOf)]
pub struct WorksOn(pub Entity);

/// Task → the agents that have it in hand. Maintained by Bevy.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = WorksOn)]
pub struct InHandOf(EntityHashSet);

/// The mapping of the user's columns.
#[derive(Resource, Debug, Clone, Default)]
pub struct FleetMapping(pub Arc<Mapping>);

impl FleetMapping {
    /// Seconds since a row changed: by its own column, or else as observed; `None` if it has no such column and no change was
    /// observed.
    pub fn age_secs(
        &self,
        key: &RowKey,
        columns: &Record,
        moment: &Moment,
        clock: FleetClock,
        epoch_ms: i64,
    ) -> Option<f64> {
        let observed = || (moment.changed > moment.appeared).then_some(clock.0 - moment.changed);
        let updated_ms = self.0.updated_ms(key.source, columns);
        updated_ms
            .map(|at_ms| epoch_ms.saturating_sub(at_ms) as f64 / 1e3)
            .or_else(observed)
    }
}

/// The entity of each row.
#[derive(Resource, Debug)]
pub struct FleetIndex {
    pub(super) by_key: HashMap<RowKey, Entity>,
    /// The maximum number of rows.
    pub most: usize,
    /// How often a row was left out because the wall was full. It is shown once it changes while there is room.
    pub refused: u64,
}

impl Default for FleetIndex {
    fn default() -> Self {
        Self {
            by_key: HashMap::new(),
            most: Self::MAX_ROWS,
            refused: 0,
        }
    }
}

impl FleetIndex {
    /// The default maximum: ten times the number that the wall is designed for.
    pub(crate) const MAX_ROWS: usize = 1_000_000;

    /// The entity of a row.
    pub fn get(&self, key: &RowKey) -> Option<Entity> {
        self.by_key.get(key).copied()
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

/// The number of shown rows by kind and status.
#[derive(Resource, Debug, Default, Clone, PartialEq, Eq, Deref)]
pub struct Counts(pub(super) RowCounts);

impl Counts {
    pub(super) fn add(&mut self, kind: Kind, status: Status) {
        self.0.add(kind, status);
    }

    pub(super) fn remove(&mut self, kind: Kind, status: Status) {
        self.0.remove(kind, status);
    }
}
