//! The handle of the network thread: an OS thread with a single-threaded tokio runtime, bounded queues in and out.

use std::{
    thread::{self, JoinHandle},
    time::Duration,
};

use crossbeam_channel::{Receiver, bounded};
use thiserror::Error;
use tokio::sync::mpsc;

use super::{
    auth::Authenticator,
    driver::{Driver, SignInState},
    finder::{Finder, Followed},
    outbox::{Events, outbox},
    rest::Rest,
    tls::Tls,
};
use realtime::{Command, Source};
use settings::FeedSettings;

/// Commands that may wait; a person cannot fill it.
const MAX_COMMANDS: usize = 64;
/// How long a stop may take before the thread is left to end on its own.
const STOP_DEADLINE: Duration = Duration::from_millis(900);
/// Threads for name look-ups and files. Each of these is read or looked up once at a time.
const MAX_BLOCKING_THREADS: usize = 16;

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

/// A running feed: read [`Worker::events`], send [`Worker::command`]. Dropping it stops the thread within a second.
#[derive(Debug)]
pub struct Worker {
    events: Events,
    followed: Followed,
    /// `None` once the thread was asked to stop.
    commands: Option<mpsc::Sender<Command>>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts following the feed.
    ///
    /// # Errors
    /// When TLS, the HTTP client or the thread cannot be set up.
    pub fn start(settings: FeedSettings) -> Result<Self, NetError> {
        Self::begin(settings, None)
    }

    /// As [`Worker::start`], with these sources in the place of those that the mapping names.
    ///
    /// # Errors
    /// As [`Worker::start`].
    pub fn follow(settings: FeedSettings, sources: Vec<Source>) -> Result<Self, NetError> {
        Self::begin(settings, Some(sources))
    }

    fn begin(mut settings: FeedSettings, sources: Option<Vec<Source>>) -> Result<Self, NetError> {
        let auth_url = settings.auth.as_ref().map(|auth| &auth.url);
        let urls = [Some(&settings.realtime_url), settings.rest_url.as_ref(), auth_url];
        let mut tls = Tls::new(urls.into_iter().flatten())?;
        let rest = match &settings.rest_url {
            Some(base) => Some(Rest::new(base.clone(), settings.key.clone(), tls.config())?),
            None => None,
        };
        // Without REST nothing can be found, and the stream is followed as the mapping is.
        let find = settings
            .find_sources
            .take()
            .filter(|_| sources.is_none() && rest.is_some());
        let followed = match &find {
            Some(_) => Followed::default(),
            None => Followed::known(settings.mapping.clone()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(MAX_BLOCKING_THREADS)
            .build()?;

        let (mut outbox, events) = outbox();
        let (commands, mut command_receiver) = mpsc::channel(MAX_COMMANDS);
        let (end_sender, ended) = bounded(1);
        let found = followed.clone();
        let thread = thread::Builder::new().name("opswall-net".into()).spawn(move || {
            runtime.block_on(async move {
                let auth = settings
                    .auth
                    .clone()
                    .map(|auth| Authenticator::new(auth, settings.key.clone(), settings.allow_service_key));
                let mut signed_in = None;
                if let Some(find) = find {
                    let mut finder = Finder {
                        settings: &mut settings,
                        find,
                        tls: &mut tls,
                        auth: auth.clone(),
                        outbox: &mut outbox,
                        commands: &mut command_receiver,
                        signed_in: None,
                    };
                    if !finder.run(&found).await {
                        return;
                    }
                    signed_in = finder.signed_in;
                }
                let sources = sources.unwrap_or_else(|| settings::sources(&settings.mapping));
                let sign_in = SignInState { auth, signed_in };
                let driver = Driver::new(settings, sources, tls, rest, sign_in, outbox, command_receiver);
                driver.run().await;
            });
            // Name look-ups and files are read on blocking threads that cannot be cancelled: do not wait for them.
            runtime.shutdown_background();
            // Wakes the handle, if it waits for the end.
            drop(end_sender);
        })?;
        Ok(Self {
            events,
            followed,
            commands: Some(commands),
            ended,
            thread: Some(thread),
        })
    }

    /// The feed's events, in order. They end once the worker has stopped.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The mapping that is followed, once it is known.
    pub fn followed(&self) -> &Followed {
        &self.followed
    }

    /// Passes a command to the session. Returns whether it was taken: false when the worker has stopped or 64 commands
    /// wait.
    pub fn command(&self, command: Command) -> bool {
        self.commands
            .as_ref()
            .is_some_and(|commands| commands.try_send(command).is_ok())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The driver stops when its commands end.
        self.commands = None;
        let ended = self.ended.recv_timeout(STOP_DEADLINE);
        if matches!(ended, Err(crossbeam_channel::RecvTimeoutError::Disconnected))
            && let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the network thread panicked");
        }
    }
}
