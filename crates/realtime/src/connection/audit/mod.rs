//! The cheap audit between two readings: the row count of each source and all rows that changed since it was last proven
//! equal, compared with what is held.
//!
//! Of a table that fits into one page all keys are compared, which also finds deleted rows, and all columns where no
//! column says when a row was changed. Of a larger one the count is compared, and with each audit another slice of the
//! rows (`sweep`). A difference may be on its way: if the stream removes it, the audit was equal all the same, as of the
//! moment at which it asked. A difference that persists is proven, and brings the next reading of everything forward.

mod changed;
mod doubts;
mod load;
mod round;
mod sweep;
mod watch;

use std::time::Duration;

use super::{
    Requests,
    sources::{Sources, Tracked},
};
use crate::api::{Now, PageError, Probe, ProbeRequest};
use changed::Changed;
use doubts::{PROVEN_AFTER, PROVEN_AFTER_WITH_PULSE};
use load::Load;
use model::RowId;
use round::PAGE_ROWS;
use sweep::SweepPace;
pub(super) use watch::{Proof, Reach};
use watch::{Step, Watch};

/// Delay of the audit after something suspicious: what was on its way has arrived by then.
const SUSPICIOUS_AFTER: Duration = Duration::from_secs(5);
/// A second look follows after this: a limit that was exceeded drops changes for a minute.
const SECOND_LOOK_AFTER: Duration = Duration::from_secs(65);
/// All keys of a table are seen within this time where nothing is read only to reconcile.
const SWEEP_WITHIN: Duration = Duration::from_secs(600);

/// The least share of the interval after which the next audit begins, so that many clients do not ask at one moment.
const LEAST_SPREAD: f64 = 0.8;

/// What an audit found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing yet.
    Open,
    /// The token of the probe has expired.
    TokenExpired,
    /// All sources are equal.
    Equal,
    /// A difference is proven.
    Different,
}

/// How often sources are audited.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuditPace {
    /// Longest time between two audits; `None`: there is none.
    pub(super) interval: Option<Duration>,
    /// The age of a proof that is too old: audits that take too much of the server are put off for half of this at most.
    pub(super) proof_max_age: Duration,
    /// All keys of a table are to be seen within this time.
    pub(super) sweep_within: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Audit {
    pace: AuditPace,
    /// A shorter interval that is in force at present, which is while a pulse runs.
    limit: Option<Duration>,
    next: Option<Duration>,
    /// A second look at something suspicious.
    second_look: Option<Duration>,
    /// When all were found equal last, or one different; and which.
    last: Option<(Duration, bool)>,
    watches: Vec<Watch>,
    load: Load,
    /// The source that may send the next request first.
    turn: usize,
    /// The source whose slice is due next, and when one was begun last.
    slice_turn: usize,
    last_slice: Option<Duration>,
    /// Proofs that the lease has not taken yet.
    proofs: Vec<Proof>,
}

impl Tracked {
    /// The column that says when a row was last changed: the first configured one that a row has.
    fn newest_by(&self) -> Option<String> {
        let (_, row) = self.rows.iter().next()?;
        let mut columns = self.source.updated_at.iter();
        columns.find(|column| row.get(column).is_some()).cloned()
    }

    /// The latest change of the rows held, and whether each of them has a time.
    fn latest(&self) -> (Option<Changed>, bool) {
        let Some(column) = self.newest_by() else {
            return (None, false);
        };
        let (mut latest, mut all_have_times) = (None::<Changed>, true);
        for (_, row) in self.rows.iter() {
            let time = row.get(&column).map_or(Changed::Other, |cell| Changed::of(&cell));
            if time == Changed::Other {
                all_have_times = false;
            } else if latest.as_ref().is_none_or(|latest| latest.is_before(&time)) {
                latest = Some(time);
            }
        }
        (latest, all_have_times)
    }
}

/// A source that is too large to be compared whole is swept.
fn is_swept(tracked: &Tracked) -> bool {
    tracked.rows.len() >= PAGE_ROWS.1 && tracked.has_unique_key() && tracked.is_owed_proof()
}

impl Audit {
    /// The audit of this number of sources.
    pub(super) fn new(pace: AuditPace, sources: usize) -> Self {
        Self {
            pace,
            limit: None,
            next: None,
            second_look: None,
            last: None,
            watches: (0..sources).map(|_| Watch::default()).collect(),
            load: Load::default(),
            turn: 0,
            slice_turn: 0,
            last_slice: None,
            proofs: Vec::new(),
        }
    }

