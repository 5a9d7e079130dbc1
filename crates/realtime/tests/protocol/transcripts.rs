//! Recorded frames of a real server, both directions: every one is decoded, and what we would have sent is encoded to
//! the same JSON again. Then the server's side of every recording is played to a session.

use std::{borrow::Cow, collections::BTreeSet, fs, path::PathBuf};

use crate::recorded::{Line, frames};
use crate::rig::{Rig, config, ms, seconds, table};
use model::Op;
use realtime::{
    Direction, Effect, Event, Frame, PageQuery, SessionConfig, Vsn, decode_binary, decode_text, encode_text,
    frame::{BinaryKind, decode_client_binary},
};
use realtime::{FeedEvent, LinkStatus};
use serde_json::Value;

/// What the recordings contain on purpose although it is no frame.
fn deliberately_bad(line: &Line) -> bool {
    line.text == "this is not json" || line.file.starts_with("c_bad_shape")
}

#[test]
fn every_recorded_text_frame_is_decoded_and_encoded_to_the_same_json() {
    for line in frames().iter().filter(|line| line.binary.is_none()) {
        let place = format!("{}:{}", line.file, line.number);
        let frame = match decode_text(line.vsn, &line.text) {
            Ok(frame) => frame,
            Err(error) => {
                assert!(deliberately_bad(line), "{place}: {error}: {}", line.text);
                continue;
            }
        };
        if deliberately_bad(line) {
            continue;
        }
        let direction = if line.to_server {
            Direction::ToServer
        } else {
            Direction::ToClient
        };
        let again: Value = serde_json::from_str(&encode_text(line.vsn, direction, &frame)).expect(&place);
        let recorded: Value = serde_json::from_str(&line.text).expect(&place);
        assert_eq!(again, recorded, "{place}");
        assert_eq!(frame.clone().into_owned(), frame, "{place}");
    }
}

#[test]
fn every_recorded_binary_frame_is_a_users_broadcast() {
    let lines = frames();
    let mut seen = 0;
    for line in &lines {
        let Some(bytes) = &line.binary else { continue };
        let place = format!("{}:{}", line.file, line.number);
        let frame = if line.to_server {
            decode_client_binary(bytes).expect(&place)
        } else {
            decode_binary(bytes).expect(&place)
        };
        assert_eq!(frame.kind, BinaryKind::UserBroadcast, "{place}");
        let text = frame.to_text_shape().expect(&place);
        assert_eq!(text.event, "broadcast", "{place}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

/// What the sources are called, in the order of the joins.
const SOURCES: [&str; 3] = ["agents", "tasks", "workflows"];

/// The SQL that was run, as (operation, table), in order.
fn statements(file: &str) -> Vec<(Op, String)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data/transcripts")
        .join(file);
    fs::read_to_string(path)
        .expect("a text file")
        .lines()
        .filter_map(|line| {
            let line: Value = serde_json::from_str(line).expect("a line of JSON");
            let sql = line["text"].as_str()?.strip_prefix("SQL ")?.to_owned();
            let (op, rest) = [
                (Op::Insert, "insert into "),
                (Op::Update, "update "),
                (Op::Delete, "delete from "),
            ]
            .into_iter()
            .find_map(|(op, words)| Some((op, sql.strip_prefix(words)?)))?;
            let table = rest.split([' ', '(']).next()?.to_owned();
            Some((op, table))
        })
        .collect()
}

/// A session that takes the server's side of one socket's recording. Topics and the references of joins are the
/// session's own. Snapshots are empty: the tables were.
struct Replay {
    rig: Rig,
}

impl Replay {
    fn new(vsn: Vsn, lines: &[&Line]) -> Self {
        let tables = joins(lines)
            .next()
            .map(|payload| {
                let entries = payload["config"]["postgres_changes"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                let names: Vec<String> = entries
                    .iter()
                    .filter_map(|entry| Some(entry["table"].as_str()?.to_owned()))
                    .collect();
                names.iter().take(SOURCES.len()).map(|name| table(name)).collect()
            })
            .filter(|tables: &Vec<_>| !tables.is_empty())
            .unwrap_or_else(|| vec![table("agents")]);
        let mut rig = Rig::started(SessionConfig {
            vsn,
            sources: tables,
            ..config()
        });
        rig.give(Event::SocketOpened);
        Self { rig }
    }

    fn take(&mut self, line: &Line) {
        if let Some(bytes) = &line.binary {
            return self.rig.give(Event::Binary(bytes.clone()));
        }
        let Ok(mut frame) = decode_text(line.vsn, &line.text) else {
            return self.rig.text(line.text.clone());
        };
        if frame.topic.starts_with("realtime:") {
            frame.topic = Cow::Owned(self.rig.topic.clone());
            let ours = self.rig.join_ref.clone();
            let is_join = frame.event == "phx_reply" && frame.payload.get().contains("postgres_changes");
            if frame.join_ref.is_some() {
                frame.join_ref = Some(Cow::Owned(ours.clone()));
            }
            if is_join || frame.event == "phx_close" {
                frame.reference = Some(Cow::Owned(ours));
            }
        }
        self.rig.frame(&frame);
        // REST answers at once.
        while !self.rig.fetches.is_empty() {
            let request = self.rig.fetch();
            self.rig.answer(&request, &[]);
            if self.rig.fetches.is_empty() && matches!(request.query, PageQuery::After { .. }) {
                self.rig.pass(ms(800));
                self.rig.pass(seconds(6)); // new rows are not doubted any more
            }
        }
    }
}

/// The payloads of the joins sent.
fn joins<'a>(lines: &'a [&Line]) -> impl Iterator<Item = Value> + 'a {
    lines.iter().filter(|line| line.to_server).filter_map(|line| {
        let frame: Frame<'_> = decode_text(line.vsn, &line.text).ok()?;
        (frame.event == "phx_join")
            .then(|| serde_json::from_str(frame.payload.get()).ok())
            .flatten()
    })
}

/// The reported changes, as operation and table.
fn reported(rig: &Rig) -> Vec<(Op, String)> {
    rig.effects
        .iter()
        .filter_map(|action| match action {
            Effect::Emit(FeedEvent::Change(change)) => Some((change.op, SOURCES[change.source.index()].to_owned())),
            _ => None,
        })
        .collect()
}

fn of_file<'a>(lines: &'a [Line], file: &str) -> Vec<&'a Line> {
    lines.iter().filter(|line| line.file == file).collect()
}

