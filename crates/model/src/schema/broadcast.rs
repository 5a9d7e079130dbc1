//! The script of `schema --broadcast`: triggers that send each change of the tables to the wall's private channel, and the
//! policy that lets the wall join it.

use std::fmt::Write as _;

use super::{
    SchemaError,
    names::{self, dollar_quoted, literal, qualified},
};
use crate::Mapping;

/// The topic of the messages, without `realtime:`.
pub const BROADCAST_TOPIC: &str = "opswall";

const HEAD: &str = "\
-- A second way for changes to reach a wall: Broadcast from the database. Each wall joins the private topic
-- \"opswall\" by itself, compares both ways, and repairs at once what Realtime's postgres_changes lost.
-- Run all of it, as often as you like:  opswall schema --broadcast | psql \"$DATABASE_URL\"   or in the SQL editor.
--
-- What it costs:
-- * Each changed row writes a row into realtime.messages, with the whole row before and after the change. Realtime
--   keeps them for three days and then drops them. A transaction that changes many rows takes longer.
-- * Each change is one message for each connected wall, counted in the plan's quota of messages; and it counts in the
--   plan's limit of messages a second (100, 500 or 2,500), above which Realtime drops messages for a
--   while, without a sign. The wall then goes on with postgres_changes and its comparisons alone.
-- * A change whose row before and after it are together larger than the plan's limit on a message (256 kB or 3 MB) is
--   not sent.
--
-- What it permits: every user who may join the topic receives each changed row of these tables with all its columns,
-- whatever the tables' own policies say. The policy below admits the same roles as \"opswall schema\" does. If you have
-- narrowed those policies, narrow this one as well.
--
-- To remove it: the statements at the end.

begin;
set local client_min_messages = warning;
";

const FUNCTION: &str = "
-- It runs with the rights of its owner, because a user who changes a row may not be allowed to write messages. A message
-- that cannot be written is left out with a warning: it must not prevent the change of the row. Times are written in
-- UTC, whatever the time zone of the session that changes the row: Realtime takes a message's own time for UTC.
";

// Writing to a String cannot fail.
macro_rules! put {
    ($sql:expr, $($text:tt)*) => { let _ = writeln!($sql, $($text)*); };
}

/// The script for these settings. It needs Realtime's own schema in the database, and ends with an error where that is
/// missing.
///
/// # Errors
/// When PostgreSQL would cut or refuse a name.
pub fn broadcast_script(mapping: &Mapping) -> Result<String, SchemaError> {
    let mut tables: Vec<(&str, &str)> = Vec::new();
    for of in mapping.sources() {
        names::check("schema", &of.schema, &of.table)?;
        names::check("table", &of.table, &of.table)?;
        let table = (of.schema.as_str(), of.table.as_str());
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    let mut sql = String::from(HEAD);
    if tables
        .iter()
        .any(|(schema, table)| !schema.is_ascii() || !table.is_ascii())
    {
        sql.push_str("set local client_encoding = 'UTF8';\n");
    }
    requirement(&mut sql);
    // The function is in a schema of the tables, so that one schema's owner can run the script.
    let function = qualified(
        tables.first().map_or("public", |(schema, _)| schema),
        "opswall_broadcast",
    );
    sql.push_str(FUNCTION);
    let body = format!(
        "begin\n  perform realtime.broadcast_changes({}, tg_op, tg_op, tg_table_name, tg_table_schema, new, old);\n  \
         return null;\nexception when others then\n  raise warning 'opswall: the change of a row of % was not \
         broadcast: %', tg_table_name, sqlerrm;\n  return null;\nend\n",
        literal(BROADCAST_TOPIC)
    );
    put!(
        sql,
        "create or replace function {function}() returns trigger language plpgsql security definer\n  \
         set search_path = '' set timezone = 'UTC' as {};",
        dollar_quoted(&body)
    );
    put!(sql, "revoke all on function {function}() from public;");
    sql.push_str("\n-- A partitioned table passes its trigger on to its partitions. A view has no rows of its own.\n");
    for (schema, table) in &tables {
        trigger(&mut sql, schema, table, &function);
    }
    policy(&mut sql);
    sql.push_str("\ncommit;\n");
    removal(&mut sql, &tables, &function);
    Ok(sql)
}

/// Ends the script where Realtime has not set up the database.
fn requirement(sql: &mut String) {
    const SIGNATURE: &str = "realtime.broadcast_changes(text, text, text, text, text, record, record, text)";
    let body = format!(
        "begin\n  if to_regprocedure('{SIGNATURE}') is null then\n    raise exception 'this database has no \
         realtime.broadcast_changes: Supabase Realtime creates it when it first connects; update Realtime if it is \
         self-hosted';\n  end if;\nend\n"
    );
    put!(sql, "do {};", dollar_quoted(&body));
}

fn trigger(sql: &mut String, schema: &str, table: &str, function: &str) {
    let name = qualified(schema, table);
    let body = format!(
        "begin\n  if exists (\n    select from pg_catalog.pg_class where oid = {}::regclass and relkind in ('r', 'p')\n  \
         ) then\n    create or replace trigger opswall_broadcast after insert or update or delete on {name}\n      \
         for each row execute function {function}();\n  end if;\nend\n",
        literal(&name),
    );
    put!(sql, "do {};", dollar_quoted(&body));
}

/// The policy, created only where it is missing: a policy that an administrator has narrowed stays as it is.
fn policy(sql: &mut String) {
    const NAME: &str = "opswall receives broadcasts";
    let body = format!(
        "begin\n  if not exists (\n    select from pg_catalog.pg_policy\n    where polrelid = \
         'realtime.messages'::regclass and polname = '{NAME}'\n  ) then\n    create policy \"{NAME}\" on \
         realtime.messages for select to anon, authenticated\n      using (realtime.messages.extension = 'broadcast' \
         and (select realtime.topic()) = '{BROADCAST_TOPIC}');\n  end if;\nend\n"
    );
    put!(
        sql,
        "\n-- Who may join the topic. To admit signed-in users only: alter policy … to authenticated"
    );
    put!(sql, "do {};", dollar_quoted(&body));
}

fn removal(sql: &mut String, tables: &[(&str, &str)], function: &str) {
    put!(sql, "\n-- To remove it:");
    for (schema, table) in tables {
        put!(
            sql,
            "-- drop trigger if exists opswall_broadcast on {};",
            qualified(schema, table).replace('\n', " ")
        );
    }
    put!(sql, "-- drop function if exists {function}();");
    put!(
        sql,
        "-- drop policy if exists \"opswall receives broadcasts\" on realtime.messages;"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_followed_table_has_one_trigger() {
        let sql = broadcast_script(&Mapping::default()).expect("SQL");
        assert_eq!(sql.matches("create or replace trigger").count(), 3);
        let mut mapping = Mapping::default();
        mapping.edit(|sources| sources.iter_mut().for_each(|source| source.table = "everything".into()));
        let sql = broadcast_script(&mapping).expect("SQL");
        assert_eq!(sql.matches("create or replace trigger").count(), 1);
        mapping.edit(|sources| sources[0].table = "x".repeat(64));
        assert!(broadcast_script(&mapping).is_err());
    }
}
