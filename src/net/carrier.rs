//! Carries a session's actions to the socket, to REST, to the Auth endpoints and to the reader, and what comes back into
//! the session.

use std::{future, pin::Pin, sync::Arc, time::Duration};

use crossbeam_channel::Receiver;
use rustls::ClientConfig;
use tokio::{sync::Notify, time::Instant};

use super::{
    auth::{Answer, Authenticator},
    config::session_config,
    http::wall_ms,
    link::{Fetched, Link, LinkEvent},
    outbox::{Outbox, ReaderGone},
    rest::Rest,
    socket::{self, Received},
    worker::Order,
};
use crate::{
    domain::FeedEvent,
    realtime::{Action, Input, Now, Session, TokenError},
    settings::FeedSettings,
};

/// How soon a full channel is tried again: well under a frame.
const FLUSH_EVERY: Duration = Duration::from_millis(2);
/// Frames taken in one go before orders and timers get their turn.
const FRAMES_IN_A_ROW: usize = 256;
/// How long a stop waits for a sign-in under way: its refresh token is to be written down.
const LAST_SIGN_IN: Duration = Duration::from_millis(400);

type SigningIn = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What one wait brought.
enum Event {
    Link(LinkEvent),
    SignedIn(Answer),
    Orders,
    Flush,
}

pub(super) struct Carrier {
    settings: FeedSettings,
    tls: Arc<ClientConfig>,
    rest: Option<Rest>,
    auth: Option<Authenticator>,
    outbox: Outbox,
    orders: Receiver<Order>,
    wake: Arc<Notify>,

    session: Session,
    started: Instant,
    random: fastrand::Rng,
    link: Link,
    signing_in: Option<SigningIn>,
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
        let auth = settings
            .auth
            .clone()
            .map(|auth| Authenticator::new(auth, settings.key.clone(), tls.clone(), settings.allow_service_key));
        Self {
            settings,
            tls,
            rest,
            auth,
            outbox,
            orders,
            wake,
            session,
            started: Instant::now(),
            random: fastrand::Rng::new(),
            link: Link::default(),
            signing_in: None,
            actions: Vec::new(),
        }
    }

    /// Runs until it is told to stop, or its reader has gone.
    pub(super) async fn run(mut self) {
        self.started = Instant::now();
        let mut carried = self.tell(Input::Start).await;
        while carried.is_ok() {
            carried = match self.wait().await {
                Event::Orders => match self.obey().await {
                    Ok(true) => Ok(()),
                    Ok(false) => break,
                    Err(gone) => Err(gone),
                },
                Event::Flush => self.outbox.flush(),
                Event::SignedIn(answer) => self.take_answer(answer).await,
                Event::Link(LinkEvent::Received(first)) => self.take_frames(first).await,
                Event::Link(event) => self.tell(input(event)).await,
            };
        }
        self.close().await;
    }

    /// Waits for whatever comes first.
    async fn wait(&mut self) -> Event {
        let Self {
            link,
            signing_in,
            wake,
            outbox,
            ..
        } = self;
        let flush_due = outbox.is_waiting();
        tokio::select! {
            () = wake.notified() => Event::Orders,
            event = link.next() => Event::Link(event),
            answer = answer_of(signing_in) => Event::SignedIn(answer),
            () = tokio::time::sleep(FLUSH_EVERY), if flush_due => Event::Flush,
        }
    }

    /// Takes the frame that came and those already there behind it.
    async fn take_frames(&mut self, first: Received) -> Result<(), ReaderGone> {
        let mut received = first;
        for _ in 0..FRAMES_IN_A_ROW {
            self.tell(input(LinkEvent::Received(received))).await?;
            match self.link.next_frame_at_once() {
                Some(next) => received = next,
                None => break,
            }
        }
        Ok(())
    }

    async fn take_answer(&mut self, answer: Answer) -> Result<(), ReaderGone> {
        if let Some(notice) = answer.notice {
            self.outbox.push(FeedEvent::Notice(notice))?;
        }
        self.tell(Input::Token(answer.result)).await
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
                Action::RefreshToken => self.sign_in(),
                Action::Open => self.open(),
                Action::Close => {
                    self.link.hang_up();
                    lost = None;
                }
                Action::Send(text) => {
                    if lost.is_none() {
                        lost = self.link.send(text).await.err();
                    }
                }
                // Without an endpoint for them a session is told to ask for no pages.
                Action::Fetch(request) => {
                    if let Some(rest) = self.rest.clone() {
                        self.link.fetch(rest, request);
                    }
                }
                Action::Probe(request) => {
                    if let Some(rest) = self.rest.clone() {
                        self.link.probe(rest, request);
                    }
                }
                Action::CancelFetches => self.link.cancel_fetches(),
                Action::Emit(event) => {
                    let event = self.completed(event);
                    self.outbox.push(event)?;
                }
                Action::WakeAt(at) => self.link.wake_at(at.map(|at| self.started + at)),
            }
        }
        self.actions = actions;
        match lost {
            Some(reason) => Box::pin(self.tell(Input::SocketClosed(reason))).await,
            None => Ok(()),
        }
    }

    /// What the session cannot know of its own report.
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

    /// Opens a socket with nothing of an earlier one: name look-up, address and REST connections are new.
    fn open(&mut self) {
        let FeedSettings {
            realtime_url,
            rest_url,
            key,
            vsn,
            ..
        } = &self.settings;
        if let Some(base) = rest_url
            && let Ok(rest) = Rest::new(base.clone(), key.clone(), &self.tls)
        {
            self.rest = Some(rest);
        }
        self.link
            .open(socket::open(realtime_url.clone(), key.clone(), *vsn, self.tls.clone()));
    }

    /// Begins a sign-in. One under way is left to end: dropping it could lose the refresh token it brings.
    fn sign_in(&mut self) {
        if self.signing_in.is_some() {
            return;
        }
        self.signing_in = Some(match self.auth.clone() {
            Some(auth) => Box::pin(auth.sign_in()),
            None => Box::pin(future::ready(Answer {
                result: Err(TokenError::Refused("nobody is set to sign in; set [auth]".into())),
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
        self.link.close().await;
    }
}

/// What a link's news are to the session.
fn input(event: LinkEvent) -> Input {
    match event {
        LinkEvent::Connected => Input::SocketOpened,
        LinkEvent::Failed(failure) => Input::ConnectFailed(failure),
        LinkEvent::Received(Received::Text(text)) => Input::Text(text),
        LinkEvent::Received(Received::Binary(bytes)) => Input::Binary(bytes),
        LinkEvent::Received(Received::Closed(reason)) => Input::SocketClosed(reason),
        LinkEvent::Fetched(Fetched::Page(id, result)) => Input::Page { id, result },
        LinkEvent::Fetched(Fetched::Probe(id, result)) => Input::Probed { id, result },
        LinkEvent::Timer => Input::Timer,
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
