//! The rows held, the changes that wait for a snapshot, and how both are merged.

mod diff;
mod fold;
mod table;
mod table_columns;

pub(super) use diff::{Difference, difference};
pub(super) use fold::{Fold, Overflow};
pub(super) use table::{Rows, lay_over};
pub(super) use table_columns::TableColumns;
