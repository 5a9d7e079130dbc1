//! What the pointer hovers over and what a click selects. Picking uses the positions in which marks are drawn, so that it is
//! exact during flights and at every zoom: the plan finds what has arrived, `Movers` what is still moving.

use std::collections::VecDeque;

use bevy::{ecs::system::SystemParam, prelude::*};

use super::{
    camera::View,
    detail,
    marks::{Layer, MarkKind, Marks, stamp},
    motion::MotionSettings,
    pointer::Pointer,
    selection::Selection,
    text_scale::TextScale,
};
use crate::{
    fleet::{AgentRow, FleetClock, FleetIndex, Key, RowLabel, RowState, TaskRow, Touched},
    frame::{FrameSystems, PointerSystems},
    layout::{Block, CityPlan, MOVE_SECS, Place, Spot},
    messages::{Intent, Noticed, PointerResting, Switched},
    search::Search,
};
use model::{Notice, NoticeKind};

/// Calm cells smaller than this, in desk pixels, are not picked: their block is.
const LEAST_PX: f32 = 3.0;

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
                let_go.in_set(PointerSystems::Read),
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
    blocks: Query<&Block>,
) {
    let now = clock.0;
    let movers = movers.bypass_change_detection();
    while movers.0.front().is_some_and(|(moved, _)| now - moved > MOVE_SECS) {
        movers.0.pop_front();
    }
    let departs = |row: &Entity| match (places.get(*row), blocks.get(*row)) {
        (Ok(place), _) => place.moved == now && place.from != place.at,
        (_, Ok(block)) => block.moved == now && block.from != block.rect(),
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
    plan: Res<'w, CityPlan>,
    view: Res<'w, View>,
    clock: Res<'w, FleetClock>,
    motion: Res<'w, MotionSettings>,
    movers: Res<'w, Movers>,
    marks: Res<'w, Marks>,
    text_scale: Res<'w, TextScale>,
    places: Query<'w, 's, (&'static Place, Has<AgentRow>)>,
    blocks: Query<'w, 's, &'static Block>,
    tasks: Query<'w, 's, (&'static RowState, &'static TaskRow)>,
    agents: Query<'w, 's, (Entity, &'static Place), With<AgentRow>>,
    keys: Query<'w, 's, &'static Key>,
}

impl Picker<'_, '_> {
    /// World units of so many desk pixels.
    fn world(&self, desk_px: f32) -> f32 {
        desk_px * self.text_scale.unit() * self.view.world_per_px
    }

    /// The row at a screen position that is large enough to be picked at this zoom.
    fn row_at(&self, screen: Vec2) -> Option<Entity> {
        let world = self.view.world_from_screen(screen);
        if let Some(mover) = self.mover_at(world) {
            return Some(mover);
        }
        // A cell in trouble is drawn larger than its place where that is small.
        if let Some(alarm) = self.alarm_at(world) {
            return Some(alarm);
        }
        match self.plan.at(world) {
            Some(Spot::Cell(row) | Spot::Agent(row)) if !self.is_smaller(row, LEAST_PX) && !self.is_moving(row) => {
                return Some(row);
            }
            _ => {}
        }
        let block = self.plan.block_at(world)?;
        (!self.is_moving(block) || self.is_in(block, world)).then_some(block)
    }

    /// The cells and agents whose middle is in a rectangle of the screen, by key.
    fn rows_in(&self, screen: Rect) -> Vec<Entity> {
        let [one, other] = [screen.min, screen.max].map(|corner| self.view.world_from_screen(corner));
        let world = Rect::from_corners(one, other);
        let cells = self.plan.cells_in(world).into_iter().map(|(row, _)| row);
        let agents = self.agents.iter().filter(|(_, place)| world.contains(place.at));
        let mut rows: Vec<Entity> = cells.chain(agents.map(|(row, _)| row)).collect();
        rows.sort_by(|one, other| {
            let key = |row: &Entity| self.keys.get(*row).ok().map(|key| &key.0);
            key(one).cmp(&key(other))
        });
        rows
    }

    /// Whether the shorter side of a row's cell has fewer desk pixels than this.
    fn is_smaller(&self, row: Entity, desk_px: f32) -> bool {
        let size = self.places.get(row).map(|(place, _)| place.size.min_element());
        size.is_ok_and(|size| size < self.world(desk_px))
    }

    /// Whether a row is drawn elsewhere than at its final place. With reduced motion none is.
    fn is_moving(&self, row: Entity) -> bool {
        let moved = match (self.places.get(row), self.blocks.get(row)) {
            (Ok((place, _)), _) if place.from != place.at => place.moved,
            (_, Ok(block)) if block.from != block.rect() => block.moved,
            _ => return false,
        };
        !self.motion.reduced && self.clock.0 - moved < MOVE_SECS
    }

    fn is_in(&self, block: Entity, world: Vec2) -> bool {
        let block = self.blocks.get(block);
        block.is_ok_and(|block| block.drawn_at(self.clock.0).contains(world))
    }

    /// The moving row at a point: the nearest mark, or else a block.
    fn mover_at(&self, world: Vec2) -> Option<Entity> {
        if self.motion.reduced || self.movers.0.is_empty() {
            return None;
        }
        let away = |row: Entity| {
            let (place, is_agent) = self.places.get(row).ok()?;
            let at = if is_agent {
                self.marks.mark(row)?.flight_position(stamp(self.clock.0))
            } else {
                place.drawn_at(self.clock.0)
            };
            let is_hit = place.size.min_element() >= self.world(LEAST_PX)
                && Rect::from_center_size(at, place.size).contains(world);
            is_hit.then_some(at.distance(world))
        };
        let marks = self.movers.iter().filter_map(|row| Some((away(row)?, row)));
        let nearest = marks.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        nearest.map(|(_, row)| row)
    }

    /// The nearest task in trouble at a point, where cells are smaller than such a task is drawn.
    fn alarm_at(&self, world: Vec2) -> Option<Entity> {
        let loud_px = detail::loud_px(*self.text_scale);
        let reach = self.world(loud_px) / 2.0;
        let is_alarm = |row: Entity| {
            let state = self.tasks.get(row);
            state
                .is_ok_and(|(state, task)| Layer::of(MarkKind::Task, state.0.status, task.needs_human) == Layer::Alarms)
        };
        let near = Rect::from_center_half_size(world, Vec2::splat(reach));
        self.plan
            .cells_in(near)
            .into_iter()
            .map(|(row, at)| (at.distance(world), row))
            .filter(|(_, row)| is_alarm(*row) && self.is_smaller(*row, loud_px) && !self.is_moving(*row))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
            .map(|(_, row)| row)
    }
}

fn hover_and_click(
    mut selection: ResMut<Selection>,
    pointer: Res<Pointer>,
    picker: Picker,
    resting: Res<PointerResting>,
    search: Res<Search>,
    rows: Query<()>,
) {
    let pick = |screen: Vec2| {
        let row = picker.row_at(screen).filter(|&row| rows.contains(row))?;
        // A hidden row is not there; its block is.
        let is_hidden = search.is_hidden(row) && !picker.blocks.contains(row);
        (!is_hidden).then_some(row)
    };
    let mut next = selection.clone();
    next.lasso = pointer.lasso;
    next.hovered = pointer
        .over
        .filter(|_| !pointer.is_dragging() && !resting.0)
        .and_then(pick);
    // The second click of a double click keeps the row of the first: the scene may have moved between them.
    if let (Some(at), None) = (pointer.clicked, pointer.double_clicked) {
        match pick(at) {
            Some(row) if pointer.adds => next.toggle(row),
            None if pointer.adds => {}
            picked => next.select(picked),
        }
    }
    if let Some(lasso) = pointer.lassoed {
        let rows = picker.rows_in(lasso).into_iter();
        next.add(rows.filter(|row| !search.is_hidden(*row)));
    }
    selection.set_if_neq(next);
}

fn select(mut selection: ResMut<Selection>, mut intents: MessageReader<Intent>, index: Res<FleetIndex>) {
    for intent in intents.read() {
        let mut next = selection.clone();
        match intent {
            Intent::Select(key) => next.select(key.as_ref().and_then(|key| index.get(key))),
            Intent::SelectAlso(key) => {
                if let Some(row) = index.get(key) {
                    next.toggle(row);
                }
            }
            Intent::SelectRows(keys) => {
                next.select(None);
                next.add(keys.iter().filter_map(|key| index.get(key)));
            }
            _ => continue,
        }
        selection.set_if_neq(next);
    }
}

/// Ends the selection of rows that are gone, and says so: the inspector would close for no visible reason.
fn let_go(
    mut selection: ResMut<Selection>,
    rows: Query<Option<&RowLabel>>,
    mut switched: MessageReader<Switched>,
    mut notices: MessageWriter<Noticed>,
    mut shown: Local<Option<(Entity, std::sync::Arc<str>)>>,
) {
    let is_gone = selection.rows().any(|row| !rows.contains(row));
    if is_gone {
        let mut next = selection.clone();
        next.keep(|row| rows.contains(row));
        selection.set_if_neq(next);
    }
    // The rows of a project that is followed no longer all go.
    let is_switched = switched.read().count() > 0;
    if let Some((row, label)) = shown.as_ref()
        && !rows.contains(*row)
        && !is_switched
    {
        let text = format!("The selected row “{label}” was deleted.");
        notices.write(Noticed(Notice::new(NoticeKind::SelectionGone, text)));
    }
    let label = |row: Entity| rows.get(row).ok().flatten().map(|label| label.0.clone());
    let is_shown = shown.as_ref().map(|(row, _)| *row) == selection.selected;
    if !is_shown || selection.selected.is_none() {
        *shown = selection.selected.and_then(|row| Some((row, label(row)?)));
    }
}
