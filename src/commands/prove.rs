//! Whether the sources can really be followed: REST does not show which tables are published, the stream does.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::Failure;
use client::{Worker, discover::Discovery};
use model::{discover::Way, schema};
use realtime::{FeedEvent, LinkStatus, SourceReport, SourceState};
use settings::FeedSettings;

/// How long the server may take to accept or refuse every table. It refuses one after several attempts.
const DEADLINE: Duration = Duration::from_secs(8);
/// Events taken at once.
const MAX_BATCH: usize = 1_024;

/// Subscribes to the sources and corrects how each is kept true. Where the stream cannot be reached, nothing is proven: then
/// the result is the reason, a clause.
pub(super) fn prove(feed: &FeedSettings, discovery: &mut Discovery) -> Result<Option<String>, Failure> {
    let Some(find) = &feed.find_sources else {
        return Ok(None);
    };
    let Ok(mapping) = discovery.mapping(find) else {
        return Ok(None);
    };
    let feed = FeedSettings {
        mapping: Arc::new(mapping),
        find_sources: None,
        ..feed.clone()
    };
    let worker = Worker::start(feed).map_err(|error| Failure::Running(error.to_string()))?;
    let (reports, problem) = reports(&worker, discovery.sources().len());
    let readable = discovery
        .proposal
        .sources
        .iter_mut()
        .filter(|source| !matches!(source.way, Way::LeftOut(_)));
    for (source, report) in readable.zip(reports) {
        let why = report.why.unwrap_or_else(|| report.state.word().to_owned());
        let is_unpublished = why.contains(schema::PUBLICATION);
        match report.state {
            SourceState::Followed | SourceState::Reading | SourceState::StreamOnly => source.way = Way::Followed,
            SourceState::Polled => source.way = Way::Polled(why),
            SourceState::LeftOut | SourceState::Refused | SourceState::Lost => source.way = Way::LeftOut(why),
            SourceState::Closed | SourceState::Joining | SourceState::Joined => continue,
        }
        let facts = discovery.tables.iter_mut().find(|facts| facts.is_of(&source.mapping));
        if let Some(facts) = facts {
            facts.is_published = facts.is_published.or_else(|| match source.way {
                Way::Followed => Some(true),
                _ => is_unpublished.then_some(false),
            });
        }
    }
    Ok(problem
        .map(|reason| format!("the stream could not be reached ({reason}), so it is not proven that changes arrive")))
}

/// The last report of each of the first `count` sources, once all are decided or the time is up.
fn reports(worker: &Worker, count: usize) -> (Vec<SourceReport>, Option<String>) {
    let deadline = Instant::now() + DEADLINE;
    let (mut reports, mut batch): (Vec<SourceReport>, Vec<FeedEvent>) = (Vec::new(), Vec::new());
    loop {
        if worker.events().take(MAX_BATCH, &mut batch).is_err() {
            return (reports, Some("the network thread has stopped".to_owned()));
        }
        let is_idle = batch.is_empty();
        for event in batch.drain(..) {
            match event {
                FeedEvent::Link(report) => reports = report.sources.into_iter().take(count).collect(),
                FeedEvent::Status(report) if matches!(report.status, LinkStatus::Disconnected | LinkStatus::Error) => {
                    let reason = report.reason.unwrap_or_else(|| report.status.word().to_owned());
                    return (reports, Some(reason));
                }
                _ => {}
            }
        }
        // A source that is not published is reported as polled only when all snapshots are read.
        let is_open = |report: &SourceReport| {
            matches!(
                report.state,
                SourceState::Closed | SourceState::Joining | SourceState::Joined | SourceState::Reading
            )
        };
        let is_decided = reports.len() >= count && !reports.iter().any(is_open);
        let left = deadline.saturating_duration_since(Instant::now());
        if is_decided || left.is_zero() {
            return (reports, None);
        }
        if is_idle {
            worker.events().wait(left);
        }
    }
}
