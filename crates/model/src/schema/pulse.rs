//! The pulse: a table of one row in which the database raises a number at a regular interval.

/// The schema of the pulse table.
pub const PULSE_SCHEMA: &str = "public";
/// The pulse table.
pub const PULSE_TABLE: &str = "opswall_pulse";
/// The key of its row.
pub const PULSE_KEY: &str = "id";
/// Its columns beside the key: the number, and when it was raised.
pub const PULSE_COLUMNS: [&str; 2] = ["seq", "at"];
