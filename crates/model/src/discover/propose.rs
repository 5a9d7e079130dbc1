//! From facts to sources.

use super::{
    Confidence, Evidence, PassedOver, Preset, Proposal, ProposedSource, TableFacts, TableForm, Way,
    classify::{self, Class},
    companions,
    links::{By, Keys, Link},
    roles::{self, Chosen},
    settle,
    table::{Column, Table},
    words,
};
use crate::{Kind, SourceMapping, schema};

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
    // Tables without rows show no columns: one column at least has to be seen.
    let is_seen = |schema: &str, wanted: &super::PresetColumn| {
        let mut tables = facts
            .iter()
            .filter(|of| of.schema == schema && of.table == wanted.table);
        tables.any(|of| of.columns.iter().any(|column| column.name == wanted.column))
    };
    let is_here = |schema: &&str| {
        preset.recognised_by.iter().any(|wanted| is_seen(schema, wanted))
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
        let Some(of) = facts.iter().find(|of| of.is_of(&mapping)) else {
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
            unknown_words: words::unknown(&Table::of(of), &mapping),
            mapping,
        });
    }
    Some(schema.to_owned())
}

fn propose_rest(facts: &[TableFacts], proposal: &mut Proposal) {
    let tables: Vec<Table<'_>> = facts.iter().map(Table::of).collect();
    let keys = Keys::of(&tables);
    let mut classes: Vec<Option<Class>> = tables.iter().map(classify::classify).collect();
    let joins: Vec<bool> = (0..tables.len())
        .map(|at| companions::is_join_table(&tables, &keys, &classes, at))
        .collect();
    for (class, is_join) in classes.iter_mut().zip(&joins) {
        if *is_join {
            *class = None;
        }
    }
    settle::settle(&tables, &keys, &mut classes);
    let lives: Vec<Option<usize>> = (0..tables.len())
        .map(|at| companions::owner_of_live(&tables, &keys, &classes, at))
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
        let linked = keys.links(source.table, |target| {
            target != source.table && kinds.get(target).is_some_and(Option::is_some)
        });
        let linked = linked
            .iter()
            .filter_map(|link| Some(table.columns.get(link.column)?.name.clone()));
        let mut chosen = roles::choose(table, kind, key, &linked.collect::<Vec<_>>());
        words::add(table, &mut chosen);
        companions::lookup(&tables, &keys, source.table, &mut chosen);
        connect(&tables, &keys, &kinds, source.table, &mut chosen);
        companions::add(&tables, &keys, &classes, &joins, &lives, source.table, &mut chosen);
        let unknown_words = words::unknown(table, &chosen.mapping);
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

/// The columns that link to the rows of other sources.
fn connect(tables: &[Table<'_>], keys: &Keys, kinds: &[Option<Kind>], at: usize, chosen: &mut Chosen) {
    let Some(table) = tables.get(at) else { return };
    if table.columns.is_empty() {
        return;
    }
    let own_kind = chosen.mapping.kind;
    let usual = SourceMapping::of(own_kind);
    let found = keys.links(at, |target| kinds.get(target).is_some_and(Option::is_some));
    for (role, _) in crate::mapping::LINKS {
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
        "winner",
        "best",
        "latest",
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
        (Kind::Run, Kind::Run) => Some("parent"),
        (Kind::Task, Kind::Task) if waits => Some("depends_on"),
        (Kind::Task, Kind::Task) if link.target == at && column.lists > 0 => Some("depends_on"),
        (Kind::Task | Kind::Run, Kind::Task) => Some("parent"),
    }
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
