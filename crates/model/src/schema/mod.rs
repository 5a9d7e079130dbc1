//! The SQL of the tables: the script that `opswall schema` prints, and the single statements that `doctor` recommends.
//! It is only text; nothing here connects to a database.

mod broadcast;
mod columns;
mod names;
mod pulse;
mod remedy;
mod script;

pub use broadcast::{BROADCAST_TOPIC, broadcast_script};
pub use columns::{Column, columns};
pub use names::{SchemaError, qualified, quoted, quoted_list};
pub use pulse::{PULSE_COLUMNS, PULSE_JOB, PULSE_KEY, PULSE_SCHEMA, PULSE_TABLE, PulseInterval, pulse_script};
pub use remedy::{
    PUBLICATION, PUBLISH_PARTITIONS, grant, list_partitions, list_primary_key, policy, primary_key, publish,
    publish_after_drop,
};
pub use script::script;
