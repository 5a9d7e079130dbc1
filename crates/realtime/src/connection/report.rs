//! What the session says of itself: status, notices, and the link's details.

use std::{collections::VecDeque, time::Duration};

use super::{Connection, Out, Phase};
use crate::api::Effect;
use crate::event::{
    Attempt, FeedEvent, LinkEvent, LinkReport, LinkStatus, Resync, SourceReport, SourceState, StatusReport,
};
use model::{Notice, NoticeKind};

/// Connects remembered.
pub const MAX_HISTORY: usize = 20;
/// Events of the connection remembered.
pub const MAX_EVENTS: usize = 20;
/// Details are told no more often than this: four times a second is as fast as anyone reads.
const LINK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub(super) struct Report {
    status: StatusReport,
    history: VecDeque<Attempt>,
    events: VecDeque<LinkEvent>,
    /// Kind of the last one.
    last_kind: Option<NoticeKind>,
    last_resync: Option<Resync>,
    changes: u64,
    bytes: u64,
    malformed: u64,
    connects: u64,
    told: LinkReport,
    told_at: Option<Duration>,
    /// Something may have changed since it was told.
    news: bool,
}

impl Report {
    pub fn status(&self) -> LinkStatus {
        self.status.status
    }

    pub fn begin_attempt(&mut self, at: Duration) {
        if self.history.len() >= MAX_HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(Attempt {
            started_ms: millis(at),
            live_ms: None,
            ended_ms: None,
            reason: None,
        });
        self.news = true;
    }

    pub fn live_attempt(&mut self, at: Duration) {
        if let Some(last) = self.history.back_mut() {
            last.live_ms = Some(millis(at));
        }
        self.news = true;
    }

    pub fn end_attempt(&mut self, at: Duration, reason: &str) {
        if let Some(last) = self.history.back_mut()
            && last.ended_ms.is_none()
        {
            last.ended_ms = Some(millis(at));
            last.reason = Some(reason.to_owned());
        }
        self.news = true;
    }

    pub fn count_connect(&mut self) {
        self.connects += 1;
        self.news = true;
    }

    pub fn count_frame(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.news = true;
    }

    pub fn count_change(&mut self) {
        self.changes += 1;
    }

    pub fn count_malformed(&mut self) {
        self.malformed += 1;
        self.news = true;
    }

    pub fn note_resync(&mut self, resync: Resync) {
        self.last_resync = Some(resync);
        self.news = true;
    }

    fn note_event(&mut self, at: Duration, notice: &Notice) {
        self.news = true;
        let Notice { kind, text } = notice;
        let is_same_kind = self.last_kind.replace(*kind) == Some(*kind);
        if let Some(last) = self.events.back_mut()
            && is_same_kind
            && (last.text == *text || *kind == NoticeKind::Retrying)
        {
            last.at_ms = millis(at);
            last.text.clone_from(text);
            last.times = last.times.saturating_add(1);
            return;
        }
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(LinkEvent {
            at_ms: millis(at),
            level: kind.level(),
            text: text.clone(),
            times: 1,
        });
    }

    pub fn note_news(&mut self) {
        self.news = true;
    }

    /// When the next details are due.
    pub fn due(&self) -> Option<Duration> {
        let told_at = self.told_at?;
        self.news.then_some(told_at + LINK_EVERY)
    }
}

impl Connection {
    /// Says the status, if it is another than before.
    pub(super) fn say_status(
        &mut self,
        status: LinkStatus,
        retry_in: Option<Duration>,
        reason: Option<String>,
        out: &mut Out<'_>,
    ) {
        let report = StatusReport {
            status,
            attempt: self.retry.attempt,
            max_attempts: self.retry.backoff.max_attempts,
            retry_in_ms: retry_in.map(millis),
            reason,
            stream_only: !self.config.snapshots,
            catching_up: status == LinkStatus::Connecting && self.phase == Phase::Live,
        };
        self.report.news = true;
        // The very first one is said even where it equals the default.
        if report != self.report.status || self.report.told_at.is_none() {
            self.report.status = report.clone();
            out.act(Effect::Emit(FeedEvent::Status(report)));
        }
    }

    /// Says the same status again, if settings changed what it says.
    pub(super) fn repeat_status(&mut self, out: &mut Out<'_>) {
        if self.phase == Phase::New {
            return;
        }
        let status = self.report.status.clone();
        self.say_status(status.status, None, status.reason, out);
    }

