//! The worker's events become messages.

use bevy::{ecs::system::SystemParam, prelude::*};

use super::{ConnectionView, Feed};
use crate::messages::{Backlog, Noticed, RowChanged, SourcesFound, StatusChanged, Synced};
use model::Joiner;
use realtime::{FeedEvent, LinkStatus, StatusReport};
use settings::SourceKinds;

/// Most events other than row changes that are taken in one frame; the rest wait for the next.
const NEWS_PER_FRAME: usize = 256;

/// Most rows that one frame updates because a row that completes very many has changed.
const JOINED_PER_FRAME: usize = 4_000;

/// The messages that events other than changes become.
#[derive(SystemParam)]
pub(super) struct News<'w> {
    found: MessageWriter<'w, SourcesFound>,
    statuses: MessageWriter<'w, StatusChanged>,
    synced: MessageWriter<'w, Synced>,
    notices: MessageWriter<'w, Noticed>,
}

/// Takes the events that fit: the fleet's backlog bounds the changes. A change that cannot be applied soon stays with the
/// worker, which keeps one per row.
pub(super) fn receive(
    mut feed: ResMut<Feed>,
    mut connection: ResMut<ConnectionView>,
    backlog: Res<Backlog>,
    time: Res<Time<Real>>,
    mut changed: MessageWriter<RowChanged>,
    mut news: News,
) {
    let now = time.elapsed_secs_f64();
    if let Some(first) = time.first_update() {
        let ahead = first.saturating_duration_since(feed.started).as_secs_f64();
        let behind = feed.started.saturating_duration_since(first).as_secs_f64();
        connection.feed_ahead = ahead - behind;
    }
    let mut room = Backlog::LIMIT.saturating_sub(backlog.waiting);
    let mut other_events = 0;
    let mut batch = Vec::new();
    if feed.joiner.is_waiting() {
        let most = room.min(JOINED_PER_FRAME);
        feed.joiner.advance(most, |change, _| batch.push(RowChanged(change)));
        room -= most;
    }
    while room > 0 && other_events < NEWS_PER_FRAME {
        let Feed {
            worker,
            joiner,
            taken,
            awaits_sources,
            ..
        } = &mut *feed;
        // Whatever is taken fits in this frame, so that nothing waits here while the wall is idle.
        let most = room.min(NEWS_PER_FRAME - other_events);
        if taken.is_empty() && worker.events().take(most, taken).is_err() {
            report_worker_ended(&mut connection, &mut news.statuses, now);
        }
        // The mapping is there before the first change that is read with it.
        if *awaits_sources && let Some(mapping) = worker.followed().mapping() {
            *awaits_sources = false;
            connection.kinds = SourceKinds::of(mapping);
            *joiner = Joiner::new(mapping);
            news.found.write(SourcesFound(mapping.clone()));
        }
        let event = match taken.pop_front() {
            Some(FeedEvent::Change(change)) => {
                let before = batch.len();
                joiner.apply(change, |change, _| batch.push(RowChanged(change)));
                // A row that completes others brings changes of theirs with it.
                room = room.saturating_sub((batch.len() - before).max(1));
                continue;
            }
            Some(event) => event,
            None => break,
        };
        // Some events refer to the changes before them: they wait until those are applied.
        let is_early = !batch.is_empty() || backlog.waiting > 0 || joiner.is_waiting();
        if is_early && must_follow_changes(&event, &connection.report) {
            taken.push_front(event);
            break;
        }
        other_events += 1;
        handle(event, &mut connection, now, &mut news);
    }
    changed.write_batch(batch);
    if let Some(notice) = feed.joiner.take_notice() {
        news.notices.write(Noticed(notice));
    }
    if connection.report.is_flowing() {
        connection.last_live = Some(now);
    }
}

/// "Synced", "connected" and, after an outage, "catching up" are claims about rows: the screen shows them once those rows
/// are on it. Bad news does not wait, and neither does "catching up" after "connected".
fn must_follow_changes(event: &FeedEvent, present: &StatusReport) -> bool {
    match event {
        FeedEvent::Synced(_) => true,
        FeedEvent::Status(report) => {
            report.status == LinkStatus::Connected || (report.catching_up && !present.is_flowing())
        }
        _ => false,
    }
}

fn handle(event: FeedEvent, connection: &mut ConnectionView, now: f64, news: &mut News) {
    match event {
        FeedEvent::Status(report) => {
            // "Disconnected" after "catching up" is another state, although the word is the same.
            let is_same =
                (report.status, report.catching_up) == (connection.report.status, connection.report.catching_up);
            if !is_same {
                connection.since = now;
            }
            connection.reported = now;
            connection.report = report.clone();
            news.statuses.write(StatusChanged(report));
        }
        FeedEvent::Synced(report) => {
            news.synced.write(Synced(report));
        }
        FeedEvent::Notice(notice) => {
            news.notices.write(Noticed(notice));
        }
        FeedEvent::Link(report) => {
            connection.sources.clone_from(&report.sources);
            connection.link = *report;
        }
        FeedEvent::Change(_) => {}
    }
}

/// The network thread has ended unexpectedly: without this its last status would be shown for ever.
fn report_worker_ended(connection: &mut ConnectionView, statuses: &mut MessageWriter<StatusChanged>, now: f64) {
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
                must_follow_changes(&event, present),
                waits,
                "{news:?} after {present:?}"
            );
        }
        let notice = FeedEvent::Notice(Notice {
            kind: NoticeKind::Lost,
            text: String::new(),
        });
        assert!(!must_follow_changes(&notice, &live));
    }
}
