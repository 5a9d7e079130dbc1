//! The bounded queue between the network thread and its reader.
//!
//! Events are handed over in batches: one wake-up of the reader for everything that one read burst brought. While the
//! reader is slow, one change per row waits, the latest, in the order in which rows were first touched: the reader may
//! miss intermediate states, never the last one, and the socket is always read.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use foldhash::fast::RandomState;
use thiserror::Error;

use model::{Op, RowId};
use realtime::{Change, FeedEvent, SourceId};

/// Events that wait as they came. Changes beyond this number are combined per row.
const UNCOMBINED: usize = 8_192;
/// Most events other than row changes that wait; beyond it the oldest notice or link report is dropped.
const MAX_OTHERS: usize = 1_024;
/// Empty slots tolerated before the queue is compacted.
const MAX_HOLES: usize = 1_024;

/// Makes a queue: the network thread's end and the reader's end.
pub(crate) fn outbox() -> (Outbox, Events) {
    let shared = Arc::new(Shared::default());
    let outbox = Outbox {
        shared: shared.clone(),
        burst: Vec::new(),
        combined: 0,
    };
    (outbox, Events { shared })
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Notified when the queue is no longer empty and when a wait is to end early.
    changed: Condvar,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Every change of the queue is complete before anything can panic.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The network thread's end. Dropping it ends the reader's events once all are taken.
pub(crate) struct Outbox {
    shared: Arc<Shared>,
    /// Pushed, but not yet visible to the reader.
    burst: Vec<FeedEvent>,
    combined: u64,
}

impl Outbox {
    /// Adds an event to the current burst.
    pub(crate) fn push(&mut self, event: FeedEvent) {
        self.burst.push(event);
    }

    /// Makes the burst visible to the reader, and wakes it if it waits.
    pub(crate) fn publish(&mut self) {
        if self.burst.is_empty() {
            return;
        }
        let mut queue = self.shared.queue();
        queue.append(&mut self.burst);
        self.combined = queue.combined;
        let is_awaited = queue.waiting > 0 && !queue.slots.is_empty();
        drop(queue);
        if is_awaited {
            self.shared.changed.notify_all();
        }
    }

    /// Changes that were replaced by a later one of the same row before the reader took them.
    pub(crate) fn combined(&self) -> u64 {
        self.combined
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.publish();
        let mut queue = self.shared.queue();
        queue.is_closed = true;
        // The reader looks for the end.
        queue.is_woken = true;
        drop(queue);
        self.shared.changed.notify_all();
    }
}

/// The network thread has ended and all its events are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the network thread has ended")]
pub struct Ended;

/// The reader's end of the queue of events. Clones share the queue.
#[derive(Clone)]
pub struct Events {
    shared: Arc<Shared>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The events themselves are whole tables.
        let waiting = self.shared.queue().slots.len();
        f.debug_struct("Events").field("waiting", &waiting).finish()
    }
}

impl Events {
    /// Appends up to `most` waiting events to `into`, in order, without waiting for any.
    ///
    /// # Errors
    /// [`Ended`] when nothing waits and nothing will come any more.
    pub fn take(&self, most: usize, into: &mut impl Extend<FeedEvent>) -> Result<(), Ended> {
        let mut queue = self.shared.queue();
        if queue.slots.is_empty() && queue.is_closed {
            return Err(Ended);
        }
        queue.take(most, into);
        Ok(())
    }

    /// Whether nothing waits to be taken.
    pub fn is_empty(&self) -> bool {
        self.shared.queue().slots.is_empty()
    }

    /// Waits until events can be taken, for at most `timeout`, and returns whether they can. It returns early once after
    /// [`Events::wake`] and once at the end of the events.
    pub fn wait(&self, timeout: Duration) -> bool {
        let mut queue = self.shared.queue();
        queue.waiting += 1;
        let (mut queue, _) = self
            .shared
            .changed
            .wait_timeout_while(queue, timeout, |queue| queue.slots.is_empty() && !queue.is_woken)
            .unwrap_or_else(PoisonError::into_inner);
        queue.waiting -= 1;
        queue.is_woken = false;
        !queue.slots.is_empty()
    }

    /// Ends the present or the next [`Events::wait`] early.
    pub fn wake(&self) {
        self.shared.queue().is_woken = true;
        self.shared.changed.notify_all();
    }
}

/// A row of the whole feed.
type SourceRow = (SourceId, RowId);

