//! From facts to sources.

use super::{
    Confidence, Evidence, PassedOver, Preset, Proposal, ProposedSource, TableFacts, TableForm, Way,
    classify::{self, Class},
    links::{self, By, Link},
    roles::{self, Chosen},
    table::{Column, Table},
};
use crate::{
    Kind, SourceMapping,
    mapping::{Companion, Take},
    schema,
};

/// Most sources that are proposed.
const MAX_SOURCES: usize = 48;

/// A table that is a source, while its roles are chosen.
struct Source {
    table: usize,
    class: Class,
}

/// Proposes the sources of a project. The tables of a preset that is recognised are read by it.
pub fn propose(facts: &[TableFacts], presets: &[Preset]) -> Proposal {
    let mut proposal = Proposal::default();
    let mut owned: Vec<String> = Vec::new();
    for preset in presets {
        let schema = of_preset(facts, preset, &mut proposal);
        owned.extend(schema.filter(|_| preset.owns_schema));
    }
    let rest: Vec<TableFacts>;
    let facts = if proposal.sources.is_empty() {
        facts
    } else {
        let is_taken = |of: &TableFacts| {
            let mut sources = proposal.sources.iter().map(|source| &source.mapping);
            sources.any(|source| source.schema == of.schema && source.table == of.table)
        };
        // The other tables in the schema of an engine are its own.
        let schemas: Vec<String> = proposal
            .sources
            .iter()
            .map(|source| source.mapping.schema.clone())
            .collect();
        let is_of_engine =
            |of: &TableFacts| (owned.contains(&of.schema) || of.schema != "public") && schemas.contains(&of.schema);
        rest = facts
            .iter()
            .filter(|of| !is_taken(of) && !is_of_engine(of))
            .cloned()
            .collect();
        &rest
    };
    propose_rest(facts, &mut proposal);
    proposal.sources.truncate(MAX_SOURCES);
    proposal
}

/// The sources of a preset, if its engine is recognised: every column that it names is there, in one schema. Returns the
/// schema.
fn of_preset(facts: &[TableFacts], preset: &Preset, proposal: &mut Proposal) -> Option<String> {
    let schemas = facts.iter().map(|of| of.schema.as_str());
    let usual = preset.recognised_by.first().map(|column| column.schema.as_str());
    let mut schemas: Vec<&str> = usual.into_iter().chain(schemas).collect();
    schemas.dedup();
    let has = |schema: &str, wanted: &super::PresetColumn| {
        let of = facts.iter().find(|of| of.schema == schema && of.table == wanted.table);
        // Of an empty table no column may be known.
        of.is_some_and(|of| of.columns.is_empty() || of.columns.iter().any(|column| column.name == wanted.column))
    };
    let is_known = |schema: &str| facts.iter().any(|of| of.schema == schema && !of.columns.is_empty());
    let is_here = |schema: &&str| {
        !preset.recognised_by.is_empty()
            && is_known(schema)
            && preset.recognised_by.iter().all(|wanted| has(schema, wanted))
    };
    let schema = schemas.into_iter().find(is_here)?;
    let renamed = |name: &str| match Some(name) == usual {
        true => schema.to_owned(),
        false => name.to_owned(),
    };
    for source in &preset.sources {
        let mut mapping = source.clone();
        mapping.schema = renamed(&mapping.schema);
        for companion in &mut mapping.companions {
            companion.schema = renamed(&companion.schema);
        }
        let Some(of) = facts
            .iter()
            .find(|of| of.schema == mapping.schema && of.table == mapping.table)
        else {
            continue;
        };
        proposal.sources.push(ProposedSource {
            way: way(of, &mapping),
            confidence: Confidence::Certain,
            reason: format!("the engine {}", preset.name),
            roles: vec![Evidence {
                role: "id",
                column: mapping.id.join(", "),
                reason: format!("the preset {}", preset.name),
                confidence: Confidence::Certain,
            }],
            unknown_words: roles::unknown_words(&Table::of(of), &mapping),
            mapping,
        });
    }
    Some(schema.to_owned())
}

