//! The journal: what is appended, what is folded, what is forgotten.

mod append;
mod forget;
mod notes;
mod read;

use std::fmt;

use model::{Record, RowKey, SourceId, Status};

use crate::{
    bounds::Bounds,
    entry::{Cause, Origin, RowsTogether, Severity},
    ring::Ring,
    rows::Rows,
    rules::Rules,
    texts::Writer,
};

/// Repeats of an entry of a row are folded into it for this long. What follows then is an entry of its own, so that an entry
/// far down in the log has not changed lately.
const FOLD_MS: i64 = 300_000;
/// Readings after a change of settings are one entry of the log while they follow each other within this time.
const SETTINGS_MS: i64 = 10_000;
/// Sources that are told apart in what is known of them; those beyond count as one.
const SOURCES: usize = 256;
/// Kinds of rows.
const KINDS: usize = model::Kind::ALL.len();

/// A row as it is seen at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'r> {
    /// Its columns.
    pub record: &'r Record,
    /// What it is called.
    pub label: &'r str,
    /// Its state.
    pub status: Status,
}

/// How many times something happened, by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u64; Severity::ALL.len()]);

impl Counts {
    /// How many times something of this severity happened.
    pub fn of(self, severity: Severity) -> u64 {
        self.0.get(severity as usize).copied().unwrap_or(0)
    }

    /// How many times something happened, what is routine aside.
    pub fn news(self) -> u64 {
        [Severity::Info, Severity::Warning, Severity::Failure]
            .into_iter()
            .map(|severity| self.of(severity))
            .sum()
    }

    fn add(&mut self, severity: Severity) {
        if let Some(count) = self.0.get_mut(severity as usize) {
            *count += 1;
        }
    }

    fn since(self, mark: Self) -> Self {
        let mut counts = self;
        for (count, before) in counts.0.iter_mut().zip(mark.0) {
            *count = count.saturating_sub(before);
        }
        counts
    }
}

/// What is known of a source.
#[derive(Debug, Clone, Copy, Default)]
struct Source {
    /// Rows of it were seen.
    is_seen: bool,
    /// Its first snapshot is merged: what appears now is new.
    is_known: bool,
    /// No change of state before this is kept of the rows that nothing is kept of.
    horizon_ms: Option<i64>,
}

/// The entry of the log that stands for changes of many rows.
#[derive(Debug, Clone, Copy)]
struct Group {
    id: u64,
    cause: Cause,
    rows: RowsTogether,
    first_ms: i64,
    last_ms: i64,
}

/// The entries that a notice may repeat.
#[derive(Debug, Clone, Copy, Default)]
struct Repeatable {
    connecting: u64,
    retrying: u64,
    other: u64,
}

/// What a reader has seen.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    /// The first entry that it has not seen.
    next: u64,
    at_ms: i64,
    counts: Counts,
}

/// The history of each row and the event log, in bounded memory.
///
/// All times are milliseconds since the Unix epoch. A time before the last one that was given is taken as that one, so that
/// entries and states are in order even where the clock is set back.
pub struct Journal {
    bounds: Bounds,
    rules: Rules,
    writer: Writer,
    ring: Ring,
    rows: Rows,
    sources: Box<[Source]>,
    began_ms: i64,
    now_ms: i64,
    /// Since when nothing is received.
    outage_ms: Option<i64>,
    group: Option<Group>,
    repeatable: Repeatable,
    /// The newest entry of the log.
    newest: u64,
    /// For each kind the entry of the row that failed last, and its number.
    failed: [(u64, u32); KINDS],
    counts: Counts,
    mark: Mark,
    forgotten: u64,
}

impl Journal {
    /// An empty journal. `at_ms`: when it begins.
    pub fn new(bounds: Bounds, rules: Rules, at_ms: i64) -> Self {
        Self {
            bounds: bounds.possible(),
            rules,
            writer: Writer::default(),
            ring: Ring::default(),
            rows: Rows::default(),
            sources: vec![Source::default(); SOURCES].into(),
            began_ms: at_ms,
            now_ms: at_ms,
            outage_ms: None,
            group: None,
            repeatable: Repeatable::default(),
            newest: 0,
            failed: [(0, 0); KINDS],
            counts: Counts::default(),
            mark: Mark {
                next: 1,
                at_ms,
                counts: Counts::default(),
            },
            forgotten: 0,
        }
    }

    /// Notes what became of a row: it appeared (`before` is absent), changed, or went (`after` is absent). Nothing is noted
    /// where both are the same, nor of the rows that the first snapshot of a source has.
    pub fn row(&mut self, at_ms: i64, origin: Origin, key: &RowKey, before: Option<Seen<'_>>, after: Option<Seen<'_>>) {
        let at_ms = self.advance(at_ms);
        let source = self.source_mut(key.source);
        source.is_seen = true;
        match (before, after) {
            (None, None) => {}
            (None, Some(_)) if origin == Origin::Snapshot && !source.is_known => source.horizon_ms = Some(at_ms),
            (None, Some(after)) => self.appeared(at_ms, origin, key, after),
            (Some(before), Some(after)) => self.changed(at_ms, origin, key, before, after),
            (Some(before), None) => self.went(at_ms, origin, key, before),
        }
    }

    /// Notes that a snapshot is merged: the outage is over, and sources whose rows were seen are known.
    pub fn synced(&mut self, at_ms: i64) {
        self.advance(at_ms);
        self.outage_ms = None;
        self.group = None;
        for source in &mut self.sources {
            source.is_known |= source.is_seen;
        }
    }

    /// Treats columns in another way from now on. Values of columns that are secret now are removed from what is kept, and
    /// so are values that may have one inside.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
        self.mask();
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.sources.len() * size_of::<Source>()
            + self.ring.bytes()
            + self.rows.bytes()
            + self.rules.bytes()
            + self.writer.bytes()
    }

    /// Entries that are kept, those of single rows that a folded entry stands for included.
    pub fn entries(&self) -> usize {
        self.ring.len()
    }

    /// Rows that something is kept of.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Entries that were forgotten since the journal began.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How much it keeps.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The time of what comes now.
    fn advance(&mut self, at_ms: i64) -> i64 {
        self.now_ms = self.now_ms.max(at_ms);
        self.now_ms
    }

    #[expect(clippy::indexing_slicing, reason = "the position is below the number of places")]
    fn source_mut(&mut self, source: SourceId) -> &mut Source {
        &mut self.sources[source.index().min(SOURCES - 1)]
    }

    /// Since when at least a row is in its state that nothing is kept of.
    fn horizon_ms(&self, source: SourceId) -> i64 {
        let source = self.sources.get(source.index().min(SOURCES - 1));
        source.and_then(|source| source.horizon_ms).unwrap_or(self.began_ms)
    }
}

// Columns of rows are in no text for developers.
impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("bounds", &self.bounds)
            .field("bytes", &self.bytes())
            .field("entries", &self.entries())
            .field("rows", &self.rows())
            .field("forgotten", &self.forgotten)
            .finish_non_exhaustive()
    }
}
