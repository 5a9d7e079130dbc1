//! The channel's entries that a change belongs to: nearly always one.

/// Entries kept of one change; a channel has few.
const MAX_IDS: usize = 64;

/// Different ids, in the order in which they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ids {
    first: Option<i64>,
    more: Vec<i64>,
}

impl Ids {
    pub fn add(&mut self, id: i64) {
        if self.contains(&id) {
            return;
        }
        if self.first.is_none() {
            self.first = Some(id);
        } else if self.more.len() + 1 < MAX_IDS {
            self.more.push(id);
        }
    }

    pub fn contains(&self, id: &i64) -> bool {
        self.first.as_ref() == Some(id) || self.more.contains(id)
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}
