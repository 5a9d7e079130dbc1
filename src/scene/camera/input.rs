//! Passes the pointer, the keys and the intents to the controller.

use bevy::prelude::*;

use super::{
    CameraControl, Followed, SceneCamera,
    controller::{Controller, Screen, free_px},
};
use crate::{
    actions::{Command, Keyboard},
    fleet::{AgentRow, FleetClock, FleetIndex, Key},
    layout::{Block, CellSizes, CityPlan, Extent, Place, PlanScene},
    messages::{Intent, SceneInsets},
    scene::{motion::MotionSettings, pointer::Pointer, selection::Selection, text_scale::TextScale},
};
use model::RowKey;

/// The zoom factor of one notch of the wheel,
const NOTCH: f32 = 1.25;
/// and of one press of `+` or `-`.
const KEY_ZOOM: f32 = 1.5;
/// Held arrow keys pan by this many logical pixels a second.
const KEY_PAN_PX_PER_SEC: f32 = 900.0;
/// The maximum number of notches in one frame.
const MOST_NOTCHES: f32 = 8.0;
/// The smallest readable text at a desk, logical pixels.
const DESK_TEXT_PX: f32 = 13.0;

/// Passes the size of the screen and the extent of the fleet.
pub(super) fn read_screen(
    mut control: ResMut<CameraControl>,
    cameras: Query<&Camera, With<SceneCamera>>,
    insets: Res<SceneInsets>,
    extent: Res<Extent>,
    cells: Res<CellSizes>,
    plan: Res<CityPlan>,
    mut plan_scene: ResMut<PlanScene>,
    motion: Res<MotionSettings>,
    text_scale: Res<TextScale>,
) {
    control.controller.set_reduced(motion.reduced);
    let Some(size_px) = cameras.iter().find_map(Camera::logical_viewport_size) else {
        return;
    };
    if size_px.min_element() < 1.0 {
        return;
    }
    plan_scene.set_if_neq(PlanScene {
        size: free_px(size_px, *insets),
        text: DESK_TEXT_PX * text_scale.unit(),
    });
    let is_populated = plan.has_rows();
    control.size_px = size_px;
    control.controller.set_screen(Screen {
        size_px,
        insets: *insets,
        extent: extent.0,
        unit: text_scale.unit(),
        cell: cells.least.min_element(),
    });
    if is_populated && !control.has_seen_rows {
        control.has_seen_rows = true;
        if control.controller.is_fitting() {
            control.controller.jump();
        }
    }
}

pub(super) fn point(mut control: ResMut<CameraControl>, pointer: Res<Pointer>) {
    let size_px = control.size_px;
    if pointer.dragged != Vec2::ZERO {
        control.controller.drag(pointer.dragged);
    }
    if pointer.released {
        control.controller.release();
    }
    if let Some(pinch) = pointer.pinch {
        let from_middle = pinch.about - size_px / 2.0;
        let about = Vec2::new(from_middle.x, -from_middle.y);
        control.controller.pinch(pinch.moved, pinch.factor, about);
    }
    if let Some(at) = pointer.over
        && pointer.notches != 0.0
    {
        let from_middle = at - size_px / 2.0;
        let notches = pointer.notches.clamp(-MOST_NOTCHES, MOST_NOTCHES);
        control
            .controller
            .zoom(NOTCH.powf(notches), Vec2::new(from_middle.x, -from_middle.y));
    }
}

pub(super) fn press_keys(
    mut control: ResMut<CameraControl>,
    mut followed: ResMut<Followed>,
    keyboard: Res<Keyboard>,
    mut commands: MessageReader<Command>,
    pointer: Res<Pointer>,
    selection: Res<Selection>,
    targets: Targets,
    time: Res<Time<Real>>,
    mut walked: Local<Option<Entity>>,
    mut intents: MessageWriter<Intent>,
) {
    // With a row selected the arrows go to its neighbours.
    let steps = selection.selected.is_some();
    let held = |pans, arrow| {
        let is_held = keyboard.is_held(pans) || !steps && keyboard.is_held(arrow);
        if is_held { 1.0 } else { 0.0 }
    };
    let direction = Vec2::new(
        held(Command::PanRight, Command::StepRight) - held(Command::PanLeft, Command::StepLeft),
        held(Command::PanUp, Command::StepUp) - held(Command::PanDown, Command::StepDown),
    );
    if direction != Vec2::ZERO {
        control
            .controller
            .nudge(direction * KEY_PAN_PX_PER_SEC * time.delta_secs().min(0.1));
    }
    let mut target = pointer.double_clicked.and(selection.selected);
    for &command in commands.read() {
        match command {
            Command::ZoomIn => control.controller.zoom(KEY_ZOOM, Vec2::ZERO),
            Command::ZoomOut => control.controller.zoom(1.0 / KEY_ZOOM, Vec2::ZERO),
            Command::Back | Command::Forward => {
                let looked = match command {
                    Command::Back => control.controller.fly_back(),
                    _ => control.controller.fly_forward(),
                };
                if let Some(row) = looked {
                    intents.write(Intent::Select(row.and_then(|row| targets.key(row))));
                }
            }
            Command::Follow => {
                let row = selection.selected.filter(|row| targets.is_agent(*row));
                let ends = control.controller.is_following() && followed.row == row;
                if ends {
                    control.controller.stay();
                } else if let Some(row) = row {
                    targets.fly(Some(row), &mut control.controller);
                    control.controller.follow();
                    *followed = Followed {
                        row: Some(row),
                        at: targets.rect(row).map(|rect| rect.center()),
                    };
                }
            }
            Command::ShowAll => control.controller.fit(),
            Command::FlyTo => target = selection.selected.or(selection.hovered).or(target),
            Command::PreviousBlock | Command::NextBlock => {
                let from = walked.or(selection.selected);
                *walked = targets.neighbour(from, command == Command::NextBlock);
                target = *walked;
            }
            // Panning lasts as long as the key is held; other commands are not of the camera.
            _ => {}
        }
    }
    targets.fly(target, &mut control.controller);
    if !control.controller.is_following() {
        followed.set_if_neq(Followed::default());
    } else if let Some(at) = followed.at {
        control.controller.track(at);
    } else {
        control.controller.stay();
    }
}

