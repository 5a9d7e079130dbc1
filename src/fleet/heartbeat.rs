//! Agents whose heartbeat is overdue are offline. A queue holds when each of them has to be looked at next, so that time
//! passing costs nothing until then.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
};

use bevy::{ecs::system::SystemParam, prelude::*};
use journal::Origin;

use super::{
    Columns, Counts, FleetClock, FleetIndex, FleetMapping, History, Moment, RowLabel, RowState, Touched,
    history::Shown, task_in_hand,
};
use model::{Heartbeats, Life, Mapping, Record, RowKey, Silence, SourceId, StatusReading};

/// Most agents that one frame looks at.
const MOST_PER_FRAME: usize = 1_024;

/// What is known about the agents' signs of life. At most `FleetIndex::MAX_ROWS` of them are queued.
#[derive(Resource, Debug, Default)]
pub(crate) struct Vitals {
    beats: Heartbeats,
    /// When agents have to be looked at again, milliseconds since the Unix epoch: each once. A heartbeat that arrives
    /// before only makes the look find that it is not overdue.
    due: BinaryHeap<Reverse<(i64, RowKey)>>,
    /// Agents with an old heartbeat in a source in which nobody has a young one.
    unmaintained: HashMap<SourceId, Vec<RowKey>>,
    /// The agents in either.
    known: HashSet<RowKey>,
    /// The time of day in this frame, milliseconds since the Unix epoch.
    pub(crate) now_ms: i64,
}

/// How many agents have gone offline because time passed: a change of the picture without a change of a row.
#[derive(Resource, Debug, Default)]
pub(crate) struct Silenced(u64);

impl Vitals {
    /// The state of a row that has changed.
    pub(super) fn judge(
        &mut self,
        mapping: &Mapping,
        key: &RowKey,
        record: &Record,
        state: StatusReading,
    ) -> StatusReading {
        let Some(beat) = mapping.beat(key.source, record) else {
            return state;
        };
        if self.beats.note(key, &beat, self.now_ms) {
            let again = self.unmaintained.remove(&key.source).unwrap_or_default();
            self.due
                .extend(again.into_iter().map(|key| Reverse((self.now_ms, key))));
        }
        let life = self.beats.life(key.source, &beat, self.now_ms);
        self.keep(key, &life);
        match life {
            Life::Silent(_) => Silence::applied_to(state),
            Life::Until(_) | Life::Unmaintained => state,
        }
    }

    /// Queues a row to be looked at again, unless it is queued.
    fn keep(&mut self, key: &RowKey, life: &Life) {
        // Only a change of its row makes a silent agent speak again.
        let is_full = self.known.len() >= FleetIndex::MAX_ROWS;
        if matches!(life, Life::Silent(_)) || is_full || self.known.contains(key) {
            return;
        }
        self.known.insert(key.clone());
        match life {
            Life::Until(at_ms) => self.due.push(Reverse((at_ms.saturating_add(1), key.clone()))),
            Life::Unmaintained => self.unmaintained.entry(key.source).or_default().push(key.clone()),
            Life::Silent(_) => {}
        }
    }

    /// Forgets a row that is gone. What is queued is dropped when it is due.
    pub(super) fn forget(&mut self, key: &RowKey) {
        self.beats.forget(key);
    }

    /// The silence of a row at this moment, if its heartbeat is overdue.
    pub(crate) fn silence(&self, mapping: &Mapping, source: SourceId, record: &Record) -> Option<Silence> {
        self.beats.silence(mapping, source, record, self.now_ms)
    }

    fn take_due(&mut self) -> Option<RowKey> {
        let Reverse((at_ms, _)) = self.due.peek()?;
        if *at_ms > self.now_ms {
            return None;
        }
        let Reverse((_, key)) = self.due.pop()?;
        self.known.remove(&key);
        Some(key)
    }
}

pub(super) fn is_due(vitals: Res<Vitals>) -> bool {
    vitals
        .due
        .peek()
        .is_some_and(|Reverse((at_ms, _))| *at_ms <= vitals.now_ms)
}

/// What changes when an agent goes offline.
#[derive(SystemParam)]
pub(super) struct Changing<'w> {
    silenced: ResMut<'w, Silenced>,
    counts: ResMut<'w, Counts>,
    touched: ResMut<'w, Touched>,
    marked: ResMut<'w, task_in_hand::Marked>,
    history: ResMut<'w, History>,
}

/// Looks at the agents that are due.
pub(super) fn expire(
    mut vitals: ResMut<Vitals>,
    mut changing: Changing,
    index: Res<FleetIndex>,
    mapping: Res<FleetMapping>,
    clock: Res<FleetClock>,
    mut rows: Query<(&Columns, &RowLabel, &mut RowState, &mut Moment)>,
) {
    for _ in 0..MOST_PER_FRAME {
        let Some(key) = vitals.take_due() else { return };
        let Some(entity) = index.get(&key) else { continue };
        let Ok((columns, label, mut state, mut moment)) = rows.get_mut(entity) else {
            continue;
        };
        let Some(beat) = mapping.0.beat(key.source, &columns.0) else {
            continue;
        };
        let life = vitals.beats.life(key.source, &beat, vitals.now_ms);
        vitals.keep(&key, &life);
        if !matches!(life, Life::Silent(_)) || !Silence::overrides(state.0.status) {
            continue;
        }
        changing.counts.remove(key.kind, state.0.status);
        let before = Shown::new(columns, label, &state);
        state.0 = Silence::applied_to(state.0.clone());
        changing.counts.add(key.kind, state.0.status);
        let after = Shown::new(columns, label, &state);
        let now_ms = vitals.now_ms;
        changing
            .history
            .note(now_ms, &key, Origin::Live, Some(&before), Some(&after));
        moment.changed = clock.0;
        changing.touched.note(entity);
        changing.marked.mark(entity);
        changing.silenced.0 += 1;
    }
}
