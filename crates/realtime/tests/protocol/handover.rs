//! A connection is replaced before the server cuts it: the status stays `Connected`, no change is missed, and none is
//! reported twice.

use std::{collections::BTreeMap, time::Duration};

use crate::rig::{TRIAL_TOPIC, config, ms, not_published, record, seconds, table};
use model::Op;
use realtime::{
    CloseReason, Command, ConnectionId, Direction, Effect, Event, FeedEvent, Frame, LinkStatus, Now, PageQuery,
    PageRequest, Session, SessionConfig, Vsn, decode_text, encode_text,
};
use serde_json::{Value, json};

/// One of the two sockets, as the server sees it.
#[derive(Default)]
struct Socket {
    topic: String,
    /// The topic and reference of a join of a source that is tried.
    trial: Option<(String, String)>,
    join_ref: String,
    beats: Vec<String>,
    fetches: Vec<PageRequest>,
    wake: Option<Duration>,
    opens: usize,
    closes: usize,
    leaves: usize,
}

struct Pair {
    session: Session,
    at: Duration,
    sockets: [Socket; 2],
    statuses: Vec<LinkStatus>,
    notices: Vec<&'static str>,
    state: BTreeMap<String, Value>,
    reported: usize,
    /// All tables but the first are empty.
    is_second_empty: bool,
}

impl Pair {
    fn new() -> Self {
        Self::with(SessionConfig {
            replace_after: Some(seconds(1_000)),
            ..config()
        })
    }

    fn with(config: SessionConfig) -> Self {
        Self {
            session: Session::new(config),
            at: Duration::ZERO,
            sockets: <[Socket; 2]>::default(),
            statuses: Vec::new(),
            notices: Vec::new(),
            state: BTreeMap::new(),
            reported: 0,
            is_second_empty: false,
        }
    }

    fn socket(&mut self, side: ConnectionId) -> &mut Socket {
        &mut self.sockets[side as usize]
    }

    fn give(&mut self, side: ConnectionId, input: Event) {
        let now = Now {
            at: self.at,
            wall_ms: 1_790_000_000_000 + i64::try_from(self.at.as_millis()).expect("small"),
            random: 0.5,
        };
        let mut effects = Vec::new();
        self.session.handle(side, input, now, &mut effects);
        for (side, action) in effects {
            let socket = &mut self.sockets[side as usize];
            match action {
                Effect::Open => socket.opens += 1,
                Effect::Close => socket.closes += 1,
                Effect::Send(text) => {
                    let frame = decode_text(Vsn::V2, &text).expect("a frame");
                    let reference = frame.reference.clone().expect("a reference").into_owned();
                    match &*frame.event {
                        "phx_join" if frame.topic.ends_with(TRIAL_TOPIC) => {
                            socket.trial = Some((frame.topic.to_string(), reference));
                        }
                        "phx_join" => (socket.topic, socket.join_ref) = (frame.topic.to_string(), reference),
                        "heartbeat" => socket.beats.push(reference),
                        "phx_leave" => socket.leaves += 1,
                        other => panic!("{other}"),
                    }
                }
                Effect::Fetch(request) => socket.fetches.push(*request),
                Effect::CancelFetches => socket.fetches.clear(),
                Effect::WakeAt(at) => socket.wake = at,
                Effect::Emit(FeedEvent::Status(status)) => self.statuses.push(status.status),
                Effect::Emit(FeedEvent::Notice(notice)) => self.notices.push(notice.code()),
                Effect::Emit(FeedEvent::Change(change)) => {
                    self.reported += 1;
                    let row = serde_json::to_value(&change.record).expect("a row");
                    let id = change.id.to_string();
                    let before = match change.op {
                        Op::Delete => self.state.remove(&id),
                        _ => self.state.insert(id, row),
                    };
                    assert_eq!(before.is_some(), change.op != Op::Insert, "{change:?}");
                }
                _ => {}
            }
        }
    }

