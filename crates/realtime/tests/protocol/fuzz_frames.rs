//! Recorded frames, mutated, given to a live session: it never panics, what one of them sets off is bounded, what is
//! kept of them does not grow, and when they stop it is Live again with the server's rows.
//!
//! Ten thousand in the ordinary run, always the same ones; a million others with `--ignored`. `FUZZ_SEED` sets where the
//! random numbers start, `FUZZ_MUTATIONS` the length of the run.

use std::{borrow::Cow, collections::BTreeSet, time::Duration};

use crate::mutate::mutated;
use crate::recorded::frames;
use crate::rig::{FIRST_ID, Rig, State, TRIAL_TOPIC, config, id_text, ms, seconds, table};
use fastrand::Rng;
use model::{Backoff, Record};
use realtime::{
    CloseReason, Direction, Effect, Event, FeedEvent, Frame, LinkStatus, Page, PageError, PageQuery, PageRequest,
    SessionConfig, SourceId, Vsn, decode_text, encode_text,
};
use serde_json::{Value, json};

const TABLES: [&str; 3] = ["agents", "tasks", "workflows"];
/// Mutations between two calms.
const BATCH: usize = 100;
/// Most effects that one frame may set off: a row moved in two tables, their look-ups, the loss of the connection.
const MOST_ACTIONS: usize = 24;
/// Most that a calm session is written as, in bytes: what it holds of whatever it was given. The most of it are the
/// headers of rows seen, at most 256, whose names are bounded, each written out with each header that has it.
const MOST_HELD: usize = 8 << 20;
/// Calm steps of half a second until it has to be well: a refusal for good is looked at again after five minutes.
const PATIENCE: usize = 2_000;

/// A frame to begin from: topic, references and ids are filled in when it is given.
struct Seed {
    frame: Option<Frame<'static>>,
    text: String,
    binary: Option<Vec<u8>>,
}

/// The server's frames of one serializer; of many that are alike a few.
fn seeds(vsn: Vsn) -> Vec<Seed> {
    let mut seen = BTreeSet::new();
    let mut seeds = Vec::new();
    for line in frames() {
        if line.to_server || line.vsn != vsn {
            continue;
        }
        let frame = decode_text(vsn, &line.text).ok().map(|frame| ours(frame.into_owned()));
        let event = frame.as_ref().map(|frame| frame.event.to_string());
        // Five thousand rows of one statement are one kind of frame.
        let is_new = seen.insert((event, line.file, line.text.len() / 8, line.binary.is_some()));
        if is_new {
            seeds.push(Seed {
                frame,
                text: line.text,
                binary: line.binary,
            });
        }
    }
    assert!(seeds.len() > 100, "{vsn:?}: {}", seeds.len());
    seeds
}

