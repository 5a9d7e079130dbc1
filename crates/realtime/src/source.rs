//! Sources: the followed tables, their keys, and the names that their changes come under.

use std::borrow::Cow;

use model::{Cell, Record, RowId};

/// One table to follow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// The table's schema, `public` in most projects.
    pub schema: String,
    /// The name of the table, without its schema.
    pub table: String,
    /// Primary-key columns, one or more, in the order of the key.
    pub key: Vec<String>,
    /// The columns to keep beside the key; `None` = all.
    pub columns: Option<Vec<String>>,
    /// Columns that may say when a row was last changed, the most trusted first: the audit orders by one of them.
    pub updated_at: Vec<String>,
    /// Names that the changes of its partitions come under (the stream names the leaf, not the parent). `%` stands for
    /// any run of characters and `_` for one, as the server matches names.
    pub partitions: Vec<String>,
    /// What a person calls one row and several rows, like `("task", "tasks")`; used in notices.
    pub noun: (String, String),
}

impl Source {
    /// `schema.table`, for messages.
    pub fn name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    /// The names to subscribe to. The server reports changes of a partitioned table under the leaf's name, and does
    /// not match them with the parent's.
    pub fn subscribed_names(&self) -> impl Iterator<Item = &str> {
        let own = self.partitions.is_empty().then_some(self.table.as_str());
        own.into_iter().chain(self.partitions.iter().map(String::as_str))
    }

    /// A change under this name is one of this source.
    pub(super) fn is_named(&self, schema: &str, table: &str) -> bool {
        self.schema == schema && (self.table == table || self.partitions.iter().any(|pattern| is_like(table, pattern)))
    }

    /// The row's key; `None` when a key column is absent, null or of a type that cannot be a key.
    pub fn id_of(&self, record: &Record) -> Option<RowId> {
        self.id_from(|column| record.get(column))
    }

    /// As [`Source::id_of`], of whatever gives a column's cell.
    pub(super) fn id_from<'r>(&self, cell: impl Fn(&str) -> Option<Cell<'r>>) -> Option<RowId> {
        RowId::of_key(&self.key, cell)
    }

    /// The columns kept, the key first; `None` = all.
    pub fn kept_columns(&self) -> Option<impl Iterator<Item = &str>> {
        let columns = self.columns.as_ref()?;
        let beside_key = columns.iter().filter(|column| !self.key.contains(column));
        Some(self.key.iter().chain(beside_key).map(String::as_str))
    }

    /// Whether a column is kept.
    pub(super) fn keeps(&self, column: &str) -> bool {
        let is = |name: &String| name == column;
        self.columns
            .as_ref()
            .is_none_or(|columns| columns.iter().any(is) || self.key.iter().any(is))
    }

    /// The values of the key columns that make up this id, in the order of [`Source::key`].
    pub fn key_values<'i>(&self, id: &'i RowId) -> Vec<Cow<'i, str>> {
        id.key_values(self.key.len())
    }

    /// Bytes that a look-up of this id adds to an address, roughly.
    pub(super) fn lookup_bytes(&self, id: &RowId) -> usize {
        let names = match self.key.as_slice() {
            [_] => 0,
            keys => keys.iter().map(|key| key.len() + ".eq.,and()".len()).sum(),
        };
        id.as_str().len() + names
    }
}

/// SQL's `LIKE` without an escape character, which is how the server matches names: `%` is any run, `_` any one
/// character. Takes time linear in each run. Public for servers in tests and tools.
pub fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where the last `%` stood, and how much of the text it has taken so far.
    let mut run: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(at) {
        match (pattern.get(of), run) {
            (Some('%'), _) => {
                run = Some((of, at));
                of += 1;
            }
            (Some(wanted), _) if *wanted == '_' || wanted == letter => {
                at += 1;
                of += 1;
            }
            (_, Some((star, taken))) => {
                run = Some((star, taken + 1));
                of = star + 1;
                at = taken + 1;
            }
            (_, None) => return false,
        }
    }
    pattern.iter().skip(of).all(|left| *left == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_as_the_server_matches_them() {
        for (text, pattern, expected) in [
            ("tasks_2026_10", "tasks_2026_%", true),
            ("tasks_2026_10", "tasks_%_10", true),
            ("tasksx2026x10", "tasks_2026_10", true),
            ("tasks", "tasks_%", false),
            ("tasks_", "tasks_%", true),
            ("tasks", "%", true),
            ("tasks", "task_", true),
            ("tasks", "task", false),
            ("tasks", "t%k%s", true),
            ("", "%%", true),
            ("tasks", "Tasks", false),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaab", "%a%a%a%a%a%a%a%a%a%c", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} like {pattern}");
        }
    }
}
