//! How long queries take for 100,000 rows, against a plain search of the labels in the same run; how long the finder takes;
//! and how long hostile regular expressions take to compile and to run. Run it with `--release`.

#![allow(
    clippy::expect_used,
    clippy::disallowed_types,
    reason = "an example that measures time"
)]

use std::{hint::black_box, sync::Arc, time::Instant};

use model::{Cell, Headers, Kind, Mapping, Record, RowKey, SourceId, Status};
use query::{Field, Query, ReadRow, Row, Value, find};

const ROWS: usize = 100_000;
/// Each measure is repeated and the shortest counts.
const REPEATS: usize = 7;
const NOW_MS: i64 = 1_795_953_600_000;

/// A row as a wall has it: read before.
struct Known {
    key: RowKey,
    record: Record,
    label: Arc<str>,
    status: Status,
    word: Option<Arc<str>>,
    agent: Arc<str>,
    activity: String,
    age: f64,
    cost: f64,
}

impl Row for Known {
    fn any(&self, field: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        match field {
            Field::State => test(Value::State(self.status, self.word.as_deref())),
            Field::Kind => test(Value::Kind(self.key.kind)),
            Field::Label => test(Value::Text(&self.label)),
            Field::Id => test(Value::Text(self.key.id.as_str())),
            Field::Activity => test(Value::Text(&self.activity)),
            Field::Agent => test(Value::Text(&self.agent)),
            Field::Age => test(Value::Seconds(self.age)),
            Field::Cost => test(Value::Number(self.cost)),
            _ => false,
        }
    }

    fn column(&self, name: &str) -> Option<Cell<'_>> {
        self.record.get(name)
    }
}

/// The shortest time of some runs, in seconds.
fn shortest<T>(mut run: impl FnMut() -> T) -> f64 {
    let time = |_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed().as_secs_f64()
    };
    (0..REPEATS).map(time).fold(f64::INFINITY, f64::min)
}

fn rows(mapping: &Mapping) -> Vec<Known> {
    const VERBS: [&str; 8] = [
        "Pay",
        "Review",
        "Collect",
        "Translate",
        "Summarise",
        "Check",
        "Send",
        "Archive",
    ];
    const THINGS: [&str; 8] = [
        "invoice", "contract", "report", "order", "ticket", "letter", "budget", "minutes",
    ];
    const WORDS: [&str; 8] = [
        "queued",
        "running",
        "failed",
        "completed",
        "blocked",
        "running",
        "completed",
        "waiting",
    ];
    let mut headers = Headers::default();
    let row = |at: usize| {
        let pick = |list: [&'static str; 8], salt: usize| list[(at.wrapping_mul(2_654_435_761) >> salt) % 8];
        let id = format!("{:08x}-4b2c-4d8e-9f00-{at:012x}", at.wrapping_mul(2_654_435_761) as u32);
        let columns = format!(
            r#"{{"id":"{id}","title":"{} the {} of customer {at}","status":"{}","agent_id":"agent-{}","workflow_id":"w{}",
                "current_step":"Step {} of 9","cost_usd":{}.5,"retries":{},"owner":"Ada Lovelace",
                "payload":{{"city":"Bonn","lines":[{{"sku":"x-{at}","count":4}}]}},"updated_at":"2026-11-29T11:45:00Z"}}"#,
            pick(VERBS, 8),
            pick(THINGS, 12),
            pick(WORDS, 16),
            at % 200,
            at % 40,
            at % 9,
            at % 3,
            at % 5,
        );
        let record = headers.share(Record::from_json(&columns).expect("a row"));
        let key = RowKey::new(Kind::Task, SourceId::usual(Kind::Task), id.as_str().into());
        let model::Row::Task(task) = mapping.read(&key, &record) else {
            unreachable!("it is a task")
        };
        Known {
            label: task.label,
            status: task.status.status,
            word: task.status.word,
            agent: format!("agent-{}", at % 200).into(),
            activity: format!("Step {} of 9", at % 9),
            age: (at % 5_000) as f64,
            cost: (at % 3) as f64,
            key,
            record,
        }
    };
    (0..ROWS).map(row).collect()
}

