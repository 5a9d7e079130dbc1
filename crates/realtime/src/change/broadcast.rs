//! A message of Broadcast from the database, typed: what `realtime.broadcast_changes` sends for one changed row.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ChangeType, Ids, RowEvent};
use crate::names::Names;
use model::{Object, Scan};

/// Longest id of a message that is kept. The server's are UUIDs.
const MAX_ID_BYTES: usize = 64;

/// One message.
#[derive(Debug)]
pub(crate) struct BroadcastChange<'a> {
    /// The change, with the whole row before and after it. It has no time of its own.
    pub(crate) event: RowEvent<'a>,
    /// The message's id, by which it is recognised when it is sent again.
    pub(crate) id: Option<Cow<'a, str>>,
    /// It was sent before, and is sent again after a join.
    pub(crate) is_replayed: bool,
}

/// Why a message gives no change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoChange {
    /// It is somebody's own message, not one of a table.
    Other,
    /// It names a table, and its rows cannot be read.
    Broken,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow, default)]
    meta: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    schema: Cow<'a, str>,
    #[serde(borrow)]
    table: Cow<'a, str>,
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow, default)]
    record: Option<&'a RawValue>,
    #[serde(borrow, default)]
    old_record: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    replayed: bool,
}

/// Reads the payload of a `broadcast` frame.
///
/// # Errors
/// When it is not about a row of a table.
pub(crate) fn decode<'a>(payload: &'a str, names: &mut Names) -> Result<BroadcastChange<'a>, NoChange> {
    let envelope: Envelope<'a> = serde_json::from_str(payload).map_err(|_| NoChange::Other)?;
    let meta: Option<Meta<'a>> = envelope.meta.and_then(|meta| serde_json::from_str(meta.get()).ok());
    let payload: Payload<'a> = serde_json::from_str(envelope.payload.get()).map_err(|_| NoChange::Other)?;
    let change = match &*payload.operation {
        "INSERT" => ChangeType::Insert,
        "UPDATE" => ChangeType::Update,
        "DELETE" => ChangeType::Delete,
        _ => return Err(NoChange::Other),
    };
    let is_row = |raw: &&RawValue| raw.get() != "null";
    let record = payload.record.filter(is_row);
    let record = record.map(|raw| names.headers.read(&mut Scan::new(raw.get())).ok_or(NoChange::Broken));
    let old = payload.old_record.filter(is_row);
    let old = old.map(|raw| Object::from_json(raw.get()).ok_or(NoChange::Broken));
    let (id, is_replayed) = meta.map_or((None, false), |meta| (meta.id, meta.replayed));
    Ok(BroadcastChange {
        event: RowEvent {
            ids: Ids::default(),
            schema: payload.schema,
            table: payload.table,
            change,
            committed_ms: None,
            columns: None,
            list: None,
            record: record.transpose()?,
            old_record: old.transpose()?,
            error: None,
        },
        id: id.filter(|id| id.len() <= MAX_ID_BYTES),
        is_replayed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode_binary;
    use model::Cell;

    fn read(payload: &str) -> Result<BroadcastChange<'_>, NoChange> {
        decode(payload, &mut Names::default())
    }

    #[test]
    fn a_message_of_the_database_is_read_whole() {
        let change = read(
            r#"{"type":"broadcast","event":"UPDATE","meta":{"id":"9b2f","replayed":true},"payload":{"id": "9b2f",
               "table": "to\u0064os", "record": {"id": 1, "n": 1.50}, "schema": "public", "operation": "UPDATE",
               "old_record": {"id": 2, "n": 1}}}"#,
        )
        .expect("a change");
        assert_eq!((&*change.event.schema, &*change.event.table), ("public", "todos"));
        assert_eq!(change.event.change, ChangeType::Update);
        assert_eq!((change.id.as_deref(), change.is_replayed), (Some("9b2f"), true));
        let record = change.event.record.expect("a row");
        assert_eq!(record.get("n").map(|cell| cell.to_string()), Some("1.50".to_owned()));
        let old = change.event.old_record.expect("a row");
        assert!(matches!(old.get("id"), Some(Cell::Number("2"))));
        let deleted = read(
            r#"{"event":"DELETE","payload":{"table":"t","record":null,"schema":"s","operation":"DELETE","old_record":{"id":1}}}"#,
        )
        .expect("a change");
        assert!(deleted.event.record.is_none() && deleted.event.old_record.is_some() && deleted.id.is_none());
    }

    #[test]
    fn a_binary_frame_gives_the_same_change() {
        let payload =
            br#"{"table": "t", "record": {"id": 7}, "schema": "s", "operation": "INSERT", "old_record": null}"#;
        let (topic, event, meta) = ("realtime:opswall", "INSERT", r#"{"id":"a"}"#);
        let mut bytes = vec![4, topic.len() as u8, event.len() as u8, meta.len() as u8, 1];
        for text in [topic, event, meta] {
            bytes.extend(text.bytes());
        }
        bytes.extend(payload);
        let frame = decode_binary(&bytes).expect("a frame");
        let frame = frame.to_text_shape().expect("JSON");
        let change = read(frame.payload.get()).expect("a change");
        assert_eq!(
            (change.event.change, change.id.as_deref()),
            (ChangeType::Insert, Some("a"))
        );
    }

    #[test]
    fn what_is_no_change_of_a_row_is_refused() {
        for payload in [
            "null",
            "[]",
            "{}",
            r#"{"payload":null}"#,
            r#"{"payload":{"x":1}}"#,
            r#"{"payload":{"schema":1,"table":"t","operation":"INSERT"}}"#,
            r#"{"payload":{"schema":"s","table":"t","operation":"TRUNCATE"}}"#,
        ] {
            assert_eq!(read(payload).map(drop), Err(NoChange::Other), "{payload}");
        }
        for row in ["7", "[]", r#""x""#] {
            let payload = format!(r#"{{"payload":{{"schema":"s","table":"t","operation":"INSERT","record":{row}}}}}"#);
            assert_eq!(read(&payload).map(drop), Err(NoChange::Broken), "{payload}");
        }
        // A broken description leaves the change itself readable.
        let payload = r#"{"meta":7,"payload":{"schema":"s","table":"t","operation":"INSERT","record":{"id":1}}}"#;
        assert!(read(payload).is_ok_and(|change| change.id.is_none() && !change.is_replayed));
    }
}
