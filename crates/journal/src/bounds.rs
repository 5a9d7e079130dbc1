//! How much a journal keeps.

/// The least number of bytes that a journal needs.
pub const LEAST_BYTES: usize = 256 * 1024;

/// How much a journal keeps. What is oldest is forgotten first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of memory in all; less than [`LEAST_BYTES`] counts as that.
    pub bytes: usize,
    /// Entries of the log, those of single rows that a folded entry stands for included. At least 1.
    pub entries: usize,
    /// States of one row. At least 2.
    pub states: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            bytes: 32 * 1024 * 1024,
            entries: 1_000_000,
            states: 64,
        }
    }
}

impl Bounds {
    /// The bounds that a journal can keep.
    pub(crate) fn possible(self) -> Self {
        Self {
            bytes: self.bytes.max(LEAST_BYTES),
            entries: self.entries.clamp(1, u32::MAX as usize / 2),
            states: self.states.max(2),
        }
    }
}
