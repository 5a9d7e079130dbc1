//! The server's rows, to compare what a client has with them.

use std::collections::BTreeMap;

use demo::{Control, TableId};
use model::Kind;
use serde_json::Value;

/// Every agent, task and workflow of the server under the text of its row key, such as `task 0b4f…`.
pub fn server_rows(control: &Control) -> BTreeMap<String, Value> {
    let tables = Kind::ALL
        .into_iter()
        .zip([TableId::Agents, TableId::Tasks, TableId::Workflows]);
    tables
        .flat_map(|(kind, table)| control.rows(table).into_iter().map(move |row| (kind, row)))
        .map(|(kind, row)| {
            let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
            (format!("{} {id}", kind.singular()), row)
        })
        .collect()
}
