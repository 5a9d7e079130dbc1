//! Single statements that mend one thing each.

use super::names::{qualified, quoted};

/// The publication that Realtime follows.
pub const PUBLICATION: &str = "supabase_realtime";

/// Puts a table into the publication.
pub fn publish(schema: &str, table: &str) -> String {
    format!(
        "alter publication {PUBLICATION} add table {};",
        qualified(schema, table)
    )
}

/// Makes the server subscribe anew where the table is published already and yet nothing comes.
pub fn publish_after_drop(schema: &str, table: &str) -> String {
    let name = qualified(schema, table);
    format!("alter publication {PUBLICATION} drop table {name};\nalter publication {PUBLICATION} add table {name};")
}

/// Lets a role read a table, row-level security aside.
pub fn grant(schema: &str, table: &str, role: &str) -> String {
    format!(
        "grant usage on schema {schema} to {role};\ngrant select on {name} to {role};",
        schema = quoted(schema),
        name = qualified(schema, table),
        role = quoted(role),
    )
}

/// Lets a role see every row of a table under row-level security.
pub fn policy(schema: &str, table: &str, role: &str) -> String {
    format!(
        "create policy \"opswall reads\" on {} for select to {} using (true);",
        qualified(schema, table),
        quoted(role),
    )
}
