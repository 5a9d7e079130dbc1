//! URL, name, port and certificate.

use std::{io::Write, net::SocketAddr, time::Duration};

use tokio::time::Instant;
use url::{Host, Url};

use super::{
    check::{Check, Outcome},
    report::Report,
    steps::{Blocker, EXPIRY_WARNING_DAYS, add, date, days, unix_now},
};
use client::probe::{self, Endpoint, TlsLook, TlsProblem};
use model::noun;

/// Checks the name, the port and the certificate of one endpoint.
pub(super) async fn check<W: Write>(
    report: &mut Report<W>,
    endpoint: Option<&Endpoint>,
    blocker: Blocker,
    deadline: Duration,
) -> Blocker {
    let Some(endpoint) = endpoint else { return blocker };
    if let Some(blocker) = blocker {
        for name in ["dns", "tcp", "tls"] {
            report.add(Check::blocked(name, blocker));
        }
        return Some(blocker);
    }
    let proxy = proxy(endpoint, |name| std::env::var(name).ok());
    let started = Instant::now();
    let addresses = probe::addresses(endpoint, deadline).await;
    report.add(dns(endpoint, &addresses, started.elapsed(), proxy));
    let Ok(addresses) = addresses else {
        report.add(Check::blocked("tcp", "dns"));
        report.add(Check::blocked("tls", "dns"));
        return Some("dns");
    };
    let attempts = addresses.into_iter().map(|address| async move {
        let result = probe::tcp(address, deadline).await;
        (address, result)
    });
    let attempts: Vec<(SocketAddr, Result<Duration, String>)> = futures_util::future::join_all(attempts).await;
    if let Some(blocker) = add(report, tcp(endpoint, &attempts, proxy)) {
        report.add(Check::blocked("tls", blocker));
        return Some(blocker);
    }
    if !endpoint.secure {
        report.add(Check::skipped("tls", "not used: the URL says http").at(endpoint.to_string()));
        return None;
    }
    let (address, _) = attempts.iter().find(|(_, result)| result.is_ok())?;
    let started = Instant::now();
    let look = probe::tls(*address, endpoint, deadline).await;
    add(report, tls(endpoint, &look, unix_now(), started.elapsed()))
}

