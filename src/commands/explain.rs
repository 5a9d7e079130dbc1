//! `opswall explain`: why a row is read as it is.

use std::{
    io::{self, Write},
    time::Duration,
};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::{Failure, logging, tail};
use client::probe;
use model::{
    Mapping, Record, RowId, RowKey, SourceId, SourceMapping,
    format::grouped,
    mapping::{Details, Explanation, Reading},
    text::printable,
};
use realtime::{PageError, TokenError};
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
    let feed = settings.feed()?;
    let (source, of) = table(&feed.mapping, &args.table)?;
    let id = RowId::from(args.id.as_str());
    let record = read(&feed, source, &id)?.ok_or_else(|| {
        Failure::Running(format!(
            "{}.{} has no row {} that this key may read: check the id, or the table's policies",
            of.schema,
            of.table,
            printable(&args.id)
        ))
    })?;
    let key = RowKey::new(of.kind, source, id);
    let answer = Answer {
        table: &of.table,
        id: key.id.as_str(),
        reading: feed.mapping.reading(&key, &record),
        explanation: feed.mapping.explain(source, &record),
    };
    let mut out = io::stdout().lock();
    Failure::of_output(match args.json {
        true => tail::json_line(&mut out, &answer),
        false => print(&mut out, &answer, &feed.mapping.details(source, &record)),
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

fn read(feed: &FeedSettings, source: SourceId, id: &RowId) -> Result<Option<Record>, Failure> {
    let Some(source) = settings::sources(&feed.mapping).into_iter().nth(source.index()) else {
        return Ok(None);
    };
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
        probe::row(feed, &tls, source, id.clone(), token)
            .await
            .map_err(|error| {
                Failure::Running(match error {
                    PageError::Fatal(text)
                    | PageError::Denied(text)
                    | PageError::NotExposed(text)
                    | PageError::Expired(text)
                    | PageError::TooLarge(text)
                    | PageError::Transient { text, .. } => text,
                })
            })
    })
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
