//! Which columns name rows of which tables: by foreign keys, by values, by names.

use std::collections::HashSet;

use super::table::{Column, Table};

/// A column that names rows of another table, or of its own.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// The position of the column.
    pub(super) column: usize,
    /// The position of the table that it names rows of.
    pub(super) target: usize,
    /// The column there.
    pub(super) target_column: String,
    /// That column is the key.
    pub(super) is_key: bool,
    pub(super) by: By,
}

/// How a link was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum By {
    /// The column is named like the table.
    Name,
    /// Its values are found there.
    Values,
    /// A foreign key says so.
    ForeignKey,
}

/// Fewer different values than this say nothing where the names do not resemble each other.
const FEW: usize = 2;

/// The key columns of a table: those of the catalogue, or the ones that look like it.
fn key(table: &Table<'_>) -> Vec<String> {
    if let Some(key) = table.facts.key.as_ref().filter(|key| !key.is_empty()) {
        return key.clone();
    }
    let is_key = |column: &&Column<'_>| {
        column.is_distinct()
            && column.filled == table.rows()
            && column.prose == 0
            && !column.is_time()
            && !column.is_flag()
    };
    let named = format!("{}_id", table.head());
    let whole = format!("{}_id", table.singular());
    let order = ["id", "uuid", whole.as_str(), named.as_str(), "key", "slug", "name"];
    let by_name = order.iter().find_map(|name| table.column(name).filter(is_key));
    let by_form = || {
        let mut columns = table.columns.iter().filter(|column| !column.name.contains('.'));
        columns.find(|column| is_key(column) && (column.snake.ends_with("_id") || column.snake.ends_with("id")))
    };
    if let Some(column) = by_name.or_else(by_form) {
        return vec![column.name.clone()];
    }
    composite(table).unwrap_or_else(|| {
        // Nothing is known of an empty table.
        vec!["id".to_owned()]
    })
}

/// Two columns whose values together are different in every row.
fn composite(table: &Table<'_>) -> Option<Vec<String>> {
    let usable: Vec<&Column<'_>> = table
        .columns
        .iter()
        .filter(|column| {
            column.filled == table.rows()
                && table.rows() > 0
                && !column.name.contains('.')
                && !column.is_time()
                && !column.is_flag()
                && column.lists + column.objects == 0
        })
        .take(6)
        .collect();
    for (at, one) in usable.iter().enumerate() {
        for other in usable.iter().skip(at + 1) {
            let pairs: HashSet<String> = table
                .facts
                .rows
                .iter()
                .map(|row| format!("{:?} {:?}", row.get(&one.name), row.get(&other.name)))
                .collect();
            if pairs.len() == table.rows() {
                return Some(vec![one.name.clone(), other.name.clone()]);
            }
        }
    }
    let first = usable.first().filter(|column| column.is_distinct());
    first.map(|column| vec![column.name.clone()])
}

/// The keys of all tables, and every link between them: worked out once.
pub(super) struct Keys {
    keys: Vec<Vec<String>>,
    /// By table: the links of each of its columns, to any table.
    links: Vec<Vec<(Link, u8)>>,
}