fn propose_rest(facts: &[TableFacts], proposal: &mut Proposal) {
    let tables: Vec<Table<'_>> = facts.iter().map(Table::of).collect();
    let keys: Vec<Vec<String>> = tables.iter().map(links::key).collect();
    let mut classes: Vec<Option<Class>> = tables.iter().map(classify::classify).collect();
    let joins: Vec<bool> = (0..tables.len())
        .map(|at| is_join_table(&tables, &keys, &classes, at))
        .collect();
    for (class, is_join) in classes.iter_mut().zip(&joins) {
        if *is_join {
            *class = None;
        }
    }
    settle(&tables, &keys, &mut classes);
    let lives: Vec<Option<usize>> = (0..tables.len())
        .map(|at| owner_of_live(&tables, &keys, &classes, at))
        .collect();
    for (class, owner) in classes.iter_mut().zip(&lives) {
        if owner.is_some() {
            *class = None;
        }
    }
    let mut sources: Vec<Source> = classes
        .iter()
        .enumerate()
        .filter_map(|(table, class)| {
            Some(Source {
                table,
                class: class.clone()?,
            })
        })
        .collect();
    sources.sort_by_key(|source| {
        (
            source.class.kind,
            std::cmp::Reverse(source.class.confidence),
            source.table,
        )
    });
    for source in &sources {
        let (Some(table), Some(key)) = (tables.get(source.table), keys.get(source.table)) else {
            continue;
        };
        let kind = source.class.kind;
        let kinds: Vec<Option<Kind>> = (0..tables.len())
            .map(|at| {
                sources
                    .iter()
                    .find(|source| source.table == at)
                    .map(|source| source.class.kind)
            })
            .collect();
        let linked = links::links(&tables, &keys, source.table, |target| {
            target != source.table && kinds.get(target).is_some_and(Option::is_some)
        });
        let linked = linked
            .iter()
            .filter_map(|link| Some(table.columns.get(link.column)?.name.clone()));
        let mut chosen = roles::choose(table, kind, key, &linked.collect::<Vec<_>>());
        roles::words(table, &mut chosen);
        lookup(&tables, &keys, source.table, &mut chosen);
        connect(&tables, &keys, &kinds, source.table, &mut chosen);
        companions(&tables, &keys, &classes, &joins, &lives, source.table, &mut chosen);
        let unknown_words = roles::unknown_words(table, &chosen.mapping);
        proposal.sources.push(ProposedSource {
            way: way(table.facts, &chosen.mapping),
            confidence: source.class.confidence,
            reason: source.class.reason.clone(),
            roles: chosen.evidence,
            unknown_words,
            mapping: chosen.mapping,
        });
    }
    for (at, table) in tables.iter().enumerate() {
        if !sources.iter().any(|source| source.table == at) {
            let reason = match (joins.get(at), lives.get(at)) {
                (Some(true), _) => "it joins two other tables",
                (_, Some(Some(_))) => "it completes the rows of another table",
                _ => "neither its name nor its columns are those of agents, tasks, workflows or runs",
            };
            proposal.passed_over.push(PassedOver {
                table: table.name(),
                reason: reason.to_owned(),
            });
        }
    }
}

