//! An entry as it is read.

use std::fmt;

use model::{
    Kind, Level, NoticeKind, RowKey, SourceId, Status, Trouble,
    format::{counted, grouped},
};

use crate::{
    head::{Head, Tag},
    texts::{self, Columns},
};

/// The number of an entry. It grows from entry to entry and is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub(crate) u64);

/// How a change came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It arrived when it happened. The changes of a table that is read over and over count as such.
    Live,
    /// A snapshot contained it: it happened at some time before.
    Snapshot,
    /// The row is the same and is read in another way: the settings changed.
    Settings,
}

/// Why entries of rows are one entry in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The rows changed while nothing was received.
    Offline,
    /// The rows are read in another way.
    Settings,
}

/// How much an entry matters, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Columns changed that change all the time, or an attempt to connect is made.
    Routine,
    /// News that asks for nothing.
    Info,
    /// A row is blocked or waits for a person, or the connection is in trouble.
    Warning,
    /// A row failed, or something does not work until a person acts.
    Failure,
}

impl Severity {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Routine, Self::Info, Self::Warning, Self::Failure];

    /// That of a row that gets into a state.
    pub(crate) fn of_state(status: Status) -> Self {
        match status.trouble() {
            Some(Trouble::Failed) => Self::Failure,
            Some(Trouble::Blocked | Trouble::Waiting) => Self::Warning,
            None => Self::Info,
        }
    }
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => Self::Info,
            Level::Warn => Self::Warning,
            Level::Error => Self::Failure,
        }
    }
}

/// How many rows one entry stands for. A row that changed twice counts twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowsTogether {
    /// Rows that are new.
    pub appeared: u32,
    /// Rows that changed.
    pub changed: u32,
    /// Rows that are gone.
    pub went: u32,
    /// Of all of them, those that got into the state `failed`.
    pub failed: u32,
}

impl RowsTogether {
    /// Rows in all.
    pub fn rows(self) -> u64 {
        u64::from(self.appeared) + u64::from(self.changed) + u64::from(self.went)
    }

    pub(crate) fn to_texts(self) -> Box<[u8]> {
        [self.appeared, self.changed, self.went, self.failed]
            .into_iter()
            .flat_map(u32::to_le_bytes)
            .collect()
    }

    pub(crate) fn of(texts: &[u8]) -> Self {
        let (numbers, _) = texts.as_chunks();
        let mut numbers = numbers.iter().map(|bytes| u32::from_le_bytes(*bytes));
        let mut next = || numbers.next().unwrap_or(0);
        Self {
            appeared: next(),
            changed: next(),
            went: next(),
            failed: next(),
        }
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub enum What<'j> {
    /// The row is new, in this state.
    Appeared(Status),
    /// Columns of the row, its state, or both changed.
    Changed {
        /// The state before.
        before: Status,
        /// The state after.
        after: Status,
        /// The columns that changed; none where only the reading of the row did.
        columns: Columns<'j>,
    },
    /// The row is gone; the state that it had.
    Went(Status),
    /// Only columns changed that change all the time, [`Entry::times`] times.
    Routine(Columns<'j>),
    /// An attempt to connect, by its number: 0 for the first one.
    Connecting(u32),
    /// A notice.
    Notice(NoticeKind, &'j str),
    /// Changes of rows that are not in the log one by one, but in the histories of the rows.
    Together(Cause, RowsTogether),
}

/// An entry of the journal.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'j> {
    pub(crate) id: u64,
    pub(crate) head: &'j Head,
    pub(crate) key: Option<&'j RowKey>,
}

impl<'j> Entry<'j> {
    /// The number of the entry.
    pub fn id(&self) -> EntryId {
        EntryId(self.id)
    }

    /// When it happened, milliseconds since the Unix epoch; of repeats, the first time.
    pub fn at_ms(&self) -> i64 {
        self.head.first_ms
    }

    /// When it happened for the last time, milliseconds since the Unix epoch.
    pub fn last_ms(&self) -> i64 {
        self.head.last_ms
    }

    /// How many times it happened: more than once for repeats that were folded.
    pub fn times(&self) -> u32 {
        self.head.times
    }

    /// The row that it is about; `None`: it is about the connection, or about many rows.
    pub fn key(&self) -> Option<&'j RowKey> {
        self.key
    }

    /// The kind of the row.
    pub fn kind(&self) -> Option<Kind> {
        self.key.map(|key| key.kind)
    }

    /// The table of the row.
    pub fn source(&self) -> Option<SourceId> {
        self.key.map(|key| key.source)
    }

    /// What the row was called then, at most 80 characters; empty where it is about no row.
    pub fn label(&self) -> &'j str {
        match self.key {
            Some(_) => texts::label(&self.head.texts),
            None => "",
        }
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        match self.head.tag {
            Tag::Together(_) if RowsTogether::of(&self.head.texts).failed > 0 => Severity::Failure,
            _ => self.head.severity(),
        }
    }

