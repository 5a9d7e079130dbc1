//! What waits for a slow reader: one pending change per row, the latest, in the order in which rows were first touched.
//!
//! The picture may skip states, it never misses the last one, and the socket is always read.

use std::collections::{HashMap, VecDeque};

use crossbeam_channel::{Sender, TrySendError};
use foldhash::fast::RandomState;

use model::{Op, RowId};
use realtime::{Change, FeedEvent, SourceId};

/// Most events other than row changes that wait; beyond it the oldest notice or link report goes.
const MAX_NEWS: usize = 1_024;

/// Empty slots that the queue may have before it is looked at whether they are the most of it.
const MAX_HOLES: usize = 1_024;

/// A row of the whole feed.
type RowKey = (SourceId, RowId);

/// The queue in front of the bounded channel.
pub(super) struct Outbox {
    channel: Sender<FeedEvent>,
    /// Waiting events; a row's change is replaced in place. `None`: taken out.
    queue: VecDeque<Option<FeedEvent>>,
    /// Number of events that have left the queue: position of `queue`'s front in the whole stream.
    front: u64,
    by_row: HashMap<RowKey, u64, RandomState>,
    news: usize,
    /// Slots of the queue that are empty.
    holes: usize,
    /// Changes that were replaced by a later one of the same row before the reader saw them.
    pub(super) folded: u64,
}

/// The reader has gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReaderGone;

impl Outbox {
    pub(super) fn new(channel: Sender<FeedEvent>) -> Self {
        Self {
            channel,
            queue: VecDeque::new(),
            front: 0,
            by_row: HashMap::default(),
            news: 0,
            holes: 0,
            folded: 0,
        }
    }

    /// Whether events wait for room in the channel.
    pub(super) fn is_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Hands an event over, or keeps it while the channel is full.
    pub(super) fn push(&mut self, event: FeedEvent) -> Result<(), ReaderGone> {
        if self.queue.is_empty() {
            match self.channel.try_send(event) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(event)) => self.keep(event),
                Err(TrySendError::Disconnected(_)) => return Err(ReaderGone),
            }
            return Ok(());
        }
        self.keep(event);
        Ok(())
    }

    /// Sends what fits.
    pub(super) fn flush(&mut self) -> Result<(), ReaderGone> {
        while let Some(slot) = self.queue.pop_front() {
            if slot.is_none() {
                self.holes -= 1;
            }
            if let Some(event) = slot {
                let row = row_of(&event);
                match self.channel.try_send(event) {
                    Ok(()) => match row {
                        Some(key) => {
                            self.by_row.remove(&key);
                        }
                        None => self.news -= 1,
                    },
                    Err(TrySendError::Full(event)) => {
                        self.queue.push_front(Some(event));
                        return Ok(());
                    }
                    Err(TrySendError::Disconnected(_)) => return Err(ReaderGone),
                }
            }
            self.front += 1;
        }
        Ok(())
    }

    fn keep(&mut self, event: FeedEvent) {
        match event {
            FeedEvent::Change(change) => self.keep_change(change),
            other => {
                if self.news >= MAX_NEWS {
                    self.drop_oldest_news();
                }
                self.news += 1;
                self.queue.push_back(Some(other));
            }
        }
    }

    fn keep_change(&mut self, change: Change) {
        let key = key_of(&change);
        let waiting = self
            .by_row
            .get(&key)
            .and_then(|at| usize::try_from(at - self.front).ok())
            .and_then(|at| self.queue.get_mut(at));
        if let Some(slot) = waiting
            && let Some(FeedEvent::Change(old)) = slot
        {
            self.folded += 1;
            match fold(old.op, change.op) {
                Some(op) => *old = Change { op, ..change },
                None => {
                    *slot = None;
                    self.by_row.remove(&key);
                    self.dig();
                }
            }
            return;
        }
        self.by_row.insert(key, self.front + self.queue.len() as u64);
        self.queue.push_back(Some(FeedEvent::Change(change)));
    }

    /// Status and sync events are the truth and stay; notices and link reports may go.
    fn drop_oldest_news(&mut self) {
        let oldest = self
            .queue
            .iter_mut()
            .find(|slot| matches!(slot, Some(FeedEvent::Notice(_) | FeedEvent::Link(_))));
        if let Some(slot) = oldest {
            *slot = None;
            self.news -= 1;
            self.dig();
            return;
        }
        // Nothing but statuses and syncs: the older ones are superseded by the newer.
        if let Some(slot) = self
            .queue
            .iter_mut()
            .find(|slot| matches!(slot, Some(FeedEvent::Status(_) | FeedEvent::Synced(_))))
        {
            *slot = None;
            self.news -= 1;
            self.dig();
        }
    }

    /// One more slot is empty. When most are, the others move up: rows that come and go while the reader sleeps must
    /// not fill the memory with where they were.
    fn dig(&mut self) {
        self.holes += 1;
        if self.holes <= MAX_HOLES || self.holes <= self.queue.len() / 2 {
            return;
        }
        self.queue.retain(Option::is_some);
        self.holes = 0;
        for (at, slot) in self.queue.iter().enumerate() {
            if let Some(FeedEvent::Change(change)) = slot
                && let Some(place) = self.by_row.get_mut(&key_of(change))
            {
                *place = self.front + at as u64;
            }
        }
    }
}

fn key_of(change: &Change) -> RowKey {
    (change.source, change.id.clone())
}

