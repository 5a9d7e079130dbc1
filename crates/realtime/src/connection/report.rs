//! The reports about the connection: status, notices, and details.

use std::{collections::VecDeque, time::Duration};

use crate::event::{Attempt, FeedEvent, LinkEvent, LinkReport, Resync, StatusReport};
use model::{Notice, NoticeKind};

pub(super) use model::format::duration as duration_words;

/// Connections remembered.
const MAX_HISTORY: usize = 20;
/// Events of the connection remembered.
const MAX_EVENTS: usize = 20;
/// Least distance between two reports of the details.
const DETAILS_EVERY: Duration = Duration::from_millis(250);

/// What was reported last, and what is counted for the next report.
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
    /// Snapshots merged since the session was made.
    synced: u64,
    /// The details reported last, and when.
    reported: LinkReport,
    reported_at: Option<Duration>,
    /// Something may have changed since then.
    has_changed: bool,
}

impl Report {
    /// The status reported last.
    pub(super) fn status(&self) -> &StatusReport {
        &self.status
    }

    /// Snapshots merged since the session was made.
    pub(super) fn synced(&self) -> u64 {
        self.synced
    }

    /// Continues the reports of another connection.
    pub(super) fn inherit(&mut self, old: &mut Self) {
        let synced = self.synced + old.synced;
        *self = std::mem::take(old);
        self.synced = synced;
    }

    /// Takes a status. Returns it when it is to be reported: it differs from the one before, or is the first.
    pub(super) fn set_status(&mut self, status: StatusReport) -> Option<FeedEvent> {
        self.has_changed = true;
        if status == self.status && self.reported_at.is_some() {
            return None;
        }
        self.status = status.clone();
        Some(FeedEvent::Status(status))
    }

    /// Takes a notice. Returns it for the reader.
    pub(super) fn notice(&mut self, at: Duration, kind: NoticeKind, text: &str) -> FeedEvent {
        // A reason that ends with a full stop may stand at the end of a sentence, which would then have two.
        let text = text.replace("..", ".");
        let notice = Notice { kind, text };
        self.note_event(at, &notice);
        FeedEvent::Notice(notice)
    }

    /// Whether details may be due.
    pub(super) fn is_due(&self, at: Duration) -> bool {
        self.has_changed && self.reported_at.is_none_or(|last| at >= last + DETAILS_EVERY)
    }

    /// Completes details with what is counted here. Returns them when they are to be reported.
    pub(super) fn details(&mut self, at: Duration, mut details: LinkReport) -> Option<FeedEvent> {
        self.has_changed = false;
        details.last_resync.clone_from(&self.last_resync);
        details.events = self.events.iter().cloned().collect();
        details.changes = self.changes;
        details.bytes = self.bytes;
        details.malformed = self.malformed;
        details.connects = self.connects;
        details.history = self.history.iter().cloned().collect();
        if details == self.reported && self.reported_at.is_some() {
            return None;
        }
        self.reported_at = Some(at);
        self.reported = details.clone();
        Some(FeedEvent::Link(Box::new(details)))
    }

    /// Counts a merged snapshot. Returns the number of it.
    pub(super) fn count_sync(&mut self) -> u64 {
        self.synced += 1;
        self.synced
    }

    /// A connection is begun.
    pub(super) fn begin_attempt(&mut self, at: Duration) {
        if self.history.len() >= MAX_HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(Attempt {
            started_ms: millis(at),
            live_ms: None,
            ended_ms: None,
            reason: None,
        });
        self.has_changed = true;
    }

    /// It is live.
    pub(super) fn live_attempt(&mut self, at: Duration) {
        if let Some(last) = self.history.back_mut() {
            last.live_ms = Some(millis(at));
        }
        self.has_changed = true;
    }

    /// It ended.
    pub(super) fn end_attempt(&mut self, at: Duration, reason: &str) {
        if let Some(last) = self.history.back_mut()
            && last.ended_ms.is_none()
        {
            last.ended_ms = Some(millis(at));
            last.reason = Some(reason.to_owned());
        }
        self.has_changed = true;
    }

    /// Counts a connect.
    pub(super) fn count_connect(&mut self) {
        self.connects += 1;
        self.has_changed = true;
    }

    /// Counts a frame of this many bytes.
    pub(super) fn count_frame(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.has_changed = true;
    }

    /// Counts a change.
    pub(super) fn count_change(&mut self) {
        self.changes += 1;
    }

    /// Changes counted since the session was made.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    /// Counts a frame dropped as malformed.
    pub(super) fn count_malformed(&mut self) {
        self.malformed += 1;
        self.has_changed = true;
    }

    /// Notes the snapshot merged last.
    pub(super) fn note_resync(&mut self, resync: Resync) {
        self.last_resync = Some(resync);
        self.has_changed = true;
    }

    fn note_event(&mut self, at: Duration, notice: &Notice) {
        self.has_changed = true;
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

    /// Something that the details show may have changed.
    pub(super) fn note_change(&mut self) {
        self.has_changed = true;
    }

    /// When the next details are due.
    pub(super) fn due(&self) -> Option<Duration> {
        let reported_at = self.reported_at?;
        self.has_changed.then_some(reported_at + DETAILS_EVERY)
    }
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(report: &mut Report, second: u64, kind: NoticeKind, text: &str) {
        report.note_event(Duration::from_secs(second), &Notice::new(kind, text));
    }

    #[test]
    fn repeated_events_are_folded_and_do_not_displace_others() {
        let mut report = Report::default();
        note(&mut report, 0, NoticeKind::Connected, "Live.");
        for hour in 1..=100 {
            note(&mut report, hour * 3_600, NoticeKind::TokenRenewed, "Renewed.");
        }
        note(&mut report, 400_000, NoticeKind::Lost, "Lost.");
        for attempt in 1..=100_u64 {
            let text = format!("Retrying (attempt {attempt}).");
            note(&mut report, 400_000 + attempt, NoticeKind::Retrying, &text);
        }
        let events: Vec<_> = report
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
        assert_eq!(events, expected);
        // Different ones are kept apart, and bounded.
        for rows in 0..100 {
            note(&mut report, 500_000, NoticeKind::Drift, &format!("{rows} rows."));
        }
        assert_eq!(report.events.len(), MAX_EVENTS);
    }
}
