//! What the catalogue of the database shows of each table and REST cannot: publication, policies, key, partitions.

use std::io::Write;

use super::{
    check::Check,
    checked::Checked,
    report::Report,
    steps::{Reader, Target},
    tables::{no_key_means, table_name},
};
use ::catalogue::CatalogueTable;
use model::{discover::TableForm, schema};

const NAME: &str = "catalogue";

/// Checks each table, where a database is named.
pub(super) async fn check<W: Write>(report: &mut Report<W>, target: &Target, reader: &Reader, checked: &[Checked]) {
    let tables = match target.database.read(&reader.role).await {
        None => return,
        Some(Err(failure)) => {
            let text = failure.to_string();
            let (found, remedy) = text.rsplit_once("; ").unwrap_or((&text, "correct --database-url"));
            report.add(
                Check::failed(NAME, found)
                    .means("publication, policies and keys cannot be proven")
                    .remedy(remedy),
            );
            return;
        }
        Some(Ok(tables)) => tables,
    };
    for checked in checked {
        let of = &checked.of;
        let check = match tables.iter().find(|table| table.facts.is_of(of)) {
            Some(table) => diagnose(checked, table, &reader.role),
            None => Check::failed(NAME, "there is no such table")
                .means("the wall cannot read it")
                .remedy(format!("correct {}, or create the table", checked.section())),
        };
        report.add(check.of_table(table_name(of)));
    }
}

/// The most serious thing that is wrong with a table.
fn diagnose(checked: &Checked, table: &CatalogueTable, role: &str) -> Check {
    let of = &checked.of;
    let facts = &table.facts;
    let form = facts.form.unwrap_or(TableForm::Table);
    if facts.is_denied {
        return Check::failed(NAME, format!("{role} may not select from it"))
            .means("neither its rows nor the columns of its changes can be read")
            .remedy("grant it")
            .sql(schema::grant(&of.schema, &of.table, role));
    }
    if table.is_hidden {
        return Check::failed(
            NAME,
            format!("row-level security is on, and no policy lets {role} select"),
        )
        .means("it looks empty, and no change arrives")
        .remedy("create a policy")
        .sql(schema::policy(&of.schema, &of.table, role));
    }
    if form == TableForm::View {
        return Check::warning(NAME, "it is a view")
            .means("a view has no changes of its own, so it is read at an interval")
            .remedy("follow the tables behind it, if changes must appear at once");
    }
    if facts.is_published != Some(true) {
        return Check::failed(NAME, format!("it is not in the publication {}", schema::PUBLICATION))
            .means("its changes are not sent, so it is read at an interval")
            .remedy("add it")
            .sql(schema::publish(&of.schema, &of.table));
    }
    if form == (TableForm::Partitioned { via_root: true }) && checked.companion.is_none() {
        return Check::warning(NAME, "it is partitioned, and its changes come under its own name")
            .means("the server does not match them with the table")
            .remedy("let them come under the names of the partitions, and list these with partitions in [[sources]]")
            .sql(schema::PUBLISH_PARTITIONS);
    }
    if form == (TableForm::Partitioned { via_root: false }) && of.partitions.is_empty() && checked.companion.is_none() {
        return Check::warning(NAME, "it is partitioned")
            .means("its changes come under the names of its partitions")
            .remedy(format!(
                "list them in its [[sources]]: partitions = {:?}",
                table.partitions
            ));
    }
    let key = facts.key.clone().unwrap_or_default();
    if key.is_empty() {
        return Check::warning(NAME, "it has no primary key")
            .means(no_key_means())
            .remedy("give it one")
            .sql(schema::primary_key(&of.schema, &of.table, &of.id));
    }
    if key != of.id {
        let (actual, named) = (key.join(", "), of.id.join(", "));
        return Check::warning(NAME, format!("its key is {actual}, and the settings name {named}"))
            .means("rows are told apart by other columns than the database does")
            .remedy(format!("set id in {}", checked.section()));
    }
    if table.replica_identity == "n" {
        let name = schema::qualified(&of.schema, &of.table);
        return Check::warning(NAME, "its replica identity is nothing")
            .means("the database refuses updates and deletes of a published table then")
            .remedy("set it to the primary key")
            .sql(format!("alter table {name} replica identity default;"));
    }
    let identity = match table.replica_identity.as_str() {
        "f" => "full",
        _ => "the key",
    };
    let key = key.join(", ");
    Check::ok(
        NAME,
        format!("published; {role} may read it; key {key}; replica identity: {identity}"),
    )
}
