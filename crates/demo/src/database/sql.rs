//! Pieces of SQL: quoted names and values, and conditions of PostgREST's language.

use crate::predicate::{split, unquote};

/// A name in double quotes.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal whose type PostgreSQL chooses.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    match quoted.contains('\\') {
        true => format!("E'{}'", quoted.replace('\\', "\\\\")),
        false => format!("'{quoted}'"),
    }
}

/// Translates `[not.]operator.value`. In a logic tree a value may be quoted. `None` when it is not a condition.
pub(crate) fn condition(column: &str, text: &str, is_in_tree: bool) -> Option<String> {
    let (negation, text) = match text.strip_prefix("not.") {
        Some(text) => ("not ", text),
        None => ("", text),
    };
    let (operator, value) = text.split_once('.')?;
    let value = if is_in_tree { unquote(value)? } else { value.to_owned() };
    let sql = match operator {
        "eq" => "=",
        "neq" => "<>",
        "gt" => ">",
        "gte" => ">=",
        "lt" => "<",
        "lte" => "<=",
        "like" => "like",
        "ilike" => "ilike",
        "match" => "~",
        "imatch" => "~*",
        "cs" => "@>",
        "cd" => "<@",
        "ov" => "&&",
        "isdistinct" => "is distinct from",
        "is" => {
            let value = match value.to_ascii_lowercase().as_str() {
                "null" => "null",
                "not_null" => "not null",
                "true" => "true",
                "false" => "false",
                "unknown" => "unknown",
                _ => return None,
            };
            return Some(format!("{negation}{column} is {value}"));
        }
        "in" => {
            let inner = value.strip_prefix('(')?.strip_suffix(')')?;
            let values = match inner {
                "" => Vec::new(),
                inner => split(inner)?.into_iter().map(unquote).collect::<Option<Vec<_>>>()?,
            };
            let quoted: Vec<String> = values
                .iter()
                .map(|value| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
                .collect();
            let list = literal(&format!("{{{}}}", quoted.join(",")));
            return Some(format!("{negation}{column} = any({list})"));
        }
        _ => return None,
    };
    let value = match sql {
        "like" | "ilike" => value.replace('*', "%"),
        _ => value,
    };
    Some(format!("{negation}{column} {sql} {}", literal(&value)))
}
