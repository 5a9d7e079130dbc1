//! `opswall serve`: the demo feed alone, a server that any Realtime client can join.

use std::{io::Write as _, net::SocketAddr};

use clap::Args;

use super::{Failure, demo_feed::DemoArgs, logging, signals};
use demo::Server;
use settings::Settings;

/// The options of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub demo: DemoArgs,
    /// Address to listen at; port 0 picks a free one and prints it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:54321")]
    pub listen: SocketAddr,
}

/// Serves until the process is asked to end.
pub fn run(settings: &Settings, args: &ServeArgs) -> Result<(), Failure> {
    logging::start(settings.verbose);
    let server =
        Server::start(args.listen, args.demo.options()?).map_err(|error| Failure::Running(error.to_string()))?;
    let mut out = std::io::stdout().lock();
    // Nobody may be reading; the server runs all the same.
    let _ = writeln!(
        out,
        "The demo feed is at {url}\nFollow it: opswall tail --url {url} --key demo",
        url = server.url()
    );
    let _ = out.flush();
    drop(out);

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Running(format!("cannot wait for signals: {error}; free some memory")))?;
    runtime.block_on(signals::interrupted());
    server.stop();
    Ok(())
}