impl Keys {
    pub(super) fn of(tables: &[Table<'_>]) -> Self {
        let keys: Vec<Vec<String>> = tables.iter().map(key).collect();
        let links_of = |(own, table): (usize, &Table<'_>)| {
            let columns = table.columns.iter().enumerate();
            columns
                .flat_map(|(at, column)| (0..tables.len()).map(move |target| (at, column, target)))
                .filter_map(|(at, column, target)| link(tables, &keys, own, at, column, target))
                .collect()
        };
        let links = tables.iter().enumerate().map(links_of).collect();
        Self { keys, links }
    }

    /// The key columns of a table.
    pub(super) fn get(&self, table: usize) -> Option<&Vec<String>> {
        self.keys.get(table)
    }

    /// The links of a table to the tables that `is_target` admits: the best one of each column.
    pub(super) fn links(&self, own: usize, is_target: impl Fn(usize) -> bool) -> Vec<Link> {
        let mut best: Vec<&(Link, u8)> = Vec::new();
        for found in self
            .links
            .get(own)
            .into_iter()
            .flatten()
            .filter(|(link, _)| is_target(link.target))
        {
            match best.iter_mut().find(|(known, _)| known.column == found.0.column) {
                Some(known) if (known.0.by, known.1) <= (found.0.by, found.1) => *known = found,
                Some(_) => {}
                None => best.push(found),
            }
        }
        best.into_iter().map(|(link, _)| link.clone()).collect()
    }
}

/// The link of one column to one table, and how close their names are.
fn link(
    tables: &[Table<'_>],
    keys: &[Vec<String>],
    own: usize,
    at: usize,
    column: &Column<'_>,
    target: usize,
) -> Option<(Link, u8)> {
    let (table, other) = (tables.get(own)?, tables.get(target)?);
    let key = keys.get(target)?;
    let closeness = closeness(&column.snake, other);
    let made = |target_column: &str, by| {
        let is_key = matches!(key.as_slice(), [only] if only == target_column);
        let link = Link {
            column: at,
            target,
            target_column: target_column.to_owned(),
            is_key,
            by,
        };
        Some((link, closeness))
    };
    if let Some(reference) = column.facts.and_then(|facts| facts.refers_to.as_ref()) {
        let is_it = reference.table == other.facts.table && reference.schema == other.facts.schema;
        return if is_it {
            made(&reference.column, By::ForeignKey)
        } else {
            None
        };
    }
    // The own key names no other row, unless it is that of another table.
    let own_key = keys.get(own).map(Vec::as_slice).unwrap_or_default();
    if own_key == [column.name.clone()] && (own == target || closeness == 0) {
        return None;
    }
    if column.is_flag() || column.is_time() || column.objects > 0 {
        return None;
    }
    let of_target = |name: &String| other.columns.iter().find(|column| column.name == *name);
    let unique = other.columns.iter().filter(|candidate| {
        let is_declared = other.facts.unique.contains(&candidate.name);
        let is_likely = matches!(
            candidate.snake.as_str(),
            "slug" | "name" | "handle" | "code" | "key" | "ref"
        ) || candidate.snake.ends_with("_id")
            || candidate.snake.ends_with("_name")
            || candidate.snake.ends_with("_slug")
            || candidate.snake.ends_with("_key");
        !(own == target && candidate.name == column.name)
            && candidate.facts.is_none_or(|facts| facts.refers_to.is_none())
            && (is_declared || (is_likely && candidate.is_distinct()))
    });
    let candidates = (matches!(key.as_slice(), [_])
        .then(|| key.iter().filter_map(of_target))
        .into_iter()
        .flatten())
    .chain(unique);
    let mut best: Option<(&str, usize)> = None;
    for candidate in candidates {
        // Of many tables most share no value at all.
        if !column
            .values
            .keys()
            .take(8)
            .any(|value| candidate.values.contains_key(value))
        {
            continue;
        }
        // Prose beside ids names no row.
        let ids = column
            .values
            .keys()
            .filter(|value| column.prose == 0 || !value.contains(' '));
        let (same, all) = ids.fold((0, 0), |(same, all), value| {
            (same + usize::from(candidate.values.contains_key(value)), all + 1)
        });
        let is_most = same * 10 >= all * 7;
        // Small numbers are found in every table: a name has to say the same.
        let is_small_number = column
            .values
            .keys()
            .all(|value| value.len() <= 6 && value.bytes().all(|b| b.is_ascii_digit()));
        let is_enough = same > 0 && is_most && (closeness > 0 || (same >= FEW && !is_small_number));
        if is_enough && best.is_none_or(|(_, most)| same > most) {
            best = Some((candidate.name.as_str(), same));
        }
    }
    if let Some((name, _)) = best {
        return made(name, By::Values);
    }
    // Nothing is in it, or the rows that it names are not among those looked at.
    let says_key = column.snake.ends_with("_id") || column.snake.ends_with("_ids") || table.rows() == 0;
    let is_unknown = column.values.is_empty() || other.rows() == 0 || other.rows() >= super::MAX_SAMPLE;
    if closeness >= 2 && says_key && is_unknown && matches!(key.as_slice(), [_]) {
        return made(key.first()?, By::Name);
    }
    None
}

/// How close the name of a column is to that of a table: 3 the same, 2 one is the end of the other, 1 a common word.
pub(super) fn closeness(snake: &str, table: &Table<'_>) -> u8 {
    let words = super::table::singular_words(snake);
    let stem: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !matches!(*word, "id" | "uuid" | "name" | "slug" | "key" | "ref" | "code"))
        .collect();
    let own: Vec<&str> = table.words.iter().map(String::as_str).collect();
    if stem.is_empty() || own.is_empty() {
        return 0;
    }
    if stem == own {
        return 3;
    }
    if stem.ends_with(&own) || own.ends_with(&stem) {
        return 2;
    }
    u8::from(stem.last() == own.last() || stem.last() == own.first())
}
