//! The worker: its own OS thread with a single-threaded tokio runtime, bounded channels in and out.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use thiserror::Error;
use tokio::sync::Notify;

use super::{carrier::Carrier, outbox::Outbox, rest::Rest, tls::Tls};
use realtime::Command;
use realtime::FeedEvent;
use settings::FeedSettings;

/// Events between the worker and its reader. When they are not taken, the worker folds changes per row.
const EVENTS: usize = 8_192;
/// Orders from the user that may wait; a person cannot fill it.
const ORDERS: usize = 64;
/// How long a stop may take before the thread is left to end on its own.
const STOP_DEADLINE: Duration = Duration::from_millis(900);

/// Why a worker could not start.
#[derive(Debug, Error)]
pub enum NetError {
    /// TLS cannot be set up; tell the user.
    #[error("TLS cannot be set up ({0}); install the system's certificates (ca-certificates)")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be built; tell the user.
    #[error("the HTTP client cannot be set up ({0})")]
    Http(#[from] reqwest::Error),
    /// No thread or no runtime; tell the user.
    #[error("the network thread cannot be started ({0}); free some memory or raise the process limit")]
    Thread(#[from] std::io::Error),
}

/// What the worker is asked from outside.
pub(super) enum Order {
    Session(Command),
    Stop,
}

/// A running feed: read [`Worker::events`], send [`Worker::command`]. Dropping it stops the thread within a second.
#[derive(Debug)]
pub struct Worker {
    events: Receiver<FeedEvent>,
    orders: Sender<Order>,
    wake: Arc<Notify>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts following the feed.
    pub fn start(settings: FeedSettings) -> Result<Self, NetError> {
        let auth_url = settings.auth.as_ref().map(|auth| &auth.url);
        let urls = [Some(&settings.realtime_url), settings.rest_url.as_ref(), auth_url];
        let tls = Tls::new(urls.into_iter().flatten())?;
        let rest = match &settings.rest_url {
            Some(base) => Some(Rest::new(base.clone(), settings.key.clone(), tls.config())?),
            None => None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

        let (event_sender, events) = bounded(EVENTS);
        let (orders, order_receiver) = bounded(ORDERS);
        let (end_sender, ended) = bounded(1);
        let wake = Arc::new(Notify::new());
        let carrier = Carrier::new(
            settings,
            tls,
            rest,
            Outbox::new(event_sender),
            order_receiver,
            wake.clone(),
        );
        let thread = thread::Builder::new().name("opswall-net".into()).spawn(move || {
            runtime.block_on(carrier.run());
            // Name look-ups run on blocking threads that cannot be cancelled: do not wait for them.
            runtime.shutdown_background();
            // The reader learns of the end by the closed channel.
            drop(end_sender);
        })?;
        Ok(Self {
            events,
            orders,
            wake,
            ended,
            thread: Some(thread),
        })
    }

    /// What the feed says, in order. Disconnected once the worker has stopped.
    pub fn events(&self) -> &Receiver<FeedEvent> {
        &self.events
    }

    /// Passes on what the user wants. Says whether it was taken: false when the worker has stopped or 64 orders wait.
    pub fn command(&self, command: Command) -> bool {
        let taken = self.orders.try_send(Order::Session(command)).is_ok();
        self.wake.notify_one();
        taken
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A full queue drains at once when woken; the deadline below bounds the wait either way.
        let _ = self.orders.send_timeout(Order::Stop, STOP_DEADLINE / 4);
        self.wake.notify_one();
        let ended = self.ended.recv_timeout(STOP_DEADLINE);
        if matches!(ended, Err(crossbeam_channel::RecvTimeoutError::Disconnected))
            && let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the network thread panicked");
        }
    }
}
