//! What sorting 100,000 rows costs: `cargo run --release -p sheet --example sheet_speed`. Prints milliseconds beside those of
//! `slice::sort_by` on the same keys in the same run, the cost of changes, bytes a row, and what one value costs.

#![allow(
    clippy::disallowed_types,
    clippy::expect_used,
    reason = "measures with the clock on rows of its own; the crate itself reads none"
)]

use std::{cmp::Ordering, hint::black_box, time::Instant};

use model::{Cell, Headers, Kind, Mapping, Record, RowKey, SourceId};
use query::{Field, ReadRow};
use sheet::{Column, SortKey, Sorting, Tree, Typed, csv};

const ROWS: usize = 100_000;
/// Each measure is repeated and the shortest counts.
const REPEATS: usize = 7;
const NOW_MS: i64 = 1_795_953_600_000;

/// A value as a table without this crate would compare it.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Plain {
    Number(f64),
    Text(String),
}

fn key(at: usize) -> RowKey {
    let id = format!("{:08x}-4b2c-4d8e-9f00-{at:012x}", scattered(at) as u32);
    RowKey::new(Kind::Task, SourceId::usual(Kind::Task), id.as_str().into())
}

/// A number that follows no pattern, the same one for the same argument.
fn scattered(at: usize) -> usize {
    fastrand::Rng::with_seed(at as u64).usize(..)
}

fn record(headers: &mut Headers, at: usize) -> Record {
    const VERBS: [&str; 8] = [
        "Pay",
        "Review",
        "Collect",
        "translate",
        "Summarise",
        "check",
        "Send",
        "Archive",
    ];
    const WORDS: [&str; 4] = ["running", "failed", "completed", "queued"];
    let pick = scattered(at);
    headers.share(
        Record::from_json(&format!(
            r#"{{"id":"{}","title":"{} the invoice of customer {}","note":"{:x} and more","status":"{}","cost_usd":{}.25,
                "updated_at":"2026-11-29T{:02}:{:02}:{:02}.123456+00:00","payload":{{"city":"Bonn","lines":[{{"sku":"x-{at}"}}]}}}}"#,
            key(at).id,
            VERBS[pick % 8],
            pick % 50_000,
            pick % 1_000_003,
            WORDS[pick / 8 % 4],
            pick % 10_007,
            pick % 24,
            pick / 24 % 60,
            pick / 1_440 % 60,
        ))
        .expect("a row"),
    )
}

/// The shortest time of some runs, in milliseconds.
fn shortest(mut run: impl FnMut() -> f64) -> f64 {
    (0..REPEATS).map(|_| run()).fold(f64::INFINITY, f64::min)
}

fn time<T>(run: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(run());
    start.elapsed().as_secs_f64() * 1e3
}

fn offered(rows: &[(RowKey, SortKey)]) -> Sorting {
    let mut sorting = Sorting::new(false);
    for (row, key) in rows {
        sorting.offer(row, key.clone());
    }
    sorting
}

