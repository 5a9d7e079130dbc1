//! `opswall tail`: the feed without a window, as text or as JSON lines.

mod line;
mod state;

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded, select};

use super::Failure;
use client::Worker;
use realtime::{FeedEvent, LinkStatus};
use settings::{FeedSettings, SourceKinds};
use state::State;

/// What `tail` was asked for.
#[derive(Debug, Clone, Default)]
pub struct TailOptions {
    pub json: bool,
    /// Prints nothing but the closing summary.
    pub quiet: bool,
    /// Ends by itself after this long.
    pub duration: Option<Duration>,
    /// Writes the merged rows here at the end.
    pub dump: Option<PathBuf>,
}

/// Follows the feed until its time is up, the user interrupts, the reader of the output goes, or the connection gives
/// up (a failure).
pub fn run(settings: FeedSettings, options: &TailOptions) -> Result<(), Failure> {
    let started = Instant::now();
    let kinds = SourceKinds::of(&settings.mapping);
    let worker = Worker::start(settings).map_err(|error| Failure::Running(error.to_string()))?;
    let interrupted = interrupts();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut state = State::new(kinds.clone(), options.dump.is_some());

    let ended = follow(&worker, &interrupted, options, started, &kinds, &mut state, &mut out);
    drop(worker);
    if let Some(path) = &options.dump {
        state.dump(path)?;
    }
    let told = state
        .summary(started.elapsed())
        .write(&mut out, options.json)
        .and_then(|()| out.flush());
    match (ended, told) {
        (Ok(Ended::GaveUp(reason)), _) => Err(Failure::Running(reason)),
        (Ok(Ended::AsAsked), Ok(())) => Ok(()),
        (Err(error), _) | (_, Err(error)) => output_failed(&error),
    }
}

/// Why it ended.
enum Ended {
    AsAsked,
    GaveUp(String),
}

fn follow(
    worker: &Worker,
    interrupted: &Receiver<()>,
    options: &TailOptions,
    started: Instant,
    kinds: &SourceKinds,
    state: &mut State,
    out: &mut impl Write,
) -> io::Result<Ended> {
    let deadline = options.duration.map(|duration| started + duration);
    loop {
        let event = match worker.events().try_recv() {
            Ok(event) => event,
            Err(_) => {
                // Nothing more for now: what was written is shown before waiting.
                out.flush()?;
                match wait(worker, interrupted, deadline) {
                    Ok(event) => event,
                    Err(ended) => return Ok(ended),
                }
            }
        };
        state.take(&event);
        if !options.quiet {
            line::write(out, &event, kinds, options.json)?;
        }
        if let FeedEvent::Status(report) = event
            && report.status == LinkStatus::Error
        {
            return Ok(Ended::GaveUp(
                report.reason.unwrap_or_else(|| "the connection has failed".into()),
            ));
        }
        // A busy feed never empties the channel: the clock is looked at here too.
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) || !interrupted.is_empty() {
            return Ok(Ended::AsAsked);
        }
    }
}

fn wait(worker: &Worker, interrupted: &Receiver<()>, deadline: Option<Instant>) -> Result<FeedEvent, Ended> {
    let left = deadline.map_or(Duration::from_secs(3_600), |at| {
        at.saturating_duration_since(Instant::now())
    });
    let stopped = || Ended::GaveUp("the network thread has stopped; report this".into());
    loop {
        select! {
            recv(worker.events()) -> event => return event.map_err(|_| stopped()),
            recv(interrupted) -> _ => return Err(Ended::AsAsked),
            default(left) => match worker.events().recv_timeout(Duration::ZERO) {
                Ok(event) => return Ok(event),
                Err(RecvTimeoutError::Disconnected) => return Err(stopped()),
                Err(RecvTimeoutError::Timeout) if deadline.is_some() => return Err(Ended::AsAsked),
                Err(RecvTimeoutError::Timeout) => {}
            },
        }
    }
}

/// One message for Ctrl-C or a polite kill, so that the dump and the summary are still written.
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

/// A reader that closed the pipe has seen enough; everything else is a failure.
fn output_failed(error: &io::Error) -> Result<(), Failure> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(());
    }
    Err(Failure::Running(format!(
        "cannot write the output: {error}; free some space or write elsewhere"
    )))
}
