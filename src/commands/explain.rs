//! `opswall explain`: why a row is read as it is.

use std::{
    io::{self, Write},
    time::Duration,
};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::{Failure, find, logging, tail};
use client::probe::{self, Matching, Rows};
use model::{
    Heartbeats, Joiner, Life, Lookup, Mapping, Op, Record, RowId, RowKey, Silence, SourceId, SourceMapping,
    TableChange,
    format::grouped,
    mapping::{Details, Explanation, Reading},
    text::printable,
};
use realtime::{PageError, Source, TokenError};
use settings::{FeedSettings, Settings};

/// How long the sign-in may take.
const SIGN_IN_DEADLINE: Duration = Duration::from_secs(20);

/// The options of `explain`, which reads one row and prints what it is taken to mean.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// The table, or its kind: agents, tasks, workflows, runs
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,
    /// The row's id; the values of a composite key are joined by /
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads the row and prints its reading with the reasons.
///
/// # Errors
/// When the table is not followed, the row does not exist or cannot be read, or the output cannot be written.
pub(super) fn run(settings: &Settings, args: &ExplainArgs) -> Result<(), Failure> {
    logging::start(settings.verbose);
    logging::print_notices(settings);
    let mut feed = settings.feed()?;
    find::tables(&mut feed)?;
    let (source, of) = table(&feed.mapping, &args.table)?;
    let id = RowId::from(args.id.as_str());
    let key = RowKey::new(of.kind, source, id);
    let found = read(&feed, &key)?.ok_or_else(|| {
        Failure::Running(format!(
            "{}.{} has no row {} that this key may read: check the id, or the table's policies",
            of.schema,
            of.table,
            printable(&args.id)
        ))
    })?;
    let mut answer = Answer {
        table: &of.table,
        id: key.id.as_str(),
        reading: feed.mapping.reading(&key, &found.row),
        explanation: feed.mapping.explain(source, &found.row),
    };
    if let Some(silence) = &found.silence {
        answer.reading.set_silent();
        answer.explanation.apply(silence);
    }
    let mut out = io::stdout().lock();
    Failure::of_output(match args.json {
        true => tail::json_line(&mut out, &answer),
        false => print(&mut out, &answer, &feed.mapping.details(source, &found.row)),
    })
}

/// The followed table of this name, or of this kind.
fn table<'m>(mapping: &'m Mapping, name: &str) -> Result<(SourceId, &'m SourceMapping), Failure> {
    let bare = name.rsplit('.').next().unwrap_or(name);
    let is_exact = |(_, of): &(SourceId, &SourceMapping)| of.name() == name;
    let is_meant = |(_, of): &(SourceId, &SourceMapping)| {
        let kind = of.kind;
        of.table == bare || kind.plural().eq_ignore_ascii_case(name) || kind.singular().eq_ignore_ascii_case(name)
    };
    let found = mapping.iter().find(is_exact).or_else(|| mapping.iter().find(is_meant));
    found.ok_or_else(|| {
        let followed: Vec<String> = mapping.sources().iter().map(SourceMapping::name).collect();
        Failure::Usage(format!(
            "no table {} is followed: use one of {}",
            printable(name),
            followed.join(", ")
        ))
    })
}

/// A row as it is on the wall: completed by the rows of other tables.
struct Found {
    row: Record,
    /// Its heartbeat, if that is overdue.
    silence: Option<Silence>,
}

fn read(feed: &FeedSettings, key: &RowKey) -> Result<Option<Found>, Failure> {
    let secure = feed.rest_url.as_ref().is_none_or(|url| url.scheme() == "https");
    let tls = probe::client_config(secure).map_err(Failure::Running)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Running(format!("cannot start the network: {error}; free some memory")))?;
    runtime.block_on(async {
        let token = match probe::sign_in(feed, tls.clone(), SIGN_IN_DEADLINE).await {
            None => None,
            Some((Ok(grant), _)) => Some(grant.token),
            Some((Err(TokenError::Refused(text) | TokenError::Unavailable { text, .. }), _)) => {
                return Err(Failure::Running(text));
            }
        };
        let failed = |error| Failure::Running(words(error));
        let rows = Rows::new(feed, &tls, token).map_err(failed)?;
        let reader = Reader {
            mapping: &feed.mapping,
            sources: settings::sources(&feed.mapping),
            rows,
        };
        reader.found(key).await.map_err(failed)
    })
}

fn words(error: PageError) -> String {
    match error {
        PageError::Fatal(text)
        | PageError::Denied(text)
        | PageError::NotExposed(text)
        | PageError::Expired(text)
        | PageError::TooLarge(text)
        | PageError::Transient { text, .. } => text,
    }
}

/// Most rounds in which rows that complete others lead to more of them.
const MOST_ROUNDS: usize = 4;
/// Most rows of a table that are read to complete one.
const MOST_ROWS: usize = 1_000;

struct Reader<'m> {
    mapping: &'m Mapping,
    sources: Vec<Source>,
    rows: Rows,
}

