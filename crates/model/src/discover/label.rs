//! Which columns hold the name of a row on the screen. A word that ends the name of such a column is added to [`NAMES`].

use super::table::{Column, Table};
use crate::Kind;

/// Most columns that are proposed for the name.
const MAX_COLUMNS: usize = 6;

/// Words that end the name of a column with the name of a row, also in other languages.
const NAMES: &[&str] = &[
    "name",
    "title",
    "subject",
    "label",
    "headline",
    "objective",
    "slug",
    "identifier",
    "topic",
    "goal",
    "question",
    "titulo",
    "título",
    "nome",
    "nombre",
    "asunto",
    "assunto",
    "titel",
    "bezeichnung",
    "betreff",
    "username",
    "hostname",
    "prompt",
    "body",
    "text",
    "content",
    "summary",
    "description",
    "descricao",
    "descripción",
    "beschreibung",
];

/// Words that end the name of a column that says of which sort a row is.
const SORTS: &[&str] = &[
    "type",
    "kind",
    "action",
    "handler",
    "worker",
    "queue",
    "function",
    "job",
    "task",
    "operation",
    "event",
    "command",
    "category",
    "version",
    "node",
    "step",
    "sort",
    "runbook",
    "flow",
    "pipeline",
    "trigger",
];

/// Words that name something else than the row.
const ELSE: &[&str] = &[
    "user", "owner", "creator", "contact", "client", "file", "repo", "model", "host", "table", "schema", "branch",
    "customer", "company", "brand", "result", "error", "output", "response",
];

/// The columns of the name, the best first. `usual` are the default columns of the kind, and `links` the columns that name
/// rows of other sources.
///
/// The order is: the usual columns, or else those that are named like them, where most rows fill them differently; the
/// others of both; for rows of work what sort they are; and last any text that is different in most rows, because it is
/// better than a key.
pub(super) fn columns(
    table: &Table<'_>,
    kind: Kind,
    usual: &[String],
    key: &[String],
    links: &[String],
) -> Vec<String> {
    let search = Search { table, key, links };
    let (weak, usual): (Vec<_>, Vec<_>) = search.usual(usual).into_iter().partition(|column| is_weak(column));
    let similar = search.similar();
    let mut list: Vec<&Column<'_>> = search.telling_apart(&usual);
    if list.is_empty() {
        list = search.telling_apart(&similar);
    }
    if list.is_empty() && kind.is_work() {
        list = search.second_ids();
    }
    list.extend(usual);
    list.extend(similar);
    list.extend(weak);
    if kind.is_work() {
        list.extend(search.sorts());
    }
    list.extend(search.other_texts());
    let mut names: Vec<String> = Vec::new();
    for column in list {
        if !names.contains(&column.name) {
            names.push(column.name.clone());
        }
    }
    names.truncate(MAX_COLUMNS);
    names
}

/// The table whose columns are searched.
struct Search<'t, 'f> {
    table: &'t Table<'f>,
    key: &'t [String],
    links: &'t [String],
}

impl<'t, 'f> Search<'t, 'f> {
    /// The usual columns that exist and do not only count.
    fn usual(&self, names: &[String]) -> Vec<&'t Column<'f>> {
        let found = names.iter().filter_map(|name| self.table.column(name));
        found
            .filter(|column| self.is_usable(column) && !is_number_only(column))
            .collect()
    }

