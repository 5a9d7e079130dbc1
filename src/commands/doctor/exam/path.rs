//! Name, port and certificate.

use std::{io::Write, net::SocketAddr, time::Duration};

use tokio::time::Instant;

use super::{
    super::{check::Check, judge, report::Report},
    Because, add, left_out, now,
};
use client::probe::{self, Endpoint};

/// Name, port and certificate of one endpoint.
pub(super) async fn walk<W: Write>(
    report: &mut Report<W>,
    endpoint: Option<&Endpoint>,
    because: Because,
    deadline: Duration,
) -> Because {
    let Some(endpoint) = endpoint else { return because };
    if let Some(because) = because {
        for name in ["dns", "tcp", "tls"] {
            report.add(left_out(name, because));
        }
        return Some(because);
    }
    let proxy = judge::proxy(endpoint, |name| std::env::var(name).ok());
    let started = Instant::now();
    let addresses = probe::addresses(endpoint, deadline).await;
    report.add(judge::dns(endpoint, &addresses, started.elapsed(), proxy));
    let Ok(addresses) = addresses else {
        report.add(left_out("tcp", "dns"));
        report.add(left_out("tls", "dns"));
        return Some("dns");
    };
    let looks = addresses.into_iter().map(|address| async move {
        let result = probe::tcp(address, deadline).await;
        (address, result)
    });
    let tries: Vec<(SocketAddr, Result<Duration, String>)> = futures_util::future::join_all(looks).await;
    if let Some(because) = add(report, judge::tcp(endpoint, &tries, proxy), "tcp") {
        report.add(left_out("tls", because));
        return Some(because);
    }
    if !endpoint.secure {
        report.add(Check::skipped("tls", "not used: the URL says http").at(endpoint.to_string()));
        return None;
    }
    let open = tries.iter().find(|(_, result)| result.is_ok());
    let (address, _) = open?;
    let started = Instant::now();
    let look = probe::tls(*address, endpoint, deadline).await;
    add(report, judge::tls(endpoint, &look, now(), started.elapsed()), "tls")
}
