//! The simulated organisation is the same for the same seed, in the middle of its work at the start, and bounded for weeks.

use std::collections::{BTreeMap, BTreeSet};

use demo::{Mutation, Options, Row, Simulation, Store, TableId};
use serde_json::Value;
use uuid::Uuid;

const START: i64 = 1_795_417_013_000_000;

fn options(agents: usize, workflows: usize, tasks: usize, seed: u64) -> Options {
    Options {
        agents,
        workflows,
        tasks,
        seed,
        ..Options::default()
    }
}

fn status(table: TableId, row: &Row) -> String {
    row.text(table, "status").expect("a status").to_owned()
}

/// The changes of a transaction as text.
fn as_text(transaction: &[Mutation]) -> String {
    transaction
        .iter()
        .map(|mutation| match mutation {
            Mutation::Insert(table, row) => format!("+{} {}\n", table.name(), row.to_value(*table)),
            Mutation::Update(table, row) => format!("={} {}\n", table.name(), row.to_value(*table)),
            Mutation::Delete(table, id) => format!("-{} {id}\n", table.name()),
            Mutation::Rekey(table, id, _) => panic!("{} {id} keeps its key", table.name()),
        })
        .collect()
}

fn run(options: &Options, steps: i64) -> String {
    let mut simulation = Simulation::new(options, START);
    let rows: String = simulation
        .rows()
        .iter()
        .map(|(table, row)| row.to_value(*table).to_string())
        .collect();
    (0..steps)
        .map(|n| as_text(&simulation.step(START + n * 1_000)))
        .fold(rows, |all, step| all + &step)
}

#[test]
fn the_same_seed_gives_the_same_rows_and_the_same_changes() {
    let all = run(&options(24, 9, 260, 7), 3_000);
    assert!(
        all == run(&options(24, 9, 260, 7), 3_000),
        "two runs of one seed differ"
    );
    assert!(
        all != run(&options(24, 9, 260, 8), 3_000),
        "another seed gives the same"
    );
}

#[test]
fn at_the_start_the_work_is_under_way() {
    let store = Store::new(Simulation::new(&Options::default(), START).rows());
    let mut words: BTreeMap<(TableId, String), usize> = BTreeMap::new();
    for table in TableId::ALL {
        for row in store.table(table).values() {
            *words.entry((table, status(table, row))).or_default() += 1;
        }
    }
    let count = |table, word: &str| words.get(&(table, word.to_owned())).copied().unwrap_or(0);
    assert_eq!(store.table(TableId::Agents).len(), 24);
    assert_eq!(store.table(TableId::Workflows).len(), 9);
    assert!(
        (200..=280).contains(&store.table(TableId::Tasks).len()),
        "{}",
        store.table(TableId::Tasks).len()
    );
    assert!(count(TableId::Tasks, "in_progress") >= 10, "{words:?}");
    for word in [
        "queued",
        "backlog",
        "review",
        "blocked",
        "completed",
        "failed",
        "parked",
    ] {
        assert!(count(TableId::Tasks, word) >= 1, "no task is {word}: {words:?}");
    }
    assert!(count(TableId::Agents, "working") >= 8, "{words:?}");
    let tasks = store
        .table(TableId::Tasks)
        .values()
        .map(|row| row.to_value(TableId::Tasks));
    let (mut waiting, mut parts) = (0, 0);
    for task in tasks {
        waiting += usize::from(task["depends_on"].as_array().is_some_and(|others| !others.is_empty()));
        parts += usize::from(task["parent_task_id"].is_string());
    }
    assert!(
        waiting > 80 && parts > 15,
        "{waiting} wait for others, {parts} are parts of others"
    );
    check_links(&store);
    assert!(count(TableId::Workflows, "running") >= 4, "{words:?}");
}

