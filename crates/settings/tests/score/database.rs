//! The facts of a fixture, read from the catalogue of a real PostgreSQL for the role of a publishable key.

use model::discover::{ColumnFacts, NameQueue, TableFacts};

use crate::postgres::Postgres;

/// A server whose new databases are as those of a Supabase project. `None` where PostgreSQL is not installed.
pub(crate) fn start() -> Option<Postgres> {
    let server = Postgres::start()?;
    server.script(&format!("\\connect template1\n{}", demo::PREPARATION));
    Some(server)
}

/// Loads a fixture into a database of its own and reads what is known of its tables.
pub(crate) fn facts(postgres: &Postgres, name: &str, fixture: &str) -> Vec<TableFacts> {
    postgres.ask(&format!("create database {name}"));
    postgres.ask(&format!(
        "alter database {name} set search_path to \"$user\", public, extensions"
    ));
    postgres.script(&format!("\\connect {name}\n{fixture}\nanalyze;"));
    let host = postgres.ask("show unix_socket_directories").replace('/', "%2F");
    let address = format!("postgresql://postgres@{host}/{name}").into();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let read = catalogue::read(&address, "anon");
    let tables = runtime.expect("a runtime").block_on(read).expect("the catalogue");
    postgres.ask(&format!("drop database {name} with (force)"));
    tables.into_iter().map(|table| table.facts).collect()
}

/// What REST alone shows of these tables: those that the search finds by names and by the server's hints, with the columns
/// of their rows.
pub(crate) fn by_rest(facts: &[TableFacts]) -> Vec<TableFacts> {
    let mut queue = NameQueue::new("public", settings::presets());
    let mut schemas: Vec<String> = facts.iter().map(|of| of.schema.clone()).collect();
    schemas.push("public".to_owned());
    let mut found: Vec<TableFacts> = Vec::new();
    let mut requests = 0;
    while let Some(ask) = queue.take(requests, found.len()) {
        requests += 1;
        let of_schema = || facts.iter().filter(|of| of.schema == ask.schema);
        match of_schema().find(|of| of.table == ask.table) {
            _ if !schemas.contains(&ask.schema) => queue.not_exposed(&ask, &schemas),
            Some(of) if of.is_denied => {
                queue.denied(&ask);
                found.push(shown_by_rest(of));
            }
            Some(of) => {
                let shown = shown_by_rest(of);
                queue.found(&ask, &shown);
                found.push(shown);
            }
            None => {
                let names: Vec<&str> = of_schema().map(|of| of.table.as_str()).collect();
                queue.missing(&ask, demo::similar(&ask.table, &names));
            }
        }
    }
    if std::env::var_os("ASKED").is_some() {
        let names: Vec<&str> = found.iter().map(|of| of.table.as_str()).collect();
        println!("{requests} requests, found {}", names.join(" "));
    }
    found
}

fn shown_by_rest(of: &TableFacts) -> TableFacts {
    let names = of
        .rows
        .first()
        .map(|row| row.header().names().to_vec())
        .unwrap_or_default();
    let column = |name: &std::sync::Arc<str>| ColumnFacts {
        name: name.to_string(),
        ..ColumnFacts::default()
    };
    TableFacts {
        form: None,
        columns: names.iter().map(column).collect(),
        key: None,
        unique: Vec::new(),
        is_published: None,
        ..of.clone()
    }
}
