//! Sources that are lost, polled or found again: what the evidence about each leads to.

use std::time::Duration;

use super::{
    Call, Connection,
    sources::{Limit, Tracked},
    standing::{Evidence, Verdict, Way, judge, polled_due},
    sync::{Sync, Unread, Why},
};
use crate::{POLL_INTERVAL, api::PageError, event::SourceCounts};
use model::{NoticeKind, format::counted};

/// Why a source is polled whose changes come without their columns.
const UNAUTHORIZED: &str = "its changes come without their columns: grant select on it to the key's role";

impl Connection {
    /// What is known of each source.
    fn evidence(&self) -> impl Iterator<Item = Evidence> + Clone {
        let sources = self.sources.iter().enumerate();
        sources.map(|(at, tracked)| tracked.standing.evidence(tracked.way(), self.lease.held(at)))
    }

    /// While live: declares sources lost that are, and returns why the connection is not proven, if it is not.
    pub(super) fn judge_sources(&mut self, call: &mut Call<'_>) -> Option<String> {
        loop {
            match judge(self.evidence(), call.at(), self.lease.max_age()) {
                Verdict::Live => {
                    let reason = self.pulse.unproven(self.config.proof_max_age, call.at())?;
                    self.audit.hurry(call.at());
                    return Some(reason);
                }
                Verdict::Lose(at) => self.lose(at, call),
                Verdict::Unproven(at) => return self.unproven(at, call),
                Verdict::NoneLeft(at) => {
                    let tracked = self.sources.get(at)?;
                    return Some(format!("no table can be read or followed: {}", lost_words(tracked)));
                }
            }
        }
    }

    /// Declares a source lost and reports it, unless it is already.
    pub(super) fn lose(&mut self, at: usize, call: &mut Call<'_>) {
        let error = self.audit.error(at).map(str::to_owned);
        let Some((tracked, _)) = self.sources.get_mut(at) else {
            return;
        };
        // One of which only changes are shown has no rows that could be old, unless its changes bring none either.
        let is_labelled = tracked.way() == Way::StreamOnly && !tracked.standing.is_unauthorized();
        if tracked.standing.is_lost() || is_labelled {
            return;
        }
        let why = error.or_else(|| tracked.limitation().map(str::to_owned));
        tracked.standing.lose(why.as_deref(), call.at());
        self.report_loss(at, call);
    }

    /// A source can be neither read nor followed, and never could.
    pub(super) fn leave_out(&mut self, at: usize, why: &str, call: &mut Call<'_>) {
        if let Some((tracked, _)) = self.sources.get_mut(at)
            && !tracked.standing.is_lost()
        {
            tracked.standing.lose(Some(why), call.at());
            self.report_loss(at, call);
        }
    }

    fn report_loss(&mut self, at: usize, call: &mut Call<'_>) {
        let Some(tracked) = self.sources.get(at) else { return };
        let words = lost_words(tracked);
        let (kind, text) = match tracked.is_left_out() {
            true => (NoticeKind::TableUnreadable, format!("Table left out: {words}.")),
            false => (NoticeKind::TableLost, format!("Table lost: {words}.")),
        };
        self.report.note_change();
        self.notice(kind, &text, call);
    }

    /// A source is lost.
    pub(super) fn is_lost(&self, at: usize) -> bool {
        self.sources.get(at).is_some_and(|tracked| tracked.standing.is_lost())
    }

    /// The names of the sources that are lost.
    pub(super) fn sources_lost(&self) -> Vec<String> {
        let is_lost = |tracked: &&Tracked| tracked.standing.is_lost() && !tracked.is_left_out();
        let lost = self.sources.iter().filter(is_lost);
        lost.map(|tracked| tracked.source.name()).collect()
    }

    /// The names of the sources that were never read and cannot be.
    pub(super) fn sources_left_out(&self) -> Vec<String> {
        let left_out = self.sources.iter().filter(|tracked| tracked.is_left_out());
        left_out.map(|tracked| tracked.source.name()).collect()
    }

    /// How many sources are kept up to date in which way.
    pub(super) fn source_counts(&self) -> SourceCounts {
        let mut counts = SourceCounts::default();
        for tracked in self.sources.iter() {
            let count = match tracked.way() {
                _ if tracked.is_left_out() => &mut counts.left_out,
                _ if tracked.standing.is_lost() => &mut counts.lost,
                Way::Polled => &mut counts.polled,
                Way::Followed | Way::StreamOnly => &mut counts.followed,
            };
            *count += 1;
        }
        counts
    }

