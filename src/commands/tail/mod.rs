//! `opswall tail`: the feed without a window, as text or as JSON lines.

mod filter;
mod line;
mod state;
mod summary;

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Args;

use super::{Failure, logging, output_file};
use crate::cli::parse;
use client::{Events, Worker};
use line::Lines;
use model::text::printable;
use query::Query;
use realtime::{FeedEvent, LinkStatus};
use settings::Settings;
use state::{Joined, State};

pub(super) use line::json_line;

/// Longest wait for events when no time is set.
const LONG: Duration = Duration::from_secs(3_600);
/// Events handled before the clock and Ctrl-C are looked at.
const MAX_BATCH: usize = 1_024;

/// The options of `tail`, which prints changes, statuses and notices as text.
#[derive(Debug, Clone, Default, Args)]
pub struct TailArgs {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// End after this long
    #[arg(long = "for", value_name = "SECONDS", value_parser = parse::seconds)]
    pub(crate) duration: Option<Duration>,
    /// Write the merged rows at the end, one a line, sorted by table and id
    #[arg(long, value_name = "FILE")]
    pub(crate) dump: Option<PathBuf>,
    /// Print the closing summary only
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Only changes of rows that match, before or after the change: 'state:failed kind:task age>10m'
    #[arg(long = "where", value_name = "QUERY", allow_hyphen_values = true)]
    pub(crate) query: Option<String>,
}

/// Follows the feed until its time is up, the user interrupts it, or the reader of the output closes the pipe.
///
/// # Errors
/// When the query is mistaken, the connection gives up, or the output cannot be written.
pub(super) fn run(settings: &Settings, args: &TailArgs) -> Result<(), Failure> {
    logging::start(settings.verbose);
    logging::print_notices(settings);
    let query = args.query.as_deref().map(parsed).transpose()?;
    let feed = settings.feed()?;
    if let Some(path) = &args.dump {
        output_file::check("the dump", path)?;
    }
    let started = Instant::now();
    let mut lines = Lines::new(feed.mapping.clone(), args.json);
    let worker = Worker::start(feed).map_err(|error| Failure::Running(error.to_string()))?;
    let interrupted = interrupts(worker.events().clone());
    let mut out = BufWriter::new(io::stdout().lock());
    let mut state = State::new(lines.clone(), args.dump.is_some(), query.as_ref());

    let ended = follow(
        &worker,
        &interrupted,
        args,
        query.as_ref(),
        started,
        &mut lines,
        &mut state,
        &mut out,
    )
    .and_then(|ended| {
        let mut joined = Vec::new();
        state.finish_waiting(&mut joined);
        write(&state, &lines, args, &mut joined, &mut out)?;
        Ok(ended)
    });
    drop(worker);
    if let Some(path) = &args.dump {
        state.dump(path)?;
    }
    let written = state
        .summary(started.elapsed())
        .write(&mut out, args.json)
        .and_then(|()| out.flush());
    match (ended, written) {
        (Ok(Ended::GaveUp(reason)), _) => Err(Failure::Running(reason)),
        (Ok(Ended::Intended), Ok(())) => Ok(()),
        (Err(error), _) | (_, Err(error)) => Failure::of_output(Err(error)),
    }
}

/// The query of a text, or its mistake with the place marked.
fn parsed(text: &str) -> Result<Query, Failure> {
    Query::parse(text).map_err(|error| {
        let marked = error.marked(text).replace('\n', "\n  ");
        Failure::Usage(format!("--where: {}\n  {marked}", printable(&error.text)))
    })
}

/// Why the feed is no longer followed.
enum Ended {
    /// Its time is up, or the user interrupted it.
    Intended,
    /// The connection gave up, for this reason.
    GaveUp(String),
}

fn follow(
    worker: &Worker,
    interrupted: &AtomicBool,
    args: &TailArgs,
    query: Option<&Query>,
    started: Instant,
    lines: &mut Lines,
    state: &mut State,
    out: &mut impl Write,
) -> io::Result<Ended> {
    let deadline = args.duration.map(|duration| started + duration);
    let mut is_mapped = false;
    let (mut batch, mut joined) = (Vec::new(), Vec::new());
    loop {
        if worker.events().take(MAX_BATCH, &mut batch).is_err() {
            return Ok(Ended::GaveUp(
                "the network thread has stopped; please report this".into(),
            ));
        }
        // Tables that are found are known before the first of their rows.
        if !is_mapped && let Some(mapping) = worker.followed().mapping() {
            is_mapped = true;
            *lines = Lines::new(mapping.clone(), args.json);
            *state = State::new(lines.clone(), args.dump.is_some(), query);
        }
        let is_idle = batch.is_empty();
        for event in batch.drain(..) {
            state.record(&event);
            let event = match event {
                FeedEvent::Change(change) => {
                    state.take(change, &mut joined);
                    write(state, lines, args, &mut joined, out)?;
                    continue;
                }
                event => event,
            };
            // Without snapshots there is no report of one.
            let is_connected = matches!(&event, FeedEvent::Status(report) if report.status == LinkStatus::Connected);
            let is_synced = matches!(event, FeedEvent::Synced(_));
            if is_connected || is_synced {
                state.finish_waiting(&mut joined);
                write(state, lines, args, &mut joined, out)?;
            }
            if is_synced {
                for column in state.take_missing_columns() {
                    logging::print(&format!("--where: no row has a column `{column}` yet; check the query"));
                }
            }
            if !args.quiet {
                lines.write(out, &event)?;
            }
            if let FeedEvent::Status(report) = event
                && report.status == LinkStatus::Error
            {
                return Ok(Ended::GaveUp(
                    report.reason.unwrap_or_else(|| "the connection has failed".into()),
                ));
            }
        }
        state.advance(&mut joined);
        write(state, lines, args, &mut joined, out)?;
        if let Some(notice) = state.take_notice().filter(|_| !args.quiet) {
            lines.write(out, &FeedEvent::Notice(notice))?;
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) || interrupted.load(Ordering::Acquire) {
            return Ok(Ended::Intended);
        }
        if is_idle && !state.is_waiting() {
            // What was written is shown before waiting for more.
            out.flush()?;
            worker
                .events()
                .wait(deadline.map_or(LONG, |at| at.saturating_duration_since(Instant::now())));
        }
    }
}

/// Writes the lines of changes, and leaves the list empty.
fn write(
    state: &State,
    lines: &Lines,
    args: &TailArgs,
    joined: &mut Vec<Joined>,
    out: &mut impl Write,
) -> io::Result<()> {
    for (change, own) in joined.drain(..).filter(|_| !args.quiet) {
        let silence = match args.json {
            true => state.silence(&change.key, &change.record),
            false => None,
        };
        lines.change(out, &change, own.as_ref(), silence.as_ref())?;
    }
    Ok(())
}

/// A flag that Ctrl-C or SIGTERM sets, so that the dump and the summary are still written. The signal also ends a wait for
/// events.
fn interrupts(events: Events) -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    let spawned = std::thread::Builder::new()
        .name("opswall-signals".into())
        .spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            runtime.block_on(super::signals::interrupted());
            flag.store(true, Ordering::Release);
            events.wake();
        });
    if let Err(error) = spawned {
        tracing::warn!("Ctrl-C ends the program without a summary: no thread for it ({error})");
    }
    interrupted
}
