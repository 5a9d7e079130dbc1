//! A look at a table of which only the name is known: some whole rows, roughly how many there are, and what it is.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use secrecy::ExposeSecret as _;

use super::{Rest, Shape, column, page, table_address, total};
use crate::http::{self, BodyError, HttpRefusal};
use model::Record;
use realtime::Token;

/// Largest answer accepted: 200 rows of 20 KiB.
const MAX_SAMPLE_BYTES: usize = 4 * 1024 * 1024;

/// Which rows of which table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SampleRequest<'r> {
    /// The schema.
    pub(crate) schema: &'r str,
    /// The table.
    pub(crate) table: &'r str,
    /// The rows with the greatest values of this column come first; `None`: in any order.
    pub(crate) newest_by: Option<&'r str>,
    /// Most rows.
    pub(crate) limit: usize,
    /// The session token; `None` = the key alone.
    pub(crate) token: Option<&'r Token>,
}

/// What was read of a table.
#[derive(Debug)]
pub(crate) struct Sample {
    /// Whole rows.
    pub(crate) rows: Vec<Record>,
    /// How many rows the database's planner expects.
    pub(crate) estimate: Option<u64>,
}

/// Why a table could not be read. Texts are free of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SampleError {
    /// There is none of this name; the server names one of a similar name.
    Missing(Option<String>),
    /// The role may not select from it; the server's words.
    Denied(String),
    /// Not this table, for another reason.
    Unreadable(String),
    /// The answer is larger than [`MAX_SAMPLE_BYTES`].
    TooLarge,
    /// The server asks for fewer requests, and to wait this long.
    Limited(Option<Duration>),
    /// The schema is not exposed by the API.
    NotExposed {
        /// A sentence with what to do.
        sentence: String,
        /// The schemas that are, as far as the server names them.
        exposed: Vec<String>,
    },
    /// No request to this interface will be answered before a person acts: a sentence.
    Refused(String),
    /// No answer, or one that a later attempt may better.
    Unreachable(String),
}

impl Rest {
    /// Reads some rows of a table. The number of rows is estimated, which costs the database nothing.
    pub(crate) async fn sample(&self, request: SampleRequest<'_>) -> Result<Sample, SampleError> {
        let mut url = table_address(&self.base, request.table);
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("select", "*");
            if let Some(newest_by) = request.newest_by {
                pairs.append_pair("order", &format!("{}.desc.nullslast", column(newest_by)));
            }
            pairs.append_pair("limit", &request.limit.to_string());
        }
        let ask = self.client.get(url).header("Prefer", "count=planned");
        let response = self.look(ask, request).await?;
        let range = response.headers().get(header::CONTENT_RANGE);
        let estimate = range.and_then(|range| total(range.to_str().ok()?));
        let body = http::body(response, MAX_SAMPLE_BYTES)
            .await
            .map_err(|error| match error {
                BodyError::Broken(words) => SampleError::Unreachable(words),
                BodyError::Slow => SampleError::Unreachable("the answer was not complete in time".into()),
                BodyError::TooLarge => SampleError::TooLarge,
            })?;
        match page::read(&body) {
            Some(rows) => Ok(Sample { rows, estimate }),
            None => Err(SampleError::Unreadable("the answer is not a list of rows".into())),
        }
    }

    /// What the server shows of a table's definition; `None` where it shows nothing.
    pub(crate) async fn shape(&self, request: SampleRequest<'_>) -> Result<Option<Shape>, SampleError> {
        let url = table_address(&self.base, request.table);
        let response = self.look(self.client.request(Method::OPTIONS, url), request).await?;
        let allow = response.headers().get(header::ALLOW);
        Ok(allow.and_then(|allow| Shape::of(allow.to_str().ok()?)))
    }

    async fn look(&self, ask: RequestBuilder, request: SampleRequest<'_>) -> Result<Response, SampleError> {
        let token = request.token.map(Token::expose);
        let mut ask = http::with_credentials(ask, &self.key, token).header(header::ACCEPT, "application/json");
        if request.schema != "public" {
            ask = ask.header("Accept-Profile", request.schema);
        }
        let response = ask
            .send()
            .await
            .map_err(|error| SampleError::Unreachable(http::words(error)))?;
        if !response.status().is_success() {
            let secrets = [self.key.expose_secret(), token.unwrap_or_default()];
            let refusal = HttpRefusal::read(response, &secrets).await;
            return Err(meaning(request.schema, &refusal));
        }
        if http::is_web_page(&response) {
            return Err(SampleError::Refused(
                "the address of the REST interface returns a web page instead of rows; check rest_url".into(),
            ));
        }
        Ok(response)
    }
}

