//! `ConnectionPlugin`: owns the worker and its channels, keeps the status as a resource, carries out intents.
//!
//! Data arrives through a bounded channel and leaves as messages; the user's intents leave as commands. Nothing here draws.

mod commands;
mod project;
mod rates;
mod receive;
mod waiter;

pub(crate) use project::write_project;
pub use project::{Follow, Found, Look, Looking, ProjectSetup};
pub use rates::rates;
pub(crate) use rates::{RateHistory, Rates};
pub(crate) use waiter::FeedWaiter;

use std::{collections::VecDeque, time::Instant};

use bevy::prelude::*;

use crate::frame::ConnectionSystems;
use client::{NetError, Worker};
use model::{Backoff, Joiner, Kind, Mapping, SourceId};
use realtime::{FeedEvent, LinkReport, SourceReport, SourceState, StatusReport};
use settings::{FeedSettings, SourceKinds, saved::Keeper};

/// The connection as the rest of the app reads it. Written by `ConnectionPlugin` only.
#[derive(Resource, Debug, Clone, Default)]
pub struct ConnectionView {
    /// The status that the session last reported, and what comes next.
    pub report: StatusReport,
    /// Since when the status is what it is, seconds of `Time<Real>`.
    pub since: f64,
    /// When the report came: what `report.retry_in_ms` counts from. Seconds of `Time<Real>`.
    pub reported: f64,
    /// The connection's details beyond its status; the session reports them at most four times a second.
    pub link: LinkReport,
    /// Each source as it stands, by [`SourceId::index`]; behind those of the mapping the tables that complete them.
    pub sources: Vec<SourceReport>,
    /// What the rows of each source are.
    pub kinds: SourceKinds,
    /// When changes last flowed (live, or catching up), seconds of `Time<Real>`; `None` before the first time.
    pub last_live: Option<f64>,
    /// Where it connects to, without query or key.
    pub shown_url: String,
    /// The delays between attempts that are in force, as set or as changed in the panel.
    pub backoff: Backoff,
    /// The feed is the built-in demo.
    pub demo: bool,
    /// A user is signed in: what expires is the session's token. Else it is the key.
    pub signed_in: bool,
    /// The feed's clock, which the times in `link` refer to, is ahead of `Time<Real>` by this many seconds: its thread
    /// starts before there is a window.
    pub(crate) feed_ahead: f64,
}

impl ConnectionView {
    /// The connection to a feed before anything is known of it.
    fn of(settings: &FeedSettings, demo: bool) -> Self {
        Self {
            shown_url: settings.shown_url(),
            backoff: settings.backoff,
            demo,
            signed_in: settings.auth.is_some(),
            kinds: SourceKinds::of(&settings.mapping),
            ..Self::default()
        }
    }

    /// One source as it stands; `None` while nothing is reported.
    pub(crate) fn source(&self, source: SourceId) -> Option<&SourceReport> {
        self.sources.get(source.index())
    }

    /// This source is lost: its rows are as they were when it was last proven.
    pub(crate) fn is_lost(&self, source: SourceId) -> bool {
        // A source that is left out has no rows that could be old.
        let is_lost = |report: &SourceReport| report.lost_ms.is_some() && report.state != SourceState::LeftOut;
        self.source(source).is_some_and(is_lost)
    }

    /// A source of this kind is lost.
    pub(crate) fn has_lost(&self, kind: Kind) -> bool {
        (0..self.sources.len())
            .map(SourceId::new)
            .any(|source| self.kinds.kind(source) == Some(kind) && self.is_lost(source))
    }

    /// All rows of some source of this kind were read since the wall began, so that it is known how many there are.
    pub(crate) fn has_read(&self, kind: Kind) -> bool {
        let is_read = |report: &SourceReport| {
            use SourceState::{LeftOut, Refused, StreamOnly};
            !matches!(report.state, Refused | LeftOut | StreamOnly)
        };
        let mut sources = self.sources.iter().enumerate();
        self.last_live.is_some()
            && sources.any(|(at, report)| self.kinds.kind(SourceId::new(at)) == Some(kind) && is_read(report))
    }

