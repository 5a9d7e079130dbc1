//! Bevy 0.19: a monitor that is unplugged or sleeps takes its window, and so the app, with it.
//!
//! `Monitor` owns its windows by a linked relationship; when winit drops the monitor, Bevy despawns the window too
//! (bevyengine/bevy#24867, fixed by #25427 in 0.20). Removing the relationship as soon as it is inserted keeps the window.
//! Bevy inserts it again whenever the window changes, and it is removed again, which is cheap.

use bevy::{prelude::*, window::OnMonitor};

pub(super) fn plugin(app: &mut App) {
    app.add_observer(remove_relationship);
}

fn remove_relationship(insert: On<Insert, OnMonitor>, mut commands: Commands) {
    commands.entity(insert.entity).try_remove::<OnMonitor>();
}

#[cfg(test)]
mod tests {
    use bevy::window::HasWindows;

    use super::*;

    /// Spawns a window on a monitor, unplugs the monitor, and returns whether the window still exists.
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
