//! The rows that could be named at this zoom, the most important first. Texts are composed later, and only for those that are
//! tried.

use bevy::{ecs::system::SystemParam, prelude::*};

use super::label::Owner;
use crate::{
    fleet::{AgentRow, Columns, FleetClock, FleetMapping, Key, Moment, RowLabel, RowState, TaskRow, WorkflowRow},
    layout::{District, FloorPlan, Place, Unassigned},
    scene::{
        camera::View,
        detail,
        marks::{Layer, MarkKind, Tally},
        selection::Selection,
    },
};
use model::{Status, Trouble};

/// Tasks in trouble are named in slots of this size (`detail::slot_px`) and larger: a title in the far view would cover many
/// marks.
pub(super) const ALARM_PX: f32 = 34.0;
/// Every task is named in slots of this size and larger.
const TASK_PX: f32 = 84.0;
/// Agents are named in slots of this size and larger.
const AGENT_PX: f32 = 13.0;
/// Districts smaller than this radius in such pixels have no name.
const DISTRICT_PX: f32 = 18.0;
/// From far, districts with tasks in trouble come before all others.
const TROUBLED: f32 = 1e6;
/// The width of the rings around the pointer by which calm tasks are ranked, logical pixels.
const RING_PX: f32 = 240.0;
/// The maximum number of candidates that are tried.
pub(super) const MOST_TRIED: usize = 1_200;

/// The kind of label that a candidate gets, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Selected,
    /// A district whose badge has a number.
    Crowd,
    District,
    /// A task or an agent in trouble.
    Trouble(Trouble),
    Agent,
    Task,
}

/// Something on the screen that may get a label.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// How important labels of this sort are.
    pub(super) class: Class,
    /// What the label would name.
    pub(super) owner: Owner,
    /// Its place at the end of its move.
    pub(super) at: Vec2,
    /// Less is more important, within the class.
    weight: f32,
}

/// Reads what labels need of the rows.
#[derive(SystemParam)]
pub(super) struct LabelRows<'w, 's> {
    /// The rows of tasks and runs.
    pub(super) tasks: Query<
        'w,
        's,
        (
            Entity,
            &'static RowLabel,
            &'static RowState,
            &'static Place,
            &'static Moment,
            &'static TaskRow,
        ),
    >,
    /// The rows of agents.
    pub(super) agents: Query<
        'w,
        's,
        (
            Entity,
            &'static RowLabel,
            &'static RowState,
            &'static Place,
            &'static Moment,
        ),
        With<AgentRow>,
    >,
    /// The rows of workflows and their districts.
    pub(super) workflows: Query<
        'w,
        's,
        (
            Entity,
            &'static RowLabel,
            &'static RowState,
            &'static District,
            &'static Moment,
        ),
        With<WorkflowRow>,
    >,
    /// Keys and columns, for the age of a row.
    pub(super) columns: Query<'w, 's, (&'static Key, &'static Columns)>,
    /// Which column says when a row changed.
    pub(super) mapping: Res<'w, FleetMapping>,
    /// The clock of the times in `Moment`.
    pub(super) clock: Res<'w, FleetClock>,
    /// The district of tasks without a workflow, if there are any.
    pub(super) unassigned: Res<'w, Unassigned>,
    /// Finds the rows on the screen.
    pub(super) plan: Res<'w, FloorPlan>,
}

fn is_here(moment: &Moment) -> bool {
    moment.gone.is_none()
}

impl LabelRows<'_, '_> {
    /// The districts on the screen: owner, middle and radius in screen pixels.
    pub(super) fn discs(&self, view: &View) -> impl Iterator<Item = (Owner, Vec2, f32)> {
        let seen = view.world_rect();
        let workflows = self
            .workflows
            .iter()
            .map(|(row, _, _, district, _)| (Owner::Row(row), *district));
        let unassigned = self.unassigned.0.map(|district| (Owner::Unassigned, district));
        workflows
            .chain(unassigned)
            .filter(move |(_, district)| {
                let around = Rect::from_center_half_size(district.center, Vec2::splat(district.radius));
                !seen.intersect(around).is_empty()
            })
            .map(|(owner, district)| {
                let middle = view.screen_from_world(district.center);
                (owner, middle, district.radius / view.world_per_px)
            })
    }

    /// The tasks in trouble within a rectangle of the world and a margin around it.
    pub(super) fn alarms_in(&self, world: Rect, margin: f32) -> impl Iterator<Item = Vec2> {
        let near = self.plan.tasks_in(world.inflate(margin));
        near.into_iter()
            .filter(|(row, _)| self.is_alarm(*row))
            .map(|(_, at)| at)
    }

