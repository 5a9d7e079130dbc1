use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    Kind, SourceMapping,
    mapping::{Companion, Take},
};

const AGENTS: usize = 0;
const TASKS: usize = 1;
const FLOWS: usize = 2;
const PRESENCE: usize = 3;
const ASSIGNED: usize = 4;
const STATUSES: usize = 5;
const FAILED: usize = 6;

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Agents with appended heartbeats, whose last one counts, and with their tasks; tasks with assignees in a table, a name
/// of the status in a table, a table of failed ones, an agent by its name, dependencies by slug, and a workflow that is
/// reached through the agent.
fn mapping() -> Mapping {
    let mut agents = SourceMapping::of(Kind::Agent);
    let mut presence = Companion::new("presence", "agent_id");
    presence.take = Take::Latest(Some("at".into()));
    let mut of_tasks = Companion::new("tasks", "owner");
    of_tasks.take = Take::All("slug".into());
    agents.companions = vec![presence, of_tasks];
    let mut tasks = SourceMapping::of(Kind::Task);
    let mut assigned = Companion::new("assigned", "task_id");
    assigned.take = Take::All("agent_id".into());
    let mut statuses = Companion::new("statuses", "id");
    statuses.ours = "status_id".into();
    let mut failed = Companion::new("failed", "task_id");
    failed.state = Some(crate::Status::Failed);
    failed.take = Take::All("why".into());
    let mut of_agents = Companion::new("agents", "id");
    of_agents.ours = "owner".into();
    tasks.companions = vec![assigned, statuses, failed, of_agents];
    tasks.status = strings(&["statuses.name"]);
    tasks.agent = strings(&["owner_name -> agents.name", "assigned.agent_id"]);
    tasks.depends_on = strings(&["needs -> tasks.slug"]);
    tasks.workflow = strings(&["agents.flow -> workflows.name"]);
    Mapping::new(vec![agents, tasks, SourceMapping::of(Kind::Workflow)])
}

fn change(table: usize, op: Op, row: &Value) -> TableChange {
    TableChange {
        source: SourceId::new(table),
        id: RowId::from(row["id"].as_str().expect("an id")),
        op,
        record: Record::from_json(&row.to_string()).expect("a row"),
        committed_ms: None,
    }
}

/// The rows as they were emitted last.
#[derive(Default)]
struct Seen {
    rows: BTreeMap<RowKey, Record>,
    changes: usize,
}

impl Seen {
    fn take(&mut self, change: Change) {
        self.changes += 1;
        match change.op {
            Op::Delete => self.rows.remove(&change.key),
            Op::Insert | Op::Update => self.rows.insert(change.key, change.record),
        };
    }

    fn row(&self, table: usize, id: &str) -> Value {
        let found = self
            .rows
            .iter()
            .find(|(key, _)| key.source.index() == table && key.id.as_str() == id);
        found.map_or(Value::Null, |(_, record)| serde_json::to_value(record).expect("JSON"))
    }
}

fn feed(joiner: &mut Joiner, seen: &mut Seen, table: usize, op: Op, row: &Value) {
    joiner.apply(change(table, op, row), |change, _| seen.take(change));
}

fn put(joiner: &mut Joiner, seen: &mut Seen, table: usize, row: &Value) {
    feed(joiner, seen, table, Op::Update, row);
}

#[test]
fn changes_pass_as_they_are_where_nothing_is_joined() {
    let mut joiner = Joiner::new(&Mapping::default());
    let row = json!({"id": "t", "agent_id": "a"});
    let mut got = Vec::new();
    joiner.apply(change(TASKS, Op::Insert, &row), |change, own| {
        got.push((change, own.is_none()))
    });
    let [(passed, true)] = got.as_slice() else {
        panic!("{got:?}")
    };
    assert_eq!((passed.key.kind, passed.op), (Kind::Task, Op::Insert));
    assert!(
        joiner.owners.iter().all(HashMap::is_empty) && joiner.held.len() == 0,
        "nothing is kept"
    );
}

