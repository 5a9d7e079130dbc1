//! The query of a read: columns, conditions, order and window, from the query string and the range header.

use hyper::StatusCode;
use url::form_urlencoded;

use super::{
    RestError,
    filter::{Filter, TreeError},
};
use crate::{
    predicate::{FilterError, Predicate, split},
    store::TableId,
};

/// A valid query.
#[derive(Debug)]
pub(super) struct Query {
    /// Names and positions of the selected columns, in order.
    pub(super) select: Vec<(String, usize)>,
    /// The conditions that a row must meet, all of them.
    pub(super) filters: Vec<Filter>,
    /// The columns to sort by, the most significant first.
    pub(super) order: Vec<Order>,
    /// Which rows of those that meet the conditions.
    pub(super) window: Window,
}

/// A part of the rows that meet the conditions, in their order.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Most rows of the answer; absent = the maximum of the server.
    pub(super) limit: Option<usize>,
    /// Rows that are skipped before the first of the answer.
    pub(super) offset: usize,
}

/// One column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// The position of the column in the schema of the table.
    pub(super) column: usize,
    /// The greatest value comes first.
    pub(super) is_descending: bool,
    /// Rows without a value come before all others, rather than after them.
    pub(super) nulls_first: bool,
}

/// Most columns of a selection.
const MAX_COLUMNS: usize = 64;
/// Most columns of an order.
const MAX_ORDERS: usize = 16;
/// Most conditions of a query.
const MAX_FILTERS: usize = 64;

impl Query {
    /// Parses the query string, and the `Range` header (`0-24`) if there is one.
    pub(super) fn parse(table: TableId, query: &str, range: Option<&str>) -> Result<Self, RestError> {
        let mut parsed = Self {
            select: all(table),
            filters: Vec::new(),
            order: Vec::new(),
            window: Window::default(),
        };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "select" => parsed.select = select(table, &value)?,
                "order" => parsed.order = order(table, &value)?,
                "limit" => parsed.window.limit = Some(number(&key, &value)?),
                "offset" => parsed.window.offset = number(&key, &value)?,
                "apikey" | "columns" => {}
                column => {
                    if parsed.filters.len() == MAX_FILTERS {
                        return Err(malformed(
                            &format!("failed to parse filter ({value})"),
                            "too many filters",
                        ));
                    }
                    parsed.filters.push(filter(table, column, &value)?);
                }
            }
        }
        if let Some(range) = range {
            parsed.window.cut_to(range)?;
        }
        Ok(parsed)
    }
}

impl Window {
    /// Intersects it with a range of items.
    pub(super) fn cut_to(&mut self, range: &str) -> Result<(), RestError> {
        let range = range.strip_prefix("items=").unwrap_or(range);
        let (first, last) = range.split_once('-').unwrap_or((range, ""));
        let Ok(first) = first.trim().parse::<usize>() else {
            return Ok(());
        };
        self.offset = self.offset.max(first);
        if let Ok(last) = last.trim().parse::<usize>() {
            let Some(span) = last.checked_sub(first) else {
                let status = StatusCode::RANGE_NOT_SATISFIABLE;
                let mut error = RestError::new(status, "PGRST103", "Requested range not satisfiable");
                error.details = Some("The lower boundary must be lower than or equal to the upper boundary.".into());
                return Err(error);
            };
            let limit = span.saturating_add(1);
            self.limit = Some(self.limit.map_or(limit, |old| old.min(limit)));
        }
        Ok(())
    }
}

/// Parses the condition of a query parameter: one on a column, or a logic tree.
fn filter(table: TableId, name: &str, value: &str) -> Result<Filter, RestError> {
    if let Some(tree) = Filter::parse_tree(table.schema(), name, value) {
        return tree.map_err(|error| match error {
            TreeError::Condition(error) => filter_error(table, error),
            TreeError::Malformed => malformed(
                &format!("\"failed to parse logic tree ({value})\""),
                "expecting conditions in parentheses",
            ),
        });
    }
    let predicate = Predicate::parse(table.schema(), name, value);
    predicate.map(Filter::One).map_err(|error| filter_error(table, error))
}

