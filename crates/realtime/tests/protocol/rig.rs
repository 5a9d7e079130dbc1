//! A test driver for a session: its clock is simulated, it records all effects, and the test chooses when requests are
//! answered.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{collections::BTreeMap, time::Duration};

use model::{Backoff, Notice, Record};
use realtime::{
    CloseReason, Command, ConnectFailure, Direction, Effect, Event, FeedEvent, Frame, Grant, LinkReport, LinkStatus,
    Now, Page, PageError, PageQuery, PageRequest, Probe, ProbeRequest, ProbeRows, Remedies, Session, SessionConfig,
    Source, SourceId, SourceReport, StatusReport, SyncReport, Vsn, decode_text, encode_text,
};

use serde_json::{Value, json};

/// The rows that the reported changes add up to, by table and key.
pub(crate) type State = BTreeMap<(SourceId, String), Value>;

pub(crate) struct Rig {
    pub(crate) session: Session,
    pub(crate) at: Duration,
    pub(crate) random: f64,
    pub(crate) vsn: Vsn,
    /// All effects that the test has not removed yet.
    pub(crate) effects: Vec<Effect>,
    pub(crate) statuses: Vec<StatusReport>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) synced: Vec<SyncReport>,
    /// The sources as they were reported last.
    pub(crate) last_sources: Vec<SourceReport>,
    /// The rows that a reader of the changes would hold.
    pub(crate) state: State,
    pub(crate) changes: usize,
    pub(crate) wake: Option<Duration>,
    /// Changes of the network are asked for.
    pub(crate) watches_network: bool,
    pub(crate) opens: usize,
    pub(crate) closes: usize,
    pub(crate) sent: Vec<String>,
    beats_answered: usize,
    pub(crate) fetches: Vec<PageRequest>,
    pub(crate) probes: Vec<ProbeRequest>,
    /// The number of session tokens requested.
    pub(crate) refreshes: usize,
    /// How far the wall clock is ahead of the monotonic one.
    pub(crate) wall: Duration,
    /// The topic and reference of the last join of the main channel.
    pub(crate) topic: String,
    pub(crate) join_ref: String,
    /// The topic and reference of a join of the pulse's channel that is not answered.
    pub(crate) pulse_join: Option<(String, String)>,
    /// Joins of sources that are tried, and that are not answered.
    pub(crate) trials: Vec<TrialJoin>,
    /// The reference of the last join of each side channel, by topic.
    pub(crate) side_joins: BTreeMap<String, String>,
}

/// The frame is of the main channel, whose topics begin with the prefix of [`config`].
fn is_main(frame: &Frame<'_>) -> bool {
    frame.topic.starts_with("realtime:test-")
}

/// A join of a source that is tried.
#[derive(Clone, Debug)]
pub(crate) struct TrialJoin {
    pub(crate) topic: String,
    pub(crate) reference: String,
    pub(crate) entries: Vec<Value>,
}

impl TrialJoin {
    /// The name of its only table.
    pub(crate) fn table(&self) -> &str {
        assert_eq!(self.entries.len(), 1, "{self:?}");
        self.entries[0]["table"].as_str().expect("a name")
    }
}

/// The entries that a join asks for.
fn entries_of(join: &Frame<'_>) -> Vec<Value> {
    let payload: Value = serde_json::from_str(join.payload.get()).expect("a payload");
    payload["config"]["postgres_changes"]
        .as_array()
        .expect("entries")
        .clone()
}

/// The server's words for a table that is not published, or does not exist.
pub(crate) fn not_published(table: &str) -> String {
    format!(
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect \
         parameters: [event: *, schema: public, table: {table}, filters: [], select: nil]"
    )
}

/// The end of the topic of a channel on which a source is tried.
pub(crate) const TRIAL_TOPIC: &str = "-trial";

/// The end of the topic of the pulse's channel.
const PULSE_TOPIC: &str = "-pulse";

