//! JSON as text: where a value ends, whether it is valid, and what is in it, without building a tree first.

mod scan;
mod tree;
mod view;

pub use scan::{Quoted, Scan};
pub use view::{Cell, List, Object};
