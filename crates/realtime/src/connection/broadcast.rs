//! Broadcast from the database: a second source of the same changes, on a private side channel.
//!
//! Where the project's tables have the triggers that `opswall schema --broadcast` prints, each change arrives twice. Rows
//! win: what is held and not older than a message stays; an older row is replaced at once; what cannot be compared is
//! looked up over REST, unless the stream brings it meanwhile. Each source counts what the other lost (`twins`).
//!
//! A message proves nothing about the rows that it does not name, and a server that loses changes of the stream may lose
//! messages as well: the lease is held by snapshots and audits alone, and matched messages do not extend it.

use std::{
    cmp::Ordering,
    collections::{HashSet, VecDeque},
    time::Duration,
};

use super::{
    Call, Connection,
    change_time::ChangeTime,
    side::{SideId, SideNews},
    sources::{SourceChange, Upsert},
    twins::{Expired, Mark, Twins, Waiting},
};
use crate::{
    BroadcastConfig, Frame, JoinConfig, Replay,
    change::{NoChange, decode_broadcast},
    event::BroadcastReport,
    refusal::Class,
    store::Overflow,
};
use model::{Record, RowId};

/// How long the twin of a change may take. The stream is polled, and under load a few seconds late.
const GRACE: Duration = Duration::from_secs(5);
/// The same before a row is looked up because of a message that could not be applied.
const LOOK_UP_AFTER: Duration = Duration::from_secs(2);
/// Messages asked for after an outage: the most that the server sends again.
const REPLAY_LIMIT: u32 = 25;
/// A replay begins this long before the last message: the server's time of a message is that of the beginning of its
/// transaction, and its clock may differ from this machine's.
const REPLAY_SLACK_MS: i64 = 10_000;
/// Ids of messages that are remembered.
const MAX_IDS: usize = 1_000;
/// Rows that are remembered as being looked up, or as not to be seen by this user.
const MAX_ROWS_REMEMBERED: usize = 10_000;

/// What is known of the channel and its messages.
#[derive(Debug)]
pub(super) struct Broadcasts {
    /// In full, with `realtime:`; `None`: the channel is not joined.
    topic: Option<String>,
    twins: Twins,
    is_joined: bool,
    /// Why it is not joined, as the server said it.
    why_not: Option<String>,
    /// The sources of which a message came on this channel: they have triggers.
    seen: Vec<bool>,
    /// The last ids of messages, oldest first; and the same to be searched.
    ids: VecDeque<Box<str>>,
    known: HashSet<Box<str>>,
    /// When the last message came or the channel was joined, on the wall clock.
    last_ms: Option<i64>,
    /// Rows that are looked up because the stream did not bring what a message said.
    awaited: HashSet<(usize, RowId)>,
    /// Rows that a look-up did not find: the tables' policies hide them from this user.
    hidden: HashSet<(usize, RowId)>,
    messages: u64,
    missed_by_stream: u64,
    missed_by_broadcast: u64,
}

impl Broadcasts {
    /// Of a session with this number of sources. `topic`: without `realtime:`.
    pub(super) fn new(topic: Option<&str>, sources: usize) -> Self {
        Self {
            topic: topic.map(|topic| format!("realtime:{topic}")),
            twins: Twins::default(),
            is_joined: false,
            why_not: None,
            seen: vec![false; sources],
            ids: VecDeque::new(),
            known: HashSet::new(),
            last_ms: None,
            awaited: HashSet::new(),
            hidden: HashSet::new(),
            messages: 0,
            missed_by_stream: 0,
            missed_by_broadcast: 0,
        }
    }

    /// The topic and the configuration of the next join; `None`: the channel is not wanted.
    pub(super) fn wanted(&self) -> Option<(String, JoinConfig)> {
        let config = JoinConfig {
            broadcast: BroadcastConfig {
                replay: self.last_ms.map(|last| Replay {
                    since: last.saturating_sub(REPLAY_SLACK_MS),
                    limit: REPLAY_LIMIT,
                }),
                ..BroadcastConfig::default()
            },
            private: true,
            ..JoinConfig::default()
        };
        Some((self.topic.clone()?, config))
    }

    /// Continues the counts of another connection.
    pub(super) fn inherit(&mut self, old: &Self) {
        self.messages += old.messages;
        self.missed_by_stream += old.missed_by_stream;
        self.missed_by_broadcast += old.missed_by_broadcast;
        self.last_ms = self.last_ms.max(old.last_ms);
    }

    /// No message comes any more: what waits for one is not lost.
    pub(super) fn close(&mut self) {
        self.is_joined = false;
        self.seen.fill(false);
        self.twins.clear();
        self.awaited.clear();
        self.hidden.clear();
    }