/// Every reference leads to a row, and no two agents have the same task.
fn check_links(store: &Store) {
    let cell =
        |row: &Row, table: TableId, column: &str| row.to_value(table).get(column).cloned().unwrap_or(Value::Null);
    let ids = |table: TableId| -> BTreeSet<String> { store.table(table).keys().map(ToString::to_string).collect() };
    let (agents, tasks, workflows) = (ids(TableId::Agents), ids(TableId::Tasks), ids(TableId::Workflows));
    let is_in = |ids: &BTreeSet<String>, id: &Value| id.is_null() || id.as_str().is_some_and(|id| ids.contains(id));
    let mut at_hand = BTreeSet::new();
    for (id, row) in store.table(TableId::Agents) {
        let task = cell(row, TableId::Agents, "current_task_id");
        assert!(
            is_in(&tasks, &task),
            "agent {id} has a task that does not exist: {task}"
        );
        if let Some(task) = task.as_str() {
            assert!(at_hand.insert(task.to_owned()), "two agents have task {task} at hand");
        }
    }
    for (id, row) in store.table(TableId::Tasks) {
        assert!(
            is_in(&agents, &cell(row, TableId::Tasks, "agent_id")),
            "task {id} has an agent that does not exist"
        );
        let workflow = cell(row, TableId::Tasks, "workflow_id");
        assert!(
            workflow.is_string() && is_in(&workflows, &workflow),
            "task {id} has no workflow"
        );
        if matches!(status(TableId::Tasks, row).as_str(), "assigned" | "in_progress") {
            assert!(at_hand.contains(&id.to_string()), "nobody has task {id} at hand");
            let waits_for = cell(row, TableId::Tasks, "depends_on");
            for other in waits_for.as_array().into_iter().flatten().filter_map(Value::as_str) {
                let other = Uuid::parse_str(other)
                    .ok()
                    .and_then(|id| store.table(TableId::Tasks).get(&id));
                let met = other.is_none_or(|other| status(TableId::Tasks, other) == "completed");
                assert!(met, "task {id} has begun before what it waits for was done");
            }
        }
    }
}

#[test]
fn the_number_of_rows_stays_bounded_for_weeks_and_every_status_occurs() {
    // Two weeks at the default rate are some 14 million changes. These organisations replace their rows much faster.
    for (agents, workflows, tasks, steps) in [(24, 9, 260, 1_000_000), (3, 2, 12, 200_000), (200, 40, 3_000, 600_000)] {
        let options = options(agents, workflows, tasks, 11);
        let mut simulation = Simulation::new(&options, START);
        let mut store = Store::new(simulation.rows());
        let mut seen: BTreeSet<(TableId, String)> = BTreeSet::new();
        let (mut most, mut least, mut sum, mut changes, mut replaced) = (0, usize::MAX, 0, 0_usize, 0_usize);
        for n in 0..steps {
            for mutation in simulation.step(START + n * 100_000) {
                if let Mutation::Insert(table, row) | Mutation::Update(table, row) = &mutation {
                    seen.insert((*table, status(*table, row)));
                }
                replaced += usize::from(matches!(mutation, Mutation::Insert(TableId::Workflows, _)));
                changes += 1;
                let is_known = store.apply(mutation.clone()).is_some();
                assert!(is_known, "step {n} changes a row that does not exist: {mutation:?}");
            }
            let now = store.table(TableId::Tasks).len();
            (most, least, sum) = (most.max(now), least.min(now), sum + now);
            assert_eq!(store.table(TableId::Agents).len(), agents);
            assert_eq!(store.table(TableId::Workflows).len(), workflows);
            if n % (steps / 10) == 0 {
                check_links(&store);
            }
        }
        let mean = sum / steps as usize;
        println!(
            "{tasks} tasks: {least} to {most}, {mean} on average, after {changes} changes, {replaced} workflows replaced"
        );
        assert!(most <= tasks + 80, "{most} tasks where {tasks} were asked for");
        assert!(replaced > workflows, "workflows come and go");
        if tasks > 100 {
            assert!(least >= tasks / 5, "{least} tasks where {tasks} were asked for");
            assert!(
                mean >= tasks * 4 / 5,
                "{mean} tasks on average where {tasks} were asked for"
            );
            let expected = [
                (TableId::Agents, "idle planning working thinking blocked error offline"),
                (
                    TableId::Tasks,
                    "backlog queued assigned in_progress review waiting_approval blocked parked retrying completed \
                     failed cancelled",
                ),
                (
                    TableId::Workflows,
                    "draft running paused waiting_approval completed failed cancelled archived",
                ),
            ];
            for (table, words) in expected {
                for word in words.split_whitespace() {
                    assert!(
                        seen.contains(&(table, word.to_owned())),
                        "no row of {} was ever {word}",
                        table.name()
                    );
                }
            }
        }
    }
}

#[test]
fn large_and_empty_organisations_can_be_simulated() {
    let begun = std::time::Instant::now();
    let rows = Store::new(Simulation::new(&options(2_000, 500, 100_000, 3), START).rows())
        .table(TableId::Tasks)
        .len();
    println!("{rows} tasks made and stored in {} ms", begun.elapsed().as_millis());
    assert!((90_000..=100_100).contains(&rows), "{rows}");
    for (agents, workflows, tasks) in [(0, 0, 0), (0, 3, 10), (5, 0, 10), (5, 3, 0)] {
        let mut simulation = Simulation::new(&options(agents, workflows, tasks, 3), START);
        for n in 0..2_000 {
            simulation.step(START + n);
        }
    }
}