fn key(change: &Change) -> SourceRow {
    (change.source, change.id.clone())
}

/// What waits.
#[derive(Default)]
struct Queue {
    /// Waiting events; a row's change is replaced in place. `None`: a hole.
    slots: VecDeque<Option<FeedEvent>>,
    /// Number of slots that have left the queue: position of the first slot in the whole stream.
    front: u64,
    /// Positions of the changes that came when [`UNCOMBINED`] events waited.
    by_row: HashMap<SourceRow, u64, RandomState>,
    /// Events in `slots` that are no changes.
    others: usize,
    holes: usize,
    combined: u64,
    /// The network thread has ended.
    is_closed: bool,
    /// The next wait ends early.
    is_woken: bool,
    /// Readers that wait.
    waiting: usize,
}

impl Queue {
    fn append(&mut self, burst: &mut Vec<FeedEvent>) {
        for event in burst.drain(..) {
            match event {
                FeedEvent::Change(change) => self.push_change(change),
                other => self.push_other(other),
            }
        }
    }

    fn push_other(&mut self, event: FeedEvent) {
        if self.others >= MAX_OTHERS {
            self.drop_oldest_other();
        }
        self.others += 1;
        self.slots.push_back(Some(event));
    }

    fn push_change(&mut self, change: Change) {
        let is_long = self.slots.len() >= UNCOMBINED;
        if !self.by_row.is_empty() && self.combine(&change) {
            return;
        }
        if is_long {
            let position = self.front + self.slots.len() as u64;
            self.by_row.insert(key(&change), position);
        }
        self.slots.push_back(Some(FeedEvent::Change(change)));
    }

    /// Combines the change with the one of the same row that waits, if there is one.
    fn combine(&mut self, change: &Change) -> bool {
        let waiting = self
            .by_row
            .get(&key(change))
            .and_then(|position| usize::try_from(position - self.front).ok())
            .and_then(|index| self.slots.get_mut(index));
        let Some(slot) = waiting else { return false };
        let Some(FeedEvent::Change(old)) = slot else {
            return false;
        };
        self.combined += 1;
        match combined(old.op, change.op) {
            Some(op) => *old = Change { op, ..change.clone() },
            None => {
                *slot = None;
                self.by_row.remove(&key(change));
                self.record_hole();
            }
        }
        true
    }

    /// Drops a notice or link report rather than a status or sync: the latter say what is true of the rows.
    fn drop_oldest_other(&mut self) {
        let is_minor = |event: &FeedEvent| matches!(event, FeedEvent::Notice(_) | FeedEvent::Link(_));
        let is_other = |event: &FeedEvent| !matches!(event, FeedEvent::Change(_));
        let oldest =
            |wanted: &dyn Fn(&FeedEvent) -> bool| self.slots.iter().position(|slot| slot.as_ref().is_some_and(wanted));
        let index = oldest(&is_minor).or_else(|| oldest(&is_other));
        if let Some(slot) = index.and_then(|index| self.slots.get_mut(index)) {
            *slot = None;
            self.others -= 1;
            self.record_hole();
        }
    }

    /// Counts a hole, and compacts the queue when it consists mostly of them: rows that come and go while the reader
    /// sleeps must not fill the memory.
    fn record_hole(&mut self) {
        self.holes += 1;
        if self.holes <= MAX_HOLES || self.holes <= self.slots.len().saturating_sub(UNCOMBINED) / 2 {
            return;
        }
        self.slots.retain(Option::is_some);
        self.holes = 0;
        for (index, slot) in self.slots.iter().enumerate() {
            if let Some(FeedEvent::Change(change)) = slot
                && let Some(position) = self.by_row.get_mut(&key(change))
            {
                *position = self.front + index as u64;
            }
        }
    }

    fn take(&mut self, most: usize, into: &mut impl Extend<FeedEvent>) {
        if most >= self.slots.len() {
            return self.take_all(into);
        }
        let mut taken = 0;
        while taken < most
            && let Some(slot) = self.slots.pop_front()
        {
            let position = self.front;
            self.front += 1;
            match &slot {
                None => self.holes -= 1,
                Some(FeedEvent::Change(change)) => {
                    if !self.by_row.is_empty() {
                        let key = key(change);
                        if self.by_row.get(&key) == Some(&position) {
                            self.by_row.remove(&key);
                        }
                    }
                }
                Some(_) => self.others -= 1,
            }
            taken += usize::from(slot.is_some());
            into.extend(slot);
        }
    }

