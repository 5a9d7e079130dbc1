//! Single statements, each of which fixes one problem.

use super::names::{qualified, quoted};

/// The publication that Realtime reads.
pub const PUBLICATION: &str = "supabase_realtime";

/// Adds a table to the publication.
pub fn publish(schema: &str, table: &str) -> String {
    format!(
        "alter publication {PUBLICATION} add table {};",
        qualified(schema, table)
    )
}

/// Removes a table from the publication and adds it again. It makes the server subscribe again if the table is published
/// but its changes do not arrive.
pub fn publish_after_drop(schema: &str, table: &str) -> String {
    let name = qualified(schema, table);
    format!("alter publication {PUBLICATION} drop table {name};\nalter publication {PUBLICATION} add table {name};")
}

/// Grants a role the right to read a table. Row-level security still applies.
pub fn grant(schema: &str, table: &str, role: &str) -> String {
    format!(
        "grant usage on schema {schema} to {role};\ngrant select on {name} to {role};",
        schema = quoted(schema),
        name = qualified(schema, table),
        role = quoted(role),
    )
}

/// Lets a role see every row of a table that has row-level security.
pub fn policy(schema: &str, table: &str, role: &str) -> String {
    format!(
        "create policy \"opswall reads\" on {} for select to {} using (true);",
        qualified(schema, table),
        quoted(role),
    )
}