fn main() {
    let mapping = Mapping::default();
    let rows = rows(&mapping);
    let per_row = |seconds: f64| seconds * 1e9 / ROWS as f64;
    let plain = shortest(|| rows.iter().filter(|row| row.label.contains("invoice")).count());
    println!("{ROWS} rows; ns a row, and how often as long as the plain search");
    println!(
        "{:<58}{:>8.0}",
        "str::contains(\"invoice\") in the label, with case",
        per_row(plain)
    );
    for text in [
        "label:invoice",
        "invoice",
        "nowhere",
        "ünowhere",
        "state:failed",
        "state:failed kind:task age>10m cost>1",
        "state:failed kind:task agent:planner age>10m \"invoice\" -label:test",
        "label:/^pay.*9$/",
        "/inv.ice/",
        "retries>3",
        "owner:ada",
        "payload.city:bonn",
        "payload:paris",
        "updated_at>10m",
    ] {
        let query = Query::parse(text).expect("a query");
        let known = shortest(|| rows.iter().filter(|row| query.matches(*row, NOW_MS)).count());
        let read = shortest(|| {
            let is_match = |row: &&Known| query.matches(&ReadRow::new(&mapping, &row.key, &row.record, NOW_MS), NOW_MS);
            rows.iter().filter(is_match).count()
        });
        let (known, read) = (per_row(known), per_row(read));
        println!(
            "{text:<58}{known:>8.0}{:>6.1}x   read through the mapping {read:>8.0}",
            known / per_row(plain)
        );
    }
    for text in ["inv", "pay inv 99", "zzz", "00ab"] {
        let seconds = shortest(|| find(&rows, text, 20).len());
        println!("find {text:<53}{:>8.0}", per_row(seconds));
    }
    hostile();
}

/// The longest times of regular expressions that are made to be slow, and of random-looking texts of 4 KiB.
fn hostile() {
    let mapping = Mapping::default();
    let bits = (0..4_096_usize).map(|at| {
        if (at.wrapping_mul(2_654_435_761) >> 7) & 1 == 0 {
            '0'
        } else {
            '1'
        }
    });
    let signs = (0..1_365_u32).filter_map(|at| char::from_u32(0x4e00 + at * 7_919 % 20_000));
    let texts: [String; 5] = [
        "a".repeat(4_096),
        bits.collect(),
        "a b ".repeat(1_024),
        signs.collect(),
        "xy".repeat(2_048),
    ];
    let rows = texts.map(|text| Record::from_json(&format!("{{\"note\":\"{text}\"}}")).expect("a row"));
    let key = RowKey::new(Kind::Task, SourceId::usual(Kind::Task), "1".into());
    let fill = |unit: &str, chars: usize| unit.repeat(chars / unit.chars().count());
    let mut compiling: (f64, String) = (0.0, String::new());
    let mut running: (f64, String) = (0.0, String::new());
    for source in [
        "(a+)+$".to_owned(),
        "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[^a]$".to_owned(),
        "[01]*1[01]{150}[2-9]".to_owned(),
        "[01]*1[01]{195}[2-9]".to_owned(),
        "(1|0)*1.{20}[2-9][3-9]".to_owned(),
        r"\pL*\pN\pL*$".to_owned(),
        r"(\w+\s?)+$".to_owned(),
        r"\b1[01]{100}\B[2-9]".to_owned(),
        r"\b(\w\b|\W\B|.){30}$".to_owned(),
        fill("(a|b)", 245),
        fill(r"\w", 245),
        fill(r"\pL", 245),
        fill("(x*)*", 245),
        fill("a{5}", 245),
    ] {
        let text = format!("note:/{source}/");
        let start = Instant::now();
        let parsed = Query::parse(&text);
        let seconds = start.elapsed().as_secs_f64();
        if seconds > compiling.0 {
            compiling = (seconds, source.clone());
        }
        for record in rows.iter().filter(|_| parsed.is_ok()) {
            let row = ReadRow::new(&mapping, &key, record, NOW_MS);
            let seconds = shortest(|| parsed.as_ref().is_ok_and(|query| query.matches(&row, NOW_MS)));
            if seconds > running.0 {
                running = (seconds, source.clone());
            }
        }
    }
    println!(
        "hostile: compiled or refused in at most {:.1} ms ({:.20})",
        compiling.0 * 1e3,
        compiling.1
    );
    println!(
        "hostile: 4 KiB searched in at most {:.2} ms ({:.40})",
        running.0 * 1e3,
        running.1
    );
}
