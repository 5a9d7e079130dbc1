//! What a row's entity carries, and the fleet's index and counts. No `Transform`, no `Visibility`: the walls' marks are
//! drawn from these components by one instanced draw, and propagation would walk every row every frame.

use std::{collections::HashMap, sync::Arc};

use bevy::{ecs::entity::EntityHashSet, prelude::*};

pub use super::working::InHandOf;
use model::{Kind, Mapping, PerKind, Record, RowKey, Status, StatusReading};

/// Every row's entity has this: who it is.
#[derive(Component, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(pub RowKey);

/// Marker and details of an agent's entity.
#[derive(Component, Debug, Clone, PartialEq, Default)]
pub struct AgentRow {
    pub subtitle: Option<Arc<str>>,
    pub heartbeat_ms: Option<i64>,
}

/// Marker and details of the entity of a task or a run: a piece of work.
#[derive(Component, Debug, Clone, PartialEq, Default)]
pub struct TaskRow {
    pub progress: Option<f32>,
    pub priority: Option<u8>,
    pub needs_human: bool,
    pub error: Option<Arc<str>>,
}

/// Marker and details of a workflow's entity.
#[derive(Component, Debug, Clone, PartialEq, Default)]
pub struct WorkflowRow {
    pub progress: Option<f32>,
}

/// The row's label, cleaned for the screen (no control or bidi characters, bounded length).
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct Label(pub Arc<str>);

/// The row's state. Changes only when the state or its word does (use `Changed<RowState>` / `Ref`).
#[derive(Component, Debug, Clone, PartialEq, Eq, Default)]
pub struct RowState(pub StatusReading);

/// The columns, for the inspector.
#[derive(Component, Debug, Clone, PartialEq)]
pub struct Columns(pub Arc<Record>);

/// When the row says that it was made, milliseconds since the Unix epoch: as it was first seen. Decides the order in which
/// rows that come together are given their places.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Created(pub Option<i64>);

/// What last happened to the row and when, for enter, pulse and exit animations. Seconds of `FleetClock`.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    pub appeared: f64,
    /// Last change of state or of another column that is shown.
    pub changed: f64,
    /// Set once when the row is gone; its entity lives on for `EXIT` and is in no index or count any more.
    pub gone: Option<f64>,
}

/// How long a gone row's entity stays for its exit (visual-language.md: shrink and fade 500 ms).
pub const EXIT_SECS: f64 = 0.6;

/// The clock of `Moment`: seconds of `Time<Real>` in f64 (f32 seconds run out after days).
#[derive(Resource, Debug, Default, Clone, Copy)]
pub struct FleetClock(pub f64);

/// task or run → workflow. Absent: the task stands in *Unassigned*.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = Parts)]
pub struct PartOf(pub Entity);

/// workflow → its tasks. Kept by Bevy.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = PartOf)]
pub struct Parts(EntityHashSet);

/// task → the run of a workflow that it is a part of. Present only while that run's entity exists.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = RunParts)]
pub struct InRun(pub Entity);

/// run → its tasks. Kept by Bevy.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = InRun)]
pub struct RunParts(EntityHashSet);

/// agent → the task in hand: the one it names itself, else its first running task. Absent: it rests in the dock.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = InHandOf)]
pub struct WorksOn(pub Entity);

/// What the columns of the user's tables mean.
#[derive(Resource, Debug, Clone, Default)]
pub struct FleetMapping(pub Arc<Mapping>);

impl FleetMapping {
    /// Seconds since a row changed: as it says itself, else as it was seen to; `None` where it has only been read.
    pub fn age_secs(
        &self,
        key: &RowKey,
        columns: &Record,
        moment: Option<&Moment>,
        clock: FleetClock,
        epoch_ms: i64,
    ) -> Option<f64> {
        let seen = || {
            let moment = moment.filter(|moment| moment.changed > moment.appeared)?;
            Some(clock.0 - moment.changed)
        };
        let told = self.0.updated_ms(key.kind, columns);
        told.map(|at_ms| epoch_ms.saturating_sub(at_ms) as f64 / 1e3)
            .or_else(seen)
    }
}

/// Which entity a row is.
#[derive(Resource, Debug)]
pub struct FleetIndex {
    pub(super) by_key: HashMap<RowKey, Entity>,
    /// Most rows shown at once.
    pub most: usize,
    /// How often a row was not shown because the wall was full. It shows when it changes while there is room.
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
    /// Most rows shown at once: ten times the most that the wall is built for.
    pub const MAX_ROWS: usize = 1_000_000;

    pub fn get(&self, key: &RowKey) -> Option<Entity> {
        self.by_key.get(key).copied()
    }

    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

/// How many rows of each kind are in each state.
#[derive(Resource, Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts(pub(super) PerKind<[usize; Status::ALL.len()]>);

impl Counts {
    pub fn of(&self, kind: Kind, status: Status) -> usize {
        self.0[kind].get(status.index()).copied().unwrap_or(0)
    }

    /// Pieces of work in a state: tasks and runs.
    pub fn work(&self, status: Status) -> usize {
        Kind::WORK.into_iter().map(|kind| self.of(kind, status)).sum()
    }

    pub(super) fn add(&mut self, kind: Kind, status: Status) {
        if let Some(count) = self.0[kind].get_mut(status.index()) {
            *count += 1;
        }
    }

    pub(super) fn remove(&mut self, kind: Kind, status: Status) {
        if let Some(count) = self.0[kind].get_mut(status.index()) {
            *count = count.saturating_sub(1);
        }
    }

    pub fn total(&self, kind: Kind) -> usize {
        self.0[kind].iter().sum()
    }
}
