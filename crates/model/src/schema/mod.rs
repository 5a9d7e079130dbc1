//! The SQL of the tables: the script that `opswall schema` prints, and the single statements that `doctor` recommends.
//! It is only text; nothing here connects to a database.

mod columns;
mod names;
mod remedy;
mod script;

pub use columns::{Column, columns};
pub use names::{SchemaError, qualified, quoted};
pub use remedy::{PUBLICATION, grant, policy, publish, publish_after_drop};
pub use script::script;
