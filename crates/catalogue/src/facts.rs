//! From the answer of the catalogue to facts.

use serde::Deserialize;

use super::CatalogueTable;
use model::{
    Kind, Record, SourceMapping,
    discover::{ColumnFacts, ForeignColumn, MAX_SAMPLE, TableFacts, TableForm},
    mapping::MAX_WORD_BYTES,
};

/// One entry of `tables.sql`.
#[derive(Debug, Deserialize)]
pub(crate) struct Described {
    pub(crate) schema: String,
    pub(crate) table: String,
    form: String,
    /// Rows, as the planner counts them; below 0 where it has not counted.
    pub(crate) estimate: i64,
    replica_identity: String,
    row_security: bool,
    /// The role may select from it.
    pub(crate) granted: bool,
    has_policy: bool,
    published: bool,
    via_root: bool,
    partitions: Vec<String>,
    columns: Vec<Column>,
    constraints: Vec<Constraint>,
}

#[derive(Debug, Deserialize)]
struct Column {
    name: String,
    r#type: String,
    labels: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Constraint {
    /// `p`, `u`, `f` or `c`.
    r#type: String,
    definition: String,
    columns: Option<Vec<String>>,
    schema: Option<String>,
    table: Option<String>,
    refers: Option<Vec<String>>,
}

impl Described {
    /// The column that says when a row was changed, or made.
    pub(crate) fn changed_at(&self) -> Option<&str> {
        let usual = SourceMapping::of(Kind::Task);
        let names = usual.updated_at.iter().chain(&usual.created_at);
        let mut found = names.filter_map(|name| self.columns.iter().find(|column| column.name == *name));
        found
            .find(|column| column.r#type.starts_with("timestamp"))
            .map(|column| column.name.as_str())
    }

    fn of_type(&self, wanted: &'static str) -> impl Iterator<Item = &Constraint> {
        self.constraints.iter().filter(move |known| known.r#type == wanted)
    }

    /// What is known of the table. `rows`: those that were read; `is_late`: there was no time for it.
    pub(crate) fn table(self, role: &str, rows: Option<Vec<Record>>, is_late: bool) -> CatalogueTable {
        let columns = self.columns.iter().map(|column| self.column(column)).collect();
        let unique = self.of_type("u").filter_map(|known| match known.columns.as_deref() {
            Some([column]) => Some(column.clone()),
            _ => None,
        });
        let unique = unique.collect();
        let key = self.of_type("p").next().and_then(|known| known.columns.clone());
        let read = rows.as_ref().map(|rows| rows.len() as u64);
        let estimate = u64::try_from(self.estimate).ok();
        let count = match read {
            Some(read) if (read as usize) < MAX_SAMPLE => Some(read),
            read => estimate.max(read),
        };
        let refusal = match (self.granted, &rows) {
            (false, _) => Some(format!("{role} may not read it: grant select to it, or sign in")),
            (true, None) if !is_late => Some("reading it failed or took the database too long".to_owned()),
            _ => None,
        };
        CatalogueTable {
            facts: TableFacts {
                form: Some(match self.form.as_str() {
                    "r" => TableForm::Table,
                    "p" => TableForm::Partitioned {
                        via_root: self.via_root,
                    },
                    _ => TableForm::View,
                }),
                columns,
                key: Some(key.unwrap_or_default()),
                unique,
                count,
                is_published: Some(self.published),
                refusal,
                is_denied: !self.granted,
                rows: rows.unwrap_or_default(),
                schema: self.schema,
                table: self.table,
            },
            is_hidden: self.row_security && !self.has_policy,
            replica_identity: self.replica_identity,
            partitions: self.partitions,
        }
    }

    fn column(&self, column: &Column) -> ColumnFacts {
        let is_only = |known: &&Constraint| matches!(known.columns.as_deref(), Some([only]) if *only == column.name);
        let refers_to = self.of_type("f").find(is_only).and_then(|known| {
            Some(ForeignColumn {
                schema: known.schema.clone()?,
                table: known.table.clone()?,
                column: known.refers.as_ref()?.first()?.clone(),
            })
        });
        let words = match column.labels.is_empty() {
            true => self
                .of_type("c")
                .find(is_only)
                .map(|known| words(&known.definition))
                .unwrap_or_default(),
            false => column.labels.clone(),
        };
        ColumnFacts {
            name: column.name.clone(),
            type_name: Some(column.r#type.clone()),
            words,
            refers_to,
        }
    }
}

/// The texts of a check that lists them: `CHECK ((status = ANY (ARRAY['a'::text, 'b'::text])))`.
fn words(definition: &str) -> Vec<String> {
    if !definition.contains('=') || definition.contains('~') || definition.contains("LIKE") {
        return Vec::new();
    }
    let words = definition.split('\'').skip(1).step_by(2);
    words
        .filter(|word| word.len() <= MAX_WORD_BYTES)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_lists_texts_gives_its_words() {
        for (definition, expected) in [
            (
                "CHECK ((status = ANY (ARRAY['open'::text, 'done'::text])))",
                &["open", "done"][..],
            ),
            ("CHECK (((state)::text = 'only'::text))", &["only"]),
            ("CHECK ((name ~ '^[a-z]+$'::text))", &[]),
            ("CHECK ((progress >= 0))", &[]),
        ] {
            assert_eq!(words(definition), expected, "{definition}");
        }
    }
}
