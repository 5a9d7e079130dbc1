//! The meaning of a refused read (docs/realtime-protocol.md §11.3), and what the user can do about it.

use reqwest::StatusCode;
use url::Url;

use crate::http::HttpRefusal;
use model::schema;
use realtime::{PageError, Source};

/// Classifies a refusal. Errors of one table are distinguished from errors of the whole endpoint. `role`: the database role
/// that reads.
pub(crate) fn meaning(source: &Source, base: &Url, role: &str, refusal: &HttpRefusal) -> PageError {
    let (kind, about) = (&source.noun.1, source.name());
    let message = match refusal.message.as_str() {
        "" => format!("HTTP {}", refusal.status.as_u16()),
        message => message.to_owned(),
    };
    let is_expired = message.to_ascii_lowercase().contains("expired");
    match (refusal.status, refusal.code.as_str()) {
        (_, "57014") => PageError::TooLarge(format!("reading {about} took the database too long")),
        (_, "42P01" | "PGRST205") => PageError::Denied(format!(
            "the table {about} does not exist or is not exposed; set its name with --{kind}-table, or create it"
        )),
        (_, "42501") => PageError::Denied(format!(
            "{about} may not be read; run \"{}\", or sign in as somebody who may ({message})",
            grant(source, role, &message)
        )),
        (_, "PGRST106") => PageError::NotExposed(format!(
            "the schema {} is not exposed by the API; expose it in the project's API settings",
            source.schema
        )),
        (_, "42703") => PageError::Fatal(format!(
            "{about} has no such column; set the key column with id in [[sources]] ({message})"
        )),
        (_, "PGRST303") => PageError::Expired(format!("the token has expired ({message})")),
        (StatusCode::UNAUTHORIZED, _) if is_expired => PageError::Expired(format!("the token has expired ({message})")),
        (_, "PGRST302") => {
            PageError::Fatal("reading needs a sign-in here; set [auth], or allow it in PostgREST".into())
        }
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => PageError::Fatal(format!(
            "the key is refused for reading {about} ({message}); check the project's key"
        )),
        (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, _) => PageError::Fatal(format!(
            "there is no REST interface for {about} at {base} ({message}); set rest_url"
        )),
        _ if refusal.is_passing() => PageError::Transient {
            text: format!("{about}: {}", refusal.words()),
            retry_after: refusal.retry_after,
        },
        (status, _) if status.is_client_error() => {
            PageError::Fatal(format!("reading {about} is refused: {}", refusal.words()))
        }
        _ => PageError::Transient {
            text: format!("{about}: {}", refusal.words()),
            retry_after: refusal.retry_after,
        },
    }
}

/// The statement that gives a role the right that it lacks.
fn grant(source: &Source, role: &str, message: &str) -> String {
    let role = schema::quoted(role);
    if message.contains("for schema") {
        return format!("grant usage on schema {} to {role}", schema::quoted(&source.schema));
    }
    let table = schema::qualified(&source.schema, &source.table);
    format!("grant select on {table} to {role}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_classified_and_names_a_remedy() {
        let source = Source {
            schema: "ops".into(),
            table: "jobs".into(),
            key: vec!["id".into()],
            noun: ("task".into(), "tasks".into()),
            ..Source::default()
        };
        let base = Url::parse("https://a.supabase.co/rest/v1").expect("a url");
        for (status, code, message, sort, said) in [
            (500, "57014", "canceling statement", "TooLarge", "ops.jobs"),
            (404, "PGRST205", "Could not find the table", "Denied", "--tasks-table"),
            (404, "42P01", "relation does not exist", "Denied", "--tasks-table"),
            (
                401,
                "42501",
                "permission denied for table jobs",
                "Denied",
                "grant select on ops.jobs to anon",
            ),
            (
                403,
                "42501",
                "permission denied for schema ops",
                "Denied",
                "grant usage on schema ops to anon",
            ),
            (403, "42501", "permission denied for table jobs", "Denied", "sign in"),
            (406, "PGRST106", "Invalid schema: ops", "NotExposed", "expose it"),
            (
                400,
                "42703",
                "column jobs.id does not exist",
                "Fatal",
                "id in [[sources]]",
            ),
            (401, "PGRST303", "JWT expired", "Expired", "expired"),
            (401, "PGRST301", "JWT expired", "Expired", "expired"),
            (401, "PGRST301", "No suitable key", "Fatal", "check the project's key"),
            (401, "PGRST302", "Anonymous access is disabled", "Fatal", "[auth]"),
            (401, "", "Invalid API key", "Fatal", "check the project's key"),
            (404, "", "no Route matched", "Fatal", "set rest_url"),
            (400, "PGRST100", "failed to parse", "Fatal", "HTTP 400"),
            (302, "", "", "Transient", "the server redirects"),
            (429, "", "slow down", "Transient", "slow down"),
            (503, "PGRST002", "schema cache", "Transient", "HTTP 503"),
            (504, "PGRST003", "", "Transient", "HTTP 504"),
            (520, "", "", "Transient", "HTTP 520"),
        ] {
            let refusal = HttpRefusal::example(status, code, message);
            let error = format!("{:?}", meaning(&source, &base, "anon", &refusal));
            assert!(
                error.starts_with(sort) && error.contains(said),
                "{status} {code}: {error}"
            );
        }
    }
}
