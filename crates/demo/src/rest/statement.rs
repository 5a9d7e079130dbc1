//! A read as one SQL statement: the query string of PostgREST's language, with every name and value quoted.

use std::fmt::Write as _;

use url::form_urlencoded;

use super::{RestError, malformed, query::Window};
use crate::{
    database::sql::{condition, identifier, literal},
    predicate::{split, unquote},
};

/// Deepest nesting of `and` and `or`.
const MAX_DEPTH: usize = 8;
/// Most columns, orders and conditions of a query, all together.
const MAX_PARTS: usize = 2_000;

/// A read of one relation.
#[derive(Debug, Default)]
pub(super) struct Statement {
    /// The relation as it is written in SQL.
    relation: String,
    /// The expressions that are selected.
    columns: Vec<String>,
    /// The conditions, all of which must hold.
    conditions: Vec<String>,
    order: Vec<String>,
    /// Which rows of those that meet the conditions.
    pub(super) window: Window,
}

impl Statement {
    /// Translates the query string and the `Range` header (`0-24`).
    pub(super) fn parse(schema: &str, relation: &str, query: &str, range: Option<&str>) -> Result<Self, RestError> {
        let mut parts = 0;
        let mut statement = Self {
            relation: format!("{}.{}", identifier(schema), identifier(relation)),
            ..Self::default()
        };
        let table = identifier(relation);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if name.contains('\0') || value.contains('\0') {
                return Err(malformed(
                    "\"failed to parse the query\"",
                    "unexpected character of code 0",
                ));
            }
            match &*name {
                "select" => statement.columns = select(&table, &value)?,
                "order" => statement.order = order(&table, &value)?,
                "limit" => statement.window.limit = Some(super::query::number(&name, &value)?),
                "offset" => statement.window.offset = super::query::number(&name, &value)?,
                "apikey" | "columns" => {}
                _ => statement.conditions.push(parameter(&table, &name, &value, &mut parts)?),
            }
            parts += 1;
            if parts > MAX_PARTS {
                return Err(malformed(
                    &format!("failed to parse filter ({value})"),
                    "too many conditions",
                ));
            }
        }
        if statement.columns.is_empty() {
            statement.columns.push(format!("{table}.*"));
        }
        if let Some(range) = range {
            statement.window.cut_to(range)?;
        }
        Ok(statement)
    }

    /// The statement whose one row has the JSON of the page and the number of its rows. The page has at most `max_rows`.
    pub(super) fn page(&self, max_rows: usize) -> String {
        let mut sql = format!(
            "select coalesce(json_agg(_row), '[]')::text, count(_row) from (select {} from {}",
            self.columns.join(", "),
            self.matching()
        );
        if !self.order.is_empty() {
            let _ = write!(sql, " order by {}", self.order.join(", "));
        }
        let limit = self.window.limit.unwrap_or(max_rows).min(max_rows);
        let _ = write!(sql, " limit {limit} offset {}) _row", self.window.offset);
        sql
    }

    /// The statement that counts the rows that meet the conditions.
    pub(super) fn count(&self) -> String {
        format!("select count(*) from {}", self.matching())
    }

    /// The statement that counts them, one more than this at most.
    pub(super) fn count_up_to(&self, most: usize) -> String {
        format!(
            "select count(*) from (select from {} limit {}) _row",
            self.matching(),
            most.saturating_add(1)
        )
    }

    /// The statement that estimates their number from statistics.
    pub(super) fn plan(&self) -> String {
        format!("explain (format json) select from {}", self.matching())
    }

    fn matching(&self) -> String {
        let mut sql = self.relation.clone();
        if !self.conditions.is_empty() {
            let _ = write!(sql, " where {}", self.conditions.join(" and "));
        }
        sql
    }
}

/// Reads a name, which may be in double quotes, and returns what follows it.
fn name(text: &str) -> Option<(String, &str)> {
    if !text.starts_with('"') {
        let end = text
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ' ' || c == '$'))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        return (!name.trim().is_empty()).then(|| (name.trim().to_owned(), rest));
    }
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find_map(|(at, c)| match c {
        _ if is_escaped => {
            is_escaped = false;
            None
        }
        '\\' => {
            is_escaped = true;
            None
        }
        '"' => Some(at + 1),
        _ => None,
    })?;
    let (quoted, rest) = text.split_at_checked(end)?;
    Some((unquote(quoted)?, rest))
}

