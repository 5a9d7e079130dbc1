//! One element of a join's `postgres_changes`: which changes it covers, and why it may be refused.

use realtime::is_like;
use serde_json::{Map, Value};

#[cfg(unix)]
use crate::database::{Operation, Published, sql};
use crate::{
    predicate::{FilterError, Predicate, split, unquote},
    rules::Rules,
    store::{Applied, TableId},
};

/// A subscription to changes.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// A hash of the request: equal entries have equal ids, on every join and socket.
    pub(crate) id: i64,
    event: Event,
    reach: Reach,
}

/// The tables that a subscription covers, and its conditions on their rows.
#[derive(Debug)]
enum Reach {
    Simulated {
        tables: [bool; 5],
        filters: Vec<Predicate>,
    },
    /// Of a database: the tables' numbers in the catalogue, and for each condition its column and its SQL on a row `_row`.
    #[cfg(unix)]
    Relations {
        oids: Vec<u32>,
        conditions: Vec<(String, String)>,
    },
}

/// What a subscription can be about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tables<'a> {
    /// The simulated tables.
    Simulated(&'a Rules),
    /// The published tables of a database.
    #[cfg(unix)]
    Database(&'a Published),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Any,
    Insert,
    Update,
    Delete,
}

/// Bits of an id.
const ID_MASK: u64 = (1 << 27) - 1;

/// The id of an entry: a hash of its text, which `serde_json` writes with its keys in order.
pub(super) fn id(entry: &Map<String, Value>) -> i64 {
    let text = serde_json::to_string(entry).unwrap_or_default();
    let hash = model::fnv1a(text.as_bytes());
    ((hash ^ (hash >> 27)) & ID_MASK) as i64
}

impl Subscription {
    /// Reads an entry as the server does when it makes the subscription. The error is the `message` of the `system` frame
    /// that refuses it.
    pub(super) fn parse(entry: &Map<String, Value>, tables: Tables<'_>) -> Result<Self, String> {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let is_bad = |key: &str| entry.get(key).is_some_and(|value| !value.is_string());
        let (schema, table, filter) = (text("schema"), text("table"), text("filter").unwrap_or_default().trim());
        let is_filtered_without_table = !filter.is_empty() && (schema.is_none() || table.is_none());
        if (schema.is_none() && table.is_none()) || is_filtered_without_table || is_bad("table") || is_bad("filter") {
            return Err(format!(
                "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: {}",
                elixir_map(entry)
            ));
        }
        let word = text("event").unwrap_or("*").to_uppercase();
        let (schema, table) = (schema.unwrap_or("public"), table.unwrap_or("*"));
        let conditions = conditions(filter)?;
        let request = || {
            let filters: Vec<String> = conditions.iter().map(Condition::elixir).collect();
            format!(
                "[event: {word}, schema: {schema}, table: {table}, filters: [{}], select: nil]",
                filters.join(", ")
            )
        };
        let unknown = || {
            format!(
                "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given \
                 connect parameters: {}",
                request()
            )
        };
        let failed = |exception: &str| {
            format!(
                "Unable to subscribe to changes with given parameters. An exception happened so please check your \
                 connect parameters: {}. Exception: {exception}",
                request()
            )
        };
        let is_meant = |of_schema: &str, name: &str| {
            (schema == "*" || is_like(of_schema, schema)) && (table == "*" || is_like(name, table))
        };
        let reach = match tables {
            Tables::Simulated(rules) => {
                let tables = TableId::EVERY.map(|id| {
                    let rules = rules.of(id);
                    rules.is_streamed() && is_meant("public", rules.stream_name())
                });
                let covered = TableId::EVERY.into_iter().zip(tables);
                let first = covered.filter_map(|(id, is_covered)| is_covered.then_some(id)).next();
                let first = first.ok_or_else(unknown)?;
                let filters = conditions.iter().map(|condition| {
                    let test = format!("{}.{}", condition.operator, condition.value);
                    Predicate::parse(first.schema(), condition.column, &test)
                        .map_err(|error| failed(&exception(&error)))
                });
                Reach::Simulated {
                    tables,
                    filters: filters.collect::<Result<_, _>>()?,
                }
            }
            #[cfg(unix)]
            Tables::Database(published) => {
                let tables = published.matching(|of| is_meant(&of.schema, &of.name));
                let first = tables.first().ok_or_else(unknown)?;
                let conditions = conditions.iter().map(|condition| {
                    let column = condition.column;
                    let test = format!("{}.{}", condition.operator, condition.value);
                    let sql = sql::condition(&format!("_row.{}", sql::identifier(column)), &test, false);
                    match sql.filter(|_| first.columns.iter().any(|known| known == column)) {
                        Some(sql) => Ok((column.to_owned(), sql)),
                        None => Err(failed(&exception(&FilterError::UnknownColumn(column.into())))),
                    }
                });
                Reach::Relations {
                    oids: tables.iter().map(|table| table.oid).collect(),
                    conditions: conditions.collect::<Result<_, _>>()?,
                }
            }
        };
        let event = match word.as_str() {
            "INSERT" => Event::Insert,
            "UPDATE" => Event::Update,
            "DELETE" => Event::Delete,
            _ => Event::Any,
        };
        Ok(Self {
            id: id(entry),
            event,
            reach,
        })
    }

    /// Whether it covers any changes of a simulated table.
    pub(super) fn covers(&self, table: TableId) -> bool {
        match &self.reach {
            Reach::Simulated { tables, .. } => tables.get(table.index()).copied().unwrap_or(false),
            #[cfg(unix)]
            Reach::Relations { .. } => false,
        }
    }

    /// Whether it covers a change of a simulated table. The filters apply to the new row of an update, and to the logged old
    /// values of a delete, which are the key alone unless the table's identity is full.
    pub(super) fn covers_change(&self, change: &Applied, is_full: bool) -> bool {
        let is_event = match self.event {
            Event::Any => true,
            Event::Insert => change.old.is_none(),
            Event::Update => change.old.is_some() && change.new.is_some(),
            Event::Delete => change.new.is_none(),
        };
        let filters = match &self.reach {
            Reach::Simulated { filters, .. } => filters,
            #[cfg(unix)]
            Reach::Relations { .. } => return false,
        };
        is_event
            && self.covers(change.table)
            && filters.iter().all(|filter| match (&change.new, &change.old) {
                (Some(row), _) => filter.is_met_by(row),
                (None, Some(row)) => (is_full || filter.column == 0) && filter.is_met_by(row),
                (None, None) => false,
            })
    }
}

#[cfg(unix)]
impl Subscription {
    /// Whether it covers changes of this kind of a table of a database, apart from its conditions.
    pub(crate) fn covers_row(&self, oid: u32, operation: Operation) -> bool {
        let Reach::Relations { oids, .. } = &self.reach else {
            return false;
        };
        let is_event = match self.event {
            Event::Any => true,
            Event::Insert => operation == Operation::Insert,
            Event::Update => operation == Operation::Update,
            Event::Delete => operation == Operation::Delete,
        };
        is_event && oids.contains(&oid)
    }

    /// Whether it has conditions on the rows of a database.
    pub(crate) fn has_conditions(&self) -> bool {
        matches!(&self.reach, Reach::Relations { conditions, .. } if !conditions.is_empty())
    }

    /// Its conditions: of each the column, and the SQL on a row `_row`.
    pub(crate) fn conditions_sql(&self) -> Vec<(String, String)> {
        match &self.reach {
            Reach::Relations { conditions, .. } => conditions.clone(),
            Reach::Simulated { .. } => Vec::new(),
        }
    }
}

fn exception(error: &FilterError) -> String {
    match error {
        FilterError::UnknownColumn(name) => format!("ERROR P0001 (raise_exception) invalid column for filter {name}"),
        FilterError::BadValue(kind, value) => {
            let kind = kind.long_name();
            format!("ERROR 22P02 (invalid_text_representation) invalid input syntax for type {kind}: \"{value}\"")
        }
        FilterError::Malformed(text) => format!("ERROR 22023 (invalid_parameter_value) invalid filter {text}"),
    }
}

/// One condition of a filter. The operator may be prefixed with `not.`.
struct Condition<'a> {
    column: &'a str,
    operator: &'a str,
    value: String,
}

