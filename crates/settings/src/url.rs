//! Where the project is: what URLs are taken, what is derived from them, how they are shown.

use url::{Host, Url};

use super::{SettingsError, origin::Origin, typed::Set};

const EXAMPLE: &str = "the project's URL, like https://abcdefgh.supabase.co";

/// The sockets and pages of a project.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Endpoints {
    pub(super) realtime: Set<Url>,
    /// `None` in it: the stream alone.
    pub(super) rest: Set<Option<Url>>,
    /// `None`: neither given nor to be derived.
    pub(super) auth: Option<Set<Url>>,
}

/// Derives what is not given. `None` when no project is set at all.
pub(super) fn endpoints(
    project: Option<Set<String>>,
    realtime: Option<Set<String>>,
    rest: Option<Set<String>>,
    auth: Option<Set<String>>,
    allow_insecure: bool,
) -> Result<Option<Endpoints>, SettingsError> {
    let project = match project {
        Some(text) => Some(parse("url", &text, &["https", "http"], EXAMPLE, allow_insecure)?),
        None => None,
    };
    let realtime = match realtime {
        Some(text) => {
            let want = "the socket's URL, like wss://abcdefgh.supabase.co/realtime/v1/websocket";
            let schemes = ["wss", "ws", "https", "http"];
            let url = parse("realtime_url", &text, &schemes, want, allow_insecure)?;
            Set::new(socket_scheme(url), text.origin)
        }
        None => match &project {
            Some(url) => Set::new(
                socket_scheme(joined(url, "realtime/v1/websocket")),
                Origin::Derived("url"),
            ),
            None => return Ok(None),
        },
    };
    let rest = match rest {
        Some(text) if text.value.eq_ignore_ascii_case("none") => Set::new(None, text.origin),
        Some(text) => {
            let want = "the REST interface's URL, like https://abcdefgh.supabase.co/rest/v1, or none";
            let url = parse("rest_url", &text, &["https", "http"], want, allow_insecure)?;
            Set::new(Some(joined(&url, "")), text.origin)
        }
        None => match &project {
            Some(url) => Set::new(Some(joined(url, "rest/v1")), Origin::Derived("url")),
            None => return Err(SettingsError::NoRest),
        },
    };
    let auth = match auth {
        Some(text) => {
            let want = "the Auth endpoints' URL, like https://abcdefgh.supabase.co/auth/v1";
            let url = parse("auth_url", &text, &["https", "http"], want, allow_insecure)?;
            Some(Set::new(joined(&url, ""), text.origin))
        }
        None => project.map(|url| Set::new(joined(&url, "auth/v1"), Origin::Derived("url"))),
    };
    Ok(Some(Endpoints { realtime, rest, auth }))
}

fn parse(
    name: &str,
    text: &Set<String>,
    schemes: &[&str],
    want: &str,
    allow_insecure: bool,
) -> Result<Url, SettingsError> {
    let subject = || text.origin.subject(name);
    let Ok(mut url) = Url::parse(&text.value) else {
        return Err(SettingsError::value(subject(), &without_secrets(&text.value), want));
    };
    if !schemes.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Err(SettingsError::value(subject(), &without_secrets(&text.value), want));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SettingsError::refused(
            subject(),
            "holds a user name or password: take it out, opswall signs in with the key",
        ));
    }
    url.set_query(None);
    url.set_fragment(None);
    if matches!(url.scheme(), "http" | "ws") && !allow_insecure && !is_loopback(&url) {
        return Err(SettingsError::refused(
            subject(),
            format!(
                "is {}, which would send the key in the clear: use {}s://, or add --allow-insecure",
                shown(&url),
                url.scheme()
            ),
        ));
    }
    Ok(url)
}

/// What is wrong can still hold a key: neither query nor user part is shown.
fn without_secrets(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!(
                "{}…{}",
                text.get(..scheme + 3).unwrap_or_default(),
                text.get(at..).unwrap_or_default()
            )
        }
        (None, Some(at)) => format!("…{}", text.get(at..).unwrap_or_default()),
        _ => text.to_owned(),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
        None => false,
    }
}

/// `base` with `path` below it; no slash at the end.
fn joined(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let whole = format!("{}/{path}", base.path().trim_end_matches('/'));
    url.set_path(whole.trim_end_matches('/'));
    url
}

/// `https` → `wss`, `http` → `ws`.
fn socket_scheme(mut url: Url) -> Url {
    let scheme = match url.scheme() {
        "https" => "wss",
        "http" => "ws",
        _ => return url,
    };
    // Between these four a change of scheme never fails.
    let _ = url.set_scheme(scheme);
    url
}

/// Scheme, host, port and path: what may be on a screen.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}
