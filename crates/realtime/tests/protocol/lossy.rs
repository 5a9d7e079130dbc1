//! A modelled server that loses changes as a real one does (docs/realtime-protocol.md §8.1): its poller dies and takes some
//! seconds of changes with it, a limit drops changes for a while, the database goes away. The channel stays joined and
//! heartbeats are answered all the while.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::pulse::{Job, TABLE as PULSE, with_pulse};
use crate::recovery::selected;
use crate::rig::{Rig, config, ms, seconds};
use fastrand::Rng;
use realtime::{Backoff, Event, LinkStatus, PageError, PageRequest, ProbeRequest, SessionConfig};
use serde_json::{Value, json};

/// The age of a proof in these tests.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(90);

pub(crate) fn leased() -> SessionConfig {
    let mut config = config();
    config.audit_interval = Some(seconds(30));
    config.proof_max_age = MAX_AGE;
    config.change_limit = Some(100);
    for table in &mut config.sources {
        table.updated_at = vec!["updated_at".into()];
    }
    config
}

pub(crate) fn stamp(at: Duration) -> String {
    let second = at.as_secs();
    format!(
        "2026-11-{:02}T{:02}:{:02}:{:02}.{:06}+00:00",
        second / 86_400 + 1,
        second / 3_600 % 24,
        second / 60 % 60,
        second % 60,
        at.subsec_micros()
    )
}

pub(crate) fn row(id: u64, at: Duration) -> Value {
    json!({"id": id, "updated_at": stamp(at)})
}

pub(crate) fn unavailable() -> PageError {
    PageError::Transient {
        text: "HTTP 503: the database is shutting down".into(),
        retry_after: None,
    }
}

/// A change on its way to the client.
struct Delivery {
    due: Duration,
    kind: &'static str,
    row: Value,
}

/// A server that loses changes without a frame, and a client of it.
pub(crate) struct Lossy {
    pub(crate) rig: Rig,
    pub(crate) rng: Rng,
    pub(crate) rows: BTreeMap<u64, Value>,
    /// Keys are less than this.
    ids: u64,
    /// The longest time that a change takes to arrive.
    pub(crate) longest_delivery: Duration,
    /// When the row was last changed.
    pub(crate) committed: BTreeMap<u64, Duration>,
    pub(crate) deleted: BTreeMap<u64, Duration>,
    stream: VecDeque<Delivery>,
    answers: Vec<(Duration, Answer)>,
    /// Changes committed until then are lost.
    pub(crate) lossy_until: Duration,
    /// Every read fails until then.
    pub(crate) away_until: Duration,
    /// Sockets opened and closed so far.
    opens: usize,
    closes: usize,
    /// The pulse of the database, in half of the orders.
    pub(crate) pulse: Option<Pulse>,
}

/// A pulse every five seconds.
pub(crate) struct Pulse {
    job: Job,
    /// The job does not run until then.
    pub(crate) stopped_until: Duration,
    /// The topic of its channel, where it is joined.
    topic: Option<String>,
    /// When a pulse last arrived or the channel was joined, or the job last did not run.
    excused: Duration,
    arrived: usize,
}

/// While Live is said and the job runs, a pulse arrived within this time: four intervals, and what a job that has just
/// begun to run again needs until it can be distinguished from one that does not run.
const PULSE_AGE: Duration = Duration::from_secs(21);
const PULSE_EXCUSED: Duration = Duration::from_secs(75);

enum Answer {
    Page(PageRequest),
    Probe(ProbeRequest),
}

/// Answers a request for a session token: it lasts for an hour.
fn grant(rig: &mut Rig) {
    if std::mem::take(&mut rig.refreshes) > 0 {
        rig.grant("eyJ.session.token", seconds(3_600));
    }
}

impl Lossy {
    pub(crate) fn new(seed: u64) -> Self {
        let has_pulse = seed % 2 == 1;
        let config = if has_pulse { with_pulse(leased()) } else { leased() };
        Self::with(config, seed, has_pulse, 20)
    }

