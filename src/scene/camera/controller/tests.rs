//! The controller in use: fitted, dragged, zoomed, sent and released.

use super::*;

/// A plan of the free part of the screen: at the fitted zoom a world unit is a pixel.
fn screen() -> Screen {
    Screen {
        size_px: Vec2::new(1600.0, 900.0),
        insets: SceneInsets {
            top: 60.0,
            ..SceneInsets::default()
        },
        extent: Rect::new(-800.0, -420.0, 800.0, 420.0),
        unit: 1.0,
        cell: 16.0,
    }
}

/// The same screen with a plan of another size.
fn grown(times: f32) -> Screen {
    Screen {
        extent: Rect::from_center_size(Vec2::ZERO, screen().extent.size() * times),
        ..screen()
    }
}

fn row(number: u32) -> Entity {
    Entity::from_raw_u32(number).expect("not the placeholder")
}

fn on_screen() -> Controller {
    let mut controller = Controller::default();
    controller.set_screen(screen());
    controller
}

fn view(controller: &Controller) -> View {
    View {
        center: controller.pose.center,
        world_per_px: controller.pose.world_per_px,
        size_px: screen().size_px,
    }
}

/// Runs until everything has arrived.
fn arrive(controller: &mut Controller) {
    (0..400).for_each(|_| controller.advance(0.016, None));
    assert_eq!(controller.pose, controller.goal);
}

/// The part of the screen that a rectangle of the world covers.
fn seen(controller: &Controller, world: Rect) -> Rect {
    let view = view(controller);
    Rect::from_corners(view.screen_from_world(world.min), view.screen_from_world(world.max))
}

#[test]
fn it_fits_the_plan_exactly_between_the_panels_and_follows_growth() {
    let mut controller = on_screen();
    assert_eq!(controller.pose.world_per_px, 1.0, "a world unit is a pixel");
    let free = Rect::new(0.0, 60.0, 1600.0, 900.0);
    let plan = seen(&controller, screen().extent);
    assert!(
        plan.min.distance(free.min) < 0.01 && plan.max.distance(free.max) < 0.01,
        "{plan:?}"
    );
    controller.set_screen(grown(2.0));
    let before = controller.pose;
    controller.advance(0.016, None);
    assert!(controller.pose.world_per_px > before.world_per_px && controller.pose != controller.goal);
    arrive(&mut controller);
    assert_eq!(controller.pose.world_per_px, 2.0);
}

#[test]
fn the_world_under_the_pointer_stays_there_all_through_a_zoom() {
    let mut controller = on_screen();
    let pointer = Vec2::new(300.0, 200.0);
    let about = Vec2::new(pointer.x - 800.0, 450.0 - pointer.y);
    let world = view(&controller).world_from_screen(pointer);
    for frame in 0..120 {
        if frame % 10 == 0 && frame < 60 {
            controller.zoom(1.3, about);
        }
        controller.advance(0.016, None);
        let off = view(&controller).screen_from_world(world).distance(pointer);
        assert!(off < 0.1, "frame {frame}: {off} px");
    }
    assert!((controller.pose.world_per_px * 1.3_f32.powi(6) - 1.0).abs() < 0.01);
}

#[test]
fn after_input_it_stays_and_after_a_while_it_may_fit_again() {
    let mut controller = on_screen();
    controller.drag(Vec2::new(-100.0, 0.0));
    assert_eq!(controller.pose.center.x, 100.0);
    let center = controller.pose.center;
    controller.set_screen(grown(2.0));
    (0..200).for_each(|_| controller.advance(0.5, None));
    assert!(!controller.is_fitting() && controller.pose.center == center);
    (0..200).for_each(|_| controller.advance(0.5, Some(60.0)));
    assert!(controller.is_fitting() && controller.pose == controller.goal);
}

#[test]
fn a_released_drag_slows_down_and_one_held_still_stays() {
    let drag = |controller: &mut Controller| {
        for _ in 0..10 {
            controller.drag(Vec2::new(-12.0, 0.0));
            controller.advance(0.016, None);
        }
    };
    let mut controller = on_screen();
    drag(&mut controller);
    let released_at = controller.pose.center.x;
    let step = 12.0 * controller.pose.world_per_px;
    controller.release();
    controller.advance(0.016, None);
    let first = controller.pose.center.x - released_at;
    assert!(
        first > 0.5 * step && first < 1.1 * step,
        "it goes on at the same speed: {first} of {step}"
    );
    arrive(&mut controller);
    assert!(controller.pose.center.x > released_at + 2.0 * step);

    let mut held = on_screen();
    drag(&mut held);
    (0..12).for_each(|_| held.advance(0.016, None));
    let at = held.pose;
    held.release();
    (0..50).for_each(|_| held.advance(0.016, None));
    assert_eq!(held.pose, at);
}