    /// When the last audit ended, and whether it found all sources equal.
    pub(super) fn last(&self) -> Option<(Duration, bool)> {
        self.last
    }

    /// A change of a source arrived.
    pub(super) fn note_arrival(&mut self, at: usize, now: Duration) {
        if let Some(watch) = self.watches.get_mut(at) {
            watch.last_arrival = Some(now);
        }
    }

    /// A change of a row is about to be applied.
    pub(super) fn note_change(&mut self, at: usize, id: &RowId, sources: &Sources) {
        if let (Some(watch), Some(tracked)) = (self.watches.get_mut(at), sources.get(at)) {
            watch.note_change(id, tracked);
        }
    }

    /// A change of a row was applied.
    pub(super) fn note_applied(&mut self, at: usize, id: &RowId, sources: &Sources) {
        if let (Some(watch), Some(tracked)) = (self.watches.get_mut(at), sources.get(at)) {
            watch.note_applied(id, tracked);
        }
    }

    /// The stream inserted or, without an `id`, deleted a row. `rows`: how many are held now.
    pub(super) fn note_move(&mut self, at: usize, inserted: Option<&RowId>, rows: usize) {
        if let Some(watch) = self.watches.get_mut(at) {
            watch.note_move(inserted, rows);
        }
    }

    /// A reading inserted a row.
    pub(super) fn note_insert(&mut self, at: usize, id: &RowId) {
        if let Some(watch) = self.watches.get_mut(at) {
            watch.note_insert(id);
        }
    }

    /// When the last change of a source arrived on this connection.
    pub(super) fn last_arrival(&self, at: usize) -> Option<Duration> {
        self.watches.get(at)?.last_arrival
    }

    /// Why the last probe of a source failed.
    pub(super) fn error(&self, at: usize) -> Option<&str> {
        self.watches.get(at)?.error.as_deref()
    }

    /// The proofs since the last call.
    pub(super) fn take_proofs(&mut self) -> Vec<Proof> {
        std::mem::take(&mut self.proofs)
    }

    /// When there is something to do next, while live.
    pub(super) fn due(&self) -> Option<Duration> {
        let turn = self.load.next();
        let watches = self.watches.iter().filter_map(|watch| watch.due(turn)).min();
        [self.next, self.second_look, watches].into_iter().flatten().min()
    }

    /// Something suspicious happened: looks soon, and once more after a minute.
    pub(super) fn suspect(&mut self, at: Duration) {
        if self.pace.interval.is_none() {
            return;
        }
        let soon = at + SUSPICIOUS_AFTER;
        self.next = Some(self.next.map_or(soon, |next| next.min(soon)));
        self.second_look = Some(at + SECOND_LOOK_AFTER);
    }

    /// Looks at once, and once more after a minute.
    pub(super) fn suspect_now(&mut self, at: Duration) {
        self.suspect(at);
        self.next = self.next.map(|next| next.min(at));
    }

    /// Looks at this interval, if that is shorter than the configured one; `None`: the configured one.
    pub(super) fn limit_interval(&mut self, limit: Option<Duration>, at: Duration) {
        if std::mem::replace(&mut self.limit, limit) != limit
            && let Some(limit) = limit
        {
            self.next = self.next.map(|next| next.min(at + limit));
        }
    }

    /// The lease has run out: looks every few seconds until it is renewed.
    pub(super) fn hurry(&mut self, at: Duration) {
        let soon = at + SUSPICIOUS_AFTER;
        self.next = self.next.map(|next| next.min(soon));
    }

    /// All sources were read and merged. Changes during the `took` that the reading took may have been lost.
    pub(super) fn restart(&mut self, sources: &Sources, took: Duration, now: Now) {
        self.plan(now);
        let soon = now.at + SUSPICIOUS_AFTER;
        let is_audited = self.pace.interval.is_some();
        if is_audited && took >= SUSPICIOUS_AFTER {
            // What is held is as old as the beginning of a long reading.
            self.next = self.next.map(|next| next.min(soon));
        }
        self.restart_sources(0..sources.len(), sources, took);
    }