    /// The rows of all sources that are shown, without those of tables that only complete them.
    pub(crate) fn rows(&self) -> usize {
        let is_shown = |at: &usize| self.kinds.kind(SourceId::new(*at)).is_some();
        let shown = self.sources.iter().enumerate().filter(|(at, _)| is_shown(at));
        shown.map(|(_, source)| source.rows).sum()
    }
}

/// Follows a feed: starts the worker and turns its events into messages.
#[derive(Debug)]
pub struct ConnectionPlugin {
    initial: ConnectionView,
    feed: std::sync::Mutex<Option<Feed>>,
}

/// The running worker and what belongs to it.
#[derive(Resource, Debug)]
pub(crate) struct Feed {
    /// The thread that drives the session.
    pub(crate) worker: Worker,
    /// Where a backoff changed in the panel is saved for the next start; `None` saves nothing (tests, pictures).
    pub(crate) keep_in: Option<Keeper>,
    /// Completes the rows with those of other tables.
    pub(crate) joiner: Joiner,
    /// The worker looks for the sources, and the wall does not know them yet.
    pub(crate) awaits_sources: bool,
    /// Events taken from the worker that are not handled yet. While there are any, no more are taken: what waits with
    /// the worker is combined per row.
    pub(crate) taken: VecDeque<FeedEvent>,
    /// When the worker was started: where its clock begins.
    pub(crate) started: Instant,
    /// What serves the feed, if this process does: it ends with the feed.
    server: Option<Server>,
}

/// A server that runs until this is dropped.
struct Server(#[expect(dead_code, reason = "it is kept, and dropped")] Box<dyn Send + Sync>);

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

impl Feed {
    fn new(worker: Worker, mapping: &Mapping, keep_in: Option<Keeper>, started: Instant) -> Self {
        Self {
            joiner: Joiner::new(mapping),
            awaits_sources: worker.followed().mapping().is_none(),
            worker,
            keep_in,
            taken: VecDeque::new(),
            started,
            server: None,
        }
    }
}

impl ConnectionPlugin {
    /// Starts the worker at once, so that connecting overlaps with opening the window.
    pub fn start(settings: FeedSettings, demo: bool, keep_in: Option<Keeper>) -> Result<Self, NetError> {
        let initial = ConnectionView::of(&settings, demo);
        let mapping = settings.mapping.clone();
        let started = Instant::now();
        let worker = Worker::start(settings)?;
        Ok(Self {
            initial,
            feed: std::sync::Mutex::new(Some(Feed::new(worker, &mapping, keep_in, started))),
        })
    }

    /// Keeps this as long as the feed is followed: the server of the demo.
    #[must_use]
    pub fn keeping(self, server: Box<dyn Send + Sync>) -> Self {
        if let Ok(mut feed) = self.feed.lock()
            && let Some(feed) = feed.as_mut()
        {
            feed.server = Some(Server(server));
        }
        self
    }
}

impl Plugin for ConnectionPlugin {
    fn build(&self, app: &mut App) {
        // A plugin is built once; the worker moves from it into the world.
        let feed = self.feed.lock().ok().and_then(|mut feed| feed.take());
        if let Some(feed) = feed {
            app.insert_resource(FeedWaiter::new(feed.worker.events()))
                .insert_resource(feed);
        }
        app.add_plugins(rates)
            .add_message::<Follow>()
            .insert_resource(self.initial.clone())
            .init_resource::<commands::UnsavedBackoff>()
            .init_resource::<commands::SavingWords>()
            .add_systems(
                Update,
                (
                    commands::send_commands
                        .run_if(resource_exists::<Feed>)
                        .in_set(ConnectionSystems::Commands),
                    project::follow
                        .run_if(resource_exists::<Feed>.and_then(on_message::<Follow>))
                        .in_set(ConnectionSystems::Follow),
                    receive::receive
                        .run_if(resource_exists::<Feed>)
                        .in_set(ConnectionSystems::Receive),
                    (commands::save_backoff, commands::report_unsaved)
                        .run_if(resource_exists::<Feed>)
                        .in_set(ConnectionSystems::Save),
                ),
            );
    }
}
