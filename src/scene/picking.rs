//! What the pointer is over and what a click selects. The floor plan is asked: no index of its own, no search.

use bevy::prelude::*;

use super::{camera::View, pointer::Pointer, selection::Selection};
use crate::{
    fleet::FleetIndex,
    frame::FrameSystems,
    layout::{Plan, Spot},
    messages::{Intent, KeyboardInPanels, PointerResting},
};

/// Below this many logical pixels per slot a task is too small to be meant: its district is.
const LEAST_TASK_PX: f32 = 6.0;
/// The same for an agent, which is half as large again.
const LEAST_AGENT_PX: f32 = 4.0;

pub(super) fn plugin(app: &mut App) {
    // In `Receive`: a click is about what the last picture showed.
    app.add_systems(Update, (hover_and_click, obey).chain().in_set(FrameSystems::Receive));
}

/// The row at a screen position, by what can be told apart at this zoom.
fn row_at(plan: &Plan, view: &View, screen: Vec2) -> Option<Entity> {
    let world = view.world_from_screen(screen);
    let px_per_slot = 1.0 / view.world_per_px;
    match plan.at(world)? {
        Spot::Task(task) if px_per_slot >= LEAST_TASK_PX => Some(task),
        Spot::Agent(agent) if px_per_slot >= LEAST_AGENT_PX => Some(agent),
        Spot::District(workflow) => workflow,
        Spot::Task(_) | Spot::Agent(_) => plan.district_at(world),
    }
}

fn hover_and_click(
    mut selection: ResMut<Selection>,
    pointer: Res<Pointer>,
    view: Res<View>,
    plan: Option<Res<Plan>>,
    keys: Option<Res<ButtonInput<KeyCode>>>,
    in_panels: Res<KeyboardInPanels>,
    resting: Res<PointerResting>,
    rows: Query<()>,
) {
    let pick = |screen: Vec2| {
        plan.as_ref()
            .and_then(|plan| row_at(plan, &view, screen))
            .filter(|&row| rows.contains(row))
    };
    let mut next = *selection;
    next.hovered = pointer
        .over
        .filter(|_| !pointer.is_dragging() && !resting.0)
        .and_then(pick);
    if let Some(at) = pointer.clicked {
        next.selected = pick(at);
    }
    if !in_panels.0 && keys.is_some_and(|keys| keys.just_pressed(KeyCode::Escape)) {
        next.selected = None;
    }
    // What is selected may be despawned at any time.
    next.selected = next.selected.filter(|&row| rows.contains(row));
    selection.set_if_neq(next);
}

fn obey(mut selection: ResMut<Selection>, mut intents: MessageReader<Intent>, index: Option<Res<FleetIndex>>) {
    for intent in intents.read() {
        if let Intent::Select(key) = intent {
            let selected = key
                .as_ref()
                .and_then(|key| index.as_ref().and_then(|index| index.get(key)));
            let hovered = selection.hovered;
            selection.set_if_neq(Selection { hovered, selected });
        }
    }
}
