//! What a change costs: `cargo run --release -p journal --example journal_speed`. Prints nanoseconds a change beside those of a
//! `VecDeque` that the same changes are pushed to, bytes an entry, and how long it takes to read.

#![allow(
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "measures with the clock on rows of its own; the crate itself reads none"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::{collections::VecDeque, fs, hint::black_box, time::Instant};

use journal::{Bounds, Journal, Origin, Severity};
use model::{Headers, Kind, Record, RowId, RowKey, SourceId, Status};
use support::{START, record, rules, seen};

const CHANGES: usize = 1_000_000;
/// Changes of each row, over and over.
const VERSIONS: usize = 6;

/// What a wall would push to a queue: the change as it arrives.
#[derive(Debug)]
struct Plain {
    _at_ms: i64,
    _key: RowKey,
    _before: Record,
    _after: Record,
}

fn version(row: usize, version: usize) -> (Record, Status) {
    let (status, agent, note) = [
        (Status::Queued, "null".to_owned(), "waits for its turn"),
        (
            Status::Running,
            format!("\"{row:08x}-0000-4000-8000-000000000000\""),
            "reads the invoice",
        ),
        (
            Status::Running,
            format!("\"{row:08x}-0000-4000-8000-000000000000\""),
            "writes the summary of it",
        ),
        (
            Status::Waiting,
            format!("\"{row:08x}-0000-4000-8000-000000000000\""),
            "asks whether to send it",
        ),
        (
            Status::Running,
            format!("\"{row:08x}-0000-4000-8000-000000000000\""),
            "sends it",
        ),
        (
            Status::Done,
            format!("\"{row:08x}-0000-4000-8000-000000000000\""),
            "sent",
        ),
    ][version]
        .clone();
    let json = format!(
        r#"{{"id":"{row:08x}-1111-4000-8000-000000000000","title":"Invoice {row} of the third quarter","status":"{}","agent_id":{agent},"activity":"{note}","attempts":{version},"priority":2,"created_at":"2026-11-29T12:00:00.000000+00:00","updated_at":"2026-11-29T12:00:{version:02}.123456+00:00","metadata":{{"team":"billing","tags":["a","b"]}}}}"#,
        status.word()
    );
    (record(&json), status)
}

/// Bytes of memory that the process has.
fn resident() -> usize {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * 4_096
}

fn main() {
    for rows in [10_000, 500] {
        measure(rows);
    }
    quiet();
}

/// How many rows keep their states while others change all the time.
fn quiet() {
    let mut journal = Journal::new(Bounds::default(), rules(), START);
    let (old, new) = (version(0, 0), version(0, 1));
    let mut change = |row: usize, at_ms: i64| {
        let id = format!("{row:08x}-1111-4000-8000-000000000000");
        let key = RowKey::new(Kind::Task, SourceId::usual(Kind::Task), RowId::from(id.as_str()));
        let (old, new) = (seen(&old.0, old.1), seen(&new.0, new.1));
        journal.row(at_ms, Origin::Live, &key, Some(old), Some(new));
    };
    for row in 0..500_000 {
        change(row, START);
    }
    for _ in 0..500_000 {
        change(0, START);
    }
    println!(
        "of 500,000 rows that changed once, {} keep their states",
        journal.rows()
    );
}

fn measure(rows: usize) {
    // The rows of a table share their header.
    let mut headers = Headers::default();
    let versions: Vec<Vec<(Record, Status)>> = (0..rows)
        .map(|row| {
            let all = (0..VERSIONS).map(|at| version(row, at));
            all.map(|(record, status)| (headers.share(record), status)).collect()
        })
        .collect();
    let keys: Vec<RowKey> = (0..rows)
        .map(|row| {
            let id = format!("{row:08x}-1111-4000-8000-000000000000");
            RowKey::new(Kind::Task, SourceId::usual(Kind::Task), RowId::from(id.as_str()))
        })
        .collect();
    let mut random = fastrand::Rng::with_seed(1);
    let mut at = vec![0_usize; rows];
    let changes: Vec<(usize, usize)> = (0..CHANGES)
        .map(|_| {
            let row = random.usize(..rows);
            at[row] += 1;
            (row, at[row])
        })
        .collect();
    let both = |row: usize, turn: usize| {
        let of = &versions[row];
        (&of[(turn - 1) % VERSIONS], &of[turn % VERSIONS])
    };
    for run in 1..=5 {
        let before = resident();
        let mut journal = Journal::new(Bounds::default(), rules(), START);
        let start = Instant::now();
        for (number, (row, turn)) in changes.iter().enumerate() {
            let (old, new) = both(*row, *turn);
            let at_ms = START + number as i64 * 5;
            let (old, new) = (seen(&old.0, old.1), seen(&new.0, new.1));
            journal.row(at_ms, Origin::Live, &keys[*row], Some(old), Some(new));
        }
        let own = start.elapsed();
        if run == 1 {
            println!("{rows} rows, {CHANGES} changes:");
            report(&journal, &keys, resident().saturating_sub(before));
        }
        drop(journal);

        let start = Instant::now();
        let mut queue: VecDeque<Plain> = VecDeque::new();
        for (number, (row, turn)) in changes.iter().enumerate() {
            let (old, new) = both(*row, *turn);
            queue.push_back(Plain {
                _at_ms: START + number as i64,
                _key: keys[*row].clone(),
                _before: old.0.clone(),
                _after: new.0.clone(),
            });
            if queue.len() > 100_000 {
                queue.pop_front();
            }
        }
        let plain = start.elapsed();
        black_box(&queue);
        let each = |time: std::time::Duration| time.as_nanos() as f64 / CHANGES as f64;
        println!(
            "  run {run}: {:.0} ns a change; VecDeque::push_back {:.0} ns; {:.1} times",
            each(own),
            each(plain),
            own.as_secs_f64() / plain.as_secs_f64()
        );
    }
}

fn report(journal: &Journal, keys: &[RowKey], grown: usize) {
    println!(
        "  {} entries of {} rows in {} bytes: {} bytes an entry; {} forgotten; the process grew by {grown} bytes",
        journal.entries(),
        journal.rows(),
        journal.bytes(),
        journal.bytes() / journal.entries(),
        journal.forgotten(),
    );
    let timed = |name: &str, read: &dyn Fn() -> usize| {
        let mut micros: Vec<f64> = (0..101)
            .map(|_| {
                let start = Instant::now();
                black_box(read());
                start.elapsed().as_secs_f64() * 1e6
            })
            .collect();
        micros.sort_by(f64::total_cmp);
        println!(
            "{name}: {:.1} µs, most {:.1} µs; {} found",
            micros[50],
            micros[100],
            read()
        );
    };
    timed("the newest 100", &|| journal.newest(|_| true, 100).count());
    timed("a filter that accepts nothing", &|| {
        journal
            .newest(|entry| entry.severity() == Severity::Failure, 100)
            .count()
    });
    timed("all entries as text", &|| {
        journal.log().map(|entry| entry.to_string().len()).sum()
    });
    timed("the last minute", &|| {
        let now_ms = journal.log().next().map_or(START, |entry| entry.last_ms());
        journal.happened_since(now_ms - 60_000).count()
    });
    timed("the history of a row", &|| {
        journal.changes(&keys[77]).count() + journal.states(&keys[77]).count()
    });
    timed("since when", &|| usize::from(journal.since(&keys[77]).is_some()));
}
