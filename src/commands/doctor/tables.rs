//! Whether each table can be read over REST.

use std::io::Write;

use serde_json::Value;
use url::Url;

use super::{
    check::Check,
    checked::Checked,
    report::Report,
    requests::{Query, Requests},
    steps::{Blocker, Reader, Target},
};
use client::probe::{ProbeAnswer, Shape};
use model::{Record, RowId, SourceMapping, format::counted, schema};
use realtime::POLL_INTERVAL;

const NAME: &str = "rest";
/// Most keys requested of a table: one more than the default page of a hosted project.
const MAX_KEYS: usize = 1_001;
/// Most columns that are listed.
const MAX_COLUMNS: usize = 40;
/// What it means that a table has no primary key.
pub(super) fn no_key_means() -> String {
    format!(
        "changes of a table without a primary key come without their rows, so the wall cannot follow it and reads it every {} s",
        POLL_INTERVAL.as_secs()
    )
}

/// What reading a table showed of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Whether it exists.
    pub(super) exists: Option<bool>,
    /// What its definition looks like.
    pub(super) shape: Option<Shape>,
    /// The role may not select from it.
    pub(super) is_denied: bool,
}

/// Checks each table; returns what is known of them.
pub(super) async fn check<W: Write>(
    report: &mut Report<W>,
    target: &Target,
    requests: &Requests,
    reader: &Reader,
    tables: &[Checked],
    blocker: Blocker,
) -> Vec<Known> {
    let mut known = vec![Known::default(); tables.len()];
    let mut is_silent = false;
    for (table, known) in tables.iter().zip(&mut known) {
        let name = table_name(&table.of);
        let base = match (&target.feed.rest_url, blocker) {
            (None, _) => {
                report.add(Check::skipped(NAME, "rest_url is none: only the stream is used").of_table(name));
                continue;
            }
            (Some(_), Some(blocker)) => {
                report.add(Check::blocked(NAME, blocker).of_table(name));
                continue;
            }
            (Some(_), None) if is_silent => {
                report.add(Check::skipped(NAME, "because there was no answer for an earlier table").of_table(name));
                continue;
            }
            (Some(base), None) => base,
        };
        let read = read(requests, base, table, reader).await;
        report.add(diagnose(&read));
        match &read.keys {
            Ok(answer) => {
                *known = Known {
                    exists: exists(answer),
                    shape: read.shape,
                    is_denied: answer.code() == "42501",
                };
            }
            Err(_) => is_silent = true,
        }
    }
    known
}

/// The table's name in the report.
pub(super) fn table_name(of: &SourceMapping) -> String {
    format!("{}.{}", of.schema, of.table)
}

/// What reading a table gave.
struct Read<'r> {
    table: &'r Checked,
    of: &'r SourceMapping,
    /// The database role that read.
    role: &'r str,
    /// Keys in order with an exact count, at most [`MAX_KEYS`].
    keys: Result<ProbeAnswer, String>,
    /// One whole row; requested once the table is known to exist.
    row: Option<Result<ProbeAnswer, String>>,
    /// What its definition looks like; requested once the table is known to exist.
    shape: Option<Shape>,
    /// An empty table has one of the columns for the time of a row's last change.
    has_updated_at: bool,
}

/// Reads keys and one whole row.
async fn read<'r>(requests: &Requests, base: &Url, table: &'r Checked, reader: &'r Reader) -> Read<'r> {
    let of = &table.of;
    let keys = keys(requests, base, of).await;
    let (mut row, mut has_updated_at) = (None, false);
    match &keys {
        Ok(answer) if is_empty(answer) => {
            has_updated_at = of.updated_at.is_empty() || has_any_updated_at(requests, base, of).await;
        }
        Ok(answer) if answer.status < 300 || answer.code() == "42703" => {
            row = Some(requests.rows(base, of, first(&[])).await);
        }
        _ => {}
    }
    let shape = match &keys {
        Ok(answer) if answer.status < 300 => requests.shape(base, of).await,
        _ => None,
    };
    Read {
        table,
        of,
        role: &reader.role,
        keys,
        row,
        shape,
        has_updated_at,
    }
}

/// A query for the first row.
fn first(columns: &[String]) -> Query<'_> {
    Query {
        columns,
        limit: 1,
        is_counted: false,
    }
}

