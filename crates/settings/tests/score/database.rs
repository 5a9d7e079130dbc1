//! The facts of a fixture, read from a real PostgreSQL as the role of a publishable key.

use std::{fs, path::Path};

use model::{
    Record,
    discover::{ColumnFacts, ForeignColumn, MAX_SAMPLE, TableFacts, TableForm},
};
use serde::Deserialize;

use crate::postgres::Postgres;

#[derive(Deserialize)]
struct Table {
    schema: String,
    table: String,
    form: String,
    columns: Vec<Column>,
    constraints: Vec<Constraint>,
    published: bool,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    r#type: String,
    labels: Vec<String>,
}

#[derive(Deserialize)]
struct Constraint {
    r#type: String,
    definition: String,
    columns: Option<Vec<String>>,
    schema: Option<String>,
    table: Option<String>,
    refers: Option<Vec<String>>,
}

const MARK: &str = "---- the next table ----";

fn run(postgres: &Postgres, database: &str, sql: &str, file: &Path, stop: bool) -> String {
    fs::write(file, sql).expect("a file");
    let on_error = if stop { "ON_ERROR_STOP=1" } else { "ON_ERROR_STOP=0" };
    let output = postgres.psql(["-d", database, "-v", on_error, "-f", file.to_str().expect("a path")]);
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || !stop, "{database}: {problems}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Loads a fixture into a database of its own and reads what is known of its tables.
pub(crate) fn facts(postgres: &Postgres, name: &str, fixture: &str, folder: &Path) -> Vec<TableFacts> {
    let file = folder.join("score.sql");
    postgres.ask(&format!("create database {name}"));
    run(postgres, name, include_str!("prelude.sql"), &file, true);
    run(postgres, name, fixture, &file, true);
    let tables = run(postgres, name, include_str!("tables.sql"), &file, true);
    let tables: Vec<Table> = serde_json::from_str(tables.trim()).expect("the tables");
    let quoted = |name: &str| model::schema::quoted(name);
    let mut sql = String::from("set role anon;\n");
    for table in &tables {
        sql.push_str(&format!(
            "\\echo {MARK}\nselect coalesce(json_agg(t), '[]') from (select * from {}.{} limit {MAX_SAMPLE}) t;\n",
            quoted(&table.schema),
            quoted(&table.table)
        ));
    }
    let answers = run(postgres, name, &sql, &file, false);
    let answers: Vec<&str> = answers.split(MARK).skip(1).map(str::trim).collect();
    assert_eq!(answers.len(), tables.len(), "{name}");
    let facts = tables
        .into_iter()
        .zip(answers)
        .map(|(table, rows)| of(table, rows))
        .collect();
    postgres.ask(&format!("drop database {name}"));
    facts
}

fn of(table: Table, rows: &str) -> TableFacts {
    let rows: Option<Vec<Record>> = (!rows.is_empty()).then(|| serde_json::from_str(rows).expect("rows"));
    let of_type = |wanted: &'static str| table.constraints.iter().filter(move |known| known.r#type == wanted);
    let column = |column: &Column| {
        let is_only = |known: &&Constraint| known.columns.as_deref().unwrap_or_default() == [column.name.clone()];
        let reference = of_type("f").find(is_only).and_then(|known| {
            Some(ForeignColumn {
                schema: known.schema.clone()?,
                table: known.table.clone()?,
                column: known.refers.clone()?.first()?.clone(),
            })
        });
        let checked = of_type("c").find(is_only).map(|known| words_of(&known.definition));
        ColumnFacts {
            name: column.name.clone(),
            type_name: Some(column.r#type.clone()),
            words: match column.labels.is_empty() {
                true => checked.unwrap_or_default(),
                false => column.labels.clone(),
            },
            refers_to: reference,
        }
    };
    let unique = of_type("u").filter_map(|known| match known.columns.as_deref() {
        Some([column]) => Some(column.clone()),
        _ => None,
    });
    TableFacts {
        form: Some(match table.form.as_str() {
            "r" => TableForm::Table,
            "p" => TableForm::Partitioned { via_root: false },
            _ => TableForm::View,
        }),
        columns: table.columns.iter().map(column).collect(),
        key: Some(
            of_type("p")
                .next()
                .and_then(|known| known.columns.clone())
                .unwrap_or_default(),
        ),
        unique: unique.collect(),
        count: rows.as_ref().map(|rows| rows.len() as u64),
        is_published: Some(table.published),
        refusal: rows.is_none().then(|| "may not be read".to_owned()),
        is_denied: rows.is_none(),
        rows: rows.unwrap_or_default(),
        schema: table.schema,
        table: table.table,
    }
}

/// The texts of a check like `status = ANY (ARRAY['a'::text, 'b'::text])`.
fn words_of(definition: &str) -> Vec<String> {
    if !definition.contains("ANY") && !definition.contains('=') {
        return Vec::new();
    }
    definition.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
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
