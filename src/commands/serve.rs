//! `opswall serve`: the demo feed alone, a server that any Realtime client can join.

use std::{io::Write as _, net::SocketAddr};

use clap::Args;

use super::{Failure, demo_feed::DemoArgs, logging, signals};
use settings::Settings;

/// The options of `serve`, which runs the demo feed alone.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The size and behaviour of the demo feed.
    #[command(flatten)]
    pub demo: DemoArgs,
    /// Address to listen at; port 0 picks a free one and prints it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:54321")]
    pub(crate) listen: SocketAddr,
}

/// Serves until the process is interrupted.
pub(super) fn run(settings: &Settings, args: &ServeArgs) -> Result<(), Failure> {
    logging::start(settings.verbose);
    let demo = args.demo.feed()?.start(args.listen)?;
    let mut out = std::io::stdout().lock();
    // The server runs even if nothing reads its output.
    let _ = writeln!(
        out,
        "The demo feed is at {url}\nFollow it: opswall tail --url {url} --key demo",
        url = demo.url()
    );
    if let Some(words) = demo.fixture() {
        let _ = writeln!(out, "{words}");
    }
    let _ = out.flush();
    drop(out);

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Running(format!("cannot wait for signals: {error}; free some memory")))?;
    runtime.block_on(signals::interrupted());
    drop(demo);
    Ok(())
}
