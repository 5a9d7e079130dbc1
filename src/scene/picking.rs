//! What the pointer hovers over and what a click selects. Picking uses the positions in which marks are drawn, so that it is
//! exact during flights and at every zoom: the floor plan finds what has arrived, `Movers` what is still moving.

use std::collections::VecDeque;

use bevy::{ecs::system::SystemParam, prelude::*};

use super::{
    camera::View,
    detail,
    marks::{AGENT_RADIUS, Layer, MarkKind, Marks, Tallies, stamp},
    motion::MotionSettings,
    pointer::Pointer,
    selection::Selection,
    text_scale::TextScale,
};
use crate::{
    fleet::{AgentRow, FleetClock, FleetIndex, PartOf, RowState, TaskRow, Touched},
    frame::{FrameSystems, PointerSystems},
    layout::{District, FloorPlan, MOVE_SECS, Place, Spot},
    messages::{Intent, PointerResting},
};

/// In smaller slots (`detail::slot_px`) the pointer picks the district instead of a task.
const LEAST_TASK_PX: f32 = 6.0;
/// The same for agents, which are half as large again.
const LEAST_AGENT_PX: f32 = 4.0;
/// In the far view a task in trouble is drawn as a mark of five pixels, and picked within this many.
const ALARM_PX: f32 = 5.0;
/// A task is picked within this distance of its middle: half a slot.
const TASK_HIT: f32 = 0.5;

/// Rows that are moving, by the time of their departure: a move takes `MOVE_SECS`.
#[derive(Resource, Debug, Default)]
struct Movers(VecDeque<(f64, Vec<Entity>)>);

impl Movers {
    fn iter(&self) -> impl Iterator<Item = Entity> {
        self.0.iter().flat_map(|(_, rows)| rows.iter().copied())
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Movers>()
        .init_resource::<Selection>()
        .add_systems(Update, follow.in_set(FrameSystems::Animate))
        .add_systems(
            Update,
            (
                hover_and_click.in_set(PointerSystems::Pick),
                select.in_set(PointerSystems::Select),
            ),
        );
}

/// Notes the rows that depart in this frame: they are among the touched ones.
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
    let departs = |row: &Entity| match (places.get(*row), districts.get(*row)) {
        (Ok(place), _) => place.moved == now && place.from != place.at,
        (_, Ok(district)) => district.moved == now && (district.from != district.center || district.is_resizing(now)),
        _ => false,
    };
    let rows: Vec<Entity> = touched.iter().filter(departs).collect();
    if !rows.is_empty() {
        movers.0.push_back((now, rows));
    }
}

/// Finds the row at a point of the screen.
#[derive(SystemParam)]
struct Picker<'w, 's> {
    plan: Res<'w, FloorPlan>,
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

impl Picker<'_, '_> {
    fn slot_px(&self) -> f32 {
        detail::slot_px(self.view.world_per_px, *self.text_scale)
    }

    /// The row at a screen position that is large enough to be picked at this zoom.
    fn row_at(&self, screen: Vec2) -> Option<Entity> {
        let world = self.view.world_from_screen(screen);
        let slot_px = self.slot_px();
        if let Some(mover) = self.mover_at(world, slot_px) {
            return Some(mover);
        }
        match self.plan.at(world) {
            Some(Spot::Task(task)) if slot_px >= LEAST_TASK_PX && !self.is_moving(task) => return Some(task),
            Some(Spot::Agent(agent)) if slot_px >= LEAST_AGENT_PX && !self.is_moving(agent) => {
                return Some(agent);
            }
            _ => {}
        }
        if slot_px < LEAST_TASK_PX
            && let Some(alarm) = self.alarm_at(world)
        {
            return Some(alarm);
        }
        let district = self.plan.district_at(world)?;
        (!self.is_moving(district) || self.is_in(district, world)).then_some(district)
    }

    /// Whether a row is drawn elsewhere than at its final place. With reduced motion none is.
    fn is_moving(&self, row: Entity) -> bool {
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

    /// The moving row at a point: the nearest mark, or else a district.
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
                self.marks.mark(row)?.flight_position(stamp(self.clock.0))
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
            // Rows within the district are picked first, unless they are too small.
            None if slot_px < LEAST_AGENT_PX => district(),
            None => None,
        }
    }

    /// The nearest task in trouble at a point, unless its district's badge replaces it.
    fn alarm_at(&self, world: Vec2) -> Option<Entity> {
        let slot_px = self.slot_px();
        let reach = ALARM_PX * self.text_scale.unit() * self.view.world_per_px;
        let is_drawn = |row: Entity| {
            let Ok((state, task, part_of)) = self.tasks.get(row) else {
                return false;
            };
            let layer = Layer::of(MarkKind::Task, state.0.status, task.needs_human);
            let crowd = || self.tallies.of(part_of.map(|part_of| part_of.0)).crowd();
            layer == Layer::Alarms && detail::crowding(crowd(), slot_px) < 0.5
        };
        let near = self
            .plan
            .tasks_in(Rect::from_center_half_size(world, Vec2::splat(reach)));
        near.into_iter()
            .map(|(row, at)| (at.distance(world), row))
            .filter(|(away, row)| *away <= reach && is_drawn(*row))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
            .map(|(_, row)| row)
    }
}

fn hover_and_click(
    mut selection: ResMut<Selection>,
    pointer: Res<Pointer>,
    picker: Picker,
    resting: Res<PointerResting>,
    rows: Query<()>,
) {
    let pick = |screen: Vec2| picker.row_at(screen).filter(|&row| rows.contains(row));
    let mut next = *selection;
    next.hovered = pointer
        .over
        .filter(|_| !pointer.is_dragging() && !resting.0)
        .and_then(pick);
    // The second click of a double click keeps the row of the first: the scene may have moved between them.
    if let (Some(at), None) = (pointer.clicked, pointer.double_clicked) {
        next.selected = pick(at);
    }
    // The selected row may have been despawned.
    next.selected = next.selected.filter(|&row| rows.contains(row));
    selection.set_if_neq(next);
}

fn select(mut selection: ResMut<Selection>, mut intents: MessageReader<Intent>, index: Res<FleetIndex>) {
    for intent in intents.read() {
        if let Intent::Select(key) = intent {
            let selected = key.as_ref().and_then(|key| index.get(key));
            let hovered = selection.hovered;
            selection.set_if_neq(Selection { hovered, selected });
        }
    }
}
