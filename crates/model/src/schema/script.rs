//! The whole script: schemas, roles, tables, indexes, the trigger, row-level security and the publication, in one
//! transaction that can be run repeatedly.

use std::fmt::Write as _;

use super::{
    PUBLICATION, SchemaError,
    columns::{self, Column},
    names::{self, derived, dollar_quoted, literal, qualified, quoted},
    remedy::publish_in_block,
};
use crate::{Kind, Mapping, SourceMapping};

/// The roles that may read: of a publishable key, and of a signed-in user.
const READERS: &str = "anon, authenticated";

const HEAD: &str = "\
-- The tables of a wall, for PostgreSQL 15 or newer: a Supabase project or any other server.
-- Run all of it, as often as you like:  opswall schema | psql \"$DATABASE_URL\"   or in the SQL editor.
--
-- Existing tables keep their rows and columns. They get the updated-at column if it is missing, the trigger and the
-- policy, and are added to the publication. Row-level security is switched on for them: your own policies decide what
-- clients may do besides reading. It does not apply to owners and to service_role.
--
-- On a self-hosted server Realtime also needs wal_level = logical, which only a restart changes.

begin;
set local client_min_messages = warning;
";

const TOUCH: &str = "
-- The time of the change itself. now() would be the start of the transaction: a long one would commit rows that look
-- older than rows that were read before, and two updates in it would have the same time.
";

const TABLES: &str = "
-- Links have no foreign keys: rows may arrive in any order, and the wall waits for the row that a link names.
-- Replica identity stays the default, the primary key: a delete then reports the key and an update the new row, which is
-- all that a wall needs; \"full\" would also write every old row to the log.
-- The index on the updated-at column serves the query for the newest change, which is sent each minute.
-- Everybody with the project's publishable key may read every row, and nobody may write through it. To restrict that,
-- remove anon from the grants and policies, narrow \"using (true)\", and let the wall sign in.
";

/// The script for these settings.
///
/// # Errors
/// When PostgreSQL would cut or refuse a name, or when two kinds share a table.
pub fn script(mapping: &Mapping) -> Result<String, SchemaError> {
    let mut sql = String::from(HEAD);
    let mut done: Vec<(Kind, &str, &str)> = Vec::new();
    let mut bodies = String::new();
    for of in mapping.sources() {
        names::check("schema", &of.schema, &of.table)?;
        names::check("table", &of.table, &of.table)?;
        let twin = done
            .iter()
            .find(|(_, schema, table)| *schema == of.schema && *table == of.table);
        if let Some((first, ..)) = twin {
            return Err(SchemaError::SameTable {
                first: first.plural(),
                second: of.kind.plural(),
                table: qualified(&of.schema, &of.table),
            });
        }
        done.push((of.kind, &of.schema, &of.table));
        table(&mut bodies, of, &columns::columns(of)?);
    }
    if !bodies.is_ascii() {
        sql.push_str("set local client_encoding = 'UTF8';\n");
    }
    roles(&mut sql);
    let mut schemas: Vec<&str> = done.iter().map(|(_, schema, _)| *schema).collect();
    schemas.sort_unstable();
    schemas.dedup();
    for schema in schemas {
        self::schema(&mut sql, schema);
    }
    sql.push_str(TOUCH);
    let mut stamps: Vec<(&str, String)> = mapping
        .sources()
        .iter()
        .filter_map(|of| Some((of.schema.as_str(), columns::updated_at(of)?)))
        .collect();
    stamps.sort_unstable();
    stamps.dedup();
    for (schema, column) in &stamps {
        touch_function(&mut sql, schema, column);
    }
    sql.push_str(TABLES);
    sql.push_str(&bodies);
    publication(&mut sql, &done);
    sql.push_str("\ncommit;\n");
    Ok(sql)
}

// Writing to a String cannot fail.
macro_rules! put {
    ($sql:expr, $($text:tt)*) => { let _ = writeln!($sql, $($text)*); };
}

fn roles(sql: &mut String) {
    let mut body = String::from("begin\n");
    for role in ["anon", "authenticated"] {
        put!(
            body,
            "  if not exists (select from pg_catalog.pg_roles where rolname = '{role}') then"
        );
        put!(body, "    create role {role} nologin noinherit;\n  end if;");
    }
    body.push_str("end\n");
    put!(sql, "\n-- Supabase has these roles; a plain PostgreSQL gets them here.");
    put!(sql, "do {};", dollar_quoted(&body));
}

