//! The unattended wall: header, toasts and scene only, over the whole screen, with or without a window manager. The
//! pointer's arrow is hidden while it does not move.

use bevy::{
    prelude::*,
    window::{CursorMoved, CursorOptions, Monitor, PrimaryMonitor, PrimaryWindow, WindowMode},
};

use crate::{frame::FrameSystems, messages::PointerResting, ui::Panels};

/// The arrow is visible for this long after the last movement, in seconds.
const SEEN_SECS: f64 = 3.0;

/// A window manager, if there is one, has resized the window to the screen within this many seconds.
const MANAGED_SECS: f64 = 1.0;

/// When the pointer moved last.
#[derive(Resource, Debug, Default)]
struct LastMoved(Option<f64>);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<LastMoved>()
        .add_systems(Startup, hide_panels)
        .add_systems(
            Update,
            (hide_pointer, fill_screen.run_if(not_yet_filled)).in_set(FrameSystems::Receive),
        );
}

fn hide_panels(mut panels: ResMut<Panels>) {
    panels.kiosk = true;
}

fn not_yet_filled(mut is_done: Local<bool>, time: Res<Time<Real>>) -> bool {
    time.elapsed_secs_f64() >= MANAGED_SECS && !std::mem::replace(&mut *is_done, true)
}

/// An X server without a window manager ignores the request for full screen: the window is then resized to the screen.
fn fill_screen(mut windows: Query<&mut Window, With<PrimaryWindow>>, monitors: Query<(&Monitor, Has<PrimaryMonitor>)>) {
    let Some((monitor, _)) = monitors.iter().max_by_key(|(_, is_primary)| *is_primary) else {
        return;
    };
    let size = monitor.physical_size();
    for mut window in &mut windows {
        let is_wished = matches!(window.mode, WindowMode::BorderlessFullscreen(_));
        if is_wished && window.resolution.physical_size() != size {
            window.resolution.set_physical_resolution(size.x, size.y);
            window.position = WindowPosition::At(monitor.physical_position);
        }
    }
}

fn hide_pointer(
    mut moved: MessageReader<CursorMoved>,
    mut last: ResMut<LastMoved>,
    mut resting: ResMut<PointerResting>,
    mut cursors: Query<&mut CursorOptions, With<PrimaryWindow>>,
    time: Res<Time<Real>>,
) {
    let now = time.elapsed_secs_f64();
    if moved.read().count() > 0 {
        last.0 = Some(now);
    }
    let is_seen = last.0.is_some_and(|last| now - last < SEEN_SECS);
    resting.set_if_neq(PointerResting(!is_seen));
    for mut cursor in &mut cursors {
        if cursor.visible != is_seen {
            cursor.visible = is_seen;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bevy::time::TimeUpdateStrategy;

    use super::*;

    #[test]
    fn a_window_without_a_window_manager_is_resized_to_the_screen() {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, crate::frame::plugin, crate::messages::plugin, plugin))
            .init_resource::<Panels>()
            .add_message::<CursorMoved>()
            .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(400)));
        let mode = WindowMode::BorderlessFullscreen(MonitorSelection::Current);
        let window = app
            .world_mut()
            .spawn((Window { mode, ..default() }, PrimaryWindow))
            .id();
        let monitor = |width, x| Monitor {
            name: None,
            physical_width: width,
            physical_height: 1080,
            physical_position: IVec2::new(x, 0),
            refresh_rate_millihertz: None,
            scale_factor: 1.0,
            video_modes: Vec::new(),
        };
        app.world_mut().spawn(monitor(1280, 0));
        app.world_mut().spawn((monitor(1920, 1280), PrimaryMonitor));
        let seen = |app: &App| {
            let window = app.world().get::<Window>(window).expect("a window");
            (window.resolution.physical_size(), window.position)
        };
        let given = seen(&app);
        app.update();
        app.update();
        assert_eq!(seen(&app), given, "a window manager has its time");
        (0..3).for_each(|_| app.update());
        assert_eq!(
            seen(&app),
            (UVec2::new(1920, 1080), WindowPosition::At(IVec2::new(1280, 0)))
        );
        // A window that is made smaller later stays so.
        app.world_mut()
            .get_mut::<Window>(window)
            .expect("a window")
            .resolution
            .set(800.0, 600.0);
        (0..3).for_each(|_| app.update());
        assert_eq!(seen(&app).0, UVec2::new(800, 600));
    }

    #[test]
    fn the_arrow_is_visible_while_it_moves() {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, crate::frame::plugin, crate::messages::plugin, plugin))
            .init_resource::<Panels>()
            .add_message::<CursorMoved>()
            .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_secs(1)));
        let window = app.world_mut().spawn((Window::default(), PrimaryWindow)).id();
        let is_seen = |app: &App| {
            let cursor = app.world().get::<CursorOptions>(window);
            let resting = app.world().resource::<PointerResting>().0;
            assert_eq!(cursor.map(|cursor| cursor.visible), Some(!resting));
            !resting
        };
        app.update();
        app.update();
        assert!(!is_seen(&app) && app.world().resource::<Panels>().kiosk);
        app.world_mut().write_message(CursorMoved {
            window,
            position: Vec2::ONE,
            delta: None,
        });
        app.update();
        assert!(is_seen(&app));
        (0..4).for_each(|_| app.update());
        assert!(!is_seen(&app));
    }
}
