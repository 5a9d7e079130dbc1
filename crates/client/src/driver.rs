//! The I/O loop: carries out a session's effects on its one or two sockets, on REST and on the Auth endpoints, and
//! feeds what comes back into the session.
//!
//! No step of the loop waits: sockets are connected, written and read, pages read, files read and users signed in by
//! futures that are polled together.

use std::{future, pin::Pin, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep},
};

use super::{
    auth::{Authenticator, SignInOutcome},
    config::session_config,
    http::wall_ms,
    network,
    outbox::Outbox,
    rest::Rest,
    tls::Tls,
    websocket::{self, Received, WebSocket},
};
use model::Notice;
use realtime::{
    Command, ConnectFailure, ConnectionId, Effect, Event, FeedEvent, Now, Page, PageError, PageRequest, Probe,
    ProbeRequest, Session, Source, TokenError,
};
use settings::FeedSettings;

/// Frames handled in one go before commands and timers get their turn: well under 5 ms of work.
const MAX_FRAMES_PER_BURST: usize = 512;
/// How long a stop waits for a sign-in under way, whose refresh token is to be written down.
const LAST_SIGN_IN: Duration = Duration::from_millis(400);

type Connecting = Pin<Box<dyn Future<Output = (Result<WebSocket, ConnectFailure>, Tls)> + Send>>;
type PendingRead = Pin<Box<dyn Future<Output = ReadAnswer> + Send>>;
type Watch = Pin<Box<dyn Future<Output = ()> + Send>>;
type SigningIn = Pin<Box<dyn Future<Output = SignInOutcome> + Send>>;

/// The answer to a REST read, with the id of its request.
enum ReadAnswer {
    Page(u64, Result<Page, PageError>),
    Probe(u64, Result<Probe, PageError>),
}

/// What one wait brought.
enum Wake {
    /// `None`: the worker's handle was dropped.
    Command(Option<Command>),
    SignedIn(SignInOutcome),
    Connected(ConnectionId, Tls),
    ConnectFailed(ConnectionId, ConnectFailure, Tls),
    Received(ConnectionId, Received),
    Read(ConnectionId, ReadAnswer),
    Timer(ConnectionId),
    NetworkChanged(ConnectionId),
}

#[derive(Default)]
enum Socket {
    #[default]
    Down,
    Connecting(Connecting),
    Up(Box<WebSocket>),
}

/// What belongs to one of the two sides: its socket, the reads that it asked for, and its timer.
#[derive(Default)]
struct ConnectionIo {
    socket: Socket,
    reads: FuturesUnordered<PendingRead>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Ends when this machine's network has changed; only while the session asks for it.
    network: Option<Watch>,
}

impl ConnectionIo {
    /// Waits for whatever comes first.
    async fn next(&mut self, id: ConnectionId) -> Wake {
        let Self {
            socket,
            reads,
            timer,
            network,
        } = self;
        tokio::select! {
            event = next_of(socket, id) => event,
            Some(answer) = reads.next(), if !reads.is_empty() => Wake::Read(id, answer),
            () = end_of(timer), if timer.is_some() => {
                *timer = None;
                Wake::Timer(id)
            }
            () = end_of(network), if network.is_some() => {
                *network = None;
                Wake::NetworkChanged(id)
            }
        }
    }

    /// What the socket has received behind what was just handled.
    fn receive_now(&mut self) -> Option<Received> {
        let Socket::Up(socket) = &mut self.socket else {
            return None;
        };
        let received = socket.receive_now()?;
        if let Received::Closed(_) = received {
            self.socket = Socket::Down;
        }
        Some(received)
    }

    fn send(&mut self, text: String) {
        // Nothing is sent on a socket that was lost: its end is reported.
        if let Socket::Up(socket) = &mut self.socket {
            socket.send(text);
        }
    }

    fn wake_at(&mut self, at: Option<Instant>) {
        match (&mut self.timer, at) {
            (Some(timer), Some(at)) => timer.as_mut().reset(at),
            (timer, at) => *timer = at.map(|at| Box::pin(tokio::time::sleep_until(at))),
        }
    }

    /// Drops the socket; an open one sends its last frames and the close frame on its own.
    fn close(&mut self) {
        if let Socket::Up(socket) = std::mem::take(&mut self.socket) {
            tokio::spawn(socket.close());
        }
    }
}

async fn next_of(socket: &mut Socket, id: ConnectionId) -> Wake {
    match socket {
        Socket::Down => future::pending().await,
        Socket::Connecting(connecting) => {
            let (result, tls) = connecting.await;
            match result {
                Ok(open) => {
                    *socket = Socket::Up(Box::new(open));
                    Wake::Connected(id, tls)
                }
                Err(failure) => {
                    *socket = Socket::Down;
                    Wake::ConnectFailed(id, failure, tls)
                }
            }
        }
        Socket::Up(open) => {
            let received = open.receive().await;
            if let Received::Closed(_) = received {
                *socket = Socket::Down;
            }
            Wake::Received(id, received)
        }
    }
}