#[test]
fn the_latest_row_of_a_companion_counts() {
    let (mapping, seen) = (mapping(), &mut Seen::default());
    let joiner = &mut Joiner::new(&mapping);
    put(
        joiner,
        seen,
        PRESENCE,
        &json!({"id": "1", "agent_id": "a", "at": "2026-01-01T10:00:00Z", "status": "busy"}),
    );
    assert_eq!(seen.changes, 0, "its agent is unknown");
    put(joiner, seen, AGENTS, &json!({"id": "a", "name": "Ada"}));
    assert_eq!(seen.row(AGENTS, "a")["presence.status"], "busy");
    put(
        joiner,
        seen,
        PRESENCE,
        &json!({"id": "2", "agent_id": "a", "at": "2026-01-01T09:00:00Z", "status": "idle"}),
    );
    assert_eq!(
        (seen.row(AGENTS, "a")["presence.status"].clone(), seen.changes),
        (json!("busy"), 1)
    );
    // Ten o'clock in Berlin is nine o'clock in London.
    put(
        joiner,
        seen,
        PRESENCE,
        &json!({"id": "3", "agent_id": "a", "at": "2026-01-01T10:30:00+01:00", "status": "x"}),
    );
    assert_eq!(seen.changes, 1);
    feed(joiner, seen, PRESENCE, Op::Delete, &json!({"id": "1"}));
    assert_eq!(seen.row(AGENTS, "a")["presence.status"], "x");
    put(
        joiner,
        seen,
        PRESENCE,
        &json!({"id": "3", "agent_id": "b", "at": "2026-01-01T10:30:00+01:00", "status": "x"}),
    );
    assert_eq!(
        seen.row(AGENTS, "a")["presence.status"],
        "idle",
        "a row that belongs to another now"
    );
    feed(joiner, seen, PRESENCE, Op::Delete, &json!({"id": "2"}));
    assert_eq!(seen.row(AGENTS, "a"), json!({"id": "a", "name": "Ada"}));
}

#[test]
fn appended_rows_are_kept_up_to_a_bound_and_the_latest_always() {
    let (mapping, seen) = (mapping(), &mut Seen::default());
    let joiner = &mut Joiner::new(&mapping);
    put(joiner, seen, AGENTS, &json!({"id": "a"}));
    for number in 0..1_000 {
        let at = (number * 7) % 1_000;
        put(
            joiner,
            seen,
            PRESENCE,
            &json!({"id": format!("{at}"), "agent_id": "a", "at": 1_700_000_000 + at}),
        );
    }
    assert_eq!(seen.row(AGENTS, "a")["presence.id"], "999");
    assert!(joiner.held.len() < 100, "{}", joiner.held.len());
    for at in (990..1_000).rev() {
        feed(joiner, seen, PRESENCE, Op::Delete, &json!({"id": format!("{at}")}));
    }
    assert_eq!(seen.row(AGENTS, "a")["presence.id"], "989");
}

