//! Carries the pointer, the keys and the intents to the rig.

use bevy::{input::keyboard::Key, prelude::*};

use super::{Helm, SceneCamera, rig::Stage};
use crate::{
    fleet::{FleetClock, FleetIndex},
    layout::{District, Extent, Place},
    messages::{Intent, KeyboardInPanels, SceneInsets},
    scene::{detail, labels::TextScale, motion::MotionSettings, pointer::Pointer, selection::Selection},
};

/// One notch of the wheel changes the size by this factor.
const NOTCH: f32 = 1.25;
/// One press of `+` or `-`.
const KEY_ZOOM: f32 = 1.5;
/// Held arrow keys pan by this many logical pixels a second.
const KEY_PAN_PX_PER_SEC: f32 = 900.0;
/// More notches than this in one frame are not a hand's.
const MOST_NOTCHES: f32 = 8.0;

/// Tells the rig of the screen and the fleet.
pub(super) fn set_stage(
    mut helm: ResMut<Helm>,
    cameras: Query<&Camera, With<SceneCamera>>,
    insets: Res<SceneInsets>,
    extent: Res<Extent>,
    fleet: Option<Res<FleetIndex>>,
    motion: Res<MotionSettings>,
    text_scale: Res<TextScale>,
) {
    helm.rig.set_reduced(motion.reduced);
    let Some(size_px) = cameras.iter().find_map(Camera::logical_viewport_size) else {
        return;
    };
    if size_px.min_element() < 1.0 {
        return;
    }
    let is_populated = fleet.is_some_and(|fleet| !fleet.is_empty()) && *extent != Extent::default();
    helm.size_px = size_px;
    helm.rig.set_stage(Stage {
        size_px,
        insets: *insets,
        extent: extent.0,
        unit: detail::unit(text_scale.0),
    });
    if is_populated && !helm.has_seen_rows {
        helm.has_seen_rows = true;
        if helm.rig.is_fitting() {
            helm.rig.jump();
        }
    }
}

pub(super) fn point(mut helm: ResMut<Helm>, pointer: Res<Pointer>) {
    let size_px = helm.size_px;
    if pointer.dragged != Vec2::ZERO {
        helm.rig.drag(pointer.dragged);
    }
    if pointer.let_go {
        helm.rig.let_go();
    }
    if let Some(pinch) = pointer.pinch {
        let from_middle = pinch.about - size_px / 2.0;
        let about = Vec2::new(from_middle.x, -from_middle.y);
        helm.rig.pinch(pinch.moved, pinch.factor, about);
    }
    if let Some(at) = pointer.over
        && pointer.notches != 0.0
    {
        let from_middle = at - size_px / 2.0;
        let notches = pointer.notches.clamp(-MOST_NOTCHES, MOST_NOTCHES);
        helm.rig
            .zoom(NOTCH.powf(notches), Vec2::new(from_middle.x, -from_middle.y));
    }
}

pub(super) fn press_keys(
    mut helm: ResMut<Helm>,
    keys: Option<Res<ButtonInput<KeyCode>>>,
    letters: Option<Res<ButtonInput<Key>>>,
    in_panels: Res<KeyboardInPanels>,
    pointer: Res<Pointer>,
    selection: Res<Selection>,
    targets: Targets,
    time: Res<Time<Real>>,
) {
    let Some(keys) = keys.filter(|_| !in_panels.0) else {
        return;
    };
    if keys.any_pressed([
        KeyCode::ControlLeft,
        KeyCode::ControlRight,
        KeyCode::AltLeft,
        KeyCode::AltRight,
        KeyCode::SuperLeft,
        KeyCode::SuperRight,
    ]) {
        return;
    }
    let held = |these: [KeyCode; 2]| if keys.any_pressed(these) { 1.0 } else { 0.0 };
    let direction = Vec2::new(
        held([KeyCode::ArrowRight, KeyCode::KeyD]) - held([KeyCode::ArrowLeft, KeyCode::KeyA]),
        held([KeyCode::ArrowUp, KeyCode::KeyW]) - held([KeyCode::ArrowDown, KeyCode::KeyS]),
    );
    if direction != Vec2::ZERO {
        helm.rig
            .nudge(direction * KEY_PAN_PX_PER_SEC * time.delta_secs().min(0.1));
    }
    // By what is printed on the key, where the layout has it elsewhere, and by its place.
    let typed = |sign: &str| {
        let is_sign = |key: &Key| matches!(key, Key::Character(text) if text == sign);
        letters.iter().any(|letters| letters.get_just_pressed().any(is_sign))
    };
    if keys.any_just_pressed([KeyCode::Equal, KeyCode::NumpadAdd]) || typed("+") {
        helm.rig.zoom(KEY_ZOOM, Vec2::ZERO);
    }
    if keys.any_just_pressed([KeyCode::Minus, KeyCode::NumpadSubtract]) || typed("-") {
        helm.rig.zoom(1.0 / KEY_ZOOM, Vec2::ZERO);
    }
    if keys.just_pressed(KeyCode::Backspace) {
        helm.rig.fly_back();
    }
    if keys.any_just_pressed([KeyCode::Digit0, KeyCode::Numpad0, KeyCode::Home]) {
        helm.rig.fit();
    }
    let wanted = if keys.just_pressed(KeyCode::KeyF) {
        selection.selected.or(selection.hovered)
    } else {
        None
    };
    let double_clicked = pointer.double_clicked.and(selection.selected);
    if let Some(rect) = wanted.or(double_clicked).and_then(|row| targets.rect(row)) {
        helm.rig.fly_to(rect);
    }
}

/// What can be flown to.
#[derive(bevy::ecs::system::SystemParam)]
pub(super) struct Targets<'w, 's> {
    places: Query<'w, 's, &'static Place>,
    districts: Query<'w, 's, &'static District>,
    clock: Res<'w, FleetClock>,
}

impl Targets<'_, '_> {
    /// A row's surroundings: its district's circle, or some slots around its mark.
    fn rect(&self, row: Entity) -> Option<Rect> {
        if let Ok(district) = self.districts.get(row) {
            return Some(Rect::from_center_half_size(
                district.center,
                Vec2::splat(district.radius + 1.0),
            ));
        }
        // Also of a row on its way out: it is flown to where it is seen.
        let place = self.places.get(row).ok()?;
        let at = if place.moved > self.clock.0 {
            place.drawn_at(self.clock.0)
        } else {
            place.at
        };
        Some(Rect::from_center_half_size(at, Vec2::splat(4.0)))
    }
}

pub(super) fn obey(
    mut helm: ResMut<Helm>,
    mut intents: MessageReader<Intent>,
    index: Option<Res<FleetIndex>>,
    targets: Targets,
) {
    for intent in intents.read() {
        match intent {
            Intent::ShowAll => helm.rig.fit(),
            Intent::Focus(key) => {
                let row = index.as_ref().and_then(|index| index.get(key));
                if let Some(rect) = row.and_then(|row| targets.rect(row)) {
                    helm.rig.fly_to(rect);
                }
            }
            _ => {}
        }
    }
}
