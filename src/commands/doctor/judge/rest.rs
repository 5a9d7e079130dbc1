//! Reading one table.

use serde_json::Value;

use super::super::check::Check;
use client::probe::Answer;
use model::schema;
use model::{Kind, KindMapping, Record, noun};

const NAME: &str = "rest";

/// What reading a table showed.
#[derive(Debug, Clone, Copy)]
pub struct Look<'l> {
    pub kind: Kind,
    pub of: &'l KindMapping,
    /// The database role that asked.
    pub role: &'l str,
    /// Keys in order with an exact count, at most [`Look::ASKED`].
    pub keys: &'l Result<Answer, String>,
    /// One whole row; asked for once the table is known to be there.
    pub row: Option<&'l Result<Answer, String>>,
    /// Of a table without rows: which of the columns that may say when a row was changed it has.
    pub stamp: Option<&'l str>,
}

impl Look<'_> {
    /// One more than the default page of a hosted project.
    pub const ASKED: usize = 1_001;

    fn name(&self) -> String {
        format!("{}.{}", self.of.schema, self.of.table)
    }
}

/// Whether the wall can read the table.
pub fn table(look: Look<'_>) -> Check {
    let answer = match look.keys {
        Ok(answer) => answer,
        Err(problem) => {
            return Check::failed(NAME, problem.clone())
                .of_table(look.name())
                .means("REST does not answer: without it there are no snapshots and the wall shows nothing")
                .remedy("check rest_url; on a server of your own, that PostgREST is running behind the gateway");
        }
    };
    let check = match answer.status {
        200 | 206 => readable(look, answer),
        _ => refused(look, answer),
    };
    check.of_table(look.name()).took(answer.took)
}

fn readable(look: Look<'_>, answer: &Answer) -> Check {
    let Some(Value::Array(keys)) = answer.json() else {
        return Check::failed(NAME, "the answer is not JSON")
            .means("something else than PostgREST answers at this address")
            .remedy("set rest_url to the project's REST interface, https://<project-ref>.supabase.co/rest/v1");
    };
    let of = look.of;
    let name = schema::qualified(&of.schema, &of.table);
    if keys.is_empty() && answer.total.unwrap_or(0) == 0 {
        let check = Check::warning(NAME, "readable, 0 rows")
            .means(format!(
                "the table is empty, or row-level security shows no row of it to {}: both look the same from here",
                look.role
            ))
            .remedy(
                "run the first statement: if it counts rows, the second one shows them to everybody with the key; \
                 or narrow it, and sign in ([auth])",
            )
            .sql(format!(
                "select count(*) from {name};\n{}",
                schema::policy(&of.schema, &of.table, look.role)
            ));
        return match look.stamp {
            Some(_) => check,
            None => check.found_also("no column says when a row was changed"),
        };
    }
    let mut found = match answer.total {
        Some(total) => format!("{total} {}", noun(total, "row", "rows")),
        None => format!("at least {} rows (not counted)", keys.len()),
    };
    let most = answer
        .total
        .map_or(keys.len(), |total| usize::try_from(total).unwrap_or(usize::MAX));
    if keys.len() < most.min(Look::ASKED) {
        found.push_str(&format!(", pages of {} at most", keys.len()));
    }
    let row = match look.row {
        Some(Ok(answer)) => answer.json().and_then(|value| first(&value)),
        _ => None,
    };
    let Some(row) = row else {
        return Check::warning(NAME, found)
            .means("a whole row could not be read, though keys can: a column may be closed to this role")
            .remedy("let the role select every column")
            .sql(schema::grant(&of.schema, &of.table, look.role));
    };
    if row.get(&of.id).is_none_or(|cell| cell.is_null()) {
        return Check::failed(NAME, found)
            .means(format!("a row has no {}: rows cannot be told apart", of.id))
            .remedy(format!("set the key column: [tables.{}] id", look.kind.plural()));
    }
    // The wall asks PostgREST for keys greater than the last one: no page would ever be the last.
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
    let mut lacks = Vec::new();
    for (what, role, names) in [
        ("says the status", "status", &of.status),
        ("is a label", "label", &of.label),
        ("says when a row was changed", "updated_at", &of.updated_at),
    ] {
        if !names.is_empty() && !has(names) {
            lacks.push((what, role));
        }
    }
    if lacks.is_empty() {
        return Check::ok(NAME, found);
    }
    let whats: Vec<&str> = lacks.iter().map(|(what, _)| *what).collect();
    let roles: Vec<&str> = lacks.iter().map(|(_, role)| *role).collect();
    let columns: Vec<&str> = row.iter().map(|(column, _)| &**column).take(MOST_COLUMNS).collect();
    let check = Check::warning(NAME, format!("{found}; no column {}", whats.join(", none ")))
        .means(format!(
            "of these the wall shows less than it could; the columns are {}",
            columns.join(", ")
        ))
        .remedy(format!(
            "name the column in [tables.{}] {}",
            look.kind.plural(),
            roles.join(", ")
        ));
    if roles.contains(&"updated_at") {
        check.found_remedy("; `opswall schema` prints a column and trigger for the last change")
    } else {
        check
    }
}