/// Whether these can be the addresses of a project.
pub(super) fn url(realtime: &Url, rest: Option<&Url>) -> Check {
    let shown_rest = rest.map_or("none", Url::as_str);
    let found = format!("{realtime}, REST {shown_rest}");
    let host = realtime.host_str().unwrap_or_default();
    let failed = |means: &str| {
        Check::failed("url", found.clone())
            .means(means)
            .remedy("set --url or SUPABASE_URL to the project's URL, https://<project-ref>.supabase.co (API settings)")
    };
    let is_below = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    if is_below("supabase.com") && !is_below("pooler.supabase.com") {
        return failed("this is the dashboard's address, not a project's");
    }
    if is_below("pooler.supabase.com") || (host.starts_with("db.") && is_below("supabase.co")) {
        return failed("this is the database's address; Realtime and REST answer at the project's own");
    }
    let path = realtime.path();
    if ["/rest/v1/", "/auth/v1/", "/storage/v1/"]
        .iter()
        .any(|part| path.contains(part))
    {
        return failed("the URL already has the path of one of the project's services");
    }
    if !path.ends_with("/websocket") {
        return Check::warning("url", found)
            .means("the socket of a Realtime server ends in /websocket")
            .remedy(
                "set realtime_url to …/realtime/v1/websocket, or …/socket/websocket on a server without a gateway",
            );
    }
    let in_the_clear = |url: &Url| matches!(url.scheme(), "http" | "ws") && !is_loopback(url);
    if in_the_clear(realtime) || rest.is_some_and(in_the_clear) {
        return Check::warning("url", found)
            .means("the connection is not encrypted: anybody on the network in between can read the key and the rows")
            .remedy("use https:// and remove --allow-insecure");
    }
    Check::ok("url", found)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// The addresses of a name.
fn dns(endpoint: &Endpoint, found: &Result<Vec<SocketAddr>, String>, took: Duration, proxy: Option<&str>) -> Check {
    let check = match found {
        Ok(addresses) => {
            let list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            Check::ok("dns", list.join(", "))
        }
        Err(problem) => {
            let check = Check::failed("dns", format!("{}: {problem}", endpoint.name()));
            if endpoint.name().ends_with(".supabase.co") {
                check
                    .means(
                        "the project's reference is misspelt, or the project is paused or deleted, which removes its name",
                    )
                    .remedy("compare it with the API settings of the project, and restore the project if it is paused")
            } else {
                check
                    .means("this machine cannot find the server's address")
                    .remedy("check the spelling of the URL, and this machine's network and resolver (/etc/resolv.conf)")
            }
        }
    };
    mention_proxy(check, proxy).at(endpoint.to_string()).took(took)
}

/// A connection to each of the addresses.
fn tcp(endpoint: &Endpoint, attempts: &[(SocketAddr, Result<Duration, String>)], proxy: Option<&str>) -> Check {
    let list: Vec<String> = attempts
        .iter()
        .map(|(address, result)| match result {
            Ok(took) => format!("{address} in {:.0} ms", took.as_secs_f64() * 1_000.0),
            Err(problem) => format!("{address} {problem}"),
        })
        .collect();
    let found = list.join("; ");
    let open = attempts.iter().filter(|(_, result)| result.is_ok()).count();
    // A local server often listens at only one of localhost's addresses.
    let is_local = attempts.iter().all(|(address, _)| address.ip().is_loopback());
    let is_refused = |result: &Result<Duration, String>| matches!(result, Err(problem) if problem.contains("refused"));
    let check = if open > 0 && (open == attempts.len() || is_local) {
        Check::ok("tcp", found)
    } else if open > 0 {
        Check::warning("tcp", found)
            .means("one of the addresses does not answer, which slows down every connection")
            .remedy("if it is an IPv6 address, check this network's IPv6; else report it to the server's operator")
    } else if attempts.iter().any(|(_, result)| is_refused(result)) {
        Check::failed("tcp", found)
            .means("the machine answers, but nothing listens on this port")
            .remedy("start the server, or correct the port in the URL")
    } else {
        Check::failed("tcp", found)
            .means("no answer: a firewall blocks the port, a proxy must be used, or the machine is off")
            .remedy(format!(
                "allow connections from this machine to port {} of the server",
                endpoint.port
            ))
    };
    mention_proxy(check, proxy).at(endpoint.to_string())
}

/// The variable that names a proxy for this endpoint, if one is set. `get` reads the environment.
fn proxy(endpoint: &Endpoint, get: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let names: &[&'static str] = match endpoint.secure {
        true => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        false => &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    };
    names
        .iter()
        .copied()
        .find(|name| get(name).is_some_and(|value| !value.is_empty()))
}

/// Mentions the proxy in a failure that it may explain.
fn mention_proxy(mut check: Check, proxy: Option<&str>) -> Check {
    if let Some(name) = proxy.filter(|_| check.outcome == Outcome::Failed) {
        check.means.push_str(&format!(
            "; {name} is set: REST uses that proxy, and the WebSocket connects directly"
        ));
    }
    check
}

/// The certificate. `now` is in seconds since the Unix epoch.
fn tls(endpoint: &Endpoint, look: &TlsLook, now: i64, took: Duration) -> Check {
    let seen = certificate(look, now);
    let problem = match &look.verdict {
        Ok(()) => {
            let ends_soon = look
                .certificate
                .as_ref()
                .is_some_and(|certificate| days(now, certificate.not_after) < EXPIRY_WARNING_DAYS);
            let check = match ends_soon {
                true => Check::warning("tls", seen)
                    .means("once it has expired, every connection fails")
                    .remedy("renew the certificate, or ask the server's operator why that does not happen by itself"),
                false => Check::ok("tls", seen),
            };
            return check.at(endpoint.to_string()).took(took);
        }
        Err(problem) => problem,
    };
    let (what, means, remedy) = tls_problem(endpoint, look, problem);
    let found = match seen.is_empty() {
        true => what,
        false => format!("{what}: {seen}"),
    };
    Check::failed("tls", found)
        .means(means)
        .remedy(remedy)
        .at(endpoint.to_string())
        .took(took)
}

/// The certificate and the TLS version in one line; empty if the server showed neither.
fn certificate(look: &TlsLook, now: i64) -> String {
    let mut parts = Vec::new();
    if let Some(certificate) = &look.certificate {
        let left = days(now, certificate.not_after);
        parts.push(format!(
            "{}, issued by {}, valid until {} ({})",
            if certificate.subject.is_empty() {
                certificate.names.join(", ")
            } else {
                certificate.subject.clone()
            },
            certificate.issuer,
            date(certificate.not_after),
            match left {
                0.. => format!("{left} {} left", noun(left.unsigned_abs(), "day", "days")),
                _ => format!("{} {} ago", -left, noun(left.unsigned_abs(), "day", "days")),
            }
        ));
    }
    parts.extend(look.version.as_ref().map(|version| version.replace('_', ".")));
    parts.join("; ")
}

/// What is wrong, what it means, and what to do.
fn tls_problem(endpoint: &Endpoint, look: &TlsLook, problem: &TlsProblem) -> (String, String, &'static str) {
    let (what, means, remedy): (String, &str, &'static str) = match problem {
        TlsProblem::Expired => (
            "the certificate has expired".into(),
            "the server cannot be trusted with it, or this machine's clock is wrong",
            "renew the certificate on the server; check this machine's date (timedatectl)",
        ),
        TlsProblem::NotYetValid => (
            "the certificate is not valid yet".into(),
            "this machine's clock is behind, or the certificate was made for a later date",
            "check this machine's date (timedatectl)",
        ),
        TlsProblem::UnknownIssuer => (
            "the certificate's issuer is unknown here".into(),
            "the server has a private or self-signed certificate, sends an incomplete chain, or a proxy intercepts the \
             connection",
            "add the issuer's certificate to this machine's trust store (copy it to \
             /usr/local/share/ca-certificates/NAME.crt, run update-ca-certificates), or name it in SSL_CERT_FILE",
        ),
        TlsProblem::WrongName => {
            let names = look
                .certificate
                .as_ref()
                .map(|certificate| certificate.names.join(", "));
            let names = names.filter(|names| !names.is_empty()).unwrap_or("no host".into());
            return (
                format!("the certificate is not for {}", endpoint.name()),
                format!("it is for {names}"),
                "use the host that the certificate names, or have one made for this host",
            );
        }
        TlsProblem::Certificate(problem) => (
            format!("the certificate is not accepted ({problem})"),
            "this server cannot be trusted as it is",
            "have a new certificate made",
        ),
        TlsProblem::NoTrust(problem) => (
            format!("this machine has no trusted certificate authorities ({problem})"),
            "no certificate can be verified without them",
            "install them (apt-get install ca-certificates)",
        ),
        TlsProblem::NotTls => (
            "the server does not speak TLS on this port".into(),
            "this port is for plain http, or for another service",
            "correct the port, or the scheme of the URL",
        ),
        TlsProblem::Other(problem) => (
            problem.clone(),
            "the server accepts connections but does not finish a TLS handshake",
            "check that the port is the one for https; a proxy or an overloaded server can be in between",
        ),
    };
    (what, means.to_owned(), remedy)
}
