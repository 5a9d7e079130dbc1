//! `opswall snapshot`: one picture of the wall, without a window.

use std::{path::Path, process::ExitCode, time::Duration};

use super::{Failure, wall};
use crate::{
    cli::SnapshotArgs,
    wall::{Lose, Picture, canvas::Canvas},
};
use demo::{Cut, Options, Refusal};
use settings::Settings;

/// The one try after the feed was taken away.
const LOST_RETRY: Duration = Duration::from_millis(500);

/// Connects, lets the scene settle, draws one picture and ends.
pub fn run(settings: &Settings, args: &SnapshotArgs, demo: Option<Options>) -> Result<ExitCode, Failure> {
    let out = &args.out;
    if !out
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
    {
        return Err(Failure::Usage(format!(
            "{} is no picture's name: name a file that ends in .png",
            out.display()
        )));
    }
    // Found out before a minute of drawing, not after.
    let folder = out
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(Failure::Usage(format!(
            "there is no folder {}: create it or name another for the picture",
            folder.display()
        )));
    }
    let mut settings = settings.clone();
    if args.offline {
        // Nobody waits a minute and a half for a picture.
        settings.backoff.max_attempts = 2;
        settings.backoff.interval = LOST_RETRY;
    }
    let source = wall::source(&settings, demo)?;
    let lose = source.demo.as_ref().filter(|_| args.offline).map(|server| {
        let control = server.control();
        Lose::new(move || {
            control.refuse(Refusal::default(), None);
            control.cut(Cut::Rst);
        })
    });
    let canvas = Canvas::offscreen(args.size.into());
    let picture = Picture::Once {
        path: out.clone(),
        settle_secs: args.settle,
        lose,
    };
    wall::show(&settings, source, canvas, picture)
}