impl Condition<'_> {
    /// As the server prints it in its errors.
    fn elixir(&self) -> String {
        let (operator, is_negated) = match self.operator.strip_prefix("not.") {
            Some(operator) => (operator, true),
            None => (self.operator, false),
        };
        format!(
            "{{\"{}\", \"{operator}\", \"{}\", {is_negated}}}",
            self.column, self.value
        )
    }
}

/// Operators of the stream's filter language.
const OPERATORS: [&str; 10] = ["eq", "neq", "lt", "lte", "gt", "gte", "in", "is", "like", "ilike"];

/// Splits `a=eq.1,b=not.in.(x,y)`.
fn conditions(filter: &str) -> Result<Vec<Condition<'_>>, String> {
    if filter.is_empty() {
        return Ok(Vec::new());
    }
    let error = |parts: &[&str]| format!("Error parsing `filter` params: {parts:?}");
    let parts = split(filter).ok_or_else(|| error(&[filter]))?;
    let mut conditions = Vec::with_capacity(parts.len());
    for part in parts {
        let (column, test) = part.split_once('=').ok_or_else(|| error(&[part]))?;
        let bare = test.strip_prefix("not.").unwrap_or(test);
        let (word, value) = bare.split_once('.').ok_or_else(|| error(&[bare]))?;
        if !OPERATORS.contains(&word) || (word == "in" && !value.starts_with('(')) {
            return Err(error(&[word, value]));
        }
        let operator = test.get(..test.len() - value.len() - 1).unwrap_or(word);
        let value = unquote(value).ok_or_else(|| error(&[part]))?;
        conditions.push(Condition {
            column,
            operator,
            value,
        });
    }
    Ok(conditions)
}