    /// When a change has waited in vain.
    pub(super) fn due(&self) -> Option<Duration> {
        self.twins.due()
    }

    /// What the details show; `None`: the channel is not wanted.
    pub(super) fn report(&self) -> Option<BroadcastReport> {
        self.topic.as_ref()?;
        Some(BroadcastReport {
            is_joined: self.is_joined,
            why_not: self.why_not.clone().filter(|_| !self.is_joined),
            messages: self.messages,
            missed_by_stream: self.missed_by_stream,
            missed_by_broadcast: self.missed_by_broadcast,
        })
    }

    /// Whether a message came before. Remembers its id.
    fn is_repeated(&mut self, id: Option<&str>) -> bool {
        let Some(id) = id else { return false };
        if !self.known.insert(id.into()) {
            return true;
        }
        self.ids.push_back(id.into());
        if self.ids.len() > MAX_IDS
            && let Some(oldest) = self.ids.pop_front()
        {
            self.known.remove(&oldest);
        }
        false
    }

    /// The stream brought a change. True: a later one of the row was applied already, so this one is not.
    fn is_overtaken(&mut self, at: usize, id: &RowId, mark: Mark, now: Duration) -> bool {
        if !self.is_joined {
            return false;
        }
        self.awaited.remove(&(at, id.clone()));
        self.hidden.remove(&(at, id.clone()));
        match self.twins.take(at, id, &mark, false) {
            // A delete of the stream has no time; its twin's is the same.
            Some(twin) => self.twins.is_overtaken(at, id, &twin),
            None => {
                let is_overtaken = self.twins.is_overtaken(at, id, &mark);
                self.twins.wait(at, id, mark, Waiting::Streamed, now + GRACE);
                is_overtaken
            }
        }
    }

    fn remember_hidden(&mut self, at: usize, id: &RowId) {
        if self.hidden.len() >= MAX_ROWS_REMEMBERED {
            self.hidden.clear();
        }
        self.hidden.insert((at, id.clone()));
    }
}

impl Connection {
    /// Asks for the channel, with a replay since the last message. Again before each join.
    pub(super) fn want_broadcast(&mut self) {
        if let Some((topic, config)) = self.broadcasts.wanted() {
            self.sides.want(SideId::Broadcast, topic, config);
        }
    }

    /// News of the channel. `frame`: what brought it.
    pub(super) fn broadcast_news(&mut self, news: SideNews, frame: Option<&Frame<'_>>, call: &mut Call<'_>) {
        match news {
            SideNews::Nothing => {}
            SideNews::Joined => {
                self.broadcasts.is_joined = true;
                self.broadcasts.last_ms = Some(call.now.wall_ms);
                self.report.note_change();
            }
            SideNews::Lost { reason, .. } => {
                self.broadcasts.close();
                self.broadcasts.why_not = Some(self.clean(&reason));
                self.want_broadcast();
                self.report.note_change();
            }
            SideNews::Message => {
                if let Some(frame) = frame.filter(|frame| frame.event == "broadcast") {
                    self.broadcast(frame.payload.get(), call);
                }
            }
        }
    }

    /// A message of the channel.
    fn broadcast(&mut self, payload: &str, call: &mut Call<'_>) {
        self.broadcasts.messages += 1;
        self.broadcasts.last_ms = Some(call.now.wall_ms);
        self.report.note_change();
        let change = match decode_broadcast(payload, &mut self.sources.names) {
            Ok(change) => change,
            Err(NoChange::Other) => return,
            Err(NoChange::Broken) => return self.report.count_malformed(),
        };
        if self.broadcasts.is_repeated(change.id.as_deref()) {
            return;
        }
        let (event, is_replayed) = (change.event, change.is_replayed);
        let mut next = self.sources.named(0, &event.schema, &event.table);
        while let Some(at) = next {
            let old = event.old_record;
            let old_time = self
                .sources
                .get(at)
                .zip(old)
                .and_then(|(tracked, old)| ChangeTime::of_row(&tracked.source, |column| old.get(column)));
            if let Some(seen) = self.broadcasts.seen.get_mut(at) {
                *seen = true;
            }
            let kept = match self.sources.read(at, event.clone()) {
                SourceChange::Upsert(upsert) => self.broadcast_upsert(at, &upsert, is_replayed, payload.len(), call),
                SourceChange::Delete { id, .. } => self.broadcast_delete(at, &id, old_time, is_replayed, call),
                SourceChange::Failed(..) | SourceChange::Unknown | SourceChange::Unusable => {
                    self.report.count_malformed();
                    Ok(())
                }
            };
            if kept.is_err() {
                let text = "changes came faster than the snapshot could be read";
                self.sync_failed(text, Class::Retry, call);
            }
            next = self.sources.named(at + 1, &event.schema, &event.table);
        }
    }

