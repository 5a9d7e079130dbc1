//! The pulse: a missing or late one is a loss at once, a job that stopped is none, and the channel it comes on can end
//! nothing but itself.

use std::time::Duration;

use crate::rig::{Rig, config, ms, seconds, table};
use realtime::{Event, Frame, LinkStatus, PageError, PulseReport, PulseState, SessionConfig, Source};
use serde_json::{Value, json};

/// The pulse table of these tests.
pub(crate) const TABLE: &str = "pulse";

/// With a pulse that is looked for.
pub(crate) fn with_pulse(mut config: SessionConfig) -> SessionConfig {
    config.pulse = Some(Source {
        columns: Some(vec!["seq".into(), "at".into()]),
        ..table(TABLE)
    });
    config
}

fn leased() -> SessionConfig {
    let mut config = with_pulse(config());
    config.audit_interval = Some(seconds(30));
    for table in &mut config.sources {
        table.updated_at = vec!["updated_at".into()];
    }
    config
}

/// A time as the database writes it.
pub(crate) fn stamp(at: Duration) -> String {
    let second = at.as_secs();
    format!(
        "2026-11-{:02}T{:02}:{:02}:{:02}.{:06}+00:00",
        1 + second / 86_400,
        second / 3_600 % 24,
        second / 60 % 60,
        second % 60,
        at.subsec_micros()
    )
}

/// The pulse table of a database, with the job that raises its number.
pub(crate) struct Job {
    /// The present number.
    pub(crate) seq: i64,
    at: Duration,
    /// The interval of the job.
    pub(crate) every: Duration,
    next: Duration,
    /// The job runs.
    pub(crate) runs: bool,
}

impl Job {
    pub(crate) fn new(every: Duration) -> Self {
        Self {
            seq: 7,
            at: Duration::ZERO,
            every,
            next: Duration::ZERO,
            runs: true,
        }
    }

    /// Raises the number if it is time. True when it was raised.
    pub(crate) fn tick(&mut self, now: Duration) -> bool {
        let is_due = self.runs && now >= self.next;
        if is_due {
            self.seq += 1;
            self.at = now;
            self.next = self.next.max(now.saturating_sub(self.every)) + self.every;
        }
        is_due
    }

    pub(crate) fn row(&self) -> Value {
        json!({"id": 1, "seq": self.seq, "at": stamp(self.at)})
    }
}

impl Rig {
    /// Answers a join of the pulse's channel, if one is waiting. Returns its topic.
    pub(crate) fn answer_pulse_join(&mut self) -> Option<String> {
        let (topic, reference) = self.pulse_join.take()?;
        let reference = Some(reference.as_str());
        let response = json!({ "postgres_changes": [] });
        self.frame(&Frame::reply(reference, reference, &topic, true, &response));
        let message = "Subscribed to PostgreSQL";
        self.frame(&Frame::system(reference, &topic, "postgres_changes", true, message));
        Some(topic)
    }

    /// Delivers a pulse.
    pub(crate) fn pulse(&mut self, topic: &str, row: &Value) {
        let data = json!({
            "schema": "public", "table": TABLE, "type": "UPDATE", "columns": [], "errors": null,
            "commit_timestamp": row["at"], "record": row, "old_record": {"id": 1},
        });
        self.frame(&Frame::postgres_changes(topic, &[1], &data));
    }
}

/// A database with a pulse, a server that may deliver it, and a client of both.
struct World {
    rig: Rig,
    job: Job,
    rows: Vec<Value>,
    topic: String,
    /// Changes arrive.
    delivers: bool,
    /// Rows can be read.
    answers: bool,
    /// The pulse table exists.
    exists: bool,
}

impl World {
    fn new(config: SessionConfig, every: Duration) -> Self {
        let rows = vec![json!({"id": 1, "updated_at": stamp(seconds(1))})];
        Self {
            rig: Rig::live(config, &rows),
            job: Job::new(every),
            rows,
            topic: String::new(),
            delivers: true,
            answers: true,
            exists: true,
        }
    }

    /// Live on an established pulse.
    fn running(every: Duration) -> Self {
        let mut world = Self::new(leased(), every);
        world.run(seconds(60).max(every * 6));
        assert_eq!(world.pulse().state, PulseState::Running);
        assert_eq!(world.pulse().interval_ms, Some(every.as_millis() as u64));
        assert_eq!(world.rig.status(), LinkStatus::Connected);
        world
    }

    fn run(&mut self, time: Duration) {
        self.until(time, |_| false);
    }