    /// A client with this configuration of a table with this number of rows.
    pub(crate) fn with(mut config: SessionConfig, seed: u64, has_pulse: bool, rows: u64) -> Self {
        // Nobody is there to reconnect it.
        config.backoff = Backoff {
            max_attempts: 0,
            max_interval: seconds(10),
            ..Backoff::default()
        };
        let rows: BTreeMap<u64, Value> = (0..rows).map(|id| (id, row(id, seconds(0)))).collect();
        let shown: Vec<Value> = rows.values().cloned().collect();
        let mut rig = Rig::started(config);
        grant(&mut rig);
        rig.give(Event::SocketOpened);
        rig.join_ok();
        rig.system_ok();
        rig.finish_snapshot(&shown);
        Self {
            rig,
            ids: rows.len() as u64 + 10,
            longest_delivery: ms(1_500),
            rng: Rng::with_seed(seed),
            rows,
            committed: BTreeMap::new(),
            deleted: BTreeMap::new(),
            stream: VecDeque::new(),
            answers: Vec::new(),
            lossy_until: Duration::ZERO,
            away_until: Duration::ZERO,
            opens: 1,
            closes: 0,
            pulse: has_pulse.then(|| Pulse {
                job: Job::new(seconds(5)),
                stopped_until: Duration::ZERO,
                topic: None,
                excused: Duration::ZERO,
                arrived: 0,
            }),
        }
    }

    /// Raises the number when it is time, and delivers it unless it is lost; answers a join of its channel.
    fn beat(&mut self) {
        let Some(pulse) = &mut self.pulse else { return };
        let now = self.rig.at;
        pulse.job.runs = now >= pulse.stopped_until;
        let is_raised = pulse.job.tick(now);
        if let Some(topic) = self.rig.answer_pulse_join() {
            pulse.topic = Some(topic);
            (pulse.excused, pulse.arrived) = (now, 0);
        } else if is_raised
            && now >= self.lossy_until
            && let Some(topic) = &pulse.topic
        {
            pulse.arrived += 1;
            pulse.excused = pulse.excused.max(now);
            self.rig.pulse(topic, &pulse.job.row());
        }
        if !pulse.job.runs || now < self.away_until {
            pulse.excused = now + PULSE_EXCUSED;
        }
    }

    pub(crate) fn commit(&mut self) {
        let now = self.rig.at;
        let id = self.rng.u64(..self.ids);
        let kind = match (self.rows.contains_key(&id), self.rng.u8(..8)) {
            (true, 0) => "DELETE",
            (true, _) => "UPDATE",
            (false, _) => "INSERT",
        };
        let row = json!({"id": id, "updated_at": stamp(now), "n": self.rng.u32(..)});
        if kind == "DELETE" {
            self.rows.remove(&id);
            self.committed.remove(&id);
            self.deleted.insert(id, now);
        } else {
            self.rows.insert(id, row.clone());
            self.deleted.remove(&id);
            self.committed.insert(id, now);
        }
        if now >= self.lossy_until {
            let last = self.stream.back().map_or(Duration::ZERO, |delivery| delivery.due);
            let longest = self.longest_delivery.as_millis() as u64;
            let due = (now + ms(self.rng.u64(20..longest))).max(last);
            self.stream.push_back(Delivery { due, kind, row });
        }
    }