/// The request as the server prints it: `%{"event" => "*"}`.
fn elixir_map(entry: &Map<String, Value>) -> String {
    let pairs: Vec<String> = entry.iter().map(|(key, value)| format!("{key:?} => {value}")).collect();
    format!("%{{{}}}", pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(entry: &Value) -> Result<Subscription, String> {
        Subscription::parse(
            entry.as_object().expect("an object"),
            Tables::Simulated(&Rules::new(Default::default(), true)),
        )
    }

    #[test]
    fn bad_entries_are_refused_in_the_server_s_words() {
        for (entry, message) in [
            (
                serde_json::json!({"event":"*","schema":"public","table":"nope"}),
                "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given \
                 connect parameters: [event: *, schema: public, table: nope, filters: [], select: nil]",
            ),
            (
                serde_json::json!({"event":"*","schema":"public","table":"agents","filter":"nocol=eq.1"}),
                "Unable to subscribe to changes with given parameters. An exception happened so please check your \
                 connect parameters: [event: *, schema: public, table: agents, filters: [{\"nocol\", \"eq\", \"1\", \
                 false}], select: nil]. Exception: ERROR P0001 (raise_exception) invalid column for filter nocol",
            ),
            (
                serde_json::json!({"event":"*","schema":"public","table":"agents","filter":"id=eq.notauuid"}),
                "Unable to subscribe to changes with given parameters. An exception happened so please check your \
                 connect parameters: [event: *, schema: public, table: agents, filters: [{\"id\", \"eq\", \
                 \"notauuid\", false}], select: nil]. Exception: ERROR 22P02 (invalid_text_representation) invalid \
                 input syntax for type uuid: \"notauuid\"",
            ),
            (
                serde_json::json!({"event":"*","schema":"public","table":"agents","filter":"garbage"}),
                "Error parsing `filter` params: [\"garbage\"]",
            ),
            (
                serde_json::json!({"event":"*","schema":"public","table":"agents","filter":"name=foo.x"}),
                "Error parsing `filter` params: [\"foo\", \"x\"]",
            ),
            (
                serde_json::json!({}),
                "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: %{}",
            ),
        ] {
            assert_eq!(parse(&entry).expect_err("refused"), message, "{entry}");
        }
    }

    #[test]
    fn equal_entries_have_equal_ids() {
        let a = parse(&serde_json::json!({"event":"*","schema":"public","table":"agents"})).expect("an entry");
        let b = parse(&serde_json::json!({"table":"agents","schema":"public","event":"*"})).expect("an entry");
        let c = parse(&serde_json::json!({"table":"tasks","schema":"public","event":"*"})).expect("an entry");
        assert_eq!(a.id, b.id);
        assert_ne!(a.id, c.id);
    }
}