/// Every column under its own name.
fn all(table: TableId) -> Vec<(String, usize)> {
    let columns = table.schema().columns.iter().enumerate();
    columns.map(|(at, (name, _))| ((*name).to_owned(), at)).collect()
}

/// Parses `select`: `*`, `id,title`, `name:title` or `id::text`.
fn select(table: TableId, text: &str) -> Result<Vec<(String, usize)>, RestError> {
    let mut columns = Vec::new();
    for part in text.split(',').map(str::trim) {
        if part == "*" {
            columns.extend(all(table));
            continue;
        }
        let bare = part.split_once("::").map_or(part, |(column, _)| column);
        let (name, column) = bare.split_once(':').unwrap_or((bare, bare));
        let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_name(name) || !is_name(column) {
            let details = format!("unexpected {part:?} expecting field name (* or [a..z0..9_$])");
            return Err(malformed(
                &format!("\"failed to parse select parameter ({text})\""),
                &details,
            ));
        }
        let (at, _) = table
            .schema()
            .column(column)
            .ok_or_else(|| unknown_column(table, column))?;
        columns.push((name.to_owned(), at));
    }
    // The same column may be selected again and again, which must not make the answer arbitrarily large.
    columns.truncate(MAX_COLUMNS);
    Ok(columns)
}

/// Parses `order`, such as `id.asc,created_at.desc.nullslast`.
fn order(table: TableId, text: &str) -> Result<Vec<Order>, RestError> {
    let mut orders = Vec::new();
    for part in split(text).unwrap_or_default().into_iter().take(MAX_ORDERS) {
        let mut words = part.trim().split('.');
        let column = words.next().unwrap_or_default();
        let (mut is_descending, mut nulls_first) = (false, None);
        for word in words {
            match word {
                "asc" => is_descending = false,
                "desc" => is_descending = true,
                "nullsfirst" => nulls_first = Some(true),
                "nullslast" => nulls_first = Some(false),
                _ => {
                    let details = format!("unexpected {word:?} expecting asc, desc, nullsfirst or nullslast");
                    return Err(malformed(&format!("\"failed to parse order ({text})\""), &details));
                }
            }
        }
        let (column, _) = table
            .schema()
            .column(column)
            .ok_or_else(|| unknown_column(table, column))?;
        orders.push(Order {
            column,
            is_descending,
            nulls_first: nulls_first.unwrap_or(is_descending),
        });
    }
    Ok(orders)
}

/// A limit or an offset.
pub(super) fn number(key: &str, value: &str) -> Result<usize, RestError> {
    value.trim().parse().map_err(|_| {
        malformed(
            &format!("\"failed to parse {key} parameter ({value})\""),
            "expecting a number that is not negative",
        )
    })
}

/// The refusal of a text that is not in the language of queries.
pub(super) fn malformed(message: &str, details: &str) -> RestError {
    let mut error = RestError::new(StatusCode::BAD_REQUEST, "PGRST100", message);
    error.details = Some(details.into());
    error
}

fn unknown_column(table: TableId, column: &str) -> RestError {
    let message = format!("column {}.{column} does not exist", table.name());
    RestError::new(StatusCode::BAD_REQUEST, "42703", message)
}

/// The error of a condition that cannot be parsed.
fn filter_error(table: TableId, error: FilterError) -> RestError {
    match error {
        FilterError::UnknownColumn(column) => unknown_column(table, &column),
        FilterError::Malformed(text) => malformed(
            &format!("\"failed to parse filter ({text})\""),
            "expecting operator (eq, gt, ...)",
        ),
        FilterError::BadValue(kind, value) => {
            let message = format!("invalid input syntax for type {}: \"{value}\"", kind.long_name());
            RestError::new(StatusCode::BAD_REQUEST, "22P02", message)
        }
    }
}