async fn end_of<F: Future<Output = ()> + ?Sized>(future: &mut Option<Pin<Box<F>>>) {
    match future {
        Some(future) => future.await,
        None => future::pending().await,
    }
}

async fn answer_of(signing_in: &mut Option<SigningIn>) -> SignInOutcome {
    match signing_in {
        Some(future) => {
            let answer = future.await;
            *signing_in = None;
            answer
        }
        None => future::pending().await,
    }
}

/// How the user signs in, and a sign-in that was made before the session began.
#[derive(Default)]
pub(crate) struct SignInState {
    /// `None`: nobody signs in.
    pub(crate) auth: Option<Authenticator>,
    /// The answer to the session's first request for a token.
    pub(crate) signed_in: Option<SignInOutcome>,
}

/// The loop and everything that it polls.
pub(crate) struct Driver {
    settings: FeedSettings,
    commands: mpsc::Receiver<Command>,
    outbox: Outbox,

    session: Session,
    started: Instant,
    random: fastrand::Rng,
    effects: Vec<(ConnectionId, Effect)>,

    tls: Tls,
    /// The first connect uses the trust store that was read at the start.
    was_connected: bool,
    rest: Option<Rest>,
    sign_in: SignInState,
    signing_in: Option<SigningIn>,
    left: ConnectionIo,
    right: ConnectionIo,
}

impl Driver {
    pub(crate) fn new(
        settings: FeedSettings,
        sources: Vec<Source>,
        tls: Tls,
        rest: Option<Rest>,
        sign_in: SignInState,
        outbox: Outbox,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        Self {
            session: Session::new(session_config(&settings, sources)),
            settings,
            commands,
            outbox,
            started: Instant::now(),
            random: fastrand::Rng::new(),
            effects: Vec::new(),
            tls,
            was_connected: false,
            rest,
            sign_in,
            signing_in: None,
            left: ConnectionIo::default(),
            right: ConnectionIo::default(),
        }
    }

    /// Runs until the worker's handle is dropped.
    pub(crate) async fn run(mut self) {
        self.started = Instant::now();
        self.handle(self.session.connection(), Event::Start);
        loop {
            // Everything that one step brought is one batch.
            self.outbox.publish();
            match self.wait().await {
                Wake::Command(Some(command)) => self.handle(self.session.connection(), Event::Command(command)),
                Wake::Command(None) => break,
                Wake::SignedIn(answer) => {
                    if let Some(notice) = answer.notice {
                        self.notify(notice);
                    }
                    self.handle(self.session.connection(), Event::Token(answer.result));
                }
                Wake::Connected(id, tls) => {
                    self.renew(tls);
                    self.handle(id, Event::SocketOpened);
                }
                Wake::ConnectFailed(id, failure, tls) => {
                    self.renew(tls);
                    self.handle(id, Event::ConnectFailed(failure));
                }
                Wake::Received(id, first) => self.handle_burst(id, first),
                Wake::Read(id, ReadAnswer::Page(request, result)) => {
                    self.handle(id, Event::Page { id: request, result });
                }
                Wake::Read(id, ReadAnswer::Probe(request, result)) => {
                    self.handle(id, Event::Probed { id: request, result });
                }
                Wake::Timer(id) => self.handle(id, Event::Timer),
                Wake::NetworkChanged(id) => self.handle(id, Event::NetworkChanged),
            }
        }
        self.stop().await;
    }

    /// Reports something that this thread found and the session cannot see; the wall shows it as a toast.
    fn notify(&mut self, notice: Notice) {
        self.outbox.push(FeedEvent::Notice(notice));
    }

    async fn wait(&mut self) -> Wake {
        let Self {
            commands,
            left,
            right,
            signing_in,
            ..
        } = self;
        tokio::select! {
            command = commands.recv() => Wake::Command(command),
            event = left.next(ConnectionId::A) => event,
            event = right.next(ConnectionId::B) => event,
            answer = answer_of(signing_in) => Wake::SignedIn(answer),
        }
    }

    fn connection(&mut self, id: ConnectionId) -> &mut ConnectionIo {
        match id {
            ConnectionId::A => &mut self.left,
            ConnectionId::B => &mut self.right,
        }
    }

    /// Gives an input to the session and carries out its effects.
    fn handle(&mut self, id: ConnectionId, input: Event) {
        let now = self.now();
        self.session.handle(id, input, now, &mut self.effects);
        self.carry_out();
    }

