//! How well public schemas are read without any settings: each fixture of `tests/fixtures` is loaded into a real
//! PostgreSQL, its sources are discovered, and every row is compared with the hand-written truth.
//!
//! `cargo test -p settings --test score -- --nocapture` prints the score of every fixture.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod database;
#[path = "../../../../tests/support/postgres.rs"]
mod postgres;
mod truth;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use model::{
    Heartbeats, Joiner, Kind, Mapping, Op, Record, Row, RowId, RowKey, SourceId, Status, TableChange,
    discover::{self, TableFacts, Way},
};
use truth::Line;

/// What came out for one fixture.
#[derive(Debug, Default, Clone)]
struct Score {
    kinds_found: usize,
    kinds: usize,
    sources_found: usize,
    sources: usize,
    false_sources: usize,
    rows_shown: usize,
    rows: usize,
    false_rows: usize,
    kinds_right: usize,
    labels_right: usize,
    states_right: usize,
    /// Failed, or waiting for a person, and shown as neither.
    calm: usize,
    /// A person is asked for although none is needed.
    false_requests: usize,
    missed_requests: usize,
    links_right: usize,
    links: usize,
    false_links: usize,
}

impl Score {
    fn add(&mut self, other: &Self) {
        self.kinds_found += other.kinds_found;
        self.kinds += other.kinds;
        self.sources_found += other.sources_found;
        self.sources += other.sources;
        self.false_sources += other.false_sources;
        self.rows_shown += other.rows_shown;
        self.rows += other.rows;
        self.false_rows += other.false_rows;
        self.kinds_right += other.kinds_right;
        self.labels_right += other.labels_right;
        self.states_right += other.states_right;
        self.calm += other.calm;
        self.false_requests += other.false_requests;
        self.missed_requests += other.missed_requests;
        self.links_right += other.links_right;
        self.links += other.links;
        self.false_links += other.false_links;
    }

    fn line(&self, name: &str) -> String {
        let share = |part: usize, whole: usize| match whole {
            0 => "    –".to_owned(),
            _ => format!("{:4.0} %", 100.0 * part as f64 / whole as f64),
        };
        format!(
            "{name:<22} kinds {}/{} sources {:>2}/{:>2} +{} rows {:>4}/{:>4} +{:<2} kind {} label {} state {} links {} +{} calm {} \
             requests +{} -{}",
            self.kinds_found,
            self.kinds,
            self.sources_found,
            self.sources,
            self.false_sources,
            self.rows_shown,
            self.rows,
            self.false_rows,
            share(self.kinds_right, self.rows_shown),
            share(self.labels_right, self.rows_shown),
            share(self.states_right, self.rows_shown),
            share(self.links_right, self.links),
            self.false_links,
            self.calm,
            self.false_requests,
            self.missed_requests,
        )
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

/// A fixture: its name, its script, its truth.
fn fixtures() -> Vec<(String, String, Vec<Line>)> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut fixtures: Vec<_> = fs::read_dir(folder())
        .expect("the fixtures")
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "sql"))
        .map(|entry| {
            let name = entry.path().file_stem().expect("a name").to_string_lossy().into_owned();
            let script = fs::read_to_string(entry.path()).expect("a script");
            let truth = fs::read_to_string(entry.path().with_extension("tsv")).expect("a truth");
            (name, script, truth::parse(&truth))
        })
        .filter(|(name, ..)| only.is_empty() || only.split(',').any(|only| only == name))
        .collect();
    fixtures.sort_by(|a, b| a.0.cmp(&b.0));
    fixtures
}

/// A row as it is shown.
struct Shown {
    kind: Kind,
    label: String,
    state: Status,
    needs_person: bool,
    /// `role:table/id`
    links: Vec<String>,
    why: String,
}

/// The rows of all followed tables, joined as on the wall.
fn joined(mapping: &Mapping, facts: &[TableFacts]) -> BTreeMap<RowKey, Record> {
    let mut joiner = Joiner::new(mapping);
    let mut rows = BTreeMap::new();
    for (at, source) in settings::sources(mapping).iter().enumerate() {
        let is_of = |of: &&TableFacts| of.schema == source.schema && of.table == source.table;
        let records = facts
            .iter()
            .find(is_of)
            .map(|of| of.rows.as_slice())
            .unwrap_or_default();
        for record in records {
            let Some(id) = RowId::of_key(&source.key, |column| record.get(column)) else {
                continue;
            };
            let change = TableChange {
                source: SourceId::new(at),
                id,
                op: Op::Insert,
                record: record.clone(),
                committed_ms: None,
            };
            joiner.apply(change, |change, _| {
                rows.insert(change.key, change.record);
            });
        }
    }
    while joiner.is_waiting() {
        joiner.advance(1_000, |change, _| {
            rows.insert(change.key, change.record);
        });
    }
    rows
}