    fn broadcast_upsert(
        &mut self,
        at: usize,
        upsert: &Upsert,
        is_replayed: bool,
        bytes: usize,
        call: &mut Call<'_>,
    ) -> Result<(), Overflow> {
        let time = self.change_time(at, &upsert.record);
        let mark = Mark::Changed(time.clone());
        if self.broadcasts.twins.take(at, &upsert.id, &mark, true).is_some() {
            return Ok(());
        }
        let waiting = self.judge_upsert(at, upsert, time.as_ref());
        if let Some(old) = &upsert.moved_from {
            // The row of the former key has gone with it, as of this change.
            self.await_stream(at, old, Mark::Deleted(time), Waiting::Gone, is_replayed, call);
        }
        self.await_stream(at, &upsert.id, mark, waiting, is_replayed, call);
        if waiting != Waiting::Applied {
            return Ok(());
        }
        self.note_upsert(at, upsert);
        self.keep_upsert(at, upsert, bytes, call)
    }

    fn broadcast_delete(
        &mut self,
        at: usize,
        id: &RowId,
        time: Option<ChangeTime>,
        is_replayed: bool,
        call: &mut Call<'_>,
    ) -> Result<(), Overflow> {
        let mark = Mark::Deleted(time.clone());
        let waiting = self.judge_delete(at, id, time.as_ref());
        let is_streamed = self.broadcasts.twins.take(at, id, &mark, true).is_some();
        let awaited = match waiting {
            // The stream's delete was one of an earlier row of the same key, or this row was read after it.
            Waiting::Applied if is_streamed => Waiting::Gone,
            _ if is_streamed => return Ok(()),
            waiting => waiting,
        };
        self.await_stream(at, id, mark, awaited, is_replayed, call);
        if waiting != Waiting::Applied {
            return Ok(());
        }
        self.note_change(at, id);
        self.keep_delete(at, id, None, call)
    }

    /// The time of a row's last change.
    fn change_time(&self, at: usize, record: &Record) -> Option<ChangeTime> {
        let source = &self.sources.get(at)?.source;
        ChangeTime::of_row(source, |column| record.get(column))
    }

    /// What a message about an insert or update is to what is held. The stream has not brought it.
    fn judge_upsert(&self, at: usize, upsert: &Upsert, time: Option<&ChangeTime>) -> Waiting {
        let Some(tracked) = self.sources.get(at) else {
            return Waiting::Seen;
        };
        if !self.is_following() {
            // What is held is not of this connection yet.
            return Waiting::Unread;
        }
        let compare = |held: &Record| {
            let held = ChangeTime::of_row(&tracked.source, |column| held.get(column));
            held.zip(time).and_then(|(held, time)| held.compare(time))
        };
        let Some(held) = tracked.rows.get(&upsert.id) else {
            let moved = upsert.moved_from.as_ref().and_then(|old| tracked.rows.get(old));
            if moved.is_some_and(|moved| compare(moved) == Some(Ordering::Less)) {
                return Waiting::Applied;
            }
            let is_hidden = !upsert.is_insert && self.broadcasts.hidden.contains(&(at, upsert.id.clone()));
            return match self.config.snapshots {
                true if is_hidden => Waiting::Seen,
                true => Waiting::Unread,
                // Nothing can be looked up.
                false if self.broadcasts.twins.is_deleted_by_stream(at, &upsert.id) => Waiting::Seen,
                false => Waiting::Applied,
            };
        };
        match compare(held) {
            Some(Ordering::Less) => Waiting::Applied,
            Some(Ordering::Greater) => Waiting::Seen,
            // Two changes of one transaction may have one time.
            Some(Ordering::Equal) | None if tracked.columns.agree(held, &upsert.record) => Waiting::Seen,
            Some(Ordering::Equal) | None if self.config.snapshots => Waiting::Unread,
            Some(Ordering::Equal) | None => Waiting::Applied,
        }
    }