    fn is_alarm(&self, row: Entity) -> bool {
        self.tasks.get(row).is_ok_and(|(_, _, state, _, moment, task)| {
            let layer = Layer::of(MarkKind::Task, state.0.status, task.needs_human);
            is_here(moment) && layer == Layer::Alarms
        })
    }

    /// The agents on the screen, in screen pixels.
    pub(super) fn agents_on(&self, view: &View) -> Vec<Vec2> {
        let seen = view.world_rect();
        self.agents
            .iter()
            .filter(|(.., place, moment)| is_here(moment) && seen.contains(place.at))
            .map(|(.., place, _)| view.screen_from_world(place.at))
            .collect()
    }

    /// Seconds since a row changed (`FleetMapping::age_secs`).
    pub(super) fn age_secs(&self, row: Entity, moment: &Moment, epoch_ms: i64) -> Option<f64> {
        let (key, columns) = self.columns.get(row).ok()?;
        self.mapping.age_secs(&key.0, &columns.0, moment, *self.clock, epoch_ms)
    }

    /// What could be named, in the order in which room is given. Among equals those that `is_shown` reports as labelled go
    /// first, so that labels do not flicker. `pointer` is its position on the screen.
    pub(super) fn candidates(
        &self,
        view: &View,
        slot_px: f32,
        selection: &Selection,
        pointer: Option<Vec2>,
        tally: impl Fn(Option<Entity>) -> Tally,
        is_shown: impl Fn(Owner) -> bool,
    ) -> Vec<Candidate> {
        let mut found = FoundCandidates {
            seen: view.world_rect(),
            slot_px,
            selected: selection.selected,
            candidates: Vec::new(),
        };
        self.find_districts(&mut found, tally);
        if slot_px >= AGENT_PX {
            self.find_agents(&mut found);
        }
        if slot_px >= ALARM_PX {
            self.find_tasks(&mut found, view, pointer);
        }
        self.find_selected(&mut found);
        ranked(found.candidates, is_shown)
    }

    fn find_districts(&self, found: &mut FoundCandidates, tally: impl Fn(Option<Entity>) -> Tally) {
        let slot_px = found.slot_px;
        let is_far = detail::far(slot_px) > 0.5;
        let crowd = |workflow: Option<Entity>| {
            let tally = if is_far { tally(workflow) } else { return None };
            (detail::crowding(tally.crowd(), slot_px) > 0.5)
                .then(|| tally.most_severe())
                .flatten()
                // Every failure comes before whatever is merely blocked or waits.
                .map(|(status, count)| if status == Status::Failed { -1e6 } else { 0.0 } - count as f32)
        };
        for (row, _, _, district, moment) in &self.workflows {
            let is_large = district.radius * slot_px >= DISTRICT_PX;
            let around = Rect::from_center_half_size(district.center, Vec2::splat(district.radius + 2.0));
            let is_named = is_large || found.selected == Some(row);
            if is_here(moment) && is_named && !found.seen.intersect(around).is_empty() {
                let (class, weight) = match crowd(Some(row)) {
                    Some(weight) => (Class::Crowd, weight),
                    None if is_far && tally(Some(row)).alarms() > 0 => (Class::District, -TROUBLED - district.radius),
                    None => (Class::District, -district.radius),
                };
                found.offer(class, Owner::Row(row), district.center, weight);
            }
        }
        if let Some(district) = self.unassigned.0
            && district.radius * slot_px >= DISTRICT_PX
        {
            let (class, weight) = match crowd(None) {
                Some(weight) => (Class::Crowd, weight),
                None => (Class::District, -district.radius),
            };
            found.offer(class, Owner::Unassigned, district.center, weight);
        }
    }

    fn find_agents(&self, found: &mut FoundCandidates) {
        for (row, _, state, place, moment) in &self.agents {
            if is_here(moment) && found.seen.contains(place.at) {
                let (class, weight) = match state.0.status.trouble() {
                    Some(trouble) => (Class::Trouble(trouble), recency(moment)),
                    None => (Class::Agent, 0.0),
                };
                found.offer(class, Owner::Row(row), place.at, weight);
            }
        }
    }

