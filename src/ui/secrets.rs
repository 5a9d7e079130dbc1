//! Takes masked values out of what is copied. Pure.

use model::Record;
use serde_json::Value;

/// The columns of a row without masked ones, also within a value.
pub(super) fn open_columns(record: &Record) -> Value {
    let mut columns = serde_json::to_value(record).unwrap_or_default();
    remove(&mut columns);
    columns
}

/// Takes the masked columns out of a row, also those within a value.
fn remove(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !model::is_masked(name));
            fields.values_mut().for_each(remove);
        }
        Value::Array(items) => items.iter_mut().for_each(remove),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn masked_columns_are_removed_at_every_depth() {
        let mut row = json!({"id": 1, "api_key": "sk-1", "meta": [{"token": "t", "name": "n"}]});
        remove(&mut row);
        assert_eq!(row, json!({"id": 1, "meta": [{"name": "n"}]}));
    }
}
