//! The wall as the reader of the ingest bench: rows and places are kept as on the screen, and nothing is drawn.

use std::time::{Duration, Instant};

use bevy::prelude::*;

use super::{
    feeder_process::FeederProcess,
    frames::{self, Plan},
    ingest::{PATIENCE, Received, cpu, does_not_answer, no_connection, settings},
    report::Run,
};
use crate::{
    commands::Failure,
    connection::{ConnectionPlugin, ConnectionView},
    fleet, frame, layout,
    messages::{self, RowChanged},
    wall::canvas::DEFAULT_OFFSCREEN_RATE,
};
use model::Op;
use realtime::LinkStatus;

/// Receives everything in this process, from "connected" to the frame that shows the last change.
pub(super) fn receive(feeder: &mut FeederProcess, plan: Plan) -> Result<Received, Failure> {
    let mut wall = Wall::on(feeder.port())?;
    wall.connect()?;
    let (cpu_before, started) = (cpu()?, Instant::now());
    feeder.send_all()?;
    let events = wall.receive_all(plan)?;
    let run = Run {
        cpu: cpu()?.saturating_sub(cpu_before),
        wall: started.elapsed(),
    };
    feeder.finish()?;
    Ok(Received { events, run })
}

/// The app without its renderer and panels.
struct Wall {
    app: App,
    due: Instant,
}

impl Wall {
    fn on(port: u16) -> Result<Self, Failure> {
        let connection = ConnectionPlugin::start(settings(port)?, false, None);
        let connection = connection.map_err(|error| Failure::Running(error.to_string()))?;
        let mut app = App::new();
        app.add_plugins(MinimalPlugins)
            .add_plugins((
                frame::plugin,
                messages::plugin,
                connection,
                fleet::plugin,
                layout::plugin,
            ))
            .init_resource::<Last>()
            .add_systems(Update, count.in_set(frame::FrameSystems::Draw));
        app.finish();
        app.cleanup();
        Ok(Self {
            app,
            due: Instant::now(),
        })
    }

    /// One frame, at its time.
    fn frame(&mut self) {
        std::thread::sleep(self.due.saturating_duration_since(Instant::now()));
        let frame = Duration::from_secs_f64(1.0 / DEFAULT_OFFSCREEN_RATE);
        self.due = (self.due + frame).max(Instant::now());
        self.app.update();
    }

    fn connect(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.frame();
            let report = &self.app.world().resource::<ConnectionView>().report;
            if report.status == LinkStatus::Connected {
                return Ok(());
            }
            if report.attempt > 0 {
                return Err(no_connection(report.reason.clone()));
            }
            if Instant::now() > deadline {
                return Err(does_not_answer());
            }
        }
    }

    /// Runs frames until the last change of the plan has come, and returns how many came.
    fn receive_all(&mut self, plan: Plan) -> Result<u64, Failure> {
        self.app.world_mut().resource_mut::<Last>().id = frames::last_id(plan);
        let (mut before, mut since) = (0, Instant::now());
        loop {
            self.frame();
            let Last { seen, has_come, .. } = *self.app.world().resource::<Last>();
            if has_come {
                return Ok(seen);
            }
            if seen > before {
                (before, since) = (seen, Instant::now());
            } else if since.elapsed() > PATIENCE {
                return Err(Failure::Running(format!(
                    "after {seen} changes nothing more came; run the bench again"
                )));
            }
        }
    }
}

/// The changes that came, and whether the last one is among them.
#[derive(Resource, Default)]
struct Last {
    id: String,
    seen: u64,
    has_come: bool,
}

fn count(mut changes: MessageReader<RowChanged>, mut last: ResMut<Last>) {
    for RowChanged(change) in changes.read() {
        last.seen += 1;
        last.has_come |= change.op == Op::Insert && change.key.id.as_str() == last.id;
    }
}
