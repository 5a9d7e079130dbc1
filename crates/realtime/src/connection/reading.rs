//! What REST brings: snapshots, look-ups and audits; and when they are begun.

use std::time::Duration;

use super::{
    Call, Connection, Requests,
    audit::{Finding, Reach},
    lookups::GaveUp,
    report::millis,
    sources::Tracked,
    sync::{Outcome, Sync, Why},
};
use crate::{
    api::{Page, PageError, Probe},
    event::{FeedEvent, Resync, SyncReport},
    refusal::Class,
};
use model::{NoticeKind, Op, Record, RowId, format::counted};

/// What a part needs to request rows. A macro because a method would borrow the whole connection.
macro_rules! requests {
    ($connection:ident, $call:ident) => {
        &mut Requests {
            token: $connection.tokens.to_read(),
            sources: &mut $connection.sources,
            numbers: &mut $connection.numbers,
            call: $call,
        }
    };
}

impl Connection {
    /// An answer from REST. One that is not waited for is dropped.
    pub(super) fn page(&mut self, id: u64, result: Result<Page, PageError>, call: &mut Call<'_>) {
        let result = result.map_err(|error| self.cleaned(error));
        if self.lookups.owns(id) {
            return self.looked_up(result, call);
        }
        if self.pulse.owns(id) {
            return self.pulse_read(result, call);
        }
        let Some(sync) = &mut self.sync else { return };
        let is_other_reader = self.tokens.is_other_reader();
        let remedies = &self.config.remedies;
        let outcome = sync.answer(
            id,
            result,
            self.config.sign_in,
            is_other_reader,
            remedies,
            requests!(self, call),
        );
        self.sync_step(outcome, call);
    }

    /// An error with its text fit to be shown.
    fn cleaned(&self, error: PageError) -> PageError {
        match error {
            PageError::Fatal(text) => PageError::Fatal(self.clean(&text)),
            PageError::Denied(text) => PageError::Denied(self.clean(&text)),
            PageError::NotExposed(text) => PageError::NotExposed(self.clean(&text)),
            PageError::Expired(text) => PageError::Expired(self.clean(&text)),
            PageError::TooLarge(text) => PageError::TooLarge(self.clean(&text)),
            PageError::Transient { text, retry_after } => PageError::Transient {
                text: self.clean(&text),
                retry_after,
            },
        }
    }

    /// Reads the first pages of the snapshot in progress, or all of it again.
    pub(super) fn begin_sync(&mut self, call: &mut Call<'_>) {
        if let Some(sync) = &mut self.sync {
            sync.begin(requests!(self, call));
        }
    }

    /// The database does not confirm any more: nothing that is read now can be relied on until it does again.
    pub(super) fn pause_following(&mut self, call: &mut Call<'_>) {
        self.cancel_reads(call);
        self.pulse.drop_read(call.at());
        self.lookups.clear();
        self.retry.end_live(call.at());
        self.sync = self.first_sync(call.at());
    }

    /// The snapshot of a new subscription; `None` where none is wanted.
    pub(super) fn first_sync(&self, at: Duration) -> Option<Sync> {
        let sync = || Sync::first(self.sources.len(), self.config.page_size, at);
        self.config.snapshots.then(sync)
    }

    pub(super) fn run_sync(&mut self, call: &mut Call<'_>) {
        if let Some(sync) = &mut self.sync {
            let outcome = sync.run(requests!(self, call));
            self.sync_step(outcome, call);
        }
    }

    fn sync_step(&mut self, outcome: Option<Outcome>, call: &mut Call<'_>) {
        match outcome {
            None => {}
            Some(Outcome::Complete) => self.finish_sync(call),
            Some(Outcome::Failed { text, class }) => self.sync_failed(&text, class, call),
            Some(Outcome::TokenExpired) => self.token_expired(call),
            Some(Outcome::Unreadable { at, text, cause }) => {
                self.note_unreadable(at, &text, cause, call);
                let outcome = self.sync.as_mut().and_then(|sync| sync.resume(requests!(self, call)));
                self.sync_step(outcome, call);
            }
        }
    }

