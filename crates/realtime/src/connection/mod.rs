//! The session: everything between "start" and "the wall is live", as a value.
//!
//! One socket carries one channel with all tables; whatever ends the channel ends the socket, so that every recovery is
//! the same: close, wait by the schedule, connect, join under a fresh topic, wait for the database, read a snapshot,
//! merge, tell the difference. `connected` is said at the end of that chain and at no other place (`go_live`).

mod audit;
mod beats;
mod burst;
mod channel;
mod clock;
mod connect;
mod doubts;
mod lookup;
mod merge;
mod pages;
mod plan;
mod proof;
mod replace;
mod report;
mod retry;
mod stream;
mod sync;
mod tokens;
mod wake;

use std::time::Duration;

use super::{
    api::{Effect, Event, Now, SessionConfig},
    event::SourceState,
    names::Names,
    refusal::Terms,
    source::{Source, SourceId},
    store::{Rows, Shape},
};
use channel::Channel;
use lookup::Lookups;
use plan::Plan;
use report::Report;
use retry::Retry;
use sync::Sync;

pub use beats::MAX_ROUND_TRIPS;
pub use report::{MAX_EVENTS, MAX_HISTORY};

/// The protocol of one feed. See the [module](crate) for how it is driven.
#[derive(Debug)]
pub struct Connection {
    config: SessionConfig,
    tables: Vec<Tracked>,
    names: Names,
    phase: Phase,
    /// A socket is open or being opened.
    socket: bool,
    retry: Retry,
    clock: clock::Clock,
    tokens: tokens::Tokens,
    channel: Channel,
    heart: beats::Heart,
    /// The snapshot under way.
    sync: Option<Sync>,
    lookups: Lookups,
    plan: Plan,
    audit: audit::Audit,
    report: Report,
    next_reference: u64,
    next_page: u64,
    /// What the last `WakeAt` asked for.
    wake: Option<Duration>,
    /// When this connection is replaced by another.
    replace_at: Option<Duration>,
}

/// How far the chain has been proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not started.
    New,
    /// Nothing happens until the user acts.
    Resting,
    /// Until the next try.
    Waiting,
    /// Until there is a session token.
    SigningIn,
    Connecting,
    /// The join is sent.
    Joining {
        deadline: Duration,
    },
    /// The join is taken; the database is not confirmed.
    Subscribing {
        joined: Duration,
        deadline: Duration,
    },
    /// Confirmed; the first snapshot is being merged.
    Syncing,
    Live,
}

/// A table and what is known of it.
#[derive(Debug)]
struct Tracked {
    id: SourceId,
    source: Source,
    rows: Rows,
    shape: Shape,
    /// How it is followed, if not by snapshot and stream; and why.
    limits: Option<(SourceState, String)>,
    watch: audit::Watch,
    /// The ids of its entries on this channel: one, or one for each name that its partitions may have.
    entries: Vec<i64>,
    /// That it cannot be followed in full has been reported on this connection.
    complained: bool,
}

impl Tracked {
    /// It cannot be read: it is followed by the stream alone.
    fn is_stream_only(&self) -> bool {
        matches!(self.limits, Some((SourceState::StreamOnly, _)))
    }

    /// Limits how the source is followed. True when that is to be reported: once per connection.
    fn limit(&mut self, state: SourceState, why: &str) -> bool {
        self.limits = Some((state, why.to_owned()));
        !std::mem::replace(&mut self.complained, true)
    }
}

/// One call: its moment, and where its effects go.
struct Out<'a> {
    now: Now,
    effects: &'a mut Vec<Effect>,
}

impl Out<'_> {
    fn at(&self) -> Duration {
        self.now.at
    }

    fn act(&mut self, action: Effect) {
        self.effects.push(action);
    }
}

impl Connection {
    /// A session that has not started: give it [`Event::Start`].
    pub fn new(config: SessionConfig) -> Self {
        let tables = config
            .sources
            .iter()
            .enumerate()
            .map(|(index, source)| Tracked {
                id: SourceId::new(index),
                source: source.clone(),
                rows: Rows::default(),
                shape: Shape::new(source),
                limits: None,
                watch: audit::Watch::default(),
                entries: Vec::new(),
                complained: false,
            })
            .collect();
        Self {
            retry: Retry::new(config.backoff),
            config,
            tables,
            names: Names::default(),
            phase: Phase::New,
            socket: false,
            clock: clock::Clock::default(),
            tokens: tokens::Tokens::default(),
            channel: Channel::default(),
            heart: beats::Heart::default(),
            sync: None,
            lookups: Lookups::default(),
            plan: Plan::default(),
            audit: audit::Audit::default(),
            report: Report::default(),
            next_reference: 1,
            next_page: 1,
            wake: None,
            replace_at: None,
        }
    }

    /// Takes what happened, and appends what to do to `effects`, in order.
    pub fn handle(&mut self, input: Event, now: Now, effects: &mut Vec<Effect>) {
        let out = &mut Out { now, effects };
        let is_timer = matches!(input, Event::Timer);
        if let Some(slept) = self.clock.observe(now, self.wake)
            && !matches!(self.phase, Phase::New | Phase::Resting)
        {
            self.woke(slept, out);
            if input.is_of_the_socket() {
                // Of the one from before.
                return self.finish(is_timer, out);
            }
        }
        match input {
            Event::Start => self.start(out),
            Event::SocketOpened => self.opened(out),
            Event::ConnectFailed(failure) => self.connect_failed(failure, out),
            Event::Text(text) => self.text(&text, out),
            Event::Binary(bytes) => self.binary(&bytes),
            Event::SocketClosed(reason) => self.socket_closed(reason, out),
            Event::Timer => {}
            Event::Page { id, result } => self.page(id, result, out),
            Event::Probed { id, result } => self.probed(id, result, out),
            Event::Token(result) => self.token(result, out),
            Event::Command(command) => self.obey(command, out),
        }
        self.finish(is_timer, out);
    }

    /// Takes a frame that came together with the one before, if it is a change worded as usual: true then. What is due
    /// waits for [`Connection::settle`], because looking after it costs more than a change does.
    pub(crate) fn take_change(&mut self, text: &str, now: Now, effects: &mut Vec<Effect>) -> bool {
        self.has_channel() && self.usual_change(text, &mut Out { now, effects })
    }

    /// Ends a row of such frames.
    pub(crate) fn settle(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.finish(false, &mut Out { now, effects });
    }

    fn finish(&mut self, is_timer: bool, out: &mut Out<'_>) {
        self.run_due(out);
        self.say_proof(out);
        self.report_link(out);
        self.ask_for_wake(is_timer, out);
    }

    fn reference(&mut self) -> u64 {
        let reference = self.next_reference;
        self.next_reference += 1;
        reference
    }

    fn page_id(&mut self) -> u64 {
        let id = self.next_page;
        self.next_page += 1;
        id
    }

    /// What sentences about refusals depend on.
    fn terms(&self) -> Terms<'_> {
        Terms {
            signed_in: self.config.sign_in,
            remedies: &self.config.remedies,
        }
    }

    /// It has been live on this socket, and changes are applied as they come.
    fn is_following(&self) -> bool {
        self.retry.live_since.is_some()
    }
}
