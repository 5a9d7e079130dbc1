//! REST reads: one bounded page of one table, in primary-key order or by key; or a probe of its size and some of its rows.

mod page;
mod refusal;
mod sample;
mod shape;
#[cfg(test)]
mod sql_tests;

pub(crate) use sample::{Sample, SampleError, SampleRequest};
pub use shape::Shape;

use std::{borrow::Cow, time::Duration};

use reqwest::{Client, RequestBuilder, Response, header};
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Url, UrlQuery, form_urlencoded::Serializer};

use crate::http::{self, BodyError, HttpRefusal};
use realtime::{
    Claims, Page, PageError, PageQuery, PageRequest, Probe, ProbeRequest, ProbeRows, RowId, RowSlice, Source, Token,
};

/// Deadline of one page, from request to last byte. The hosted statement timeout is 8 s.
const PAGE_DEADLINE: Duration = Duration::from_secs(20);
/// Largest page body accepted: 1,000 rows of 64 KiB.
const MAX_PAGE_BYTES: usize = 64 * 1024 * 1024;
/// Largest answer to a probe of keys and times, of 5,000 rows at most.
const MAX_PROBE_BYTES: usize = 4 * 1024 * 1024;

/// A PostgREST endpoint and the project's key.
#[derive(Clone)]
pub(crate) struct Rest {
    client: Client,
    base: Url,
    key: SecretString,
}

impl Rest {
    pub(crate) fn new(base: Url, key: SecretString, tls: &ClientConfig) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: http::client(&base, tls, PAGE_DEADLINE)?,
            base,
            key,
        })
    }

    /// Reads one page.
    pub(crate) async fn read(&self, request: PageRequest) -> Result<Page, PageError> {
        let PageRequest {
            source, query, token, ..
        } = request;
        let url = page_url(&self.base, &source, &query);
        let response = self.send(self.client.get(url), &source, token.as_ref()).await?;
        let body = self.body(response, &source, MAX_PAGE_BYTES).await?;
        page::read(&body).ok_or_else(|| {
            transient(format!(
                "the answer for {} is incomplete or not a list of rows",
                source.name()
            ))
        })
    }

    /// Reads rows by columns that need not be the key.
    pub(crate) async fn matching(
        &self,
        source: &Source,
        matching: &Matching<'_>,
        token: Option<&Token>,
    ) -> Result<Page, PageError> {
        let url = matching_url(&self.base, source, matching);
        let response = self.send(self.client.get(url), source, token).await?;
        let body = self.body(response, source, MAX_PAGE_BYTES).await?;
        page::read(&body).ok_or_else(|| {
            transient(format!(
                "the answer for {} is incomplete or not a list of rows",
                source.name()
            ))
        })
    }

    /// Counts a table's rows and reads some of them. If the server refuses to count, the probe is repeated without the
    /// count.
    pub(crate) async fn probe(&self, request: ProbeRequest) -> Result<Probe, PageError> {
        match self.probe_once(&request, request.is_counted).await {
            Err(PageError::TooLarge(_) | PageError::Fatal(_))
                if request.is_counted && request.rows != ProbeRows::None =>
            {
                self.probe_once(&request, false).await
            }
            result => result,
        }
    }

    async fn probe_once(&self, request: &ProbeRequest, is_counted: bool) -> Result<Probe, PageError> {
        let ProbeRequest {
            source, rows, token, ..
        } = request;
        let url = probe_url(&self.base, source, rows);
        let mut ask = self.client.get(url);
        if is_counted {
            ask = ask.header("Prefer", "count=exact");
        }
        let response = self.send(ask, source, token.as_ref()).await?;
        let range = response.headers().get(header::CONTENT_RANGE);
        let count = range.and_then(|range| total(range.to_str().ok()?));
        let most = match rows {
            ProbeRows::None => {
                let rows = Page::new();
                return Ok(Probe { count, rows });
            }
            ProbeRows::After(RowSlice { column: None, .. }) => MAX_PAGE_BYTES,
            ProbeRows::Newest(_) | ProbeRows::After(_) => MAX_PROBE_BYTES,
        };
        let body = self.body(response, source, most).await?;
        let rows = page::read(&body).ok_or_else(|| {
            transient(format!(
                "the check of {} is incomplete or not a list of rows",
                source.name()
            ))
        })?;
        Ok(Probe { count, rows })
    }

    /// Sends a read with the key and the session token. Every status but success is an error.
    async fn send(&self, ask: RequestBuilder, source: &Source, token: Option<&Token>) -> Result<Response, PageError> {
        let token = token.map(Token::expose);
        let mut ask = http::with_credentials(ask, &self.key, token).header(header::ACCEPT, "application/json");
        if source.schema != "public" {
            ask = ask.header("Accept-Profile", &source.schema);
        }
        let response = ask.send().await.map_err(|error| transient(http::words(error)))?;
        if !response.status().is_success() {
            let secrets = [self.key.expose_secret(), token.unwrap_or_default()];
            let refusal = HttpRefusal::read(response, &secrets).await;
            let role = role_of(token.unwrap_or_else(|| self.key.expose_secret()));
            return Err(refusal::meaning(source, &self.base, &role, &refusal));
        }
        if http::is_web_page(&response) {
            return Err(transient(format!(
                "the address of {} returns a web page instead of rows; check rest_url",
                source.name()
            )));
        }
        Ok(response)
    }

    async fn body(&self, response: Response, source: &Source, most: usize) -> Result<Vec<u8>, PageError> {
        http::body(response, most).await.map_err(|error| match error {
            BodyError::Broken(words) => transient(words),
            // A smaller page may arrive in time.
            BodyError::Slow => PageError::TooLarge(format!(
                "a page of {} takes longer than {} s",
                source.name(),
                PAGE_DEADLINE.as_secs()
            )),
            BodyError::TooLarge => {
                PageError::TooLarge(format!("a page of {} is larger than {} KiB", source.name(), most >> 10))
            }
        })
    }
}

