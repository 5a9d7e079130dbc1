//! HTTP requests to Auth and REST.

use url::Url;

use super::steps::Target;
use client::probe::{self, Http, ProbeAnswer, Shape};
use model::SourceMapping;
use realtime::Token;
use settings::FeedSettings;

/// An HTTP client with the project's key, or the reason why there is none.
pub(super) struct Requests(Result<Http, String>);

/// What to read of a table.
pub(super) struct Query<'q> {
    /// The columns to read, by which the rows are ordered; none for all columns in any order.
    pub(super) columns: &'q [String],
    /// Most rows of the answer.
    pub(super) limit: usize,
    /// Also ask for the exact number of rows.
    pub(super) is_counted: bool,
}

impl Requests {
    /// A client for the target's REST interface, or for its socket's host where it has none.
    pub(super) fn new(target: &Target) -> Self {
        let FeedSettings {
            rest_url,
            realtime_url,
            key,
            ..
        } = &target.feed;
        let base = rest_url.as_ref().unwrap_or(realtime_url);
        let http = probe::client_config(base.scheme() == "https")
            .and_then(|tls| Http::new(base, key.clone(), &tls, target.deadline));
        Self(http)
    }

    /// Sends later requests as this user.
    pub(super) fn sign_in(&mut self, token: Token) {
        if let Ok(http) = &mut self.0 {
            http.sign_in(token);
        }
    }

    /// Sends a GET request with the key and these headers. The error is the reason why there is no answer.
    pub(super) async fn get(&self, url: Url, headers: &[(&'static str, &str)]) -> Result<ProbeAnswer, String> {
        match &self.0 {
            Ok(http) => http.get(url, headers).await,
            Err(problem) => Err(problem.clone()),
        }
    }

    /// Reads rows of a table; `base` is the URL of the REST interface.
    pub(super) async fn rows(&self, base: &Url, of: &SourceMapping, query: Query<'_>) -> Result<ProbeAnswer, String> {
        let mut url = table_url(base, of);
        {
            let columns: Vec<String> = query.columns.iter().map(|name| column(name)).collect();
            let mut pairs = url.query_pairs_mut();
            if columns.is_empty() {
                pairs.append_pair("select", "*");
            } else {
                let order: Vec<String> = columns.iter().map(|column| format!("{column}.asc")).collect();
                pairs.append_pair("select", &columns.join(","));
                pairs.append_pair("order", &order.join(","));
            }
            pairs.append_pair("limit", &query.limit.to_string());
        }
        let mut headers = vec![("accept", "application/json")];
        if of.schema != "public" {
            headers.push(("accept-profile", of.schema.as_str()));
        }
        if query.is_counted {
            headers.push(("prefer", "count=exact"));
        }
        self.get(url, &headers).await
    }

    /// What PostgREST shows of a table's definition; `None` where it shows nothing.
    pub(super) async fn shape(&self, base: &Url, of: &SourceMapping) -> Option<Shape> {
        let mut headers = Vec::new();
        if of.schema != "public" {
            headers.push(("accept-profile", of.schema.as_str()));
        }
        let http = self.0.as_ref().ok()?;
        let answer = http.options(table_url(base, of), &headers).await.ok()?;
        (answer.status < 300)
            .then(|| Shape::of(answer.allow.as_deref()?))
            .flatten()
    }
}

fn table_url(base: &Url, of: &SourceMapping) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(&of.table);
    }
    url
}

/// A column's name for `select` and `order`, quoted where it has characters that PostgREST reads as operators.
fn column(name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// The URL of Auth's health: below the Auth of the settings, else beside `…/rest/v1`. `None` where neither is known.
pub(super) fn auth_health(feed: &FeedSettings) -> Option<Url> {
    if let Some(auth) = &feed.auth {
        let mut url = auth.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("health");
        }
        return Some(url);
    }
    let mut url = feed.rest_url.clone()?;
    let base = url.path().strip_suffix("/rest/v1")?.to_owned();
    url.set_path(&format!("{base}/auth/v1/health"));
    Some(url)
}