/// Keys in order and counted; without the count where counting exceeds the statement timeout.
async fn keys(requests: &Requests, base: &Url, of: &SourceMapping) -> Result<ProbeAnswer, String> {
    let query = |is_counted| Query {
        columns: &of.id,
        limit: MAX_KEYS,
        is_counted,
    };
    match requests.rows(base, of, query(true)).await {
        Ok(answer) if answer.code() == "57014" => requests.rows(base, of, query(false)).await,
        answer => answer,
    }
}

/// Whether a table without rows has a column for the time of a row's last change: REST accepts the selection then.
async fn has_any_updated_at(requests: &Requests, base: &Url, of: &SourceMapping) -> bool {
    /// Most columns that are tried.
    const MAX_TRIED: usize = 4;
    for name in of.updated_at.iter().take(MAX_TRIED) {
        let answer = requests.rows(base, of, first(std::slice::from_ref(name))).await;
        if answer.is_ok_and(|answer| answer.status < 300) {
            return true;
        }
    }
    false
}

fn is_empty(answer: &ProbeAnswer) -> bool {
    answer.status < 300
        && answer
            .json()
            .is_some_and(|rows| rows.as_array().is_some_and(Vec::is_empty))
}

/// Whether the table exists, as far as the answer shows it.
fn exists(answer: &ProbeAnswer) -> Option<bool> {
    if answer.status == 404 && !answer.code().is_empty() {
        Some(false)
    } else {
        (answer.status < 300).then_some(true)
    }
}

/// Whether the wall can read the table.
fn diagnose(read: &Read<'_>) -> Check {
    let name = table_name(read.of);
    let answer = match &read.keys {
        Ok(answer) => answer,
        Err(problem) => {
            return Check::failed(NAME, problem.clone())
                .of_table(name)
                .means("REST does not answer: without it there are no snapshots and the wall shows nothing")
                .remedy("check rest_url; on a self-hosted server, check that PostgREST is running behind the gateway");
        }
    };
    let check = match answer.status {
        200 | 206 => readable(read, answer),
        _ => refused(read, answer),
    };
    check.of_table(name).took(answer.took)
}

fn readable(read: &Read<'_>, answer: &ProbeAnswer) -> Check {
    let Some(Value::Array(keys)) = answer.json() else {
        return Check::failed(NAME, "the answer is not JSON")
            .means("another service than PostgREST answers at this address")
            .remedy("set rest_url to the project's REST interface, https://<project-ref>.supabase.co/rest/v1");
    };
    if keys.is_empty() && answer.total.unwrap_or(0) == 0 {
        return empty(read);
    }
    let mut found = match answer.total {
        Some(total) => counted(total, "row", "rows"),
        None => format!("at least {} (not counted)", counted(keys.len() as u64, "row", "rows")),
    };
    let total = answer
        .total
        .map_or(keys.len(), |total| usize::try_from(total).unwrap_or(usize::MAX));
    if keys.len() < total.min(MAX_KEYS) {
        found.push_str(&format!(", pages of {} at most", keys.len()));
    }
    let Some(row) = read.first_row() else {
        return Check::warning(NAME, found)
            .means("a whole row could not be read, though keys can: a column may be closed to this role")
            .remedy("let the role select every column")
            .sql(schema::grant(&read.of.schema, &read.of.table, read.role));
    };
    // The wall requests the keys greater than the last one: without keys no page would ever be the last.
    if RowId::of_key(&read.of.id, |column| row.get(column)).is_none() {
        return Check::failed(NAME, found)
            .means(format!(
                "a row has no {}, so rows cannot be told apart",
                key_columns(read.of)
            ))
            .remedy(key_remedy(read.table));
    }
    if let Some(column) = read.table.companion.as_ref().filter(|column| row.get(column).is_none()) {
        return Check::failed(NAME, format!("{found}; no column {column}"))
            .means(format!(
                "it completes no row, because {column} has to name the row that each of its rows belongs to; its columns \
                 are {}",
                column_names(&row).join(", ")
            ))
            .remedy(format!("correct key in {}", read.table.section()));
    }
    let repeated = repeated_ids(read.of, &keys);
    if repeated > 0 {
        return duplicates(read, &found, repeated, keys.len());
    }
    let check = columns(read, found, &row);
    match read.shape {
        Some(Shape::Keyless) => keyless(read, check),
        _ => check,
    }
}

