//! A whole row, and its two JSON spellings: the stream's and PostgREST's.

use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Cell, TableId};

/// A row's cells in the order of the table's columns. Cloning shares them.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(Arc<[Cell]>);

impl Row {
    pub fn new(cells: impl Into<Arc<[Cell]>>) -> Self {
        Self(cells.into())
    }

    /// The primary key; nil for a row that has none, which no table accepts.
    pub fn id(&self) -> Uuid {
        match self.0.first() {
            Some(Cell::Uuid(id)) => *id,
            _ => Uuid::nil(),
        }
    }

    pub fn cell(&self, at: usize) -> &Cell {
        self.0.get(at).unwrap_or(&Cell::Null)
    }

    /// The text of a named column.
    pub fn text(&self, table: TableId, column: &str) -> Option<&str> {
        match self.cell(table.schema().column(column)?.0) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Lays named columns over `base` (or over nulls), and says in one sentence which of them cannot be.
    pub fn patch(table: TableId, base: Option<&Self>, columns: &Map<String, Value>) -> Result<Self, String> {
        let schema = table.schema();
        let mut cells: Vec<Cell> = match base {
            Some(row) => row.0.to_vec(),
            None => vec![Cell::Null; schema.columns.len()],
        };
        for (name, value) in columns {
            let (at, kind) = schema
                .column(name)
                .ok_or_else(|| format!("table {} has no column {name}", table.name()))?;
            let cell = Cell::from_value(kind, value)
                .ok_or_else(|| format!("column {name} is of type {} and cannot hold {value}", kind.name()))?;
            if let Some(slot) = cells.get_mut(at) {
                *slot = cell;
            }
        }
        Ok(Self::new(cells))
    }

    /// As a change's `record`: jsonb's key order, a space after `:` and `,`; the values that `keep` keeps, which it is
    /// asked by their place and themselves.
    pub fn write_record(&self, table: TableId, keep: impl Fn(usize, &Cell) -> bool, out: &mut String) {
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

    /// As PostgREST answers: these columns in this order, under these names.
    pub fn write_selected<'a>(&self, selected: impl IntoIterator<Item = (&'a str, usize)>, out: &mut String) {
        out.push('{');
        for (n, (name, at)) in selected.into_iter().enumerate() {
            out.push_str(if n > 0 { ",\"" } else { "\"" });
            out.push_str(name);
            out.push_str("\":");
            self.cell(at).write_json(out);
        }
        out.push('}');
    }

    /// As a JSON value, for those who want to look at it.
    pub fn to_value(&self, table: TableId) -> Value {
        let mut text = String::new();
        self.write_record(table, |_, _| true, &mut text);
        serde_json::from_str(&text).unwrap_or_default()
    }
}
