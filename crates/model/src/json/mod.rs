//! JSON read in place: validation, and access to the values inside a text without building a tree.

mod scan;
mod tree;
mod view;

pub use scan::{Quoted, Scan};
pub use view::{Cell, List, Object};
