//! The rows of all tables by primary key: the database behind both the stream and REST.
//!
//! Every change of rows goes through [`Store::apply`], which returns what a replication slot would report.

mod cell;
mod jsonb;
mod schema;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};
use uuid::Uuid;

pub use cell::StoredCell;
pub(crate) use cell::{Type, write_commit_time};
pub(crate) use jsonb::quote;
pub(crate) use schema::Schema;
pub use schema::TableId;

/// A change of one row, as a transaction makes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Mutation {
    /// A new row.
    Insert(TableId, Row),
    /// The new values of the row with the same key.
    Update(TableId, Row),
    /// The key of the deleted row.
    Delete(TableId, Uuid),
    /// An update that changes the key: the old key, and the row with the new one.
    Rekey(TableId, Uuid, Row),
}

/// A change of one row, as a replication slot reports it.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The table that contains the row.
    pub table: TableId,
    /// The row after it; absent for a delete.
    pub new: Option<Row>,
    /// The row before it; absent for an insert.
    pub old: Option<Row>,
}

/// The tables and their rows.
#[derive(Debug, Default)]
pub struct Store {
    tables: [BTreeMap<Uuid, Row>; 5],
}

impl Store {
    /// A store with these rows.
    pub fn new(rows: impl IntoIterator<Item = (TableId, Row)>) -> Self {
        let mut tables: [Vec<(Uuid, Row)>; 5] = Default::default();
        for (table, row) in rows {
            if let Some(list) = tables.get_mut(table.index()) {
                list.push((row.id(), row));
            }
        }
        Self {
            tables: tables.map(BTreeMap::from_iter),
        }
    }

    /// The rows of a table by key.
    pub fn table(&self, table: TableId) -> &BTreeMap<Uuid, Row> {
        match table {
            TableId::Agents => &self.tables[0],
            TableId::Tasks => &self.tables[1],
            TableId::Workflows => &self.tables[2],
            TableId::Runs => &self.tables[3],
            TableId::Pulse => &self.tables[4],
        }
    }

    fn table_mut(&mut self, table: TableId) -> &mut BTreeMap<Uuid, Row> {
        match table {
            TableId::Agents => &mut self.tables[0],
            TableId::Tasks => &mut self.tables[1],
            TableId::Workflows => &mut self.tables[2],
            TableId::Runs => &mut self.tables[3],
            TableId::Pulse => &mut self.tables[4],
        }
    }

    /// Removes every row of a table, as TRUNCATE does, which reports no changes. Returns the number of rows.
    pub(crate) fn truncate(&mut self, table: TableId) -> usize {
        std::mem::take(self.table_mut(table)).len()
    }

    /// Applies a change; `None` for an update or a delete of a row that does not exist. An insert of an existing row becomes
    /// an update, as with `on conflict do update`.
    pub fn apply(&mut self, mutation: Mutation) -> Option<Applied> {
        match mutation {
            Mutation::Insert(table, row) => {
                let old = self.table_mut(table).insert(row.id(), row.clone());
                Some(Applied {
                    table,
                    new: Some(row),
                    old,
                })
            }
            Mutation::Update(table, row) => {
                let slot = self.table_mut(table).get_mut(&row.id())?;
                let old = std::mem::replace(slot, row.clone());
                Some(Applied {
                    table,
                    new: Some(row),
                    old: Some(old),
                })
            }
            Mutation::Rekey(table, id, row) => {
                let rows = self.table_mut(table);
                if rows.contains_key(&row.id()) {
                    return None;
                }
                let old = rows.remove(&id)?;
                rows.insert(row.id(), row.clone());
                Some(Applied {
                    table,
                    new: Some(row),
                    old: Some(old),
                })
            }
            Mutation::Delete(table, id) => {
                let old = self.table_mut(table).remove(&id)?;
                Some(Applied {
                    table,
                    new: None,
                    old: Some(old),
                })
            }
        }
    }
}

/// The cells of a row in the order of the table's columns. Cloning shares them.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(Arc<[StoredCell]>);

impl Row {
    /// A row of these cells.
    pub fn new(cells: impl Into<Arc<[StoredCell]>>) -> Self {
        Self(cells.into())
    }

    /// The primary key; nil for a row without one, which no table accepts.
    pub fn id(&self) -> Uuid {
        match self.0.first() {
            Some(StoredCell::Uuid(id)) => *id,
            _ => Uuid::nil(),
        }
    }

    /// The cell at a position; null beyond the last one.
    pub fn cell(&self, at: usize) -> &StoredCell {
        self.0.get(at).unwrap_or(&StoredCell::Null)
    }

    /// The text of a named column.
    pub fn text(&self, table: TableId, column: &str) -> Option<&str> {
        match self.cell(table.schema().column(column)?.0) {
            StoredCell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A copy of `base` (or of nulls) with these columns changed. The error is a sentence that names the column that does not
    /// fit.
    pub(crate) fn patch(table: TableId, base: Option<&Self>, columns: &Map<String, Value>) -> Result<Self, String> {
        let schema = table.schema();
        let mut cells: Vec<StoredCell> = match base {
            Some(row) => row.0.to_vec(),
            None => vec![StoredCell::Null; schema.columns.len()],
        };
        for (name, value) in columns {
            let (at, kind) = schema
                .column(name)
                .ok_or_else(|| format!("table {} has no column {name}", table.name()))?;
            let cell = StoredCell::from_value(kind, value)
                .ok_or_else(|| format!("column {name} is of type {} and cannot hold {value}", kind.name()))?;
            if let Some(slot) = cells.get_mut(at) {
                *slot = cell;
            }
        }
        Ok(Self::new(cells))
    }

    /// Writes the row as a change's `record`, in jsonb's format. `keep` decides by position and value which cells are written.
    pub(crate) fn write_record(&self, table: TableId, keep: impl Fn(usize, &StoredCell) -> bool, out: &mut String) {
        let schema = table.schema();
        out.push('{');
        let mut is_first = true;
        for &at in &schema.jsonb_order {
            let cell = self.cell(at);
            let Some((name, _)) = schema.columns.get(at).filter(|_| keep(at, cell)) else {
                continue;
            };
            out.push_str(if is_first { "\"" } else { ", \"" });
            is_first = false;
            out.push_str(name);
            out.push_str("\": ");
            cell.write_json(out);
        }
        out.push('}');
    }

    /// Writes the row as PostgREST does: these columns in this order, under these names.
    pub(crate) fn write_selected<'a>(&self, selected: impl IntoIterator<Item = (&'a str, usize)>, out: &mut String) {
        out.push('{');
        for (n, (name, at)) in selected.into_iter().enumerate() {
            out.push_str(if n > 0 { ",\"" } else { "\"" });
            out.push_str(name);
            out.push_str("\":");
            self.cell(at).write_json(out);
        }
        out.push('}');
    }

    /// The row as a JSON object.
    pub fn to_value(&self, table: TableId) -> Value {
        let mut text = String::new();
        self.write_record(table, |_, _| true, &mut text);
        serde_json::from_str(&text).unwrap_or_default()
    }
}
