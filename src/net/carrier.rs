//! Carries a session's actions to the socket, to REST and to the reader, and what comes back into the session.

use std::{future, pin::Pin, sync::Arc, time::Duration};

use crossbeam_channel::Receiver;
use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use rustls::ClientConfig;
use tokio::{sync::Notify, time::Instant};

use super::{
    outbox::{Outbox, ReaderGone},
    rest::Rest,
    socket::{self, Received, Stream},
    worker::Order,
};
use crate::{
    realtime::{Action, ConnectFailure, Input, Now, Page, PageError, Session, SessionConfig, Table},
    settings::{FeedSettings, Vsn},
};

/// How soon a full channel is tried again: well under a frame.
const FLUSH_EVERY: Duration = Duration::from_millis(2);
/// Frames taken in one go before orders and timers get their turn.
const FRAMES_IN_A_ROW: usize = 256;
/// How long a socket may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(200);
/// Rows in one REST page: the hosted server's own ceiling.
const PAGE_SIZE: usize = 1_000;

type Connecting = Pin<Box<dyn Future<Output = Result<Box<Stream>, ConnectFailure>> + Send>>;
type Fetching = Pin<Box<dyn Future<Output = (u64, Result<Page, PageError>)> + Send>>;

/// The link as it is: nothing, on its way, or open.
enum Link {
    Down,
    Connecting(Connecting),
    Up(Box<Stream>),
}

/// What one wait brought.
enum Event {
    Connected(Result<Box<Stream>, ConnectFailure>),
    Received(Received),
    Page(u64, Result<Page, PageError>),
    Timer,
    Orders,
    Flush,
}

pub(super) struct Carrier {
    settings: FeedSettings,
    tls: Arc<ClientConfig>,
    rest: Option<Rest>,
    outbox: Outbox,
    orders: Receiver<Order>,
    wake: Arc<Notify>,

    session: Session,
    started: Instant,
    random: fastrand::Rng,
    link: Link,
    fetches: FuturesUnordered<Fetching>,
    timer: Option<Instant>,
    actions: Vec<Action>,
}

impl Carrier {
    pub(super) fn new(
        settings: FeedSettings,
        tls: Arc<ClientConfig>,
        rest: Option<Rest>,
        outbox: Outbox,
        orders: Receiver<Order>,
        wake: Arc<Notify>,
    ) -> Self {
        let session = Session::new(session_config(&settings));
        Self {
            settings,
            tls,
            rest,
            outbox,
            orders,
            wake,
            session,
            started: Instant::now(),
            random: fastrand::Rng::new(),
            link: Link::Down,
            fetches: FuturesUnordered::new(),
            timer: None,
            actions: Vec::new(),
        }
    }

    /// Runs until it is told to stop, or its reader has gone.
    pub(super) async fn run(mut self) {
        self.started = Instant::now();
        if self.tell(Input::Start).await.is_err() {
            return;
        }
        loop {
            let event = self.wait().await;
            let carried = match event {
                Event::Orders => match self.obey().await {
                    Ok(true) => Ok(()),
                    Ok(false) => return self.close().await,
                    Err(gone) => Err(gone),
                },
                Event::Flush => self.outbox.flush(),
                Event::Timer => {
                    self.timer = None;
                    self.tell(Input::Timer).await
                }
                Event::Page(id, result) => self.tell(Input::Page { id, result }).await,
                Event::Connected(Ok(stream)) => {
                    self.link = Link::Up(stream);
                    self.tell(Input::SocketOpened).await
                }
                Event::Connected(Err(failure)) => {
                    self.link = Link::Down;
                    self.tell(Input::ConnectFailed(failure)).await
                }
                Event::Received(first) => self.take_frames(first).await,
            };
            if carried.is_err() {
                return;
            }
        }
    }

    /// Waits for whatever comes first. The socket is polled with the rest and never starved by it.
    async fn wait(&mut self) -> Event {
        let Self {
            link,
            fetches,
            timer,
            wake,
            outbox,
            ..
        } = self;
        let flush_due = outbox.is_waiting();
        let timer = *timer;
        tokio::select! {
            () = wake.notified() => Event::Orders,
            event = next_of_link(link) => event,
            Some((id, result)) = fetches.next(), if !fetches.is_empty() => Event::Page(id, result),
            () = sleep_until(timer), if timer.is_some() => Event::Timer,
            () = tokio::time::sleep(FLUSH_EVERY), if flush_due => Event::Flush,
        }
    }