    /// Lets time pass, until `done`. Returns the time that passed.
    fn until(&mut self, most: Duration, done: impl Fn(&Rig) -> bool) -> Duration {
        let start = self.rig.at;
        while self.rig.at < start + most && !done(&self.rig) {
            self.rig.pass(ms(50));
            if self.job.tick(self.rig.at) && self.delivers && !self.topic.is_empty() {
                self.rig.pulse(&self.topic, &self.job.row());
            }
            if let Some(topic) = self.rig.answer_pulse_join() {
                self.topic = topic;
            }
            self.rig.answer_beats();
            while !self.rig.fetches.is_empty() {
                let request = self.rig.fetch();
                match (self.answers, request.source.table == TABLE) {
                    (false, _) => self.rig.fail(&request, unavailable()),
                    (true, true) if self.exists => self.rig.answer(&request, &[self.job.row()]),
                    (true, true) => self.rig.fail(&request, PageError::Fatal("no such table".into())),
                    (true, false) => self.rig.answer_from(&request, &self.rows),
                }
            }
            while !self.rig.probes.is_empty() {
                let request = self.rig.probes.remove(0);
                if self.answers {
                    self.rig.probed(&request, &self.rows);
                } else {
                    self.rig.give(Event::Probed {
                        id: request.id,
                        result: Err(unavailable()),
                    });
                }
            }
        }
        self.rig.at - start
    }

    fn until_not_live(&mut self, most: Duration) -> Duration {
        let passed = self.until(most, |rig| rig.status() != LinkStatus::Connected);
        assert_ne!(self.rig.status(), LinkStatus::Connected, "not noticed within {most:?}");
        passed
    }

    fn pulse(&self) -> PulseReport {
        self.rig.details().pulse.expect("a pulse")
    }
}

fn unavailable() -> PageError {
    PageError::Transient {
        text: "HTTP 503: the database is shutting down".into(),
        retry_after: None,
    }
}

#[test]
fn without_the_table_there_is_no_pulse_and_it_is_found_when_it_is_made() {
    let mut world = World::new(leased(), seconds(5));
    world.exists = false;
    world.run(seconds(300));
    assert!(world.topic.is_empty() && world.rig.details().pulse.is_none());
    assert_eq!(world.rig.status(), LinkStatus::Connected);
    assert_eq!(world.rig.notices.len(), 1, "{:?}", world.rig.notices);
    world.exists = true;
    world.run(seconds(400));
    assert_eq!(world.pulse().state, PulseState::Running);
}

#[test]
fn the_interval_is_learned_and_an_idle_pulse_loses_nothing() {
    for every in [1, 5, 15, 60, 120] {
        let mut world = World::running(seconds(every));
        let (statuses, synced) = (world.rig.statuses.len(), world.rig.synced.len());
        world.run(seconds(1_200));
        assert_eq!(
            world.rig.statuses.len(),
            statuses,
            "every {every} s: {}",
            world.rig.reason()
        );
        assert_eq!((world.pulse().lost, world.rig.closes), (0, 0));
        assert!(
            world.rig.synced.len() - synced <= 3,
            "the tables are read to reconcile only"
        );
    }
}

#[test]
fn the_rows_of_the_pulse_are_no_changes() {
    let mut world = World::running(seconds(5));
    assert_eq!((world.rig.details().changes, world.rig.changes), (0, 1));
    assert_eq!(world.rig.details().sources.len(), 1);
    world.run(seconds(60));
    assert_eq!((world.rig.details().changes, world.rig.changes), (0, 1));
}

#[test]
fn a_missing_number_is_a_loss_at_once() {
    let mut world = World::running(seconds(5));
    world.rig.pulse(
        &world.topic.clone(),
        &json!({"id": 1, "seq": world.job.seq + 2, "at": stamp(world.rig.at)}),
    );
    assert!(world.rig.is_catching_up(), "{}", world.rig.reason());
    let rows = world.rows.clone();
    world.rig.finish_snapshot(&rows);
    assert_eq!(world.rig.status(), LinkStatus::Connected);
    assert_eq!(world.pulse().lost, 1);
}

#[test]
fn a_number_that_goes_back_is_a_loss_and_one_that_comes_twice_is_none() {
    let mut world = World::running(seconds(5));
    let topic = world.topic.clone();
    world.rig.pulse(&topic, &world.job.row());
    assert_eq!(world.rig.status(), LinkStatus::Connected);
    world.job.seq = 0;
    world.rig.pulse(&topic, &world.job.row());
    assert!(world.rig.is_catching_up());
    world.run(seconds(120));
    assert_eq!(world.rig.status(), LinkStatus::Connected);
    assert_eq!(world.pulse().lost, 1);
}

