//! The rig as it is used: fitted, dragged, zoomed, sent and let go of.

use super::*;

fn stage() -> Stage {
    Stage {
        size_px: Vec2::new(1600.0, 900.0),
        insets: SceneInsets {
            top: 60.0,
            ..SceneInsets::default()
        },
        extent: Rect::new(-80.0, -40.0, 80.0, 40.0),
        unit: 1.0,
    }
}

fn view(rig: &Rig) -> View {
    View {
        center: rig.pose.center,
        world_per_px: rig.pose.world_per_px,
        size_px: stage().size_px,
    }
}

#[test]
fn it_fits_everything_between_the_panels_and_follows_growth() {
    let mut rig = Rig::default();
    rig.set_stage(stage());
    let (low, high) = (Vec2::new(-80.0, -40.0), Vec2::new(80.0, 40.0));
    let (left_bottom, right_top) = (view(&rig).screen_from_world(low), view(&rig).screen_from_world(high));
    assert!(left_bottom.x >= 0.0 && right_top.x <= 1600.0 && left_bottom.y <= 900.0 && right_top.y >= 60.0);
    rig.set_stage(Stage {
        extent: Rect::new(-160.0, -80.0, 160.0, 80.0),
        ..stage()
    });
    let before = rig.pose;
    rig.advance(0.016, None);
    assert!(rig.pose.world_per_px > before.world_per_px && rig.pose != rig.goal);
    (0..300).for_each(|_| rig.advance(0.016, None));
    assert_eq!(rig.pose, rig.goal);
}

#[test]
fn the_world_under_the_pointer_stays_there_all_through_a_zoom() {
    let mut rig = Rig::default();
    rig.set_stage(stage());
    let pointer = Vec2::new(300.0, 200.0);
    let about = Vec2::new(pointer.x - 800.0, 450.0 - pointer.y);
    let world = view(&rig).world_from_screen(pointer);
    for frame in 0..120 {
        if frame % 10 == 0 && frame < 60 {
            rig.zoom(1.3, about);
        }
        rig.advance(0.016, None);
        assert!(
            view(&rig).screen_from_world(world).distance(pointer) < 0.1,
            "frame {frame}"
        );
    }
    assert!(rig.pose.world_per_px < 0.05);
}

#[test]
fn touched_it_stays_and_after_a_rest_it_may_show_everything_again() {
    let mut rig = Rig::default();
    rig.set_stage(stage());
    rig.drag(Vec2::new(-100.0, 0.0));
    let center = rig.pose.center;
    assert!(center.x > 0.0);
    rig.set_stage(Stage {
        extent: Rect::new(-160.0, -80.0, 160.0, 80.0),
        ..stage()
    });
    (0..200).for_each(|_| rig.advance(0.5, None));
    assert!(!rig.is_fitting() && rig.pose.center == center);
    (0..200).for_each(|_| rig.advance(0.5, Some(60.0)));
    assert!(rig.is_fitting() && rig.pose == rig.goal);
}

#[test]
fn a_drag_that_is_let_go_of_runs_out_and_a_held_one_stays() {
    let mut rig = Rig::default();
    rig.set_stage(stage());
    let drag = |rig: &mut Rig| {
        for _ in 0..10 {
            rig.drag(Vec2::new(-12.0, 0.0));
            rig.advance(0.016, None);
        }
    };
    drag(&mut rig);
    let let_go_at = rig.pose.center.x;
    let step = 12.0 * rig.pose.world_per_px;
    rig.let_go();
    rig.advance(0.016, None);
    let first = rig.pose.center.x - let_go_at;
    assert!(
        first > 0.5 * step && first < 1.1 * step,
        "it goes on as fast: {first} of {step}"
    );
    (0..200).for_each(|_| rig.advance(0.016, None));
    assert!(rig.pose == rig.goal && rig.pose.center.x > let_go_at + 2.0 * step);

    let mut held = Rig::default();
    held.set_stage(stage());
    drag(&mut held);
    (0..12).for_each(|_| held.advance(0.016, None));
    let at = held.pose;
    held.let_go();
    (0..50).for_each(|_| held.advance(0.016, None));
    assert_eq!(held.pose, at);
}

