//! The states of a row over time.

use model::Status;

/// Since when a row is in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Since {
    /// It got into it then, milliseconds since the Unix epoch.
    At(i64),
    /// It was in it already then, and may have been for longer.
    AtLeast(i64),
    /// It got into it between the two, while nothing was received of it. The first one is exact to a second.
    Between(i64, i64),
}

impl Since {
    /// From when on the state is certain, milliseconds since the Unix epoch.
    pub fn certain_ms(self) -> i64 {
        match self {
            Self::At(ms) | Self::AtLeast(ms) | Self::Between(_, ms) => ms,
        }
    }
}

/// A stretch of time in which a row was in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub since: Since,
    /// Its end, milliseconds since the Unix epoch, which is where the next one begins; `None`: it lasts.
    pub to_ms: Option<i64>,
    /// The state; `None`: the row was not there.
    pub status: Option<Status>,
}

/// A state and its beginning, in 16 bytes: there are many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// From when on it is certain.
    certain_ms: i64,
    /// How many seconds before that it may have begun at the earliest, rounded up.
    doubt_s: u32,
    beginning: Beginning,
    status: Option<Status>,
}

/// What is known of the beginning of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginning {
    Seen,
    Before,
    Between,
}

impl State {
    fn new(since: Since, status: Option<Status>) -> Self {
        let (beginning, doubt_ms) = match since {
            Since::At(_) => (Beginning::Seen, 0),
            Since::AtLeast(_) => (Beginning::Before, 0),
            Since::Between(from_ms, to_ms) => (Beginning::Between, to_ms.saturating_sub(from_ms).max(0)),
        };
        Self {
            certain_ms: since.certain_ms(),
            doubt_s: u32::try_from(doubt_ms.unsigned_abs().div_ceil(1_000)).unwrap_or(u32::MAX),
            beginning,
            status,
        }
    }

    fn since(&self) -> Since {
        match self.beginning {
            Beginning::Seen => Since::At(self.certain_ms),
            Beginning::Before => Since::AtLeast(self.certain_ms),
            Beginning::Between => Since::Between(
                self.certain_ms.saturating_sub(i64::from(self.doubt_s) * 1_000),
                self.certain_ms,
            ),
        }
    }
}

/// The last states of a row, oldest first: no two in a row are the same.
#[derive(Debug, Default)]
pub(crate) struct States(Vec<State>);

impl States {
    pub(crate) const BYTES_EACH: usize = size_of::<State>();

    /// Appends a state. The oldest leaves where there would be more than `most`.
    pub(crate) fn push(&mut self, since: Since, status: Option<Status>, most: usize) {
        if self.0.last().is_some_and(|last| last.status == status) {
            return;
        }
        if self.0.len() >= most {
            self.0.remove(0);
        }
        if self.0.len() == self.0.capacity() {
            // Most rows have few states.
            let more = self.0.len().max(2).min(most.saturating_sub(self.0.len()));
            self.0.reserve_exact(more);
        }
        self.0.push(State::new(since, status));
    }

    /// Since when the row is in its present state; `None`: it is not there.
    pub(crate) fn since(&self) -> Option<Since> {
        let last = self.0.last()?;
        last.status.is_some().then(|| last.since())
    }

    pub(crate) fn status(&self) -> Option<Status> {
        self.0.last()?.status
    }

    /// When the present state is certain from.
    pub(crate) fn last_ms(&self) -> Option<i64> {
        self.0.last().map(|state| state.certain_ms)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        match self.0.capacity() {
            0 => 0,
            capacity => capacity * Self::BYTES_EACH + 16,
        }
    }

    /// The states over time, oldest first.
    pub(crate) fn stretches(&self) -> impl DoubleEndedIterator<Item = Stretch> + ExactSizeIterator {
        self.0.iter().enumerate().map(|(at, state)| Stretch {
            since: state.since(),
            to_ms: self.0.get(at + 1).map(|next| next.certain_ms),
            status: state.status,
        })
    }
}