/// Finds what can be flown to.
#[derive(bevy::ecs::system::SystemParam)]
pub(super) struct Targets<'w, 's> {
    places: Query<'w, 's, &'static Place>,
    blocks: Query<'w, 's, (Entity, &'static Block)>,
    agents: Query<'w, 's, (), With<AgentRow>>,
    keys: Query<'w, 's, &'static Key>,
    index: Res<'w, FleetIndex>,
    plan: Res<'w, CityPlan>,
    clock: Res<'w, FleetClock>,
}

impl Targets<'_, '_> {
    /// The key of a row that is there.
    fn key(&self, row: Entity) -> Option<RowKey> {
        let Key(key) = self.keys.get(row).ok()?;
        (self.index.get(key) == Some(row)).then(|| key.clone())
    }

    fn is_agent(&self, row: Entity) -> bool {
        self.agents.contains(row)
    }

    /// Flies to a row: to its block, its cell, or the street where an agent stands.
    fn fly(&self, row: Option<Entity>, controller: &mut Controller) {
        let Some(row) = row else { return };
        if let Ok((_, block)) = self.blocks.get(row) {
            controller.fly_to_block(row, block.rect(), block.place.cell);
        } else if let Some(rect) = self.rect(row) {
            controller.fly_to(row, rect);
        } else if let Some((_, block)) = self.plan.block_of(row).and_then(|block| self.blocks.get(block).ok()) {
            // A task of a block that is only a header.
            controller.fly_to_block(row, block.rect(), block.place.cell);
        }
    }

    /// Moves to a row, unless it is in view.
    fn show(&self, row: Option<Entity>, controller: &mut Controller) {
        let Some(row) = row else { return };
        let block = self.blocks.get(row).ok().map(|(_, block)| block.rect());
        if let Some(rect) = block.or_else(|| self.rect(row)) {
            controller.show(rect);
        }
    }

    /// The block before or after a block, or that of a row, in reading order; the first one without any.
    fn neighbour(&self, from: Option<Entity>, forward: bool) -> Option<Entity> {
        let mut blocks: Vec<(Entity, Vec2)> = self
            .blocks
            .iter()
            .map(|(row, block)| (row, Vec2::new(block.rect().min.x, -block.rect().max.y)))
            .collect();
        blocks.sort_by(|(_, one), (_, other)| one.y.total_cmp(&other.y).then(one.x.total_cmp(&other.x)));
        let own = from.and_then(|row| {
            let block = self
                .blocks
                .get(row)
                .map_or_else(|_| self.plan.block_of(row), |_| Some(row))?;
            blocks.iter().position(|(other, _)| *other == block)
        });
        let count = blocks.len();
        let next = match own {
            Some(at) if forward => (at + 1) % count,
            Some(at) => (at + count - 1) % count,
            None => 0,
        };
        blocks.get(next).map(|(row, _)| *row)
    }

    /// The cell of a row.
    fn rect(&self, row: Entity) -> Option<Rect> {
        // A row that has not departed yet is shown where it is drawn.
        let place = self.places.get(row).ok()?;
        let at = if place.moved > self.clock.0 {
            place.drawn_at(self.clock.0)
        } else {
            place.at
        };
        Some(Rect::from_center_size(at, place.size))
    }
}

pub(super) fn follow_intents(
    mut control: ResMut<CameraControl>,
    mut intents: MessageReader<Intent>,
    index: Res<FleetIndex>,
    targets: Targets,
) {
    for intent in intents.read() {
        match intent {
            Intent::Focus(key) => targets.fly(index.get(key), &mut control.controller),
            Intent::Show(key) => targets.show(index.get(key), &mut control.controller),
            _ => {}
        }
    }
}