#[test]
fn lists_lookups_and_members_are_joined_and_read() {
    let (mapping, seen) = (mapping(), &mut Seen::default());
    let joiner = &mut Joiner::new(&mapping);
    put(
        joiner,
        seen,
        TASKS,
        &json!({"id": "t", "slug": "ship", "status_id": 2, "owner": null}),
    );
    put(
        joiner,
        seen,
        ASSIGNED,
        &json!({"id": "1", "task_id": "t", "agent_id": "a"}),
    );
    put(
        joiner,
        seen,
        ASSIGNED,
        &json!({"id": "2", "task_id": "t", "agent_id": "b"}),
    );
    put(
        joiner,
        seen,
        ASSIGNED,
        &json!({"id": "3", "task_id": "u", "agent_id": "c"}),
    );
    put(
        joiner,
        seen,
        STATUSES,
        &json!({"id": "2", "name": "in progress", "colour": "red"}),
    );
    let row = seen.row(TASKS, "t");
    assert_eq!(row["assigned.agent_id"], json!(["a", "b"]));
    assert_eq!(row["statuses.name"], "in progress");
    assert_eq!(row.get("statuses.colour"), None, "of a lookup only what is read");
    let read = |seen: &Seen| {
        let (key, record) = seen.rows.first_key_value().expect("a row");
        let reading = mapping.reading(key, record);
        (reading.state, reading.agent)
    };
    assert_eq!(read(seen), (crate::Status::Running, Some("a".into())));
    put(joiner, seen, STATUSES, &json!({"id": "2", "name": "done"}));
    assert_eq!(read(seen).0, crate::Status::Done);
    put(joiner, seen, FAILED, &json!({"id": "9", "task_id": "t", "why": null}));
    assert_eq!(read(seen).0, crate::Status::Failed);
    feed(joiner, seen, FAILED, Op::Delete, &json!({"id": "9"}));
    feed(joiner, seen, ASSIGNED, Op::Delete, &json!({"id": "1"}));
    assert_eq!(read(seen), (crate::Status::Done, Some("b".into())));
}

#[test]
fn links_by_another_column_follow_the_row_that_they_name() {
    let (mapping, seen) = (mapping(), &mut Seen::default());
    let joiner = &mut Joiner::new(&mapping);
    let reading = |seen: &Seen, id: &str| {
        let (key, record) = seen.rows.iter().find(|(key, _)| key.id.as_str() == id).expect("a row");
        match mapping.read(key, record) {
            crate::Row::Task(task) => (
                task.agents.iter().map(|key| key.id.to_string()).collect::<Vec<_>>(),
                task.depends_on.iter().map(|key| key.id.to_string()).collect::<Vec<_>>(),
                task.workflow.map(|key| key.id.to_string()),
            ),
            other => panic!("{other:?}"),
        }
    };
    put(
        joiner,
        seen,
        TASKS,
        &json!({
            "id": "t", "slug": "ship", "owner": "a", "owner_name": "Ada", "needs": ["build", "test"],
        }),
    );
    assert_eq!(reading(seen, "t"), (vec![], vec![], None));
    put(
        joiner,
        seen,
        AGENTS,
        &json!({"id": "a", "name": "Ada", "flow": "Release"}),
    );
    put(
        joiner,
        seen,
        TASKS,
        &json!({"id": "u", "slug": "test", "needs": "{ship}"}),
    );
    put(joiner, seen, TASKS, &json!({"id": "v", "slug": "build"}));
    put(joiner, seen, FLOWS, &json!({"id": "w", "name": "Release"}));
    let ids = |ids: &[&str]| strings(ids);
    assert_eq!(reading(seen, "t"), (ids(&["a"]), ids(&["v", "u"]), Some("w".into())));
    assert_eq!(reading(seen, "u").1, ids(&["t"]));
    // Names change, rows go and come.
    put(
        joiner,
        seen,
        AGENTS,
        &json!({"id": "a", "name": "Grace", "flow": "Other"}),
    );
    assert_eq!(reading(seen, "t"), (vec![], ids(&["v", "u"]), None));
    put(joiner, seen, AGENTS, &json!({"id": "b", "name": "Ada"}));
    feed(joiner, seen, TASKS, Op::Delete, &json!({"id": "v"}));
    assert_eq!(reading(seen, "t"), (ids(&["b"]), ids(&["u"]), None));
    let before = seen.changes;
    put(joiner, seen, AGENTS, &json!({"id": "b", "name": "Ada", "last_seen": 7}));
    assert_eq!(seen.changes, before + 1, "what no task reads updates no task");
}

