//! The SQL of the tables: what `opswall schema` prints, and the single statements that `doctor` recommends. Text
//! only; nothing here talks to a database.

mod columns;
mod names;
mod remedy;
mod script;

pub use columns::{Column, columns};
pub use names::{SchemaError, qualified, quoted};
pub use remedy::{PUBLICATION, grant, policy, publish, publish_after_drop};
pub use script::script;