/// A column, or a path into its JSON such as `data->a->>b`.
struct Field {
    sql: String,
    /// The name under which it is selected, if that is not the column's own.
    label: Option<String>,
}

fn field<'a>(table: &str, text: &'a str) -> Option<(Field, &'a str)> {
    let (column, mut rest) = name(text)?;
    let mut sql = format!("{table}.{}", identifier(&column));
    let mut label = None;
    while let Some(path) = rest.strip_prefix("->") {
        let (arrow, path) = match path.strip_prefix('>') {
            Some(path) => ("->>", path),
            None => ("->", path),
        };
        let (key, after) = name(path)?;
        if label.is_none() {
            sql = format!("to_jsonb({sql})");
        }
        let is_position = key.bytes().all(|byte| byte.is_ascii_digit()) && key.len() < 10;
        let step = if is_position { key.clone() } else { literal(&key) };
        let _ = write!(sql, "{arrow}{step}");
        label = Some(key);
        rest = after;
    }
    Some((Field { sql, label }, rest))
}

/// Translates `select`: `*`, `id,title`, `name:title` or `id::text`.
fn select(table: &str, text: &str) -> Result<Vec<String>, RestError> {
    let error = |part: &str| {
        malformed(
            &format!("\"failed to parse select parameter ({text})\""),
            &format!("unexpected {part:?} expecting field name (* or [a..z0..9_$])"),
        )
    };
    let mut columns = Vec::new();
    for part in split(text).ok_or_else(|| error(text))?.into_iter().map(str::trim) {
        if part == "*" {
            columns.push(format!("{table}.*"));
            continue;
        }
        // `name:column`, but not the cast of `column::type`.
        let (alias, rest) = match name(part) {
            Some((alias, rest)) if rest.starts_with(':') && !rest.starts_with("::") => {
                (Some(alias), rest.get(1..).unwrap_or_default())
            }
            _ => (None, part),
        };
        let (field, rest) = field(table, rest).ok_or_else(|| error(part))?;
        let sql = match rest.strip_prefix("::") {
            None if rest.is_empty() => field.sql,
            Some(cast) if !cast.is_empty() && cast.chars().all(|c| c.is_alphanumeric() || "_ []".contains(c)) => {
                format!("cast({} as {cast})", field.sql)
            }
            _ => return Err(error(part)),
        };
        let bare = part.split("::").next().unwrap_or(part);
        let label = alias.or(field.label).or_else(|| Some(name(bare)?.0));
        columns.push(format!("{sql} as {}", identifier(&label.unwrap_or_default())));
    }
    columns.truncate(MAX_PARTS);
    Ok(columns)
}

/// Translates `order`, such as `id.asc,created_at.desc.nullslast`.
fn order(table: &str, text: &str) -> Result<Vec<String>, RestError> {
    let error = |word: &str| {
        malformed(
            &format!("\"failed to parse order ({text})\""),
            &format!("unexpected {word:?} expecting asc, desc, nullsfirst or nullslast"),
        )
    };
    let mut orders = Vec::new();
    for part in split(text).ok_or_else(|| error(text))?.into_iter().take(MAX_PARTS) {
        let (field, rest) = field(table, part.trim()).ok_or_else(|| error(part))?;
        if !rest.is_empty() && !rest.starts_with('.') {
            return Err(error(rest));
        }
        let (mut direction, mut nulls) = ("", "");
        for word in rest.split('.').skip(1) {
            match word {
                "asc" => direction = " asc",
                "desc" => direction = " desc",
                "nullsfirst" => nulls = " nulls first",
                "nullslast" => nulls = " nulls last",
                _ => return Err(error(word)),
            }
        }
        orders.push(format!("{}{direction}{nulls}", field.sql));
    }
    Ok(orders)
}

/// Translates the condition of a query parameter: one on a column, or a logic tree such as `or=(a.eq.1,b.eq.2)`.
fn parameter(table: &str, name: &str, value: &str, parts: &mut usize) -> Result<String, RestError> {
    let unknown = || {
        malformed(
            &format!("\"failed to parse filter ({value})\""),
            "expecting operator (eq, gt, ...)",
        )
    };
    if let Some(operator) = operator(name) {
        return tree(table, operator, value, MAX_DEPTH, parts).unwrap_or_else(|| {
            Err(malformed(
                &format!("\"failed to parse logic tree ({value})\""),
                "expecting conditions in parentheses",
            ))
        });
    }
    let (field, rest) = field(table, name).ok_or_else(unknown)?;
    if !rest.is_empty() {
        return Err(unknown());
    }
    condition(&field.sql, value, false).ok_or_else(unknown)
}

