//! Statements that each fix one problem. They can be run again, and where what they create exists already.

use super::names::{derived, dollar_quoted, literal, qualified, quoted, quoted_list};

/// The publication that Realtime reads.
pub const PUBLICATION: &str = "supabase_realtime";

/// Adds a table to the publication, unless it is in it.
pub fn publish(schema: &str, table: &str) -> String {
    let body = format!("begin\n{}end\n", publish_in_block(schema, table));
    format!("do {};", dollar_quoted(&body))
}

/// The part of a PL/pgSQL block that adds a table to the publication, unless it is in it. A partitioned table is listed
/// in `pg_publication_tables` under the names of its partitions, so that view is not used.
pub(super) fn publish_in_block(schema: &str, table: &str) -> String {
    let name = qualified(schema, table);
    format!(
        "  if not exists (\n    select from pg_catalog.pg_publication p\n    left join pg_catalog.pg_publication_rel r on \
         r.prpubid = p.oid and r.prrelid = {}::regclass\n    where p.pubname = '{PUBLICATION}' and (p.puballtables or \
         r.prrelid is not null)\n  ) then\n    alter publication {PUBLICATION} add table {name};\n  end if;\n",
        literal(&name)
    )
}

/// Removes a table from the publication and adds it again. It makes the server subscribe again if the table is published
/// but its changes do not arrive.
pub fn publish_after_drop(schema: &str, table: &str) -> String {
    let name = qualified(schema, table);
    format!("alter publication {PUBLICATION} drop table {name};\nalter publication {PUBLICATION} add table {name};")
}

/// Lets the changes of partitions come under their own names.
pub const PUBLISH_PARTITIONS: &str = "alter publication supabase_realtime set (publish_via_partition_root = false);";

/// Lists the partitions of a table.
pub fn list_partitions(schema: &str, table: &str) -> String {
    format!(
        "select inhrelid::regclass from pg_catalog.pg_inherits where inhparent = {}::regclass;",
        literal(&qualified(schema, table))
    )
}

/// Lists the columns of a table's primary key, in its order.
pub fn list_primary_key(schema: &str, table: &str) -> String {
    format!(
        "select a.attname from pg_catalog.pg_index i\ncross join lateral unnest(i.indkey) with ordinality as k (attnum, \
         place)\njoin pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum\nwhere i.indisprimary \
         and i.indrelid = {}::regclass order by k.place;",
        literal(&qualified(schema, table))
    )
}

/// Makes these columns the primary key of a table, unless it has one.
pub fn primary_key(schema: &str, table: &str, columns: &[String]) -> String {
    let name = qualified(schema, table);
    let body = format!(
        "begin\n  if not exists (\n    select from pg_catalog.pg_index where indisprimary and indrelid = \
         {}::regclass\n  ) then\n    alter table {name} add primary key ({});\n  end if;\nend\n",
        literal(&name),
        quoted_list(columns),
    );
    format!("do {};", dollar_quoted(&body))
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

/// Lets a role see every row of a table that has row-level security. The policy is the role's own, so that replacing it
/// takes no right from another role.
pub fn policy(schema: &str, table: &str, role: &str) -> String {
    let policy = quoted(&derived("opswall reads as ", role));
    let (table, role) = (qualified(schema, table), quoted(role));
    format!(
        "drop policy if exists {policy} on {table};\ncreate policy {policy} on {table} for select to {role} using (true);"
    )
}
