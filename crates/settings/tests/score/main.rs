//! How well public schemas are read without any settings: each fixture of `tests/fixtures` is loaded into a real
//! PostgreSQL, its sources are discovered, and every row is compared with the hand-written truth.
//!
//! Then the file that `init` writes is corrected as a user would, in at most three lines (`NAME.fix`), and read again.
//!
//! `cargo test -p settings --test score -- --nocapture` prints the score of every fixture.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod correction;
mod database;
#[path = "../../../../tests/support/postgres.rs"]
mod postgres;
mod truth;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use model::{
    Heartbeats, Joiner, Kind, Mapping, Op, Record, Row, RowId, RowKey, SourceId, Status, TableChange,
    discover::{self, Proposal, TableFacts, Way},
};
use settings::{
    Env, Settings, SettingsArgs,
    new_file::{self, FoundSource},
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

/// A fixture.
struct Fixture {
    name: String,
    script: String,
    truth: Vec<Line>,
}

impl Fixture {
    /// What a user changes in the file of `init`, empty where nothing has to be; by REST other lines may have to be.
    fn correction(&self, is_rest: bool) -> String {
        let read = |extension: &str| fs::read_to_string(folder().join(format!("{}.{extension}", self.name))).ok();
        let of_rest = is_rest.then(|| read("rest.fix")).flatten();
        of_rest.or_else(|| read("fix")).unwrap_or_default()
    }
}

fn fixtures() -> Vec<Fixture> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut fixtures: Vec<_> = fs::read_dir(folder())
        .expect("the fixtures")
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "sql"))
        .map(|entry| {
            let name = entry.path().file_stem().expect("a name").to_string_lossy().into_owned();
            let script = fs::read_to_string(entry.path()).expect("a script");
            let truth = fs::read_to_string(entry.path().with_extension("tsv")).expect("a truth");
            Fixture {
                name,
                script,
                truth: truth::parse(&truth),
            }
        })
        .filter(|fixture| only.is_empty() || only.split(',').any(|only| only == fixture.name))
        .collect();
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
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

/// What a proposal makes of the tables.
fn found(proposal: &Proposal) -> Mapping {
    let shown = proposal
        .sources
        .iter()
        .filter(|source| !matches!(source.way, Way::LeftOut(_)));
    Mapping::new(shown.map(|source| source.mapping.clone()).collect())
}

/// A command line of settings alone.
#[derive(Debug, Parser)]
struct Flags {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// What the file that `init` writes for a proposal means, with a correction.
fn corrected(proposal: &Proposal, facts: &[TableFacts], correction: &str, folder: &Path) -> Mapping {
    let env = Env {
        variables: BTreeMap::new(),
        working_dir: folder.to_owned(),
        config_dir: None,
        state_dir: None,
    };
    let load = || {
        let flags = Flags::try_parse_from(["opswall"]).expect("no flag is needed");
        Settings::load(&flags.settings, &env).unwrap_or_else(|error| panic!("{error}"))
    };
    let sources: Vec<FoundSource> = (proposal.sources.iter())
        .map(|source| {
            let of =
                |facts: &&TableFacts| (&facts.schema, &facts.table) == (&source.mapping.schema, &source.mapping.table);
            let facts = facts.iter().find(of).expect("facts");
            FoundSource {
                mapping: source.mapping.clone(),
                columns: facts.columns.iter().map(|column| column.name.clone()).collect(),
                remarks: Vec::new(),
                is_left_out: matches!(source.way, Way::LeftOut(_)),
            }
        })
        .collect();
    // Without any source no file is written.
    if sources.is_empty() && correction.is_empty() {
        return Mapping::new(Vec::new());
    }
    let file = folder.join("opswall.toml");
    let _ = fs::remove_file(&file);
    let settings = load();
    let text = new_file::text(&settings, &settings.own_file, &[], &sources);
    let text = correction::apply(&text, correction);
    if std::env::var_os("FILES").is_some() {
        println!("{text}");
    }
    fs::write(&file, text).expect("a file");
    (*load().mapping).clone()
}

fn score(name: &str, mapping: &Mapping, facts: &[TableFacts], truth: &[Line], is_loud: bool) -> Score {
    let shown = read(mapping, facts);
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

/// The scores of all fixtures by one way.
#[derive(Default)]
struct Total {
    score: Score,
    /// Fixtures of which every kind was found.
    live: usize,
    all: usize,
}

impl Total {
    fn add(&mut self, name: &str, score: &Score) {
        println!("{}", score.line(name));
        self.live += usize::from(score.kinds_found == score.kinds);
        self.all += 1;
        self.score.add(score);
    }

    fn print(&self, name: &str) {
        println!("{}", self.score.line(name));
        println!("{name}: with every kind {} of {}", self.live, self.all);
    }

    /// What was reached must not be lost.
    fn assert(&self, name: &str, least_live: usize, least_right: usize, most_calm: usize) {
        let share = |part: usize, whole: usize| 100 * part / whole.max(1);
        let score = &self.score;
        assert!(
            share(self.live, self.all) >= least_live,
            "{name}: {} with every kind",
            self.live
        );
        assert!(
            share(score.states_right, score.rows_shown) >= least_right,
            "{name}: states"
        );
        assert!(share(score.kinds_right, score.rows_shown) >= 97, "{name}: kinds");
        assert_eq!(score.false_requests, 0, "{name}: a person is asked for without need");
        assert!(score.calm <= most_calm, "{name}: {} rows are calm", score.calm);
    }
}

#[test]
fn public_schemas_are_read_right_without_settings_and_with_a_few_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = None;
    let is_loud = |way: &str| std::env::var("WHY").is_ok_and(|ways| ways.contains(way));
    let (mut rest, mut catalogue) = (Total::default(), Total::default());
    let (mut rest_corrected, mut catalogue_corrected) = (Total::default(), Total::default());
    for fixture in fixtures() {
        if server.is_none() {
            server = database::start();
        }
        let Some(server) = &server else { return };
        let name = &fixture.name;
        let facts = database::facts(server, name, &fixture.script);
        let ways = [
            ("R", &mut rest, &mut rest_corrected, database::by_rest(&facts)),
            ("C", &mut catalogue, &mut catalogue_corrected, facts.clone()),
        ];
        for (way, total, with_correction, seen) in ways {
            let proposal = discover::propose(&seen, settings::presets());
            print_sources(name, &proposal);
            let is_right = |mapping: &Mapping, loud: &str| score(name, mapping, &facts, &fixture.truth, is_loud(loud));
            let found = is_right(&found(&proposal), way);
            total.add(&format!("{name} {way}"), &found);
            let correction = fixture.correction(way == "R");
            let mapping = corrected(&proposal, &seen, &correction, folder.path());
            let lower = way.to_lowercase();
            let corrected = is_right(&mapping, &lower);
            with_correction.add(&format!("{name} {lower}"), &corrected);
        }
    }
    rest.print("all by REST");
    catalogue.print("all by catalogue");
    rest_corrected.print("corrected by REST");
    catalogue_corrected.print("corrected by catalogue");
    if std::env::var_os("ONLY").is_some() {
        return;
    }
    // A little less than the figures in docs/schemas.md.
    rest.assert("by REST", 85, 97, 2);
    catalogue.assert("by catalogue", 90, 97, 2);
    rest_corrected.assert("corrected, by REST", 95, 98, 0);
    catalogue_corrected.assert("corrected, by catalogue", 95, 98, 0);
}

fn print_sources(name: &str, proposal: &Proposal) {
    if std::env::var_os("SOURCES").is_some() {
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
}
