//! Tables that complete the rows of sources: live states, assignments, dependencies, names of states.
//!
//! Each of these sorts has one function that adds its companion ([`live`], [`assignments`], [`dependencies`], [`lookup`]).
//! What a companion can do is in `mapping/companion.rs`, how its rows are found in `join/plan.rs`, and how it is written in
//! a settings file in `source_file.rs` and `new_file.rs` of the crate `settings`.

use super::{
    Confidence,
    classify::{self, Class, class_of},
    links::{Keys, Link},
    roles::Chosen,
    states,
    table::{Column, Table},
};
use crate::{
    Kind, SourceMapping,
    mapping::{Companion, Take},
};

/// Whether a table only joins two others: two links and hardly anything else.
pub(super) fn is_join_table(tables: &[Table<'_>], keys: &Keys, classes: &[Option<Class>], at: usize) -> bool {
    let Some(table) = tables.get(at) else {
        return false;
    };
    if states::status_column(table, Kind::Task).is_some_and(|column| !column.is_flag()) {
        return false;
    }
    // A key of several links, and no name: a row says that two others belong together.
    let key = keys.get(at).map(Vec::as_slice).unwrap_or_default();
    let has_name = table
        .columns
        .iter()
        .any(|column| matches!(column.snake.as_str(), "name" | "title" | "slug" | "label"));
    if key.len() >= 2
        && key
            .iter()
            .all(|column| column.ends_with("_id") || column.ends_with("Id"))
        && !has_name
    {
        return true;
    }
    // Nothing but keys: it joins tables, whatever they are.
    let is_key = |column: &Column<'_>| column.snake.ends_with("_id") || column.snake == "id" || column.is_time();
    let ids = table.columns.iter().filter(|column| column.snake.ends_with("_id"));
    if ids.count() >= 2
        && table
            .columns
            .iter()
            .all(|column| is_key(column) || column.snake == "role")
    {
        return true;
    }
    // What was said or done is no assignment.
    if classify::is_other(table.head()) && !matches!(table.head(), "dependency" | "member" | "edge") {
        return false;
    }
    let is_kind = |target: usize| classes.get(target).is_some_and(Option::is_some);
    let found = keys.links(at, |target| target != at && is_kind(target));
    let others = table.columns.iter().enumerate().filter(|(column, of)| {
        let is_link = found.iter().any(|link| link.column == *column);
        !is_link
            && !of.is_time()
            && !of.is_flag()
            && !of.is_number()
            && !matches!(
                of.snake.as_str(),
                "id" | "role" | "position" | "sort_order" | "is_primary"
            )
    });
    found.len() >= 2 && others.clone().count() <= 1 && !others.clone().any(|(_, of)| of.prose > 0)
}

/// The table whose rows a table of live states completes.
pub(super) fn owner_of_live(tables: &[Table<'_>], keys: &Keys, classes: &[Option<Class>], at: usize) -> Option<usize> {
    let table = tables.get(at)?;
    let is_live = ["presence", "heartbeat", "status", "state", "live", "health"]
        .iter()
        .any(|word| table.head() == *word || (table.has_word(word) && table.words.len() <= 3));
    if !is_live {
        return None;
    }
    let is_owner =
        |target: usize| target != at && class_of(classes, target).is_some_and(|class| class.kind != Kind::Workflow);
    let mut found = keys.links(at, is_owner);
    // Agents first: a heartbeat may name its task as well.
    found.sort_by_key(|link| class_of(classes, link.target).map(|class| class.kind));
    found.first().map(|link| link.target)
}

/// The tables that complete the rows of a source.
pub(super) fn add(
    tables: &[Table<'_>],
    keys: &Keys,
    classes: &[Option<Class>],
    joins: &[bool],
    lives: &[Option<usize>],
    at: usize,
    chosen: &mut Chosen,
) {
    let kind = chosen.mapping.kind;
    for (other, table) in tables.iter().enumerate() {
        let to_own = || keys.links(other, |target| target == at);
        if lives.get(other) == Some(&Some(at)) {
            let Some(link) = to_own().into_iter().next() else {
                continue;
            };
            let Some(column) = table.columns.get(link.column) else {
                continue;
            };
            live(table, keys.get(other), &column.name, &link, chosen);
        } else if joins.get(other) == Some(&true) && kind.is_work() {
            let is_agent = |target: usize| class_of(classes, target).is_some_and(|class| class.kind == Kind::Agent);
            let own = to_own();
            let agents = keys.links(other, is_agent);
            if kind == Kind::Task && own.len() >= 2 && agents.is_empty() {
                dependencies(table, keys.get(other), &own, chosen);
            } else if let (Some(own), Some(agent)) = (own.first(), agents.first())
                && let Some(agents) = tables.get(agent.target)
            {
                assignments(table, keys.get(other), (own, agent), agents, chosen);
            }
        }
    }
}

/// A table that joins rows of a source with agents: who works on what.
fn assignments(
    table: &Table<'_>,
    key: Option<&Vec<String>>,
    (own, agent): (&Link, &Link),
    agents: &Table<'_>,
    chosen: &mut Chosen,
) {
    let (Some(ours), Some(theirs)) = (table.columns.get(own.column), table.columns.get(agent.column)) else {
        return;
    };
    let companion = companion(table, key, &ours.name);
    let from = collect(table, companion, &theirs.name, "it says who works on what", chosen);
    chosen.mapping.agent.push(format!("{from} -> {}", agents.name()));
}

/// Takes all values of a column of a companion. Returns the column as links name it.
fn collect(table: &Table<'_>, mut companion: Companion, column: &str, reason: &str, chosen: &mut Chosen) -> String {
    companion.take = Take::All(column.to_owned());
    let written = companion.column(column);
    chosen.note("companions", &table.name(), reason, Confidence::Likely);
    chosen.mapping.companions.push(companion);
    written
}

/// A companion of a table with this key, whose column `theirs` names the row of the source.
fn companion(table: &Table<'_>, key: Option<&Vec<String>>, theirs: &str) -> Companion {
    let mut companion = Companion::new(&table.facts.table, theirs);
    companion.schema.clone_from(&table.facts.schema);
    companion.id = key.cloned().unwrap_or_default();
    companion
}

/// A table that joins rows of a source with each other: what waits for what.
fn dependencies(table: &Table<'_>, key: Option<&Vec<String>>, links: &[Link], chosen: &mut Chosen) {
    let name = |link: &Link| table.columns.get(link.column).map(|column| column.name.clone());
    let is_waited_for = |name: &str| {
        [
            "depend", "block", "requires", "prereq", "parent", "source", "from", "pred",
        ]
        .iter()
        .any(|word| name.contains(word))
    };
    let names: Vec<String> = links.iter().filter_map(name).collect();
    let waited_for = names.iter().find(|name| is_waited_for(name)).or_else(|| names.get(1));
    let Some(waited_for) = waited_for.cloned() else { return };
    let Some(waiting) = names.iter().find(|name| **name != waited_for) else {
        return;
    };
    let companion = companion(table, key, waiting);
    let from = collect(table, companion, &waited_for, "it says what waits for what", chosen);
    let to = chosen.mapping.name();
    chosen.mapping.depends_on.push(format!("{from} -> {to}"));
}

/// A table of the names of states, which a column of the source refers to (`status_id`).
pub(super) fn lookup(tables: &[Table<'_>], keys: &Keys, at: usize, chosen: &mut Chosen) {
    let Some(table) = tables.get(at).filter(|_| chosen.mapping.status.is_empty()) else {
        return;
    };
    let is_of_states = |target: usize| {
        let head = tables.get(target).map(Table::head);
        target != at && matches!(head, Some("status" | "state" | "stage" | "phase" | "column"))
    };
    for link in keys.links(at, is_of_states) {
        let (Some(column), Some(target)) = (table.columns.get(link.column), tables.get(link.target)) else {
            continue;
        };
        let names = ["name", "code", "slug", "key", "label", "title"];
        let name = names
            .iter()
            .find_map(|name| target.column(name))
            .filter(|column| column.is_text());
        let is_state = column
            .words()
            .iter()
            .any(|word| matches!(word.as_str(), "status" | "state" | "stage" | "phase" | "column"));
        let Some(name) = name.filter(|_| is_state) else {
            continue;
        };
        let mut companion = companion(target, keys.get(link.target), &link.target_column);
        companion.ours.clone_from(&column.name);
        let written = companion.column(&name.name);
        chosen.note(
            "status",
            &written,
            format!("{} refers to it", column.name),
            Confidence::Likely,
        );
        chosen.mapping.status.push(written);
        chosen.mapping.companions.push(companion);
        return;
    }
}

/// A table of live states: its columns come before those of the row itself.
fn live(table: &Table<'_>, key: Option<&Vec<String>>, theirs: &str, link: &Link, chosen: &mut Chosen) {
    let kind = chosen.mapping.kind;
    let mut companion = companion(table, key, theirs);
    if !link.is_key {
        companion.ours.clone_from(&link.target_column);
    }
    let latest = [
        "heartbeat_at",
        "last_heartbeat_at",
        "updated_at",
        "created_at",
        "recorded_at",
        "timestamp",
        "at",
    ];
    let is_one_each =
        key.is_some_and(|key| *key == [theirs.to_owned()]) || table.facts.unique.iter().any(|column| column == theirs);
    companion.take = Take::Latest(match is_one_each {
        true => None,
        false => latest
            .iter()
            .find_map(|name| table.column(name))
            .map(|column| column.name.clone()),
    });
    let usual = SourceMapping::of(kind);
    let mut prepend = |role: &str, column: &str| {
        if let Some(columns) = chosen.mapping.columns_mut(role) {
            columns.insert(0, companion.column(column));
        }
    };
    if let Some(column) = states::status_column(table, kind) {
        prepend("status", &column.name);
    }
    for role in [
        "heartbeat",
        "heartbeat_interval",
        "activity",
        "progress",
        "cost",
        "tokens",
        "error",
        "waits_for",
    ] {
        let names = usual.columns(role).cloned().unwrap_or_default();
        let found: Vec<&Column<'_>> = names
            .iter()
            .filter(|name| !name.contains('/'))
            .filter_map(|name| table.column(name))
            .collect();
        for column in found.into_iter().rev() {
            prepend(role, &column.name);
        }
    }
    if kind == Kind::Agent
        && !chosen
            .mapping
            .heartbeat
            .iter()
            .any(|name| name.starts_with(&format!("{}.", table.facts.table)))
    {
        let time = latest
            .iter()
            .find_map(|name| table.column(name))
            .filter(|_| table.has_word("heartbeat"));
        if let Some(column) = time {
            chosen.mapping.heartbeat.insert(0, companion.column(&column.name));
        }
    }
    chosen.note(
        "companions",
        &table.name(),
        "it has the live state of each row",
        Confidence::Likely,
    );
    chosen.mapping.companions.push(companion);
}