    pub(super) fn say(&mut self, kind: NoticeKind, text: &str, out: &mut Out<'_>) {
        let text = text.replace("..", ".");
        let notice = Notice { kind, text };
        self.report.note_event(out.at(), &notice);
        out.act(Effect::Emit(FeedEvent::Notice(notice)));
    }

    /// Tells the details, if they changed and it is time.
    pub(super) fn report_link(&mut self, out: &mut Out<'_>) {
        let now = out.at();
        if !self.report.news || self.report.told_at.is_some_and(|told| now < told + LINK_EVERY) {
            return;
        }
        self.report.news = false;
        let report = self.link();
        if report != self.report.told || self.report.told_at.is_none() {
            self.report.told_at = Some(now);
            self.report.told = report.clone();
            out.act(Effect::Emit(FeedEvent::Link(Box::new(report))));
        }
    }

    fn link(&self) -> LinkReport {
        let state = match self.phase {
            Phase::Joining { .. } => SourceState::Joining,
            Phase::Subscribing { .. } => SourceState::Joined,
            Phase::Syncing => SourceState::Reading,
            Phase::Live => SourceState::Followed,
            Phase::Resting if self.report.status.status == LinkStatus::Error => SourceState::Refused,
            Phase::New | Phase::Resting | Phase::Waiting | Phase::SigningIn | Phase::Connecting => SourceState::Closed,
        };
        let sources = self.tables.iter().map(|tracked| {
            let (state, why) = match &tracked.limits {
                Some((limited, why)) if state == SourceState::Followed => (*limited, Some(why.clone())),
                _ if state == SourceState::Refused => (state, self.report.status.reason.clone()),
                _ => (state, None),
            };
            SourceReport {
                state,
                why,
                rows: tracked.rows.len(),
            }
        });
        LinkReport {
            heartbeat_rtt_ms: self.heart.round_trips.back().copied().map(millis),
            round_trips_ms: self.heart.round_trips.iter().copied().map(millis).collect(),
            sources: sources.collect(),
            epoch: self.channel.joins(),
            last_resync: self.report.last_resync.clone(),
            last_drift: self.plan.last_drift.map(|(at, rows)| (millis(at), rows)),
            last_audit: self.audit.last.map(|(at, equal)| (millis(at), equal)),
            token_expires_ms: self.token_expires_ms(),
            // The worker knows.
            coalesced: 0,
            events: self.report.events.iter().cloned().collect(),
            changes: self.report.changes,
            bytes: self.report.bytes,
            malformed: self.report.malformed,
            connects: self.report.connects,
            history: self.report.history.iter().cloned().collect(),
        }
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A duration for a person: `400 ms`, `3 s`, `2 min 5 s`, `3 h 20 min`.
pub(super) fn duration_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..=9 if duration.subsec_millis() >= 100 => format!("{:.1} s", duration.as_secs_f64()),
        1..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happen(report: &mut Report, second: u64, kind: NoticeKind, text: &str) {
        report.note_event(Duration::from_secs(second), &Notice::new(kind, text));
    }

    #[test]
    fn what_repeats_itself_does_not_push_the_rest_out_of_the_events() {
        let mut report = Report::default();
        happen(&mut report, 0, NoticeKind::Connected, "Live.");
        for hour in 1..=100 {
            happen(&mut report, hour * 3_600, NoticeKind::TokenRenewed, "Renewed.");
        }
        happen(&mut report, 400_000, NoticeKind::Lost, "Lost.");
        for attempt in 1..=100_u64 {
            let text = format!("Retrying (attempt {attempt}).");
            happen(&mut report, 400_000 + attempt, NoticeKind::Retrying, &text);
        }
        let told: Vec<_> = report
            .events
            .iter()
            .map(|event| (event.at_ms / 1_000, event.text.as_str(), event.times))
            .collect();
        let expected = [
            (0, "Live.", 1),
            (360_000, "Renewed.", 100),
            (400_000, "Lost.", 1),
            (400_100, "Retrying (attempt 100).", 100),
        ];
        assert_eq!(told, expected);
        // Others are kept apart, and bounded.
        for rows in 0..100 {
            happen(&mut report, 500_000, NoticeKind::Drift, &format!("{rows} rows."));
        }
        assert_eq!(report.events.len(), MAX_EVENTS);
    }
}
