//! What is seen at a point of the screen at this moment: exact in mid-flight, and at every zoom. The floor plan knows who
//! stands where, `Movers` who is on the way.

use std::collections::VecDeque;

use bevy::{ecs::system::SystemParam, prelude::*};

use super::{
    camera::View,
    detail,
    labels::TextScale,
    marks::{AGENT_RADIUS, Layer, MarkKind, Marks, Tallies, stamp},
    motion::MotionSettings,
};
use crate::{
    fleet::{AgentRow, FleetClock, PartOf, RowState, TaskRow, Touched},
    frame::FrameSystems,
    layout::{District, MOVE_SECS, Place, Plan, Spot},
};

/// Below this many pixels per slot (`detail::slot_px`) a task is too small to be meant: its district is.
const LEAST_TASK_PX: f32 = 6.0;
/// The same for an agent, which is half as large again.
const LEAST_AGENT_PX: f32 = 4.0;
/// From far a task in trouble is still drawn as a mark of five pixels, and meant within this many.
const ALARM_PX: f32 = 5.0;
/// A task is hit within this distance of its middle: half a slot.
const TASK_HIT: f32 = 0.5;

/// Rows that set out lately, by when they did: a flight takes `MOVE_SECS`.
#[derive(Resource, Debug, Default)]
pub(super) struct Movers(VecDeque<(f64, Vec<Entity>)>);

impl Movers {
    fn iter(&self) -> impl Iterator<Item = Entity> {
        self.0.iter().flat_map(|(_, rows)| rows.iter().copied())
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Movers>()
        .add_systems(Update, follow.in_set(FrameSystems::Animate));
}

/// Who sets out in this frame is among those touched.
fn follow(
    mut movers: ResMut<Movers>,
    touched: Res<Touched>,
    clock: Res<FleetClock>,
    places: Query<&Place>,
    districts: Query<&District>,
) {
    let now = clock.0;
    let movers = movers.bypass_change_detection();
    while movers.0.front().is_some_and(|(moved, _)| now - moved > MOVE_SECS) {
        movers.0.pop_front();
    }
    let sets_out = |row: &Entity| match (places.get(*row), districts.get(*row)) {
        (Ok(place), _) => place.moved == now && place.from != place.at,
        (_, Ok(district)) => district.moved == now && (district.from != district.center || district.is_resizing(now)),
        _ => false,
    };
    let rows: Vec<Entity> = touched.iter().filter(sets_out).collect();
    if !rows.is_empty() {
        movers.0.push_back((now, rows));
    }
}

/// All that tells what is seen where.
#[derive(SystemParam)]
pub(super) struct Sight<'w, 's> {
    plan: Option<Res<'w, Plan>>,
    view: Res<'w, View>,
    clock: Res<'w, FleetClock>,
    motion: Res<'w, MotionSettings>,
    movers: Res<'w, Movers>,
    marks: Res<'w, Marks>,
    tallies: Res<'w, Tallies>,
    text_scale: Res<'w, TextScale>,
    places: Query<'w, 's, (&'static Place, Has<AgentRow>)>,
    districts: Query<'w, 's, &'static District>,
    tasks: Query<'w, 's, (&'static RowState, &'static TaskRow, Option<&'static PartOf>)>,
}

impl Sight<'_, '_> {
    fn slot_px(&self) -> f32 {
        detail::slot_px(self.view.world_per_px, self.text_scale.0)
    }

    /// The row at a screen position, by what can be told apart at this zoom.
    pub fn row_at(&self, screen: Vec2) -> Option<Entity> {
        let world = self.view.world_from_screen(screen);
        let slot_px = self.slot_px();
        if let Some(mover) = self.mover_at(world, slot_px) {
            return Some(mover);
        }
        let plan = self.plan.as_ref()?;
        match plan.at(world) {
            Some(Spot::Task(task)) if slot_px >= LEAST_TASK_PX && !self.is_under_way(task) => return Some(task),
            Some(Spot::Agent(agent)) if slot_px >= LEAST_AGENT_PX && !self.is_under_way(agent) => {
                return Some(agent);
            }
            _ => {}
        }
        if slot_px < LEAST_TASK_PX
            && let Some(alarm) = self.alarm_at(plan, world)
        {
            return Some(alarm);
        }
        let district = plan.district_at(world)?;
        (!self.is_under_way(district) || self.is_in(district, world)).then_some(district)
    }

    /// Whether it is drawn elsewhere than where it will stand. With reduced motion nothing is.
    fn is_under_way(&self, row: Entity) -> bool {
        let moved = match (self.places.get(row), self.districts.get(row)) {
            (Ok((place, _)), _) if place.from != place.at => place.moved,
            (_, Ok(district)) => district.moved,
            _ => return false,
        };
        !self.motion.reduced && self.clock.0 - moved < MOVE_SECS
    }

    fn is_in(&self, district: Entity, world: Vec2) -> bool {
        self.districts.get(district).is_ok_and(|district| {
            let center = district.drawn_at(self.clock.0);
            center.distance(world) <= district.radius_at(self.clock.0)
        })
    }

    /// Who passes at a point: a mark before a district, the nearest of marks.
    fn mover_at(&self, world: Vec2, slot_px: f32) -> Option<Entity> {
        if self.motion.reduced || self.movers.0.is_empty() {
            return None;
        }
        let away = |row: Entity| {
            let (place, is_agent) = self.places.get(row).ok()?;
            let (least, reach) = if is_agent {
                (LEAST_AGENT_PX, AGENT_RADIUS)
            } else {
                (LEAST_TASK_PX, TASK_HIT)
            };
            let at = if is_agent {
                self.marks.mark(row)?.flown(stamp(self.clock.0))
            } else {
                place.drawn_at(self.clock.0)
            };
            let away = at.distance(world);
            (slot_px >= least && away < reach).then_some(away)
        };
        let marks = self.movers.iter().filter_map(|row| Some((away(row)?, row)));
        let nearest = marks.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let district = || self.movers.iter().find(|&row| self.is_in(row, world));
        match nearest {
            Some((_, row)) => Some(row),
            // Who stands in it is looked for first, unless nobody is told apart.
            None if slot_px < LEAST_AGENT_PX => district(),
            None => None,
        }
    }

    /// The task in trouble that is drawn nearest to a point, where it is drawn and not told by its district's badge.
    fn alarm_at(&self, plan: &Plan, world: Vec2) -> Option<Entity> {
        let slot_px = self.slot_px();
        let reach = ALARM_PX * detail::unit(self.text_scale.0) * self.view.world_per_px;
        let is_drawn = |row: Entity| {
            let Ok((state, task, part_of)) = self.tasks.get(row) else {
                return false;
            };
            let layer = Layer::of(MarkKind::Task, state.0.status, task.needs_human);
            let crowd = || self.tallies.of(part_of.map(|part_of| part_of.0)).crowd();
            layer == Layer::Alarms && detail::crowding(crowd(), slot_px) < 0.5
        };
        let near = plan.tasks_in(Rect::from_center_half_size(world, Vec2::splat(reach)));
        near.into_iter()
            .map(|(row, at)| (at.distance(world), row))
            .filter(|(away, row)| *away <= reach && is_drawn(*row))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
            .map(|(_, row)| row)
    }
}