    /// The snapshot cannot be had. Without it a new channel cannot be live, nor can a gap be closed; an audit can wait.
    pub(super) fn sync_failed(&mut self, text: &str, class: Class, call: &mut Call<'_>) {
        match self.sync.as_ref().map(Sync::why) {
            None => {}
            Some(Why::First | Why::Gap) => self.lost(text.to_owned(), class, call),
            Some(Why::Audit) => {
                self.sync = None;
                let text = format!("The tables could not be checked: {text}.");
                self.notice(NoticeKind::AuditFailed, &text, call);
                self.schedule.postpone_audit(call.at());
            }
            Some(Why::Poll) => self.poll_failed(text, call),
        }
    }

    /// Everything is read: merges it with the changes that waited, and reports the differences.
    fn finish_sync(&mut self, call: &mut Call<'_>) {
        let Some(sync) = self.sync.take() else { return };
        let (why, since) = (sync.why(), sync.since());
        let took = call.at().saturating_sub(since);
        let merged = match sync.merge(&mut self.sources) {
            Ok(merged) => merged,
            Err(again) => {
                self.sync = Some(again);
                return self.begin_sync(call);
            }
        };
        for change in merged.changes {
            if change.op == Op::Insert {
                self.audit.note_insert(change.source.index(), &change.id);
            }
            call.report(FeedEvent::Change(change));
        }
        self.report.note_resync(Resync {
            at_ms: millis(call.at()),
            took_ms: millis(took),
            why: why.word(),
            added: merged.added,
            changed: merged.changed,
            removed: merged.removed,
        });
        if why != Why::Poll {
            self.tokens.note_merged();
        }
        call.report(FeedEvent::Synced(SyncReport {
            snapshot: self.report.count_sync(),
            rows: self.sources.counts(),
            added: merged.added,
            changed: merged.changed,
            removed: merged.removed,
            reconcile: why == Why::Audit,
        }));
        self.report_shared_keys(call);
        if why == Why::Poll {
            self.audit
                .restart_sources(merged.read.iter().map(|(at, _)| *at), &self.sources, took);
        } else {
            self.audit.restart(&self.sources, took, call.now);
            if self.schedule.after_sync(why, merged.corrected, call.now) {
                self.report_caught_up(call);
            }
        }
        for (at, differing) in merged.read {
            self.lease.prove(at, since);
            self.note_read(at, since, differing, call);
        }
        if matches!(why, Why::First | Why::Gap) {
            // What was lost of these is known to be missing.
            for at in merged.unread {
                self.lose(at, call);
            }
        }
        for (at, id) in merged.unverified {
            self.look_up(at, id, call);
        }
        if why == Why::First {
            self.go_live(merged.added + merged.changed + merged.removed, call);
        }
    }

    /// Reports tables whose rows are not told apart by the configured key.
    fn report_shared_keys(&mut self, call: &mut Call<'_>) {
        let remedies = &self.config.remedies;
        let texts = self
            .sources
            .iter_mut()
            .filter_map(|tracked| tracked.take_shared_key_report(remedies));
        for text in texts.collect::<Vec<_>>() {
            self.notice(NoticeKind::KeyNotUnique, &text, call);
        }
    }

    fn report_caught_up(&mut self, call: &mut Call<'_>) {
        let text = "Caught up: all tables match the database again.";
        self.notice(NoticeKind::CaughtUp, text, call);
    }

    /// Rows held may be wrong: reads the sources again, after `delay` and at a bounded pace.
    pub(super) fn mark_gap(&mut self, delay: Duration, call: &mut Call<'_>) {
        if !self.config.snapshots {
            return;
        }
        match &mut self.sync {
            // It is read again before it is merged.
            Some(sync) if sync.why() == Why::First && delay.is_zero() => sync.restart_later(),
            sync => self.schedule.mark_gap(delay, call.at(), sync.is_some()),
        }
    }

    pub(super) fn run_schedule(&mut self, call: &mut Call<'_>) {
        if let Some(unexplained) = self.schedule.take_unexplained(call.at()) {
            if unexplained.is_empty() {
                if self.schedule.proven_equal() {
                    self.report_caught_up(call);
                }
            } else {
                let sources: Vec<usize> = unexplained.iter().map(|(at, _)| *at).collect();
                self.drifted(&sources, call);
            }
        }
        let is_free = self.is_free();
        if let Some(why) = self.schedule.check(call.at(), is_free) {
            self.begin_resync(why, call);
        } else if is_free && self.sync.is_none() {
            self.begin_poll(call);
        }
    }

