//! The controller in use: fitted, dragged, zoomed, sent and released.

use super::*;

fn screen() -> Screen {
    Screen {
        size_px: Vec2::new(1600.0, 900.0),
        insets: SceneInsets {
            top: 60.0,
            ..SceneInsets::default()
        },
        extent: Rect::new(-80.0, -40.0, 80.0, 40.0),
        unit: 1.0,
    }
}

fn view(controller: &Controller) -> View {
    View {
        center: controller.pose.center,
        world_per_px: controller.pose.world_per_px,
        size_px: screen().size_px,
    }
}

#[test]
fn it_fits_everything_between_the_panels_and_follows_growth() {
    let mut controller = Controller::default();
    controller.set_screen(screen());
    let (low, high) = (Vec2::new(-80.0, -40.0), Vec2::new(80.0, 40.0));
    let (left_bottom, right_top) = (
        view(&controller).screen_from_world(low),
        view(&controller).screen_from_world(high),
    );
    assert!(left_bottom.x >= 0.0 && right_top.x <= 1600.0 && left_bottom.y <= 900.0 && right_top.y >= 60.0);
    controller.set_screen(Screen {
        extent: Rect::new(-160.0, -80.0, 160.0, 80.0),
        ..screen()
    });
    let before = controller.pose;
    controller.advance(0.016, None);
    assert!(controller.pose.world_per_px > before.world_per_px && controller.pose != controller.goal);
    (0..300).for_each(|_| controller.advance(0.016, None));
    assert_eq!(controller.pose, controller.goal);
}

#[test]
fn the_world_under_the_pointer_stays_there_all_through_a_zoom() {
    let mut controller = Controller::default();
    controller.set_screen(screen());
    let pointer = Vec2::new(300.0, 200.0);
    let about = Vec2::new(pointer.x - 800.0, 450.0 - pointer.y);
    let world = view(&controller).world_from_screen(pointer);
    for frame in 0..120 {
        if frame % 10 == 0 && frame < 60 {
            controller.zoom(1.3, about);
        }
        controller.advance(0.016, None);
        assert!(
            view(&controller).screen_from_world(world).distance(pointer) < 0.1,
            "frame {frame}"
        );
    }
    assert!(controller.pose.world_per_px < 0.05);
}

#[test]
fn after_input_it_stays_and_after_a_while_it_may_fit_again() {
    let mut controller = Controller::default();
    controller.set_screen(screen());
    controller.drag(Vec2::new(-100.0, 0.0));
    let center = controller.pose.center;
    assert!(center.x > 0.0);
    controller.set_screen(Screen {
        extent: Rect::new(-160.0, -80.0, 160.0, 80.0),
        ..screen()
    });
    (0..200).for_each(|_| controller.advance(0.5, None));
    assert!(!controller.is_fitting() && controller.pose.center == center);
    (0..200).for_each(|_| controller.advance(0.5, Some(60.0)));
    assert!(controller.is_fitting() && controller.pose == controller.goal);
}

#[test]
fn a_released_drag_slows_down_and_one_held_still_stays() {
    let mut controller = Controller::default();
    controller.set_screen(screen());
    let drag = |controller: &mut Controller| {
        for _ in 0..10 {
            controller.drag(Vec2::new(-12.0, 0.0));
            controller.advance(0.016, None);
        }
    };
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
    (0..200).for_each(|_| controller.advance(0.016, None));
    assert!(controller.pose == controller.goal && controller.pose.center.x > released_at + 2.0 * step);

    let mut held = Controller::default();
    held.set_screen(screen());
    drag(&mut held);
    (0..12).for_each(|_| held.advance(0.016, None));
    let at = held.pose;
    held.release();
    (0..50).for_each(|_| held.advance(0.016, None));
    assert_eq!(held.pose, at);
}

