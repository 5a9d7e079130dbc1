//! An entry as it is stored: a head of fixed size, and its texts in one allocation.

use model::{NoticeKind, Status};

use crate::entry::{Cause, Origin, Severity};

/// The row of an entry that is about none.
pub(crate) const NO_ROW: u32 = u32::MAX;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Appeared,
    Changed,
    Went,
    /// Only columns changed that change all the time.
    Routine,
    Connecting,
    Notice(NoticeKind),
    /// Stands in the log for entries of rows that are not shown there one by one.
    Together(Cause),
}

/// An entry. Links to older entries are distances between ids; 0: there is none. A distance that does not fit is that to
/// an entry that was forgotten long ago.
#[derive(Debug)]
pub(crate) struct Head {
    pub first_ms: i64,
    pub last_ms: i64,
    /// When the last of the folded routine changes came.
    pub routine_ms: i64,
    /// How many equal entries this one stands for.
    pub times: u32,
    /// Routine changes of the row that were folded into this entry.
    pub routine: u32,
    pub row: u32,
    pub older_of_row: u32,
    /// The older entry of the row that changed its state.
    pub older_state: u32,
    pub older_in_log: u32,
    pub tag: Tag,
    pub before: Option<Status>,
    pub after: Option<Status>,
    pub origin: Origin,
    /// It is not in the log: another entry stands for it there.
    pub is_hidden: bool,
    /// A newer entry took its place.
    pub is_replaced: bool,
    /// All its columns are numbers that became other numbers.
    pub is_numeric: bool,
    pub texts: Box<[u8]>,
}

impl Head {
    pub(crate) fn new(at_ms: i64, tag: Tag, texts: Box<[u8]>) -> Self {
        Self {
            first_ms: at_ms,
            last_ms: at_ms,
            routine_ms: at_ms,
            times: 1,
            routine: 0,
            row: NO_ROW,
            older_of_row: 0,
            older_state: 0,
            older_in_log: 0,
            tag,
            before: None,
            after: None,
            origin: Origin::Live,
            is_hidden: false,
            is_replaced: false,
            is_numeric: false,
            texts,
        }
    }

    /// Whether the row was in another state after it than before it. That a row appeared or went counts too.
    pub(crate) fn is_of_state(&self) -> bool {
        self.before != self.after
    }

    pub(crate) fn severity(&self) -> Severity {
        match self.tag {
            Tag::Routine | Tag::Connecting => Severity::Routine,
            Tag::Notice(kind) => kind.level().into(),
            Tag::Together(_) => Severity::Info,
            Tag::Went => Severity::Info,
            Tag::Appeared | Tag::Changed => match self.after {
                Some(after) if self.is_of_state() => Severity::of_state(after),
                _ => Severity::Info,
            },
        }
    }

    /// Bytes of memory of its texts, with what the allocator adds.
    pub(crate) fn text_bytes(&self) -> usize {
        if self.texts.is_empty() {
            0
        } else {
            self.texts.len() + 16
        }
    }
}

/// The link from one entry to an older one; 0: none.
pub(crate) fn distance(from: u64, to: Option<u64>) -> u32 {
    to.and_then(|to| from.checked_sub(to))
        .and_then(|distance| u32::try_from(distance).ok())
        .unwrap_or(0)
}

/// The entry that a link leads to.
pub(crate) fn follow(from: u64, distance: u32) -> Option<u64> {
    (distance > 0).then(|| from.checked_sub(u64::from(distance))).flatten()
}