/// Decides what the names alone left open: what needs links has them or is dropped.
fn settle(tables: &[Table<'_>], keys: &[Vec<String>], classes: &mut [Option<Class>]) {
    let is_named = |classes: &[Option<Class>], at: usize| classes.get(at).is_some_and(Option::is_some);
    // A table named like workflows whose states are those of work, and that no work belongs to, holds executions.
    for at in 0..tables.len() {
        let Some(table) = tables.get(at) else { continue };
        let is_workflow = classes
            .get(at)
            .and_then(Option::as_ref)
            .is_some_and(|class| class.kind == Kind::Workflow);
        if !is_workflow {
            continue;
        }
        let states = classify::states(table);
        let is_referred_to = (0..tables.len()).filter(|other| *other != at).any(|other| {
            let is_work = classes
                .get(other)
                .and_then(Option::as_ref)
                .is_some_and(|class| class.kind != Kind::Workflow);
            is_work
                && links::links(tables, keys, other, |target| target == at)
                    .iter()
                    .any(|link| link.by >= By::Name)
        });
        let has_run = table.has("workflow_id") || table.has("started_at") || table.has("current_step");
        if !is_referred_to
            && states.of_work >= 2
            && has_run
            && let Some(Some(class)) = classes.get_mut(at)
        {
            class.kind = Kind::Run;
            class.reason = "its states are those of executions, and no task belongs to it".to_owned();
        }
    }
    // Sessions are agents where there are no others and work is assigned to them.
    let has_agents = classes.iter().flatten().any(|class| class.kind == Kind::Agent);
    for at in 0..tables.len() {
        let Some(class) = classes
            .get(at)
            .and_then(Option::as_ref)
            .filter(|class| class.needs_links)
        else {
            continue;
        };
        let kind = class.kind;
        let referring: Vec<String> = (0..tables.len())
            .filter(|other| *other != at && is_named(classes, *other))
            .filter(|other| {
                classes
                    .get(*other)
                    .and_then(Option::as_ref)
                    .is_some_and(|class| class.kind != Kind::Workflow || !class.needs_links)
            })
            .flat_map(|other| {
                let found = links::links(tables, keys, other, |target| target == at);
                found
                    .into_iter()
                    .filter_map(move |link| Some(tables.get(other)?.columns.get(link.column)?.snake.clone()))
            })
            .collect();
        let refers = links::links(tables, keys, at, |target| {
            target != at
                && classes
                    .get(target)
                    .and_then(Option::as_ref)
                    .is_some_and(|class| !class.needs_links)
        });
        let is_assigned = |name: &String| {
            ["claimed", "assigned", "assignee", "worker", "agent", "locked", "owner"]
                .iter()
                .any(|word| name.contains(word))
        };
        let decided = match kind {
            Kind::Workflow if !has_agents && referring.iter().any(is_assigned) => Some(Kind::Agent),
            Kind::Workflow => (!referring.is_empty()).then_some(Kind::Workflow),
            kind => (!refers.is_empty() || !referring.is_empty()).then_some(kind),
        };
        if let Some(class) = classes.get_mut(at) {
            match (decided, class.as_mut()) {
                (Some(kind), Some(class)) => {
                    class.kind = kind;
                    class.needs_links = false;
                    class.reason.push_str(match kind {
                        Kind::Workflow => ", and work belongs to it",
                        Kind::Agent => ", and work is assigned to it",
                        Kind::Task | Kind::Run => ", and it is linked to others",
                    });
                }
                _ => *class = None,
            }
        }
    }
    // Of several tables that only group, the one that most work belongs to directly is the workflow.
    prune_containers(tables, keys, classes);
}

/// Names of containers that hold the whole project rather than a part of the work.
const TENANTS: &[&str] = &[
    "workspace",
    "organization",
    "organisation",
    "tenant",
    "account",
    "company",
];
/// Sessions of people, not of work.
const PEOPLE: &[&str] = &["chat", "user", "auth", "login", "browser", "client"];

fn prune_containers(tables: &[Table<'_>], _keys: &[Vec<String>], classes: &mut [Option<Class>]) {
    for (table, class) in tables.iter().zip(classes.iter_mut()) {
        let is_of_people = table.head() == "session" && table.words.iter().any(|word| PEOPLE.contains(&word.as_str()));
        if TENANTS.contains(&table.head()) || is_of_people {
            *class = None;
        }
    }
}

/// Whether a table only joins two others: two links and hardly anything else.
fn is_join_table(tables: &[Table<'_>], keys: &[Vec<String>], classes: &[Option<Class>], at: usize) -> bool {
    let Some(table) = tables.get(at) else {
        return false;
    };
    if roles::status_column(table, Kind::Task).is_some_and(|column| !column.is_flag()) {
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
    let found = links::links(tables, keys, at, |target| target != at && is_kind(target));
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
fn owner_of_live(tables: &[Table<'_>], keys: &[Vec<String>], classes: &[Option<Class>], at: usize) -> Option<usize> {
    let table = tables.get(at)?;
    let is_live = ["presence", "heartbeat", "status", "state", "live", "health"]
        .iter()
        .any(|word| table.head() == *word || (table.has_word(word) && table.words.len() <= 3));
    if !is_live {
        return None;
    }
    let is_owner = |target: usize| {
        target != at
            && classes
                .get(target)
                .and_then(Option::as_ref)
                .is_some_and(|class| class.kind != Kind::Workflow)
    };
    let mut found = links::links(tables, keys, at, is_owner);
    // Agents first: a heartbeat may name its task as well.
    found.sort_by_key(|link| {
        classes
            .get(link.target)
            .and_then(Option::as_ref)
            .map(|class| class.kind)
    });
    found.first().map(|link| link.target)
}

/// The columns that link to the rows of other sources.
fn connect(tables: &[Table<'_>], keys: &[Vec<String>], kinds: &[Option<Kind>], at: usize, chosen: &mut Chosen) {
    let Some(table) = tables.get(at) else { return };
    if table.columns.is_empty() {
        return;
    }
    let own_kind = chosen.mapping.kind;
    let usual = SourceMapping::of(own_kind);
    let found = links::links(tables, keys, at, |target| {
        kinds.get(target).is_some_and(Option::is_some)
    });
    for role in ["agent", "workflow", "run", "depends_on", "parent", "current_task"] {
        if let Some(columns) = chosen.mapping.columns_mut(role) {
            columns.clear();
        }
    }
    let mut ordered: Vec<(usize, &'static str, &Link)> = Vec::new();
    for link in &found {
        let (Some(column), Some(Some(kind))) = (table.columns.get(link.column), kinds.get(link.target)) else {
            continue;
        };
        let Some(role) = role_of(own_kind, *kind, link, at, column) else {
            continue;
        };
        let order = usual
            .columns(role)
            .and_then(|names| names.iter().position(|name| *name == column.snake))
            .unwrap_or(100 + link.column);
        ordered.push((order, role, link));
    }
    ordered.sort_by_key(|(order, ..)| *order);
    for (_, role, link) in ordered {
        let (Some(column), Some(target)) = (table.columns.get(link.column), tables.get(link.target)) else {
            continue;
        };
        let written = match link.is_key {
            true => format!("{} -> {}", column.name, target.name()),
            false => format!("{} -> {}.{}", column.name, target.name(), link.target_column),
        };
        let (reason, confidence) = match link.by {
            By::ForeignKey => ("a foreign key", Confidence::Certain),
            By::Values => ("its values are found there", Confidence::Likely),
            By::Name => ("by its name", Confidence::Likely),
        };
        chosen.note(role, &written, reason, confidence);
        if let Some(columns) = chosen.mapping.columns_mut(role) {
            columns.push(written);
        }
    }
    // Texts that name no row say what an agent is doing.
    if own_kind == Kind::Agent
        && let Some(column) = table.column("current_task")
        && column.prose > 0
        && !chosen.mapping.activity.contains(&column.name)
    {
        chosen.mapping.activity.insert(0, column.name.clone());
    }
}

/// The role of a link; `None`: it says who made or checked the row.
fn role_of(own: Kind, target: Kind, link: &Link, at: usize, column: &Column<'_>) -> Option<&'static str> {
    let words = column.words();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    if has(&[
        "created",
        "creator",
        "updated",
        "approved",
        "approver",
        "reviewed",
        "reviewer",
        "requested",
        "requester",
        "previous",
        "prev",
        "from",
        "last",
        "root",
        "default",
        "manager",
        "rollback",
        "duplicate",
        "original",
        "cloned",
        "superseded",
        "replaced",
        "merged",
        "result",
        "output",
        "supervisor",
        "reporter",
    ]) && !has(&["worker"])
        && !matches!(column.snake.as_str(), "last_worker_id")
    {
        return None;
    }
    let waits = words.iter().any(|word| {
        let starts = ["depend", "abhängig", "block", "prereq", "wait", "require", "upstream"];
        starts.iter().any(|start| word.starts_with(start)) || word == "after"
    });
    match (own, target) {
        (Kind::Agent, Kind::Workflow) => Some("workflow"),
        (Kind::Agent, Kind::Task | Kind::Run) => {
            (has(&["current", "active", "task", "working", "job"])).then_some("current_task")
        }
        (Kind::Agent, Kind::Agent) | (Kind::Workflow, _) => None,
        (Kind::Task | Kind::Run, Kind::Agent) => Some("agent"),
        (Kind::Task | Kind::Run, Kind::Workflow) => Some("workflow"),
        (Kind::Task, Kind::Run) => Some("run"),
        (Kind::Run, Kind::Run) => None,
        (Kind::Task, Kind::Task) if waits => Some("depends_on"),
        (Kind::Task, Kind::Task) if link.target == at && column.lists > 0 => Some("depends_on"),
        (Kind::Task | Kind::Run, Kind::Task) => Some("parent"),
    }
}

/// The tables that complete the rows of a source.
fn companions(
    tables: &[Table<'_>],
    keys: &[Vec<String>],
    classes: &[Option<Class>],
    joins: &[bool],
    lives: &[Option<usize>],
    at: usize,
    chosen: &mut Chosen,
) {
    let kind = chosen.mapping.kind;
    for (other, table) in tables.iter().enumerate() {
        let to_own = || links::links(tables, keys, other, |target| target == at);
        if lives.get(other) == Some(&Some(at)) {
            let Some(link) = to_own().into_iter().next() else {
                continue;
            };
            let Some(column) = table.columns.get(link.column) else {
                continue;
            };
            live(table, keys.get(other), &column.name, &link, chosen);
        } else if joins.get(other) == Some(&true) && kind.is_work() {
            let is_agent = |target: usize| {
                classes
                    .get(target)
                    .and_then(Option::as_ref)
                    .is_some_and(|class| class.kind == Kind::Agent)
            };
            let own = to_own();
            let agents = links::links(tables, keys, other, is_agent);
            if kind == Kind::Task && own.len() >= 2 && agents.is_empty() {
                dependencies(table, keys.get(other), &own, chosen);
                continue;
            }
            let (Some(own), Some(agent)) = (own.first(), agents.first()) else {
                continue;
            };
            let (Some(ours), Some(theirs)) = (table.columns.get(own.column), table.columns.get(agent.column)) else {
                continue;
            };
            let Some(target) = tables.get(agent.target) else {
                continue;
            };
            let mut companion = Companion::new(&table.facts.table, &ours.name);
            companion.schema.clone_from(&table.facts.schema);
            companion.id = keys.get(other).cloned().unwrap_or_default();
            companion.take = Take::All(theirs.name.clone());
            let written = format!("{} -> {}", companion.column(&theirs.name), target.name());
            chosen.note(
                "companions",
                &table.name(),
                "it says who works on what",
                Confidence::Likely,
            );
            chosen.mapping.agent.push(written);
            chosen.mapping.companions.push(companion);
        }
    }
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
    let mut companion = Companion::new(&table.facts.table, waiting);
    companion.schema.clone_from(&table.facts.schema);
    companion.id = key.cloned().unwrap_or_default();
    companion.take = Take::All(waited_for.clone());
    let written = format!("{} -> {}", companion.column(&waited_for), chosen.mapping.name());
    chosen.note(
        "companions",
        &table.name(),
        "it says what waits for what",
        Confidence::Likely,
    );
    chosen.mapping.depends_on.push(written);
    chosen.mapping.companions.push(companion);
}

/// A table of the names of states, which a column of the source refers to (`status_id`).
fn lookup(tables: &[Table<'_>], keys: &[Vec<String>], at: usize, chosen: &mut Chosen) {
    let Some(table) = tables.get(at).filter(|_| chosen.mapping.status.is_empty()) else {
        return;
    };
    let is_of_states = |target: usize| {
        let head = tables.get(target).map(Table::head);
        target != at && matches!(head, Some("status" | "state" | "stage" | "phase" | "column"))
    };
    for link in links::links(tables, keys, at, is_of_states) {
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
        let mut companion = Companion::new(&target.facts.table, &link.target_column);
        companion.schema.clone_from(&target.facts.schema);
        companion.id = keys.get(link.target).cloned().unwrap_or_default();
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
    let mut companion = Companion::new(&table.facts.table, theirs);
    companion.schema.clone_from(&table.facts.schema);
    companion.id = key.cloned().unwrap_or_default();
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
    if let Some(column) = roles::status_column(table, kind) {
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

/// Whether a source can be followed, and what mends it if not.
fn way(facts: &TableFacts, mapping: &SourceMapping) -> Way {
    if let Some(refusal) = &facts.refusal {
        return Way::LeftOut(refusal.clone());
    }
    match facts.form {
        Some(TableForm::View) => return Way::Polled("a view has no changes of its own".to_owned()),
        Some(TableForm::Partitioned { via_root: false }) => {
            return Way::Polled("changes of its partitions come under their own names".to_owned());
        }
        _ => {}
    }
    if facts.key.as_ref().is_some_and(Vec::is_empty) {
        return Way::Polled("it has no primary key".to_owned());
    }
    match facts.is_published {
        Some(false) => Way::Polled(format!(
            "it is not in the publication: {}",
            schema::publish(&mapping.schema, &mapping.table)
        )),
        _ => Way::Followed,
    }
}