/// The database role that a token or key reads as.
fn role_of(token: &str) -> String {
    let role = Claims::read(token).and_then(|claims| claims.role);
    let of_key = || match token.starts_with("sb_secret_") {
        true => "service_role".to_owned(),
        false => "anon".to_owned(),
    };
    role.unwrap_or_else(of_key)
}

fn transient(text: String) -> PageError {
    PageError::Transient {
        text,
        retry_after: None,
    }
}

/// The number after the slash of `0-24/3573458` or `*/0`; `None` if the server did not count.
fn total(range: &str) -> Option<u64> {
    range.rsplit_once('/')?.1.trim().parse().ok()
}

fn table_address(base: &Url, table: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(table);
    }
    url
}

/// The URL of a page. Names and values come from the user; the `url` crate percent-encodes everything.
fn page_url(base: &Url, source: &Source, query: &PageQuery) -> Url {
    let mut url = table_address(base, &source.table);
    let keys = key_columns(source);
    {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("select", &kept_columns(source));
        match query {
            PageQuery::After { after, limit } => append_slice(&mut pairs, source, after.as_ref(), *limit),
            PageQuery::Ids(ids) => match (keys.as_slice(), ids.as_slice()) {
                // PostgREST takes a list that contains only the empty text for an empty list.
                ([key], [id]) if id.as_str().is_empty() => {
                    pairs.append_pair(key, "eq.");
                }
                ([key], ids) => {
                    let list: Vec<String> = ids.iter().map(|id| quoted(id.as_str())).collect();
                    pairs.append_pair(key, &format!("in.({})", list.join(",")));
                }
                (_, ids) => {
                    let rows = ids.iter().map(|id| exactly(&keys, &source.key_values(id)));
                    pairs.append_pair("or", &format!("({})", rows.collect::<Vec<_>>().join(",")));
                }
            },
        }
    }
    url
}