    fn take_all(&mut self, into: &mut impl Extend<FeedEvent>) {
        self.front += self.slots.len() as u64;
        into.extend(self.slots.drain(..).flatten());
        self.by_row.clear();
        (self.others, self.holes) = (0, 0);
        // What a long pause of the reader filled is not kept for ever.
        self.slots.shrink_to(UNCOMBINED);
        self.by_row.shrink_to(UNCOMBINED);
    }
}

/// Two changes of one row as one, for a reader that saw neither; `None` when the row came and went.
fn combined(first: Op, second: Op) -> Option<Op> {
    match (first, second) {
        (Op::Insert, Op::Delete) => None,
        (Op::Insert, _) => Some(Op::Insert),
        (Op::Delete, Op::Insert) => Some(Op::Update),
        (_, second) => Some(second),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use model::{Notice, NoticeKind, Record};

    fn change(id: &str, op: Op, value: i64) -> FeedEvent {
        let record = Record::from_json(&format!(r#"{{"v":{value}}}"#)).expect("a row");
        FeedEvent::Change(Change {
            source: SourceId::new(1),
            id: id.into(),
            op,
            record,
            committed_ms: None,
        })
    }

    fn text(event: &FeedEvent) -> String {
        match event {
            FeedEvent::Change(change) => {
                let value = change.record.get("v").expect("v");
                format!("{} {:?} {value}", change.id, change.op)
            }
            other => format!("{other:?}"),
        }
    }

    fn push(outbox: &mut Outbox, event: FeedEvent) {
        outbox.push(event);
        outbox.publish();
    }

    /// Fills the queue up to where changes are combined.
    fn fill(outbox: &mut Outbox) {
        for at in 0..UNCOMBINED {
            outbox.push(change("filler", Op::Update, i64::try_from(at).expect("small")));
        }
        outbox.publish();
    }

    /// Takes one event after the other, and drops the fillers.
    fn drain(events: &Events) -> Vec<FeedEvent> {
        let mut all = Vec::new();
        while !events.is_empty() {
            events.take(1, &mut all).expect("open");
        }
        all.retain(|event| !matches!(event, FeedEvent::Change(change) if change.id.as_str() == "filler"));
        all
    }

    fn texts(events: &Events) -> Vec<String> {
        drain(events).iter().map(text).collect()
    }

    #[test]
    fn a_burst_is_one_batch() {
        let (mut outbox, events) = outbox();
        for value in 0..200 {
            outbox.push(change("a", Op::Update, value));
        }
        assert!(events.is_empty(), "nothing is visible before it is published");
        assert!(!events.wait(Duration::ZERO));
        outbox.publish();
        assert!(events.wait(Duration::ZERO));
        let mut batch = Vec::new();
        events.take(usize::MAX, &mut batch).expect("open");
        assert_eq!(batch.len(), 200);
        assert!(events.is_empty());
    }

    #[test]
    fn what_a_partial_take_leaves_is_not_waited_for() {
        let (mut outbox, events) = outbox();
        for value in 0..3 {
            outbox.push(change("a", Op::Update, value));
        }
        outbox.publish();
        let mut batch = Vec::new();
        events.take(2, &mut batch).expect("open");
        assert_eq!(batch.len(), 2);
        assert!(events.wait(Duration::from_secs(600)));
        events.take(2, &mut batch).expect("open");
        assert_eq!(batch.len(), 3);
    }

    #[test]
    fn a_slow_reader_gets_each_rows_last_state_in_order_of_first_touch() {
        let (mut outbox, events) = outbox();
        fill(&mut outbox);
        for value in 1..=1_000 {
            push(
                &mut outbox,
                change("a", if value == 1 { Op::Insert } else { Op::Update }, value),
            );
            push(&mut outbox, change("b", Op::Update, value));
        }
        push(&mut outbox, change("b", Op::Delete, 7));
        assert_eq!(outbox.combined(), 999 + 1_000);
        assert_eq!(texts(&events), ["a Insert 1000", "b Delete 7"]);
    }

    #[test]
    fn a_row_that_came_and_went_unseen_is_not_reported() {
        let (mut outbox, events) = outbox();
        fill(&mut outbox);
        push(&mut outbox, change("a", Op::Insert, 1));
        push(&mut outbox, change("a", Op::Delete, 1));
        push(&mut outbox, change("b", Op::Delete, 1));
        push(&mut outbox, change("b", Op::Insert, 2));
        assert_eq!(texts(&events), ["b Update 2"]);
    }

    #[test]
    fn changes_are_combined_with_what_waits_while_the_reader_takes_the_front() {
        let (mut outbox, events) = outbox();
        fill(&mut outbox);
        push(&mut outbox, change("a", Op::Insert, 1));
        let mut batch = Vec::new();
        events.take(100, &mut batch).expect("open");
        push(&mut outbox, change("a", Op::Update, 2));
        push(&mut outbox, change("b", Op::Update, 1));
        push(&mut outbox, change("b", Op::Update, 2));
        assert_eq!(texts(&events), ["a Insert 2", "b Update 1", "b Update 2"]);
        push(&mut outbox, change("a", Op::Update, 3));
        assert_eq!(texts(&events), ["a Update 3"]);
    }

    #[test]
    fn while_the_reader_sleeps_no_more_is_kept_than_there_are_rows() {
        const ROWS: usize = 50;
        let (mut outbox, events) = outbox();
        fill(&mut outbox);
        let mut alive = [false; ROWS];
        for step in 0..100_000_usize {
            // Every third change of a row deletes it, the next one inserts it again.
            let row = step * 7 % ROWS;
            let op = match (alive[row], step % 3) {
                (false, _) => Op::Insert,
                (true, 0) => Op::Delete,
                (true, _) => Op::Update,
            };
            alive[row] = op != Op::Delete;
            push(
                &mut outbox,
                change(&row.to_string(), op, i64::try_from(step).expect("small")),
            );
            let queue = outbox.shared.queue();
            assert!(queue.by_row.len() <= ROWS, "{} rows wait", queue.by_row.len());
            let most = UNCOMBINED + 2 * MAX_HOLES + ROWS;
            assert!(queue.slots.len() <= most, "{} slots", queue.slots.len());
        }
        let mut seen = std::collections::BTreeMap::new();
        for event in drain(&events) {
            let FeedEvent::Change(change) = event else { continue };
            seen.insert(change.id.to_string(), change.op != Op::Delete);
        }
        for (row, alive) in alive.iter().enumerate() {
            let seen = seen.get(&row.to_string()).copied().unwrap_or(false);
            assert_eq!(seen, *alive, "row {row}");
        }
        let queue = outbox.shared.queue();
        assert_eq!((queue.by_row.len(), queue.holes, queue.others), (0, 0, 0));
    }

    #[test]
    fn other_events_are_bounded_and_statuses_outlive_notices() {
        let (mut outbox, events) = outbox();
        let notice = |n: usize| {
            FeedEvent::Notice(Notice {
                kind: NoticeKind::Lost,
                text: n.to_string(),
            })
        };
        push(&mut outbox, FeedEvent::Status(Default::default()));
        for n in 0..5_000 {
            push(&mut outbox, notice(n));
        }
        let seen = drain(&events);
        assert_eq!(seen.len(), MAX_OTHERS);
        assert!(
            matches!(seen.first(), Some(FeedEvent::Status(_))),
            "a status was dropped for a notice"
        );
        assert_eq!(seen.last(), Some(&notice(4_999)));
    }

    #[test]
    fn the_end_is_reported_after_the_last_event_and_waits_do_not_spin_then() {
        let (mut outbox, events) = outbox();
        outbox.push(change("a", Op::Insert, 1));
        drop(outbox);
        let mut batch = Vec::new();
        assert_eq!(events.take(usize::MAX, &mut batch), Ok(()));
        assert_eq!(batch.len(), 1);
        assert_eq!(events.take(usize::MAX, &mut batch), Err(Ended));
        let (started, timeout) = (Instant::now(), Duration::from_millis(30));
        // The first wait may end early to report the end.
        assert!(!events.wait(timeout) && !events.wait(timeout));
        assert!(started.elapsed() >= timeout);
    }

    #[test]
    fn a_waiting_reader_is_woken_by_events_and_by_a_wake() {
        const LONG: Duration = Duration::from_secs(600);
        let (mut outbox, events) = outbox();
        let reader = std::thread::spawn({
            let events = events.clone();
            move || events.wait(LONG)
        });
        push(&mut outbox, change("a", Op::Insert, 1));
        assert!(reader.join().expect("no panic"));
        events.take(1, &mut Vec::new()).expect("open");
        events.wake();
        assert!(!events.wait(LONG), "a wake before the wait counts");
    }
}