    /// Columns that are named like a name, the most likely first.
    fn similar(&self) -> Vec<&'t Column<'f>> {
        let is_similar = |column: &&Column<'_>| {
            column.is_text() && NAMES.contains(&last_word(column).as_str()) && !is_of_something_else(column)
        };
        let mut found: Vec<_> = self.usable().filter(is_similar).collect();
        found.sort_by_key(|column| {
            let words = column.words();
            let is_own = words.iter().any(|word| word == self.table.head() || word == "display");
            let last = last_word(column);
            let place = NAMES.iter().position(|name| *name == last).unwrap_or(NAMES.len());
            (column.name.contains('.'), !is_own, place)
        });
        found
    }

    /// Texts that identify a row otherwise than its key: `workflow_id`, `external_ref`.
    fn second_ids(&self) -> Vec<&'t Column<'f>> {
        let is_of_row = |column: &Column<'_>| {
            let is_own =
                |word: &String| word == self.table.head() || matches!(word.as_str(), "external" | "ref" | "run");
            column.words().iter().any(is_own)
        };
        let is_second = |column: &&Column<'_>| {
            column.is_text()
                && column.is_distinct()
                && is_of_row(column)
                && self.table.rows() > 1
                && column.values.keys().any(|value| value.len() > 6)
        };
        self.usable().filter(is_second).collect()
    }

    /// Columns that say of which sort a row is.
    fn sorts(&self) -> Vec<&'t Column<'f>> {
        let is_sort = |column: &&Column<'_>| {
            column.is_text()
                && column.prose == 0
                && SORTS.contains(&last_word(column).as_str())
                && !column.name.contains('.')
                && self.is_mostly_filled(column)
        };
        self.usable().filter(is_sort).collect()
    }

    /// Short texts that are different in most rows, prose first.
    fn other_texts(&self) -> Vec<&'t Column<'f>> {
        let is_short = |column: &Column<'_>| !column.values.keys().any(|value| value.len() > 120);
        let is_address = |column: &Column<'_>| {
            let mut values = column.values.keys();
            values.any(|value| value.contains("://") || value.contains('@'))
        };
        let is_in_most_rows = |column: &Column<'_>| {
            column.filled > 1
                && column.filled * 10 >= self.table.rows() * 8
                && column.values.len() * 10 >= column.filled * 8
        };
        let is_name = |column: &&Column<'_>| {
            column.is_text()
                && !column.name.contains('.')
                && !column.snake.ends_with("_id")
                && is_short(column)
                && !is_address(column)
                && is_in_most_rows(column)
                && !is_of_something_else(column)
        };
        let mut found: Vec<_> = self.usable().filter(is_name).collect();
        found.sort_by_key(|column| column.prose == 0);
        found
    }

    /// Those by which most rows can be told apart.
    fn telling_apart(&self, columns: &[&'t Column<'f>]) -> Vec<&'t Column<'f>> {
        let is_various = |column: &Column<'_>| {
            column.filled == 0 || self.table.rows() < 4 || column.values.len() * 2 >= column.filled
        };
        let columns = columns.iter().copied();
        columns
            .filter(|column| self.is_mostly_filled(column) && is_various(column))
            .collect()
    }

    fn usable(&self) -> impl Iterator<Item = &'t Column<'f>> {
        self.table.columns.iter().filter(|column| self.is_usable(column))
    }

    /// Whether a column may hold a name at all: it holds texts or numbers, and is no key, link, time or state.
    fn is_usable(&self, column: &Column<'_>) -> bool {
        let is_key = matches!(self.key, [only] if *only == column.name) && column.name != "name";
        let is_state = matches!(last_word(column).as_str(), "status" | "state" | "stage" | "phase");
        column.flags + column.objects + column.lists == 0
            && (column.filled > 0 || self.table.rows() == 0)
            && !column.is_time()
            && !is_uuid(column)
            && !is_key
            && !self.links.contains(&column.name)
            && !is_state
    }

    fn is_mostly_filled(&self, column: &Column<'_>) -> bool {
        self.table.rows() == 0 || column.filled * 2 >= self.table.rows()
    }
}

/// Whether a usual column says where a row is or what began it. That is no name of its own.
fn is_weak(column: &Column<'_>) -> bool {
    matches!(
        column.snake.as_str(),
        "current_step" | "trigger" | "kind" | "agent_name" | "input"
    )
}

/// Whether a column names something else than the row.
fn is_of_something_else(column: &Column<'_>) -> bool {
    column.words().iter().any(|word| ELSE.contains(&word.as_str()))
}

fn last_word(column: &Column<'_>) -> String {
    column.words().pop().unwrap_or_default()
}

/// Whether a column that may hold a name holds numbers only.
fn is_number_only(column: &Column<'_>) -> bool {
    column.is_number()
        || (column.filled > 0
            && column
                .values
                .keys()
                .all(|value| value.bytes().all(|byte| byte.is_ascii_digit())))
}

/// Whether a column holds UUIDs.
fn is_uuid(column: &Column<'_>) -> bool {
    column.type_name() == "uuid"
        || (column.filled > 0
            && column
                .values
                .keys()
                .all(|value| value.len() == 36 && value.bytes().filter(|byte| *byte == b'-').count() == 4))
}
