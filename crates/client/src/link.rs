//! One link to the server: its socket, the page reads that belong to it, and its timer.

use std::{future, pin::Pin};

use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use tokio::time::Instant;

use super::{
    rest::Rest,
    socket::{self, GOODBYE, Received, Stream},
};
use realtime::{CloseReason, ConnectFailure, Page, PageError, PageRequest, Probe, ProbeRequest};

type Connecting = Pin<Box<dyn Future<Output = Result<Box<Stream>, ConnectFailure>> + Send>>;
type Fetching = Pin<Box<dyn Future<Output = Fetched> + Send>>;

/// The answer to a read.
pub(super) enum Fetched {
    Page(u64, Result<Page, PageError>),
    Probe(u64, Result<Probe, PageError>),
}

/// What one wait brought.
pub(super) enum LinkEvent {
    Connected,
    Failed(ConnectFailure),
    Received(Received),
    Fetched(Fetched),
    Timer,
}

#[derive(Default)]
enum Socket {
    #[default]
    Down,
    Connecting(Connecting),
    Up(Box<Stream>),
}

#[derive(Default)]
pub(super) struct Link {
    socket: Socket,
    fetches: FuturesUnordered<Fetching>,
    timer: Option<Instant>,
}

impl Link {
    /// Waits for whatever comes first. The socket is polled with the rest and never starved by it.
    pub(super) async fn next(&mut self) -> LinkEvent {
        let Self { socket, fetches, timer } = self;
        let due = *timer;
        tokio::select! {
            event = next_of(socket) => event,
            Some(fetched) = fetches.next(), if !fetches.is_empty() => LinkEvent::Fetched(fetched),
            () = sleep_until(due), if due.is_some() => {
                *timer = None;
                LinkEvent::Timer
            }
        }
    }

    /// The frame behind the one just taken, if it is there already.
    pub(super) fn next_frame_at_once(&mut self) -> Option<Received> {
        let Socket::Up(stream) = &mut self.socket else {
            return None;
        };
        let received = socket::receive(stream).now_or_never()?;
        self.note(&received);
        Some(received)
    }

    fn note(&mut self, received: &Received) {
        if matches!(received, Received::Closed(_)) {
            self.socket = Socket::Down;
        }
    }

    pub(super) fn open(
        &mut self,
        connecting: impl Future<Output = Result<Box<Stream>, ConnectFailure>> + Send + 'static,
    ) {
        self.socket = Socket::Connecting(Box::pin(connecting));
    }

    /// Drops the socket; an open one says goodbye on its own time and is heard no more.
    pub(super) fn hang_up(&mut self) {
        if let Socket::Up(stream) = std::mem::take(&mut self.socket) {
            tokio::spawn(say_goodbye(stream));
        }
    }

    /// Drops the socket after its goodbye.
    pub(super) async fn close(&mut self) {
        if let Socket::Up(stream) = std::mem::take(&mut self.socket) {
            say_goodbye(stream).await;
        }
    }

    /// Sends a frame, if the socket is up. One that takes nothing any more is dropped.
    pub(super) async fn send(&mut self, text: String) -> Result<(), CloseReason> {
        let Socket::Up(stream) = &mut self.socket else {
            return Ok(());
        };
        let sent = socket::send(stream, text).await;
        if sent.is_err() {
            self.socket = Socket::Down;
        }
        sent
    }

    pub(super) fn fetch(&mut self, rest: Rest, request: PageRequest) {
        let id = request.id;
        self.fetches
            .push(Box::pin(async move { Fetched::Page(id, rest.read(request).await) }));
    }

    pub(super) fn probe(&mut self, rest: Rest, request: ProbeRequest) {
        let id = request.id;
        self.fetches
            .push(Box::pin(async move { Fetched::Probe(id, rest.probe(request).await) }));
    }

    pub(super) fn cancel_fetches(&mut self) {
        self.fetches.clear();
    }

    pub(super) fn wake_at(&mut self, at: Option<Instant>) {
        self.timer = at;
    }
}

/// A close frame, if the socket takes it at once.
async fn say_goodbye(mut stream: Box<Stream>) {
    // A link that takes nothing any more is dropped as it is.
    let _ = tokio::time::timeout(GOODBYE, stream.close(None)).await;
}

async fn next_of(socket: &mut Socket) -> LinkEvent {
    let event = match socket {
        Socket::Down => future::pending().await,
        Socket::Connecting(connecting) => match connecting.await {
            Ok(stream) => {
                *socket = Socket::Up(stream);
                return LinkEvent::Connected;
            }
            Err(failure) => LinkEvent::Failed(failure),
        },
        Socket::Up(stream) => match socket::receive(stream).await {
            Received::Closed(reason) => LinkEvent::Received(Received::Closed(reason)),
            received => return LinkEvent::Received(received),
        },
    };
    // What failed or was closed is over.
    *socket = Socket::Down;
    event
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => future::pending().await,
    }
}
