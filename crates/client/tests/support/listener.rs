//! A reader of a real worker: records its events and waits for expected ones.
#![allow(dead_code, reason = "each test program uses its part")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use client::Worker;
use demo::Control;
use lab::server_rows;
use model::{Change, Notice, Op, Record, RowKey};
use realtime::{FeedEvent, LinkReport, LinkStatus, Source, StatusReport, SyncReport};
use serde_json::Value;
use settings::{Env, FeedSettings, Settings, SettingsArgs, SourceKinds};

/// Long enough for any of these tests on a loaded machine: a hang fails instead of lasting. A loss without a sign is found
/// by the confirming reading, which comes up to 30 s after the first snapshot.
const WATCHDOG: Duration = Duration::from_secs(90);

/// Settings for a feed at `url`, with an impatient backoff.
pub(crate) fn settings(url: &str) -> FeedSettings {
    let args = SettingsArgs::default()
        .url(url)
        .key("demo")
        .reconnect_interval_ms("100")
        // The demo feed drops nothing, however fast it is.
        .change_limit("0");
    let feed = Settings::load(&args, &Env::default())
        .and_then(|settings| settings.feed())
        .expect("settings");
    // The tables of the demo are known; finding them has tests of its own.
    FeedSettings {
        find_sources: None,
        ..feed
    }
}

pub(crate) struct Listener {
    pub(crate) worker: Worker,
    kinds: SourceKinds,
    pub(crate) rows: BTreeMap<RowKey, Record>,
    pub(crate) statuses: Vec<StatusReport>,
    pub(crate) syncs: Vec<SyncReport>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) changes: Vec<Change>,
    pub(crate) link: LinkReport,
}

impl Listener {
    pub(crate) fn start(settings: FeedSettings) -> Self {
        let sources = settings::sources(&settings.mapping);
        Self::follow(settings, sources)
    }

    /// With these sources in the place of the mapping's; their kinds stay.
    pub(crate) fn follow(settings: FeedSettings, sources: Vec<Source>) -> Self {
        let kinds = SourceKinds::of(&settings.mapping);
        Self {
            kinds,
            worker: Worker::follow(settings, sources).expect("a worker"),
            rows: BTreeMap::new(),
            statuses: Vec::new(),
            syncs: Vec::new(),
            notices: Vec::new(),
            changes: Vec::new(),
            link: LinkReport::default(),
        }
    }

    /// Takes events until `done`; panics with `what` when that does not come.
    pub(crate) fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !done(self) {
            assert!(
                started.elapsed() < WATCHDOG,
                "never came: {what}\n{:#?}\n{:#?}",
                self.statuses,
                self.notices
            );
            // `done` may be costly: everything that is there already is taken first.
            self.take_batch(Duration::from_millis(20));
        }
    }

    /// Takes what comes for a while.
    pub(crate) fn listen_for(&mut self, span: Duration) {
        let started = Instant::now();
        while started.elapsed() < span {
            self.take_batch(Duration::from_millis(10));
        }
    }

    fn take_batch(&mut self, timeout: Duration) {
        let mut batch = Vec::new();
        self.worker.events().wait(timeout);
        // After the end there is nothing to take.
        let _ = self.worker.events().take(usize::MAX, &mut batch);
        for event in batch {
            self.take(event);
        }
    }

    fn take(&mut self, event: FeedEvent) {
        match event {
            FeedEvent::Status(report) => self.statuses.push(report),
            FeedEvent::Synced(report) => self.syncs.push(report),
            FeedEvent::Notice(notice) => self.notices.push(notice),
            FeedEvent::Link(report) => self.link = *report,
            FeedEvent::Change(change) => {
                let change = self.kinds.read(change).expect("a source of the settings");
                match change.op {
                    Op::Delete => {
                        assert!(self.rows.remove(&change.key).is_some(), "deleted twice: {}", change.key);
                    }
                    Op::Insert | Op::Update => {
                        let known = self.rows.insert(change.key.clone(), change.record.clone()).is_some();
                        assert_eq!(known, change.op == Op::Update, "{:?} of {}", change.op, change.key);
                    }
                }
                self.changes.push(change);
            }
        }
    }

    pub(crate) fn status(&self) -> LinkStatus {
        self.statuses.last().map(|report| report.status).unwrap_or_default()
    }

    pub(crate) fn until_connected(&mut self) {
        self.until("connected", |listener| listener.status() == LinkStatus::Connected);
    }

    /// The statuses so far, repetitions left out.
    pub(crate) fn status_words(&self) -> Vec<&'static str> {
        let mut words: Vec<_> = self.statuses.iter().map(|report| report.status.word()).collect();
        words.dedup();
        words
    }

    /// Waits until the rows are the server's.
    pub(crate) fn until_equal(&mut self, control: &Control) {
        self.until("the server's rows", |listener| listener.json() == server_rows(control));
    }

    fn json(&self) -> BTreeMap<String, Value> {
        let json =
            |(key, record): (&RowKey, &Record)| (key.to_string(), serde_json::to_value(record).expect("a row is JSON"));
        self.rows.iter().map(json).collect()
    }
}
