//! Resolves names and connects to ports.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout},
};
use url::{Host, Url};

use super::super::error_text;

/// Most addresses of one name that are used.
const MOST_ADDRESSES: usize = 16;

/// A host, a port, and whether TLS is used there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A host name or an IP address.
    pub host: Host<String>,
    /// The TCP port; where the URL names none, the usual one of its scheme.
    pub port: u16,
    /// Whether TLS is used: the scheme is `https` or `wss`.
    pub secure: bool,
}

impl Endpoint {
    /// The endpoint of an http, https, ws or wss URL.
    pub fn of(url: &Url) -> Option<Self> {
        Some(Self {
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
            secure: matches!(url.scheme(), "https" | "wss"),
        })
    }

    /// The host without brackets, as resolvers and certificates write it.
    pub fn name(&self) -> String {
        match &self.host {
            Host::Ipv6(ip) => ip.to_string(),
            host => host.to_string(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The addresses of a host, in the resolver's order. An IP address resolves to itself.
///
/// # Errors
/// The failure in words.
pub async fn addresses(endpoint: &Endpoint, deadline: Duration) -> Result<Vec<SocketAddr>, String> {
    let ip = match &endpoint.host {
        Host::Ipv4(ip) => Some(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(*ip)),
        Host::Domain(_) => None,
    };
    if let Some(ip) = ip {
        return Ok(vec![SocketAddr::new(ip, endpoint.port)]);
    }
    match timeout(deadline, lookup_host((endpoint.name(), endpoint.port))).await {
        Ok(Ok(found)) => {
            let mut found: Vec<SocketAddr> = found.take(MOST_ADDRESSES).collect();
            let mut seen = Vec::new();
            found.retain(|address| {
                !seen.contains(address) && {
                    seen.push(*address);
                    true
                }
            });
            if found.is_empty() {
                return Err("the name has no address".into());
            }
            Ok(found)
        }
        Ok(Err(error)) => Err(error_text::words(&error)),
        Err(_) => Err(no_answer(deadline)),
    }
}

/// Opens and drops a connection, and returns how long opening it took.
///
/// # Errors
/// The failure in words.
pub async fn tcp(address: SocketAddr, deadline: Duration) -> Result<Duration, String> {
    let started = Instant::now();
    match timeout(deadline, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(started.elapsed()),
        Ok(Err(error)) => Err(error_text::words(&error)),
        Err(_) => Err(no_answer(deadline)),
    }
}

pub(crate) fn no_answer(deadline: Duration) -> String {
    format!("no answer in {} s", deadline.as_secs_f64())
}
