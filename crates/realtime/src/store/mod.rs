//! The rows held, the changes that wait for a snapshot, and how both are merged.

mod diff;
mod fold;
mod shape;
mod table;

pub(super) use diff::{Difference, difference};
pub(super) use fold::{Fold, Overflow};
pub(super) use shape::Shape;
pub(super) use table::{Rows, lay_over};