    /// Handles the frame that came and those already there behind it, all as of one moment.
    fn handle_burst(&mut self, id: ConnectionId, first: Received) {
        let now = self.now();
        let mut next = Some(first);
        let connection = match id {
            ConnectionId::A => &mut self.left,
            ConnectionId::B => &mut self.right,
        };
        let frames = std::iter::from_fn(|| match next.take()? {
            Received::Text(text) => {
                next = connection.receive_now();
                Some(text)
            }
            other => {
                next = Some(other);
                None
            }
        });
        let frames = frames.take(MAX_FRAMES_PER_BURST);
        self.session.handle_frames(id, frames, now, &mut self.effects);
        self.carry_out();
        match next {
            // One frame more was received than was handled.
            Some(Received::Text(text)) => self.handle(id, Event::Text(text.to_string())),
            Some(Received::Binary(bytes)) => self.handle(id, Event::Binary(bytes)),
            Some(Received::Closed(reason)) => self.handle(id, Event::SocketClosed(reason)),
            None => {}
        }
    }

    /// Carries out the session's effects, in order.
    fn carry_out(&mut self) {
        let mut effects = std::mem::take(&mut self.effects);
        for (id, action) in effects.drain(..) {
            match action {
                Effect::Emit(FeedEvent::Link(mut report)) => {
                    report.coalesced = self.outbox.combined();
                    self.outbox.push(FeedEvent::Link(report));
                }
                Effect::Emit(event) => self.outbox.push(event),
                Effect::RefreshToken => self.sign_in(),
                Effect::Open => self.connect(id),
                Effect::Close => self.connection(id).close(),
                Effect::Send(text) => self.connection(id).send(text),
                Effect::Fetch(request) => self.read_page(id, *request),
                Effect::Probe(request) => self.probe(id, *request),
                Effect::CancelFetches => self.connection(id).reads.clear(),
                Effect::WakeAt(at) => {
                    let at = at.map(|at| self.started + at);
                    self.connection(id).wake_at(at);
                }
                Effect::WatchNetwork(is_wanted) => {
                    let url = self.settings.realtime_url.clone();
                    self.connection(id).network = is_wanted.then(|| -> Watch { Box::pin(network::changed(url)) });
                }
            }
        }
        self.effects = effects;
    }

    // Without a REST endpoint a session asks for no pages and no probes.
    fn read_page(&mut self, id: ConnectionId, request: PageRequest) {
        if let Some(rest) = self.rest.clone() {
            let reading = async move { ReadAnswer::Page(request.id, rest.read(request).await) };
            self.connection(id).reads.push(Box::pin(reading));
        }
    }

    fn probe(&mut self, id: ConnectionId, request: ProbeRequest) {
        if let Some(rest) = self.rest.clone() {
            let probing = async move { ReadAnswer::Probe(request.id, rest.probe(request).await) };
            self.connection(id).reads.push(Box::pin(probing));
        }
    }

    fn now(&mut self) -> Now {
        Now {
            at: self.started.elapsed(),
            wall_ms: wall_ms(),
            random: self.random.f64(),
        }
    }

    /// Connects with nothing kept of an earlier connection: name look-up, address, trust store and REST connections are
    /// new.
    fn connect(&mut self, id: ConnectionId) {
        let is_first = !std::mem::replace(&mut self.was_connected, true);
        let FeedSettings {
            realtime_url, key, vsn, ..
        } = &self.settings;
        let (url, key, vsn, tls) = (realtime_url.clone(), key.clone(), *vsn, self.tls.clone());
        let connecting = async move {
            let tls = if is_first { tls } else { tls.renewed().await };
            (websocket::connect(url, key, vsn, tls.config().clone()).await, tls)
        };
        self.connection(id).socket = Socket::Connecting(Box::pin(connecting));
    }

    /// What follows a connect uses the trust store that it read, and no REST connection of before.
    fn renew(&mut self, tls: Tls) {
        self.tls = tls;
        let FeedSettings { rest_url, key, .. } = &self.settings;
        if let Some(base) = rest_url
            && let Ok(rest) = Rest::new(base.clone(), key.clone(), self.tls.config())
        {
            self.rest = Some(rest);
        }
    }

    /// Begins a sign-in. One under way is left to end: dropping it could lose the refresh token it brings.
    fn sign_in(&mut self) {
        if self.signing_in.is_some() {
            return;
        }
        if let Some(outcome) = self.sign_in.signed_in.take() {
            self.signing_in = Some(Box::pin(future::ready(outcome)));
            return;
        }
        self.signing_in = Some(match self.sign_in.auth.clone() {
            Some(auth) => Box::pin(auth.sign_in(self.tls.config().clone())),
            None => Box::pin(future::ready(SignInOutcome {
                result: Err(TokenError::Refused("no sign-in is configured; set [auth]".into())),
                notice: None,
            })),
        });
    }

    /// Waits for what must not be cut off, because the runtime ends next.
    async fn stop(self) {
        if let Some(signing_in) = self.signing_in {
            // Too late for the session; the refresh token it brings is in its file.
            let _ = tokio::time::timeout(LAST_SIGN_IN, signing_in).await;
        }
        for connection in [self.left, self.right] {
            if let Socket::Up(socket) = connection.socket {
                socket.close().await;
            }
        }
    }
}
