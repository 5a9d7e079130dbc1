//! `ConnectionPlugin`: owns the worker and its channels, keeps the status as a resource, obeys intents.
//!
//! Data comes in by a bounded channel and leaves as messages; the user's intents go out as orders. Nothing here draws.

mod doorbell;
mod obey;
mod pace;
mod receive;
mod state;

pub use doorbell::Doorbell;
pub use state::Connection;

use std::time::Instant;

use bevy::prelude::*;

use crate::frame::FrameSystems;
use client::{NetError, Worker};
use realtime::FeedEvent;
use settings::{FeedSettings, SourceKinds, saved::Keeper};

/// Follows a feed: starts the worker and carries its news into the ECS.
#[derive(Debug)]
pub struct ConnectionPlugin {
    initial: Connection,
    feed: std::sync::Mutex<Option<Feed>>,
}

/// The running worker and what belongs to it.
#[derive(Resource, Debug)]
pub(crate) struct Feed {
    pub worker: Worker,
    /// Where the panel's changes are kept for the next start; `None` keeps nothing (tests, pictures).
    pub keep_in: Option<Keeper>,
    /// What the rows of each source are.
    pub kinds: SourceKinds,
    /// An event taken from the channel that did not fit in this frame.
    pub held: Option<FeedEvent>,
    /// When the worker was started: where its clock begins.
    pub started: Instant,
}

impl ConnectionPlugin {
    /// Starts the worker at once, so that connecting overlaps with opening the window.
    pub fn start(settings: FeedSettings, demo: bool, keep_in: Option<Keeper>) -> Result<Self, NetError> {
        let initial = Connection {
            shown_url: settings.shown_url(),
            backoff: settings.backoff,
            demo,
            signed_in: settings.auth.is_some(),
            ..Connection::default()
        };
        let kinds = SourceKinds::of(&settings.mapping);
        let started = Instant::now();
        let worker = Worker::start(settings)?;
        Ok(Self {
            initial,
            feed: std::sync::Mutex::new(Some(Feed {
                worker,
                keep_in,
                kinds,
                held: None,
                started,
            })),
        })
    }
}

impl Plugin for ConnectionPlugin {
    fn build(&self, app: &mut App) {
        // A plugin is built once; the worker moves from it into the world.
        let feed = self.feed.lock().ok().and_then(|mut feed| feed.take());
        if let Some(feed) = feed {
            app.insert_resource(Doorbell::new(feed.worker.events()))
                .insert_resource(feed);
        }
        app.insert_resource(self.initial.clone())
            .init_resource::<pace::Pace>()
            .init_resource::<obey::ToKeep>()
            .add_systems(
                Update,
                (obey::obey, receive::receive, pace::measure, obey::keep)
                    .chain()
                    .run_if(resource_exists::<Feed>)
                    .in_set(FrameSystems::Receive),
            );
    }
}
