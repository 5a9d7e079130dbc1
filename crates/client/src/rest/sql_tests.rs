//! The reads of this crate on a real PostgreSQL: as the SQL that PostgREST makes of their addresses, because PostgREST itself
//! is in no package registry.

#[path = "../../../../tests/support/postgres.rs"]
#[allow(
    dead_code,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "shared with other tests, which use more of it"
)]
mod postgres;

use super::*;
use model::Cell;
use postgres::Postgres;
use realtime::NewestRows;

/// Splits at commas outside of brackets and quotes.
fn split(list: &str) -> Vec<String> {
    let (mut depth, mut is_quoted, mut parts) = (0, false, vec![String::new()]);
    for letter in list.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            ',' if !is_quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("a part").push(letter);
    }
    parts
}

/// A condition such as `id.gt.5`, `updated_at.not.is.null`, `and(a.eq."x",b.gt."y")`, as SQL.
fn condition(text: &str) -> String {
    for word in ["and", "or"] {
        let inner = text.strip_prefix(word).and_then(|rest| rest.strip_prefix('('));
        if let Some(inner) = inner.and_then(|rest| rest.strip_suffix(')')) {
            let conditions: Vec<String> = split(inner).iter().map(|part| condition(part)).collect();
            return format!("({})", conditions.join(&format!(" {word} ")));
        }
    }
    let (column, test) = text.split_once('.').expect("a test");
    if test == "not.is.null" {
        return format!("{column} is not null");
    }
    let (operator, value) = test.split_once('.').expect("a value");
    let operator = match operator {
        "gt" => ">",
        "gte" => ">=",
        "eq" => "=",
        other => panic!("{other}"),
    };
    format!("{column} {operator} '{}'", value.trim_matches('"'))
}

/// The query that PostgREST makes of an address.
fn sql(url: &Url) -> String {
    let table = url.path_segments().and_then(Iterator::last).expect("a table");
    let (mut columns, mut conditions) = (String::new(), Vec::new());
    let (mut order, mut window) = (String::new(), String::new());
    for (name, value) in url.query_pairs() {
        match &*name {
            "select" => columns = value.into_owned(),
            "order" => {
                let terms = value
                    .split(',')
                    .map(|term| term.replace(".nullslast", " nulls last").replace('.', " "));
                order = format!(" order by {}", terms.collect::<Vec<_>>().join(", "));
            }
            "limit" | "offset" => window += &format!(" {name} {value}"),
            "or" => conditions.push(condition(&format!("or{value}"))),
            column => conditions.push(condition(&format!("{column}.{value}"))),
        }
    }
    let filter = match conditions.is_empty() {
        true => String::new(),
        false => format!(" where {}", conditions.join(" and ")),
    };
    format!("select {columns} from {table}{filter}{order}{window}")
}

fn source(table: &str, key: &[&str]) -> Source {
    Source {
        schema: "public".into(),
        table: table.into(),
        key: key.iter().map(|name| (*name).to_owned()).collect(),
        ..Source::default()
    }
}

fn newest(source: &Source, with_nulls: bool, offset: usize, limit: usize) -> Url {
    let rows = ProbeRows::Newest(NewestRows {
        column: "updated_at".into(),
        with_nulls,
        offset,
        limit,
    });
    probe_url(&base(), source, &rows)
}

fn slice(source: &Source, after: Option<&str>, column: Option<&str>, limit: usize) -> Url {
    let rows = ProbeRows::After(RowSlice {
        after: after.map(RowId::from),
        limit,
        column: column.map(str::to_owned),
    });
    probe_url(&base(), source, &rows)
}

fn base() -> Url {
    Url::parse("https://x.supabase.co/rest/v1").expect("an address")
}

/// The rows as this crate reads them from the body that PostgREST makes.
fn rows(postgres: &Postgres, url: &Url) -> Page {
    let body = postgres.ask(&format!("select coalesce(json_agg(t), '[]') from ({}) t", sql(url)));
    page::read(body.as_bytes()).unwrap_or_else(|| panic!("{body}"))
}

fn texts(rows: &Page, column: &str) -> Vec<String> {
    let text = |cell: Option<Cell<'_>>| match cell {
        Some(Cell::Text(text)) => text.into_owned(),
        _ => "null".to_owned(),
    };
    rows.iter().map(|row| text(row.get(column))).collect()
}

