//! Property: for any order of pages, changes, cuts, delays and losses, the reported rows finally equal the server's, and
//! the status is never `connected` before the whole chain is proven.
//!
//! The server here is a model: a table, a commit log, a stream with arbitrary delay, and pages that are read at one
//! moment and arrive at another. `PROPTEST_CASES` sets the number of cases.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{
    recovery::{ReadPages, Recovering, broken_change, cases, selected},
    rig::{Rig, State, config, ms, seconds},
};
use proptest::prelude::*;
use realtime::{CloseReason, Command, Event, LinkStatus, PageError, PageRequest, SessionConfig, SourceId, decode_text};
use serde_json::{Value, json};

const COLUMNS: [&str; 3] = ["id", "a", "big"];

#[derive(Clone, Debug, PartialEq)]
struct Row {
    a: u64,
    big: u64,
}

/// A change in transit.
#[derive(Clone, Debug)]
struct Delivery {
    kind: &'static str,
    record: Option<Value>,
    old: Option<Value>,
}

#[derive(Debug, Default)]
struct Server {
    rows: BTreeMap<i64, Row>,
    clock: u64,
    stream: VecDeque<Delivery>,
    last: Option<Delivery>,
    /// Changes are captured for the client.
    captures: bool,
    confirmed: bool,
    /// Pages read and not yet arrived.
    read: ReadPages,
}

impl Server {
    fn whole(id: i64, row: &Row) -> Value {
        json!({"id": id, "a": row.a, "big": format!("{}", row.big)})
    }

    fn emit(&mut self, kind: &'static str, record: Option<Value>, old: Option<i64>) {
        if self.captures {
            let old = old.map(|id| json!({ "id": id }));
            self.stream.push_back(Delivery { kind, record, old });
        }
    }

    fn commit(&mut self, what: u8, at: u16) {
        self.clock += 1;
        let clock = self.clock;
        let id = i64::from(at % 12);
        let taken: Option<i64> = self.rows.keys().copied().nth(usize::from(at) % self.rows.len().max(1));
        match what % 5 {
            0 => {
                if !self.rows.contains_key(&id) {
                    let row = Row { a: clock, big: clock };
                    self.emit("INSERT", Some(Self::whole(id, &row)), None);
                    self.rows.insert(id, row);
                }
            }
            // The large column is unchanged, and absent from the change.
            1 => {
                if let Some(id) = taken
                    && let Some(row) = self.rows.get_mut(&id)
                {
                    row.a = clock;
                    self.emit("UPDATE", Some(json!({"id": id, "a": clock})), Some(id));
                }
            }
            2 => {
                if let Some(id) = taken
                    && let Some(row) = self.rows.get_mut(&id)
                {
                    *row = Row { a: clock, big: clock };
                    let record = Self::whole(id, row);
                    self.emit("UPDATE", Some(record), Some(id));
                }
            }
            3 => {
                if let Some(id) = taken {
                    self.rows.remove(&id);
                    self.emit("DELETE", None, Some(id));
                }
            }
            // The key changes, the large column does not.
            _ => {
                if let Some(old) = taken
                    && !self.rows.contains_key(&id)
                    && let Some(mut row) = self.rows.remove(&old)
                {
                    row.a = clock;
                    self.emit("UPDATE", Some(json!({"id": id, "a": clock})), Some(old));
                    self.rows.insert(id, row);
                }
            }
        }
    }

    /// The rows that a request gets now.
    fn answer(&self, request: &PageRequest, max_rows: usize) -> Vec<Value> {
        let rows = self.rows.iter().map(|(id, row)| (*id, Self::whole(*id, row)));
        selected(rows, &request.query, max_rows)
    }

    fn hang_up(&mut self) {
        self.stream.clear();
        self.last = None;
        self.captures = false;
        self.confirmed = false;
        self.read.clear();
    }
}

struct World {
    rig: Rig,
    server: Server,
    /// `Open` effects answered.
    opened: usize,
    closes: usize,
    joins: usize,
    beats: usize,
    /// A change was lost silently: only an audit can find it.
    silent: bool,
    synced_before_open: usize,
}

