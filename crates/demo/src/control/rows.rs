//! Rows by hand: insert, update, delete, and all of them.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    super::{
        hub::now_micros,
        store::{Mutation, Row},
    },
    Control, DemoError, TableId,
};

impl Control {
    /// Inserts a row; a missing `id` is made up. Answers the id.
    ///
    /// # Errors
    /// A sentence that names the column or the value that does not fit.
    pub fn insert(&self, table: TableId, mut row: Map<String, Value>) -> Result<Uuid, DemoError> {
        let id = match row
            .get("id")
            .map(|id| id.as_str().and_then(|id| Uuid::parse_str(id).ok()))
        {
            None => uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid(),
            Some(Some(id)) => id,
            Some(None) => return Err(DemoError::Control("the id of a row must be a uuid".into())),
        };
        row.insert("id".into(), id.to_string().into());
        let row = Row::patch(table, None, &row).map_err(DemoError::Control)?;
        self.commit(vec![Mutation::Insert(table, row)]);
        Ok(id)
    }

    /// Changes columns of a row.
    ///
    /// # Errors
    /// When there is no such row, or a column or a value does not fit.
    pub fn update(&self, table: TableId, id: Uuid, row: &Map<String, Value>) -> Result<(), DemoError> {
        if row.contains_key("id") {
            return Err(DemoError::Control(
                "the id of a row cannot be changed: delete it and insert another".into(),
            ));
        }
        let mut inner = self.hub.lock();
        let old = inner.store.table(table).get(&id).ok_or_else(|| no_row(table, id))?;
        let new = Row::patch(table, Some(old), row).map_err(DemoError::Control)?;
        inner.commit(vec![Mutation::Update(table, new)], now_micros());
        Ok(())
    }

    /// Gives a row another key: one update whose old and new keys differ.
    ///
    /// # Errors
    /// When there is no such row, or the new key is taken.
    pub fn rekey(&self, table: TableId, id: Uuid, to: Uuid) -> Result<(), DemoError> {
        let mut inner = self.hub.lock();
        let old = inner.store.table(table).get(&id).ok_or_else(|| no_row(table, id))?;
        let key = Map::from_iter([("id".to_owned(), Value::from(to.to_string()))]);
        let new = Row::patch(table, Some(old), &key).map_err(DemoError::Control)?;
        match inner.commit(vec![Mutation::Rekey(table, id, new)], now_micros()) {
            0 => Err(DemoError::Control(format!(
                "table {} has a row {to} already",
                table.name()
            ))),
            _ => Ok(()),
        }
    }

    /// Deletes a row.
    ///
    /// # Errors
    /// When there is no such row.
    pub fn delete(&self, table: TableId, id: Uuid) -> Result<(), DemoError> {
        match self.commit(vec![Mutation::Delete(table, id)]) {
            0 => Err(no_row(table, id)),
            _ => Ok(()),
        }
    }

    fn commit(&self, transaction: Vec<Mutation>) -> usize {
        self.hub.lock().commit(transaction, now_micros())
    }

    /// Every row of a table by id, as JSON objects.
    pub fn rows(&self, table: TableId) -> Vec<Value> {
        let inner = self.hub.lock();
        inner
            .store
            .table(table)
            .values()
            .map(|row| row.to_value(table))
            .collect()
    }
}

fn no_row(table: TableId, id: Uuid) -> DemoError {
    DemoError::Control(format!("table {} has no row {id}", table.name()))
}