/// The key columns of the settings, as they are shown.
fn key_columns(of: &SourceMapping) -> String {
    of.id.join(", ")
}

/// What to do about a wrong key column.
fn key_remedy(table: &Checked) -> String {
    format!("set the key column: id in {}", table.section())
}

/// The rows that have the id of the row before them. Rows come in the order of the key, so that equal ids are neighbours.
fn repeated_ids(of: &SourceMapping, rows: &[Value]) -> usize {
    let id = |row: &Value| {
        let record: Record = serde_json::from_value(row.clone()).ok()?;
        RowId::of_key(&of.id, |column| record.get(column))
    };
    let ids: Vec<Option<RowId>> = rows.iter().map(id).collect();
    let neighbours = ids.iter().zip(ids.iter().skip(1));
    neighbours.filter(|(one, next)| one.is_some() && one == next).count()
}

/// Rows that share an id.
fn duplicates(read: &Read<'_>, found: &str, repeated: usize, rows: usize) -> Check {
    let key = key_columns(read.of);
    Check::warning(
        NAME,
        format!(
            "{found}; of the first {rows}, {} the {key} of another row",
            match repeated {
                1 => "1 has".to_owned(),
                many => format!("{many} have"),
            }
        ),
    )
    .means(format!(
        "{key} does not identify a row: the wall shows rows with the same {key} as one, as the last of them was read or \
         changed"
    ))
    .remedy(format!(
        "name every column of the primary key in {}: id = [\"…\", \"…\"]; the statement lists them",
        read.table.section()
    ))
    .sql(schema::list_primary_key(&read.of.schema, &read.of.table))
}

/// A view that can be written to may look like a table without a key.
const ADD_KEY: &str = "add a primary key; if it is a view, which cannot have one, name the table that it reads instead";

/// A table without a primary key, of which something else may have been found, too.
fn keyless(read: &Read<'_>, check: Check) -> Check {
    let of = read.of;
    let keyless = Check::warning(NAME, check.found).also_found("no primary key");
    if !check.remedy.is_empty() {
        return keyless
            .means(format!("{}; and {}", check.means, no_key_means()))
            .remedy(format!("{}; and {ADD_KEY}", check.remedy))
            .sql(schema::primary_key(&of.schema, &of.table, &of.id));
    }
    keyless
        .means(no_key_means())
        .remedy(ADD_KEY)
        .sql(schema::primary_key(&of.schema, &of.table, &of.id))
}

/// A table that shows no row to this role.
fn empty(read: &Read<'_>) -> Check {
    let of = read.of;
    let name = schema::qualified(&of.schema, &of.table);
    let check = Check::warning(NAME, "readable, 0 rows")
        .means(format!(
            "the table is empty, or row-level security hides every row from {}; REST answers the same in both cases",
            read.role
        ))
        .remedy(
            "run the first statement: if it counts rows, the second one shows them to everybody with the key; or \
             restrict it, and sign in ([auth])",
        )
        .sql(format!(
            "select count(*) from {name};\n{}",
            schema::policy(&of.schema, &of.table, read.role)
        ));
    if read.has_updated_at {
        check
    } else {
        check.also_found("no column says when a row was changed")
    }
}

/// Whether the row has columns for the roles that the wall shows most of.
fn columns(read: &Read<'_>, found: String, row: &Record) -> Check {
    let of = read.of;
    let has = |names: &[String]| {
        names.iter().any(|name| {
            let root = name
                .trim_start_matches('/')
                .split(['.', '/'])
                .next()
                .unwrap_or_default();
            row.get(name).is_some() || row.get(root).is_some()
        })
    };
    let missing: Vec<(&str, &str)> = [
        ("says the status", "status", &of.status),
        ("is a label", "label", &of.label),
        ("says when a row was changed", "updated_at", &of.updated_at),
    ]
    .into_iter()
    .filter(|(_, _, names)| !names.is_empty() && !has(names))
    .map(|(what, role, _)| (what, role))
    .collect();
    if missing.is_empty() {
        return Check::ok(NAME, found);
    }
    let whats: Vec<&str> = missing.iter().map(|(what, _)| *what).collect();
    let roles: Vec<&str> = missing.iter().map(|(_, role)| *role).collect();
    let mut remedy = format!(
        "name the column in the [[sources]] of {}: {}",
        read.of.name(),
        roles.join(", ")
    );
    if roles.contains(&"updated_at") {
        remedy.push_str("; `opswall schema` prints a column and trigger for the last change");
    }
    Check::warning(NAME, format!("{found}; no column {}", whats.join(", none ")))
        .means(format!(
            "the wall shows less of these rows than it could; the columns are {}",
            column_names(row).join(", ")
        ))
        .remedy(remedy)
}

