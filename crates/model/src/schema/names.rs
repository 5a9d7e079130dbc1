//! Names and texts for PostgreSQL: quoted where necessary, refused where it would cut or reserve them.

use thiserror::Error;

use crate::fnv1a;

/// PostgreSQL silently cuts longer names.
pub(super) const MAX_NAME_BYTES: usize = 63;

/// Columns that PostgreSQL adds to every table.
const SYSTEM_COLUMNS: &[&str] = &["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// Why no SQL can be made from these settings.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// PostgreSQL would cut the name.
    #[error(
        "'{name}' cannot name a {what}: PostgreSQL cuts names after {MAX_NAME_BYTES} bytes and this one has {}; shorten \
         it in the settings of the source '{table}'",
        .name.len()
    )]
    TooLong {
        /// What the name would be of: a schema, a table or a column.
        what: &'static str,
        /// The name.
        name: String,
        /// The table whose settings contain it.
        table: String,
    },
    /// PostgreSQL adds a column of this name to every table.
    #[error(
        "'{name}' cannot name a column: each table has one of that name already; rename it in the settings of the source '{table}'"
    )]
    SystemColumn {
        /// The name.
        name: String,
        /// The table whose settings contain it.
        table: String,
    },
    /// Two kinds share a table.
    #[error("{first} and {second} are one table, {table}; give each a table of its own with --{second}-table NAME")]
    SameTable {
        /// The plural of the first kind.
        first: &'static str,
        /// The plural of the second kind.
        second: &'static str,
        /// The table.
        table: String,
    },
}

/// Whether PostgreSQL accepts a name as that of a schema, a table or a column (`what`).
pub(super) fn check(what: &'static str, name: &str, table: &str) -> Result<(), SchemaError> {
    if name.len() > MAX_NAME_BYTES {
        return Err(SchemaError::TooLong {
            what,
            name: name.to_owned(),
            table: table.to_owned(),
        });
    }
    if what == "column" && SYSTEM_COLUMNS.contains(&name) {
        return Err(SchemaError::SystemColumn {
            name: name.to_owned(),
            table: table.to_owned(),
        });
    }
    Ok(())
}

/// A name as SQL needs it: in quotes unless it is plain lower case and not a reserved word.
pub fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !RESERVED.split_ascii_whitespace().any(|word| word == name);
    if is_plain {
        name.to_owned()
    } else {
        // PostgreSQL accepts no NUL character. The settings refuse control characters already.
        format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
    }
}

/// Names as SQL lists them, each quoted where necessary: `org, "Nr"`.
pub fn quoted_list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    quoted.join(", ")
}

/// `schema.table`, each part quoted where necessary.
pub fn qualified(schema: &str, table: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(table))
}

/// A text in single quotes. One with a backslash becomes an escape string, whose meaning does not depend on
/// `standard_conforming_strings`.
pub(super) fn literal(text: &str) -> String {
    let text = text.replace('\0', "").replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\"))
    } else {
        format!("'{text}'")
    }
}

/// A body between dollar quotes whose tag does not occur in it.
pub(super) fn dollar_quoted(body: &str) -> String {
    let mut tag = "$opswall$".to_owned();
    let mut number = 0_u32;
    while body.contains(&tag) {
        number += 1;
        tag = format!("$opswall{number}$");
    }
    format!("{tag}\n{body}{tag}")
}

/// A name made from another one, within PostgreSQL's length; different names give different results.
pub(super) fn derived(prefix: &str, name: &str) -> String {
    let whole = format!("{prefix}{name}");
    if whole.len() <= MAX_NAME_BYTES {
        return whole;
    }
    // The hash is the same in every version of the program; otherwise a later run would create a second function.
    let hash = fnv1a(name.as_bytes());
    let ending = format!("_{hash:016x}");
    let mut end = MAX_NAME_BYTES - ending.len();
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", whole.get(..end).unwrap_or(prefix))
}

/// Words that PostgreSQL accepts neither as the name of a table nor of a column: classes R and T of `pg_get_keywords()`,
/// versions 15 to 18.
const RESERVED: &str = "all analyse analyze and any array as asc asymmetric authorization binary both case cast check \
    collate collation column concurrently constraint create cross current_catalog current_date current_role \
    current_schema current_time current_timestamp current_user default deferrable desc distinct do else end except \
    false fetch for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join \
    lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer \
    overlaps placing primary references returning right select session_user similar some symmetric system_user table \
    tablesample then to trailing true union unique user using variadic verbose when where window with";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_necessary() {
        for (name, expected) in [
            ("tasks", "tasks"),
            ("_t1", "_t1"),
            ("Tasks", "\"Tasks\""),
            ("my tasks", "\"my tasks\""),
            ("user", "\"user\""),
            ("1st", "\"1st\""),
            ("a\"b", "\"a\"\"b\""),
            ("aufträge", "\"aufträge\""),
            ("x$y", "\"x$y\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(name), expected);
        }
        assert_eq!(qualified("public", "Order"), "public.\"Order\"");
    }

    #[test]
    fn texts_cannot_end_their_quotes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        let body = "x $opswall$ $opswall1$ y\n";
        let quoted = dollar_quoted(body);
        assert!(quoted.starts_with("$opswall2$\n") && quoted.ends_with("$opswall2$"));
    }

    #[test]
    fn a_derived_name_fits_and_is_unique() {
        assert_eq!(derived("opswall_touch_", "updated_at"), "opswall_touch_updated_at");
        let (a, b) = (
            derived("p_", &format!("{}a", "ü".repeat(31))),
            derived("p_", &format!("{}b", "ü".repeat(31))),
        );
        assert!(
            a != b && a.len() <= MAX_NAME_BYTES && b.len() <= MAX_NAME_BYTES,
            "{a} {b}"
        );
    }
}
