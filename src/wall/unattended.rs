//! A wall without a display: rewrites the picture every few seconds and prints a status line.

use std::path::PathBuf;

use bevy::prelude::*;

use super::{canvas::OffscreenImage, picture};
use crate::{
    connection::{ConnectionView, Rates},
    fleet::Counts,
    frame::EndSystems,
};
use model::{Kind, Status};

/// How often the picture is rewritten, in seconds.
const EVERY_SECS: f64 = 5.0;
/// The first one is taken when the scene has had time to appear.
const FIRST_SECS: f64 = 2.0;

/// The file that is kept up to date.
#[derive(Resource, Debug, Clone)]
pub(super) struct KeptPicture {
    /// The file that is rewritten, a .png.
    pub(super) path: PathBuf,
    next: f64,
}

impl KeptPicture {
    /// The first picture is due two seconds after the start.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, next: FIRST_SECS }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(
        Last,
        (
            take_picture.in_set(EndSystems::Detect),
            report.in_set(EndSystems::Decide),
        )
            .run_if(resource_exists::<KeptPicture>),
    );
}

fn take_picture(
    mut kept: ResMut<KeptPicture>,
    image: Option<Res<OffscreenImage>>,
    time: Res<Time<Real>>,
    mut commands: Commands,
) {
    let now = time.elapsed_secs_f64();
    if now >= kept.next {
        kept.next = now + EVERY_SECS;
        picture::take(&mut commands, image.as_deref(), kept.path.clone());
    }
}

/// Prints one line a picture.
fn report(
    mut taken: MessageReader<picture::PictureTaken>,
    connection: Res<ConnectionView>,
    rates: Res<Rates>,
    counts: Res<Counts>,
    mut exit: MessageWriter<AppExit>,
) {
    for picture::PictureTaken(result) in taken.read() {
        match result {
            Ok(path) => println!("{}  {}", status_line(&connection, &rates, &counts), path.display()),
            Err(error) => {
                eprintln!("opswall: {error}");
                exit.write(AppExit::error());
            }
        }
    }
}

fn status_line(connection: &ConnectionView, rates: &Rates, counts: &Counts) -> String {
    let of = |status| counts.work(status);
    let runs = match counts.total(Kind::Run) {
        0 => String::new(),
        runs => format!("  {runs} {}", Kind::Run.noun(runs)),
    };
    format!(
        "{}{}  {} agents  {} tasks ({} running, {} blocked, {} failed)  {} workflows{runs}  {:.0} changes/s",
        connection.report.status.word(),
        connection
            .report
            .reason
            .as_ref()
            .map(|reason| format!(" ({reason})"))
            .unwrap_or_default(),
        counts.total(Kind::Agent),
        counts.total(Kind::Task),
        of(Status::Running),
        of(Status::Blocked),
        of(Status::Failed),
        counts.total(Kind::Workflow),
        rates.changes.present(),
    )
}
