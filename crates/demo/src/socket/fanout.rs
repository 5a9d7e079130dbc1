//! Sends a change to the sockets. Its JSON is written at most twice (with and without access), and its frame once for each
//! topic, serializer and set of ids.

use std::{fmt::Write as _, time::Instant};

use realtime::Vsn;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{Members, ServerChannel, Subscription};
use crate::{
    Behaviour,
    rules::{Rules, TableRules},
    store::{Applied, Row, Store, StoredCell, quote, write_commit_time},
};

/// A change that can be sent.
pub(crate) trait Change {
    /// Whether a subscription covers it.
    fn is_covered_by(&self, entry: &Subscription) -> bool;

    /// What a channel sees of it. `key` is the one of its socket.
    fn access(&self, channel: &ServerChannel, key: &str) -> Access;

    /// Its type in frames.
    fn word(&self) -> &'static str;

    /// Writes the `data` object; `is_denied`: for those who may not read the table.
    fn write(&self, is_denied: bool, out: &mut String);
}

/// What somebody sees of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everything.
    Whole,
    /// That there is one, because they may not read the table.
    Denied,
    /// Nothing, because row-level security hides the row.
    Hidden,
}

/// A change of the simulated tables. `store` is the present state, which may be later than the change.
struct Simulated<'a> {
    change: &'a Applied,
    committed: i64,
    store: &'a Store,
    rules: &'a TableRules,
    behaviour: &'a Behaviour,
    has_old_values: bool,
    now: Instant,
}

impl Change for Simulated<'_> {
    fn is_covered_by(&self, entry: &Subscription) -> bool {
        entry.covers_change(self.change, self.has_old_values)
    }

    fn access(&self, channel: &ServerChannel, _key: &str) -> Access {
        if !self.rules.may_read(&channel.role, self.now) {
            Access::Denied
        } else if is_shown(self.change, self.store, self.rules, &channel.role) {
            Access::Whole
        } else {
            Access::Hidden
        }
    }

    fn word(&self) -> &'static str {
        word(self.change)
    }

    fn write(&self, is_denied: bool, out: &mut String) {
        write_data(self.change, self.committed, self.rules, self.behaviour, is_denied, out);
    }
}

/// Writes changes with buffers that are used again.
#[derive(Debug, Default)]
pub(crate) struct Fanout {
    data: String,
    denied: String,
    ids: Vec<i64>,
}

/// A frame written for the present change, and the channels that it fits.
struct Written<'a> {
    vsn: Vsn,
    is_legacy: bool,
    is_denied: bool,
    topic: &'a str,
    ids: Vec<i64>,
    text: Utf8Bytes,
}

/// Most bytes of a value that is kept in a change that is too large.
const MAX_KEPT: usize = 64;

impl Fanout {
    /// Queues the change for every channel that subscribes to it and may see it. Returns the number of subscriptions that it
    /// fits, as the server's limit counts them. `store` is the present state, which may be later than the change.
    pub(crate) fn deliver(
        &mut self,
        change: &Applied,
        committed: i64,
        store: &Store,
        rules: &Rules,
        behaviour: &Behaviour,
        members: &Members,
    ) -> usize {
        let rules = rules.of(change.table);
        if !rules.is_streamed() {
            return 0;
        }
        let change = Simulated {
            change,
            committed,
            store,
            rules,
            behaviour,
            has_old_values: rules.is_full || rules.is_keyless,
            now: Instant::now(),
        };
        self.send(&change, members)
    }

    /// Queues a change for every channel that subscribes to it and may see it. Returns the number of subscriptions that it
    /// fits.
    pub(crate) fn send(&mut self, change: &impl Change, members: &Members) -> usize {
        self.data.clear();
        self.denied.clear();
        let mut all: Vec<Written<'_>> = Vec::new();
        let mut count = 0;
        let now = Instant::now();
        for member in members.iter() {
            for channel in member.channels.iter().filter(|channel| channel.is_live) {
                if channel.lost_until.is_some_and(|until| now < until) {
                    continue;
                }
                let entries = channel.entries.as_deref().unwrap_or_default();
                self.ids.clear();
                // The last entry comes first, as the server lists them.
                let wanted = entries.iter().rev().filter(|entry| change.is_covered_by(entry));
                self.ids.extend(wanted.map(|entry| entry.id));
                if self.ids.is_empty() {
                    continue;
                }
                let is_denied = match change.access(channel, &member.key) {
                    Access::Whole => false,
                    Access::Denied => true,
                    Access::Hidden => continue,
                };
                count += self.ids.len();
                let (vsn, is_legacy, topic) = (member.vsn, channel.is_legacy, channel.topic.as_str());
                let known = all.iter().find(|written| {
                    written.vsn == vsn
                        && written.is_legacy == is_legacy
                        && written.is_denied == is_denied
                        && written.topic == topic
                        && written.ids == self.ids
                });
                if let Some(written) = known {
                    member.outbox.push_text(written.text.clone());
                    continue;
                }
                let data = match is_denied {
                    true => &mut self.denied,
                    false => &mut self.data,
                };
                if data.is_empty() {
                    change.write(is_denied, data);
                }
                let text: Utf8Bytes = if is_legacy {
                    frame(vsn, topic, change.word(), data, None)
                } else {
                    frame(vsn, topic, "postgres_changes", data, Some(&self.ids))
                }
                .into();
                member.outbox.push_text(text.clone());
                all.push(Written {
                    vsn,
                    is_legacy,
                    is_denied,
                    topic,
                    ids: self.ids.clone(),
                    text,
                });
            }
        }
        count
    }
}

