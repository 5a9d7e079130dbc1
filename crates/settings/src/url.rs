//! The project's URLs: which ones are accepted, what is derived from them, how they are shown.

use url::{Host, Url};

use crate::{SettingsError, definition::find, layers::Set, origin::Origin, table::Values};

/// The URLs of a project's interfaces.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Endpoints {
    /// The URL of the project, if it was set; the others are derived from it.
    pub(crate) project: Option<Set<Url>>,
    /// The URL of the WebSocket, `ws://` or `wss://`.
    pub(crate) realtime: Set<Url>,
    /// Base of the REST interface. `None` in it: stream only.
    pub(crate) rest: Set<Option<Url>>,
    /// Base of the Auth endpoints. `None`: neither given nor derivable.
    pub(crate) auth: Option<Set<Url>>,
}

/// The four URLs as they were written.
#[derive(Clone)]
pub(crate) struct Given {
    /// The URL of the project.
    pub(crate) project: Option<Set<String>>,
    /// The URL of the WebSocket.
    pub(crate) realtime: Option<Set<String>>,
    /// Base of the REST interface.
    pub(crate) rest: Option<Set<String>>,
    /// Base of the Auth endpoints.
    pub(crate) auth: Option<Set<String>>,
    /// Whether `http://` and `ws://` are accepted for hosts other than this machine.
    pub(crate) allow_insecure: bool,
}

impl Given {
    /// The URLs in the settings.
    pub(crate) fn of(values: &Values) -> Self {
        Self {
            project: values.url.given(),
            realtime: values.realtime_url.given(),
            rest: values.rest_url.given(),
            auth: values.auth_url.given(),
            allow_insecure: values.allow_insecure.value,
        }
    }

    /// A server whose other URLs are all derived.
    pub(crate) fn project(url: &str) -> Self {
        Self {
            project: Some(Set::new(url.to_owned(), Origin::Default)),
            realtime: None,
            rest: None,
            auth: None,
            allow_insecure: false,
        }
    }

    /// Derives what is not given. `None` when no project is set at all.
    pub(crate) fn endpoints(self) -> Result<Option<Endpoints>, SettingsError> {
        let project = match &self.project {
            Some(text) => Some(self.parse("url", text, &["https", "http"])?),
            None => None,
        };
        let realtime = match (&self.realtime, &project) {
            (Some(text), _) => {
                let url = self.parse("realtime_url", text, &["wss", "ws", "https", "http"])?;
                Set::new(socket_scheme(url), text.origin.clone())
            }
            (None, Some(url)) => derived(socket_scheme(joined(url, "realtime/v1/websocket"))),
            (None, None) => return Ok(None),
        };
        let rest = match (&self.rest, &project) {
            (Some(text), _) if text.value.eq_ignore_ascii_case("none") => Set::new(None, text.origin.clone()),
            (Some(text), _) => {
                let url = self.parse("rest_url", text, &["https", "http"])?;
                Set::new(Some(joined(&url, "")), text.origin.clone())
            }
            (None, Some(url)) => derived(Some(joined(url, "rest/v1"))),
            (None, None) => return Err(SettingsError::NoRest),
        };
        let auth = match (&self.auth, &project) {
            (Some(text), _) => {
                let url = self.parse("auth_url", text, &["https", "http"])?;
                Some(Set::new(joined(&url, ""), text.origin.clone()))
            }
            (None, Some(url)) => Some(derived(joined(url, "auth/v1"))),
            (None, None) => None,
        };
        Ok(Some(Endpoints {
            project: project.map(|url| {
                let origin = self.project.map_or(Origin::Default, |text| text.origin);
                Set::new(url, origin)
            }),
            realtime,
            rest,
            auth,
        }))
    }

    fn parse(&self, key: &str, text: &Set<String>, schemes: &[&str]) -> Result<Url, SettingsError> {
        let subject = || text.origin.subject(key);
        let url = Url::parse(&text.value).ok();
        let Some(mut url) =
            url.filter(|url| schemes.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty()))
        else {
            let want = find(key).map(|definition| definition.form.want()).unwrap_or_default();
            return Err(SettingsError::value(subject(), &without_secrets(&text.value), want));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SettingsError::refused(
                subject(),
                "contains a user name or password: remove it, opswall signs in with the key",
            ));
        }
        url.set_query(None);
        url.set_fragment(None);
        if matches!(url.scheme(), "http" | "ws") && !self.allow_insecure && !is_loopback(&url) {
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
}

fn derived<T>(value: T) -> Set<T> {
    Set::new(value, Origin::Derived("url"))
}

/// A wrong URL can contain a key: neither its query nor its user part is shown.
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
    // Changing between these four schemes cannot fail.
    let _ = url.set_scheme(scheme);
    url
}

/// Scheme, host, port and path, which may be on a screen.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}