fn row_of(event: &FeedEvent) -> Option<RowKey> {
    match event {
        FeedEvent::Change(change) => Some(key_of(change)),
        _ => None,
    }
}

/// Two changes of one row as one: what a reader that saw neither must be told. Of a row that came and went it need not
/// hear at all.
fn fold(first: Op, second: Op) -> Option<Op> {
    match (first, second) {
        (Op::Insert, Op::Delete) => None,
        (Op::Insert, _) => Some(Op::Insert),
        (Op::Delete, Op::Insert) => Some(Op::Update),
        (_, second) => Some(second),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use model::{Notice, NoticeKind, Record};

    fn change(id: &str, op: Op, value: i64) -> FeedEvent {
        let record = Record::from_json(&format!(r#"{{"v":{value}}}"#)).expect("a row");
        FeedEvent::Change(Change {
            source: SourceId::default(),
            id: id.into(),
            op,
            record: Arc::new(record),
            committed_ms: None,
        })
    }

    fn text(event: &FeedEvent) -> String {
        match event {
            FeedEvent::Change(change) => {
                format!("{} {:?} {}", change.id, change.op, change.record.get("v").expect("v"))
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_slow_reader_gets_each_rows_last_state_in_order_of_first_touch() {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let mut outbox = Outbox::new(sender);
        outbox.push(change("first", Op::Insert, 0)).expect("reader");
        for value in 1..=1_000 {
            outbox
                .push(change("a", if value == 1 { Op::Insert } else { Op::Update }, value))
                .expect("reader");
            outbox.push(change("b", Op::Update, value)).expect("reader");
        }
        outbox.push(change("b", Op::Delete, 7)).expect("reader");
        let mut seen = Vec::new();
        while let Ok(event) = receiver.try_recv() {
            seen.push(text(&event));
            outbox.flush().expect("reader");
        }
        assert_eq!(seen, ["first Insert 0", "a Insert 1000", "b Delete 7"]);
        assert!(!outbox.is_waiting());
        assert_eq!(outbox.folded, 999 + 1_000);
    }

    #[test]
    fn a_row_that_came_and_went_unseen_is_not_told_of_at_all() {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let mut outbox = Outbox::new(sender);
        outbox.push(change("first", Op::Insert, 0)).expect("reader");
        outbox.push(change("a", Op::Insert, 1)).expect("reader");
        outbox.push(change("a", Op::Delete, 1)).expect("reader");
        outbox.push(change("b", Op::Delete, 1)).expect("reader");
        outbox.push(change("b", Op::Insert, 2)).expect("reader");
        let mut seen = Vec::new();
        while let Ok(event) = receiver.try_recv() {
            seen.push(text(&event));
            outbox.flush().expect("reader");
        }
        assert_eq!(seen, ["first Insert 0", "b Update 2"]);
    }

    #[test]
    fn while_the_reader_sleeps_no_more_is_kept_than_there_are_rows() {
        const ROWS: usize = 50;
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let mut outbox = Outbox::new(sender);
        let mut alive = [false; ROWS];
        let mut told = std::collections::BTreeMap::new();
        for step in 0..100_000_usize {
            // Every third change of a row takes it away, every fourth brings it back.
            let row = step * 7 % ROWS;
            let op = match (alive[row], step % 3) {
                (false, _) => Op::Insert,
                (true, 0) => Op::Delete,
                (true, _) => Op::Update,
            };
            alive[row] = op != Op::Delete;
            outbox
                .push(change(&row.to_string(), op, i64::try_from(step).expect("small")))
                .expect("reader");
            assert!(outbox.by_row.len() <= ROWS, "{} rows wait", outbox.by_row.len());
            assert!(
                outbox.queue.len() <= 2 * MAX_HOLES + ROWS,
                "{} slots",
                outbox.queue.len()
            );
        }
        while let Ok(event) = receiver.try_recv() {
            let FeedEvent::Change(change) = event else { continue };
            told.insert(change.id.to_string(), change.op != Op::Delete);
            outbox.flush().expect("reader");
        }
        for (row, alive) in alive.iter().enumerate() {
            assert_eq!(
                told.get(&row.to_string()).copied().unwrap_or(false),
                *alive,
                "row {row}"
            );
        }
        assert_eq!((outbox.by_row.len(), outbox.holes, outbox.news), (0, 0, 0));
    }

    #[test]
    fn news_are_bounded_and_statuses_outlive_notices() {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let mut outbox = Outbox::new(sender);
        let notice = |n: usize| {
            FeedEvent::Notice(Notice {
                kind: NoticeKind::Connected,
                text: n.to_string(),
            })
        };
        outbox.push(FeedEvent::Status(Default::default())).expect("reader");
        outbox.push(FeedEvent::Status(Default::default())).expect("reader");
        for n in 0..5_000 {
            outbox.push(notice(n)).expect("reader");
        }
        let mut seen = Vec::new();
        while let Ok(event) = receiver.try_recv() {
            seen.push(event);
            outbox.flush().expect("reader");
        }
        assert_eq!(seen.len(), 1 + MAX_NEWS);
        assert!(
            matches!(seen.get(1), Some(FeedEvent::Status(_))),
            "a status was dropped for a notice"
        );
        assert_eq!(seen.last(), Some(&notice(4_999)));
    }

    #[test]
    fn a_reader_that_has_gone_is_noticed() {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let mut outbox = Outbox::new(sender);
        drop(receiver);
        assert_eq!(outbox.push(change("a", Op::Insert, 1)), Err(ReaderGone));
    }
}