    /// One step of time: what arrives, what is asked and answered.
    pub(crate) fn step(&mut self, time: Duration) {
        self.rig.pass(time);
        self.connect();
        self.beat();
        self.rig.answer_beats();
        while let Some(delivery) = self.stream.pop_front_if(|delivery| delivery.due <= self.rig.at) {
            match delivery.kind {
                "DELETE" => self.rig.delete(delivery.row["id"].clone()),
                "INSERT" => self.rig.insert(delivery.row),
                _ => self.rig.update(delivery.row),
            }
        }
        let due = self.rig.at + ms(self.rng.u64(20..400));
        let pages = std::mem::take(&mut self.rig.fetches).into_iter().map(Answer::Page);
        let probes = std::mem::take(&mut self.rig.probes).into_iter().map(Answer::Probe);
        self.answers.extend(pages.chain(probes).map(|answer| (due, answer)));
        let now = self.rig.at;
        let (ready, waiting) = std::mem::take(&mut self.answers)
            .into_iter()
            .partition(|(due, _)| *due <= now);
        self.answers = waiting;
        for (_, answer) in ready {
            self.answer(answer);
        }
    }

    /// When something happens next: a wake of the client, a change or an answer that arrives.
    pub(crate) fn next(&self) -> Option<Duration> {
        let delivery = self.stream.front().map(|delivery| delivery.due);
        let answers = self.answers.iter().map(|(due, _)| *due);
        answers.chain(delivery).chain(self.rig.wake).min()
    }

    /// A row is deleted, and no frame says so.
    pub(crate) fn delete_silently(&mut self, id: u64) {
        if self.rows.remove(&id).is_some() {
            self.committed.remove(&id);
            self.deleted.insert(id, self.rig.at);
        }
    }

    /// Connects anew where the client asks for it: what was on its way on the connection before is gone.
    fn connect(&mut self) {
        grant(&mut self.rig);
        if self.rig.closes > self.closes {
            self.closes = self.rig.closes;
            self.stream.clear();
            self.answers.clear();
            if let Some(pulse) = &mut self.pulse {
                pulse.topic = None;
            }
        }
        if self.rig.opens > self.opens {
            self.opens = self.rig.opens;
            self.rig.give(Event::SocketOpened);
            self.rig.join_ok();
            self.rig.system_ok();
        }
    }

    fn answer(&mut self, answer: Answer) {
        let is_away = self.rig.at < self.away_until;
        let rows: Vec<Value> = self.rows.values().cloned().collect();
        match answer {
            Answer::Page(request) if is_away => self.rig.fail(&request, unavailable()),
            Answer::Page(request) if request.source.table == PULSE => {
                let row = self.pulse.as_ref().map(|pulse| pulse.job.row());
                self.rig.answer(&request, &Vec::from_iter(row));
            }
            Answer::Page(request) => {
                let rows = self.rows.iter().map(|(id, row)| (*id as i64, row.clone()));
                let found = selected(rows, &request.query, 1_000);
                self.rig.answer(&request, &found);
            }
            Answer::Probe(request) if is_away => self.rig.give(Event::Probed {
                id: request.id,
                result: Err(unavailable()),
            }),
            Answer::Probe(request) => self.rig.probed(&request, &rows),
        }
    }

    /// Live must not be said while a change that was committed longer ago than the age of a proof is not shown.
    pub(crate) fn check(&self) {
        if self.rig.status() != LinkStatus::Connected {
            return;
        }
        let limit = self.rig.at.saturating_sub(MAX_AGE + seconds(1));
        for (id, committed) in &self.committed {
            let is_shown = self.rig.row(&id.to_string()) == self.rows.get(id);
            assert!(
                is_shown || *committed >= limit,
                "row {id} of {committed:?} is not shown at {:?}, and the status is Live",
                self.rig.at
            );
        }
        for (id, deleted) in &self.deleted {
            let is_gone = self.rig.row(&id.to_string()).is_none();
            assert!(
                is_gone || *deleted >= limit,
                "row {id}, deleted at {deleted:?}, is shown at {:?}, and the status is Live",
                self.rig.at
            );
        }
        if let Some(pulse) = &self.pulse
            && pulse.topic.is_some()
            && pulse.arrived > 2
        {
            let silence = self.rig.at.saturating_sub(pulse.excused);
            assert!(
                silence <= PULSE_AGE,
                "no pulse for {silence:?} at {:?}, and the status is Live",
                self.rig.at
            );
        }
    }
}