    /// How it came about.
    pub fn origin(&self) -> Origin {
        self.head.origin
    }

    /// The state of the row before and after, where it is not the same; `None`: the row was not there.
    pub fn states(&self) -> Option<(Option<Status>, Option<Status>)> {
        let head = self.head;
        head.is_of_state().then_some((head.before, head.after))
    }

    /// How many changes of columns that change all the time came behind it before anything else of the row changed, and
    /// when the last one did.
    pub fn routine(&self) -> Option<(u32, i64)> {
        (self.head.routine > 0).then_some((self.head.routine, self.head.routine_ms))
    }

    /// What happened.
    pub fn what(&self) -> What<'j> {
        let Head {
            tag,
            before,
            after,
            texts,
            ..
        } = self.head;
        match *tag {
            Tag::Appeared => What::Appeared(after.unwrap_or_default()),
            Tag::Changed => What::Changed {
                before: before.unwrap_or_default(),
                after: after.unwrap_or_default(),
                columns: Columns::of(texts),
            },
            Tag::Went => What::Went(before.unwrap_or_default()),
            Tag::Routine => What::Routine(Columns::of(texts)),
            Tag::Connecting => What::Connecting(attempt(texts)),
            Tag::Notice(kind) => What::Notice(kind, texts::label(texts)),
            Tag::Together(cause) => What::Together(cause, RowsTogether::of(texts)),
        }
    }
}

pub(crate) fn attempt(texts: &[u8]) -> u32 {
    texts.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// The entry as one line without its time: `task Invoice: queued → running; agent: null → a-7`.
impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = self.key {
            write!(f, "{} {}: ", key.kind.singular(), self.label())?;
        }
        match self.what() {
            What::Appeared(status) => write!(f, "new, {}", status.word())?,
            What::Went(_) => f.write_str("gone")?,
            What::Connecting(0) => f.write_str("Connecting")?,
            What::Connecting(attempt) => write!(f, "Connecting, attempt {}", grouped(attempt.into()))?,
            What::Notice(_, text) => f.write_str(text)?,
            What::Together(cause, rows) => {
                let counts = counted(rows.rows(), "row", "rows");
                match cause {
                    Cause::Offline => write!(f, "{counts} changed while offline")?,
                    Cause::Settings => write!(f, "{counts} read anew after a change of settings")?,
                }
                if rows.failed > 0 {
                    write!(f, ", {} failed", grouped(rows.failed.into()))?;
                }
            }
            What::Routine(columns) => write_columns(f, "", columns)?,
            What::Changed { before, after, columns } if before == after => write_columns(f, "", columns)?,
            What::Changed { before, after, columns } => {
                write!(f, "{} → {}", before.word(), after.word())?;
                write_columns(f, "; ", columns)?;
            }
        }
        if self.times() > 1 {
            write!(f, " ({} times)", grouped(self.times().into()))?;
        }
        Ok(())
    }
}

fn write_columns(f: &mut fmt::Formatter<'_>, mut before: &str, columns: Columns<'_>) -> fmt::Result {
    let others = columns.others();
    for column in columns {
        write!(f, "{before}{}", column.name)?;
        before = "; ";
        match column.values {
            Some(values) => {
                write!(f, ": {} → {}", values.old.unwrap_or("–"), values.new.unwrap_or("–"))?;
            }
            None => f.write_str(" changed")?,
        }
    }
    if others > 0 {
        write!(f, "; {} more", counted(others.into(), "column", "columns"))?;
    }
    Ok(())
}
