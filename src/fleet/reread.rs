//! Another mapping while the wall runs: all rows are read again, within the frame's budget.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use bevy::prelude::*;

use super::{ApplyBudget, Counts, FleetClock, FleetIndex, FleetMapping, row};
use crate::{
    frame::FleetSystems,
    messages::{Intent, MappedWord, Remapped},
};
use model::{Change, Mapping, Op, Record, RowKey, SourceMapping};

/// Rows between two readings of the clock.
const BUDGET_CHECK_EVERY: usize = 64;

/// Rows that exist and are not shown, because their own columns call them deleted or archived. With another mapping they may
/// be shown; the connection would not report them again.
#[derive(Resource, Debug, Default)]
pub(crate) struct Hidden(HashMap<RowKey, Record>);

impl Hidden {
    /// Keeps a row that is not shown, at most `most` of them.
    pub(super) fn keep(&mut self, key: &RowKey, record: &Record, most: usize) {
        if self.0.len() < most || self.0.contains_key(key) {
            self.0.insert(key.clone(), record.clone());
        }
    }

    /// The row is shown, or gone.
    pub(super) fn forget(&mut self, key: &RowKey) {
        if !self.0.is_empty() {
            self.0.remove(key);
        }
    }
}

/// The rows that are still to be read with the present mapping.
#[derive(Resource, Debug, Default)]
pub struct Rereading(VecDeque<RowKey>);

impl Rereading {
    /// Whether all rows have been read with the present mapping.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(
        Update,
        (
            begin
                .run_if(on_message::<Remapped>.or_else(on_message::<Intent>))
                .in_set(FleetSystems::Enqueue),
            proceed.run_if(is_due).in_set(FleetSystems::Reread),
        ),
    );
}

/// Whether both mappings have the same tables in the same order: the keys of the rows then remain what they are.
pub(crate) fn is_of_same_sources(one: &Mapping, other: &Mapping) -> bool {
    let table = |source: &SourceMapping| {
        (
            source.kind,
            source.schema.clone(),
            source.table.clone(),
            source.id.clone(),
        )
    };
    let tables = |mapping: &Mapping| mapping.sources().iter().map(table).collect::<Vec<_>>();
    tables(one) == tables(other)
}

/// Takes the latest mapping and the words that the user gave a state, and lists all rows. A mapping of other tables is not
/// taken: the connection is for its own.
fn begin(
    mut remapped: MessageReader<Remapped>,
    mut intents: MessageReader<Intent>,
    mut mapping: ResMut<FleetMapping>,
    index: Res<FleetIndex>,
    hidden: Res<Hidden>,
    mut rereading: ResMut<Rereading>,
) {
    let mut latest = Arc::clone(&mapping.0);
    if let Some(Remapped(other)) = remapped.read().last()
        && is_of_same_sources(other, &latest)
    {
        latest = Arc::clone(other);
    }
    for intent in intents.read() {
        if let Intent::MapWord(mapped) = intent {
            let MappedWord {
                source, word, status, ..
            } = mapped;
            Arc::make_mut(&mut latest).edit(|sources| {
                if let Some(of) = sources.get_mut(source.index()) {
                    of.add_word(word, *status);
                }
            });
        }
    }
    if latest == mapping.0 {
        return;
    }
    mapping.0 = latest;
    rereading.0 = index.by_key.keys().chain(hidden.0.keys()).cloned().collect();
}

fn is_due(rereading: Res<Rereading>) -> bool {
    !rereading.is_over()
}

/// Reads as many rows as the frame's budget allows, whatever the changes of the feed took of their own.
fn proceed(world: &mut World) {
    let budget = world
        .resource::<ApplyBudget>()
        .after(world.resource::<Time<Real>>().delta());
    let now = world.resource::<FleetClock>().0;
    let started = Instant::now();
    world.resource_scope(|world, mut rereading: Mut<Rereading>| {
        world.resource_scope(|world, mut index: Mut<FleetIndex>| {
            world.resource_scope(|world, mut counts: Mut<Counts>| {
                let mapping = world.resource::<FleetMapping>().clone();
                let mut done = 0;
                while let Some(key) = rereading.0.pop_front() {
                    one(world, &mut index, &mut counts, &mapping.0, now, key);
                    done += 1;
                    if done % BUDGET_CHECK_EVERY == 0 && started.elapsed() >= budget {
                        break;
                    }
                }
            });
        });
        if rereading.is_over() {
            // The list of a large fleet is not kept.
            rereading.0 = VecDeque::new();
        }
    });
}

fn one(world: &mut World, index: &mut FleetIndex, counts: &mut Counts, mapping: &Mapping, now: f64, key: RowKey) {
    let record = world.resource::<Hidden>().0.get(&key).cloned();
    let Some(record) = record else {
        row::reread(world, index, counts, mapping, now, key);
        return;
    };
    let change = Change {
        key,
        op: Op::Update,
        record,
        committed_ms: None,
    };
    row::apply(world, index, counts, mapping, now, change);
}