    /// Takes the frame that came and those already there behind it.
    async fn take_frames(&mut self, first: Received) -> Result<(), ReaderGone> {
        let mut received = first;
        for _ in 0..FRAMES_IN_A_ROW {
            let input = match received {
                Received::Text(text) => Input::Text(text),
                Received::Binary(bytes) => Input::Binary(bytes),
                Received::Closed(reason) => {
                    self.link = Link::Down;
                    Input::SocketClosed(reason)
                }
            };
            self.tell(input).await?;
            let Link::Up(stream) = &mut self.link else { break };
            match socket::receive(stream).now_or_never() {
                Some(next) => received = next,
                None => break,
            }
        }
        Ok(())
    }

    /// Carries out what the user ordered; false = stop.
    async fn obey(&mut self) -> Result<bool, ReaderGone> {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Session(command) => self.tell(Input::User(command)).await?,
                Order::Stop => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Tells the session what happened and does what it says, and so on until it has nothing more to say.
    async fn tell(&mut self, input: Input) -> Result<(), ReaderGone> {
        let now = self.now();
        self.session.handle(input, now, &mut self.actions);
        let mut actions = std::mem::take(&mut self.actions);
        let mut lost = None;
        for action in actions.drain(..) {
            match action {
                Action::Open => self.open(),
                Action::Close => {
                    self.hang_up();
                    lost = None;
                }
                Action::Send(text) => {
                    if let Link::Up(stream) = &mut self.link
                        && lost.is_none()
                        && let Err(reason) = socket::send(stream, text).await
                    {
                        lost = Some(reason);
                    }
                }
                Action::Fetch(request) => {
                    if let Some(rest) = self.rest.clone() {
                        let id = request.id;
                        self.fetches
                            .push(Box::pin(async move { (id, rest.read(request).await) }));
                    }
                }
                Action::Probe(_) | Action::RefreshToken => {}
                Action::CancelFetches => self.fetches.clear(),
                Action::Emit(event) => self.outbox.push(event)?,
                Action::WakeAt(at) => self.timer = at.map(|at| self.started + at),
            }
        }
        self.actions = actions;
        match lost {
            Some(reason) => {
                self.link = Link::Down;
                Box::pin(self.tell(Input::SocketClosed(reason))).await
            }
            None => Ok(()),
        }
    }

    fn now(&mut self) -> Now {
        Now {
            at: self.started.elapsed(),
            wall_ms: wall_ms(),
            random: self.random.f64(),
        }
    }

    fn open(&mut self) {
        let FeedSettings {
            realtime_url, key, vsn, ..
        } = &self.settings;
        self.link = Link::Connecting(Box::pin(socket::open(
            realtime_url.clone(),
            key.clone(),
            *vsn,
            self.tls.clone(),
        )));
    }

    /// Drops the link; an open socket says goodbye on its own time and is heard no more.
    fn hang_up(&mut self) {
        if let Link::Up(stream) = std::mem::replace(&mut self.link, Link::Down) {
            tokio::spawn(say_goodbye(stream));
        }
    }

    /// The last goodbye is waited for: the runtime ends next.
    async fn close(self) {
        if let Link::Up(stream) = self.link {
            say_goodbye(stream).await;
        }
    }
}

/// A close frame, if the socket takes it at once.
async fn say_goodbye(mut stream: Box<Stream>) {
    // A link that takes nothing any more is dropped as it is.
    let _ = tokio::time::timeout(GOODBYE, stream.close(None)).await;
}

async fn next_of_link(link: &mut Link) -> Event {
    match link {
        Link::Down => future::pending().await,
        Link::Connecting(connecting) => Event::Connected(connecting.await),
        Link::Up(stream) => Event::Received(socket::receive(stream).await),
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => future::pending().await,
    }
}

/// The wall clock, in milliseconds since the Unix epoch.
fn wall_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn session_config(settings: &FeedSettings) -> SessionConfig {
    use secrecy::ExposeSecret as _;
    let tables = settings
        .mapping
        .kinds
        .iter()
        .map(|(kind, table)| Table {
            kind,
            schema: table.schema.clone(),
            table: table.table.clone(),
            key: table.id.clone(),
            updated_at: table.updated_at.clone(),
            partitions: table.partitions.clone(),
        })
        .collect();
    SessionConfig {
        vsn1: settings.vsn == Vsn::V1,
        tables,
        access_token: Some(settings.key.expose_secret().into()),
        sign_in: false,
        backoff: settings.backoff,
        heartbeat_interval: settings.heartbeat_interval,
        reconcile_interval: settings.reconcile_interval,
        audit_interval: None,
        change_limit: None,
        replace_after: None,
        snapshots: settings.rest_url.is_some(),
        page_size: PAGE_SIZE,
    }
}
