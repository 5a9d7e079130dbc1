//! Bevy 0.19: a monitor that is unplugged or sleeps takes its window, and so the app, with it.
//!
//! `Monitor` owns its windows by a linked relationship; when winit drops the monitor, Bevy despawns the window too
//! (bevyengine/bevy#24867, fixed by #25427 in 0.20). Cutting the link as soon as it is made keeps the window. Bevy
//! makes it again whenever the window changes, and it is cut again: cheap.

use bevy::{prelude::*, window::OnMonitor};

pub(super) fn plugin(app: &mut App) {
    app.add_observer(cut_link);
}

fn cut_link(insert: On<Insert, OnMonitor>, mut commands: Commands) {
    commands.entity(insert.entity).try_remove::<OnMonitor>();
}

#[cfg(test)]
mod tests {
    use bevy::window::HasWindows;

    use super::*;

    /// Spawns a window on a monitor, unplugs the monitor, and says whether the window lives.
    fn survives(with_work_around: bool) -> bool {
        let mut app = App::new();
        if with_work_around {
            app.add_plugins(plugin);
        }
        let world = app.world_mut();
        let monitor = world.spawn(HasWindows::default()).id();
        let window = world.spawn(OnMonitor(monitor)).id();
        world.flush();
        world.despawn(monitor);
        world.get_entity(window).is_ok()
    }

    #[test]
    fn a_window_outlives_its_monitor() {
        assert!(survives(true));
    }

    #[test]
    fn the_work_around_is_still_needed() {
        assert!(
            !survives(false),
            "Bevy keeps the window by itself now: remove this work-around"
        );
    }
}