fn read(mapping: &Mapping, facts: &[TableFacts]) -> BTreeMap<(String, String), Shown> {
    let mut shown = BTreeMap::new();
    let name = |key: &RowKey| {
        let table = mapping
            .source(key.source)
            .map(|source| source.name())
            .unwrap_or_default();
        format!("{table}/{}", key.id)
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_millis();
    let now = i64::try_from(now).expect("a time");
    let rows = joined(mapping, facts);
    let mut heartbeats = Heartbeats::default();
    for (key, record) in &rows {
        if let Some(beat) = mapping.beat(key.source, record) {
            heartbeats.note(key, &beat, now);
        }
    }
    for (key, record) in &rows {
        let id = key.source;
        let Some(source) = mapping.source(id) else { continue };
        if mapping.is_removed(id, record) {
            continue;
        }
        let mut reading = mapping.reading(key, record);
        let mut explanation = mapping.explain(id, record);
        if let Some(silence) = heartbeats.silence(mapping, id, record, now) {
            reading.set_silent();
            explanation.apply(&silence);
        }
        let mut links = Vec::new();
        let mut link = |role: &str, target: Option<&RowKey>| {
            links.extend(target.map(|target| format!("{role}:{}", name(target))));
        };
        match mapping.read(key, record) {
            Row::Agent(row) => {
                link("workflow", row.workflow.as_ref());
                link("task", row.current_task.as_ref());
            }
            Row::Task(row) => {
                row.agents.iter().for_each(|agent| link("agent", Some(agent)));
                link("workflow", row.workflow.as_ref());
                link("run", row.run.as_ref());
                let is_execution =
                    source.kind == Kind::Run && row.parent.as_ref().is_some_and(|to| to.kind == Kind::Task);
                link(if is_execution { "task" } else { "parent" }, row.parent.as_ref());
                row.depends_on.iter().for_each(|other| link("depends", Some(other)));
            }
            Row::Workflow(_) => {}
        }
        shown.insert(
            (source.name(), key.id.to_string()),
            Shown {
                kind: source.kind,
                label: reading.label,
                state: reading.state,
                needs_person: reading.needs_person,
                links,
                why: explanation.sentence(),
            },
        );
    }
    shown
}

fn score(name: &str, facts: &[TableFacts], truth: &[Line], is_loud: bool) -> Score {
    let proposal = discover::propose(facts, settings::presets());
    let shown = proposal
        .sources
        .iter()
        .filter(|source| !matches!(source.way, Way::LeftOut(_)));
    let mapping = Mapping::new(shown.map(|source| source.mapping.clone()).collect());
    let shown = read(&mapping, facts);
    if is_loud && std::env::var_os("SOURCES").is_some() {
        for source in &proposal.sources {
            println!(
                "    {name}: {:?} {:?}",
                source.mapping.name(),
                source.mapping.companions
            );
            for role in &source.roles {
                println!("        {} = {} ({})", role.role, role.column, role.reason);
            }
        }
    }
    let mut score = Score::default();
    let wanted: BTreeMap<&str, Kind> = truth.iter().map(|line| (line.table.as_str(), line.kind)).collect();
    let mut kinds: Vec<Kind> = wanted.values().copied().collect();
    kinds.sort();
    kinds.dedup();
    score.kinds = kinds.len();
    score.kinds_found = kinds.iter().filter(|kind| mapping.follows(**kind)).count();
    score.sources = wanted.len();
    let found: Vec<String> = mapping.sources().iter().map(model::SourceMapping::name).collect();
    score.sources_found = found.iter().filter(|name| wanted.contains_key(name.as_str())).count();
    score.false_sources = found.len() - score.sources_found;
    let report = |text: String| {
        if is_loud {
            println!("    {name}: {text}");
        }
    };
    for (table, kind) in &wanted {
        if !found.iter().any(|name| name == table) {
            report(format!("{table} ({}) is not found", kind.plural()));
        }
    }
    for source in mapping.sources() {
        if !wanted.contains_key(source.name().as_str()) {
            report(format!("{} ({}) is no source", source.name(), source.kind.plural()));
        }
    }
    score.rows = truth.len();
    for line in truth {
        score.links += line.links.len();
        let Some(row) = shown.get(&(line.table.clone(), line.id.clone())) else {
            if found.contains(&line.table) {
                report(format!("{} {} is not shown", line.table, line.id));
            }
            continue;
        };
        score.rows_shown += 1;
        if row.kind == line.kind {
            score.kinds_right += 1;
        }
        // A row without a name is called by the beginning of its key.
        let is_key = line.label == line.id && line.id.starts_with(&row.label);
        if row.label == line.label || is_key {
            score.labels_right += 1;
        } else {
            report(format!(
                "{} {} is called {:?}, not {:?}",
                line.table, line.id, row.label, line.label
            ));
        }
        if row.state == line.state {
            score.states_right += 1;
        } else {
            report(format!(
                "{} {} is {}; not: {}",
                line.table,
                line.id,
                line.state.word(),
                row.why
            ));
        }
        let is_calm = !matches!(
            row.state,
            Status::Failed | Status::Blocked | Status::Waiting | Status::Unmapped
        );
        if (line.state == Status::Failed && is_calm) || (line.needs_person && !row.needs_person && is_calm) {
            score.calm += 1;
            report(format!("{} {} is calm", line.table, line.id));
        }
        if row.needs_person && !line.needs_person {
            score.false_requests += 1;
            report(format!("{} {} asks for a person: {}", line.table, line.id, row.why));
        }
        if line.needs_person && !row.needs_person {
            score.missed_requests += 1;
            report(format!("{} {} asks for nobody: {}", line.table, line.id, row.why));
        }
        for link in &line.links {
            if row.links.contains(link) {
                score.links_right += 1;
            } else {
                report(format!(
                    "{} {} lacks {link}: {}",
                    line.table,
                    line.id,
                    row.links.join(", ")
                ));
            }
        }
        for link in &row.links {
            let (_, target) = link.split_once(':').unwrap_or_default();
            let is_shown = target
                .split_once('/')
                .is_some_and(|(table, id)| shown.contains_key(&(table.to_owned(), id.to_owned())));
            // That an agent is on a run is more than the truths say.
            let is_run = link.starts_with("task:") && row.kind == Kind::Agent;
            if is_shown && !is_run && !line.links.contains(link) {
                score.false_links += 1;
                report(format!("{} {} has {link}", line.table, line.id));
            }
        }
    }
    score.false_rows = shown
        .keys()
        .filter(|(table, id)| {
            wanted.contains_key(table.as_str()) && !truth.iter().any(|line| line.table == *table && line.id == *id)
        })
        .count();
    score
}

#[test]
fn public_schemas_are_read_right_without_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = None;
    let is_loud = std::env::var_os("WHY").is_some();
    let (mut by_rest, mut by_catalogue) = (Score::default(), Score::default());
    let (mut live_by_rest, mut live_by_catalogue, mut all) = (0, 0, 0);
    for (name, script, truth) in fixtures() {
        if server.is_none() {
            server = postgres::Postgres::start();
            if let Some(server) = &server {
                server.script(
                    "create role anon nologin; create role authenticated nologin; create role service_role nologin;",
                );
            }
        }
        let Some(server) = &server else { return };
        let facts = database::facts(server, &name, &script, folder.path());
        all += 1;
        let rest = score(&name, &database::by_rest(&facts), &truth, false);
        let catalogue = score(&name, &facts, &truth, is_loud);
        println!("{}", rest.line(&format!("{name} R")));
        println!("{}", catalogue.line(&format!("{name} C")));
        live_by_rest += usize::from(rest.kinds_found == rest.kinds);
        live_by_catalogue += usize::from(catalogue.kinds_found == catalogue.kinds);
        by_rest.add(&rest);
        by_catalogue.add(&catalogue);
    }
    println!(
        "{}\n{}",
        by_rest.line("all by REST"),
        by_catalogue.line("all by catalogue")
    );
    println!("with every kind: {live_by_rest} by REST, {live_by_catalogue} by catalogue, of {all}");
    if std::env::var_os("ONLY").is_some() {
        return;
    }
    // What was reached must not be lost: a little less than the figures in docs/schemas.md.
    let share = |part: usize, whole: usize| 100 * part / whole.max(1);
    for (name, score, live, least_live, least_calm) in [
        ("by REST", &by_rest, live_by_rest, 70, 1),
        ("by catalogue", &by_catalogue, live_by_catalogue, 90, 3),
    ] {
        assert!(
            share(live, all) >= least_live,
            "{name}: {live} of {all} with every kind"
        );
        assert!(share(score.states_right, score.rows_shown) >= 97, "{name}: states");
        assert!(share(score.kinds_right, score.rows_shown) >= 97, "{name}: kinds");
        assert_eq!(score.false_requests, 0, "{name}: a person is asked for without need");
        assert!(score.calm <= least_calm, "{name}: {} rows are calm", score.calm);
    }
}
