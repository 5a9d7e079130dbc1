//! Column names and column lists that are shared between frames: they are the same in nearly all of them.

use super::{change::Lists, source::Source};
use model::{Headers, Record};

/// Column names and column lists, each kept once.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The column headers of rows, shared between rows of one table.
    pub(super) headers: Headers,
    /// The column lists of change frames that were read before.
    pub(super) lists: Lists,
}

impl Names {
    /// The row without the columns that the source does not keep.
    pub(crate) fn reduce(&mut self, record: Record, source: &Source) -> Record {
        if source.columns.is_none() {
            return record;
        }
        self.headers.share(record.only(|column| source.keeps(column)))
    }

    /// The same row with shared names.
    pub(crate) fn share(&mut self, record: Record) -> Record {
        self.headers.share(record)
    }
}