/// Rows of a table by columns that need not be the key.
#[derive(Debug, Clone, Copy)]
pub struct Matching<'m> {
    /// The columns; none: all rows. Of several, each value has one part for each.
    pub columns: &'m [String],
    /// The values, of which a row has one.
    pub values: &'m [RowId],
    /// The latest rows by this column come first.
    pub latest_by: Option<&'m str>,
    /// At most this many.
    pub limit: usize,
}

/// The URL of rows by columns that need not be the key.
fn matching_url(base: &Url, source: &Source, matching: &Matching<'_>) -> Url {
    let mut url = table_address(base, &source.table);
    let columns: Vec<String> = matching.columns.iter().map(|name| column(name)).collect();
    {
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("select", &kept_columns(source));
        match columns.as_slice() {
            [] => {}
            [column] => {
                let list: Vec<String> = matching.values.iter().map(|value| quoted(value.as_str())).collect();
                pairs.append_pair(column, &format!("in.({})", list.join(",")));
            }
            several => {
                let rows = matching.values.iter();
                let rows = rows.map(|value| exactly(several, &value.key_values(several.len())));
                pairs.append_pair("or", &format!("({})", rows.collect::<Vec<_>>().join(",")));
            }
        }
        if let Some(latest) = matching.latest_by {
            pairs.append_pair("order", &format!("{}.desc.nullslast", column(latest)));
        }
        pairs.append_pair("limit", &matching.limit.to_string());
    }
    url
}

/// The names of the key columns.
fn key_columns(source: &Source) -> Vec<String> {
    source.key.iter().map(|name| column(name)).collect()
}

/// The columns of whole rows.
fn kept_columns(source: &Source) -> String {
    match source.kept_columns() {
        Some(kept) => kept.map(column).collect::<Vec<_>>().join(","),
        None => "*".to_owned(),
    }
}

/// Rows in the order of the key, behind this one.
fn append_slice(pairs: &mut Serializer<'_, UrlQuery<'_>>, source: &Source, after: Option<&RowId>, limit: usize) {
    let keys = key_columns(source);
    pairs.append_pair("order", &ordered(&keys, "asc"));
    pairs.append_pair("limit", &limit.to_string());
    if let Some(after) = after {
        let values = source.key_values(after);
        match (keys.as_slice(), values.as_slice()) {
            ([key], [value]) => pairs.append_pair(key, &format!("gt.{value}")),
            _ => {
                // An index of the key begins here; the rest of the condition alone would be checked row by row.
                if let (Some(first), Some(value)) = (keys.first(), values.first()) {
                    pairs.append_pair(first, &format!("gte.{value}"));
                }
                pairs.append_pair("or", &format!("({})", behind(&keys, &values)))
            }
        };
    }
}

/// `a.asc,b.asc`
fn ordered(keys: &[String], direction: &str) -> String {
    let terms: Vec<String> = keys.iter().map(|key| format!("{key}.{direction}")).collect();
    terms.join(",")
}