fn column_names(row: &Record) -> Vec<&str> {
    row.iter().map(|(column, _)| &**column).take(MAX_COLUMNS).collect()
}

/// Meaning and remedy of a refusal, by the status and the error code of PostgREST or PostgreSQL.
fn refused(read: &Read<'_>, answer: &ProbeAnswer) -> Check {
    let of = read.of;
    let (code, message) = (answer.code(), answer.message());
    let found = match (message.as_str(), code.as_str()) {
        ("", "") => format!("HTTP {}", answer.status),
        (text, "") => format!("HTTP {}: {text}", answer.status),
        (text, code) => format!("HTTP {}: {text} ({code})", answer.status),
    };
    let check = Check::failed(NAME, found);
    match code.as_str() {
        "42703" | "PGRST204" => no_key_column(read, check),
        "42501" => check
            .means(format!("the role {} may not read {}", read.role, table_name(of)))
            .remedy("grant it the right, and give it a policy if row-level security is on; or sign in ([auth])")
            .sql(format!(
                "{}\n{}",
                schema::grant(&of.schema, &of.table, read.role),
                schema::policy(&of.schema, &of.table, read.role)
            )),
        "PGRST106" => check
            .means(format!("the API does not serve the schema {}", of.schema))
            .remedy("add it to the exposed schemas (API settings of the project), or correct --schema"),
        "57014" => check
            .means("counting the rows took longer than the role's statement timeout")
            .remedy("give the role more time, or the table fewer rows")
            .sql(format!(
                "alter role {} set statement_timeout = '8s';",
                schema::quoted(read.role)
            )),
        "42P01" | "PGRST205" if answer.status == 404 => check
            .means(
                format!(
                    "there is no table {}, or the API has not loaded it yet. {}",
                    table_name(of),
                    answer.field("hint")
                )
                .trim_end(),
            )
            .remedy(format!(
                "{}, or create it with `opswall schema`; the statement makes the API reload its schema",
                read.table.rename()
            ))
            .sql("notify pgrst, 'reload schema';"),
        "PGRST301" | "PGRST302" | "PGRST303" if answer.status == 401 => check
            .means("the token is not accepted: it has expired, or was issued for another server")
            .remedy("copy the publishable key again from the project's API settings; check this machine's date"),
        _ => refused_status(read, check, answer.status),
    }
}

/// Meaning and remedy of a refusal whose error code is unknown, by its HTTP status.
fn refused_status(read: &Read<'_>, check: Check, status: u16) -> Check {
    match status {
        401 | 403 => check.means("the key is refused").remedy(
            "copy the publishable key again from the project's API settings (--key or SUPABASE_PUBLISHABLE_KEY)",
        ),
        300..=399 => check
            .means("the server redirects elsewhere, which is not followed because the key would be sent along")
            .remedy("set the final address as the URL"),
        404 => check
            .means("there is no REST interface at this address")
            .remedy("check rest_url; rest_url = \"none\" uses only the stream"),
        429 => check
            .means("the project receives too many requests")
            .remedy("try again in a minute; find out who else sends requests"),
        500.. => check
            .means("REST or its database is down or starting")
            .remedy("wait a minute; look at the project's status"),
        _ => check.means("REST does not understand the request").remedy(format!(
            "check the names in {}, and that rest_url is a PostgREST",
            read.table.section()
        )),
    }
}

fn no_key_column(read: &Read<'_>, check: Check) -> Check {
    let has = match read.first_row() {
        Some(row) if !row.is_empty() => format!("; it has {}", column_names(&row).join(", ")),
        _ => String::new(),
    };
    check
        .means(format!(
            "{} has no column {}, which should be its primary key{has}",
            table_name(read.of),
            key_columns(read.of)
        ))
        .remedy(key_remedy(read.table))
}

impl Read<'_> {
    /// The row that was read, if it could be.
    fn first_row(&self) -> Option<Record> {
        let rows = self.row.as_ref()?.as_ref().ok()?.json()?;
        serde_json::from_value(rows.as_array()?.first()?.clone()).ok()
    }
}
