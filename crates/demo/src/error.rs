//! The errors of the demo feed.

use std::{io, net::SocketAddr};

/// Why the demo feed does not start or a control call fails. Each text says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Another program listens on this port.
    #[error("port {} is taken: stop what listens there, or pass --listen {}:0 for any free port", .0.port(), .0.ip())]
    PortTaken(SocketAddr),
    /// The port needs privileges that this process does not have.
    #[error("the demo feed may not listen on {0}: pass --listen with a port above 1023, such as 127.0.0.1:54321")]
    Forbidden(SocketAddr),
    /// The address cannot be bound.
    #[error("the demo feed cannot listen on {0} ({1}): pass --listen with an address of this machine")]
    Listen(SocketAddr, #[source] io::Error),
    /// No thread or runtime can be started.
    #[error("the demo feed could not start its thread ({0}): free some memory or raise the process limit")]
    Thread(#[source] io::Error),
    /// An option is above its bound.
    #[error("{what} is {got}, and the demo feed takes at most {most}: ask for less")]
    TooMany {
        /// The option's flag.
        what: &'static str,
        /// Its value.
        got: u64,
        /// Its bound.
        most: u64,
    },
    /// There are no random numbers for the secret.
    #[error("the system gives the demo feed no random numbers for its secret: look at /dev/urandom")]
    Random,
    /// An account is invalid; the text is a whole sentence.
    #[error("{0}")]
    Account(String),
    /// There is no population of this name.
    #[error("unknown population '{0}'; known: usual, calm, idle, storm, giant")]
    Population(String),
    /// PostgreSQL cannot be used, or a script cannot be loaded into it; the text is a whole sentence.
    #[error("{0}")]
    Database(String),
    /// A control call cannot be carried out; the text is a whole sentence.
    #[error("{0}")]
    Control(String),
}

impl DemoError {
    /// The address cannot be listened on.
    pub(crate) fn listen(addr: SocketAddr, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken(addr),
            io::ErrorKind::PermissionDenied => Self::Forbidden(addr),
            _ => Self::Listen(addr, error),
        }
    }
}