/// The meaning of a refusal for somebody who asks for a table that may not exist.
fn meaning(schema: &str, refusal: &HttpRefusal) -> SampleError {
    let words = refusal.words();
    let message = match refusal.message.as_str() {
        "" => words.clone(),
        message => message.to_owned(),
    };
    match (refusal.status, refusal.code.as_str()) {
        (_, "PGRST205" | "42P01") => SampleError::Missing(suggested(&refusal.hint, schema)),
        (_, "42501") => SampleError::Denied(message),
        (StatusCode::TOO_MANY_REQUESTS, _) => SampleError::Limited(refusal.retry_after),
        (_, "PGRST106") => SampleError::NotExposed {
            sentence: format!("the schema {schema} is not exposed by the API; expose it in the project's API settings"),
            exposed: exposed(&refusal.hint).or_else(|| exposed(&message)).unwrap_or_default(),
        },
        (_, "PGRST302") => {
            SampleError::Refused("reading needs a sign-in here; set [auth], or allow it in PostgREST".into())
        }
        (_, "PGRST301" | "PGRST303") | (StatusCode::UNAUTHORIZED, _)
            if message.to_ascii_lowercase().contains("expired") =>
        {
            SampleError::Refused(format!(
                "the key has expired ({message}); set a fresh one with --key or SUPABASE_PUBLISHABLE_KEY"
            ))
        }
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => SampleError::Refused(format!(
            "the key is refused for reading ({message}); check the project's key (--key or SUPABASE_PUBLISHABLE_KEY)"
        )),
        (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, _) => SampleError::Refused(format!(
            "there is no REST interface at this address ({message}); check the URL, or set rest_url"
        )),
        (_, "57014") => SampleError::Unreadable("reading it took the database too long".into()),
        _ if refusal.is_passing() => SampleError::Unreachable(words),
        _ => SampleError::Unreadable(words),
    }
}

/// The schemas that an answer names: `Only the following schemas are exposed: public, ops`, or in older versions `The schema
/// must be one of the following: public, ops`.
fn exposed(text: &str) -> Option<Vec<String>> {
    let (_, list) = text
        .split_once("following")
        .and_then(|(_, rest)| rest.split_once(':'))?;
    let names = list.split(',').map(|name| name.trim().to_owned());
    Some(names.filter(|name| !name.is_empty()).take(20).collect())
}

/// The table that a hint names: `Perhaps you meant the table 'public.x'`.
fn suggested(hint: &str, schema: &str) -> Option<String> {
    let (_, quoted) = hint.split_once("the table '")?;
    let (name, _) = quoted.rsplit_once('\'')?;
    let name = name.strip_prefix(schema)?.strip_prefix('.')?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_the_schemas_that_are_exposed() {
        let names = |text| exposed(text).unwrap_or_default();
        assert_eq!(
            names("Only the following schemas are exposed: public, ops"),
            ["public", "ops"]
        );
        assert_eq!(
            names("The schema must be one of the following: public, graphql_public"),
            ["public", "graphql_public"]
        );
        assert!(names("Invalid schema: ops").is_empty());
    }

    #[test]
    fn a_hint_names_a_table_of_the_same_schema() {
        for (hint, expected) in [
            ("Perhaps you meant the table 'public.ai_agents'", Some("ai_agents")),
            (
                "Perhaps you meant the table 'public.Größe der Aufgabe'",
                Some("Größe der Aufgabe"),
            ),
            ("Perhaps you meant the table 'public.a'b'", Some("a'b")),
            ("Perhaps you meant the table 'other.agents'", None),
            ("Perhaps you meant the table 'public.'", None),
            ("If a new table was created, try reloading the schema cache.", None),
            ("", None),
        ] {
            assert_eq!(suggested(hint, "public").as_deref(), expected, "{hint}");
        }
    }

    #[test]
    fn refusals_of_a_table_and_of_the_whole_interface_are_told_apart() {
        let refusal = |status, code, message| HttpRefusal {
            hint: "Perhaps you meant the table 'public.jobs'".into(),
            ..HttpRefusal::example(status, code, message)
        };
        for (status, code, message, sort) in [
            (404, "PGRST205", "Could not find the table", "Missing(Some(\"jobs\"))"),
            (401, "42501", "permission denied for table jobs", "Denied"),
            (403, "42501", "permission denied for table jobs", "Denied"),
            (429, "", "slow down", "Limited(Some(7s))"),
            (401, "", "Invalid API key", "Refused(\"the key is refused"),
            (401, "PGRST303", "JWT expired", "Refused(\"the key has expired"),
            (401, "PGRST301", "No suitable key", "Refused(\"the key is refused"),
            (
                406,
                "PGRST106",
                "Invalid schema: ops",
                "NotExposed { sentence: \"the schema",
            ),
            (404, "", "no Route matched", "Refused(\"there is no REST interface"),
            (500, "57014", "canceling statement", "Unreadable"),
            (400, "PGRST100", "failed to parse", "Unreadable"),
            (503, "PGRST002", "schema cache", "Unreachable"),
            (302, "", "", "Unreachable"),
        ] {
            let error = format!("{:?}", meaning("public", &refusal(status, code, message)));
            assert!(error.starts_with(sort), "{status} {code}: {error}");
        }
    }
}
