//! Camera control: wheel, drag, two fingers and keys from the window through the pointer and the controller to the view; and
//! names that never overlap meanwhile.

use std::time::Duration;

use bevy::{
    input::{
        ButtonState,
        gestures::PinchGesture,
        mouse::{MouseButtonInput, MouseScrollUnit, MouseWheel},
        touch::{TouchInput, TouchPhase},
    },
    prelude::*,
    sprite::Text2d,
    text::TextLayoutInfo,
    time::TimeUpdateStrategy,
    window::PrimaryWindow,
};
use opswall::{
    layout::{Block, Extent, Place},
    messages::{PointerOverPanels, SceneInsets},
    scene::{camera::View, detail::Detail, motion::MotionSettings, selection::Selection},
};
use plan::Level;

use crate::{
    offscreen::Studio,
    picture_stage::{fleet, press},
};

const SIZE: UVec2 = UVec2::new(960, 540);

struct Desk {
    studio: Studio,
    window: Entity,
    tasks: Vec<Entity>,
    now: f64,
}

impl Desk {
    fn new() -> Self {
        let mut studio = Studio::staged(SIZE);
        let frame = Duration::from_millis(25);
        studio.app.insert_resource(TimeUpdateStrategy::ManualDuration(frame));
        let mut window = Window::default();
        window.resolution.set_physical_resolution(SIZE.x, SIZE.y);
        let window = studio.app.world_mut().spawn((window, PrimaryWindow)).id();
        let tasks = fleet(&mut studio, 6, 120, 18);
        let mut desk = Self {
            studio,
            window,
            tasks,
            now: 100.0,
        };
        desk.frames(80);
        desk
    }

    fn frames(&mut self, count: usize) {
        for _ in 0..count {
            self.now += 0.025;
            self.studio.at(self.now).app.update();
        }
    }

    fn view(&self) -> View {
        *self.studio.app.world().resource::<View>()
    }

    fn point(&mut self, at: Vec2) {
        let world = self.studio.app.world_mut();
        let mut window = world.get_mut::<Window>(self.window).expect("it is open");
        window.set_cursor_position(Some(at));
    }

    fn say<M: Message>(&mut self, message: M) {
        self.studio.app.world_mut().write_message(message);
    }

    fn wheel(&mut self, notches: f32) {
        let window = self.window;
        self.say(MouseWheel {
            unit: MouseScrollUnit::Line,
            x: 0.0,
            y: notches,
            window,
            phase: TouchPhase::Moved,
        });
    }

    fn button(&mut self, state: ButtonState) {
        let window = self.window;
        self.say(MouseButtonInput {
            button: MouseButton::Left,
            state,
            window,
        });
    }

    fn finger(&mut self, id: u64, phase: TouchPhase, position: Vec2) {
        let window = self.window;
        self.say(TouchInput {
            phase,
            position,
            window,
            force: None,
            id,
        });
    }

    /// The distance in pixels between a point of the screen and the world that was there before.
    fn slipped(&self, before: View, at: Vec2) -> f32 {
        let there = self.view().screen_from_world(before.world_from_screen(at));
        there.distance(at)
    }
}

#[test]
fn the_wheel_zooms_about_the_pointer_and_not_over_panels() {
    let mut desk = Desk::new();
    let at = Vec2::new(400.0, 300.0);
    desk.point(at);
    let before = desk.view();
    desk.wheel(2.0);
    desk.frames(1);
    let began = desk.view();
    desk.frames(60);
    let after = desk.view();
    assert!(
        after.world_per_px < began.world_per_px && began.world_per_px < before.world_per_px,
        "it glides"
    );
    assert!((before.world_per_px / after.world_per_px - 1.25 * 1.25).abs() < 0.01);
    assert!(
        desk.slipped(before, at) < 1.0,
        "the world under the pointer stays there"
    );
    desk.studio.app.world_mut().insert_resource(PointerOverPanels(true));
    desk.wheel(2.0);
    desk.frames(30);
    assert_eq!(desk.view(), after);
}

