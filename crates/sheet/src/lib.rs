//! Rows as a table: typed values, columns, sorting, export, and what rows have in common. Pure: rows are lent through
//! [`query::Row`], and the time is an argument. See the README for shapes, bounds and figures.

mod column;
mod column_set;
mod common;
mod export;
mod key;
mod sorting;
mod tree;
mod typed;
mod unmasked;

pub use column::{Column, NotAColumn};
pub use column_set::{ColumnSet, MOST_COLUMNS};
pub use common::{Common, Sum};
pub use export::{Exported, csv, json_lines, tsv};
pub use key::SortKey;
pub use sorting::Sorting;
pub use tree::{Line, MOST_LINES, Tree};
pub use typed::Typed;