#[test]
fn any_input_ends_a_flight() {
    let rect = Rect::from_center_half_size(Vec2::new(60.0, 20.0), Vec2::splat(4.0));
    let touches: [fn(&mut Controller); 5] = [
        |controller| controller.drag(Vec2::new(3.0, 0.0)),
        |controller| controller.zoom(1.2, Vec2::ZERO),
        |controller| controller.nudge(Vec2::new(3.0, 0.0)),
        |controller| controller.pinch(Vec2::ZERO, 1.1, Vec2::ZERO),
        |controller| controller.fit(),
    ];
    for touch in touches {
        let mut controller = Controller::default();
        controller.set_screen(screen());
        controller.fly_to(rect);
        (0..15).for_each(|_| controller.advance(0.016, None));
        assert!(controller.flight.is_some() && controller.pose != controller.goal);
        let at = controller.pose;
        touch(&mut controller);
        controller.advance(0.001, None);
        let moved_px = controller.pose.center.distance(at.center) / at.world_per_px;
        assert!(moved_px < 12.0, "it does not jump: {moved_px} px");
        (0..400).for_each(|_| controller.advance(0.016, None));
        assert_eq!(controller.pose, controller.goal);
    }
}

#[test]
fn it_flies_back_and_forth() {
    let mut controller = Controller::default();
    controller.set_screen(screen());
    controller.drag(Vec2::new(-100.0, 30.0));
    let (seen, arrive) = (controller.pose, |controller: &mut Controller| {
        (0..200).for_each(|_| controller.advance(0.016, None))
    });
    controller.fly_to(Rect::from_center_half_size(Vec2::new(60.0, 20.0), Vec2::splat(4.0)));
    arrive(&mut controller);
    let there = controller.pose;
    assert!((controller.pose.world_per_px * FOCUS_CELL_PX - 1.0).abs() < 0.01);
    controller.fly_back();
    arrive(&mut controller);
    assert!(controller.pose.center.distance(seen.center) < 0.01 && controller.pose.world_per_px == seen.world_per_px);
    controller.fly_back();
    arrive(&mut controller);
    assert_eq!(controller.pose, there);
    controller.set_reduced(true);
    controller.fly_back();
    assert_eq!(
        controller.pose, controller.goal,
        "with reduced motion it arrives at once"
    );
}

#[test]
fn the_world_follows_two_fingers() {
    let mut controller = Controller::default();
    controller.set_screen(screen());
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
    let mut controller = Controller::default();
    controller.set_screen(screen());
    (0..100).for_each(|_| controller.drag(Vec2::new(500.0, 500.0)));
    assert!(screen().extent.contains(controller.pose.center));
    (0..100).for_each(|_| controller.zoom(0.5, Vec2::ZERO));
    assert!(controller.goal.world_per_px <= screen().everything().world_per_px * FARTHEST);
    (0..100).for_each(|_| controller.zoom(2.0, Vec2::ZERO));
    assert!(controller.goal.world_per_px >= 1.0 / CLOSEST_CELL_PX);
    controller.zoom(f32::NAN, Vec2::ZERO);
    assert!(controller.goal.world_per_px.is_finite());
}

#[test]
fn it_glides_when_a_panel_opens_and_jumps_when_the_screen_changes_size() {
    let mut controller = Controller::default();
    controller.set_screen(screen());
    let before = controller.pose;
    let insets = SceneInsets {
        right: 300.0,
        ..screen().insets
    };
    controller.set_screen(Screen { insets, ..screen() });
    assert_eq!(controller.pose, before, "not at once, under the pointer that clicked");
    (0..600).for_each(|_| controller.advance(0.016, None));
    assert!(controller.pose == controller.goal && controller.pose != before);
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
    let mut controller = Controller::default();
    controller.set_screen(screen());
    controller.drag(Vec2::new(-100.0, 0.0));
    (0..61).for_each(|_| controller.advance(1.0, Some(60.0)));
    assert!(controller.is_fitting());
}