/// Whether row-level security lets a role see a change. It is decided by the present row; every delete is visible.
fn is_shown(change: &Applied, store: &Store, rules: &TableRules, role: &str) -> bool {
    match &change.new {
        Some(new) if rules.has_row_security() => {
            let current = store.table(change.table).get(&new.id());
            current.is_some_and(|row| rules.shows(role, row))
        }
        _ => true,
    }
}

fn word(change: &Applied) -> &'static str {
    match (&change.old, &change.new) {
        (None, _) => "INSERT",
        (Some(_), Some(_)) => "UPDATE",
        (Some(_), None) => "DELETE",
    }
}

/// Writes the `data` object, key for key as a real server does.
fn write_data(
    change: &Applied,
    committed: i64,
    rules: &TableRules,
    behaviour: &Behaviour,
    is_denied: bool,
    out: &mut String,
) {
    let error = match (is_denied, &change.new) {
        (true, _) => Some("Error 401: Unauthorized"),
        (false, Some(_)) if rules.is_keyless => Some("Error 400: Bad Request, no primary key"),
        _ => None,
    };
    if let Some(error) = error {
        let _ = write!(
            out,
            "{{\"columns\":[],\"commit_timestamp\":null,\"errors\":[\"{error}\"]"
        );
        out.push_str(if change.old.is_some() { ",\"old_record\":{}" } else { "" });
        out.push_str(if change.new.is_some() { ",\"record\":{}" } else { "" });
        return write_end(change, rules, out);
    }
    write_values(change, committed, rules, behaviour, None, out);
    if out.len() > behaviour.max_change_bytes {
        out.clear();
        write_values(change, committed, rules, behaviour, Some(MAX_KEPT), out);
    }
}

/// Writes all values, or of a change that is too large those of at most `most` bytes.
fn write_values(
    change: &Applied,
    committed: i64,
    rules: &TableRules,
    behaviour: &Behaviour,
    most: Option<usize>,
    out: &mut String,
) {
    let is_short = |cell: &StoredCell| most.is_none_or(|most| *cell != StoredCell::Null && cell.text_length() <= most);
    out.push_str("{\"columns\":");
    out.push_str(&change.table.schema().columns_json);
    out.push_str(",\"commit_timestamp\":\"");
    write_commit_time(committed, out);
    out.push_str(match most {
        None => "\",\"errors\":null",
        Some(_) => "\",\"errors\":[\"Error 413: Payload Too Large\"]",
    });
    if let Some(old) = &change.old {
        out.push_str(",\"old_record\":");
        // With row-level security, a deleted row must not be shown to roles that may not see it.
        let is_whole = match change.new {
            Some(_) => rules.is_full,
            None => (rules.is_full && !rules.has_row_security()) || rules.is_keyless,
        };
        if is_whole {
            old.write_record(change.table, |_, cell| is_short(cell), out);
        } else {
            old.write_record(change.table, |at, _| rules.is_key(at), out);
        }
    }
    if let Some(new) = &change.new {
        out.push_str(",\"record\":");
        let old = change.old.as_ref().filter(|_| !rules.is_full);
        let is_logged = |at: usize, cell: &StoredCell| !is_toasted(at, cell, old, behaviour.toast_bytes);
        new.write_record(change.table, |at, cell| is_short(cell) && is_logged(at, cell), out);
    }
    write_end(change, rules, out);
}

/// Whether a value is stored outside its row (TOAST) and unchanged, so that the log does not contain it.
fn is_toasted(at: usize, cell: &StoredCell, old: Option<&Row>, bytes: usize) -> bool {
    cell.text_length() > bytes && old.is_some_and(|old| old.cell(at) == cell)
}

fn write_end(change: &Applied, rules: &TableRules, out: &mut String) {
    out.push_str(",\"schema\":\"public\",\"table\":");
    quote(rules.stream_name(), out);
    let _ = write!(out, ",\"type\":\"{}\"}}", word(change));
}

/// The whole frame. In the first API there are no `ids`, and the payload is the data itself.
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
