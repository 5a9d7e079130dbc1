//! What is asked over HTTP: Auth, the clock, each table.

use std::io::Write;

use tokio::time::Instant;
use url::Url;

use super::{
    super::{
        check::Check,
        judge::{self, RestLook},
        report::Report,
    },
    Because, Patient, Reader, add, left_out, now,
};
use client::probe::{self, Answer, Http};
use model::{KindMapping, PerKind};
use realtime::{Grant, TokenError};
use settings::FeedSettings;

/// What is asked over HTTP.
pub(super) struct Asked<'a> {
    patient: &'a Patient,
    http: Result<Http, String>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(patient: &'a Patient) -> Self {
        Self {
            patient,
            http: http(patient),
        }
    }

    async fn get(&self, url: Url, headers: &[(&'static str, &str)]) -> Result<Answer, String> {
        match &self.http {
            Ok(http) => http.get(url, headers).await,
            Err(problem) => Err(problem.clone()),
        }
    }

    /// Auth and the clock. Answers "auth" when it refused the key.
    pub(super) async fn auth<W: Write>(&self, report: &mut Report<W>, because: Because) -> Because {
        if let Some(because) = because {
            report.add(left_out("auth", because));
            report.add(left_out("clock", because));
            return None;
        }
        let FeedSettings { auth, rest_url, .. } = &self.patient.feed;
        let health = match auth {
            Some(auth) => Some(below(&auth.url, "health")),
            None => rest_url.as_ref().and_then(auth_health),
        };
        let Some(url) = health else {
            report.add(Check::skipped("auth", "no Auth is known beside this address"));
            report.add(Check::skipped("clock", "no answer told the time"));
            return None;
        };
        let answer = self.get(url, &[("accept", "application/json")]).await;
        let failed = add(report, judge::auth(&answer, auth.is_some()), "auth");
        let date = answer.as_ref().ok().and_then(|answer| answer.date.as_deref());
        let clock = date.and_then(|date| judge::clock(date, now()));
        report.add(clock.unwrap_or_else(|| Check::skipped("clock", "no answer told the time")));
        // Silence is no refusal: the others are asked all the same.
        failed.filter(|_| answer.is_ok())
    }

    /// The sign-in, if somebody is to sign in; the reader is that user from then on.
    pub(super) async fn sign_in<W: Write>(
        &mut self,
        report: &mut Report<W>,
        reader: &mut Reader,
        because: Because,
    ) -> Because {
        const NAME: &str = "sign_in";
        let Some(auth) = &self.patient.feed.auth else {
            report.add(Check::skipped(NAME, "nobody is to sign in: the key alone reads"));
            return None;
        };
        if let Some(because) = because {
            report.add(left_out(NAME, because));
            return None;
        }
        let started = Instant::now();
        let (result, notice) = match probe::client_config(auth.url.scheme() == "https") {
            Ok(tls) => match probe::sign_in(&self.patient.feed, tls, self.patient.deadline).await {
                Some(answer) => answer,
                None => return None,
            },
            Err(text) => (
                Err(TokenError::Unavailable {
                    text,
                    retry_after: None,
                }),
                None,
            ),
        };
        if let Ok(Grant { token, .. }) = &result {
            report.hide(token.clone());
            reader.role = token
                .claims()
                .and_then(|claims| claims.role)
                .unwrap_or_else(|| "authenticated".into());
            reader.token = token.clone();
            reader.signed_in = true;
            if let Ok(http) = &mut self.http {
                http.sign_in(token.clone());
            }
        }
        let check = judge::sign_in(result.as_ref(), &reader.role, notice.as_ref(), started.elapsed());
        add(report, check, NAME)
    }

    /// Each table; answers which are known to be there, or not to be.
    pub(super) async fn rest<W: Write>(
        &self,
        report: &mut Report<W>,
        reader: &Reader,
        because: Because,
    ) -> PerKind<Option<bool>> {
        let mut there = PerKind::default();
        let mut because = because.map(|because| format!("because {because} failed"));
        for (kind, of) in self.patient.feed.mapping.followed() {
            let skip = match &self.patient.feed.rest_url {
                None => Some("rest_url is none: the stream alone".to_owned()),
                Some(_) => because.clone(),
            };
            let (Some(base), None) = (&self.patient.feed.rest_url, &skip) else {
                let name = format!("{}.{}", of.schema, of.table);
                report.add(Check::skipped("rest", skip.unwrap_or_default()).of_table(name));
                continue;
            };
            let keys = self.keys(base, of).await;
            let (row, stamp) = match &keys {
                Ok(answer) if is_empty(answer) => (None, self.stamp(base, of).await),
                Ok(answer) if answer.status < 300 || answer.code() == "42703" => {
                    (Some(self.read(base, of, "*", Some(1), false).await), None)
                }
                _ => (None, None),
            };
            let check = judge::rest_table(RestLook {
                kind,
                of,
                role: &reader.role,
                keys: &keys,
                row: row.as_ref(),
                stamp: stamp.as_deref(),
            });
            report.add(check);
            match &keys {
                Ok(answer) => {
                    let missing = answer.status == 404 && !answer.code().is_empty();
                    there[kind] = if missing {
                        Some(false)
                    } else {
                        (answer.status < 300).then_some(true)
                    };
                }
                Err(_) => because = Some("because the first table got no answer".into()),
            }
        }
        there
    }

    /// Keys in order, counted; not counted where that takes the database too long.
    async fn keys(&self, base: &Url, of: &KindMapping) -> Result<Answer, String> {
        let select = rest_name(&of.id);
        let counted = self.read(base, of, &select, Some(RestLook::ASKED), true).await;
        match counted {
            Ok(answer) if answer.code() == "57014" => self.read(base, of, &select, Some(RestLook::ASKED), false).await,
            answer => answer,
        }
    }

    /// The first of the columns for the last change that a table without rows has.
    async fn stamp(&self, base: &Url, of: &KindMapping) -> Option<String> {
        /// Most columns that are asked for.
        const MOST: usize = 4;
        for name in of.updated_at.iter().take(MOST) {
            let answer = self.read(base, of, &rest_name(name), Some(1), false).await;
            if answer.is_ok_and(|answer| answer.status < 300) {
                return Some(name.clone());
            }
        }
        None
    }

    async fn read(
        &self,
        base: &Url,
        of: &KindMapping,
        select: &str,
        limit: Option<usize>,
        is_counted: bool,
    ) -> Result<Answer, String> {
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(&of.table);
        }
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("select", select);
            if select != "*" {
                pairs.append_pair("order", &format!("{select}.asc"));
            }
            if let Some(limit) = limit {
                pairs.append_pair("limit", &limit.to_string());
            }
        }
        let mut headers = vec![("accept", "application/json")];
        if of.schema != "public" {
            headers.push(("accept-profile", of.schema.as_str()));
        }
        if is_counted {
            headers.push(("prefer", "count=exact"));
        }
        self.get(url, &headers).await
    }
}

fn is_empty(answer: &Answer) -> bool {
    answer.status < 300
        && answer
            .json()
            .is_some_and(|rows| rows.as_array().is_some_and(Vec::is_empty))
}

/// A column in `select` and `order`, where commas, dots and brackets mean something.
fn rest_name(name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// `…/auth/v1/health` beside `…/rest/v1`.
fn auth_health(rest: &Url) -> Option<Url> {
    let base = rest.path().strip_suffix("/rest/v1")?.to_owned();
    let mut url = rest.clone();
    url.set_path(&format!("{base}/auth/v1/health"));
    Some(url)
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(path);
    }
    url
}

fn http(patient: &Patient) -> Result<Http, String> {
    let FeedSettings {
        rest_url,
        realtime_url,
        key,
        ..
    } = &patient.feed;
    let base = rest_url.as_ref().unwrap_or(realtime_url);
    let tls = probe::client_config(base.scheme() == "https")?;
    Http::new(base, key.clone(), &tls, patient.deadline)
}