    /// These sources were read and merged.
    pub(super) fn restart_sources(&mut self, read: impl Iterator<Item = usize>, sources: &Sources, took: Duration) {
        let is_audited = self.pace.interval.is_some();
        for at in read {
            if let (Some(watch), Some(tracked)) = (self.watches.get_mut(at), sources.get(at)) {
                watch.restart(tracked, took, is_audited);
            }
        }
    }

    /// The source that a probe is about, while its answer is waited for.
    pub(super) fn source_of(&self, id: u64) -> Option<usize> {
        self.watches.iter().position(|watch| watch.owns(id))
    }

    /// The next audit is an interval away; or later, while audits take more than their share of the server.
    fn plan(&mut self, now: Now) {
        let spread = LEAST_SPREAD + (1.0 - LEAST_SPREAD) * now.random.clamp(0.0, 1.0);
        let limit = self.limit.unwrap_or(Duration::MAX);
        let wait = self.load.wait(now.at).min(self.pace.proof_max_age / 2).min(limit);
        self.next = self
            .pace
            .interval
            .map(|interval| now.at + interval.min(limit).mul_f64(spread).max(wait));
    }

    /// The pace at which each of these sources is swept.
    fn sweep_pace(&self, sources: &Sources) -> SweepPace {
        let swept = sources.iter().filter(|tracked| is_swept(tracked)).count();
        SweepPace {
            interval: self.pace.interval.unwrap_or_default() * u32::try_from(swept.max(1)).unwrap_or(1),
            within: self.pace.sweep_within.unwrap_or(SWEEP_WITHIN),
        }
    }

    /// How long a difference has to persist.
    fn proven_after(&self) -> Duration {
        match self.limit {
            Some(_) => PROVEN_AFTER_WITH_PULSE,
            None => PROVEN_AFTER,
        }
    }

    /// The connection is closed.
    pub(super) fn stop(&mut self) {
        self.next = None;
        self.second_look = None;
        self.limit = None;
        self.proofs.clear();
        self.watches.fill_with(Watch::default);
    }

    /// Looks at suspects again, and sends the probes that are due.
    pub(super) fn run(&mut self, requests: &mut Requests<'_, '_>) -> Finding {
        let now = requests.call.at();
        if self.due().is_none_or(|due| now < due) {
            return Finding::Open;
        }
        let is_second_look = self.second_look.take_if(|look| now >= *look).is_some();
        let begins = is_second_look || self.next.is_some_and(|next| now >= next);
        let (mut has_changed, mut finding) = (false, Finding::Open);
        let proven_after = self.proven_after();
        let (pace, wait) = (self.sweep_pace(requests.sources), self.load.wait(now));
        if begins {
            self.plan(requests.call.now);
        }
        let sources = self.watches.iter_mut().zip(requests.sources.iter());
        for (source, (watch, tracked)) in sources.enumerate() {
            if !tracked.is_owed_proof() {
                has_changed |= begins;
                watch.is_equal |= begins;
                continue;
            }
            let step = &mut Step {
                source,
                tracked,
                pace,
                proven_after,
                now,
                proofs: &mut self.proofs,
            };
            watch.give_up_lost_request(now);
            let was_equal = watch.is_equal;
            watch.check_suspect(step);
            if watch.run_sweep(step) == Finding::Different {
                finding = Finding::Different;
            }
            has_changed |= watch.is_equal && !was_equal;
            if begins {
                watch.begin(now);
                if watch.is_proven_by_slices(tracked) {
                    watch.begin_slice(now);
                }
            }
        }
        if finding == Finding::Different {
            self.last = Some((now, false));
            return finding;
        }
        if begins {
            self.begin_slice(wait, requests.sources, now);
        }
        self.send(requests);
        self.found(has_changed, now)
    }

    /// One of the sources that are swept has its turn. Where answers take more than their share of the server the sweep
    /// goes on, but slower. `wait`: until they do not.
    fn begin_slice(&mut self, wait: Duration, sources: &Sources, now: Duration) {
        let pause = match wait.is_zero() {
            true => self.pace.interval.unwrap_or_default().mul_f64(LEAST_SPREAD),
            false => self.pace.proof_max_age / 2,
        };
        if self.last_slice.is_some_and(|last| now < last + pause) {
            return;
        }
        let count = self.watches.len();
        for at in (self.slice_turn..count).chain(0..self.slice_turn) {
            if let (Some(watch), Some(tracked)) = (self.watches.get_mut(at), sources.get(at))
                && is_swept(tracked)
                && watch.begin_slice(now)
            {
                self.slice_turn = (at + 1) % count;
                self.last_slice = Some(now);
                return;
            }
        }
    }