#[test]
fn any_input_ends_a_flight() {
    let rect = Rect::from_center_size(Vec2::new(600.0, 200.0), Vec2::splat(16.0));
    let touches: [fn(&mut Controller); 5] = [
        |controller| controller.drag(Vec2::new(3.0, 0.0)),
        |controller| controller.zoom(1.2, Vec2::ZERO),
        |controller| controller.nudge(Vec2::new(3.0, 0.0)),
        |controller| controller.pinch(Vec2::ZERO, 1.1, Vec2::ZERO),
        |controller| controller.fit(),
    ];
    for touch in touches {
        let mut controller = on_screen();
        controller.fly_to(row(1), rect);
        (0..15).for_each(|_| controller.advance(0.016, None));
        assert!(controller.flight.is_some() && controller.pose != controller.goal);
        let at = controller.pose;
        touch(&mut controller);
        controller.advance(0.001, None);
        let moved_px = controller.pose.center.distance(at.center) / at.world_per_px;
        assert!(moved_px < 12.0, "it does not jump: {moved_px} px");
        arrive(&mut controller);
    }
}

#[test]
fn without_input_it_returns_to_the_view_that_it_began_with() {
    let mut controller = on_screen();
    controller.set_reduced(true);
    let home = Pose {
        center: Vec2::new(120.0, 40.0),
        world_per_px: 0.4,
    };
    controller.set_home(Some(home));
    controller.fly_to_pose(home);
    let at_home = controller.goal;
    controller.drag(Vec2::new(300.0, 0.0));
    assert_ne!(controller.goal, at_home);
    for _ in 0..700 {
        controller.advance(0.1, Some(60.0));
    }
    assert_eq!((controller.goal, controller.is_fitting()), (at_home, false));
    controller.set_home(None);
    for _ in 0..700 {
        controller.advance(0.1, Some(60.0));
    }
    assert!(controller.is_fitting(), "else to the whole fleet");
}

#[test]
fn it_follows_a_row_until_something_else_moves_it() {
    let mut controller = on_screen();
    controller.fly_to(
        row(1),
        Rect::from_center_size(Vec2::new(300.0, 100.0), Vec2::splat(16.0)),
    );
    controller.follow();
    for step in 0..200 {
        controller.track(Vec2::new(300.0 - step as f32, 100.0));
        controller.advance(0.016, None);
    }
    let raised = Vec2::new(0.0, 30.0 * controller.pose.world_per_px);
    let middle = |controller: &Controller| controller.pose.center - raised;
    assert!(
        middle(&controller).distance(Vec2::new(101.0, 100.0)) < 12.0,
        "{:?}",
        controller.pose
    );
    let closer = controller.goal.world_per_px;
    controller.zoom(2.0, Vec2::new(200.0, 0.0));
    assert!(controller.is_following() && controller.goal.world_per_px < closer);
    controller.drag(Vec2::new(10.0, 0.0));
    assert!(!controller.is_following());
    let held = controller.goal;
    controller.track(Vec2::ZERO);
    assert_eq!(controller.goal, held);
}

#[test]
fn a_row_in_view_moves_nothing_and_one_beside_it_as_little_as_needed() {
    let mut controller = on_screen();
    controller.zoom(4.0, Vec2::ZERO);
    arrive(&mut controller);
    let (before, wide) = (controller.goal, 1_600.0 * controller.goal.world_per_px);
    let at = |x: f32| Rect::from_center_size(before.center + Vec2::new(x * wide, 0.0), Vec2::splat(4.0));
    controller.show(at(0.3));
    assert_eq!(controller.goal, before);
    controller.show(at(0.6));
    let moved = controller.goal.center.x - before.center.x;
    assert!(moved > 0.1 * wide && moved < 0.2 * wide, "{moved} of {wide}");
    assert_eq!(controller.goal.world_per_px, before.world_per_px);
}

#[test]
fn it_flies_back_and_forth() {
    let mut controller = on_screen();
    controller.drag(Vec2::new(-100.0, 30.0));
    let seen = controller.pose;
    controller.fly_to(
        row(1),
        Rect::from_center_size(Vec2::new(600.0, 200.0), Vec2::splat(16.0)),
    );
    arrive(&mut controller);
    let there = controller.pose;
    assert!(
        (16.0 / there.world_per_px - FOCUS_CELL_PX).abs() < 0.1,
        "a focused cell has room for text"
    );
    assert_eq!(controller.fly_back(), Some(None));
    arrive(&mut controller);
    assert!(controller.pose.center.distance(seen.center) < 0.01 && controller.pose.world_per_px == seen.world_per_px);
    assert_eq!(controller.fly_back(), None, "that was the first view");
    assert_eq!(controller.fly_forward(), Some(Some(row(1))));
    arrive(&mut controller);
    assert_eq!(controller.pose, there);
    controller.fly_to(
        row(2),
        Rect::from_center_size(Vec2::new(-600.0, 200.0), Vec2::splat(16.0)),
    );
    assert_eq!(controller.fly_forward(), None, "another way was taken");
    assert_eq!(controller.fly_back(), Some(Some(row(1))));
    controller.set_reduced(true);
    controller.fly_back();
    assert_eq!(
        controller.pose, controller.goal,
        "with reduced motion it arrives at once"
    );
}

