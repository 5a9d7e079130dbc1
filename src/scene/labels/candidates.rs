//! What could be named at this zoom, the most important first. Cheap to gather: texts are composed only for those that
//! come to be tried.

use bevy::{ecs::system::SystemParam, prelude::*};

use super::label::Owner;
use crate::{
    domain::Status,
    fleet::{AgentRow, Label, Moment, RowState, TaskRow, WorkflowRow},
    layout::{District, Place, Unassigned},
    scene::{camera::View, detail, marks::Tally, selection::Selection},
};

/// From this many logical pixels per slot on, tasks in trouble are named.
const ALARM_PX: f32 = 34.0;
/// Every task is named from here on.
const TASK_PX: f32 = 84.0;
/// Agents are named from here on.
const AGENT_PX: f32 = 13.0;
/// Districts smaller than this radius in logical pixels have no name.
const DISTRICT_PX: f32 = 18.0;
/// Candidates beyond this many are not tried: they are the least important of a screen that is full.
pub(super) const MOST_TRIED: usize = 1_200;

/// What kind of label a candidate gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Selected,
    /// A district whose badge has a number.
    Crowd,
    District,
    /// Failed or blocked.
    Alarm,
    Waiting,
    Agent,
    Task,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub class: Class,
    pub owner: Owner,
    /// Where it is, or will be when it has arrived.
    pub at: Vec2,
    /// Less is more important, within the class.
    weight: f32,
}

/// The rows, as far as labels are concerned.
#[derive(SystemParam)]
pub(super) struct Rows<'w, 's> {
    pub tasks: Query<
        'w,
        's,
        (
            Entity,
            &'static Label,
            &'static RowState,
            &'static Place,
            Option<&'static Moment>,
        ),
        With<TaskRow>,
    >,
    pub agents: Query<
        'w,
        's,
        (
            Entity,
            &'static Label,
            &'static RowState,
            &'static Place,
            Option<&'static Moment>,
        ),
        With<AgentRow>,
    >,
    pub workflows: Query<
        'w,
        's,
        (
            Entity,
            &'static Label,
            &'static RowState,
            &'static District,
            Option<&'static Moment>,
        ),
        With<WorkflowRow>,
    >,
    pub unassigned: Res<'w, Unassigned>,
}

fn is_here(moment: Option<&Moment>) -> bool {
    moment.is_none_or(|moment| moment.gone.is_none())
}

impl Rows<'_, '_> {
    /// The districts on the screen: middle and radius in screen pixels.
    pub fn discs(&self, view: &View) -> impl Iterator<Item = (Owner, Vec2, f32)> {
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

    /// What could be named, in the order in which room is given. `is_shown` says who has a label now: among equals
    /// they go first, so that labels do not flicker.
    pub fn candidates(
        &self,
        view: &View,
        slot_px: f32,
        selection: &Selection,
        tally: impl Fn(Option<Entity>) -> Tally,
        is_shown: impl Fn(Owner) -> bool,
    ) -> Vec<Candidate> {
        let seen = view.world_rect();
        let px_per_slot = 1.0 / view.world_per_px;
        let is_far = detail::far(slot_px) > 0.5;
        let crowd = |workflow: Option<Entity>| {
            let tally = if is_far { tally(workflow) } else { return None };
            (detail::crowding(tally.crowd(), slot_px) > 0.5)
                .then(|| tally.gravest())
                .flatten()
                // Every failure comes before whatever is merely blocked or waits.
                .map(|(status, count)| if status == Status::Failed { -1e6 } else { 0.0 } - count as f32)
        };
        let mut found = Vec::new();
        let mut offer = |class: Class, owner: Owner, at: Vec2, weight: f32| {
            let class = match owner {
                Owner::Row(row) if selection.selected == Some(row) => Class::Selected,
                _ => class,
            };
            found.push(Candidate {
                class,
                owner,
                at,
                weight,
            });
        };
        let pointed = |row: Entity| selection.selected == Some(row);

        for (row, _, _, district, moment) in &self.workflows {
            let large = district.radius * px_per_slot >= DISTRICT_PX;
            let around = Rect::from_center_half_size(district.center, Vec2::splat(district.radius + 2.0));
            if is_here(moment) && (large || pointed(row)) && !seen.intersect(around).is_empty() {
                let (class, weight) = match crowd(Some(row)) {
                    Some(weight) => (Class::Crowd, weight),
                    None => (Class::District, -district.radius),
                };
                offer(class, Owner::Row(row), district.center, weight);
            }
        }
        if let Some(district) = self.unassigned.0
            && district.radius * px_per_slot >= DISTRICT_PX
        {
            let (class, weight) = match crowd(None) {
                Some(weight) => (Class::Crowd, weight),
                None => (Class::District, -district.radius),
            };
            offer(class, Owner::Unassigned, district.center, weight);
        }
        if px_per_slot >= AGENT_PX {
            for (row, _, state, place, moment) in &self.agents {
                if is_here(moment) && seen.contains(place.at) {
                    let class = alarm(state.0.status).unwrap_or(Class::Agent);
                    offer(class, Owner::Row(row), place.at, 0.0);
                }
            }
        }
        if px_per_slot >= ALARM_PX {
            for (row, _, state, place, moment) in &self.tasks {
                if !seen.contains(place.at) || !is_here(moment) {
                    continue;
                }
                // The latest trouble first.
                let age = moment.map_or(0.0, |moment| -moment.changed as f32);
                match alarm(state.0.status) {
                    Some(class) => offer(class, Owner::Row(row), place.at, age),
                    None if px_per_slot >= TASK_PX || pointed(row) => {
                        offer(Class::Task, Owner::Row(row), place.at, 0.0);
                    }
                    None => {}
                }
            }
        }
        // What is selected has a label at any zoom; what is under the pointer is told by the card there.
        if let Some(row) = selection.selected
            && !found.iter().any(|candidate| candidate.owner == Owner::Row(row))
        {
            let place = self
                .tasks
                .get(row)
                .map(|row| row.3)
                .or_else(|_| self.agents.get(row).map(|row| row.3));
            if let Ok(place) = place {
                found.push(Candidate {
                    class: Class::Selected,
                    owner: Owner::Row(row),
                    at: place.at,
                    weight: 0.0,
                });
            }
        }
        let mut ranked: Vec<(bool, Candidate)> = found
            .into_iter()
            .map(|candidate| (!is_shown(candidate.owner), candidate))
            .collect();
        ranked.sort_by(|(a_new, a), (b_new, b)| {
            let by_class = a.class.cmp(&b.class).then(a_new.cmp(b_new));
            by_class.then(a.weight.total_cmp(&b.weight)).then(a.owner.cmp(&b.owner))
        });
        ranked.truncate(MOST_TRIED);
        ranked.into_iter().map(|(_, candidate)| candidate).collect()
    }
}

/// The class of a state that a person should know of.
fn alarm(status: Status) -> Option<Class> {
    match status {
        Status::Failed | Status::Blocked => Some(Class::Alarm),
        Status::Waiting => Some(Class::Waiting),
        _ => None,
    }
}