#[test]
fn a_poller_that_stopped_is_noticed_within_two_intervals() {
    let mut world = World::running(seconds(5));
    world.delivers = false;
    let passed = world.until_not_live(seconds(60));
    assert!(passed <= seconds(12), "{passed:?}");
}

#[test]
fn while_raised_numbers_do_not_arrive_it_is_not_live() {
    let mut world = World::running(seconds(5));
    world.delivers = false;
    world.until_not_live(seconds(60));
    let start = world.rig.at;
    while world.rig.at < start + seconds(600) {
        world.run(seconds(1));
        assert_ne!(
            world.rig.status(),
            LinkStatus::Connected,
            "at {:?}",
            world.rig.at - start
        );
    }
    assert!(
        world.rig.reason().contains("the pulse is missing"),
        "{}",
        world.rig.reason()
    );
    assert_eq!(world.pulse().state, PulseState::Missing);
    world.delivers = true;
    let passed = world.until(seconds(60), |rig| rig.status() == LinkStatus::Connected);
    assert!(passed <= seconds(12), "{passed:?}");
    assert!(world.pulse().lost > 0 && world.rig.closes == 0);
}

#[test]
fn a_job_that_stopped_is_reported_once_and_ends_no_live() {
    for every in [15, 60, 120] {
        let mut world = World::running(seconds(every));
        let statuses = world.rig.statuses.len();
        world.job.runs = false;
        world.run(seconds(1_200));
        assert_eq!(
            world.rig.statuses.len(),
            statuses,
            "every {every} s: {}",
            world.rig.reason()
        );
        assert_eq!(world.pulse().state, PulseState::Stopped);
    }
    let mut world = World::running(seconds(5));
    let statuses = world.rig.statuses.len();
    world.job.runs = false;
    world.run(seconds(600));
    assert_eq!(world.rig.statuses.len(), statuses, "{}", world.rig.reason());
    let stops = |world: &World| {
        world
            .rig
            .notices
            .iter()
            .filter(|notice| notice.code() == "pulse_stopped")
            .count()
    };
    assert_eq!((stops(&world), world.pulse().state), (1, PulseState::Stopped));
    world.job.runs = true;
    world.run(seconds(60));
    assert!(world.rig.has_notice("pulse_runs"));
    assert_eq!((world.pulse().state, world.pulse().lost), (PulseState::Running, 0));
    // Now the poller stops, which is distinguished from a job that stopped.
    world.delivers = false;
    let passed = world.until_not_live(seconds(60));
    assert!(passed <= seconds(12), "{passed:?}");
}

#[test]
fn a_job_that_runs_again_while_nothing_arrives_is_noticed() {
    let mut world = World::running(seconds(5));
    world.job.runs = false;
    world.run(seconds(120));
    assert_eq!(world.pulse().state, PulseState::Stopped);
    world.job.runs = true;
    world.delivers = false;
    let passed = world.until_not_live(seconds(120));
    assert!(passed <= seconds(90), "{passed:?}");
}

#[test]
fn without_pulses_and_without_reads_the_lease_runs_out_after_four_intervals() {
    let mut world = World::running(seconds(5));
    world.job.runs = false;
    world.answers = false;
    let passed = world.until_not_live(seconds(60));
    assert!((seconds(14)..=seconds(21)).contains(&passed), "{passed:?}");
    assert_eq!(world.rig.reason(), "unproven: no pulse for 20 s");
}

#[test]
fn audits_are_more_frequent_while_a_pulse_runs_and_an_idle_wall_asks_for_little() {
    let mut config = leased();
    config.sources = ["todos", "agents", "runs"].map(table).into();
    config.reconcile_interval = None;
    let mut world = World::new(config, seconds(5));
    world.run(seconds(180));
    let (mut requests, mut longest, mut last) = (0, Duration::ZERO, world.rig.at);
    for _ in 0..3_600 {
        world.rig.pass(seconds(1));
        world.rig.answer_beats();
        if world.job.tick(world.rig.at) {
            world.rig.pulse(&world.topic.clone(), &world.job.row());
        }
        assert!(world.rig.fetches.is_empty(), "nothing is read");
        if !world.rig.probes.is_empty() {
            longest = longest.max(world.rig.at - last);
            last = world.rig.at;
        }
        while !world.rig.probes.is_empty() {
            let request = world.rig.probes.remove(0);
            requests += 1;
            let rows = if request.source.table == "todos" {
                &world.rows[..]
            } else {
                &[]
            };
            world.rig.probed(&request, rows);
        }
    }
    assert!(requests <= 12 * 60, "{requests} requests an hour");
    assert!(longest <= seconds(19), "{longest:?}");
}

