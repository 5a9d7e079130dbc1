//! Carries a feed's effects to its one or two sockets, to REST, to the Auth endpoints and to the reader, and what comes
//! back into the feed.

use std::{future, pin::Pin, sync::Arc, time::Duration};

use crossbeam_channel::Receiver;
use tokio::{sync::Notify, time::Instant};

use super::{
    auth::{Answer, Authenticator},
    config::session_config,
    http::wall_ms,
    link::{Fetched, Link, LinkEvent},
    outbox::{Outbox, ReaderGone},
    rest::Rest,
    socket::{self, Received},
    tls::Tls,
    worker::Order,
};
use realtime::{CloseReason, ConnectionId, Effect, Event, FeedEvent, Now, Session, TokenError};
use settings::FeedSettings;

/// How soon a full channel is tried again: well under a frame.
const FLUSH_EVERY: Duration = Duration::from_millis(2);
/// Frames taken in one go before orders and timers get their turn.
const FRAMES_IN_A_ROW: usize = 256;
/// How long a stop waits for a sign-in under way: its refresh token is to be written down.
const LAST_SIGN_IN: Duration = Duration::from_millis(400);

type SigningIn = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What one wait brought.
enum Wake {
    Link(ConnectionId, LinkEvent),
    SignedIn(Answer),
    Orders,
    Flush,
}

pub(super) struct Carrier {
    settings: FeedSettings,
    tls: Tls,
    was_opened: bool,
    rest: Option<Rest>,
    auth: Option<Authenticator>,
    outbox: Outbox,
    orders: Receiver<Order>,
    wake: Arc<Notify>,

    session: Session,
    started: Instant,
    random: fastrand::Rng,
    left: Link,
    right: Link,
    signing_in: Option<SigningIn>,
    effects: Vec<(ConnectionId, Effect)>,
}

impl Carrier {
    pub(super) fn new(
        settings: FeedSettings,
        tls: Tls,
        rest: Option<Rest>,
        outbox: Outbox,
        orders: Receiver<Order>,
        wake: Arc<Notify>,
    ) -> Self {
        let session = Session::new(session_config(&settings));
        let auth = settings
            .auth
            .clone()
            .map(|auth| Authenticator::new(auth, settings.key.clone(), settings.allow_service_key));
        Self {
            settings,
            tls,
            was_opened: false,
            rest,
            auth,
            outbox,
            orders,
            wake,
            session,
            started: Instant::now(),
            random: fastrand::Rng::new(),
            left: Link::default(),
            right: Link::default(),
            signing_in: None,
            effects: Vec::new(),
        }
    }

    /// Runs until it is told to stop, or its reader has gone.
    pub(super) async fn run(mut self) {
        self.started = Instant::now();
        let mut carried = self.tell(self.session.connection(), Event::Start).await;
        while carried.is_ok() {
            carried = match self.wait().await {
                Wake::Orders => match self.obey().await {
                    Ok(true) => Ok(()),
                    Ok(false) => break,
                    Err(gone) => Err(gone),
                },
                Wake::Flush => self.outbox.flush(),
                Wake::SignedIn(answer) => self.take_answer(answer).await,
                Wake::Link(side, LinkEvent::Received(first)) => self.take_frames(side, first).await,
                Wake::Link(side, event) => self.tell(side, input(event)).await,
            };
        }
        self.close().await;
    }

    /// Waits for whatever comes first.
    async fn wait(&mut self) -> Wake {
        let Self {
            left,
            right,
            signing_in,
            wake,
            outbox,
            ..
        } = self;
        let flush_due = outbox.is_waiting();
        tokio::select! {
            () = wake.notified() => Wake::Orders,
            event = left.next() => Wake::Link(ConnectionId::A, event),
            event = right.next() => Wake::Link(ConnectionId::B, event),
            answer = answer_of(signing_in) => Wake::SignedIn(answer),
            () = tokio::time::sleep(FLUSH_EVERY), if flush_due => Wake::Flush,
        }
    }

    /// Takes the frame that came and those already there behind it, all of the same moment.
    async fn take_frames(&mut self, side: ConnectionId, first: Received) -> Result<(), ReaderGone> {
        let now = self.now();
        let mut frames = Vec::new();
        let mut next = Some(first);
        while let Some(Received::Text(text)) = next {
            frames.push(text);
            next = (frames.len() < FRAMES_IN_A_ROW)
                .then(|| self.link(side).next_frame_at_once())
                .flatten();
        }
        self.session.handle_frames(side, frames, now, &mut self.effects);
        self.carry_out().await?;
        match next {
            Some(other) => self.tell(side, input(LinkEvent::Received(other))).await,
            None => Ok(()),
        }
    }

    async fn take_answer(&mut self, answer: Answer) -> Result<(), ReaderGone> {
        if let Some(notice) = answer.notice {
            self.outbox.push(FeedEvent::Notice(notice))?;
        }
        self.tell(self.session.connection(), Event::Token(answer.result)).await
    }

    fn link(&mut self, side: ConnectionId) -> &mut Link {
        match side {
            ConnectionId::A => &mut self.left,
            ConnectionId::B => &mut self.right,
        }
    }