/// The SQL word of a logic operator, and what precedes the whole.
fn operator(name: &str) -> Option<(&'static str, &'static str)> {
    let (negation, bare) = match name.strip_prefix("not.") {
        Some(bare) => ("not ", bare),
        None => ("", name),
    };
    match bare {
        "or" => Some((" or ", negation)),
        "and" => Some((" and ", negation)),
        _ => None,
    }
}

/// Translates `(a.eq.1,and(b.eq.2,c.eq.3))`; `None` when it is not a logic tree.
fn tree(
    table: &str,
    (word, negation): (&str, &str),
    text: &str,
    depth: usize,
    parts: &mut usize,
) -> Option<Result<String, RestError>> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    let texts = Some(inner)
        .filter(|inner| depth > 0 && !inner.trim().is_empty())
        .and_then(split)?;
    *parts += texts.len();
    if *parts > MAX_PARTS {
        return None;
    }
    let mut conditions = Vec::with_capacity(texts.len());
    for text in texts {
        let text = text.trim();
        let branch = text
            .find('(')
            .and_then(|open| text.split_at_checked(open))
            .and_then(|(name, inner)| Some((operator(name)?, inner)));
        if let Some((operator, inner)) = branch {
            match tree(table, operator, inner, depth - 1, parts)? {
                Ok(sql) => conditions.push(sql),
                Err(error) => return Some(Err(error)),
            }
            continue;
        }
        let (field, rest) = field(table, text)?;
        conditions.push(condition(&field.sql, rest.strip_prefix('.')?, true)?);
    }
    Some(Ok(format!("{negation}({})", conditions.join(word))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(query: &str) -> String {
        Statement::parse("public", "ta\"sk", query, None)
            .expect("a statement")
            .page(1_000)
    }

    fn matching(query: &str) -> String {
        Statement::parse("public", "t", query, None)
            .expect("a statement")
            .matching()
    }

    #[test]
    fn names_and_values_are_quoted() {
        assert_eq!(
            sql("select=id,%22a.b%22,n:title,data->a->>0,id::text&order=%22a.b%22.desc.nullslast,id&limit=5&offset=2"),
            "select coalesce(json_agg(_row), '[]')::text, count(_row) from (select \"ta\"\"sk\".\"id\" as \"id\", \
             \"ta\"\"sk\".\"a.b\" as \"a.b\", \"ta\"\"sk\".\"title\" as \"n\", \
             to_jsonb(\"ta\"\"sk\".\"data\")->'a'->>0 as \"0\", cast(\"ta\"\"sk\".\"id\" as text) as \"id\" from \
             \"public\".\"ta\"\"sk\" order by \"ta\"\"sk\".\"a.b\" desc nulls last, \"ta\"\"sk\".\"id\" limit 5 offset 2) \
             _row"
        );
        assert_eq!(
            matching("a=eq.x';drop table t--&b=not.in.(1,%22c,%5C%22d%22)"),
            "\"public\".\"t\" where \"t\".\"a\" = 'x'';drop table t--' and not \"t\".\"b\" = \
             any(E'{\"1\",\"c,\\\\\"d\"}')"
        );
    }

    #[test]
    fn conditions_are_combined() {
        assert_eq!(
            matching(r#"org=gte.a&or=(org.gt."a, b",and(org.eq."a",nr.gt."7"))"#),
            "\"public\".\"t\" where \"t\".\"org\" >= 'a' and (\"t\".\"org\" > 'a, b' or (\"t\".\"org\" = 'a' and \"t\".\"nr\" \
             > '7'))"
        );
        assert_eq!(
            matching("not.or=(a.is.null,b.like.x*)"),
            "\"public\".\"t\" where not (\"t\".\"a\" is null or \"t\".\"b\" like 'x%')"
        );
    }

    #[test]
    fn a_text_that_is_no_query_is_refused() {
        for query in [
            "a=5",
            "a=eq",
            "or=()",
            "or=(a.eq)",
            "or=a.eq.1",
            "select=a(b)",
            "order=a.up",
            "order=%22a%22%22;%22.asc",
            "limit=x",
            "a=is.maybe",
            "a=in.5",
            "a=eq.%00",
            "a->=eq.1",
        ] {
            assert!(Statement::parse("public", "t", query, None).is_err(), "{query}");
        }
    }
}