pub(crate) fn table(name: &str) -> Source {
    Source {
        schema: "public".into(),
        table: name.into(),
        key: vec!["id".into()],
        noun: ("row".into(), "rows".into()),
        ..Source::default()
    }
}

pub(crate) fn config() -> SessionConfig {
    SessionConfig {
        vsn: Vsn::V2,
        sources: vec![table("todos")],
        topic_prefix: "test-".into(),
        remedies: Remedies {
            key: "check --key".into(),
            sign_in: "check the account in [auth]".into(),
            ..Remedies::default()
        },
        access_token: Some("eyJ.a.b".into()),
        sign_in: false,
        backoff: Backoff::default(),
        heartbeat_interval: Duration::from_secs(25),
        reconcile_interval: Some(Duration::from_secs(600)),
        audit_interval: None,
        proof_max_age: seconds(90),
        pulse: None,
        change_limit: None,
        replace_after: None,
        broadcast_topic: None,
        snapshots: true,
        page_size: 1_000,
    }
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn record(value: Value) -> Record {
    serde_json::from_value(value).expect("a row")
}

/// The simulated server numbers entries in order, from this id on.
pub(crate) const FIRST_ID: i64 = 100;

impl Rig {
    pub(crate) fn new(config: SessionConfig) -> Self {
        let vsn = config.vsn;
        Self {
            session: Session::new(config),
            at: Duration::ZERO,
            random: 0.5,
            vsn,
            effects: Vec::new(),
            statuses: Vec::new(),
            notices: Vec::new(),
            synced: Vec::new(),
            last_sources: Vec::new(),
            state: State::new(),
            changes: 0,
            wake: None,
            watches_network: false,
            opens: 0,
            closes: 0,
            sent: Vec::new(),
            beats_answered: 0,
            fetches: Vec::new(),
            probes: Vec::new(),
            refreshes: 0,
            wall: Duration::from_secs(1_790_000_000),
            topic: String::new(),
            join_ref: String::new(),
            pulse_join: None,
            trials: Vec::new(),
            side_joins: BTreeMap::new(),
        }
    }

    /// A session that was started.
    pub(crate) fn started(config: SessionConfig) -> Self {
        let mut rig = Self::new(config);
        rig.give(Event::Start);
        rig
    }

    /// Joined and confirmed, reading its snapshot.
    pub(crate) fn syncing(config: SessionConfig) -> Self {
        let mut rig = Self::started(config);
        rig.give(Event::SocketOpened);
        rig.join_ok();
        rig.system_ok();
        rig
    }

    /// Live on these rows of the first table; all others are empty.
    pub(crate) fn live(config: SessionConfig, rows: &[Value]) -> Self {
        let mut rig = Self::syncing(config);
        rig.finish_snapshot(rows);
        assert_eq!(rig.status(), LinkStatus::Connected, "{:?}", rig.statuses);
        rig
    }

    pub(crate) fn give(&mut self, input: Event) {
        let now = Now {
            at: self.at,
            wall_ms: self.wall_ms(),
            random: self.random,
        };
        let mut effects = Vec::new();
        let id = self.session.connection();
        self.session.handle(id, input, now, &mut effects);
        for (_, action) in effects {
            self.note(&action);
            self.effects.push(action);
        }
    }

    /// Drops what was recorded except the last status and the last join, so that memory does not grow in long runs.
    pub(crate) fn forget(&mut self) {
        self.effects.clear();
        self.notices.clear();
        self.synced.clear();
        self.probes.truncate(8);
        self.statuses.drain(..self.statuses.len().saturating_sub(1));
        let topic = format!("\"{}\"", self.topic);
        let is_join = |text: &&String| text.contains("phx_join") && text.contains(&topic);
        let join = self.sent.iter().rfind(is_join).cloned();
        self.sent = join.into_iter().collect();
        self.beats_answered = self.sent.len();
    }

    pub(crate) fn wall_ms(&self) -> i64 {
        i64::try_from((self.wall + self.at).as_millis()).expect("a time within the range of i64")
    }

    fn note(&mut self, action: &Effect) {
        match action {
            Effect::Open => self.opens += 1,
            Effect::Close => {
                self.closes += 1;
                self.pulse_join = None;
                self.trials.clear();
                self.fetches.clear();
            }
            Effect::Send(text) => {
                let frame = decode_text(self.vsn, text).expect("a frame that can be decoded");
                let reference = || frame.reference.clone().expect("a reference").into_owned();
                if frame.event == "phx_join" && frame.topic.ends_with(PULSE_TOPIC) {
                    self.pulse_join = Some((frame.topic.to_string(), reference()));
                } else if frame.event == "phx_join" && frame.topic.ends_with(TRIAL_TOPIC) {
                    self.trials.push(TrialJoin {
                        topic: frame.topic.to_string(),
                        reference: reference(),
                        entries: entries_of(&frame),
                    });
                } else if frame.event == "phx_join" && is_main(&frame) {
                    self.topic = frame.topic.to_string();
                    self.join_ref = reference();
                } else if frame.event == "phx_join" {
                    self.side_joins.insert(frame.topic.to_string(), reference());
                }
                self.sent.push(text.clone());
            }
            Effect::Fetch(request) => self.fetches.push((**request).clone()),
            Effect::Probe(request) => self.probes.push((**request).clone()),
            Effect::RefreshToken => self.refreshes += 1,
            Effect::CancelFetches => self.fetches.clear(),
            Effect::WakeAt(at) => self.wake = *at,
            Effect::WatchNetwork(is_wanted) => {
                assert_ne!(self.watches_network, *is_wanted, "asked for twice");
                self.watches_network = *is_wanted;
            }
            Effect::Emit(FeedEvent::Status(status)) => self.statuses.push(status.clone()),
            Effect::Emit(FeedEvent::Notice(notice)) => self.notices.push(notice.clone()),
            Effect::Emit(FeedEvent::Synced(report)) => self.synced.push(report.clone()),
            Effect::Emit(FeedEvent::Link(link)) => self.last_sources.clone_from(&link.sources),
            Effect::Emit(FeedEvent::Change(change)) => {
                self.changes += 1;
                let key = (change.source, change.id.to_string());
                let row = serde_json::to_value(&change.record).expect("a row");
                use model::Op;
                match change.op {
                    Op::Insert => assert!(
                        self.state.insert(key, row).is_none(),
                        "{change:?}: the row exists already"
                    ),
                    Op::Update => assert!(
                        self.state.insert(key, row).is_some(),
                        "{change:?}: the row does not exist"
                    ),
                    Op::Delete => assert!(self.state.remove(&key).is_some(), "{change:?}: the row does not exist"),
                }
            }
        }
    }

    /// Advances the clock and fires the timer whenever it is due.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.at + time;
        for _ in 0..10_000 {
            match self.wake {
                Some(wake) if wake <= end => {
                    self.at = self.at.max(wake);
                    self.wake = None;
                    self.give(Event::Timer);
                }
                _ => {
                    self.at = end;
                    return;
                }
            }
        }
        panic!("the timer is set again without end at {:?}", self.at);
    }

    pub(crate) fn text(&mut self, text: impl Into<String>) {
        self.give(Event::Text(text.into()));
    }

    pub(crate) fn frame(&mut self, frame: &Frame<'_>) {
        let text = encode_text(self.vsn, Direction::ToClient, frame);
        self.text(text);
    }

    pub(crate) fn join_ok(&mut self) {
        let join = self.main_join();
        let entries: Vec<Value> = entries_of(&join)
            .iter()
            .zip(FIRST_ID..)
            .map(|(entry, id)| {
                let mut entry = entry.clone();
                entry["id"] = json!(id);
                entry
            })
            .collect();
        let (topic, reference) = (self.topic.clone(), self.join_ref.clone());
        let response = json!({ "postgres_changes": entries });
        self.frame(&Frame::reply(
            Some(&reference),
            Some(&reference),
            &topic,
            true,
            &response,
        ));
    }

    /// The tables that the last join of the main channel asks for.
    pub(crate) fn joined_tables(&self) -> Vec<String> {
        let join = self.main_join();
        let entries = entries_of(&join).into_iter();
        entries
            .map(|entry| entry["table"].as_str().expect("a name").to_owned())
            .collect()
    }

    fn main_join(&self) -> Frame<'_> {
        let frames = self.sent.iter().rev().map(|text| decode_text(self.vsn, text));
        frames
            .map(|frame| frame.expect("a frame"))
            .find(|frame| frame.event == "phx_join" && frame.topic == self.topic)
            .expect("a join")
    }

    /// Answers the oldest join of a source that is tried: the join is taken, and the database confirms the subscription or
    /// refuses it with this message.
    pub(crate) fn answer_trial(&mut self, refusal: Option<&str>) -> TrialJoin {
        let join = self.trials.remove(0);
        let reference = join.reference.as_str();
        let response = json!({ "postgres_changes": join.entries });
        self.frame(&Frame::reply(
            Some(reference),
            Some(reference),
            &join.topic,
            true,
            &response,
        ));
        let message = refusal.unwrap_or("Subscribed to PostgreSQL");
        self.frame(&Frame::system(
            Some(reference),
            &join.topic,
            "postgres_changes",
            refusal.is_none(),
            message,
        ));
        join
    }

    /// Answers the last join of a side channel.
    pub(crate) fn side_reply(&mut self, topic: &str, is_ok: bool, response: &Value) {
        let reference = self.side_joins.get(topic).expect("a join").clone();
        self.frame(&Frame::reply(
            Some(&reference),
            Some(&reference),
            topic,
            is_ok,
            response,
        ));
    }

    pub(crate) fn join_error(&mut self, reason: &str) {
        let (topic, reference) = (self.topic.clone(), self.join_ref.clone());
        let response = json!({ "reason": reason });
        self.frame(&Frame::reply(
            Some(&reference),
            Some(&reference),
            &topic,
            false,
            &response,
        ));
    }

    pub(crate) fn system(&mut self, extension: &str, ok: bool, message: &str) {
        let (topic, reference) = (self.topic.clone(), self.join_ref.clone());
        self.frame(&Frame::system(Some(&reference), &topic, extension, ok, message));
    }

    pub(crate) fn system_ok(&mut self) {
        self.system("postgres_changes", true, "Subscribed to PostgreSQL");
    }

    /// A change of the first table; `columns` are those of the rows given.
    pub(crate) fn change(&mut self, kind: &str, record: Option<Value>, old: Option<Value>) {
        self.change_in(FIRST_ID, "todos", kind, record, old, &[]);
    }

    pub(crate) fn change_in(
        &mut self,
        id: i64,
        table: &str,
        kind: &str,
        record: Option<Value>,
        old: Option<Value>,
        columns: &[&str],
    ) {
        let columns: Vec<Value> = columns
            .iter()
            .map(|name| json!({"name": name, "type": "text"}))
            .collect();
        let mut data = json!({
            "schema": "public", "table": table, "type": kind, "columns": columns, "errors": null,
            "commit_timestamp": "2026-08-21T10:00:00.123Z",
        });
        if let Some(record) = record {
            data["record"] = record;
        }
        if let Some(old) = old {
            data["old_record"] = old;
        }
        let topic = self.topic.clone();
        self.frame(&Frame::postgres_changes(&topic, &[id], &data));
    }

    pub(crate) fn insert(&mut self, row: Value) {
        self.change("INSERT", Some(row), None);
    }

    pub(crate) fn update(&mut self, row: Value) {
        let old = json!({ "id": row["id"] });
        self.change("UPDATE", Some(row), Some(old));
    }

    pub(crate) fn delete(&mut self, id: impl Into<Value>) {
        self.change("DELETE", None, Some(json!({ "id": id.into() })));
    }

    /// Removes the oldest unanswered request.
    pub(crate) fn fetch(&mut self) -> PageRequest {
        assert!(!self.fetches.is_empty(), "no request is waiting");
        self.fetches.remove(0)
    }

    pub(crate) fn answer(&mut self, request: &PageRequest, rows: &[Value]) {
        let page: Page = rows.iter().cloned().map(record).collect();
        self.give(Event::Page {
            id: request.id,
            result: Ok(page),
        });
    }

    pub(crate) fn fail(&mut self, request: &PageRequest, error: PageError) {
        self.give(Event::Page {
            id: request.id,
            result: Err(error),
        });
    }

    /// Answers requests until a snapshot is merged: pages of the first table with all of these rows at once, look-ups from
    /// the same rows, and pages of all other tables with none.
    pub(crate) fn finish_snapshot(&mut self, rows: &[Value]) {
        let synced = self.synced.len();
        for _ in 0..100 {
            while !self.fetches.is_empty() && self.synced.len() == synced {
                let request = self.fetch();
                self.answer_from(&request, rows);
            }
            if self.synced.len() > synced {
                return;
            }
            self.pass(ms(250));
        }
        panic!("no snapshot was finished");
    }

    pub(crate) fn answer_from(&mut self, request: &PageRequest, rows: &[Value]) {
        let is_first = request.source.table == "todos";
        let rows: Vec<Value> = match &request.query {
            _ if !is_first => Vec::new(),
            PageQuery::After { after: None, .. } => rows.to_vec(),
            PageQuery::After { .. } => Vec::new(),
            PageQuery::Ids(ids) => rows
                .iter()
                .filter(|row| ids.iter().any(|id| *id.as_str() == id_text(&row["id"])))
                .cloned()
                .collect(),
        };
        self.answer(request, &rows);
    }

    pub(crate) fn status(&self) -> LinkStatus {
        self.statuses.last().expect("a status").status
    }

    /// The channel works, but changes may be missing, so the status is `Connecting` with `catching_up`.
    pub(crate) fn is_catching_up(&self) -> bool {
        let status = self.statuses.last().expect("a status");
        status.status == LinkStatus::Connecting && status.catching_up && self.closes == 0
    }

    /// Advances the clock and answers heartbeats, pages, look-ups and probes on the way, from these rows of the first table.
    pub(crate) fn run(&mut self, time: Duration, rows: &[Value]) {
        let end = self.at + time;
        while self.at < end {
            self.pass(ms(250).min(end - self.at));
            self.answer_beats();
            while !self.fetches.is_empty() {
                let request = self.fetch();
                self.answer_from(&request, rows);
            }
            while !self.probes.is_empty() {
                let request = self.probes.remove(0);
                let rows = if request.source.table == "todos" { rows } else { &[] };
                self.probed(&request, rows);
            }
        }
    }

    /// Answers all heartbeats sent so far.
    pub(crate) fn answer_beats(&mut self) {
        let beats: Vec<String> = self.sent[self.beats_answered..]
            .iter()
            .map(|text| decode_text(self.vsn, text).expect("a frame"))
            .filter(|frame| frame.event == "heartbeat")
            .map(|frame| frame.reference.expect("a reference").into_owned())
            .collect();
        self.beats_answered = self.sent.len();
        for reference in beats {
            self.frame(&Frame::reply(None, Some(&reference), "phoenix", true, &json!({})));
        }
    }

    pub(crate) fn probed(&mut self, request: &ProbeRequest, rows: &[Value]) {
        self.give(Event::Probed {
            id: request.id,
            result: Ok(probe_of(request, rows)),
        });
    }

    pub(crate) fn grant(&mut self, text: &str, lifetime: Duration) {
        self.give(Event::Token(Ok(Grant {
            token: text.into(),
            lifetime,
        })));
    }

    /// The tokens pushed to the channel, and those sent with joins.
    pub(crate) fn tokens_sent(&self) -> Vec<String> {
        self.sent
            .iter()
            .map(|text| decode_text(self.vsn, text).expect("a frame"))
            .filter(|frame| frame.event == "access_token" || frame.event == "phx_join")
            .map(|frame| {
                let payload: Value = serde_json::from_str(frame.payload.get()).expect("a payload");
                payload["access_token"].as_str().unwrap_or("-").to_owned()
            })
            .collect()
    }

    /// The details reported last.
    pub(crate) fn details(&self) -> LinkReport {
        let details = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Emit(FeedEvent::Link(link)) => Some((**link).clone()),
            _ => None,
        });
        details.expect("details")
    }

    pub(crate) fn reason(&self) -> &str {
        self.statuses
            .last()
            .and_then(|status| status.reason.as_deref())
            .unwrap_or_default()
    }

    /// The row of the first table that the reported changes add up to.
    pub(crate) fn row(&self, id: &str) -> Option<&Value> {
        self.state.get(&(SourceId::default(), id.to_owned()))
    }

    /// The same of another table.
    pub(crate) fn row_of(&self, source: usize, id: &str) -> Option<&Value> {
        self.state.get(&(SourceId::new(source), id.to_owned()))
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        self.state.keys().map(|(_, id)| id.as_str()).collect()
    }

    pub(crate) fn lost(&mut self) {
        self.give(Event::SocketClosed(CloseReason::Lost("reset".into())));
    }

    pub(crate) fn refused(&mut self, http: u16, message: &str) {
        self.give(Event::ConnectFailed(ConnectFailure::Refused {
            http,
            message: message.into(),
            retry_after: None,
        }));
    }

    pub(crate) fn unreachable(&mut self) {
        self.give(Event::ConnectFailed(ConnectFailure::Unreachable(
            "connection refused".into(),
        )));
    }

    pub(crate) fn user(&mut self, command: Command) {
        self.give(Event::Command(command));
    }

    pub(crate) fn has_notice(&self, code: &str) -> bool {
        self.notices.iter().any(|notice| notice.code() == code)
    }

    /// The events sent, by name.
    pub(crate) fn sent_events(&self) -> Vec<String> {
        self.sent
            .iter()
            .map(|text| decode_text(self.vsn, text).expect("a frame").event.into_owned())
            .collect()
    }
}