    /// Whether all sources are equal, after one was found to be.
    fn found(&mut self, has_changed: bool, now: Duration) -> Finding {
        if has_changed && self.watches.iter().all(|watch| watch.is_equal) {
            self.last = Some((now, true));
            return Finding::Equal;
        }
        Finding::Open
    }

    /// Sends the next request that is due, if it is time for another.
    fn send(&mut self, requests: &mut Requests<'_, '_>) {
        let now = requests.call.at();
        let pace = self.sweep_pace(requests.sources);
        let sources = self.watches.len();
        // Each source has its turn, whatever another has to read.
        for at in (self.turn..sources).chain(0..self.turn) {
            if now < self.load.next() {
                return;
            }
            let (Some(watch), Some(tracked)) = (self.watches.get_mut(at), requests.sources.get(at)) else {
                return;
            };
            let Some(next) = watch.next(tracked, pace, now).filter(|_| tracked.is_owed_proof()) else {
                continue;
            };
            let (source, rows) = (tracked.source.clone(), next.rows.clone());
            let id = requests.probe(|id, token| ProbeRequest {
                id,
                source,
                is_counted: next.is_counted,
                rows,
                token,
            });
            watch.note_request(id, next, now);
            self.load.note_request(now);
            self.turn = (at + 1) % sources;
        }
    }

