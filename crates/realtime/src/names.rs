//! What is kept of one frame for the next: column names and lists are the same in nearly all of them.

use super::change::Lists;
use model::{Headers, Record};

/// Column names and column lists, each kept once.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub headers: Headers,
    pub lists: Lists,
}

impl Names {
    /// The same row with shared names.
    pub fn share(&mut self, record: Record) -> Record {
        self.headers.share(record)
    }
}