#[test]
fn a_row_that_completes_very_many_does_it_in_parts() {
    let (mapping, seen) = (mapping(), &mut Seen::default());
    let joiner = &mut Joiner::new(&mapping);
    for number in 0..10_000 {
        put(
            joiner,
            seen,
            TASKS,
            &json!({"id": format!("t{number}"), "status_id": 1}),
        );
    }
    put(joiner, seen, STATUSES, &json!({"id": "1", "name": "queued"}));
    assert_eq!(seen.changes, 10_000);
    let part = |joiner: &mut Joiner, seen: &mut Seen| joiner.advance(3_000, |change, _| seen.take(change));
    part(joiner, seen);
    assert_eq!((seen.changes, joiner.is_waiting()), (13_000, true));
    // It changes while the pass is under way: everything is updated again.
    put(joiner, seen, STATUSES, &json!({"id": "1", "name": "running"}));
    feed(joiner, seen, TASKS, Op::Delete, &json!({"id": "t5"}));
    let mut parts = 0;
    while joiner.is_waiting() {
        part(joiner, seen);
        parts += 1;
    }
    assert!(parts < 10, "{parts}");
    assert!(seen.rows.values().all(|row| {
        row.get("statuses.name")
            .is_some_and(|name| name.as_str() == Some("running"))
    }));
    assert_eq!(seen.rows.len(), 9_999);
}

#[test]
fn too_many_rows_are_counted_and_the_others_stay_right() {
    let (mapping, seen) = (mapping(), &mut Seen::default());
    let joiner = &mut Joiner::new(&mapping);
    joiner.most = 3;
    for number in 0..5 {
        put(
            joiner,
            seen,
            STATUSES,
            &json!({"id": format!("{number}"), "name": "done"}),
        );
        put(
            joiner,
            seen,
            TASKS,
            &json!({"id": format!("t{number}"), "status_id": number}),
        );
    }
    assert_eq!(seen.rows.len(), 5, "every row is shown");
    assert!(
        joiner
            .take_notice()
            .is_some_and(|notice| notice.text.contains("more than 3 rows"))
    );
    assert_eq!(joiner.take_notice(), None, "once");
    assert_eq!(seen.row(TASKS, "t0")["statuses.name"], "done");
    feed(joiner, seen, TASKS, Op::Delete, &json!({"id": "t4"}));
    assert_eq!(seen.rows.len(), 4);
}

#[test]
fn the_rows_that_complete_one_row_are_named() {
    let mapping = mapping();
    let mut joiner = Joiner::new(&mapping);
    let task = change(
        TASKS,
        Op::Insert,
        &json!({"id": "t", "owner": "a", "status_id": 2, "needs": ["x"]}),
    );
    let key = RowKey::new(Kind::Task, task.source, task.id.clone());
    let named = |joiner: &Joiner| -> Vec<(usize, Vec<String>)> {
        let lookups = joiner.lookups(&key, &task.record).into_iter();
        lookups
            .map(|found| {
                (
                    found.source.index(),
                    found.values.iter().map(ToString::to_string).collect(),
                )
            })
            .collect()
    };
    let first = [
        (ASSIGNED, strings(&["t"])),
        (STATUSES, strings(&["2"])),
        (FAILED, strings(&["t"])),
        (AGENTS, strings(&["a"])),
        (TASKS, strings(&["x"])),
    ];
    assert_eq!(named(&joiner), first);
    joiner.apply(
        change(AGENTS, Op::Insert, &json!({"id": "a", "flow": "Release"})),
        |_, _| {},
    );
    assert!(
        named(&joiner).contains(&(FLOWS, strings(&["Release"]))),
        "what the first ones lead to"
    );
}