    /// Takes the answer to a probe; one that is not waited for is dropped. A text of an error is fit to be shown.
    pub(super) fn answer(
        &mut self,
        id: u64,
        result: Result<Probe, PageError>,
        sources: &Sources,
        now: Duration,
    ) -> Finding {
        let Some(at) = self.source_of(id) else {
            return Finding::Open;
        };
        let pace = self.sweep_pace(sources);
        let proven_after = self.proven_after();
        let (Some(watch), Some(tracked)) = (self.watches.get_mut(at), sources.get(at)) else {
            return Finding::Open;
        };
        let was_equal = watch.is_equal;
        let step = &mut Step {
            source: at,
            tracked,
            pace,
            proven_after,
            now,
            proofs: &mut self.proofs,
        };
        let finding = watch.answer(result, &mut self.load, step);
        let has_changed = watch.is_equal && !was_equal;
        match finding {
            Finding::Different => {
                self.last = Some((now, false));
                finding
            }
            Finding::Open => self.found(has_changed, now),
            other => other,
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::ProbeRows, connection::testing};

    fn pace(interval_s: u64) -> AuditPace {
        AuditPace {
            interval: Some(Duration::from_secs(interval_s)),
            proof_max_age: Duration::from_secs(90),
            sweep_within: Some(Duration::from_secs(600)),
        }
    }

    /// Probes until the audit decides; the probes show this many rows.
    fn probe(audit: &mut Audit, fixture: &mut testing::Fixture, rows: u64) -> (Finding, u64) {
        let started = fixture.at;
        loop {
            fixture.at += Duration::from_secs(1);
            fixture.request(|requests| audit.run(requests));
            for request in fixture.probed() {
                let probe = Probe {
                    count: Some(rows),
                    rows: Vec::new(),
                };
                let found = audit.answer(request.id, Ok(probe), &fixture.sources, fixture.at);
                if found != Finding::Open {
                    return (found, (fixture.at - started).as_secs());
                }
            }
        }
    }

    #[test]
    fn equal_counts_are_equal_at_once_and_a_difference_has_to_persist() {
        let mut fixture = testing::Fixture::new(1);
        fixture.hold(0, "1", r#"{"id":"1"}"#);
        let mut audit = Audit::new(pace(60), 1);
        audit.restart(&fixture.sources, Duration::ZERO, fixture.now());
        assert_eq!(probe(&mut audit, &mut fixture, 1), (Finding::Equal, 54));
        let (found, after) = probe(&mut audit, &mut fixture, 3);
        assert_eq!(found, Finding::Different);
        assert!((64..=69).contains(&after), "{after} s");
        assert_eq!(audit.last().map(|(_, equal)| equal), Some(false));
    }

    #[test]
    fn without_an_interval_nothing_is_probed() {
        let mut audit = Audit::new(
            AuditPace {
                interval: None,
                ..pace(60)
            },
            1,
        );
        let fixture = testing::Fixture::new(1);
        audit.restart(&fixture.sources, Duration::ZERO, fixture.now());
        assert_eq!(audit.due(), None);
    }

    /// The key of a row: as long as a `uuid`.
    fn key(row: usize) -> RowId {
        format!("{row:08}-0000-4000-8000-000000000000").as_str().into()
    }

    /// A table in which nothing changes: the last hundred rows changed a minute apart, all others long ago.
    fn time(row: usize, rows: usize) -> String {
        let minute = (row + 100).saturating_sub(rows);
        format!("2026-11-23T{:02}:{:02}:00.123456+00:00", 10 + minute / 60, minute % 60)
    }

    /// The answer to a probe of such a table, and its size as JSON.
    fn answer_of(request: &ProbeRequest, rows: usize) -> (Probe, usize) {
        let page: Vec<usize> = match &request.rows {
            ProbeRows::None => Vec::new(),
            ProbeRows::Newest(newest) => (0..rows).rev().skip(newest.offset).take(newest.limit).collect(),
            ProbeRows::After(slice) => {
                let first = slice.after.as_ref().map_or(0, |after| {
                    after
                        .as_str()
                        .get(..8)
                        .and_then(|row| row.parse::<usize>().ok())
                        .expect("a row")
                        + 1
                });
                (first..rows).take(slice.limit).collect()
            }
        };
        let json = |row: &usize| {
            format!(
                r#"{{"id":"{}","updated_at":"{}"}}"#,
                key(*row).as_str(),
                time(*row, rows)
            )
        };
        let page: Vec<String> = page.iter().map(json).collect();
        let bytes = page.iter().map(|row| row.len() + 1).sum::<usize>() + 1;
        let probe = Probe {
            count: request.is_counted.then_some(rows as u64),
            rows: page.iter().map(|row| testing::record(row)).collect(),
        };
        (probe, bytes)
    }

    #[test]
    fn a_quiet_wall_asks_for_little_whatever_the_size_of_its_tables() {
        const TABLES: [usize; 3] = [100, 10_000, 1_000_000];
        let mut fixture = testing::Fixture::new(TABLES.len());
        for (at, rows) in TABLES.into_iter().enumerate() {
            let (tracked, _) = fixture.sources.get_mut(at).expect("a source");
            tracked.source.updated_at = vec!["updated_at".into()];
            let json = |row| format!(r#"{{"updated_at":"{}"}}"#, time(row, rows));
            let old = testing::record(&json(0));
            for row in 0..rows {
                let is_old = row + 100 < rows;
                let record = if is_old {
                    old.clone()
                } else {
                    testing::record(&json(row))
                };
                tracked.rows.set(key(row), record);
            }
        }
        let mut audit = Audit::new(pace(30), TABLES.len());
        audit.restart(&fixture.sources, Duration::ZERO, fixture.now());
        let (mut requests, mut read, mut bytes) = (0, 0, 0);
        let (hour, latency) = (Duration::from_secs(3_600), Duration::from_millis(60));
        let mut equal = 0;
        while fixture.at < hour {
            fixture.at = audit.due().expect("an audit").max(fixture.at);
            fixture.request(|requests| audit.run(requests));
            for request in fixture.probed() {
                fixture.at += latency;
                let table = TABLES
                    .into_iter()
                    .enumerate()
                    .find(|(at, _)| request.source.table == format!("t{at}"));
                let (probe, size) = answer_of(&request, table.expect("a table").1);
                requests += 1;
                read += probe.rows.len();
                bytes += size;
                let found = audit.answer(request.id, Ok(probe), &fixture.sources, fixture.at);
                assert!(matches!(found, Finding::Open | Finding::Equal), "{found:?}");
                equal += usize::from(found == Finding::Equal);
            }
        }
        println!(
            "{:.1} requests, {} rows and {} KB a minute",
            f64::from(requests) / 60.0,
            read / 60,
            bytes / 60 / 1_000
        );
        assert!(requests <= 12 * 60, "{requests} requests an hour");
        assert!(equal >= 3_600 / 30, "{equal} audits found all equal");
    }
}
