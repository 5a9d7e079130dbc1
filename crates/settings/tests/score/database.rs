//! The facts of a fixture, read from the catalogue of a real PostgreSQL for the role of a publishable key.

use model::discover::{ColumnFacts, TableFacts};

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

/// What REST alone shows of these tables: those of the schema `public` that are asked for by name, with the columns of
/// their rows.
pub(crate) fn by_rest(facts: &[TableFacts]) -> Vec<TableFacts> {
    let is_of_preset = |of: &TableFacts| {
        settings::presets().iter().any(|preset| {
            let mut sources = preset.sources.iter();
            sources.any(|source| source.schema == of.schema && source.table == of.table)
        })
    };
    let mut asked: Vec<String> = model::discover::candidates()
        .map(|candidate| candidate.table.to_owned())
        .collect();
    let mut found: Vec<TableFacts> = Vec::new();
    // What is found names what to ask for next.
    for _ in 0..3 {
        let is_found = |of: &TableFacts| {
            found
                .iter()
                .any(|known| known.schema == of.schema && known.table == of.table)
        };
        let new = facts
            .iter()
            .filter(|of| !is_found(of) && ((of.schema == "public" && asked.contains(&of.table)) || is_of_preset(of)));
        let new: Vec<TableFacts> = new.map(shown_by_rest).collect();
        found.extend(new);
        asked.extend(model::discover::further(&found));
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