impl Reader<'_> {
    async fn found(&self, key: &RowKey) -> Result<Option<Found>, PageError> {
        let Some(source) = self.sources.get(key.source.index()) else {
            return Ok(None);
        };
        let Some(own) = self.rows.by_id(source.clone(), key.id.clone()).await? else {
            return Ok(None);
        };
        let row = self.completed(key, &own).await;
        let silence = self.silence(key, &row).await;
        Ok(Some(Found { row, silence }))
    }

    /// The row with the columns of what completes it. What cannot be read is left out with a warning.
    async fn completed(&self, key: &RowKey, own: &Record) -> Record {
        let mut joiner = Joiner::new(self.mapping);
        let mut asked: Vec<Lookup> = Vec::new();
        for _ in 0..MOST_ROUNDS {
            let mut open = joiner.lookups(key, own);
            open.retain(|lookup| !asked.contains(lookup));
            if open.is_empty() {
                break;
            }
            for lookup in open {
                let matching = Matching {
                    columns: &lookup.columns,
                    values: &lookup.values,
                    latest_by: lookup.latest_by.as_deref(),
                    limit: MOST_ROWS,
                };
                for (id, record) in self.matching(lookup.source, &matching).await {
                    let change = TableChange {
                        source: lookup.source,
                        id,
                        op: Op::Insert,
                        record,
                        committed_ms: None,
                    };
                    joiner.apply(change, |_, _| {});
                }
                asked.push(lookup);
            }
        }
        joiner.joined(key, own)
    }

    async fn matching(&self, source: SourceId, matching: &Matching<'_>) -> Vec<(RowId, Record)> {
        let Some(source) = self.sources.get(source.index()) else {
            return Vec::new();
        };
        match self.rows.matching(source, matching).await {
            Ok(rows) => rows
                .into_iter()
                .filter_map(|row| Some((source.id_of(&row)?, row)))
                .collect(),
            Err(error) => {
                eprintln!(
                    "opswall: explained without {}: {}",
                    source.name(),
                    printable(&words(error))
                );
                Vec::new()
            }
        }
    }

    /// The silence of a row. Whether anybody gives a sign of life is asked of the table.
    async fn silence(&self, key: &RowKey, row: &Record) -> Option<Silence> {
        let beat = self.mapping.beat(key.source, row)?;
        let now_ms = Timestamp::now().as_millisecond();
        let mut beats = Heartbeats::default();
        if beat.every_ms.is_none() && matches!(beats.life(key.source, &beat, now_ms), Life::Unmaintained) {
            let latest = self.latest_beat(key.source, beat.column, row).await?;
            let newest = self.mapping.beat(key.source, &latest)?;
            beats.note(key, &newest, now_ms);
        }
        beats.silence(self.mapping, key.source, row, now_ms)
    }

    /// A row with the latest heartbeat of a source.
    async fn latest_beat(&self, source: SourceId, column: &str, row: &Record) -> Option<Record> {
        let tables = self.sources.iter().enumerate();
        let (table, name) = tables
            .filter_map(|(at, table)| {
                let name = column.strip_prefix(table.table.as_str())?.strip_prefix('.')?;
                Some((SourceId::new(at), name))
            })
            .next()
            .unwrap_or((source, column));
        // The mapping may name a column in snake case that the table has in camel case.
        let letters = |name: &str| name.replace('_', "").to_lowercase();
        let names = row.header().names();
        let is_there = names.iter().any(|own| **own == *name);
        let alike = names.iter().find(|own| !is_there && letters(own) == letters(name));
        let name = alike.map_or(name, |own| &**own);
        let matching = Matching {
            columns: &[],
            values: &[],
            latest_by: Some(name),
            limit: 1,
        };
        let (_, latest) = self.matching(table, &matching).await.into_iter().next()?;
        let value = serde_json::to_value(latest.get(name)?).ok()?;
        Record::from_json(&serde_json::json!({column: value}).to_string())
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    table: &'a str,
    id: &'a str,
    reading: Reading,
    explanation: Explanation,
}

fn print(out: &mut impl Write, answer: &Answer<'_>, details: &Details) -> io::Result<()> {
    let Answer {
        reading, explanation, ..
    } = answer;
    let mut line = |name: &str, value: &str| writeln!(out, "{name:<10} {}", printable(value));
    let time = |ms: i64| {
        Timestamp::from_millisecond(ms)
            .map(|at| at.to_string())
            .unwrap_or_default()
    };
    line("row", &format!("{} {} ({})", answer.table, answer.id, reading.kind))?;
    line("label", &reading.label)?;
    line("state", &explanation.sentence())?;
    let links = [
        ("agent", &reading.agent),
        ("workflow", &reading.workflow),
        ("activity", &reading.activity),
    ];
    for (name, value) in links {
        if let Some(value) = value {
            line(name, value)?;
        }
    }
    if let Some(text) = &details.waits_for {
        line("waits for", text)?;
    }
    if let Some(until) = details.waits_until_ms {
        line("waits", &format!("until {}", time(until)))?;
    }
    if let Some(due) = details.due_ms {
        line("due", &time(due))?;
    }
    if let Some(attempt) = details.attempt {
        let most = attempt.most.map(|most| format!(" of {most}")).unwrap_or_default();
        line("attempt", &format!("{}{most}", attempt.number))?;
    }
    if let Some(cost) = details.cost {
        line("cost", &format!("{cost:.2}"))?;
    }
    if let Some(tokens) = details.tokens {
        line("tokens", &grouped(tokens))?;
    }
    if let Some(url) = &details.url {
        line("url", url)?;
    }
    Ok(())
}