    /// As of when the rows of a source are shown to be equal.
    pub(super) fn shown_proof(&self, at: usize) -> Option<Duration> {
        let tracked = self.sources.get(at)?;
        match tracked.way() {
            _ if tracked.standing.is_lost() => tracked.standing.as_of(),
            Way::Followed | Way::Polled => self.lease.proof(at),
            Way::StreamOnly => None,
        }
    }

    /// A source could not be read, for `why`.
    pub(super) fn note_unreadable(&mut self, at: usize, why: &str, cause: Unread, call: &mut Call<'_>) {
        let Some((tracked, _)) = self.sources.get_mut(at) else {
            return;
        };
        let was_read = tracked.standing.as_of().is_some();
        let is_new = !was_read && !tracked.standing.is_lost();
        match cause {
            Unread::NotExposed if is_new && tracked.way() != Way::Polled => {
                if tracked.limit(Limit::Unreadable, why) {
                    let name = tracked.source.name();
                    let text = format!("{name} cannot be read; its rows appear when they change: {why}.");
                    self.notice(NoticeKind::TableUnreadable, &text, call);
                }
            }
            Unread::TooMany => {
                tracked.standing.note_refusal(why, call.at());
                tracked.standing.read_much_later(call.at());
                if is_new {
                    self.leave_out(at, why, call);
                }
            }
            Unread::NotExposed | Unread::Refused if is_new => self.leave_out(at, why, call),
            Unread::NotExposed | Unread::Refused => tracked.standing.note_refusal(why, call.at()),
            Unread::Failed => {
                tracked.standing.note_failure(why);
                if tracked.way() == Way::Polled || tracked.standing.is_lost() {
                    tracked.standing.read_again(call.at());
                }
            }
        }
    }

    /// A comparison of a source failed.
    pub(super) fn note_probe_failed(&mut self, at: usize, error: &PageError, call: &mut Call<'_>) {
        let Some((tracked, _)) = self.sources.get_mut(at) else {
            return;
        };
        match error {
            PageError::Denied(why) | PageError::NotExposed(why) | PageError::Fatal(why) => {
                tracked.standing.note_refusal(why, call.at())
            }
            PageError::TooLarge(why) | PageError::Transient { text: why, .. } => tracked.standing.note_failure(why),
            PageError::Expired(_) => {}
        }
    }

    /// A source was read as of `since` and merged. `differing`: the number of its rows that were held otherwise.
    pub(super) fn note_read(&mut self, at: usize, since: Duration, differing: usize, call: &mut Call<'_>) {
        let Some((tracked, _)) = self.sources.get_mut(at) else {
            return;
        };
        let was_read = tracked.standing.as_of().is_some();
        let found = tracked.standing.note_read(since);
        if !tracked.standing.is_unauthorized() {
            tracked.lift_unauthorized();
        } else if tracked.way() == Way::Followed {
            tracked.limit(Limit::Unauthorized, UNAUTHORIZED);
        }
        let is_polled = tracked.way() == Way::Polled;
        if is_polled {
            tracked.standing.read_within(POLL_INTERVAL, since);
        }
        self.report.note_change();
        let name = tracked.source.name();
        let rows = counted(differing as u64, "row", "rows");
        if found.is_some() {
            let how = if is_polled {
                format!("read every {} s", POLL_INTERVAL.as_secs())
            } else {
                "followed".to_owned()
            };
            let text = match was_read {
                true => format!("{name} is {how} again; {rows} changed meanwhile."),
                false => format!("{name} is {how} from now on: {rows}."),
            };
            self.notice(NoticeKind::TableFound, &text, call);
        }
        self.report_polled(at, call);
    }

    /// Reports that a source is polled, once it was read: when it cannot be read, it is lost instead.
    fn report_polled(&mut self, at: usize, call: &mut Call<'_>) {
        let Some((tracked, _)) = self.sources.get_mut(at) else {
            return;
        };
        let Some((limit, why)) = tracked.limit_and_why() else {
            return;
        };
        let kind = match limit {
            Limit::Unauthorized => NoticeKind::TableUnauthorized,
            Limit::Unsupported | Limit::Unsubscribed => NoticeKind::TableUnsupported,
            Limit::Unreadable => return,
        };
        let (name, pace) = (tracked.source.name(), POLL_INTERVAL.as_secs());
        let text = format!("{name} is read every {pace} s only, because {why}.");
        if tracked.is_to_be_reported() {
            self.notice(kind, &text, call);
        }
    }