#[test]
fn a_drag_moves_the_world_and_slows_down() {
    let mut desk = Desk::new();
    // Close enough that the fleet's edge does not limit it.
    desk.point(Vec2::new(480.0, 270.0));
    desk.wheel(5.0);
    desk.frames(80);
    let (from, to) = (Vec2::new(500.0, 300.0), Vec2::new(420.0, 260.0));
    desk.point(from);
    desk.frames(1);
    let before = desk.view();
    desk.button(ButtonState::Pressed);
    desk.frames(1);
    for step in 1..=8 {
        desk.point(from.lerp(to, step as f32 / 8.0));
        desk.frames(1);
    }
    desk.frames(12);
    let held = desk.view();
    let grabbed = held.screen_from_world(before.world_from_screen(from));
    assert!(grabbed.distance(to) < 2.0, "{grabbed} is under the hand at {to}");
    desk.button(ButtonState::Released);
    desk.frames(40);
    assert_eq!(desk.view().world_per_px, before.world_per_px);
    let selected = desk.studio.app.world().resource::<Selection>().selected;
    assert_eq!(selected, None, "a drag is not a click");
}

#[test]
fn two_fingers_and_a_touchpad_pinch() {
    let mut desk = Desk::new();
    let before = desk.view();
    let (one, other) = (Vec2::new(380.0, 270.0), Vec2::new(480.0, 270.0));
    desk.finger(1, TouchPhase::Started, one);
    desk.finger(2, TouchPhase::Started, other);
    desk.frames(1);
    for step in 1..=10 {
        let apart = Vec2::new(5.0 * step as f32, 0.0);
        desk.finger(1, TouchPhase::Moved, one - apart);
        desk.finger(2, TouchPhase::Moved, other + apart);
        desk.frames(1);
    }
    desk.finger(1, TouchPhase::Ended, one);
    desk.finger(2, TouchPhase::Ended, other);
    desk.frames(60);
    let after = desk.view();
    let factor = before.world_per_px / after.world_per_px;
    assert!((factor - 2.0).abs() < 0.05, "twice as far apart: {factor}");
    assert!(desk.slipped(before, one.midpoint(other)) < 2.0);
    desk.point(Vec2::new(480.0, 270.0));
    desk.say(PinchGesture(-0.2));
    desk.frames(60);
    assert!((desk.view().world_per_px / after.world_per_px - 1.25).abs() < 0.02);
}

/// The blocks in reading order: line by line from the top, from the left in each.
fn in_reading_order(desk: &mut Desk) -> Vec<(Entity, Block)> {
    let world = desk.studio.app.world_mut();
    let mut blocks = world.query::<(Entity, &Block)>();
    let mut blocks: Vec<(Entity, Block)> = blocks.iter(world).map(|(row, block)| (row, *block)).collect();
    blocks.sort_by_key(|(_, block)| {
        let rect = block.rect();
        (-rect.max.y.round() as i32, rect.min.x.round() as i32)
    });
    blocks
}

#[test]
fn everything_is_fitted_exactly_and_0_returns_to_it() {
    let mut desk = Desk::new();
    desk.frames(120);
    let everything = desk.view();
    assert!((everything.world_per_px - 1.0).abs() < 1e-3, "a world unit is a pixel");
    let extent = desk.studio.app.world().resource::<Extent>().0;
    let corners = [extent.min, extent.max].map(|corner| everything.screen_from_world(corner));
    let off = corners[0].distance(Vec2::new(0.0, 540.0)) + corners[1].distance(Vec2::new(960.0, 0.0));
    assert!(off < 2.0, "{corners:?} of {extent:?}");
    desk.point(Vec2::new(200.0, 400.0));
    desk.wheel(5.0);
    desk.frames(60);
    assert_ne!(desk.view(), everything);
    press(&mut desk.studio, KeyCode::Digit0);
    desk.frames(160);
    assert_eq!(desk.view(), everything);
}

