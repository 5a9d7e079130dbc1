//! `opswall serve`: the demo feed alone, a server that any Realtime client can join.

use std::{io::Write as _, net::SocketAddr};

use super::{Failure, signals};
use demo::{Options, Server};

/// Serves until the process is asked to end.
pub fn run(listen: SocketAddr, options: Options) -> Result<(), Failure> {
    let server = Server::start(listen, options).map_err(|error| Failure::Running(error.to_string()))?;
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
