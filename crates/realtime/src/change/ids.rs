//! The channel's entries that a change belongs to: nearly always one.

/// Entries kept of one change; a channel has few.
const MAX_IDS: usize = 64;

/// Different ids, in the order in which they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    first: Option<i64>,
    more: Vec<i64>,
}

impl Ids {
    /// Adds an id, unless it is there or there are too many.
    pub(crate) fn add(&mut self, id: i64) {
        if self.contains(&id) {
            return;
        }
        if self.first.is_none() {
            self.first = Some(id);
        } else if self.more.len() + 1 < MAX_IDS {
            self.more.push(id);
        }
    }

    /// The id is there.
    pub(crate) fn contains(&self, id: &i64) -> bool {
        self.first.as_ref() == Some(id) || self.more.contains(id)
    }

    /// There is no id.
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}