fn schema(sql: &mut String, schema: &str) {
    let name = quoted(schema);
    sql.push('\n');
    if schema != "public" {
        put!(
            sql,
            "-- REST serves it once it is one of the exposed schemas (API settings of the project)."
        );
        put!(sql, "create schema if not exists {name};");
    }
    put!(sql, "grant usage on schema {name} to {READERS};");
}

fn table(sql: &mut String, of: &SourceMapping, columns: &[Column]) {
    let name = qualified(&of.schema, &of.table);
    put!(sql, "\n-- {}\n", of.kind.plural());
    put!(sql, "create table if not exists {name} (");
    let width = columns.iter().map(|column| quoted(&column.name).chars().count()).max();
    let width = width.unwrap_or(0);
    let has_composite_key = of.id.len() > 1;
    for (at, Column { name, definition }) in columns.iter().enumerate() {
        let comma = if at + 1 < columns.len() || has_composite_key {
            ","
        } else {
            ""
        };
        put!(sql, "  {:width$} {definition}{comma}", quoted(name));
    }
    if has_composite_key {
        put!(sql, "  primary key ({})", names::quoted_list(&of.id));
    }
    sql.push_str(");\n");
    if let Some(column) = columns::updated_at(of) {
        touch(sql, of, &column);
    }
    put!(sql, "alter table {name} enable row level security;");
    put!(sql, "grant select on {name} to {READERS};");
    put!(sql, "drop policy if exists \"opswall reads\" on {name};");
    put!(
        sql,
        "create policy \"opswall reads\" on {name} for select to {READERS} using (true);"
    );
    put!(sql, "do {};", dollar_quoted(&service_role(of)));
}

/// The grant for the project's own programs, which write as `service_role`. Default privileges cover only `public`.
fn service_role(of: &SourceMapping) -> String {
    format!(
        "begin\n  if exists (select from pg_catalog.pg_roles where rolname = 'service_role') then\n    \
         grant usage on schema {schema} to service_role;\n    \
         grant select, insert, update, delete on {name} to service_role;\n  end if;\nend\n",
        schema = quoted(&of.schema),
        name = qualified(&of.schema, &of.table),
    )
}

/// The function of the triggers, one for each name of the column in a schema.
fn touch_function(sql: &mut String, schema: &str, column: &str) {
    let body = format!(
        "begin\n  new.{} := clock_timestamp();\n  return new;\nend\n",
        quoted(column)
    );
    put!(
        sql,
        "create or replace function {}() returns trigger language plpgsql set search_path = '' as {};",
        touch_name(schema, column),
        dollar_quoted(&body)
    );
}

fn touch_name(schema: &str, column: &str) -> String {
    qualified(schema, &derived("opswall_touch_", column))
}

/// Column, index and trigger for the time of a row's last change.
fn touch(sql: &mut String, of: &SourceMapping, column: &str) {
    let name = qualified(&of.schema, &of.table);
    let quoted_column = quoted(column);
    put!(
        sql,
        "alter table {name} add column if not exists {quoted_column} timestamptz not null default clock_timestamp();"
    );
    // An existing index is found by its column, not by its name, because PostgreSQL cuts the names of indexes.
    let body = format!(
        "begin\n  if not exists (\n    select from pg_catalog.pg_index i\n    join pg_catalog.pg_attribute a on a.attrelid = \
         i.indrelid and a.attnum = i.indkey[0]\n    where i.indrelid = {}::regclass and a.attname = {} and i.indpred is \
         null\n  ) then\n    create index on {name} ({quoted_column});\n  end if;\nend\n",
        literal(&name),
        literal(column),
    );
    put!(sql, "do {};", dollar_quoted(&body));
    put!(
        sql,
        "create or replace trigger opswall_touch before insert or update on {name}\n  for each row execute function {}();",
        touch_name(&of.schema, column)
    );
}

fn publication(sql: &mut String, tables: &[(Kind, &str, &str)]) {
    let mut body = format!(
        "begin\n  if not exists (select from pg_catalog.pg_publication where pubname = '{PUBLICATION}') then\n    \
         create publication {PUBLICATION};\n  end if;\n"
    );
    for (_, schema, table) in tables {
        body.push_str(&publish_in_block(schema, table));
    }
    body.push_str("end\n");
    put!(sql, "\n-- The tables that Realtime reads.");
    put!(sql, "do {};", dollar_quoted(&body));
}