    fn frame(&mut self, side: ConnectionId, frame: &Frame<'_>) {
        let text = encode_text(Vsn::V2, Direction::ToClient, frame);
        self.give(side, Event::Text(text));
    }

    /// Opens the socket, confirms the join, and answers requests for three seconds.
    fn bring_up(&mut self, side: ConnectionId, rows: &[Value]) {
        self.give(side, Event::SocketOpened);
        self.confirm(side);
        self.run(seconds(3), rows);
    }

    /// Answers a join of the main channel or of a trial, which asks for these tables.
    fn answer(&mut self, side: ConnectionId, (topic, join): (String, String), tables: &[&str], refusal: Option<&str>) {
        let entry = |(table, id): (&&str, i64)| json!({"event": "*", "schema": "public", "table": table, "id": id});
        let entries: Vec<Value> = tables.iter().zip(100..).map(entry).collect();
        let response = json!({ "postgres_changes": entries });
        self.frame(side, &Frame::reply(Some(&join), Some(&join), &topic, true, &response));
        let message = refusal.unwrap_or("Subscribed to PostgreSQL");
        let system = Frame::system(Some(&join), &topic, "postgres_changes", refusal.is_none(), message);
        self.frame(side, &system);
    }

    fn main_join(&mut self, side: ConnectionId) -> (String, String) {
        (self.socket(side).topic.clone(), self.socket(side).join_ref.clone())
    }

    fn confirm(&mut self, side: ConnectionId) {
        let (topic, join) = (self.socket(side).topic.clone(), self.socket(side).join_ref.clone());
        let entries = json!({"postgres_changes": [{"event": "*", "schema": "public", "table": "todos", "id": 100}]});
        self.frame(side, &Frame::reply(Some(&join), Some(&join), &topic, true, &entries));
        let subscribed = Frame::system(
            Some(&join),
            &topic,
            "postgres_changes",
            true,
            "Subscribed to PostgreSQL",
        );
        self.frame(side, &subscribed);
    }

    fn update(&mut self, side: ConnectionId, row: &Value) {
        let topic = self.socket(side).topic.clone();
        let data = json!({"schema": "public", "table": "todos", "type": "UPDATE", "columns": [], "errors": null,
            "commit_timestamp": "2026-08-21T10:00:00.123Z", "record": row, "old_record": {"id": row["id"]}});
        self.frame(side, &Frame::postgres_changes(&topic, &[100], &data));
    }

    /// Advances the clock and serves timers, heartbeats and pages of both sockets.
    fn run(&mut self, time: Duration, rows: &[Value]) {
        let end = self.at + time;
        while self.at < end {
            self.at += ms(100);
            for side in [ConnectionId::A, ConnectionId::B] {
                let at = self.at;
                if self.socket(side).wake.is_some_and(|wake| wake <= at) {
                    self.socket(side).wake = None;
                    self.give(side, Event::Timer);
                }
                for beat in std::mem::take(&mut self.socket(side).beats) {
                    self.frame(side, &Frame::reply(None, Some(&beat), "phoenix", true, &json!({})));
                }
                for request in std::mem::take(&mut self.socket(side).fetches) {
                    let is_empty = self.is_second_empty && request.source.table != "todos";
                    let page = match &request.query {
                        _ if is_empty => Vec::new(),
                        PageQuery::After { after: None, .. } => rows.iter().cloned().map(record).collect(),
                        PageQuery::After { .. } => Vec::new(),
                        PageQuery::Ids(ids) => rows
                            .iter()
                            .filter(|row| ids.iter().any(|id| *id.as_str() == crate::rig::id_text(&row["id"])))
                            .cloned()
                            .map(record)
                            .collect(),
                    };
                    let (id, result) = (request.id, Ok(page));
                    self.give(side, Event::Page { id, result });
                }
            }
        }
    }

