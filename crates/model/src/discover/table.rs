//! One table while discovery looks at it: names as words, and what its columns hold.

use std::collections::{BTreeMap, HashSet};

use super::{ColumnFacts, TableFacts};
use crate::{Cell, Record, mapping};

/// Longer texts are not compared with keys and words.
const MAX_VALUE_BYTES: usize = 200;

/// A table with its columns.
pub(super) struct Table<'f> {
    pub(super) facts: &'f TableFacts,
    /// The words of its name in the singular: `agent_tasks` is `agent`, `task`.
    pub(super) words: Vec<String>,
    pub(super) columns: Vec<Column<'f>>,
}

/// A column, or a field of a JSON column, and what the rows hold in it.
pub(super) struct Column<'f> {
    /// As it is written in the settings: `status`, `record.status`.
    pub(super) name: String,
    /// In snake case.
    pub(super) snake: String,
    pub(super) facts: Option<&'f ColumnFacts>,
    /// The texts and numbers that the rows hold, each once, with the number of rows; of lists their items.
    pub(super) values: BTreeMap<String, usize>,
    /// Rows that hold something in it.
    pub(super) filled: usize,
    /// Rows that hold a boolean.
    pub(super) flags: usize,
    /// Rows that hold a number.
    pub(super) numbers: usize,
    /// Rows that hold a list, or a text that looks like one.
    pub(super) lists: usize,
    /// Rows that hold a JSON object.
    pub(super) objects: usize,
    /// Rows whose text has a space: prose.
    pub(super) prose: usize,
    /// Rows whose text looks like a time.
    pub(super) times: usize,
}

impl<'f> Table<'f> {
    pub(super) fn of(facts: &'f TableFacts) -> Self {
        let mut columns: Vec<Column<'f>> = facts
            .columns
            .iter()
            .map(|column| {
                Column::of(column.name.clone(), Some(column), &facts.rows, |row| {
                    row.get(&column.name)
                })
            })
            .collect();
        for column in facts.columns.iter().filter(|column| is_object(column, &facts.rows)) {
            for field in fields(&column.name, &facts.rows) {
                let name = format!("{}.{field}", column.name);
                columns.push(Column::of(name, None, &facts.rows, |row| {
                    match row.get(&column.name)? {
                        Cell::Object(fields) => fields.get(&field),
                        _ => None,
                    }
                }));
            }
        }
        Self {
            facts,
            words: table_words(&facts.table),
            columns,
        }
    }

    /// `schema.table`, or the table alone where it is in `public`.
    pub(super) fn name(&self) -> String {
        match self.facts.schema.as_str() {
            "public" => self.facts.table.clone(),
            schema => format!("{schema}.{}", self.facts.table),
        }
    }

    /// The last word of its name.
    pub(super) fn head(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    /// The name as one, in the singular.
    pub(super) fn singular(&self) -> String {
        self.words.join("_")
    }

    pub(super) fn has_word(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// The column of a name in snake case.
    pub(super) fn column(&self, snake: &str) -> Option<&Column<'f>> {
        let exact = self.columns.iter().find(|column| column.name == snake);
        exact.or_else(|| self.columns.iter().find(|column| column.snake == snake))
    }

    pub(super) fn has(&self, snake: &str) -> bool {
        self.column(snake).is_some()
    }

    pub(super) fn rows(&self) -> usize {
        self.facts.rows.len()
    }
}

impl<'f> Column<'f> {
    fn of<'r>(
        name: String,
        facts: Option<&'f ColumnFacts>,
        rows: &'r [Record],
        cell: impl Fn(&'r Record) -> Option<Cell<'r>>,
    ) -> Self {
        let mut column = Self {
            snake: mapping::normalised(&name).unwrap_or_else(|| name.to_lowercase()),
            name,
            facts,
            values: BTreeMap::new(),
            filled: 0,
            flags: 0,
            numbers: 0,
            lists: 0,
            objects: 0,
            prose: 0,
            times: 0,
        };
        for row in rows {
            if let Some(value) = cell(row) {
                column.look(&value);
            }
        }
        column
    }

    fn look(&mut self, value: &Cell<'_>) {
        match value {
            Cell::Null => return,
            Cell::Bool(flag) => {
                self.flags += 1;
                self.count(if *flag { "true" } else { "false" });
            }
            Cell::Number(digits) => {
                self.numbers += 1;
                self.count(digits);
            }
            Cell::Text(text) => {
                let text = text.trim();
                if text.is_empty() {
                    return;
                }
                if text.starts_with(['{', '[']) && text.ends_with(['}', ']']) {
                    self.lists += 1;
                    let items = text.get(1..text.len() - 1).unwrap_or_default();
                    items
                        .split(',')
                        .map(|item| item.trim().trim_matches('"'))
                        .for_each(|item| self.count(item));
                } else {
                    self.prose += usize::from(text.contains(' '));
                    self.times += usize::from(looks_like_time(text));
                    self.count(text);
                }
            }
            Cell::List(items) => {
                self.lists += 1;
                for item in items.iter().take(100) {
                    if let Cell::Text(text) = &item {
                        self.count(text);
                    } else if let Cell::Number(digits) = &item {
                        self.count(digits);
                    }
                }
            }
            Cell::Object(_) => self.objects += 1,
        }
        self.filled += 1;
    }

