//! The end of a snapshot: it becomes what is known, and the difference is told. The only place that says `connected`.

use super::{
    Connection, Out, Phase,
    report::{duration_words, millis},
    sync::Why,
};
use crate::event::{Change, FeedEvent, Resync, SyncReport};
use crate::{
    api::Effect,
    store::{Difference, difference},
};
use model::{NoticeKind, Op, format::counted};

impl Connection {
    /// Everything is read: lay the waiting changes over it, put it in the place of what was known, tell the difference.
    pub(super) fn finish_sync(&mut self, out: &mut Out<'_>) {
        let Some(sync) = self.sync.take() else { return };
        if sync.tainted {
            self.sync = Some(sync);
            return self.begin_sync(out);
        }
        let mut report = SyncReport {
            audit: sync.why == Why::Audit,
            ..SyncReport::default()
        };
        let (mut corrected, mut doubtful) = (Vec::new(), Vec::new());
        for (at, (tracked, reading)) in self.tables.iter_mut().zip(sync.tables).enumerate() {
            let mut fresh = if reading.denied {
                tracked.rows.clone()
            } else {
                reading.fresh
            };
            doubtful.extend(reading.fold.apply(&mut fresh).into_iter().map(|id| (at, id)));
            for Difference {
                id,
                op,
                record,
                writing_only,
            } in difference(&tracked.rows, &mut fresh, &tracked.shape)
            {
                match op {
                    Op::Insert => report.added += 1,
                    Op::Update => report.changed += usize::from(!writing_only),
                    Op::Delete => report.removed += 1,
                }
                if !writing_only && sync.why == Why::Audit {
                    corrected.push((at, id.clone()));
                }
                out.act(Effect::Emit(FeedEvent::Change(Change {
                    source: tracked.id,
                    id,
                    op,
                    record,
                    committed_ms: None,
                })));
            }
            tracked.rows = fresh;
            report.rows.push(tracked.rows.len());
        }
        self.plan.synced += 1;
        report.epoch = self.plan.synced;
        let took = out.at().saturating_sub(sync.since);
        self.report.note_resync(Resync {
            at_ms: millis(out.at()),
            took_ms: millis(took),
            why: sync.why.word(),
            added: report.added,
            changed: report.changed,
            removed: report.removed,
        });
        self.tokens.merged_as = self.identity();
        let differing = report.added + report.changed + report.removed;
        out.act(Effect::Emit(FeedEvent::Synced(report)));
        self.plan_after_sync(sync.why, took, corrected, out);
        for (at, id) in doubtful {
            self.look_up(at, id, super::lookup::TRIES, out);
        }
        if sync.why == Why::First {
            self.go_live(differing, out);
        }
    }

    /// The whole chain is proven: the socket is up, the channel joined, the database confirmed, the snapshot merged
    /// (or not wanted).
    pub(super) fn go_live(&mut self, changed: usize, out: &mut Out<'_>) {
        let now = out.at();
        let was_ever_live = self.retry.was_ever_live;
        self.phase = Phase::Live;
        self.retry.begin_live(now);
        self.report.live_attempt(now);
        self.say_proof(out);
        self.warn_of_end(out);
        let slept = std::mem::take(&mut self.retry.slept);
        match self.retry.lost_at.take() {
            Some(lost_at) if was_ever_live => {
                let rows = counted(changed as u64, "row", "rows");
                let offline = duration_words(now.saturating_sub(lost_at) + slept);
                // Live is said only of what is proven; the limit of a burst outlasts the connection.
                let back = if self.is_proven() { "Live again" } else { "Back" };
                let text = if self.config.snapshots {
                    format!("{back} after {offline}; {rows} changed meanwhile.")
                } else {
                    format!("Live again after {offline}, stream only: changes made meanwhile are not shown.")
                };
                self.say(NoticeKind::Restored, &text, out);
            }
            _ if self.config.snapshots => {
                let text = format!("Live: {}.", self.counted_rows());
                self.say(NoticeKind::Connected, &text, out);
            }
            _ => self.say(
                NoticeKind::Connected,
                "Live, stream only: rows appear when they change.",
                out,
            ),
        }
    }

    /// The rows held, as `3 agents, 1 task`: sources with the same noun are counted together.
    fn counted_rows(&self) -> String {
        let mut counted: Vec<(&(String, String), usize)> = Vec::new();
        for tracked in &self.tables {
            let noun = &tracked.source.noun;
            match counted.iter_mut().find(|(known, _)| *known == noun) {
                Some((_, rows)) => *rows += tracked.rows.len(),
                None => counted.push((noun, tracked.rows.len())),
            }
        }
        let words = counted
            .into_iter()
            .map(|((one, many), rows)| model::format::counted(rows as u64, one, many));
        words.collect::<Vec<_>>().join(", ")
    }
}
