//! `opswall snapshot`: one picture of the wall, without a window.

use std::{path::Path, process::ExitCode};

use super::{Failure, wall};
use crate::{
    cli::SnapshotArgs,
    settings::Settings,
    wall::{Picture, canvas::Canvas},
};

/// Connects, lets the scene settle, draws one picture and ends.
pub fn run(settings: &Settings, args: &SnapshotArgs) -> Result<ExitCode, Failure> {
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
    let source = wall::source(settings, None)?;
    let canvas = Canvas::offscreen(args.size.into());
    let picture = Picture::Once {
        path: out.clone(),
        settle_secs: args.settle,
    };
    wall::show(settings, source, canvas, picture)
}
