//! `opswall snapshot`: one picture of the wall, without a window.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;

use super::{Failure, demo_feed::DemoArgs, output_file, wall};
use crate::{
    cli::parse,
    wall::{Lose, Picture, canvas::Canvas},
};
use demo::{Cut, Refusal};
use settings::Settings;

/// The options of `snapshot`, which draws one picture and exits.
#[derive(Debug, Clone, Args)]
pub struct SnapshotArgs {
    /// The picture, a .png file
    #[arg(value_name = "OUT.png")]
    pub(crate) out: PathBuf,
    /// Size in pixels
    #[arg(long, value_name = "WxH", default_value = "1920x1080", value_parser = parse::size)]
    pub size: (u32, u32),
    /// Let the scene settle for this long after it is live
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = parse::seconds)]
    pub(crate) settle: Duration,
    /// Draw the demo feed, even if a project is configured
    #[arg(long)]
    pub(crate) on_demo: bool,
    /// Then stop the demo feed, and draw the wall after it has given up
    #[arg(long, requires = "on_demo")]
    pub(crate) offline: bool,
    /// Print how legible the picture is, as one JSON object
    #[arg(long)]
    pub(crate) report: bool,
    /// The demo feed of `--on-demo`.
    #[command(flatten)]
    pub(crate) demo: DemoArgs,
}

/// Delay of the reconnect attempts after the feed was stopped.
const LOST_RETRY: Duration = Duration::from_millis(500);

/// Connects, lets the scene settle, draws one picture and ends.
///
/// # Errors
/// When the picture cannot be written, or the feed cannot be started.
pub(super) fn run(settings: &Settings, args: &SnapshotArgs) -> Result<ExitCode, Failure> {
    let out = &args.out;
    if !out
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
    {
        return Err(Failure::Usage(format!(
            "cannot write {}: the output must end in .png",
            out.display()
        )));
    }
    output_file::check("the picture", out)?;
    let mut settings = settings.clone();
    if args.offline {
        // The default would take a minute and a half to give up.
        settings.backoff.max_attempts = 2;
        settings.backoff.interval = LOST_RETRY;
    }
    let demo = args.on_demo.then(|| args.demo.feed()).transpose()?;
    let source = wall::source(&settings, demo)?;
    let lose = source.demo.as_ref().filter(|_| args.offline).map(|demo| {
        let control = demo.control();
        Lose::new(move || {
            control.refuse(Refusal::default(), None);
            control.cut(Cut::Rst);
        })
    });
    let canvas = Canvas::offscreen(args.size.into());
    let picture = Picture::Once {
        path: out.clone(),
        settle_secs: args.settle.as_secs_f64(),
        lose,
        reports: args.report,
    };
    wall::show(&settings, None, source, canvas, picture)
}