#[test]
fn inserts_updates_and_deletes_are_reported_as_the_sql_notes_say() {
    let lines = frames();
    let files: BTreeSet<&str> = lines
        .iter()
        .map(|line| &*line.file)
        .filter(|file| file.starts_with("a_crud"))
        .collect();
    assert_eq!(files.len(), 6);
    for file in files {
        let lines = of_file(&lines, file);
        let mut replay = Replay::new(lines[0].vsn, &lines);
        for line in lines.iter().filter(|line| !line.to_server) {
            replay.take(line);
        }
        let mut expected = statements(file);
        if file.ends_with("_anon.jsonl") {
            // Row-level security hides the tasks from this role. A delete is sent nevertheless, for a row that was never read.
            expected.retain(|(_, table)| table != "tasks");
        }
        assert!(expected.len() >= 6, "{file}");
        assert_eq!(reported(&replay.rig), expected, "{file}");
        assert!(replay.rig.state.is_empty(), "{file}: all was deleted again");
        assert_eq!(replay.rig.status(), LinkStatus::Connected, "{file}");
    }
}

#[test]
fn a_transaction_of_five_thousand_rows_arrives_whole() {
    let lines = frames();
    let lines = of_file(&lines, "k_bulk5000_agents_limit1000000.jsonl");
    let mut replay = Replay::new(lines[0].vsn, &lines);
    for line in lines.iter().filter(|line| !line.to_server) {
        replay.take(line);
    }
    let (mut inserted, mut deleted) = (BTreeSet::new(), BTreeSet::new());
    for line in lines.iter().filter(|line| !line.to_server) {
        let frame = decode_text(line.vsn, &line.text).expect("a frame");
        if frame.event == "postgres_changes" {
            let payload: Value = serde_json::from_str(frame.payload.get()).expect("a payload");
            let data = &payload["data"];
            match data["type"].as_str() {
                Some("DELETE") => deleted.insert(data["old_record"]["id"].to_string()),
                _ => inserted.insert(data["record"]["id"].to_string()),
            };
        }
    }
    assert!(inserted.len() >= 5_000, "{}", inserted.len());
    assert_eq!(replay.rig.state.len(), inserted.difference(&deleted).count());
}

#[test]
fn every_recording_is_replayed_without_a_loss() {
    let lines = frames();
    let sockets: BTreeSet<(&str, &str)> = lines.iter().map(|line| (&*line.file, &*line.conn)).collect();
    let mut live = 0;
    for (file, conn) in sockets {
        let lines: Vec<&Line> = lines
            .iter()
            .filter(|line| line.file == file && line.conn == conn)
            .collect();
        let mut replay = Replay::new(lines[0].vsn, &lines);
        for line in lines.iter().filter(|line| !line.to_server) {
            replay.take(line);
        }
        let rig = &mut replay.rig;
        live += usize::from(rig.statuses.iter().any(|status| status.status == LinkStatus::Connected));
        let confirmed = lines.iter().any(|line| line.text.contains("Subscribed to PostgreSQL"));
        assert!(
            confirmed || rig.statuses.iter().all(|status| status.status != LinkStatus::Connected),
            "{file} {conn}: connected without a confirmation"
        );
        // In every state that the recording ends in, the user can reconnect.
        rig.user(realtime::Command::Reconnect);
        assert_eq!(rig.status(), LinkStatus::Connecting, "{file} {conn}");
    }
    assert!(live >= 20, "only {live} came to be live");
}
