//! Rows by primary key and what happens to them: the database behind both the stream and REST.
//!
//! Everything that changes rows goes through [`Store::apply`], which answers with what a replication slot would tell.

mod cell;
mod jsonb;
mod row;
mod schema;

use std::collections::BTreeMap;

use uuid::Uuid;

pub use cell::{Cell, Type, write_commit_time};
pub use jsonb::quote;
pub use row::Row;
pub use schema::{Schema, TableId};

/// What a transaction does to one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Mutation {
    Insert(TableId, Row),
    Update(TableId, Row),
    Delete(TableId, Uuid),
    /// An update that changes the key: the old one, and the row with the new one.
    Rekey(TableId, Uuid, Row),
}

/// What was done to one row.
#[derive(Debug, Clone)]
pub struct Applied {
    pub table: TableId,
    /// Absent for a delete.
    pub new: Option<Row>,
    /// Absent for an insert.
    pub old: Option<Row>,
}

/// The tables.
#[derive(Debug, Default)]
pub struct Store {
    tables: [BTreeMap<Uuid, Row>; 4],
}

impl Store {
    pub fn new(rows: impl IntoIterator<Item = (TableId, Row)>) -> Self {
        let mut tables: [Vec<(Uuid, Row)>; 4] = Default::default();
        for (table, row) in rows {
            if let Some(list) = tables.get_mut(table.index()) {
                list.push((row.id(), row));
            }
        }
        Self {
            tables: tables.map(BTreeMap::from_iter),
        }
    }

    pub fn table(&self, table: TableId) -> &BTreeMap<Uuid, Row> {
        match table {
            TableId::Agents => &self.tables[0],
            TableId::Tasks => &self.tables[1],
            TableId::Workflows => &self.tables[2],
            TableId::Runs => &self.tables[3],
        }
    }

    fn table_mut(&mut self, table: TableId) -> &mut BTreeMap<Uuid, Row> {
        match table {
            TableId::Agents => &mut self.tables[0],
            TableId::Tasks => &mut self.tables[1],
            TableId::Workflows => &mut self.tables[2],
            TableId::Runs => &mut self.tables[3],
        }
    }

    /// Takes every row out, as TRUNCATE does: there is nothing to tell. Answers how many there were.
    pub fn truncate(&mut self, table: TableId) -> usize {
        std::mem::take(self.table_mut(table)).len()
    }

    /// Applies a mutation. `None` where there is nothing to apply it to: an update or a delete of no row. An insert of
    /// a row that is there already counts as an update, as `on conflict do update` would.
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
