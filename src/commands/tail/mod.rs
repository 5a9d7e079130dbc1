//! `opswall tail`: the feed without a window, as text or as JSON lines.

mod line;
mod state;

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded, select};

use clap::Args;

use super::{Failure, logging, output_file};
use crate::cli::parse;
use client::Worker;
use realtime::{FeedEvent, LinkStatus};
use settings::{Settings, SourceKinds};
use state::State;

/// The options of `tail`.
#[derive(Debug, Clone, Default, Args)]
pub struct TailArgs {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// End after this long
    #[arg(long = "for", value_name = "SECONDS", value_parser = parse::seconds)]
    pub duration: Option<Duration>,
    /// Write the merged rows at the end, one a line, sorted by table and id
    #[arg(long, value_name = "FILE")]
    pub dump: Option<PathBuf>,
    /// Print the closing summary only
    #[arg(long)]
    pub quiet: bool,
}

/// Follows the feed until its time is up, the user interrupts it, or the reader of the output closes the pipe.
///
/// # Errors
/// When the connection gives up, or the output cannot be written.
pub fn run(settings: &Settings, args: &TailArgs) -> Result<(), Failure> {
    logging::start(settings.verbose);
    logging::print_notices(settings);
    let feed = settings.feed()?;
    if let Some(path) = &args.dump {
        output_file::check("the dump", path)?;
    }
    let started = Instant::now();
    let kinds = SourceKinds::of(&feed.mapping);
    let worker = Worker::start(feed).map_err(|error| Failure::Running(error.to_string()))?;
    let interrupted = interrupts();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut state = State::new(kinds.clone(), args.dump.is_some());

    let ended = follow(&worker, &interrupted, args, started, &kinds, &mut state, &mut out);
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

/// Why the feed is no longer followed.
enum Ended {
    /// Its time is up, or the user interrupted it.
    Intended,
    /// The connection gave up, for this reason.
    GaveUp(String),
}

fn follow(
    worker: &Worker,
    interrupted: &Receiver<()>,
    args: &TailArgs,
    started: Instant,
    kinds: &SourceKinds,
    state: &mut State,
    out: &mut impl Write,
) -> io::Result<Ended> {
    let deadline = args.duration.map(|duration| started + duration);
    loop {
        let event = match worker.events().try_recv() {
            Ok(event) => event,
            Err(_) => {
                // The channel is empty: what was written is shown before waiting.
                out.flush()?;
                match wait(worker, interrupted, deadline) {
                    Ok(event) => event,
                    Err(ended) => return Ok(ended),
                }
            }
        };
        state.record(&event);
        if !args.quiet {
            line::write(out, &event, kinds, args.json)?;
        }
        if let FeedEvent::Status(report) = event
            && report.status == LinkStatus::Error
        {
            return Ok(Ended::GaveUp(
                report.reason.unwrap_or_else(|| "the connection has failed".into()),
            ));
        }
        // A busy feed never empties the channel, so the time is checked here too.
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) || !interrupted.is_empty() {
            return Ok(Ended::Intended);
        }
    }
}

fn wait(worker: &Worker, interrupted: &Receiver<()>, deadline: Option<Instant>) -> Result<FeedEvent, Ended> {
    let left = deadline.map_or(Duration::from_secs(3_600), |at| {
        at.saturating_duration_since(Instant::now())
    });
    let stopped = || Ended::GaveUp("the network thread has stopped; please report this".into());
    loop {
        select! {
            recv(worker.events()) -> event => return event.map_err(|_| stopped()),
            recv(interrupted) -> _ => return Err(Ended::Intended),
            default(left) => match worker.events().recv_timeout(Duration::ZERO) {
                Ok(event) => return Ok(event),
                Err(RecvTimeoutError::Disconnected) => return Err(stopped()),
                Err(RecvTimeoutError::Timeout) if deadline.is_some() => return Err(Ended::Intended),
                Err(RecvTimeoutError::Timeout) => {}
            },
        }
    }
}

/// Sends one message on Ctrl-C or SIGTERM, so that the dump and the summary are still written.
pub(super) fn interrupts() -> Receiver<()> {
    let (sender, receiver) = bounded(1);
    let spawned = std::thread::Builder::new()
        .name("opswall-signals".into())
        .spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            runtime.block_on(super::signals::interrupted());
            let _ = sender.send(());
        });
    if let Err(error) = spawned {
        tracing::warn!("Ctrl-C ends the program without a summary: no thread for it ({error})");
    }
    receiver
}
