//! A change to the sockets: its JSON is written once, its frame once per topic, serializer and set of ids.

use std::fmt::Write as _;

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    super::{
        Identity,
        store::{Applied, quote, write_commit_time},
    },
    Members,
};
use crate::realtime::Vsn;

/// Writes changes, keeping its buffers.
#[derive(Debug)]
pub struct Fanout {
    identity: Identity,
    data: String,
    ids: Vec<i64>,
}

/// A frame that was written for this change already, and for whom.
struct Written<'a> {
    vsn: Vsn,
    is_legacy: bool,
    topic: &'a str,
    ids: Vec<i64>,
    text: Utf8Bytes,
}

impl Fanout {
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            data: String::new(),
            ids: Vec::new(),
        }
    }

    /// Queues the change with everyone who subscribed to it.
    pub fn deliver(&mut self, change: &Applied, committed: i64, members: &Members) {
        let is_full = self.identity.is_full(change.table);
        self.data.clear();
        let mut all: Vec<Written<'_>> = Vec::new();
        for member in members.iter() {
            for channel in member.channels.iter().filter(|channel| channel.is_live) {
                let entries = channel.entries.as_deref().unwrap_or_default();
                self.ids.clear();
                // The last entry first, as the server lists them.
                let wanted = entries.iter().rev().filter(|entry| entry.wants(change, is_full));
                self.ids.extend(wanted.map(|entry| entry.id));
                if self.ids.is_empty() {
                    continue;
                }
                let (vsn, is_legacy, topic) = (member.vsn, channel.is_legacy, channel.topic.as_str());
                let known = all.iter().find(|written| {
                    written.vsn == vsn
                        && written.is_legacy == is_legacy
                        && written.topic == topic
                        && written.ids == self.ids
                });
                if let Some(written) = known {
                    member.outbox.push(written.text.clone());
                    continue;
                }
                if self.data.is_empty() {
                    write_data(change, committed, is_full, &mut self.data);
                }
                let text: Utf8Bytes = if is_legacy {
                    frame(vsn, topic, word(change), &self.data, None)
                } else {
                    frame(vsn, topic, "postgres_changes", &self.data, Some(&self.ids))
                }
                .into();
                member.outbox.push(text.clone());
                all.push(Written {
                    vsn,
                    is_legacy,
                    topic,
                    ids: self.ids.clone(),
                    text,
                });
            }
        }
    }
}

fn word(change: &Applied) -> &'static str {
    match (&change.old, &change.new) {
        (None, _) => "INSERT",
        (Some(_), Some(_)) => "UPDATE",
        (Some(_), None) => "DELETE",
    }
}

/// The `data` object, key for key as a real server writes it.
fn write_data(change: &Applied, committed: i64, is_full: bool, out: &mut String) {
    out.push_str("{\"columns\":");
    out.push_str(&change.table.schema().columns_json);
    out.push_str(",\"commit_timestamp\":\"");
    write_commit_time(committed, out);
    out.push_str("\",\"errors\":null");
    if let Some(old) = &change.old {
        out.push_str(",\"old_record\":");
        if is_full {
            old.write_record(change.table, out);
        } else {
            let _ = write!(out, "{{\"id\": \"{}\"}}", old.id());
        }
    }
    if let Some(new) = &change.new {
        out.push_str(",\"record\":");
        new.write_record(change.table, out);
    }
    let _ = write!(
        out,
        ",\"schema\":\"public\",\"table\":\"{}\",\"type\":\"{}\"}}",
        change.table.name(),
        word(change)
    );
}

/// The whole frame. `ids` are absent in the first API, whose payload is the data itself.
fn frame(vsn: Vsn, topic: &str, event: &str, data: &str, ids: Option<&[i64]>) -> String {
    let mut out = String::with_capacity(data.len() + topic.len() + 160);
    match vsn {
        Vsn::V1 => {
            let _ = write!(out, "{{\"event\":\"{event}\",\"payload\":");
        }
        Vsn::V2 => {
            out.push_str("[null,null,");
            quote(topic, &mut out);
            let _ = write!(out, ",\"{event}\",");
        }
    }
    match ids {
        Some(ids) => {
            out.push_str("{\"data\":");
            out.push_str(data);
            out.push_str(",\"ids\":[");
            for (n, id) in ids.iter().enumerate() {
                let _ = write!(out, "{}{id}", if n > 0 { "," } else { "" });
            }
            out.push_str("]}");
        }
        None => out.push_str(data),
    }
    match vsn {
        Vsn::V1 => {
            out.push_str(",\"ref\":null,\"topic\":");
            quote(topic, &mut out);
            out.push('}');
        }
        Vsn::V2 => out.push(']'),
    }
    out
}
