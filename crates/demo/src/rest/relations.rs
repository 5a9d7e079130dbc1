//! Reads of a database's tables and views, executed by PostgreSQL in the role of the caller.

use hyper::{Method, Request, StatusCode, header::RANGE};
use serde_json::Value;
use strsim::normalized_levenshtein;
use tokio_postgres::{Client, Error, error::SqlState, types::Type};

use super::{RestError, allowed_methods, rows_answer, statement::Statement};
use crate::{
    auth::Caller,
    database::{Database, RELATIONS, SCHEMAS},
    http::{self, HttpAnswer, header},
};

/// Least similarity of a table's name that is proposed for one that does not exist.
const MIN_SIMILARITY: f64 = 0.33;

/// Answers a request for a table, or for the list of tables where its name is empty. The body is never read.
pub(super) async fn read(
    database: &Database,
    request: &Request<()>,
    table: &str,
    caller: &Caller,
    max_rows: usize,
) -> Result<HttpAnswer, RestError> {
    if table.is_empty() {
        return Ok(closed());
    }
    let table = percent_decoded(table);
    let reader = database
        .read_as(caller)
        .await
        .map_err(|error| refusal(&error, caller, None))?;
    let answer = answer(&reader.client, request, &table, caller, max_rows).await;
    database.finish(reader).await;
    answer
}

/// The refusal of the description of all tables, which is for secret keys.
fn closed() -> HttpAnswer {
    http::json(
        StatusCode::UNAUTHORIZED,
        r#"{"message":"Access to schema is forbidden","hint":"Accessing the schema via the Data API is only allowed using a secret API key."}"#,
    )
}

fn percent_decoded(text: &str) -> String {
    // A plus is a plus in a path.
    let query = format!("t={}", text.replace('+', "%2B"));
    let decoded = url::form_urlencoded::parse(query.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned());
    decoded.unwrap_or_default()
}

async fn answer(
    client: &Client,
    request: &Request<()>,
    table: &str,
    caller: &Caller,
    max_rows: usize,
) -> Result<HttpAnswer, RestError> {
    let fail = |error: Error| refusal(&error, caller, None);
    let schemas = client
        .query_typed(
            &format!(
                "select n.nspname::text from pg_namespace n where {SCHEMAS} order by n.nspname <> 'public', n.nspname"
            ),
            &[],
        )
        .await
        .map_err(fail)?;
    let schemas: Vec<String> = schemas.iter().map(|row| row.get(0)).collect();
    let schema = header(request.headers(), "accept-profile").unwrap_or_else(|| "public".into());
    if !schemas.contains(&schema) {
        let mut error = RestError::new(
            StatusCode::NOT_ACCEPTABLE,
            "PGRST106",
            format!("Invalid schema: {schema}"),
        );
        error.hint = Some(format!(
            "Only the following schemas are exposed: {}",
            schemas.join(", ")
        ));
        return Err(error);
    }
    let found = client
        .query_typed(
            &format!(
                "select c.relname::text, c.relkind in ('r', 'p'), exists (select from pg_index i where i.indrelid = c.oid and \
                 i.indisprimary) from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and \
                 {RELATIONS} order by 1"
            ),
            &[(&schema, Type::TEXT)],
        )
        .await
        .map_err(fail)?;
    let Some(relation) = found.iter().find(|row| row.get::<_, &str>(0) == table) else {
        let names: Vec<&str> = found.iter().map(|row| row.get(0)).collect();
        return Err(unknown_table(&schema, table, &names));
    };
    match *request.method() {
        Method::OPTIONS => {
            return Ok(allowed_methods(match (relation.get(1), relation.get(2)) {
                (false, _) => "OPTIONS,GET,HEAD",
                (true, false) => "OPTIONS,GET,HEAD,POST,PATCH,DELETE",
                (true, true) => "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE",
            }));
        }
        Method::GET | Method::HEAD => {}
        _ => {
            let message = format!("permission denied for table {table}");
            return Err(RestError::new(denied_status(caller), "42501", message));
        }
    }
    let range = request.headers().get(RANGE).and_then(|range| range.to_str().ok());
    let statement = Statement::parse(&schema, table, request.uri().query().unwrap_or_default(), range)?;
    let prefers = header(request.headers(), "prefer").unwrap_or_default();
    let count = prefers.split(',').find_map(|word| word.trim().strip_prefix("count="));
    page(client, &statement, count, max_rows)
        .await
        .map_err(|error| match error {
            PageError::Sql(error) => refusal(&error, caller, Some((&schema, table))),
            PageError::Rest(error) => error,
        })
}

