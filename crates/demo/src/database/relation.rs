//! A table whose changes are sent: its columns and key, and its values as the JSON of the real server.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};
use tokio_postgres::{Client, Error, types::Type};

use super::{
    sql::{identifier, literal},
    wal::{self, Datum, Tuple},
};

/// A table as it is when its changes are sent.
#[derive(Debug)]
pub(super) struct Relation {
    /// What the log says of it.
    pub(super) table: wal::Table,
    /// Types of the columns, as in SQL.
    types: Vec<String>,
    /// Short names of these types, as in the frames of changes.
    short_types: Vec<String>,
    /// The columns of the primary key.
    key: Vec<String>,
    /// Row-level security is on.
    pub(super) has_row_security: bool,
    /// Columns that are computed from others, which the log does not contain, with their types and expressions.
    generated: Vec<(String, String, String)>,
}

impl Relation {
    /// Reads what the log does not say.
    pub(super) async fn read(client: &Client, table: wal::Table) -> Result<Self, Error> {
        let types: Vec<String> = table.columns.iter().map(|column| column.type_oid.to_string()).collect();
        let modifiers: Vec<String> = table
            .columns
            .iter()
            .map(|column| column.type_modifier.to_string())
            .collect();
        let named = client
            .query_typed(
                &format!(
                    "select case when t.oid is null then 'text' else format_type(u.type, u.modifier) end, \
                     coalesce(t.typname::text, 'text') from unnest('{{{}}}'::oid[], '{{{}}}'::int[]) with \
                     ordinality u(type, modifier, at) left join pg_type t on t.oid = u.type order by u.at",
                    types.join(","),
                    modifiers.join(",")
                ),
                &[],
            )
            .await?;
        let facts = client
            .query_typed(
                "select c.relrowsecurity, array(select a.attname::text from pg_index i join pg_attribute a on a.attrelid = \
                 c.oid and a.attnum = any(i.indkey) where i.indrelid = c.oid and i.indisprimary order by \
                 array_position(i.indkey::int2[], a.attnum)) from pg_class c where c.oid = $1",
                &[(&table.oid, Type::OID)],
            )
            .await?;
        let generated = client
            .query_typed(
                "select a.attname::text, t.typname::text, pg_get_expr(d.adbin, d.adrelid) from pg_attribute a join pg_type t \
                 on t.oid = a.atttypid join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum where a.attrelid = \
                 $1 and a.attgenerated = 's' and not a.attisdropped order by a.attnum",
                &[(&table.oid, Type::OID)],
            )
            .await?;
        let known = |name: &str| table.columns.iter().any(|column| column.name == name);
        Ok(Self {
            types: named.iter().map(|row| row.get(0)).collect(),
            short_types: named.iter().map(|row| row.get(1)).collect(),
            has_row_security: facts.first().is_some_and(|row| row.get(0)),
            key: facts.first().map(|row| row.get(1)).unwrap_or_default(),
            generated: generated
                .iter()
                .map(|row| (row.get(0), row.get(1), row.get(2)))
                .filter(|(name, ..): &(String, _, _)| !known(name))
                .collect(),
            table,
        })
    }

    /// It has no primary key.
    pub(super) fn is_keyless(&self) -> bool {
        self.key.is_empty()
    }

    /// A column of its primary key.
    pub(super) fn is_key(&self, column: &str) -> bool {
        self.key.iter().any(|key| key == column)
    }

    /// Names and types of its columns, as a change carries them.
    pub(super) fn columns_json(&self) -> String {
        let logged = self
            .table
            .columns
            .iter()
            .zip(&self.short_types)
            .map(|(column, kind)| (&column.name, kind));
        let generated = self.generated.iter().map(|(name, kind, _)| (name, kind));
        let columns: Vec<Value> = logged
            .chain(generated)
            .map(|(name, kind)| json!({ "name": name, "type": kind }))
            .collect();
        Value::Array(columns).to_string()
    }

    /// A subquery with the typed values of a row, without those that are absent from it.
    pub(super) fn row_sql(&self, tuple: &Tuple<'_>, is_wanted: impl Fn(&str) -> bool) -> String {
        let mut values = Vec::with_capacity(tuple.len());
        let mut is_whole = true;
        let columns = self.table.columns.iter().zip(&self.types).zip(&self.short_types);
        for (datum, ((column, kind), short)) in tuple.iter().zip(columns) {
            if *datum == Datum::Unchanged || !is_wanted(&column.name) {
                is_whole = false;
                continue;
            }
            let value = match datum {
                Datum::Text(text) => value_sql(text, kind, short),
                _ => format!("null::{kind}"),
            };
            values.push(format!("{value} as {}", identifier(&column.name)));
        }
        let base = format!("select {}", values.join(", "));
        if self.generated.is_empty() || !is_whole {
            return base;
        }
        let mut sql = "select _base.*".to_owned();
        for (name, _, expression) in &self.generated {
            let _ = write!(sql, ", ({expression}) as {}", identifier(name));
        }
        format!("{sql} from ({base}) _base")
    }

    /// The condition that finds the row with these values of the primary key.
    pub(super) fn key_sql(&self, tuple: &Tuple<'_>) -> Option<String> {
        let values: BTreeMap<&str, &Datum<'_>> = self
            .table
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .zip(tuple)
            .collect();
        let tests = self.key.iter().map(|key| match values.get(key.as_str()) {
            Some(Datum::Text(text)) => Some(format!("{} = {}", identifier(key), literal(text))),
            _ => None,
        });
        let tests: Vec<String> = tests.collect::<Option<_>>()?;
        (!tests.is_empty()).then(|| tests.join(" and "))
    }

    /// Its name in SQL.
    pub(super) fn sql(&self) -> String {
        format!("{}.{}", identifier(&self.table.schema), identifier(&self.table.name))
    }
}

/// A value of a type. Some types are written as the real server's decoder writes them, not as PostgREST does.
fn value_sql(text: &str, kind: &str, short: &str) -> String {
    match short {
        "float4" | "float8" | "numeric" if matches!(text, "NaN" | "Infinity" | "-Infinity") => format!("null::{kind}"),
        "bytea" => literal(text.strip_prefix("\\x").unwrap_or(text)),
        "bpchar" => literal(
            text.get(..text.chars().next().map_or(0, char::len_utf8))
                .unwrap_or_default(),
        ),
        _ => format!("{}::{kind}", literal(text)),
    }
}