    /// An audit corrected rows of these sources, and what was on its way has arrived since.
    fn drifted(&mut self, sources: &[usize], call: &mut Call<'_>) {
        let count = sources.len();
        let rows = counted(count as u64, "row", "rows");
        let text = format!("An audit corrected {rows} whose changes never arrived.");
        self.notice(NoticeKind::Drift, &text, call);
        self.schedule.note_drift(count, call.at());
        let arrivals = sources.iter().map(|at| self.audit.last_arrival(*at));
        let live_since = self.retry.live_since();
        let may_be_limited = self.flow.may_be_limited(call.at());
        if self
            .schedule
            .should_rejoin(live_since, arrivals, may_be_limited, call.at())
        {
            let text = "rows changed, but the channel did not report them".to_owned();
            self.lost(text, Class::AtOnce, call);
        }
    }

    /// Asks for a row by key, soon.
    pub(super) fn look_up(&mut self, at: usize, id: RowId, call: &mut Call<'_>) {
        let is_readable = self.sources.get(at).is_some_and(Tracked::is_readable);
        if self.config.snapshots && is_readable {
            let result = self.lookups.look_up(at, id, call.at());
            self.check_lookups(result, call);
        }
    }

    pub(super) fn run_lookups(&mut self, call: &mut Call<'_>) {
        let is_following = self.is_following();
        let result = self.lookups.run(is_following, requests!(self, call));
        self.check_lookups(result, call);
    }

    /// Rows that cannot be looked up are read with the whole source.
    fn check_lookups(&mut self, result: Result<(), GaveUp>, call: &mut Call<'_>) {
        if result.is_err() {
            self.mark_gap(Duration::ZERO, call);
        }
    }

    fn looked_up(&mut self, result: Result<Page, PageError>, call: &mut Call<'_>) {
        let page = match result {
            Ok(page) => page,
            Err(error) => {
                if matches!(error, PageError::Expired(_)) {
                    self.token_expired(call);
                }
                let result = self.lookups.failed(call.at());
                return self.check_lookups(result, call);
            }
        };
        let (rows, result) = self.lookups.answer(page, &mut self.sources, call.at());
        for (at, id, record) in rows {
            self.apply_found(at, id, record, call);
        }
        self.check_lookups(result, call);
    }

    /// A row as it was read; `None`: it does not exist.
    fn apply_found(&mut self, at: usize, id: RowId, record: Option<Record>, call: &mut Call<'_>) {
        let is_there = record.is_some();
        let change = match record {
            Some(record) => self.sources.replace(at, id.clone(), record),
            None => self.delete(at, &id, None),
        };
        self.broadcast_looked_up(at, &id, is_there, change.is_some(), call);
        if let Some(change) = change {
            if change.op == Op::Insert {
                self.audit.note_insert(at, &change.id);
            }
            call.report(FeedEvent::Change(change));
        }
    }

    pub(super) fn run_audit(&mut self, call: &mut Call<'_>) {
        if self.is_following() && self.flow.has_stopped(call.at()) {
            self.audit.suspect(call.at());
        }
        if self.is_free() {
            let finding = self.audit.run(requests!(self, call));
            self.audited(finding, call);
        }
    }

    /// The answer to a probe.
    pub(super) fn probed(&mut self, id: u64, result: Result<Probe, PageError>, call: &mut Call<'_>) {
        let result = result.map_err(|error| self.cleaned(error));
        if let (Err(error), Some(at)) = (&result, self.audit.source_of(id)) {
            self.note_probe_failed(at, error, call);
        }
        let finding = self.audit.answer(id, result, &self.sources, call.at());
        self.audited(finding, call);
    }

    fn audited(&mut self, finding: Finding, call: &mut Call<'_>) {
        for proof in self.audit.take_proofs() {
            let is_whole = proof.reach == Reach::Rows;
            if is_whole {
                self.lease.prove(proof.source, proof.since);
            } else {
                self.lease.prove_part(proof.source, proof.since);
            }
            if let Some((tracked, _)) = self.sources.get_mut(proof.source) {
                tracked.standing.note_equal(is_whole.then_some(proof.since));
            }
            self.report.note_change();
        }
        match finding {
            Finding::Open | Finding::Equal => {}
            Finding::TokenExpired => self.token_expired(call),
            Finding::Different => {
                self.report.note_change();
                self.schedule.note_difference(call.at());
            }
        }
    }
}