    /// The changes of a source cannot be followed: it is read at intervals instead.
    fn poll(&mut self, at: usize, limit: Limit, why: &str, call: &mut Call<'_>) {
        let Some((tracked, _)) = self.sources.get_mut(at) else {
            return;
        };
        if !self.config.snapshots || tracked.way() != Way::Followed {
            // One that cannot be read either is judged by that.
            return;
        }
        tracked.standing.read_soon(call.at());
        tracked.set_limit(limit, why);
        self.report.note_change();
    }

    /// A change came without its columns, because the role may not read them.
    pub(super) fn note_unauthorized(&mut self, at: usize, call: &mut Call<'_>) {
        if let Some((tracked, _)) = self.sources.get_mut(at) {
            tracked.standing.note_unauthorized(call.at());
        }
        self.poll(at, Limit::Unauthorized, UNAUTHORIZED, call);
    }

    /// The table has no primary key, so that its changes cannot be followed.
    pub(super) fn note_keyless(&mut self, at: usize, call: &mut Call<'_>) {
        let why = "it has no primary key, so its changes cannot be followed: add one";
        self.poll(at, Limit::Unsupported, why, call);
    }

    /// A change came with its columns. A source that was polled because they were missing is read soon, and is followed
    /// again from that reading on.
    pub(super) fn note_authorized(&mut self, at: usize, call: &mut Call<'_>) {
        if let Some((tracked, _)) = self.sources.get_mut(at)
            && tracked.standing.note_authorized()
        {
            tracked.standing.read_soon(call.at());
        }
    }

    /// Rows of this source may be wrong. What is lost is read on its own as soon as it can be.
    pub(super) fn mark_gap_of(&mut self, at: usize, delay: Duration, call: &mut Call<'_>) {
        if !self.is_lost(at) {
            return self.mark_gap(delay, call);
        }
        if let Some(sync) = self.sync.as_mut().filter(|sync| sync.includes(at)) {
            sync.restart_later();
        }
    }

    /// Reads all sources, except those that are lost: they would delay the others.
    pub(super) fn begin_resync(&mut self, why: Why, call: &mut Call<'_>) {
        let sync = Sync::resync(why, self.sources.len(), self.config.page_size, call.at());
        if let Some(poll) = self.sync.take() {
            // Its readings are part of this one, or begin anew.
            for (_, tracked) in self.sources.iter_mut().enumerate().filter(|(at, _)| poll.includes(*at)) {
                tracked.standing.read_soon(call.at());
            }
        }
        let is_any_left = self.sources.iter().any(|tracked| !tracked.standing.is_lost());
        self.sync = Some(sync.without(|at| is_any_left && self.is_lost(at)));
    }

    /// Reads the sources that are due on their own.
    pub(super) fn begin_poll(&mut self, call: &mut Call<'_>) {
        let now = call.at();
        let is_due = |tracked: &Tracked| tracked.standing.read_at().is_some_and(|due| now >= due);
        if !self.config.snapshots || !self.sources.iter().any(is_due) {
            return;
        }
        let sync = Sync::resync(Why::Poll, self.sources.len(), self.config.page_size, now);
        let sync = sync.without(|at| !self.sources.get(at).is_some_and(is_due));
        for tracked in self.sources.iter_mut().filter(|tracked| is_due(tracked)) {
            tracked.standing.note_reading();
        }
        self.sync = Some(sync);
    }

    /// The reading of single sources failed as a whole.
    pub(super) fn poll_failed(&mut self, why: &str, call: &mut Call<'_>) {
        let Some(sync) = self.sync.take() else { return };
        for at in 0..self.sources.len() {
            if sync.includes(at) {
                self.note_unreadable(at, why, Unread::Failed, call);
            }
        }
    }

    /// When a source is to be read on its own, or is lost if it is not read.
    pub(super) fn poll_due(&self) -> Option<Duration> {
        let readings = self.sources.iter().filter_map(|tracked| tracked.standing.read_at());
        let readings = readings.min().filter(|_| self.sync.is_none() && self.config.snapshots);
        let losses = self.evidence().filter_map(|evidence| polled_due(&evidence)).min();
        [readings, losses].into_iter().flatten().min()
    }
}

/// What is lost and why, as a part of a sentence.
fn lost_words(tracked: &Tracked) -> String {
    let name = tracked.source.name();
    let why = tracked.standing.loss().map_or("", |loss| loss.why.as_str());
    let why = why.trim_end_matches('.');
    if why.contains(&name) {
        why.to_owned()
    } else {
        format!("{name} cannot be read ({why})")
    }
}
