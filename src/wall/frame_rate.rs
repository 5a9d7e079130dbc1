//! How often the wall is drawn: as often as the display shows, less often where the governor lowers the rate, and once a
//! second, for the clock, while the wall is idle. An event of the feed, a key or the pointer ends the idle interval at once.

use std::{
    sync::mpsc::{SyncSender, sync_channel},
    time::{Duration, Instant},
};

use bevy::{
    app::{AppExit, PluginsState},
    prelude::*,
    tasks::tick_global_task_pools_on_main_thread,
    winit::{EventLoopProxyWrapper, UpdateMode, WinitSettings, WinitUserEvent},
};

use super::idle::Idle;
use crate::{
    connection::FeedWaiter,
    frame::EndSystems,
    messages::{Quality, QualityFeature},
};

/// From one frame to the next while the wall is idle: the header's clock and ages advance.
const IDLE: Duration = Duration::from_secs(1);
/// From one frame to the next where the machine is too slow for more.
const LOWERED: Duration = Duration::from_millis(100);

/// The interval between frames.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq, Reflect)]
#[reflect(Resource)]
pub struct FrameRate {
    is_idle: bool,
    is_lowered: bool,
}

impl FrameRate {
    /// Nothing moves.
    pub fn is_idle(self) -> bool {
        self.is_idle
    }

    /// The shortest time from frame to frame; `None`: as the canvas has it.
    pub fn interval(self) -> Option<Duration> {
        if self.is_idle {
            Some(IDLE)
        } else {
            self.is_lowered.then_some(LOWERED)
        }
    }
}

/// The full rate at all times.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<FrameRate>();
}

/// Idles while nothing moves: for a wall that is looked at.
pub(super) fn idle_plugin(app: &mut App) {
    app.init_resource::<Idle>()
        .add_systems(Startup, start_wake_thread)
        .add_systems(
            Last,
            (
                super::idle::detect.in_set(EndSystems::Detect),
                set_rate.in_set(EndSystems::Decide),
                apply_rate.in_set(EndSystems::Apply),
                wait_on_wake_thread.in_set(EndSystems::Wait),
            ),
        );
}

fn set_rate(idle: Res<Idle>, quality: Res<Quality>, mut rate: ResMut<FrameRate>) {
    rate.set_if_neq(FrameRate {
        is_idle: idle.is_idle(),
        is_lowered: !quality.has(QualityFeature::Rate),
    });
}

/// Sets the interval of a window's loop; without a window `run` reads the resource.
fn apply_rate(rate: Res<FrameRate>, settings: Option<ResMut<WinitSettings>>) {
    let (true, Some(mut settings)) = (rate.is_changed(), settings) else {
        return;
    };
    // In low power mode a pointer that moves elsewhere on the desktop causes no frame.
    let mode = rate
        .interval()
        .map_or(UpdateMode::Continuous, UpdateMode::reactive_low_power);
    // A wall usually has no focus and is drawn all the same.
    (settings.focused_mode, settings.unfocused_mode) = (mode, mode);
}

/// Starts one idle interval of the wake thread.
#[derive(Resource, Debug)]
struct WakeThread(SyncSender<()>);

/// While the wall is idle, a window's loop sleeps in the windowing system: this thread wakes it when the feed has an event.
/// It ends with the wall, or with its window's loop.
fn start_wake_thread(
    proxy: Option<Res<EventLoopProxyWrapper>>,
    waiter: Option<Res<FeedWaiter>>,
    mut commands: Commands,
) {
    let (Some(proxy), Some(waiter)) = (proxy, waiter) else {
        return;
    };
    let (proxy, waiter) = ((**proxy).clone(), waiter.clone());
    let (start, started) = sync_channel(1);
    let thread = std::thread::Builder::new().name("opswall-wake".into()).spawn(move || {
        while started.recv().is_ok() {
            if waiter.wait(IDLE) && proxy.send_event(WinitUserEvent::WakeUp).is_err() {
                return;
            }
        }
    });
    match thread {
        Ok(_) => commands.insert_resource(WakeThread(start)),
        // Without the thread, changes appear up to a second later.
        Err(error) => warn!("the thread that wakes the wall cannot be started: {error}"),
    }
}

fn wait_on_wake_thread(rate: Res<FrameRate>, thread: Option<Res<WakeThread>>) {
    if let (true, Some(thread)) = (rate.is_idle(), thread) {
        // A full channel means that the thread waits already.
        let _ = thread.0.try_send(());
    }
}

/// The loop of a wall without a window: runs the app, at most one frame in `frame`, until it exits.
pub(super) fn run(mut app: App, frame: Duration) -> AppExit {
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
        let rate = app.world().get_resource::<FrameRate>().copied().unwrap_or_default();
        let left = rate.interval().unwrap_or(frame).saturating_sub(started.elapsed());
        match app.world().get_resource::<FeedWaiter>() {
            Some(waiter) if rate.is_idle() => {
                waiter.wait(left);
            }
            _ => std::thread::sleep(left),
        }
    }
}