    /// What a message about a delete is to what is held. `time`: of the row that was deleted.
    fn judge_delete(&self, at: usize, id: &RowId, time: Option<&ChangeTime>) -> Waiting {
        if !self.is_following() {
            return Waiting::Unread;
        }
        let Some(tracked) = self.sources.get(at) else {
            return Waiting::Seen;
        };
        let Some(held) = tracked.rows.get(id) else {
            return Waiting::Gone;
        };
        let held_time = ChangeTime::of_row(&tracked.source, |column| held.get(column));
        match held_time.zip(time).and_then(|(held, time)| held.compare(time)) {
            Some(Ordering::Less | Ordering::Equal) => Waiting::Applied,
            // A row of the same key was inserted since.
            Some(Ordering::Greater) => Waiting::Seen,
            None if self.config.snapshots => Waiting::Unread,
            None => Waiting::Applied,
        }
    }

    /// The stream is expected to bring this change of a message as well. What was sent again after a join may be older
    /// than the stream's subscription: it is looked up, but it is no loss.
    fn await_stream(
        &mut self,
        at: usize,
        id: &RowId,
        mark: Mark,
        waiting: Waiting,
        is_replayed: bool,
        call: &mut Call<'_>,
    ) {
        if is_replayed {
            if matches!(waiting, Waiting::Unread | Waiting::Gone) {
                self.look_up(at, id.clone(), call);
            }
            return;
        }
        let grace = if waiting == Waiting::Unread {
            LOOK_UP_AFTER
        } else {
            GRACE
        };
        let has_room = self.broadcasts.twins.wait(at, id, mark, waiting, call.at() + grace);
        if !has_room && waiting == Waiting::Unread {
            self.look_up(at, id.clone(), call);
        }
    }

    /// The stream brought an insert or update. True: a later change of the row was applied already. If one of the row with
    /// the former key was, that row stays: the key has another life.
    pub(super) fn is_upsert_overtaken(&mut self, at: usize, upsert: &mut Upsert, call: &Call<'_>) -> bool {
        if !self.broadcasts.is_joined {
            return false;
        }
        let time = self.change_time(at, &upsert.record);
        if let Some(old) = &upsert.moved_from {
            let twins = &mut self.broadcasts.twins;
            twins.take(at, old, &Mark::Deleted(None), false);
            if twins.is_overtaken(at, old, &Mark::Deleted(time.clone())) {
                upsert.moved_from = None;
            }
        }
        (self.broadcasts).is_overtaken(at, &upsert.id, Mark::Changed(time), call.at())
    }

    /// Of an insert or update that is overtaken, what is still to be done: the row of the former key is gone.
    pub(super) fn keep_overtaken(&mut self, at: usize, upsert: &Upsert, call: &mut Call<'_>) -> Result<(), Overflow> {
        match &upsert.moved_from {
            Some(old) => self.keep_delete(at, old, upsert.committed_ms, call),
            None => Ok(()),
        }
    }

    /// The stream brought a delete. True: a later change of the row was applied already.
    pub(super) fn is_delete_overtaken(&mut self, at: usize, id: &RowId, call: &Call<'_>) -> bool {
        (self.broadcasts).is_overtaken(at, id, Mark::Deleted(None), call.at())
    }

    /// Counts what waited in vain, and looks up what the stream did not bring: rows win.
    pub(super) fn run_broadcast(&mut self, call: &mut Call<'_>) {
        while let Some(Expired { at, id, waiting }) = self.broadcasts.twins.expired(call.at()) {
            match waiting {
                Waiting::Seen => {}
                Waiting::Streamed => {
                    if self.broadcasts.seen.get(at).copied().unwrap_or(false) {
                        self.broadcasts.missed_by_broadcast += 1;
                        self.report.note_change();
                    }
                }
                Waiting::Applied => {
                    self.note_missed_by_stream(call);
                    self.look_up(at, id, call);
                }
                Waiting::Gone => self.look_up(at, id, call),
                Waiting::Unread => {
                    if self.broadcasts.awaited.len() < MAX_ROWS_REMEMBERED {
                        self.broadcasts.awaited.insert((at, id.clone()));
                    }
                    self.look_up(at, id, call);
                }
            }
        }
    }

    /// The stream lost a change; it may have lost others.
    fn note_missed_by_stream(&mut self, call: &Call<'_>) {
        self.broadcasts.missed_by_stream += 1;
        self.audit.suspect(call.at());
        self.report.note_change();
    }

    /// A row was looked up. `is_there`: it was found; `has_changed`: it was not held so.
    pub(super) fn broadcast_looked_up(
        &mut self,
        at: usize,
        id: &RowId,
        is_there: bool,
        has_changed: bool,
        call: &Call<'_>,
    ) {
        if self.broadcasts.awaited.is_empty() || !self.broadcasts.awaited.remove(&(at, id.clone())) {
            return;
        }
        if has_changed {
            self.note_missed_by_stream(call);
        } else if !is_there {
            self.broadcasts.remember_hidden(at, id);
        }
    }
}
