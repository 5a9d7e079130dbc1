//! What happened: the history of each row, and the event log. See the README for its bounds and its guarantees.

mod bounds;
mod entry;
mod head;
mod journal;
mod ring;
mod rows;
mod rules;
mod states;
mod texts;
mod value;

pub use bounds::{Bounds, LEAST_BYTES};
pub use entry::{Cause, Entry, EntryId, Origin, RowsTogether, Severity, What};
pub use journal::{Counts, Journal, Seen};
pub use rules::{Rules, is_routine};
pub use states::{Since, Stretch};
pub use texts::{ChangedColumn, Columns, Values};