/// The answer to a probe of a table with these rows, whose key is `id`.
pub(crate) fn probe_of(request: &ProbeRequest, rows: &[Value]) -> Probe {
    let only = |row: &Value, column: &str| record(json!({ "id": row["id"], column: row[column] }));
    let mut counted = rows.len() as u64;
    let page = match &request.rows {
        ProbeRows::None => Page::new(),
        ProbeRows::Newest(newest) => {
            let column = &newest.column;
            let mut rows: Vec<&Value> = rows.iter().collect();
            if !newest.with_nulls {
                rows.retain(|row| !row[column].is_null());
                counted = rows.len() as u64;
            }
            rows.sort_by_key(|row| std::cmp::Reverse(row[column].to_string()));
            let page = rows.into_iter().skip(newest.offset).take(newest.limit);
            page.map(|row| only(row, column)).collect()
        }
        ProbeRows::After(slice) => {
            let key = |id: &str| (id.parse::<u64>().ok(), id.to_owned());
            let after = slice.after.as_ref().map(|id| key(id.as_str()));
            let mut rows: Vec<_> = rows.iter().map(|row| (key(&id_text(&row["id"])), row)).collect();
            rows.sort_by(|(one, _), (other, _)| one.cmp(other));
            let behind = rows.into_iter().filter(|(key, _)| Some(key) > after.as_ref());
            let page = behind.take(slice.limit).map(|(_, row)| match &slice.column {
                Some(column) => only(row, column),
                None => record(row.clone()),
            });
            page.collect()
        }
    };
    Probe {
        count: request.is_counted.then_some(counted),
        rows: page,
    }
}

pub(crate) fn id_text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