    /// Live on connection A, with its replacement opening.
    fn due(rows: &[Value]) -> Self {
        let mut pair = Self::new();
        pair.give(ConnectionId::A, Event::Start);
        pair.bring_up(ConnectionId::A, rows);
        assert_eq!(pair.statuses, [LinkStatus::Connecting, LinkStatus::Connected]);
        pair.run(seconds(950), rows);
        assert_eq!(pair.socket(ConnectionId::B).opens, 0, "not before the configured age");
        pair.run(seconds(50), rows);
        assert_eq!(pair.socket(ConnectionId::B).opens, 1);
        pair
    }
}

#[test]
fn the_successor_takes_over_without_a_change_of_status() {
    let rows = [json!({"id": 1, "n": 1}), json!({"id": 2, "n": 1})];
    let mut pair = Pair::due(&rows);
    pair.give(ConnectionId::B, Event::SocketOpened);
    // Changes continue to arrive on both connections.
    pair.update(ConnectionId::A, &json!({"id": 1, "n": 2}));
    assert_eq!(pair.state["1"]["n"], 2);
    pair.confirm(ConnectionId::B);
    pair.update(ConnectionId::B, &json!({"id": 1, "n": 2}));
    let reported = pair.reported;
    let rows = [json!({"id": 1, "n": 2}), json!({"id": 2, "n": 1})];
    pair.run(seconds(4), &rows);
    assert_eq!(pair.session.connection(), ConnectionId::B);
    assert_eq!(
        (pair.socket(ConnectionId::A).leaves, pair.socket(ConnectionId::A).closes),
        (1, 1)
    );
    assert_eq!(pair.statuses.len(), 2, "live without interruption: {:?}", pair.statuses);
    assert_eq!(pair.reported, reported, "no change was reported twice");
    assert!(pair.notices.contains(&"replaced"));
    // From here on only frames of the new connection count.
    pair.update(ConnectionId::A, &json!({"id": 2, "n": 8}));
    pair.update(ConnectionId::B, &json!({"id": 2, "n": 9}));
    assert_eq!(pair.state["2"]["n"], 9);
    pair.run(seconds(900), &[json!({"id": 1, "n": 2}), json!({"id": 2, "n": 9})]);
    assert_eq!((pair.statuses.len(), pair.socket(ConnectionId::B).closes), (2, 0));
    // The new connection is replaced in its turn.
    pair.run(seconds(100), &rows);
    assert_eq!(pair.socket(ConnectionId::A).opens, 2);
}

#[test]
fn a_table_that_is_published_later_is_followed_without_a_gap_of_the_others() {
    use ConnectionId::{A, B};
    let rows = [json!({"id": 1, "n": 1})];
    let mut pair = Pair::with(SessionConfig {
        sources: vec![table("todos"), table("agents")],
        ..config()
    });
    pair.is_second_empty = true;
    pair.give(A, Event::Start);
    pair.give(A, Event::SocketOpened);
    let join = pair.main_join(A);
    pair.answer(A, join, &["todos", "agents"], Some(&not_published("agents")));
    let join = pair.main_join(A);
    pair.answer(A, join, &["todos"], None);
    pair.run(seconds(5), &rows);
    assert_eq!(pair.statuses.last(), Some(&LinkStatus::Connected));
    let statuses = pair.statuses.len();
    // Its trials are refused, later each time.
    let mut waits = Vec::new();
    for _ in 0..4 {
        let since = pair.at;
        while pair.socket(A).trial.is_none() {
            pair.run(ms(500), &rows);
        }
        waits.push((pair.at - since).as_secs());
        let trial = pair.socket(A).trial.take().expect("a trial");
        pair.answer(A, trial, &["agents"], Some(&not_published("agents")));
    }
    assert_eq!(waits, [55, 120, 240, 480]);
    // It is published: the server makes the subscriptions anew.
    let (topic, join) = pair.main_join(A);
    let again = Frame::system(
        Some(&join),
        &topic,
        "postgres_changes",
        true,
        "Subscribed to PostgreSQL",
    );
    pair.frame(A, &again);
    pair.run(seconds(8), &rows);
    let trial = pair.socket(A).trial.take().expect("a trial");
    pair.answer(A, trial, &["agents"], None);
    pair.run(seconds(1), &rows);
    assert_eq!(pair.socket(B).opens, 1, "a second connection");
    pair.give(B, Event::SocketOpened);
    let join = pair.main_join(B);
    pair.answer(B, join, &["todos", "agents"], None);
    pair.run(seconds(4), &rows);
    assert_eq!(pair.session.connection(), B);
    assert_eq!((pair.socket(A).closes, pair.socket(B).closes), (1, 0));
    let new: Vec<_> = pair.statuses.drain(statuses..).collect();
    assert!(
        new.iter().filter(|status| **status != LinkStatus::Connected).count() <= 1,
        "only the gap that the server made: {new:?}"
    );
    assert!(pair.notices.contains(&"table_found_again") && !pair.notices.contains(&"replaced"));
}