fn main() {
    let mapping = Mapping::default();
    let mut headers = Headers::default();
    let rows: Vec<(RowKey, Record)> = (0..ROWS).map(|at| (key(at), record(&mut headers, at))).collect();
    let read = |at: usize| {
        let (key, record) = &rows[at % ROWS];
        ReadRow::new(&mapping, key, record, NOW_MS)
    };
    println!("{ROWS} rows; milliseconds");
    for (name, column) in [
        ("text (note): the first letters differ", Column::Named("note".into())),
        (
            "text (title): 8 beginnings of 24 letters",
            Column::Named("title".into()),
        ),
        ("text (status): 4 values", Column::Named("status".into())),
        ("number (cost_usd)", Column::Named("cost_usd".into())),
        ("time (updated_at)", Column::Named("updated_at".into())),
        ("state (4 values)", Column::Field(Field::State)),
    ] {
        let key_of = |at: usize| SortKey::of(&column.read(&read(at)).unwrap_or(Typed::Null), NOW_MS);
        let keys = shortest(|| time(|| (0..ROWS).map(key_of).collect::<Vec<_>>()));
        // What a table would do without this crate: values folded once, sorted with the rows by the standard library.
        let folded_of = |at: usize| {
            let row = read(at);
            let value = match column.read(&row) {
                Some(Typed::Number { value, .. }) => Plain::Number(value.unwrap_or(0.0)),
                Some(Typed::Time { ms, .. }) => Plain::Number(ms as f64),
                Some(Typed::State(status, _)) => Plain::Number(status.index() as f64),
                Some(Typed::Text(text)) => Plain::Text(text.to_lowercase()),
                _ => Plain::Number(0.0),
            };
            (value, key(at))
        };
        let folded: Vec<(Plain, RowKey)> = (0..ROWS).map(folded_of).collect();
        let cmp = |a: &(Plain, RowKey), b: &(Plain, RowKey)| {
            let value = a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal);
            value.then_with(|| a.1.cmp(&b.1))
        };
        let of_rows = shortest(|| {
            let mut copy = folded.clone();
            time(|| copy.sort_by(cmp))
        });
        let of_positions = shortest(|| {
            let mut order: Vec<usize> = (0..ROWS).collect();
            time(|| order.sort_by(|a, b| cmp(&folded[*a], &folded[*b])))
        });
        // Which is quicker depends on the memory that the allocator has at hand.
        let standard = of_rows.min(of_positions);
        let given: Vec<(RowKey, SortKey)> = (0..ROWS).map(|at| (rows[at].0.clone(), key_of(at))).collect();
        let offer = shortest(|| {
            let start = Instant::now();
            let sorting = offered(&given);
            let elapsed = start.elapsed().as_secs_f64() * 1e3;
            black_box(sorting);
            elapsed
        });
        let mut longest_piece = 0.0_f64;
        let sort = shortest(|| {
            let mut sorting = offered(&given);
            let mut last = Instant::now();
            let mut longest = 0.0_f64;
            let elapsed = time(|| {
                sorting.sort(&mut || {
                    longest = longest.max(last.elapsed().as_secs_f64() * 1e3);
                    last = Instant::now();
                    false
                })
            });
            longest_piece = longest;
            elapsed
        });
        let mut sorting = offered(&given);
        sorting.sort(&mut || false);
        let bytes = sorting.bytes() / ROWS;
        let change = |sorting: &mut Sorting, round: usize, count: usize| {
            time(|| {
                for at in 0..count {
                    let row = scattered(round * 1_000 + at) % ROWS;
                    let other = scattered(row + round + 1) % ROWS;
                    sorting.offer(&given[row].0, given[other].1.clone());
                }
                sorting.sort(&mut || false)
            })
        };
        let mut round = 0;
        let mut median = |count: usize| {
            let mut times: Vec<f64> = (0..101)
                .map(|_| {
                    round += 1;
                    change(&mut sorting, round, count)
                })
                .collect();
            times.sort_by(f64::total_cmp);
            times[50]
        };
        let (one, hundred, thousands) = (median(1), median(100), median(5_000));
        println!("{name}");
        println!("  keys read {keys:>8.1}   offered {offer:>6.1}   bytes a row {bytes}");
        println!(
            "  sorted    {sort:>8.1}   slice::sort_by {standard:>6.1}   ratio {:.2}   longest piece {longest_piece:.2}",
            sort / standard
        );
        println!("  one change {one:>7.3}   100 changes {hundred:.2}   5,000 changes {thousands:.1}");
    }
    values(&rows);
    let columns = ["id", "title", "status", "cost_usd", "updated_at", "payload"].map(|name| Column::Named(name.into()));
    let mut out = Vec::new();
    let elapsed = time(|| csv(&mut out, &columns, (0..ROWS).map(read), usize::MAX));
    println!(
        "csv of 100,000 rows of 6 columns {elapsed:.0} ms, {} MB",
        out.len() / 1_000_000
    );
}

fn values(rows: &[(RowKey, Record)]) {
    const TIMES: usize = 10_000;
    let micros = |ms: f64, times: usize| ms * 1e3 / times as f64;
    let row = &rows[0].1;
    let line = time(|| {
        for _ in 0..TIMES {
            for (name, cell) in row.iter() {
                black_box(Typed::of(name, cell).short(40));
            }
        }
    });
    println!("a row of 7 typed cells, shortened {:.2} µs", micros(line, TIMES));
    let big = format!(
        "{{\"big\":[{}1],\"text\":\"{}\",\"last\":{}}}",
        "[1,2],".repeat(80_000),
        "x".repeat(500_000),
        1
    );
    let cell = Cell::from_json(&big).expect("a value");
    let short = time(|| (0..TIMES).for_each(|_| drop(black_box(Typed::of("a", cell.clone()).short(40)))));
    println!("a cell of 1 MB, shortened {:.2} µs", micros(short, TIMES));
    let mut tree = Tree::new(&cell).expect("an object");
    let first = time(|| tree.lines(0..3, 40).count());
    let again = time(|| {
        (0..TIMES).for_each(|_| {
            black_box(tree.lines(0..3, 40).count());
        })
    });
    tree.toggle(0);
    let open = time(|| tree.lines(0..50, 40).count());
    println!(
        "tree of 1 MB: first 3 lines {:.0} µs, again {:.2} µs, 50 unfolded lines {:.0} µs",
        first * 1e3,
        micros(again, TIMES),
        open * 1e3
    );
}
