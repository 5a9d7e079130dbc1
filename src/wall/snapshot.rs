//! Takes one picture when the wall is live and has settled, then exits.

use std::path::PathBuf;

use bevy::prelude::*;

use super::{app::Lose, canvas::OffscreenImage, picture, report::Reporter};
use crate::{connection::ConnectionView, frame::EndSystems, messages::Backlog};
use realtime::LinkStatus;

/// How long a snapshot waits for more rows, or to be live, before it gives up, in seconds: a cold project takes up to 20 s.
const DEADLINE_SECS: f64 = 45.0;
/// A requested picture arrives within a few frames; software rendering of a full wall may take a second for each.
const PICTURE_SECS: f64 = 60.0;

/// The picture to take.
#[derive(Resource, Debug, Clone)]
pub(super) struct Wanted {
    /// The file that is written, a .png.
    pub(super) path: PathBuf,
    /// Seconds from live to the picture: animations end, toasts disappear.
    pub(super) settle: f64,
    /// Ends the feed before the picture; `None` once it has.
    lose: Option<Lose>,
    /// Prints the report on the picture as well.
    reports: bool,
    /// The feed was ended.
    lost: bool,
    /// The number of rows, and when it changed last.
    progress: (usize, f64),
    live_since: Option<f64>,
    asked: Option<f64>,
}

impl Wanted {
    /// A picture that has not been taken yet.
    pub(super) fn new(path: PathBuf, settle: f64, lose: Option<Lose>, reports: bool) -> Self {
        Self {
            path,
            settle,
            lose,
            reports,
            lost: false,
            progress: (0, 0.0),
            live_since: None,
            asked: None,
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(
        Last,
        (watch.in_set(EndSystems::Detect), finish.in_set(EndSystems::Decide)).run_if(resource_exists::<Wanted>),
    );
}

fn watch(
    mut wanted: ResMut<Wanted>,
    connection: Res<ConnectionView>,
    backlog: Res<Backlog>,
    image: Option<Res<OffscreenImage>>,
    time: Res<Time<Real>>,
    mut commands: Commands,
    mut exit: MessageWriter<AppExit>,
) {
    let now = time.elapsed_secs_f64();
    if let Some(asked) = wanted.asked {
        if now - asked > PICTURE_SECS {
            fail("the renderer delivered no picture; try a smaller --size", &mut exit);
        }
        return;
    }
    let rows = connection.rows();
    if wanted.progress.0 != rows {
        wanted.progress = (rows, now);
    }
    let waited = now - wanted.progress.1;
    let is_wanted = match connection.report.status {
        // The offline wall, which also gets time to settle.
        LinkStatus::Error if wanted.lost => true,
        _ if wanted.lost && waited <= DEADLINE_SECS => return,
        status => status == LinkStatus::Connected && backlog.waiting == 0,
    };
    if is_wanted {
        let since = *wanted.live_since.get_or_insert(now);
        if now - since < wanted.settle {
            return;
        }
        if let Some(lose) = wanted.lose.take() {
            lose.call();
            (wanted.lost, wanted.live_since) = (true, None);
            return;
        }
        wanted.asked = Some(now);
        picture::take(&mut commands, image.as_deref(), wanted.path.clone());
        return;
    }
    match connection.report.status {
        // Live is better; but after the deadline a picture that shows "Catching up" is taken.
        _ if connection.report.catching_up => {
            if waited > DEADLINE_SECS && backlog.waiting == 0 {
                wanted.asked = Some(now);
                picture::take(&mut commands, image.as_deref(), wanted.path.clone());
            }
        }
        LinkStatus::Error => fail(
            connection.report.reason.as_deref().unwrap_or("the connection failed"),
            &mut exit,
        ),
        _ if waited > DEADLINE_SECS => {
            let why = connection.report.reason.as_deref().unwrap_or("no answer");
            fail(&format!("not live within {DEADLINE_SECS:.0} s: {why}"), &mut exit);
        }
        LinkStatus::Connected => {}
        // After a loss the wall has to settle again.
        _ => wanted.live_since = None,
    }
}

fn fail(sentence: &str, exit: &mut MessageWriter<AppExit>) {
    eprintln!("opswall: {sentence}");
    exit.write(AppExit::error());
}

fn finish(
    mut taken: MessageReader<picture::PictureTaken>,
    wanted: Res<Wanted>,
    reporter: Reporter,
    mut exit: MessageWriter<AppExit>,
) {
    for picture::PictureTaken(result) in taken.read() {
        match result {
            Ok(path) if wanted.reports => match serde_json::to_string(&reporter.report(path)) {
                Ok(report) => {
                    println!("{report}");
                    exit.write(AppExit::Success);
                }
                Err(error) => fail(&error.to_string(), &mut exit),
            },
            Ok(path) => {
                println!("{}", path.display());
                exit.write(AppExit::Success);
            }
            Err(error) => fail(&error.to_string(), &mut exit),
        }
    }
}