    fn find_tasks(&self, found: &mut FoundCandidates, view: &View, pointer: Option<Vec2>) {
        for (row, at) in self.plan.tasks_in(found.seen) {
            let Ok((_, _, state, _, moment, _)) = self.tasks.get(row) else {
                continue;
            };
            if !is_here(moment) {
                continue;
            }
            match state.0.status.trouble() {
                Some(trouble) => found.offer(Class::Trouble(trouble), Owner::Row(row), at, recency(moment)),
                None if found.slot_px >= TASK_PX || found.selected == Some(row) => {
                    // Those near the pointer first: an operator is reading there.
                    let away = pointer.map_or(0.0, |pointer| view.screen_from_world(at).distance(pointer));
                    found.offer(Class::Task, Owner::Row(row), at, (away / RING_PX).floor());
                }
                None => {}
            }
        }
    }

    /// The selected row has a label at any zoom. (The hovered row is described by the card at the pointer.)
    fn find_selected(&self, found: &mut FoundCandidates) {
        let Some(row) = found.selected else { return };
        if found
            .candidates
            .iter()
            .any(|candidate| candidate.owner == Owner::Row(row))
        {
            return;
        }
        let task = self.tasks.get(row).map(|row| row.3);
        if let Ok(place) = task.or_else(|_| self.agents.get(row).map(|row| row.3)) {
            found.offer(Class::Selected, Owner::Row(row), place.at, 0.0);
        }
    }
}

/// Candidates as they are found.
struct FoundCandidates {
    /// The part of the world on the screen.
    seen: Rect,
    slot_px: f32,
    selected: Option<Entity>,
    candidates: Vec<Candidate>,
}

impl FoundCandidates {
    fn offer(&mut self, class: Class, owner: Owner, at: Vec2, weight: f32) {
        let class = match owner {
            Owner::Row(row) if self.selected == Some(row) => Class::Selected,
            _ => class,
        };
        self.candidates.push(Candidate {
            class,
            owner,
            at,
            weight,
        });
    }
}

/// In the order in which room is given.
fn ranked(found: Vec<Candidate>, is_shown: impl Fn(Owner) -> bool) -> Vec<Candidate> {
    let mut ranked: Vec<(bool, Candidate)> = found
        .into_iter()
        .map(|candidate| (!is_shown(candidate.owner), candidate))
        .collect();
    // A calm task that has a label loses it only to one that is two rings nearer to the pointer. Among those in trouble the
    // latest come first, labelled or not: the latest failure must be readable.
    let nearness = |is_new: bool, candidate: &Candidate| match candidate.class {
        Class::Task if !is_new => candidate.weight - 1.0,
        Class::Task | Class::Trouble(_) => candidate.weight,
        _ => 0.0,
    };
    ranked.sort_by(|(a_new, a), (b_new, b)| {
        let by_class = a.class.cmp(&b.class);
        let by_nearness = by_class.then(nearness(*a_new, a).total_cmp(&nearness(*b_new, b)));
        let by_age = by_nearness.then(a_new.cmp(b_new)).then(a.weight.total_cmp(&b.weight));
        by_age.then(a.owner.cmp(&b.owner))
    });
    ranked.truncate(MOST_TRIED);
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

/// A weight that is less, the later a row changed.
fn recency(moment: &Moment) -> f32 {
    -moment.changed as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn among_many_failures_the_latest_are_named_whichever_had_a_label() {
        let row = |number: u32| Owner::Row(Entity::from_raw_u32(number).unwrap());
        let candidate = |number: u32, class: Class, changed: f64| {
            let moment = Moment {
                appeared: 0.0,
                changed,
                gone: None,
            };
            Candidate {
                class,
                owner: row(number),
                at: Vec2::ZERO,
                weight: recency(&moment),
            }
        };
        let mut found: Vec<Candidate> = (0..2_000)
            .map(|number| candidate(number, Class::Trouble(Trouble::Failed), 1.0))
            .collect();
        found.push(candidate(2_000, Class::Trouble(Trouble::Blocked), 9.0));
        found.push(candidate(2_001, Class::Trouble(Trouble::Failed), 5.0));
        found.push(candidate(2_002, Class::Trouble(Trouble::Failed), 7.0));
        let order = ranked(found, |owner| owner == row(17));
        assert_eq!(order.len(), MOST_TRIED);
        let first: Vec<Owner> = order.iter().take(3).map(|candidate| candidate.owner).collect();
        assert_eq!(first, [row(2_002), row(2_001), row(17)]);
        assert!(
            order
                .iter()
                .all(|candidate| candidate.class == Class::Trouble(Trouble::Failed)),
            "what is blocked comes after"
        );
    }
}