#[test]
fn changes_known_only_to_the_successor_are_reported_when_it_takes_over() {
    let rows = [json!({"id": 1, "n": 1})];
    let mut pair = Pair::due(&rows);
    // The old channel receives no changes any more, so both connections never hold equal rows.
    let now = [json!({"id": 1, "n": 5}), json!({"id": 2, "n": 1})];
    pair.bring_up(ConnectionId::B, &now);
    pair.run(seconds(15), &now);
    assert_eq!(pair.session.connection(), ConnectionId::B);
    assert_eq!((&pair.state["1"]["n"], pair.state.len()), (&json!(5), 2));
}

#[test]
fn a_successor_that_fails_is_dropped_silently_and_tried_again() {
    let rows = [json!({"id": 1})];
    let mut pair = Pair::due(&rows);
    pair.give(
        ConnectionId::B,
        Event::ConnectFailed(realtime::ConnectFailure::Unreachable("refused".into())),
    );
    assert_eq!((pair.session.connection(), pair.statuses.len()), (ConnectionId::A, 2));
    pair.run(seconds(599), &rows);
    assert_eq!(pair.socket(ConnectionId::B).opens, 1);
    pair.run(seconds(5), &rows);
    assert_eq!(pair.socket(ConnectionId::B).opens, 2);
    pair.bring_up(ConnectionId::B, &rows);
    assert_eq!(pair.session.connection(), ConnectionId::B);
    assert!(!pair.notices.contains(&"retrying"), "{:?}", pair.notices);
}

#[test]
fn a_successor_that_is_never_live_is_dropped_at_its_deadline() {
    let rows = [json!({"id": 1})];
    let mut pair = Pair::due(&rows);
    pair.give(ConnectionId::B, Event::SocketOpened);
    pair.run(seconds(130), &rows);
    assert_eq!((pair.socket(ConnectionId::B).closes, pair.statuses.len()), (1, 2));
}

#[test]
fn a_connection_lost_during_its_replacement_is_an_ordinary_loss() {
    let rows = [json!({"id": 1})];
    let mut pair = Pair::due(&rows);
    pair.give(ConnectionId::B, Event::SocketOpened);
    pair.give(ConnectionId::A, Event::SocketClosed(CloseReason::Lost("reset".into())));
    assert_eq!(pair.socket(ConnectionId::B).closes, 1);
    assert_eq!(pair.statuses.last(), Some(&LinkStatus::Disconnected));
    pair.run(seconds(3), &rows);
    pair.bring_up(ConnectionId::A, &rows);
    assert_eq!(pair.statuses.last(), Some(&LinkStatus::Connected));
}

#[test]
fn a_user_who_disconnects_closes_both() {
    let rows = [json!({"id": 1})];
    let mut pair = Pair::due(&rows);
    pair.give(ConnectionId::B, Event::SocketOpened);
    pair.give(ConnectionId::A, Event::Command(Command::Disconnect));
    assert_eq!(
        (pair.socket(ConnectionId::A).closes, pair.socket(ConnectionId::B).closes),
        (1, 1)
    );
    assert_eq!(pair.statuses.last(), Some(&LinkStatus::Disconnected));
}