/// Its ids are those that the rig gives; a change of a table that is not followed becomes one of one that is.
fn ours(mut frame: Frame<'static>) -> Frame<'static> {
    let Ok(mut payload) = serde_json::from_str::<Value>(frame.payload.get()) else {
        return frame;
    };
    if frame.event == "postgres_changes" && payload["data"].is_object() {
        let name = payload["data"]["table"].as_str().unwrap_or_default();
        let at = TABLES.iter().position(|table| *table == name).unwrap_or(1);
        payload["data"]["table"] = TABLES[at].into();
        payload["ids"] = json!([FIRST_ID + i64::try_from(at).expect("small")]);
        if let Ok(raw) = serde_json::value::to_raw_value(&payload) {
            frame.payload = Cow::Owned(raw);
        }
    }
    frame
}

/// What the tables hold, all the while.
fn rows(table: &str) -> Vec<Value> {
    (0..4)
        .map(|n| {
            json!({"id": format!("00000000-0000-4000-8000-00000000000{n}"), "title": table, "status": "idle",
                   "payload": {"n": n}, "updated_at": "2026-11-23T06:57:05.272299+00:00"})
        })
        .collect()
}

fn expected() -> State {
    TABLES
        .into_iter()
        .enumerate()
        .flat_map(|(at, table)| {
            rows(table)
                .into_iter()
                .map(move |row| ((SourceId::new(at), id_text(&row["id"])), row))
        })
        .collect()
}

fn page(request: &PageRequest) -> Vec<Value> {
    let rows = rows(&request.source.table).into_iter();
    match &request.query {
        PageQuery::After { after, limit } => rows
            .filter(|row| {
                after
                    .as_ref()
                    .is_none_or(|after| *id_text(&row["id"]) > *after.as_str())
            })
            .take(*limit)
            .collect(),
        PageQuery::Ids(ids) => rows
            .filter(|row| ids.iter().any(|id| *id.as_str() == id_text(&row["id"])))
            .collect(),
    }
}

/// Reads a body as `net` does.
fn read(body: &[u8]) -> Result<Page, PageError> {
    serde_json::from_slice::<Vec<Record>>(body).map_err(|_| PageError::Transient {
        text: "the answer is cut short or not JSON".into(),
        retry_after: None,
    })
}

struct World {
    rig: Rig,
    rng: Rng,
    is_opening: bool,
    is_up: bool,
    has_join: bool,
    unconfirmed: bool,
}

impl World {
    fn new(vsn: Vsn, seed: u64) -> Self {
        let rig = Rig::started(SessionConfig {
            vsn,
            sources: TABLES.map(table).into(),
            backoff: Backoff {
                max_attempts: 0,
                interval: ms(100),
                max_interval: seconds(1),
                ..Backoff::default()
            },
            reconcile_interval: Some(seconds(20)),
            audit_interval: Some(seconds(60)),
            change_limit: Some(100),
            ..config()
        });
        Self {
            rig,
            rng: Rng::with_seed(seed),
            is_opening: false,
            is_up: false,
            has_join: false,
            unconfirmed: false,
        }
    }

    /// Sees what the client did. Answers how many effects there were.
    fn look(&mut self) -> usize {
        let effects = std::mem::take(&mut self.rig.effects);
        for action in &effects {
            match action {
                Effect::Open => self.is_opening = true,
                Effect::Close => {
                    (self.is_opening, self.is_up, self.has_join, self.unconfirmed) = (false, false, false, false);
                }
                Effect::Send(text) if text.contains("phx_join") && !text.contains(TRIAL_TOPIC) => self.has_join = true,
                _ => {}
            }
        }
        let is_report = |action: &&Effect| !matches!(action, Effect::Emit(FeedEvent::Link(_)));
        effects.iter().filter(is_report).count()
    }

    /// Does the next thing that a well server would do; false when there is nothing.
    fn serve(&mut self) -> bool {
        self.look();
        self.rig.answer_beats();
        if std::mem::take(&mut self.is_opening) {
            self.is_up = true;
            self.rig.give(Event::SocketOpened);
        } else if std::mem::take(&mut self.has_join) {
            self.rig.join_ok();
            self.unconfirmed = true;
        } else if std::mem::take(&mut self.unconfirmed) {
            self.rig.system_ok();
        } else if !self.rig.trials.is_empty() {
            self.rig.answer_trial(None);
        } else if !self.rig.fetches.is_empty() {
            let request = self.rig.fetch();
            self.rig.answer(&request, &page(&request));
        } else if !self.rig.probes.is_empty() {
            let request = self.rig.probes.remove(0);
            self.rig.probed(&request, &rows(&request.source.table));
        } else {
            return false;
        }
        self.look();
        true
    }

    /// A frame as the server sent it once, about what is there now.
    fn frame(&mut self, seed: &Seed) -> String {
        let Some(frame) = &seed.frame else {
            return seed.text.clone();
        };
        let mut frame = frame.clone();
        // Sometimes the frame is of another topic.
        if frame.topic.starts_with("realtime:") && self.rng.u8(..) > 20 {
            frame.topic = Cow::Owned(self.rig.topic.clone());
            let ours = self.rig.join_ref.clone();
            if frame.event != "postgres_changes" && frame.reference.is_some() {
                frame.reference = Some(Cow::Owned(ours.clone()));
            }
            if frame.join_ref.is_some() {
                frame.join_ref = Some(Cow::Owned(ours));
            }
        }
        encode_text(self.rig.vsn, Direction::ToClient, &frame)
    }

    /// Gives one mutated thing.
    fn mutate(&mut self, seeds: &[Seed]) {
        let pick = self.rng.usize(..seeds.len());
        let seed = &seeds[pick];
        if self.rng.u8(..) < 16 && !self.rig.fetches.is_empty() {
            // A page instead of a frame.
            let request = self.rig.fetch();
            let body = Value::from(page(&request)).to_string();
            let other = self.frame(seed);
            let body = mutated(&mut self.rng, body.as_bytes(), other.as_bytes());
            self.rig.give(Event::Page {
                id: request.id,
                result: read(&body),
            });
            self.look();
            return;
        }
        let (bytes, is_binary) = match &seed.binary {
            Some(bytes) => (bytes.clone(), true),
            None => (self.frame(seed).into_bytes(), self.rng.u8(..) < 4),
        };
        let other = self.rng.usize(..seeds.len());
        let other = self.frame(&seeds[other]);
        // One in sixteen as it was: what came before may have made it hostile.
        let bytes = match self.rng.u8(..) {
            0..16 => bytes,
            _ => mutated(&mut self.rng, &bytes, other.as_bytes()),
        };
        let input = if is_binary {
            Event::Binary(bytes)
        } else {
            match String::from_utf8(bytes) {
                Ok(text) => Event::Text(text),
                // The transport ends over it.
                Err(_) if self.rng.u8(..) < 4 => {
                    (self.is_up, self.has_join, self.unconfirmed) = (false, false, false);
                    match self.is_opening {
                        true => Event::Timer,
                        false => Event::SocketClosed(CloseReason::Lost("invalid UTF-8".into())),
                    }
                }
                Err(error) => Event::Text(String::from_utf8_lossy(error.as_bytes()).into_owned()),
            }
        };
        self.look();
        let shown = format!("{input:.400?}");
        self.rig.give(input);
        let effects = self.look();
        assert!(effects <= MOST_ACTIONS, "{effects} effects for one frame: {shown}");
    }

    /// Mutations, among which the server does its work now and then.
    fn batch(&mut self, seeds: &[Seed], mutations: usize) {
        for _ in 0..mutations {
            match self.rng.u8(..) {
                0..100 => drop(self.serve()),
                100..110 => {
                    let time = ms(self.rng.u64(..1_500));
                    self.pass(time);
                }
                _ => {}
            }
            self.mutate(seeds);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.rig.pass(time);
        self.look();
    }

    /// A well server, until the session has been Live with its rows for half a minute.
    fn calm(&mut self) {
        let expected = expected();
        let mut well = 0;
        for _ in 0..PATIENCE {
            for _ in 0..200 {
                if !self.serve() {
                    break;
                }
            }
            let is_well = self.rig.status() == LinkStatus::Connected && self.rig.state == expected;
            well = if is_well { well + 1 } else { 0 };
            if well > 60 {
                return;
            }
            self.pass(ms(500));
        }
        panic!(
            "never Live and equal again: {:?} {:?}",
            self.rig.statuses.last(),
            self.rig.state
        );
    }
}

/// What it holds, as text: rows, waiting changes, names, histories.
fn held(rig: &Rig) -> usize {
    format!("{:?}", rig.session).len()
}

fn run(mutations: usize, seed: u64) {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = number("FUZZ_SEED").unwrap_or(seed);
    let mutations = number("FUZZ_MUTATIONS").map_or(mutations, |asked| usize::try_from(asked).expect("a length"));
    println!("{mutations} mutations with FUZZ_SEED={seed}");
    let mut most = 0;
    for (vsn, seed) in [(Vsn::V2, seed), (Vsn::V1, seed ^ 1)] {
        let seeds = seeds(vsn);
        let mut world = World::new(vsn, seed);
        world.calm();
        let mut given = 0;
        while given < mutations / 2 {
            world.batch(&seeds, BATCH);
            let limit = expected().len() + 4 * BATCH;
            assert!(world.rig.state.len() <= limit, "{} rows kept", world.rig.state.len());
            world.calm();
            world.rig.forget();
            most = most.max(held(&world.rig));
            assert!(most < MOST_HELD, "{most} bytes held after {given}");
            given += BATCH;
        }
    }
    println!("at most {most} bytes held");
}

#[test]
fn ten_thousand_mutated_frames_cause_no_panic() {
    // A seed of before: a page whose largest cell stayed in memory.
    run(10_000, 1_156_187);
}

#[test]
#[ignore = "a minute or two: cargo test --test protocol -- --ignored fuzz_frames"]
fn a_million_mutated_frames_cause_no_panic() {
    run(1_000_000, fastrand::u64(..));
}