#[test]
fn brackets_walk_the_blocks_in_reading_order_and_around() {
    let mut desk = Desk::new();
    let blocks = in_reading_order(&mut desk);
    assert!(blocks.len() >= 6);
    let shown = |desk: &mut Desk, key: KeyCode| {
        press(&mut desk.studio, key);
        desk.frames(120);
        let view = desk.view();
        // What it flew to: its upper left corner is on the screen, and the middle of the screen is on it.
        let middle = view.center;
        let found = blocks
            .iter()
            .position(|(_, block)| block.rect().inflate(1.0).contains(middle));
        let found = found.expect("a block is in the middle");
        let rect = blocks[found].1.rect();
        let corner = view.screen_from_world(Vec2::new(rect.min.x, rect.max.y));
        let screen = Rect::new(-1.0, -1.0, 961.0, 541.0);
        assert!(screen.contains(corner), "the beginning of block {found} is at {corner}");
        found
    };
    let count = blocks.len();
    for step in 0..=count {
        assert_eq!(
            shown(&mut desk, KeyCode::BracketRight),
            step % count,
            "forward, step {step}"
        );
    }
    assert_eq!(shown(&mut desk, KeyCode::BracketLeft), count - 1, "and around backward");
    assert_eq!(shown(&mut desk, KeyCode::BracketLeft), count - 2);
}

#[test]
fn a_double_click_on_a_block_makes_its_tiles_readable() {
    let mut desk = Desk::new();
    let (row, block) = in_reading_order(&mut desk)[1];
    let everything = desk.view();
    let level = |desk: &Desk| Level::of(block.place.cell / desk.view().world_per_px, 1.0);
    assert!(level(&desk) < Level::Tile);
    let header = everything.screen_from_world(block.header().center());
    desk.point(header);
    desk.frames(1);
    for _ in 0..2 {
        desk.button(ButtonState::Pressed);
        desk.frames(1);
        desk.button(ButtonState::Released);
        desk.frames(1);
    }
    assert_eq!(desk.studio.app.world().resource::<Selection>().selected, Some(row));
    desk.frames(120);
    assert_eq!(level(&desk), Level::Tile);
    let first = desk.view().screen_from_world(block.place.first_cell);
    assert!(
        Rect::new(0.0, 0.0, 960.0, 540.0).contains(first),
        "its first tile is on the screen: {first}"
    );
    press(&mut desk.studio, KeyCode::Backspace);
    desk.frames(120);
    assert!((desk.view().world_per_px / everything.world_per_px - 1.0).abs() < 0.01);
}

#[test]
fn panels_at_the_sides_move_nothing() {
    let mut desk = Desk::new();
    desk.point(Vec2::new(200.0, 400.0));
    desk.wheel(3.0);
    desk.frames(60);
    let places = |desk: &mut Desk| {
        let world = desk.studio.app.world_mut();
        let mut places = world.query::<(Entity, &Place)>();
        let mut places: Vec<(Entity, Place)> = places.iter(world).map(|(row, place)| (row, *place)).collect();
        places.sort_by_key(|(row, _)| *row);
        places
    };
    let (view, before) = (desk.view(), places(&mut desk));
    let inspector = SceneInsets {
        right: 380.0,
        ..default()
    };
    desk.studio.app.insert_resource(inspector);
    desk.frames(60);
    assert_eq!(desk.view(), view, "the inspector opens over the scene");
    assert!(places(&mut desk) == before);
    press(&mut desk.studio, KeyCode::Digit0);
    desk.frames(160);
    assert!(
        (desk.view().world_per_px - 1.0).abs() < 1e-3,
        "nor does it change what is fitted"
    );
    // A fixed panel at an edge takes room, and the plan follows.
    desk.studio.app.insert_resource(SceneInsets { top: 64.0, ..inspector });
    desk.frames(160);
    let extent = desk.studio.app.world().resource::<Extent>().0;
    assert!((extent.height() - 476.0).abs() < 0.5, "{extent:?}");
    assert!((desk.view().world_per_px - 1.0).abs() < 1e-3);
    let top = desk.view().screen_from_world(extent.max).y;
    assert!((top - 64.0).abs() < 1.0, "{top}");
}