#[test]
fn any_touch_ends_a_flight_and_nothing_else_moves_it_then() {
    let rect = Rect::from_center_half_size(Vec2::new(60.0, 20.0), Vec2::splat(4.0));
    let touches: [fn(&mut Rig); 5] = [
        |rig| rig.drag(Vec2::new(3.0, 0.0)),
        |rig| rig.zoom(1.2, Vec2::ZERO),
        |rig| rig.nudge(Vec2::new(3.0, 0.0)),
        |rig| rig.pinch(Vec2::ZERO, 1.1, Vec2::ZERO),
        |rig| rig.fit(),
    ];
    for touch in touches {
        let mut rig = Rig::default();
        rig.set_stage(stage());
        rig.fly_to(rect);
        (0..15).for_each(|_| rig.advance(0.016, None));
        assert!(rig.flight.is_some() && rig.pose != rig.goal);
        let at = rig.pose;
        touch(&mut rig);
        rig.advance(0.001, None);
        let moved_px = rig.pose.center.distance(at.center) / at.world_per_px;
        assert!(moved_px < 12.0, "it does not jump: {moved_px} px");
        (0..400).for_each(|_| rig.advance(0.016, None));
        assert_eq!(rig.pose, rig.goal);
    }
}

#[test]
fn it_flies_there_and_back() {
    let mut rig = Rig::default();
    rig.set_stage(stage());
    rig.drag(Vec2::new(-100.0, 30.0));
    let (seen, arrive) = (rig.pose, |rig: &mut Rig| {
        (0..200).for_each(|_| rig.advance(0.016, None))
    });
    rig.fly_to(Rect::from_center_half_size(Vec2::new(60.0, 20.0), Vec2::splat(4.0)));
    arrive(&mut rig);
    let there = rig.pose;
    assert!((rig.pose.world_per_px * FOCUS_PX_PER_SLOT - 1.0).abs() < 0.01);
    rig.fly_back();
    arrive(&mut rig);
    assert!(rig.pose.center.distance(seen.center) < 0.01 && rig.pose.world_per_px == seen.world_per_px);
    rig.fly_back();
    arrive(&mut rig);
    assert_eq!(rig.pose, there);
    rig.set_reduced(true);
    rig.fly_back();
    assert_eq!(rig.pose, rig.goal, "with reduced motion it is there at once");
}

#[test]
fn two_fingers_hold_the_world() {
    let mut rig = Rig::default();
    rig.set_stage(stage());
    let about = Vec2::new(120.0, -40.0);
    let world = rig.pose.center + about * rig.pose.world_per_px;
    // They move by (10, 5) pixels, the middle of them with them, and go apart.
    let moved = about + Vec2::new(10.0, -5.0);
    rig.pinch(Vec2::new(10.0, 5.0), 1.5, moved);
    let there = rig.pose.center + moved * rig.pose.world_per_px;
    assert!(there.distance(world) < 1e-3, "{there} {world}");
    assert_eq!(rig.pose, rig.goal);
    rig.pinch(Vec2::NAN, 2.0, about);
    rig.pinch(Vec2::ZERO, f32::INFINITY, about);
    assert!(rig.pose.center.is_finite() && rig.pose.world_per_px > 0.0);
}

#[test]
fn the_fleet_is_never_lost_from_sight() {
    let mut rig = Rig::default();
    rig.set_stage(stage());
    (0..100).for_each(|_| rig.drag(Vec2::new(500.0, 500.0)));
    assert!(stage().extent.contains(rig.pose.center));
    (0..100).for_each(|_| rig.zoom(0.5, Vec2::ZERO));
    assert!(rig.goal.world_per_px <= stage().everything().world_per_px * FARTHEST);
    (0..100).for_each(|_| rig.zoom(2.0, Vec2::ZERO));
    assert!(rig.goal.world_per_px >= 1.0 / CLOSEST_PX_PER_SLOT);
    rig.zoom(f32::NAN, Vec2::ZERO);
    assert!(rig.goal.world_per_px.is_finite());
}

#[test]
fn a_panel_that_opens_makes_the_scene_glide_aside_and_a_screen_of_another_size_makes_it_jump() {
    let mut rig = Rig::default();
    rig.set_stage(stage());
    let before = rig.pose;
    let insets = SceneInsets {
        right: 300.0,
        ..stage().insets
    };
    rig.set_stage(Stage { insets, ..stage() });
    assert_eq!(rig.pose, before, "not under the pointer that clicked");
    (0..600).for_each(|_| rig.advance(0.016, None));
    assert!(rig.pose == rig.goal && rig.pose != before);
    let size_px = stage().size_px * 0.5;
    rig.set_stage(Stage {
        size_px,
        insets,
        ..stage()
    });
    assert!(rig.pose == rig.goal);
}

#[test]
fn a_wall_that_rests_counts_whole_seconds_of_idleness() {
    let mut rig = Rig::default();
    rig.set_stage(stage());
    rig.drag(Vec2::new(-100.0, 0.0));
    (0..61).for_each(|_| rig.advance(1.0, Some(60.0)));
    assert!(rig.is_fitting());
}
