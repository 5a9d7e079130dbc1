//! The loop of a wall without a window.

use std::time::{Duration, Instant};

use bevy::{
    app::{AppExit, PluginsState},
    prelude::*,
    tasks::tick_global_task_pools_on_main_thread,
};

use super::Pace;
use crate::connection::Doorbell;

/// Runs the app, a frame each `frame` at most, until it asks for its end.
pub(in crate::wall) fn run(mut app: App, frame: Duration) -> AppExit {
    while app.plugins_state() == PluginsState::Adding {
        tick_global_task_pools_on_main_thread();
    }
    if app.plugins_state() != PluginsState::Cleaned {
        app.finish();
        app.cleanup();
    }
    loop {
        let started = Instant::now();
        app.update();
        if let Some(exit) = app.should_exit() {
            return exit;
        }
        let pace = app.world().get_resource::<Pace>().copied().unwrap_or_default();
        let left = pace.interval().unwrap_or(frame).saturating_sub(started.elapsed());
        match app.world().get_resource::<Doorbell>() {
            Some(doorbell) if pace.is_resting() => {
                doorbell.wait(left);
            }
            _ => std::thread::sleep(left),
        }
    }
}
