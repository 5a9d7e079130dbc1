//! What can go wrong before the feed runs.

use std::{io, net::SocketAddr};

/// Why the demo feed did not start. Each text says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("port {} is taken: stop what listens there, or pass --listen {}:0 for any free port", .0.port(), .0.ip())]
    PortTaken(SocketAddr),
    #[error("the demo feed may not listen on {0}: pass --listen with a port above 1023, such as 127.0.0.1:54321")]
    Forbidden(SocketAddr),
    #[error("the demo feed cannot listen on {0} ({1}): pass --listen with an address of this machine")]
    Listen(SocketAddr, #[source] io::Error),
    #[error("the demo feed could not start its thread ({0}): free some memory or raise the process limit")]
    Thread(#[source] io::Error),
    #[error("{what} is {got}, and the demo feed takes at most {most}: ask for less")]
    TooMany { what: &'static str, got: u64, most: u64 },
    #[error("the system gives the demo feed no random numbers for its secret: look at /dev/urandom")]
    Random,
    /// An account that cannot be; the text is a whole sentence.
    #[error("{0}")]
    Account(String),
    #[error("'{0}' is no population: give usual, calm, idle, storm or giant")]
    Population(String),
    /// A control call that cannot be carried out; the text is a whole sentence.
    #[error("{0}")]
    Control(String),
}

impl DemoError {
    pub(super) fn listen(addr: SocketAddr, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken(addr),
            io::ErrorKind::PermissionDenied => Self::Forbidden(addr),
            _ => Self::Listen(addr, error),
        }
    }
}