enum PageError {
    Sql(Error),
    Rest(RestError),
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

async fn page(
    client: &Client,
    statement: &Statement,
    count: Option<&str>,
    max_rows: usize,
) -> Result<HttpAnswer, PageError> {
    let row = client.query_typed_one(&statement.page(max_rows), &[]).await?;
    let (body, rows): (String, i64) = (row.get(0), row.get(1));
    let total = match count {
        Some("exact") => Some(counted(client, &statement.count()).await?),
        Some("planned") => Some(planned(client, statement).await?),
        // As many as a page has are counted, beyond that they are estimated.
        Some("estimated") => match counted(client, &statement.count_up_to(max_rows)).await? {
            few if usize::try_from(few).is_ok_and(|few| few <= max_rows) => Some(few),
            many => Some(planned(client, statement).await?.max(many)),
        },
        _ => None,
    };
    let rows = usize::try_from(rows).unwrap_or_default();
    let total = total.map(|total| usize::try_from(total).unwrap_or_default());
    let offset = statement.window.offset;
    if let Some(total) = total.filter(|total| offset > *total) {
        return Err(PageError::Rest(RestError::beyond(offset, total)));
    }
    Ok(rows_answer(body, rows, offset, total))
}

async fn counted(client: &Client, sql: &str) -> Result<i64, Error> {
    Ok(client.query_typed_one(sql, &[]).await?.get(0))
}

async fn planned(client: &Client, statement: &Statement) -> Result<i64, Error> {
    let plan: Value = client.query_typed_one(&statement.plan(), &[]).await?.get(0);
    let rows = plan.pointer("/0/Plan/Plan Rows").and_then(Value::as_f64);
    Ok(rows.map_or(0, |rows| rows.round() as i64))
}

/// The status of a refusal by grants.
fn denied_status(caller: &Caller) -> StatusCode {
    match caller.role.as_str() {
        "anon" => StatusCode::UNAUTHORIZED,
        _ => StatusCode::FORBIDDEN,
    }
}

/// An error of PostgreSQL as PostgREST reports it. `relation` is what was read.
fn refusal(error: &Error, caller: &Caller, relation: Option<(&str, &str)>) -> RestError {
    let Some(refused) = error.as_db_error() else {
        let text = "Could not connect with the database due to an internal error.";
        return RestError::new(StatusCode::SERVICE_UNAVAILABLE, "PGRST001", text);
    };
    let code = refused.code().code();
    let status = match (code, code.get(..2).unwrap_or_default()) {
        _ if *refused.code() == SqlState::INSUFFICIENT_PRIVILEGE => denied_status(caller),
        ("42883" | "42P01", _) => StatusCode::NOT_FOUND,
        ("42P17", _) | (_, "25" | "40" | "54" | "55" | "58" | "XX") | ("57014", _) => StatusCode::INTERNAL_SERVER_ERROR,
        (_, "08" | "53" | "57") => StatusCode::SERVICE_UNAVAILABLE,
        (_, "28" | "0L" | "0P") => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut answer = RestError::new(status, code.to_owned(), refused.message());
    answer.details = refused.detail().map(Into::into);
    answer.hint = refused.hint().map(Into::into);
    let is_of_table = refused.message().starts_with("permission denied for table")
        || refused.message().starts_with("permission denied for view")
        || refused.message().starts_with("permission denied for materialized view");
    if let Some((schema, table)) = relation.filter(|_| is_of_table) {
        let denied = refused.message().rsplit(' ').next().unwrap_or_default();
        // A policy or a view may read another table, which the caller may not.
        let name = if denied == table { table } else { denied };
        answer.hint = Some(format!(
            "Grant the required privileges to the current role with: GRANT SELECT ON {schema}.{name} TO {};",
            caller.role
        ));
    }
    answer
}

/// The refusal of a table that does not exist, with a table of a similar name.
fn unknown_table(schema: &str, table: &str, names: &[&str]) -> RestError {
    let message = format!("Could not find the table '{schema}.{table}' in the schema cache");
    let mut error = RestError::new(StatusCode::NOT_FOUND, "PGRST205", message);
    error.hint = similar(table, names).map(|near| format!("Perhaps you meant the table '{schema}.{near}'"));
    error
}

/// The name that is most similar to another, as PostgREST's fuzzy set finds it: names that share three letters in a row, or
/// else two, are compared by their edit distance.
pub fn similar<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    for length in [3, 2] {
        let grams = grams(&wanted, length);
        let candidates = names.iter().filter(|candidate| {
            let others = self::grams(&candidate.to_lowercase(), length);
            others.iter().any(|gram| grams.contains(gram))
        });
        let best = candidates
            .map(|candidate| (normalized_levenshtein(&wanted, &candidate.to_lowercase()), *candidate))
            .max_by(|(a, _), (b, _)| a.total_cmp(b));
        if let Some((similarity, best)) = best {
            return (similarity >= MIN_SIMILARITY).then_some(best);
        }
    }
    None
}

/// The pieces of this many letters of a name with a dash at both ends.
fn grams(name: &str, length: usize) -> Vec<String> {
    let letters: Vec<char> = std::iter::once('-')
        .chain(name.chars().filter(|c| c.is_alphanumeric()))
        .chain(std::iter::once('-'))
        .collect();
    letters.windows(length).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_names_the_most_similar_table() {
        let names = ["agents", "agent_tasks", "missions", "profiles"];
        assert_eq!(similar("agent", &names), Some("agents"));
        assert_eq!(similar("tasks", &names), Some("agent_tasks"));
        assert_eq!(similar("mission", &names), Some("missions"));
        assert_eq!(similar("zzz", &names), None);
        assert_eq!(similar("agents", &[]), None);
    }
}