#[test]
fn the_levels_are_passed_while_zooming() {
    let mut desk = Desk::new();
    desk.point(Vec2::new(480.0, 270.0));
    let mut seen = Vec::new();
    for step in 0..130 {
        desk.wheel(if step < 40 { -0.5 } else { 0.5 });
        desk.frames(2);
        seen.push(desk.studio.app.world().resource::<Detail>().0);
    }
    let (lowest, highest) = (seen.iter().min(), seen.iter().max());
    assert_eq!(highest, Some(&Level::Tile), "{lowest:?} to {highest:?}");
    // After the turn it never falls back.
    assert!(seen[45..].windows(2).all(|two| two[0] <= two[1]));
    seen.dedup();
    assert!(seen.len() >= 2);
}

#[test]
fn keys_zoom_and_fly_to_the_selection_and_back() {
    let mut desk = Desk::new();
    let everything = desk.view();
    press(&mut desk.studio, KeyCode::Equal);
    desk.frames(60);
    assert!((everything.world_per_px / desk.view().world_per_px - 1.5).abs() < 0.02);
    press(&mut desk.studio, KeyCode::Minus);
    desk.frames(60);
    assert!((everything.world_per_px / desk.view().world_per_px - 1.0).abs() < 0.02);
    let task = desk.tasks[7];
    desk.studio.app.world_mut().resource_mut::<Selection>().selected = Some(task);
    press(&mut desk.studio, KeyCode::KeyF);
    desk.frames(120);
    let place = desk.studio.app.world().get::<Place>(task).expect("it stands").at;
    let middle = desk.view().screen_from_world(place);
    assert!(middle.distance(SIZE.as_vec2() / 2.0) < 60.0, "{middle}");
    let size = desk.studio.app.world().get::<Place>(task).expect("it stands").size / desk.view().world_per_px;
    assert!(size.min_element() >= 120.0, "its text can be read: {size}");
    press(&mut desk.studio, KeyCode::Backspace);
    desk.frames(120);
    assert!((desk.view().world_per_px / everything.world_per_px - 1.0).abs() < 0.02);
}

/// The visible labels and their rectangles.
fn written(desk: &mut Desk) -> Vec<(String, Rect)> {
    let view = desk.view();
    let world = desk.studio.app.world_mut();
    let mut texts = world.query::<(&Text2d, &TextLayoutInfo, &Transform, &Visibility, &TextColor)>();
    texts
        .iter(world)
        .filter(|(_, _, _, visibility, color)| **visibility == Visibility::Visible && color.0.alpha() > 0.0)
        .map(|(text, layout, transform, ..)| {
            let corner = view.screen_from_world(transform.translation.truncate());
            (text.0.clone(), Rect::from_corners(corner, corner + layout.size))
        })
        .collect()
}

#[test]
fn names_never_overlap_during_a_zoom() {
    let mut desk = Desk::new();
    desk.studio.app.insert_resource(MotionSettings { reduced: true });
    desk.point(Vec2::new(480.0, 270.0));
    let mut most = 0;
    for frame in 0..160 {
        // Zooms in and out again.
        desk.wheel(if frame < 60 { 0.6 } else { -0.6 });
        desk.frames(1);
        let labels = written(&mut desk);
        most = most.max(labels.len());
        for (index, (text, rect)) in labels.iter().enumerate() {
            for (other, there) in labels.iter().take(index) {
                let both = rect.intersect(*there).size();
                assert!(
                    both.min_element() <= 2.5,
                    "frame {frame}: {text} is over {other} by {both}"
                );
            }
        }
    }
    assert!(most > 10, "{most} names");
}