/// A row of one of the tables, with few ids and values so that rows meet.
fn any_row() -> impl Strategy<Value = (usize, Value)> {
    let id = |letter: &'static str| (0..4_u8).prop_map(move |number| format!("{letter}{number}"));
    let name = || prop::sample::select(vec![json!("Ada"), json!("Grace"), json!(null), json!(7), json!("")]);
    let slugs = || {
        prop_oneof![
            Just(json!("{s0,s1}")),
            Just(json!(["s1", "s2"])),
            Just(json!("s3")),
            Just(json!(null))
        ]
    };
    let reference = |letter: &'static str| prop_oneof![3 => id(letter).prop_map(Value::from), 1 => Just(json!(null))];
    prop_oneof![
        (id("a"), name(), name()).prop_map(|(id, name, flow)| (AGENTS, json!({"id": id, "name": name, "flow": flow}))),
        (id("t"), reference("a"), name(), slugs(), id("s"), reference("u")).prop_map(
            |(id, owner, by, needs, slug, status)| (
                TASKS,
                json!({"id": id, "owner": owner, "owner_name": by, "needs": needs, "slug": slug, "status_id": status})
            )
        ),
        (id("w"), name()).prop_map(|(id, name)| (FLOWS, json!({"id": id, "name": name}))),
        (id("p"), reference("a"), 0..3_i64)
            .prop_map(|(id, agent, at)| (PRESENCE, json!({"id": id, "agent_id": agent, "at": at, "n": id}))),
        (id("x"), reference("t"), reference("a"))
            .prop_map(|(id, task, agent)| (ASSIGNED, json!({"id": id, "task_id": task, "agent_id": agent}))),
        (id("u"), name()).prop_map(|(id, name)| (STATUSES, json!({"id": id, "name": name}))),
        (id("f"), reference("t")).prop_map(|(id, task)| (FAILED, json!({"id": id, "task_id": task, "why": "x"}))),
    ]
}

