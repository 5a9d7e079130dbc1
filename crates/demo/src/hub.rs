//! Where everything meets: the store, the simulation, the sockets and the faults, behind one lock.
//!
//! A commit changes the store and queues its frames under the same lock that a REST page is read under: whoever reads
//! a page has every change that is older in its stream already, or in the page.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use super::{
    AnswerFault, Api, Behaviour, Delays, DemoError, Options, Refusal, Seen, Simulation,
    answer_fault::AnswerFaults,
    auth::{Guard, Sessions},
    limiter::Limiter,
    rules::Rules,
    sim::Pace,
    socket::{Fanout, Members, Outbox},
    store::{Applied, Mutation, Store},
};

/// The server's shared state.
#[derive(Debug)]
pub struct Hub {
    inner: Mutex<Inner>,
    pub guard: Guard,
    /// Rung when the driver has to look again: rate or pause have changed.
    pub driver: Notify,
    /// Rung when the poller has to look again: changes wait for it.
    poller: Notify,
    /// Nothing is sent or answered before this moment.
    stall: watch::Sender<Option<Instant>>,
}

/// What the lock guards.
#[derive(Debug)]
pub struct Inner {
    pub store: Store,
    pub members: Members,
    pub sim: Simulation,
    pub pace: Pace,
    pub is_paused: bool,
    /// Changes per second.
    pub rate: f64,
    /// Changes still to be lost silently.
    pub lose: u64,
    pub refusal: Option<(Refusal, Option<Instant>)>,
    pub commits: u64,
    pub changes: u64,
    pub fanout: Fanout,
    pub sessions: Sessions,
    pub answer_faults: AnswerFaults,
    pub seen: Seen,
    pub behaviour: Behaviour,
    pub rules: Rules,
    pub limiter: Limiter,
    /// The next joins are refused with these, in order.
    pub join_refusals: VecDeque<JoinRefusal>,
    /// Changes before this moment reach no socket, and nobody is told.
    pub blind_until: Option<Instant>,
    /// Reads before this moment find no database.
    pub down_until: Option<Instant>,
    /// Changes that wait for the poller.
    log: VecDeque<(Applied, i64)>,
}

/// An order to refuse joins.
#[derive(Debug, Clone)]
pub struct JoinRefusal {
    pub reason: String,
    pub closes: Option<u16>,
    pub is_immediate: bool,
    pub times: u32,
}

/// Microseconds since the Unix epoch.
pub fn now_micros() -> i64 {
    Timestamp::now().as_microsecond()
}

/// Changes that wait for the poller; with more it is not waited for.
const MOST_LOG: usize = 100_000;
/// Changes committed before the driver lets others run, and how far it may fall behind before it gives up the backlog.
const BATCH: usize = 256;
const PATIENCE: Duration = Duration::from_secs(1);

