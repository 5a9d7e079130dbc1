//! Finds the rows that a row is related to.

use bevy::{
    ecs::{entity::EntityHashSet, system::SystemParam},
    prelude::*,
};

use crate::{
    fleet::{
        Assigned, Assignments, FleetIndex, InHandOf, InRun, Key, PartOf, Parts, RowLabel, RowState, RunParts, TaskRow,
        TieIndex, Ties, Trails, WorksOn,
    },
    ui::related::{RelatedRow, Relation},
};
use model::RowKey;

/// Rows of one relation that are named, and that are looked at to find the most important ones.
const MOST_NAMED: usize = 6;
const MOST_LOOKED_AT: usize = 20_000;

/// What relations are read from.
#[derive(SystemParam)]
pub(super) struct RelatedRows<'w, 's> {
    rows: Query<
        'w,
        's,
        (
            &'static Key,
            &'static RowLabel,
            &'static RowState,
            Option<&'static TaskRow>,
        ),
    >,
    ties: Query<'w, 's, &'static Ties>,
    assigned: Query<'w, 's, &'static Assigned>,
    places: Query<
        'w,
        's,
        (
            Option<&'static PartOf>,
            Option<&'static InRun>,
            Option<&'static WorksOn>,
            Option<&'static InHandOf>,
            Option<&'static Parts>,
            Option<&'static RunParts>,
        ),
    >,
    trails: Trails<'w, 's>,
    tie_index: Res<'w, TieIndex>,
    assignments: Res<'w, Assignments>,
    index: Res<'w, FleetIndex>,
}

impl RelatedRows<'_, '_> {
    /// A row as a chip shows it.
    pub(super) fn related(&self, row: Entity) -> Option<RelatedRow> {
        let (key, label, state, task) = self.rows.get(row).ok()?;
        let error = task.and_then(|task| task.error.as_deref());
        Some(RelatedRow {
            key: key.0.clone(),
            label: match &*label.0 {
                "" => key.0.id.as_str().to_owned(),
                label => label.to_owned(),
            },
            status: state.0.status,
            about: error.unwrap_or_default().to_owned(),
        })
    }

    /// The rows of one relation, what is in trouble first, then what runs; then by name.
    fn relation(&self, how: &'static str, rows: impl IntoIterator<Item = Entity>) -> Option<Relation> {
        let mut seen = EntityHashSet::default();
        let rows = rows.into_iter().take(MOST_LOOKED_AT).filter(|row| seen.insert(*row));
        let ranked = rows.filter_map(|row| {
            let (key, label, state, _) = self.rows.get(row).ok()?;
            let status = state.0.status;
            Some((status.urgency(), status.phase() as u8, &*label.0, &key.0, row))
        });
        let mut ranked: Vec<_> = ranked.collect();
        let count = ranked.len();
        // Names of the others are never made.
        if count > MOST_NAMED {
            ranked.select_nth_unstable(MOST_NAMED);
            ranked.truncate(MOST_NAMED);
        }
        ranked.sort_unstable();
        let rows: Vec<RelatedRow> = ranked.iter().filter_map(|(.., row)| self.related(*row)).collect();
        let more = count - rows.len();
        (!rows.is_empty()).then_some(Relation { how, rows, more })
    }

    /// All relations of a row, those that say why it waits first.
    pub(super) fn of(&self, row: Entity, key: &RowKey) -> Vec<Relation> {
        let find = |keys: &[RowKey]| -> Vec<Entity> { keys.iter().filter_map(|key| self.index.get(key)).collect() };
        let ties = self.ties.get(row).ok();
        let waits_for = self.trails.waits_for(row);
        let needed = ties.map(|ties| find(&ties.depends_on)).unwrap_or_default();
        let done = needed.into_iter().filter(|other| !waits_for.contains(other));
        let referring: Vec<Entity> = self.tie_index.referring_to(key).take(MOST_LOOKED_AT).collect();
        let refers = |other: &Entity, is_needed: bool| {
            self.ties.get(*other).is_ok_and(|ties| {
                if is_needed {
                    ties.depends_on.contains(key)
                } else {
                    ties.parent.as_ref() == Some(key)
                }
            })
        };
        // The ends of the trail, where it is longer than what the row itself names.
        let steps = self.trails.of(row);
        let held_up: Vec<Entity> = (steps.iter().skip(1).flatten())
            .map(|(other, _)| *other)
            .filter(|other| self.trails.waits_for(*other).is_empty())
            .collect();
        let assigned = self.assigned.get(row).map(|assigned| find(&assigned.agents));
        let (part_of, in_run, works_on, in_hand_of, parts, run_parts) =
            self.places.get(row).unwrap_or((None, None, None, None, None, None));
        let workers = parts.into_iter().flat_map(Parts::iter).take(MOST_LOOKED_AT);
        let workers = workers.filter_map(|task| self.places.get(task).ok()?.3);
        let workers = workers.flat_map(InHandOf::iter);
        let agents = assigned.unwrap_or_default().into_iter();
        let agents = agents
            .chain(in_hand_of.into_iter().flat_map(InHandOf::iter))
            .chain(workers);
        let in_hand = works_on.map(|task| task.0);
        let other_work = self.assignments.of(key).filter(|task| Some(*task) != in_hand);
        [
            self.relation("waits for", waits_for.iter().copied()),
            self.relation("held up by", held_up),
            self.relation("agents", agents),
            self.relation("works on", in_hand),
            self.relation("also has", other_work),
            self.relation("workflow", part_of.map(|part| part.0)),
            self.relation("run", in_run.map(|run| run.0)),
            self.relation("part of", ties.and_then(|ties| self.index.get(ties.parent.as_ref()?))),
            self.relation("waited for", done),
            self.relation(
                "needed by",
                referring.iter().copied().filter(|other| refers(other, true)),
            ),
            self.relation("parts", referring.iter().copied().filter(|other| refers(other, false))),
            self.relation("work", parts.into_iter().flat_map(Parts::iter)),
            self.relation("tasks", run_parts.into_iter().flat_map(RunParts::iter)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