/// The joined rows, computed from the tables as they are at the end.
fn joined_at_the_end(tables: &BTreeMap<(usize, String), Value>) -> BTreeMap<(usize, String), Value> {
    let of = |table: usize| {
        tables
            .range((table, String::new())..(table + 1, String::new()))
            .map(|((_, id), row)| (id.clone(), row.clone()))
    };
    let text = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let by_text = |table: usize, column: &str, wanted: &str| {
        of(table).find(|(_, row)| text(&row[column]).as_deref() == Some(wanted))
    };
    let mut joined = BTreeMap::new();
    for table in [AGENTS, TASKS, FLOWS] {
        for (id, own) in of(table) {
            let mut row = own.as_object().expect("a row").clone();
            let is_own = |other: &Value, column: &str| text(&other[column]).as_deref() == Some(&*id);
            if table == AGENTS {
                let presence = of(PRESENCE).filter(|(_, row)| is_own(row, "agent_id"));
                if let Some((_, last)) = presence.max_by_key(|(id, row)| (row["at"].as_i64(), id.clone())) {
                    for (name, value) in last.as_object().expect("a row") {
                        row.insert(format!("presence.{name}"), value.clone());
                    }
                }
                let mut slugs: Vec<Value> = Vec::new();
                for (_, task) in of(TASKS).filter(|(_, task)| is_own(task, "owner")) {
                    if !slugs.contains(&task["slug"]) {
                        slugs.push(task["slug"].clone());
                    }
                }
                if !slugs.is_empty() {
                    row.insert("tasks.slug".into(), slugs.into());
                }
            }
            if table == TASKS {
                let mut agents: Vec<Value> = Vec::new();
                for (_, other) in of(ASSIGNED).filter(|(_, other)| is_own(other, "task_id")) {
                    if !other["agent_id"].is_null() && !agents.contains(&other["agent_id"]) {
                        agents.push(other["agent_id"].clone());
                    }
                }
                if !agents.is_empty() {
                    row.insert("assigned.agent_id".into(), agents.into());
                }
                if let Some((_, status)) = text(&own["status_id"]).and_then(|id| by_text(STATUSES, "id", &id)) {
                    row.insert("statuses.name".into(), status["name"].clone());
                }
                if of(FAILED).any(|(_, other)| is_own(&other, "task_id")) {
                    row.insert("failed.why".into(), json!(["x"]));
                    row.insert("failed.task_id".into(), json!(id));
                }
                let owner = text(&own["owner"]).and_then(|id| by_text(AGENTS, "id", &id));
                if let Some((_, owner)) = owner {
                    row.insert("agents.flow".into(), owner["flow"].clone());
                    let flow = text(&owner["flow"]).and_then(|name| by_text(FLOWS, "name", &name));
                    if let Some((id, _)) = flow {
                        row.insert("agents.flow -> workflows.name".into(), json!(id));
                    }
                }
                let by_name = text(&own["owner_name"]).and_then(|name| by_text(AGENTS, "name", &name));
                if let Some((id, _)) = by_name {
                    row.insert("owner_name -> agents.name".into(), json!(id));
                }
                let (needs, is_list) = match &own["needs"] {
                    Value::Array(items) => (items.iter().filter_map(text).collect(), true),
                    Value::String(text) if text.starts_with('{') => (strings(&["s0", "s1"]), true),
                    Value::String(text) => (vec![text.clone()], false),
                    _ => (Vec::new(), false),
                };
                let found = needs
                    .iter()
                    .filter_map(|slug| by_text(TASKS, "slug", slug))
                    .map(|(id, _)| id);
                let mut found: Vec<String> = found.collect();
                if !found.is_empty() {
                    let value = if is_list { json!(found) } else { json!(found.remove(0)) };
                    row.insert("needs -> tasks.slug".into(), value);
                }
            }
            joined.insert((table, id), Value::Object(row));
        }
    }
    joined
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the order of changes: the rows are those of a join at the end, also in parts, and nothing is kept of rows
    /// that are gone.
    #[test]
    fn rows_end_as_a_join_at_the_end_gives_them(
        steps in prop::collection::vec((any_row(), prop::bool::weighted(0.25)), 0..60),
        parts in 1..5_usize,
    ) {
        let mapping = mapping();
        let (mut joiner, mut seen) = (Joiner::new(&mapping), Seen::default());
        let mut tables: BTreeMap<(usize, String), Value> = BTreeMap::new();
        for ((table, row), is_delete) in steps {
            let at = (table, row["id"].as_str().expect("an id").to_owned());
            let op = match (is_delete, tables.contains_key(&at)) {
                (true, false) => continue,
                (true, true) => Op::Delete,
                (false, true) => Op::Update,
                (false, false) => Op::Insert,
            };
            match op {
                Op::Delete => tables.remove(&at),
                Op::Insert | Op::Update => tables.insert(at, row.clone()),
            };
            feed(&mut joiner, &mut seen, table, op, &row);
            joiner.advance(parts, |change, _| seen.take(change));
        }
        while joiner.is_waiting() {
            joiner.advance(parts, |change, _| seen.take(change));
        }
        let got: BTreeMap<(usize, String), Value> = seen.rows.iter().map(|(key, record)| {
            let row = serde_json::to_value(record).expect("JSON");
            ((key.source.index(), key.id.to_string()), row)
        }).collect();
        prop_assert_eq!(&got, &joined_at_the_end(&tables));
        // The query gives the same row.
        for (key, record) in &seen.rows {
            let own = tables.get(&(key.source.index(), key.id.to_string())).expect("a row");
            let own = Record::from_json(&own.to_string()).expect("a row");
            prop_assert_eq!(&joiner.joined(key, &own), record);
        }
        let rows: Vec<((usize, String), Value)> = tables.into_iter().collect();
        for ((table, _), row) in &rows {
            feed(&mut joiner, &mut seen, *table, Op::Delete, row);
        }
        prop_assert!(seen.rows.is_empty() && joiner.held.len() == 0 && joiner.owner_count == 0);
        prop_assert!(joiner.owners.iter().all(HashMap::is_empty));
        prop_assert!(joiner.watchers.iter().flatten().all(HashMap::is_empty));
    }
}