#[test]
fn a_refusal_of_its_channel_leaves_the_main_one_alone() {
    let mut world = World::new(leased(), seconds(5));
    world.until(seconds(5), |rig| rig.pulse_join.is_some());
    // The join is answered before the loop of `until` does it.
    let rows = world.rows.clone();
    let mut rig = world.rig;
    if rig.pulse_join.is_none() {
        panic!("no join of the pulse's channel");
    }
    let (topic, reference) = rig.pulse_join.take().expect("a join");
    let reference = Some(reference.as_str());
    let reason = json!({"reason": "ClientJoinRateLimitReached: Too many joins per second"});
    rig.frame(&Frame::reply(reference, reference, &topic, false, &reason));
    rig.run(seconds(900), &rows);
    assert_eq!((rig.status(), rig.closes), (LinkStatus::Connected, 0));
    assert!(rig.pulse_join.is_none() && rig.details().pulse.is_none());
    assert_eq!(rig.details().joins, 1);
}

#[test]
fn the_end_of_its_channel_leaves_the_main_one_alone_and_it_is_joined_again() {
    for event in ["phx_close", "phx_error"] {
        let mut world = World::running(seconds(5));
        let topic = world.topic.clone();
        let join = world.rig.sent.iter().rfind(|text| text.contains("phx_join")).cloned();
        let join = join
            .and_then(|text| Some(text.split('"').nth(1)?.to_owned()))
            .expect("a join");
        world
            .rig
            .frame(&Frame::new(Some(&join), Some(&join), &topic, event, &json!({})));
        assert_eq!((world.rig.status(), world.rig.closes), (LinkStatus::Connected, 0));
        assert!(world.rig.pulse_join.is_none());
        world.run(seconds(60));
        assert_eq!(world.pulse().state, PulseState::Running);
        assert_eq!((world.rig.status(), world.pulse().lost), (LinkStatus::Connected, 0));
    }
}

#[test]
fn stream_only_it_is_proven_by_the_pulse_alone() {
    let mut config = leased();
    config.snapshots = false;
    let mut rig = Rig::started(config);
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    assert_eq!(rig.status(), LinkStatus::Connected);
    rig.pass(ms(10));
    let topic = rig.answer_pulse_join().expect("joined without a look");
    let mut job = Job::new(seconds(5));
    let run = |rig: &mut Rig, job: &mut Job, time: u64, delivers: bool| {
        for _ in 0..time * 4 {
            rig.pass(ms(250));
            rig.answer_beats();
            if job.tick(rig.at) && delivers {
                rig.pulse(&topic, &job.row());
            }
        }
    };
    run(&mut rig, &mut job, 60, true);
    assert_eq!(rig.status(), LinkStatus::Connected);
    assert_eq!(rig.details().pulse.expect("a pulse").state, PulseState::Running);
    run(&mut rig, &mut job, 25, false);
    assert_eq!(rig.reason(), "unproven: no pulse for 20 s");
    run(&mut rig, &mut job, 10, true);
    assert_eq!(rig.status(), LinkStatus::Connected);
    assert!(rig.has_notice("pulse_lost"), "what was lost cannot be read");
    run(&mut rig, &mut job, 400, false);
    assert!(rig.has_notice("pulse_stopped"));
    assert_eq!(rig.status(), LinkStatus::Connected, "nothing is claimed any more");
    assert_eq!(rig.details().pulse.expect("a pulse").state, PulseState::Stopped);
    assert!(rig.fetches.is_empty() && rig.probes.is_empty());
}

#[test]
fn a_fresh_token_is_sent_to_its_channel_too() {
    let mut config = leased();
    config.sign_in = true;
    config.access_token = None;
    let mut rig = Rig::started(config);
    rig.grant("eyJ.first.t", seconds(3_600));
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    rig.finish_snapshot(&[]);
    let job = Job::new(seconds(5));
    let request = rig.fetch();
    rig.answer(&request, &[job.row()]);
    rig.pass(ms(250));
    let topic = rig.answer_pulse_join().expect("a join");
    rig.run(seconds(3_300), &[]);
    rig.grant("eyJ.second.t", seconds(3_600));
    let pushed = rig
        .sent
        .iter()
        .filter(|text| text.contains("access_token") && text.contains("eyJ.second.t"));
    let pushed: Vec<bool> = pushed.map(|text| text.contains(&topic)).collect();
    assert_eq!(pushed, [false, true]);
}
