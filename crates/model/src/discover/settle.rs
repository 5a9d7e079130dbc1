//! What the names of tables leave open is decided by their states and by what links to them.

use super::{
    classify::{Class, class_of},
    links::{By, Keys, Link},
    states,
    table::Table,
};
use crate::Kind;

/// Decides what the names alone left open: what needs links has them or is dropped.
pub(super) fn settle(tables: &[Table<'_>], keys: &Keys, classes: &mut [Option<Class>]) {
    // A table named like workflows whose states are those of work, and that no work belongs to, holds executions.
    for at in 0..tables.len() {
        let Some(table) = tables.get(at) else { continue };
        let is_workflow = class_of(classes, at).is_some_and(|class| class.kind == Kind::Workflow);
        if !is_workflow {
            continue;
        }
        let states = states::states(table);
        let is_referred_to = (0..tables.len()).filter(|other| *other != at).any(|other| {
            let is_work = class_of(classes, other).is_some_and(|class| class.kind != Kind::Workflow);
            is_work
                && keys
                    .links(other, |target| target == at)
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
    // What is settled settles others: first by tables that are sure, then by those that are likely. What is left is
    // dropped.
    while settle_by(tables, keys, classes, |class| !class.needs_links) {}
    while settle_by(tables, keys, classes, |class| {
        class.kind != Kind::Workflow || !class.needs_links
    }) {}
    for class in classes.iter_mut() {
        if class.as_ref().is_some_and(|class| class.needs_links) {
            *class = None;
        }
    }
    // Of several tables that only group, the one that most work belongs to directly is the workflow.
    prune_containers(tables, classes);
}

/// Settles tables by their links with those that count. Returns whether any was.
fn settle_by(
    tables: &[Table<'_>],
    keys: &Keys,
    classes: &mut [Option<Class>],
    counts: impl Fn(&Class) -> bool,
) -> bool {
    // Sessions are agents where there are no others and work is assigned to them.
    let has_agents = classes
        .iter()
        .flatten()
        .any(|class| class.kind == Kind::Agent && !class.needs_links);
    let mut is_any = false;
    for at in 0..tables.len() {
        let unsettled = class_of(classes, at).filter(|class| class.needs_links);
        let Some(kind) = unsettled.map(|class| class.kind) else {
            continue;
        };
        let is_evidence = |other: usize| other != at && class_of(classes, other).is_some_and(&counts);
        let referring: Vec<String> = (0..tables.len())
            .filter(|other| is_evidence(*other))
            .flat_map(|other| {
                let found = keys.links(other, |target| target == at);
                let name = move |link: Link| Some(tables.get(other)?.columns.get(link.column)?.snake.clone());
                found.into_iter().filter_map(name)
            })
            .collect();
        let is_assigned = |name: &String| {
            ["claimed", "assigned", "assignee", "worker", "agent", "locked", "owner"]
                .iter()
                .any(|word| name.contains(word))
        };
        let refers = || !keys.links(at, is_evidence).is_empty();
        let decided = match kind {
            Kind::Workflow if !has_agents && referring.iter().any(is_assigned) => Some(Kind::Agent),
            Kind::Workflow | Kind::Agent => (!referring.is_empty()).then_some(kind),
            Kind::Task | Kind::Run => (!referring.is_empty() || refers()).then_some(kind),
        };
        if let (Some(kind), Some(Some(class))) = (decided, classes.get_mut(at)) {
            class.kind = kind;
            class.needs_links = false;
            class.reason.push_str(match kind {
                Kind::Workflow => ", and work belongs to it",
                Kind::Agent => ", and work is assigned to it",
                Kind::Task | Kind::Run => ", and it is linked to others",
            });
            is_any = true;
        }
    }
    is_any
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

fn prune_containers(tables: &[Table<'_>], classes: &mut [Option<Class>]) {
    for (table, class) in tables.iter().zip(classes.iter_mut()) {
        let is_of_people = table.head() == "session" && table.words.iter().any(|word| PEOPLE.contains(&word.as_str()));
        if TENANTS.contains(&table.head()) || is_of_people {
            *class = None;
        }
    }
}
