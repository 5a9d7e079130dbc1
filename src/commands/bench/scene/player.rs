//! Plays an application frame by frame: nothing waits for a display, and no frame begins before the last one is drawn.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bevy::{
    app::PluginsState,
    prelude::*,
    render::{Render, RenderApp, RenderSystems, render_resource::PollType, renderer::RenderDevice},
    tasks::tick_global_task_pools_on_main_thread,
};

use super::threads;
use crate::commands::Failure;

/// As a display would have it.
const FRAME: Duration = Duration::from_micros(16_667);
/// A run of `paced` frames ends here, even if it had few.
const LONGEST_RUN: Duration = Duration::from_secs(4);
/// Frames that a run has at least.
const LEAST_FRAMES: usize = 5;

/// An application that is played.
pub(super) struct Player {
    /// The application.
    pub(super) app: App,
    device: RenderDevice,
    /// The threads of the main and of the render world, as far as they have been seen.
    threads: Arc<Mutex<Vec<u32>>>,
}

/// What a run took.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Each frame, in milliseconds of the clock.
    pub(super) frames: Vec<f64>,
    /// Milliseconds of processor a frame, of the threads of both worlds.
    pub(super) cpu: f64,
}

impl Player {
    /// Prepares the application so that its frames can be run one by one.
    pub(super) fn new(mut app: App) -> Result<Self, Failure> {
        while app.plugins_state() == PluginsState::Adding {
            tick_global_task_pools_on_main_thread();
        }
        let threads = Arc::new(Mutex::new(Vec::from_iter(threads::this())));
        if let Some(render) = app.get_sub_app_mut(RenderApp) {
            let seen = Arc::clone(&threads);
            render.add_systems(
                Render,
                (move |_: &mut World| note(&seen)).in_set(RenderSystems::Cleanup),
            );
        }
        app.finish();
        app.cleanup();
        let device = app.world().get_resource::<RenderDevice>().cloned();
        let device = device.ok_or_else(|| Failure::Running("no graphics driver can draw here: install one".into()))?;
        Ok(Self { app, device, threads })
    }

    /// One frame, drawn to its end. (Both worlds run side by side, so what is waited for is the frame before it.)
    pub(super) fn frame(&mut self) -> Result<(), Failure> {
        self.app.update();
        let drawn = self.device.wgpu_device().poll(PollType::Wait {
            submission_index: None,
            timeout: None,
        });
        match (drawn, self.app.should_exit()) {
            (Ok(_), None) => Ok(()),
            (Err(error), _) => Err(Failure::Running(format!(
                "a frame was not drawn: {error}; run the bench again"
            ))),
            (Ok(_), Some(_)) => Err(Failure::Running("the application ended; run the bench again".into())),
        }
    }

    /// `count` frames at the pace of a display, or fewer when they take long.
    pub(super) fn paced(&mut self, count: usize) -> Result<Run, Failure> {
        let mut run = Run::default();
        let (started, cpu) = (Instant::now(), self.cpu());
        while run.frames.len() < count && (run.frames.len() < LEAST_FRAMES || started.elapsed() < LONGEST_RUN) {
            let began = Instant::now();
            self.frame()?;
            run.frames.push(began.elapsed().as_secs_f64() * 1e3);
            std::thread::sleep(FRAME.saturating_sub(began.elapsed()));
        }
        let used = self.cpu().zip(cpu).map(|(after, before)| after.saturating_sub(before));
        run.cpu = used.map_or(f64::NAN, |used| used.as_secs_f64() * 1e3 / run.frames.len() as f64);
        Ok(run)
    }

    fn cpu(&self) -> Option<Duration> {
        threads::worlds(&self.threads.lock().ok()?)
    }

    /// Frames one after the other for a while.
    pub(super) fn flat_out(&mut self, span: Duration) -> Result<Vec<f64>, Failure> {
        let (mut frames, started) = (Vec::new(), Instant::now());
        while frames.len() < LEAST_FRAMES || started.elapsed() < span {
            frames.push(self.timed()?);
        }
        Ok(frames)
    }

    /// One frame, in milliseconds.
    pub(super) fn timed(&mut self) -> Result<f64, Failure> {
        let began = Instant::now();
        self.frame()?;
        Ok(began.elapsed().as_secs_f64() * 1e3)
    }
}

/// An exclusive system runs on the thread of its world.
fn note(seen: &Mutex<Vec<u32>>) {
    if let (Ok(mut seen), Some(this)) = (seen.lock(), threads::this())
        && !seen.contains(&this)
    {
        seen.push(this);
    }
}