impl World {
    fn new() -> Self {
        let rig = Rig::started(SessionConfig {
            page_size: 3,
            reconcile_interval: None,
            ..config()
        });
        Self {
            rig,
            server: Server::default(),
            opened: 0,
            closes: 0,
            joins: 0,
            beats: 0,
            silent: false,
            synced_before_open: 0,
        }
    }

    fn sent(&self, event: &str) -> Vec<String> {
        self.rig
            .sent
            .iter()
            .filter(|text| text.contains(event))
            .cloned()
            .collect()
    }

    fn is_opening(&self) -> bool {
        self.rig.opens > self.opened && self.rig.closes == self.closes
    }

    fn has_join(&self) -> bool {
        self.sent("phx_join").len() > self.joins
    }

    fn give(&mut self, delivery: &Delivery) {
        self.rig.change_in(
            crate::rig::FIRST_ID,
            "todos",
            delivery.kind,
            delivery.record.clone(),
            delivery.old.clone(),
            &COLUMNS,
        );
    }

    fn is_subscribed(&self) -> bool {
        self.server.confirmed
    }

    fn step(&mut self, what: u8, at: u16, silent_too: bool) {
        match what % 32 {
            0..=8 => self.server.commit(what / 32 + what % 32, at),
            9..=13 => {
                for _ in 0..=at % 4 {
                    self.deliver();
                }
            }
            14..=16 => self.read(usize::from(at % 3) + 1),
            17..=19 => self.arrive(usize::from(at)),
            20 => self.rig.pass(ms(u64::from(at % 2_000))),
            21 => self.open(),
            22 => self.join(),
            23 => self.confirm(),
            24 => self.answer_heartbeats(),
            // The same frame again.
            25 => {
                if let Some(delivery) = self.server.last.clone() {
                    self.give(&delivery);
                }
            }
            26 if at.is_multiple_of(3) && self.rig.opens == self.opened && self.rig.closes == self.closes => {
                self.server.hang_up();
                match at % 4 {
                    0 => self.rig.give(Event::SocketClosed(CloseReason::Frame {
                        code: 1012,
                        text: String::new(),
                    })),
                    1 => self.rig.lost(),
                    2 => {
                        let (topic, join) = (self.rig.topic.clone(), self.rig.join_ref.clone());
                        self.rig
                            .text(format!(r#"["{join}","{join}","{topic}","phx_error",{{}}]"#));
                    }
                    _ => self.rig.user(Command::Reconnect),
                }
            }
            27 if self.is_opening() && at.is_multiple_of(4) => {
                self.opened = self.rig.opens;
                self.rig.unreachable();
            }
            // Changes are lost, and the server confirms again, which shows it.
            28 if self.is_subscribed() && at.is_multiple_of(2) => {
                for _ in 0..=at % 5 {
                    self.server.stream.pop_front();
                }
                // A frame is repeated at once or not at all.
                self.server.last = None;
                self.rig.system_ok();
            }
            // A change arrives broken.
            29 if self.server.stream.pop_front().is_some() => {
                self.server.last = None;
                let topic = self.rig.topic.clone();
                self.rig.text(broken_change(&topic));
            }
            30 if !self.rig.fetches.is_empty() => {
                let request = self.rig.fetch();
                let error = match at % 3 {
                    0 => PageError::TooLarge("57014".into()),
                    _ => PageError::Transient {
                        text: "503".into(),
                        retry_after: None,
                    },
                };
                self.rig.fail(&request, error);
            }
            // A change without a frame: a row may no longer be read, or the table is truncated.
            31 if silent_too => {
                self.silent = true;
                if at.is_multiple_of(5) {
                    self.server.rows.clear();
                } else {
                    let taken = self.server.rows.keys().copied().nth(usize::from(at) % 12);
                    taken.and_then(|id| self.server.rows.remove(&id));
                }
            }
            _ => {}
        }
        self.look();
    }

    /// For this long, the server answers everything and nothing changes.
    fn calm(&mut self, time: Duration) {
        let end = self.rig.at + time;
        while self.rig.at < end {
            self.answer_everything();
            self.rig.pass(ms(100));
            self.look();
        }
    }

    fn assert_equal(&self) {
        assert_eq!(self.rig.status(), LinkStatus::Connected, "{:?}", self.rig.statuses);
        let expected: State = self
            .server
            .rows
            .iter()
            .map(|(id, row)| ((SourceId::default(), id.to_string()), Server::whole(*id, row)))
            .collect();
        assert_eq!(self.rig.state, expected);
    }
}

impl Recovering for World {
    fn rig(&mut self) -> &mut Rig {
        &mut self.rig
    }

    fn read_pages(&mut self) -> &mut ReadPages {
        &mut self.server.read
    }

    fn rows_of(&self, request: &PageRequest, max_rows: usize) -> Vec<Value> {
        self.server.answer(request, max_rows)
    }

    /// Processes the client's effects: closing the socket ends the subscription.
    fn look(&mut self) {
        if self.rig.closes > self.closes {
            self.closes = self.rig.closes;
            self.opened = self
                .opened
                .max(self.rig.opens - usize::from(self.rig.status() == LinkStatus::Connecting));
            self.joins = self.sent("phx_join").len();
            self.server.hang_up();
        }
        if self.rig.status() == LinkStatus::Connected {
            assert!(self.server.confirmed, "connected, but the database has not confirmed");
            assert!(
                self.rig.synced.len() > self.synced_before_open,
                "connected, but no snapshot was merged"
            );
        }
    }

    fn open(&mut self) {
        if self.is_opening() {
            self.opened = self.rig.opens;
            self.joins = self.sent("phx_join").len();
            self.beats = self.sent("heartbeat").len();
            self.server.hang_up();
            self.synced_before_open = self.rig.synced.len();
            self.rig.give(Event::SocketOpened);
        }
    }

    fn join(&mut self) {
        if self.has_join() {
            self.joins = self.sent("phx_join").len();
            self.rig.join_ok();
            self.server.captures = true;
        }
    }

    fn confirm(&mut self) {
        if self.server.captures && !self.server.confirmed {
            self.server.confirmed = true;
            self.rig.system_ok();
        }
    }

    fn deliver(&mut self) -> bool {
        let Some(delivery) = self.server.stream.pop_front() else {
            return false;
        };
        self.give(&delivery);
        self.server.last = Some(delivery);
        true
    }

    fn answer_heartbeats(&mut self) {
        let beats = self.sent("heartbeat");
        for text in beats.iter().skip(self.beats) {
            let frame = decode_text(self.rig.vsn, text).expect("a beat").into_owned();
            let reference = frame.reference.expect("a reference");
            self.rig.text(format!(
                r#"[null,"{reference}","phoenix","phx_reply",{{"status":"ok","response":{{}}}}]"#
            ));
        }
        self.beats = beats.len();
    }
}

fn steps() -> impl Strategy<Value = Vec<(u8, u16)>> {
    proptest::collection::vec((any::<u8>(), any::<u16>()), 0..160)
}

proptest! {
    #![proptest_config(cases())]

    /// Losses that show themselves are repaired without waiting for an audit.
    #[test]
    fn the_reported_rows_are_the_servers(random in 0.0..1.0_f64, steps in steps()) {
        let mut world = World::new();
        world.rig.random = random;
        for (what, at) in steps {
            world.step(what, at, false);
        }
        // Up to 48 s for a wait that has grown, the rest for a resync; the confirming pass is later than this.
        let mut waited = 0;
        while world.rig.status() != LinkStatus::Connected && waited < 1_500 {
            world.calm(ms(100));
            waited += 1;
        }
        world.calm(seconds(9));
        world.assert_equal();
    }

    /// Silent losses are found by the audit after the first snapshot.
    #[test]
    fn an_audit_finds_unreported_changes(random in 0.0..1.0_f64, steps in steps()) {
        let mut world = World::new();
        world.rig.random = random;
        for (what, at) in steps {
            world.step(what, at, true);
        }
        // The first pass after the last loss is the one to wait for.
        world.rig.user(Command::Reconnect);
        world.calm(seconds(40));
        world.assert_equal();
    }
}
