//! Single steps of a connection, for `doctor` and `explain`: a name, a port, a certificate, an answer, a socket, a row. Each
//! returns what it observed within its deadline and judges nothing.

mod certificate;
mod http;
mod reach;
mod row;
mod sign_in;
mod socket;

pub use super::rest::{Matching, Shape};
pub use certificate::{Certificate, TlsLook, TlsProblem, tls};
pub use http::{Http, ProbeAnswer};
pub use reach::{Endpoint, addresses, tcp};
pub use row::Rows;
pub use rustls::ClientConfig;
pub use sign_in::sign_in;
pub use socket::{Heard, Socket, client_config};
