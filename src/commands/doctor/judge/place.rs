//! URL, name and port.

use std::{net::SocketAddr, time::Duration};

use url::{Host, Url};

use super::super::check::{Check, Outcome};
use client::probe::Endpoint;

/// Whether these can be the addresses of a project.
pub fn url(realtime: &Url, rest: Option<&Url>) -> Check {
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
            .means("everybody on the way can read the key and the rows")
            .remedy("use https:// and take --allow-insecure away");
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
pub fn dns(endpoint: &Endpoint, found: &Result<Vec<SocketAddr>, String>, took: Duration, proxy: Option<&str>) -> Check {
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
                        "the project's reference is misspelt, or the project is paused or gone: its name goes with it",
                    )
                    .remedy("compare it with the API settings of the project, and restore the project if it is paused")
            } else {
                check
                    .means("this machine cannot find the server's address")
                    .remedy("check the spelling of the URL, and this machine's network and resolver (/etc/resolv.conf)")
            }
        }
    };
    through(check, proxy).at(endpoint.to_string()).took(took)
}

/// A connection to each of the addresses.
pub fn tcp(endpoint: &Endpoint, tries: &[(SocketAddr, Result<Duration, String>)], proxy: Option<&str>) -> Check {
    let list: Vec<String> = tries
        .iter()
        .map(|(address, result)| match result {
            Ok(took) => format!("{address} in {:.0} ms", took.as_secs_f64() * 1_000.0),
            Err(problem) => format!("{address} {problem}"),
        })
        .collect();
    let found = list.join("; ");
    let open = tries.iter().filter(|(_, result)| result.is_ok()).count();
    // A server of one's own often listens at one of localhost's addresses only.
    let is_local = tries.iter().all(|(address, _)| address.ip().is_loopback());
    let check = if open > 0 && (open == tries.len() || is_local) {
        Check::ok("tcp", found)
    } else if open > 0 {
        Check::warning("tcp", found)
            .means("one of the addresses does not answer: connections lose time on it")
            .remedy("if it is an IPv6 address, check this network's IPv6; else tell whoever runs the server")
    } else if tries
        .iter()
        .any(|(_, result)| matches!(result, Err(problem) if problem.contains("refused")))
    {
        Check::failed("tcp", found)
            .means("the machine is there, and nothing listens at this port")
            .remedy("start the server, or correct the port in the URL")
    } else {
        Check::failed("tcp", found)
            .means("nothing comes back from there: a firewall, a proxy that must be used, or a machine that is off")
            .remedy(format!(
                "let this machine connect to port {} of the server",
                endpoint.port
            ))
    };
    through(check, proxy).at(endpoint.to_string())
}

/// The variable that names a proxy for this endpoint, if one is set. `get`: the environment.
pub fn proxy(endpoint: &Endpoint, get: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let names: &[&'static str] = match endpoint.secure {
        true => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        false => &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    };
    names
        .iter()
        .copied()
        .find(|name| get(name).is_some_and(|value| !value.is_empty()))
}

/// A failure that a proxy may explain.
fn through(mut check: Check, proxy: Option<&str>) -> Check {
    if let Some(name) = proxy.filter(|_| check.outcome == Outcome::Failed) {
        check.means.push_str(&format!(
            "; {name} is set: REST would go through that proxy, and the WebSocket goes directly"
        ));
    }
    check
}