/// The rows behind these values in the order of several key columns: `a.gt.X,and(a.eq.X,b.gt.Y)`.
fn behind(keys: &[String], values: &[Cow<'_, str>]) -> String {
    let mut equal: Vec<String> = Vec::new();
    let mut terms = Vec::new();
    for (key, value) in keys.iter().zip(values) {
        let value = quoted(value);
        let greater = format!("{key}.gt.{value}");
        terms.push(if equal.is_empty() {
            greater
        } else {
            format!("and({},{greater})", equal.join(","))
        });
        equal.push(format!("{key}.eq.{value}"));
    }
    terms.join(",")
}

/// The row with these values in several key columns: `and(a.eq.X,b.eq.Y)`.
fn exactly(keys: &[String], values: &[Cow<'_, str>]) -> String {
    let terms = keys
        .iter()
        .zip(values)
        .map(|(key, value)| format!("{key}.eq.{}", quoted(value)));
    format!("and({})", terms.collect::<Vec<_>>().join(","))
}

/// The URL of a probe.
fn probe_url(base: &Url, source: &Source, rows: &ProbeRows) -> Url {
    let mut url = table_address(base, &source.table);
    let mut selected = key_columns(source);
    {
        let mut pairs = url.query_pairs_mut();
        match rows {
            ProbeRows::None => {
                pairs.append_pair("select", &selected.join(","));
                pairs.append_pair("limit", "1");
            }
            ProbeRows::Newest(newest) => {
                let mut order = ordered(&selected, "desc");
                let changed = column(&newest.column);
                // A column must not be selected or ordered by twice.
                let is_key = selected.contains(&changed);
                if !is_key {
                    // An index of the column gives its rows backwards, with those without a value first.
                    let nulls = if newest.with_nulls { ".nullslast" } else { "" };
                    order = format!("{changed}.desc{nulls},{order}");
                    selected.push(changed.clone());
                }
                pairs.append_pair("select", &selected.join(","));
                pairs.append_pair("order", &order);
                if !is_key && !newest.with_nulls {
                    pairs.append_pair(&changed, "not.is.null");
                }
                if newest.offset > 0 {
                    pairs.append_pair("offset", &newest.offset.to_string());
                }
                pairs.append_pair("limit", &newest.limit.to_string());
            }
            ProbeRows::After(slice) => {
                let select = match &slice.column {
                    None => kept_columns(source),
                    Some(changed) => {
                        let changed = column(changed);
                        if !selected.contains(&changed) {
                            selected.push(changed);
                        }
                        selected.join(",")
                    }
                };
                pairs.append_pair("select", &select);
                append_slice(&mut pairs, source, slice.after.as_ref(), slice.limit);
            }
        }
    }
    url
}

/// A column's name, quoted if it contains characters that PostgREST interprets.
fn column(name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A text inside a list, quoted so that commas and brackets are part of it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use realtime::NewestRows;

    fn source(key: &[&str]) -> (Url, Source) {
        let base = Url::parse("https://x.supabase.co/rest/v1").expect("a url");
        let source = Source {
            schema: "public".into(),
            table: "my tasks".into(),
            key: key.iter().map(|name| (*name).to_owned()).collect(),
            ..Source::default()
        };
        (base, source)
    }

    fn newest(column: &str, offset: usize, limit: usize) -> ProbeRows {
        ProbeRows::Newest(NewestRows {
            column: column.into(),
            with_nulls: offset == 0,
            offset,
            limit,
        })
    }

    fn url(key: &str, query: &PageQuery) -> String {
        let (base, source) = source(&[key]);
        page_url(&base, &source, query).to_string()
    }

    #[test]
    fn a_key_of_several_columns_pages_and_looks_up_by_all_of_them() {
        let (base, mut source) = source(&["org", "nr"]);
        source.columns = Some(vec!["title".into(), "nr".into()]);
        let query = |query: &PageQuery| {
            let url = page_url(&base, &source, query);
            let pairs = url.query_pairs().skip(1);
            pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        let after = PageQuery::After {
            after: Some("acme, inc/7".into()),
            limit: 5,
        };
        assert_eq!(
            query(&after),
            [
                "order=org.asc,nr.asc",
                "limit=5",
                "org=gte.acme, inc",
                r#"or=(org.gt."acme, inc",and(org.eq."acme, inc",nr.gt."7"))"#
            ]
        );
        assert_eq!(
            query(&PageQuery::Ids(vec!["a/1".into(), "b/2".into()])),
            [r#"or=(and(org.eq."a",nr.eq."1"),and(org.eq."b",nr.eq."2"))"#]
        );
        let selected = page_url(&base, &source, &after);
        assert!(selected.as_str().contains("select=org%2Cnr%2Ctitle&"), "{selected}");
        let probe = probe_url(&base, &source, &newest("updated_at", 0, 1));
        assert!(
            probe
                .as_str()
                .ends_with("select=org%2Cnr%2Cupdated_at&order=updated_at.desc.nullslast%2Corg.desc%2Cnr.desc&limit=1"),
            "{probe}"
        );
    }

    #[test]
    fn pages_go_by_key_and_names_are_encoded() {
        let after = PageQuery::After {
            after: Some("a+b&c".into()),
            limit: 1000,
        };
        assert_eq!(
            url("id", &after),
            "https://x.supabase.co/rest/v1/my%20tasks?select=*&order=id.asc&limit=1000&id=gt.a%2Bb%26c"
        );
        assert_eq!(
            url("task.id", &after),
            "https://x.supabase.co/rest/v1/my%20tasks?select=*&order=%22task.id%22.asc&limit=1000\
             &%22task.id%22=gt.a%2Bb%26c"
        );
        assert_eq!(
            url("id", &PageQuery::Ids(vec!["a,b".into(), "c\"d".into()])),
            "https://x.supabase.co/rest/v1/my%20tasks?select=*&id=in.%28%22a%2Cb%22%2C%22c%5C%22d%22%29"
        );
    }

    #[test]
    fn the_empty_text_is_a_key_in_every_read() {
        let start = "https://x.supabase.co/rest/v1/my%20tasks?select=*";
        let after = PageQuery::After {
            after: Some("".into()),
            limit: 5,
        };
        assert_eq!(url("id", &after), format!("{start}&order=id.asc&limit=5&id=gt."));
        assert_eq!(
            url("id", &PageQuery::Ids(vec!["".into()])),
            format!("{start}&id=eq."),
            "in.(\"\") would be an empty list"
        );
        assert_eq!(
            url("id", &PageQuery::Ids(vec!["".into(), "a".into()])),
            format!("{start}&id=in.%28%22%22%2C%22a%22%29")
        );
        let (base, source) = source(&["org", "nr"]);
        let lookup = page_url(&base, &source, &PageQuery::Ids(vec!["/7".into()]));
        let filter = lookup.query_pairs().last().map(|(_, value)| value.into_owned());
        assert_eq!(filter.as_deref(), Some(r#"(and(org.eq."",nr.eq."7"))"#));
    }

    #[test]
    fn a_probe_asks_for_the_newest_rows_for_a_slice_or_for_the_size_alone() {
        let (base, source) = source(&["id"]);
        let url = |rows: ProbeRows| probe_url(&base, &source, &rows).to_string();
        let start = "https://x.supabase.co/rest/v1/my%20tasks?";
        assert_eq!(
            url(newest("updated_at", 0, 1)),
            format!("{start}select=id%2Cupdated_at&order=updated_at.desc.nullslast%2Cid.desc&limit=1")
        );
        assert_eq!(
            url(newest("id", 0, 1)),
            format!("{start}select=id&order=id.desc&limit=1")
        );
        assert_eq!(
            url(newest("updated_at", 8, 1_000)),
            format!(
                "{start}select=id%2Cupdated_at&order=updated_at.desc%2Cid.desc&updated_at=not.is.null&offset=8&limit=1000"
            )
        );
        assert_eq!(
            url(newest("id", 8, 1_000)),
            format!("{start}select=id&order=id.desc&offset=8&limit=1000")
        );
        assert_eq!(url(ProbeRows::None), format!("{start}select=id&limit=1"));
        let slice = |after: Option<&str>, column: Option<&str>| {
            ProbeRows::After(RowSlice {
                after: after.map(RowId::from),
                limit: 500,
                column: column.map(str::to_owned),
            })
        };
        assert_eq!(
            url(slice(None, Some("updated_at"))),
            format!("{start}select=id%2Cupdated_at&order=id.asc&limit=500")
        );
        assert_eq!(
            url(slice(Some("a"), Some("id"))),
            format!("{start}select=id&order=id.asc&limit=500&id=gt.a")
        );
        assert_eq!(
            url(slice(Some("a"), None)),
            format!("{start}select=*&order=id.asc&limit=500&id=gt.a")
        );
        for (range, count) in [
            ("0-0/150", Some(150)),
            ("*/0", Some(0)),
            ("0-0/*", None),
            ("*/*", None),
            ("x", None),
            ("0-0/-1", None),
        ] {
            assert_eq!(total(range), count, "{range}");
        }
    }
}
