//! The worker's channel becomes messages.

use bevy::prelude::*;
use crossbeam_channel::TryRecvError;

use super::{Connection, Feed, pace::Pace};
use crate::messages::{Backlog, LinkReported, Noticed, RowChanged, StatusChanged, Synced};
use realtime::{FeedEvent, LinkStatus, StatusReport};
use settings::SourceKinds;

/// Most events that are not row changes taken in one frame; the rest wait for the next.
const NEWS_PER_FRAME: usize = 256;

/// Takes what fits: the fleet's backlog bounds the changes, so what cannot be applied soon stays with the worker,
/// which folds it per row.
pub(super) fn receive(
    mut feed: ResMut<Feed>,
    mut connection: ResMut<Connection>,
    mut pace: ResMut<Pace>,
    backlog: Res<Backlog>,
    time: Res<Time<Real>>,
    mut changed: MessageWriter<RowChanged>,
    mut statuses: MessageWriter<StatusChanged>,
    mut synced: MessageWriter<Synced>,
    mut notices: MessageWriter<Noticed>,
    mut links: MessageWriter<LinkReported>,
) {
    let now = time.elapsed_secs_f64();
    if let Some(first) = time.first_update() {
        connection.feed_ahead = first.saturating_duration_since(feed.started).as_secs_f64();
    }
    let mut room = Backlog::LIMIT.saturating_sub(backlog.waiting);
    let mut news = NEWS_PER_FRAME;
    let mut batch = Vec::new();
    while room > 0 && news > 0 {
        let event = match feed.held.take().map_or_else(|| feed.worker.events().try_recv(), Ok) {
            Ok(event) => event,
            Err(TryRecvError::Empty) => break,
            Err(TryRecvError::Disconnected) => {
                worker_ended(&mut connection, &mut statuses, now);
                break;
            }
        };
        match event {
            FeedEvent::Change(change) => {
                if let Some(change) = feed.kinds.read(change) {
                    room -= 1;
                    batch.push(RowChanged(change));
                }
            }
            // What follows tells of the changes before it: it waits until they are applied.
            other if !batch.is_empty() || backlog.waiting > 0 => {
                if matters_after_changes(&other, &connection.report) {
                    feed.held = Some(other);
                    break;
                }
                news -= 1;
                tell(
                    other,
                    &feed.kinds,
                    &mut connection,
                    now,
                    &mut statuses,
                    &mut synced,
                    &mut notices,
                    &mut links,
                );
            }
            other => {
                news -= 1;
                tell(
                    other,
                    &feed.kinds,
                    &mut connection,
                    now,
                    &mut statuses,
                    &mut synced,
                    &mut notices,
                    &mut links,
                );
            }
        }
    }
    // A snapshot's rows are not something that happened: they carry no commit time.
    pace.count(
        batch
            .iter()
            .filter(|RowChanged(change)| change.committed_ms.is_some())
            .count(),
    );
    changed.write_batch(batch);
    if connection.report.is_flowing() {
        connection.last_live = Some(now);
    }
}

/// "Synced", "connected" and, after an outage, "catching up" are claims about rows: the screen makes them once those rows
/// are on it. Bad news does not wait: from live, "catching up" is such.
fn matters_after_changes(event: &FeedEvent, present: &StatusReport) -> bool {
    match event {
        FeedEvent::Synced(_) => true,
        FeedEvent::Status(report) => {
            report.status == LinkStatus::Connected || (report.catching_up && !present.is_flowing())
        }
        _ => false,
    }
}

fn tell(
    event: FeedEvent,
    kinds: &SourceKinds,
    connection: &mut Connection,
    now: f64,
    statuses: &mut MessageWriter<StatusChanged>,
    synced: &mut MessageWriter<Synced>,
    notices: &mut MessageWriter<Noticed>,
    links: &mut MessageWriter<LinkReported>,
) {
    match event {
        FeedEvent::Status(report) => {
            // Lost while catching up is another state under the same word.
            let is_same =
                (report.status, report.catching_up) == (connection.report.status, connection.report.catching_up);
            if !is_same {
                connection.since = now;
            }
            connection.reported = now;
            connection.report = report.clone();
            statuses.write(StatusChanged(report));
        }
        FeedEvent::Synced(report) => {
            connection.last_sync = Some(report.clone());
            synced.write(Synced(report));
        }
        FeedEvent::Notice(notice) => {
            notices.write(Noticed(notice));
        }
        FeedEvent::Link(report) => {
            connection.sources = kinds.reports(&report.sources);
            connection.link = (*report).clone();
            links.write(LinkReported(*report));
        }
        FeedEvent::Change(_) => {}
    }
}

/// The network thread has ended without being asked to: say so instead of showing its last status for ever.
fn worker_ended(connection: &mut Connection, statuses: &mut MessageWriter<StatusChanged>, now: f64) {
    if connection.report.status == LinkStatus::Error {
        return;
    }
    let report = StatusReport {
        status: LinkStatus::Error,
        reason: Some("the network thread has stopped; restart opswall and report this".into()),
        retry_in_ms: None,
        catching_up: false,
        ..connection.report.clone()
    };
    connection.since = now;
    connection.reported = now;
    connection.report = report.clone();
    statuses.write(StatusChanged(report));
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Notice, NoticeKind};

    fn status(status: LinkStatus, catching_up: bool) -> StatusReport {
        StatusReport {
            status,
            catching_up,
            ..StatusReport::default()
        }
    }

    #[test]
    fn good_news_waits_for_its_rows_and_bad_news_does_not() {
        let live = status(LinkStatus::Connected, false);
        let catching_up = status(LinkStatus::Connecting, true);
        let lost = status(LinkStatus::Disconnected, false);
        let connecting = status(LinkStatus::Connecting, false);
        for (news, present, waits) in [
            (&live, &connecting, true),
            (&live, &catching_up, true),
            (&catching_up, &live, false),
            (&catching_up, &catching_up, false),
            (&catching_up, &lost, true),
            (&lost, &live, false),
            (&connecting, &catching_up, false),
        ] {
            let event = FeedEvent::Status(news.clone());
            assert_eq!(
                matters_after_changes(&event, present),
                waits,
                "{news:?} after {present:?}"
            );
        }
        let notice = FeedEvent::Notice(Notice {
            kind: NoticeKind::Lost,
            text: String::new(),
        });
        assert!(!matters_after_changes(&notice, &live));
    }
}