impl Hub {
    pub fn new(mut options: Options) -> Result<Self, DemoError> {
        let guard = Guard::new(options.keys.clone())?;
        let now = now_micros();
        let sim = Simulation::new(&options, now);
        let inner = Inner {
            store: Store::new(sim.rows()),
            members: Members::default(),
            pace: Pace::new(options.seed, options.bursts),
            sim,
            is_paused: false,
            rate: options.rate.max(0.0),
            lose: 0,
            refusal: None,
            commits: 0,
            changes: 0,
            fanout: Fanout::default(),
            sessions: Sessions::new(std::mem::take(&mut options.auth), now),
            answer_faults: AnswerFaults::default(),
            seen: Seen::default(),
            behaviour: Behaviour::new(options.delays),
            rules: Rules::new(options.identity),
            limiter: Limiter::default(),
            join_refusals: VecDeque::new(),
            blind_until: None,
            down_until: None,
            log: VecDeque::new(),
        };
        Ok(Self {
            inner: Mutex::new(inner),
            guard,
            driver: Notify::new(),
            poller: Notify::new(),
            stall: watch::Sender::new(None),
        })
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn delays(&self) -> Delays {
        self.lock().behaviour.delays
    }

    /// Most bytes of one WebSocket frame, where there is a limit.
    pub fn fragment(&self) -> Option<usize> {
        self.lock().behaviour.fragment_bytes
    }

    /// Hands what was committed to the sockets, as often as the conduct says, for ever.
    pub async fn poll(self: Arc<Self>) {
        loop {
            let poll = self.lock().behaviour.poll;
            if poll.is_zero() {
                self.lock().flush();
                self.poller.notified().await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(poll) => self.lock().flush(),
                // Another conduct, perhaps without polls.
                () = self.poller.notified() => {}
            }
        }
    }

    /// The poller looks at the conduct again.
    pub fn wake_poller(&self) {
        self.poller.notify_one();
    }

    /// Moves the simulation on to the present; answers when to come again, `None` while paused.
    fn advance(&self, due: &mut Instant) -> Option<Instant> {
        let now = Instant::now();
        let inner = &mut *self.lock();
        if inner.is_paused || inner.rate <= 0.0 {
            return None;
        }
        if *due + PATIENCE < now {
            *due = now;
        }
        let mut left = BATCH;
        while *due <= now && left > 0 {
            let changes = inner.step();
            *due += match changes {
                0 => Duration::from_secs(1),
                _ => inner.pace.after(changes, inner.rate),
            };
            left = left.saturating_sub(changes.max(1));
        }
        Some(*due)
    }

    /// Runs the simulation at its rate, for ever.
    pub async fn drive(self: Arc<Self>) {
        let mut due = Instant::now();
        loop {
            match self.advance(&mut due) {
                Some(next) if next <= Instant::now() => tokio::task::yield_now().await,
                Some(next) => tokio::select! {
                    () = tokio::time::sleep_until(next.into()) => {}
                    () = self.driver.notified() => due = Instant::now(),
                },
                None => {
                    self.driver.notified().await;
                    due = Instant::now();
                }
            }
        }
    }

    /// Stops sending and answering until then; `None` goes on at once.
    pub fn stall_until(&self, until: Option<Instant>) {
        self.stall.send_replace(until);
    }

    /// Returns when nothing is stalled, or the socket is to be cut.
    pub async fn until_unstalled(&self, outbox: Option<&Outbox>) {
        let mut stall = self.stall.subscribe();
        loop {
            let until = *stall.borrow_and_update();
            let Some(until) = until.filter(|until| *until > Instant::now()) else {
                return;
            };
            let cut = async {
                match outbox {
                    Some(outbox) => outbox.until_cut().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = tokio::time::sleep_until(until.into()) => {}
                _ = stall.changed() => {}
                _ = cut => return,
            }
        }
    }

    /// The fault of the next answer of an API, if it has one.
    pub fn answer_fault(&self, api: Api) -> Option<AnswerFault> {
        self.lock().answer_faults.next(api)
    }

    /// What new sockets, REST reads or sign-ins are refused with just now.
    pub fn refusal(&self) -> Option<Refusal> {
        let mut inner = self.lock();
        let (refusal, until) = inner.refusal.clone()?;
        if until.is_some_and(|until| until <= Instant::now()) {
            inner.refusal = None;
            return None;
        }
        Some(refusal)
    }
}

impl Inner {
    /// One transaction of the simulation; answers how many changes it had.
    pub fn step(&mut self) -> usize {
        let now = now_micros();
        let transaction = self.sim.step(now);
        self.commit(transaction, now)
    }

    /// Applies a transaction and hands its changes to the sockets, in order; answers how many there were.
    pub fn commit(&mut self, transaction: Vec<Mutation>, now: i64) -> usize {
        let mut count = 0;
        for mutation in transaction {
            let Some(change) = self.store.apply(mutation) else {
                continue;
            };
            count += 1;
            if self.lose > 0 {
                self.lose -= 1;
                continue;
            }
            if self.blind_until.is_some_and(|until| Instant::now() < until) {
                continue;
            }
            if self.behaviour.poll.is_zero() {
                self.flush();
                self.deliver(&change, now);
                continue;
            }
            self.log.push_back((change, now));
            if self.log.len() > MOST_LOG {
                self.flush();
            }
        }
        self.commits += u64::from(count > 0);
        self.changes += count as u64;
        count
    }

    /// Sends everything that waits.
    pub fn flush(&mut self) {
        while let Some((change, committed)) = self.log.pop_front() {
            self.deliver(&change, committed);
        }
    }

    fn deliver(&mut self, change: &Applied, committed: i64) {
        let limit = self.behaviour.limit;
        if limit.is_some() && !self.limiter.allows(limit, Instant::now()) {
            return;
        }
        let (rules, behaviour) = (&self.rules, &self.behaviour);
        let delivered = self
            .fanout
            .deliver(change, committed, &self.store, rules, behaviour, &self.members);
        self.limiter.count(delivered);
    }
}