fn plan(postgres: &Postgres, url: &Url) -> String {
    postgres.ask(&format!(
        "explain (analyze, costs off, timing off, summary off) {}",
        sql(url)
    ))
}

#[test]
fn audits_use_the_indexes_and_read_times_in_their_order() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.script(
        "create table tasks (id bigint primary key, updated_at timestamptz, body text);
         insert into tasks select n, '2026-11-01'::timestamptz + n * interval '1 s', repeat('x', 200)
           from generate_series(1, 100000) n;
         create index on tasks (updated_at);
         create table parts (org text, nr bigint, updated_at timestamptz, primary key (org, nr));
         insert into parts select 'org' || (n % 20), n, now() from generate_series(1, 100000) n;
         analyze;",
    );
    let tasks = source("tasks", &["id"]);
    let parts = source("parts", &["org", "nr"]);

    let shown = plan(&postgres, &newest(&tasks, false, 0, 8));
    assert!(
        shown.contains("Index Scan Backward using tasks_updated_at_idx") && !shown.contains("Seq Scan"),
        "{shown}"
    );
    let shown = plan(&postgres, &slice(&tasks, Some("50000"), Some("updated_at"), 5_000));
    assert!(
        shown.contains("Index Cond: (id > ") && shown.contains("rows=5000"),
        "{shown}"
    );
    let shown = plan(&postgres, &slice(&parts, Some("org5/500"), Some("updated_at"), 500));
    assert!(
        shown.contains("Index Cond: (org >= ") && !shown.contains("Seq Scan"),
        "{shown}"
    );
    let removed = shown
        .split("Rows Removed by Filter: ")
        .nth(1)
        .map_or("0", |rest| rest.trim());
    assert!(
        removed.parse::<u32>().expect("a number") < 5_000,
        "only those of the same organisation: {shown}"
    );

    // Slices are the whole table, each row once, for both kinds of key.
    let mut after: Option<RowId> = None;
    let mut seen = Vec::new();
    loop {
        let url = slice(&parts, after.as_ref().map(RowId::as_str), Some("updated_at"), 20_000);
        let page = rows(&postgres, &url);
        let Some(last) = page.last() else { break };
        after = parts.id_of(last);
        seen.extend(page.iter().filter_map(|row| parts.id_of(row)));
    }
    let distinct: std::collections::HashSet<&RowId> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (100_000, 100_000));
}

#[test]
fn the_newest_rows_come_in_microsecond_order_and_those_without_a_time_last_or_not_at_all() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.script(
        "create table tasks (id text primary key, updated_at timestamptz, note text);
         insert into tasks values
           ('a', '2026-11-23 10:00:00.123456+00', 'x'), ('b', '2026-11-23 12:00:00.123457+02', null),
           ('c', null, 'x'), ('d', '2026-11-23 10:00:00.1234+00', 'x'), ('e', '2026-11-23 10:00:00+00', 'x');
         alter database postgres set timezone = 'Asia/Kolkata';",
    );
    let tasks = source("tasks", &["id"]);
    let page = rows(&postgres, &newest(&tasks, true, 0, 1_000));
    assert_eq!(texts(&page, "id"), ["b", "a", "d", "e", "c"]);
    // The text is written in the session's time zone, and its decimals end at the last that is not 0.
    assert_eq!(
        texts(&page, "updated_at"),
        [
            "2026-11-23T15:30:00.123457+05:30",
            "2026-11-23T15:30:00.123456+05:30",
            "2026-11-23T15:30:00.1234+05:30",
            "2026-11-23T15:30:00+05:30",
            "null"
        ]
    );
    let page = rows(&postgres, &newest(&tasks, false, 0, 1_000));
    assert_eq!(texts(&page, "id"), ["b", "a", "d", "e"]);
    assert_eq!(texts(&rows(&postgres, &newest(&tasks, false, 3, 1_000)), "id"), ["e"]);
    let whole = rows(&postgres, &slice(&tasks, Some("a"), None, 2));
    assert_eq!(
        (texts(&whole, "id"), whole[0].len()),
        (vec!["b".to_owned(), "c".to_owned()], 3)
    );
}