    /// Carries out what the user ordered; false = stop.
    async fn obey(&mut self) -> Result<bool, ReaderGone> {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Session(command) => self.tell(self.session.connection(), Event::Command(command)).await?,
                Order::Stop => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Tells the feed what happened and does what it says, and so on until it has nothing more to say.
    async fn tell(&mut self, side: ConnectionId, input: Event) -> Result<(), ReaderGone> {
        let now = self.now();
        self.session.handle(side, input, now, &mut self.effects);
        self.carry_out().await
    }

    /// Does what the feed says.
    async fn carry_out(&mut self) -> Result<(), ReaderGone> {
        let mut effects = std::mem::take(&mut self.effects);
        let mut lost: Vec<(ConnectionId, CloseReason)> = Vec::new();
        for (side, action) in effects.drain(..) {
            match action {
                Effect::RefreshToken => self.sign_in(),
                Effect::Open => self.open(side),
                Effect::Close => {
                    self.link(side).hang_up();
                    lost.retain(|(of, _)| *of != side);
                }
                // Nothing is sent on a link that was lost: it is down.
                Effect::Send(text) => {
                    if let Err(reason) = self.link(side).send(text).await {
                        lost.push((side, reason));
                    }
                }
                // Without an endpoint for them a session is told to ask for no pages.
                Effect::Fetch(request) => {
                    if let Some(rest) = self.rest.clone() {
                        self.link(side).fetch(rest, *request);
                    }
                }
                Effect::Probe(request) => {
                    if let Some(rest) = self.rest.clone() {
                        self.link(side).probe(rest, *request);
                    }
                }
                Effect::CancelFetches => self.link(side).cancel_fetches(),
                Effect::Emit(event) => {
                    let event = self.completed(event);
                    self.outbox.push(event)?;
                }
                Effect::WakeAt(at) => {
                    let at = at.map(|at| self.started + at);
                    self.link(side).wake_at(at);
                }
            }
        }
        self.effects = effects;
        for (side, reason) in lost {
            Box::pin(self.tell(side, Event::SocketClosed(reason))).await?;
        }
        Ok(())
    }

    /// What the feed cannot know of its own report.
    fn completed(&self, event: FeedEvent) -> FeedEvent {
        match event {
            FeedEvent::Link(mut report) => {
                report.coalesced = self.outbox.folded;
                FeedEvent::Link(report)
            }
            event => event,
        }
    }

    fn now(&mut self) -> Now {
        Now {
            at: self.started.elapsed(),
            wall_ms: wall_ms(),
            random: self.random.f64(),
        }
    }

    /// Opens a socket with nothing of an earlier one: name look-up, address, trust store and REST connections are new.
    fn open(&mut self, side: ConnectionId) {
        if std::mem::replace(&mut self.was_opened, true) {
            self.tls.renew();
        }
        let FeedSettings {
            realtime_url,
            rest_url,
            key,
            vsn,
            ..
        } = &self.settings;
        if let Some(base) = rest_url
            && let Ok(rest) = Rest::new(base.clone(), key.clone(), self.tls.config())
        {
            self.rest = Some(rest);
        }
        let connecting = socket::open(realtime_url.clone(), key.clone(), *vsn, self.tls.config().clone());
        self.link(side).open(connecting);
    }

    /// Begins a sign-in. One under way is left to end: dropping it could lose the refresh token it brings.
    fn sign_in(&mut self) {
        if self.signing_in.is_some() {
            return;
        }
        self.signing_in = Some(match self.auth.clone() {
            Some(auth) => Box::pin(auth.sign_in(self.tls.config().clone())),
            None => Box::pin(future::ready(Answer {
                result: Err(TokenError::Refused("no sign-in is configured; set [auth]".into())),
                notice: None,
            })),
        });
    }

    /// The last goodbye is waited for: the runtime ends next.
    async fn close(mut self) {
        if let Some(signing_in) = self.signing_in.take() {
            // Too late for the session; whatever it brings is in its file.
            let _ = tokio::time::timeout(LAST_SIGN_IN, signing_in).await;
        }
        self.left.close().await;
        self.right.close().await;
    }
}

/// What a link's news are to the session.
fn input(event: LinkEvent) -> Event {
    match event {
        LinkEvent::Connected => Event::SocketOpened,
        LinkEvent::Failed(failure) => Event::ConnectFailed(failure),
        LinkEvent::Received(Received::Text(text)) => Event::Text(text.to_string()),
        LinkEvent::Received(Received::Binary(bytes)) => Event::Binary(bytes),
        LinkEvent::Received(Received::Closed(reason)) => Event::SocketClosed(reason),
        LinkEvent::Fetched(Fetched::Page(id, result)) => Event::Page { id, result },
        LinkEvent::Fetched(Fetched::Probe(id, result)) => Event::Probed { id, result },
        LinkEvent::Timer => Event::Timer,
    }
}

async fn answer_of(signing_in: &mut Option<SigningIn>) -> Answer {
    match signing_in {
        Some(under_way) => {
            let answer = under_way.await;
            *signing_in = None;
            answer
        }
        None => future::pending().await,
    }
}