    fn count(&mut self, value: &str) {
        if !value.is_empty() && value.len() <= MAX_VALUE_BYTES {
            *self.values.entry(value.to_owned()).or_default() += 1;
        }
    }

    /// The words of its name in the singular.
    pub(super) fn words(&self) -> Vec<String> {
        singular_words(&self.snake)
    }

    pub(super) fn type_name(&self) -> &str {
        self.facts
            .and_then(|facts| facts.type_name.as_deref())
            .unwrap_or_default()
    }

    pub(super) fn is_flag(&self) -> bool {
        self.type_name() == "boolean" || (self.filled > 0 && self.flags == self.filled)
    }

    pub(super) fn is_time(&self) -> bool {
        self.type_name().starts_with("timestamp")
            || self.type_name() == "date"
            || (self.filled > 0 && self.times == self.filled)
    }

    /// Whether it may hold short texts: words, names, keys.
    pub(super) fn is_text(&self) -> bool {
        let kind = self.type_name();
        let is_other = kind == "boolean"
            || kind == "jsonb"
            || kind == "json"
            || kind == "uuid"
            || kind.starts_with("timestamp")
            || kind.ends_with("[]")
            || is_number_type(kind);
        !is_other && self.flags + self.numbers + self.lists + self.objects + self.times == 0
    }

    pub(super) fn is_number(&self) -> bool {
        is_number_type(self.type_name()) || (self.filled > 0 && self.numbers == self.filled)
    }

    /// Whether its values are all different.
    pub(super) fn is_distinct(&self) -> bool {
        self.filled > 0 && self.lists == 0 && self.values.len() == self.filled
    }

    /// The normalised words that it holds or may hold.
    pub(super) fn vocabulary(&self) -> HashSet<String> {
        let declared = self.facts.map(|facts| facts.words.as_slice()).unwrap_or_default();
        self.values
            .keys()
            .map(String::as_str)
            .chain(declared.iter().map(String::as_str))
            .filter_map(mapping::normalised)
            .collect()
    }
}

fn is_number_type(name: &str) -> bool {
    matches!(
        name,
        "integer" | "bigint" | "smallint" | "numeric" | "real" | "double precision"
    )
}

/// `2026-11-28T09:00:00+00:00`, `2026-11-28 09:00`, `2026-11-28`.
fn looks_like_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes.iter().take(4).all(u8::is_ascii_digit)
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
}

fn is_object(column: &ColumnFacts, rows: &[Record]) -> bool {
    let objects = rows
        .iter()
        .filter(|row| matches!(row.get(&column.name), Some(Cell::Object(_))));
    rows.len() > 1 && objects.count() * 10 >= rows.len() * 8
}

/// The fields that most of the objects in a column have, at most 30.
fn fields(column: &str, rows: &[Record]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        if let Some(Cell::Object(fields)) = row.get(column) {
            for (name, _) in fields.iter().take(60) {
                if !name.contains('.') && name.len() <= 60 {
                    *counts.entry(name.into_owned()).or_default() += 1;
                }
            }
        }
    }
    let most = counts.into_iter().filter(|(_, count)| count * 2 >= rows.len());
    most.map(|(name, _)| name).take(30).collect()
}

/// Words around the name of a table that say how it is made available, as in `agents_safe`, `v_jobs`.
const WRAPPERS: &[&str] = &[
    "safe",
    "view",
    "public",
    "v",
    "vw",
    "list",
    "overview",
    "readable",
    "export",
    "all",
    "registry",
    "pool",
    "catalog",
    "directory",
    "fleet",
    "roster",
];

/// The words of a table's name in the singular, without those that say that it is a view of another.
fn table_words(name: &str) -> Vec<String> {
    let mut words = singular_words(name);
    let is_number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    while words.len() > 1
        && words
            .last()
            .is_some_and(|word| WRAPPERS.contains(&word.as_str()) || is_number(word))
    {
        words.pop();
    }
    if words.len() > 1 && words.first().is_some_and(|word| WRAPPERS.contains(&word.as_str())) {
        words.remove(0);
    }
    words
}

/// The words of a name, each in the singular.
pub(super) fn singular_words(name: &str) -> Vec<String> {
    let snake = mapping::normalised(name).unwrap_or_else(|| name.to_lowercase());
    snake.split('_').filter(|word| !word.is_empty()).map(singular).collect()
}

fn singular(word: &str) -> String {
    if word.len() <= 3 || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("uses") {
        return format!("{stem}us");
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    if let Some(stem) = ["sses", "xes", "ches", "shes"]
        .iter()
        .find_map(|end| word.strip_suffix(end).map(|stem| (stem, *end)))
    {
        return format!("{}{}", stem.0, &stem.1[..stem.1.len() - 2]);
    }
    word.strip_suffix('s').unwrap_or(word).to_owned()
}