/// Most columns that are listed.
const MOST_COLUMNS: usize = 40;

fn refused(look: Look<'_>, answer: &Answer) -> Check {
    let of = look.of;
    let plural = look.kind.plural();
    let name = look.name();
    let code = answer.code();
    let message = answer.message();
    let found = match (message.as_str(), code.as_str()) {
        ("", "") => format!("HTTP {}", answer.status),
        (text, "") => format!("HTTP {}: {text}", answer.status),
        (text, code) => format!("HTTP {}: {text} ({code})", answer.status),
    };
    let check = Check::failed(NAME, found);
    match (answer.status, code.as_str()) {
        (_, "42703" | "PGRST204") => {
            let columns = match look.row {
                Some(Ok(row)) => row.json().and_then(|value| first(&value)),
                _ => None,
            };
            let columns: Vec<String> = columns
                .iter()
                .flat_map(Record::iter)
                .map(|(column, _)| column.to_string())
                .take(MOST_COLUMNS)
                .collect();
            let has = match columns.is_empty() {
                true => String::new(),
                false => format!("; it has {}", columns.join(", ")),
            };
            check
                .means(format!(
                    "{name} has no column {}, which should be its primary key{has}",
                    of.id
                ))
                .remedy(format!("set the key column: [tables.{plural}] id"))
        }
        (_, "42501") => check
            .means(format!("the role {} may not read {name}", look.role))
            .remedy("grant it the right, and give it a policy if row-level security is on; or sign in ([auth])")
            .sql(format!(
                "{}\n{}",
                schema::grant(&of.schema, &of.table, look.role),
                schema::policy(&of.schema, &of.table, look.role)
            )),
        (_, "PGRST106") => check
            .means(format!("the API does not serve the schema {}", of.schema))
            .remedy("add it to the exposed schemas (API settings of the project), or correct --schema"),
        (_, "57014") => check
            .means("counting the rows took longer than the role's statement timeout")
            .remedy("give the role more time, or the table fewer rows")
            .sql(format!(
                "alter role {} set statement_timeout = '8s';",
                schema::quoted(look.role)
            )),
        (404, "42P01" | "PGRST205") => {
            let hint = answer.field("hint");
            check
                .means(format!(
                    "there is no table {name}, or the API does not know it yet. {hint}"
                ))
                .remedy(format!(
                    "name your table with --{plural}-table, or make it with `opswall schema`; the statement lets the \
                     API look again"
                ))
                .sql("notify pgrst, 'reload schema';")
        }
        (401, "PGRST301" | "PGRST302" | "PGRST303") => check
            .means("the token is not accepted: it has expired, or was made for another server")
            .remedy("copy the publishable key again from the project's API settings; check this machine's date"),
        (401 | 403, _) => check.means("the key is refused").remedy(
            "copy the publishable key again from the project's API settings (--key or SUPABASE_PUBLISHABLE_KEY)",
        ),
        (300..=399, _) => check
            .means("the server sends us elsewhere, which is not followed because the key would go with it")
            .remedy("set the final address as the URL"),
        (404, _) => check
            .means("there is no REST interface at this address")
            .remedy("check rest_url; rest_url = \"none\" runs on the stream alone"),
        (429, _) => check
            .means("the project is asked too much")
            .remedy("try again in a minute; see who else asks"),
        (500.., _) => check
            .means("REST or its database is down or starting")
            .remedy("wait a minute; look at the project's status"),
        _ => check.means("REST does not understand what is asked").remedy(format!(
            "check the names in [tables.{plural}], and that rest_url is a PostgREST"
        )),
    }
}

fn first(rows: &Value) -> Option<Record> {
    serde_json::from_value(rows.as_array()?.first()?.clone()).ok()
}

impl Check {
    fn found_also(mut self, text: &str) -> Self {
        self.found.push_str("; ");
        self.found.push_str(text);
        self
    }

    fn found_remedy(mut self, text: &str) -> Self {
        self.remedy.push_str(text);
        self
    }
}
