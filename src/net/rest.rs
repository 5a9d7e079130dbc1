//! REST pages: one bounded read of one table, in primary-key order or by key.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, header, redirect};
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::failure;
use crate::{
    domain::RowId,
    realtime::{Page, PageError, PageQuery, PageRequest, Table},
};

/// One page, from request to last byte: the hosted statement timeout is 8 s.
const PAGE_DEADLINE: Duration = Duration::from_secs(20);
/// Largest page body taken: 1,000 rows of 64 KiB.
const MAX_PAGE_BYTES: usize = 64 * 1024 * 1024;
/// How much of an error body is read for its message.
const MAX_ERROR_BYTES: usize = 4 * 1024;

/// A PostgREST endpoint and the key to it.
#[derive(Clone)]
pub(super) struct Rest {
    client: Client,
    base: Url,
    key: SecretString,
}

impl Rest {
    pub(super) fn new(base: Url, key: SecretString, tls: ClientConfig) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            // A redirect would carry the key elsewhere.
            .redirect(redirect::Policy::none())
            .timeout(PAGE_DEADLINE)
            .user_agent(concat!("opswall/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build()?,
            base,
            key,
        })
    }

    /// Reads one page.
    pub(super) async fn read(&self, request: PageRequest) -> Result<Page, PageError> {
        let url = page_url(&self.base, &request.table, &request.query);
        let key = self.key.expose_secret();
        let mut get = self
            .client
            .get(url)
            .header("apikey", key)
            .header(header::ACCEPT, "application/json");
        // Only a JWT is a bearer token; a publishable key belongs in `apikey` alone.
        if key.starts_with("eyJ") {
            get = get.bearer_auth(key);
        }
        if request.table.schema != "public" {
            get = get.header("Accept-Profile", &request.table.schema);
        }
        let response = get
            .send()
            .await
            .map_err(|error| transient(failure::words(&error.without_url())))?;
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(&request.table, response).await);
        }
        let body = body(response, MAX_PAGE_BYTES).await?;
        serde_json::from_slice(&body).map_err(|_| transient("the answer is cut short or not JSON".into()))
    }
}

fn transient(text: String) -> PageError {
    PageError::Transient {
        text,
        retry_after: None,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, PageError> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| transient(failure::words(&error.without_url())))?
    {
        if body.len() + chunk.len() > most {
            return Err(PageError::TooLarge(format!(
                "the page is larger than {} MiB",
                most >> 20
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What a refusal means (realtime-protocol.md §11.3).
async fn refusal(table: &Table, response: Response) -> PageError {
    let status = response.status();
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(|seconds: u64| Duration::from_secs(seconds.min(300)));
    let body = body(response, MAX_ERROR_BYTES).await.unwrap_or_default();
    let message = failure::body_message(&body);
    let code = serde_json::from_slice::<serde_json::Value>(&body)
        .ok()
        .and_then(|value| value.get("code")?.as_str().map(str::to_owned))
        .unwrap_or_default();
    let name = format!("{}.{}", table.schema, table.table);
    let kind = table.kind.plural();
    match (status, code.as_str()) {
        (_, "57014") => PageError::TooLarge(format!("reading {name} took the database too long")),
        (StatusCode::NOT_FOUND, _) | (_, "42P01" | "PGRST205") => PageError::Fatal(format!(
            "the table {name} does not exist or is not exposed; set its name with --{kind}-table, or create it"
        )),
        (_, "42703") => PageError::Fatal(format!(
            "{name} has no column {}; set the key column in [tables.{kind}] id ({message})",
            table.key
        )),
        (_, "42501") => PageError::Fatal(format!(
            "the key may not read {name}; grant select on it to the key's role or sign in ({message})"
        )),
        (_, "PGRST106") => PageError::Fatal(format!(
            "the schema {} is not exposed by the API; expose it in the project's API settings",
            table.schema
        )),
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => PageError::Fatal(format!(
            "the key is refused for reading {name} ({message}); check the project's key"
        )),
        (StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT, _) => PageError::Transient {
            text: format!("{name}: HTTP {} {message}", status.as_u16()),
            retry_after,
        },
        (status, _) if status.is_client_error() => {
            PageError::Fatal(format!("reading {name} is refused: HTTP {} {message}", status.as_u16()))
        }
        (status, _) => PageError::Transient {
            text: format!("{name}: HTTP {} {message}", status.as_u16()),
            retry_after,
        },
    }
}

/// The address of a page. Names and values are the user's: everything is percent-encoded by the `url` crate.
fn page_url(base: &Url, table: &Table, query: &PageQuery) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(&table.table);
    }
    {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("select", "*");
        match query {
            PageQuery::After { after, limit } => {
                pairs.append_pair("order", &format!("{}.asc", table.key));
                pairs.append_pair("limit", &limit.to_string());
                if let Some(after) = after {
                    pairs.append_pair(&table.key, &format!("gt.{after}"));
                }
            }
            PageQuery::Ids(ids) => {
                let list: Vec<String> = ids.iter().map(quoted).collect();
                pairs.append_pair(&table.key, &format!("in.({})", list.join(",")));
            }
        }
    }
    url
}

/// A value inside `in.(…)`: quoted, so that commas and brackets in a text key stay part of it.
fn quoted(id: &RowId) -> String {
    format!("\"{}\"", id.as_str().replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Kind;

    fn url(query: &PageQuery) -> String {
        let base = Url::parse("https://x.supabase.co/rest/v1").expect("a url");
        let table = Table {
            kind: Kind::Task,
            schema: "public".into(),
            table: "my tasks".into(),
            key: "id".into(),
            updated_at: Vec::new(),
            partitions: Vec::new(),
        };
        page_url(&base, &table, query).to_string()
    }

    #[test]
    fn pages_go_by_key_and_names_are_encoded() {
        assert_eq!(
            url(&PageQuery::After {
                after: Some("a+b&c".into()),
                limit: 1000
            }),
            "https://x.supabase.co/rest/v1/my%20tasks?select=*&order=id.asc&limit=1000&id=gt.a%2Bb%26c"
        );
        assert_eq!(
            url(&PageQuery::Ids(vec!["a,b".into(), "c\"d".into()])),
            "https://x.supabase.co/rest/v1/my%20tasks?select=*&id=in.%28%22a%2Cb%22%2C%22c%5C%22d%22%29"
        );
    }
}