#[test]
fn a_block_is_flown_to_until_its_tiles_are_readable() {
    // A small block fits whole; of a large one, its beginning is shown.
    for (size, is_whole) in [(Vec2::new(120.0, 60.0), true), (Vec2::new(900.0, 500.0), false)] {
        for unit in [1.0, 2.5] {
            let mut controller = Controller::default();
            controller.set_screen(Screen { unit, ..screen() });
            let block = Rect::from_center_size(Vec2::new(200.0, -100.0), size);
            let cell = Vec2::new(28.0, 14.0);
            controller.fly_to_block(row(2), block, cell);
            arrive(&mut controller);
            let tile = cell / controller.pose.world_per_px;
            let width = tile.x.min(tile.y * plan::TILE_ASPECT);
            assert!(
                width >= READABLE_TILE_PX * unit - 0.1,
                "a tile of {width} px can be read at a scale of {unit}"
            );
            let shown = seen(&controller, block);
            let free = Rect::new(0.0, 60.0, 1600.0, 900.0);
            if is_whole && unit == 1.0 {
                assert!(
                    free.inflate(0.5).contains(shown.min) && free.inflate(0.5).contains(shown.max),
                    "{shown:?}"
                );
            }
            if !is_whole {
                let corner = Vec2::new(shown.min.x, shown.min.y);
                assert!(
                    corner.distance(free.min) < 1.0,
                    "its beginning is in the corner: {corner}"
                );
            }
        }
    }
    // A block without cells is shown whole.
    let mut controller = on_screen();
    let header = Rect::from_center_size(Vec2::new(200.0, -100.0), Vec2::new(300.0, 20.0));
    controller.fly_to_block(row(2), header, Vec2::ZERO);
    arrive(&mut controller);
    let shown = seen(&controller, header);
    assert!(
        shown.width() > 300.0 && shown.min.x >= -0.1 && shown.max.x <= 1600.1,
        "{shown:?}"
    );
}

#[test]
fn the_world_follows_two_fingers() {
    let mut controller = on_screen();
    let about = Vec2::new(120.0, -40.0);
    let world = controller.pose.center + about * controller.pose.world_per_px;
    // The fingers move by (10, 5) pixels and spread.
    let moved = about + Vec2::new(10.0, -5.0);
    controller.pinch(Vec2::new(10.0, 5.0), 1.5, moved);
    let there = controller.pose.center + moved * controller.pose.world_per_px;
    assert!(there.distance(world) < 1e-3, "{there} {world}");
    assert_eq!(controller.pose, controller.goal);
    controller.pinch(Vec2::NAN, 2.0, about);
    controller.pinch(Vec2::ZERO, f32::INFINITY, about);
    assert!(controller.pose.center.is_finite() && controller.pose.world_per_px > 0.0);
}

#[test]
fn the_fleet_always_stays_in_view() {
    let mut controller = on_screen();
    (0..100).for_each(|_| controller.drag(Vec2::new(500.0, 500.0)));
    assert!(screen().extent.contains(controller.pose.center));
    (0..100).for_each(|_| controller.zoom(0.5, Vec2::ZERO));
    assert_eq!(controller.goal.world_per_px, FARTHEST);
    (0..100).for_each(|_| controller.zoom(2.0, Vec2::ZERO));
    assert!(
        (16.0 / controller.goal.world_per_px - CLOSEST_CELL_PX).abs() < 0.1,
        "the smallest cell is {} px",
        16.0 / controller.goal.world_per_px
    );
    controller.zoom(f32::NAN, Vec2::ZERO);
    assert!(controller.goal.world_per_px.is_finite());
}

#[test]
fn panels_at_the_sides_move_nothing_and_another_size_of_the_screen_jumps() {
    let mut controller = on_screen();
    let before = controller.pose;
    let insets = SceneInsets {
        left: 120.0,
        right: 300.0,
        ..screen().insets
    };
    controller.set_screen(Screen { insets, ..screen() });
    (0..600).for_each(|_| controller.advance(0.016, None));
    assert_eq!(controller.pose, before, "an opened inspector moves nothing");
    let insets = SceneInsets {
        bottom: 90.0,
        ..screen().insets
    };
    controller.set_screen(Screen { insets, ..screen() });
    assert_eq!(controller.pose, before, "a panel at an edge moves it, but not at once");
    arrive(&mut controller);
    assert!(controller.pose.world_per_px > before.world_per_px);
    let size_px = screen().size_px * 0.5;
    controller.set_screen(Screen {
        size_px,
        insets,
        ..screen()
    });
    assert!(controller.pose == controller.goal);
}

#[test]
fn idle_seconds_count_in_full_on_an_idle_wall() {
    let mut controller = on_screen();
    controller.drag(Vec2::new(-100.0, 0.0));
    (0..61).for_each(|_| controller.advance(1.0, Some(60.0)));
    assert!(controller.is_fitting());
}
