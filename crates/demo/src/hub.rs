//! The server's shared state, behind one lock: the store, the simulation, the sockets, and what is set to go wrong.
//!
//! A commit changes the store and queues its frames under the same lock under which a REST page is read. Every change is
//! therefore either in a page or behind it in the stream.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, watch},
    time::MissedTickBehavior,
};
use uuid::Uuid;

#[cfg(unix)]
use super::database::{Database, Published, RowChange};
use super::{
    AnswerFault, Api, Behaviour, Delays, DemoError, JoinError, Options, Refusal, Seen, Simulation,
    answer_fault::AnswerFaults,
    auth::{Guard, Sessions},
    broadcast::Broadcasts,
    limiter::Limiter,
    rules::Rules,
    sim::TransactionPace,
    socket::{Fanout, Members, Outbox},
    store::{Applied, Mutation, Row, Store, StoredCell, TableId},
};

/// The server's shared state.
#[derive(Debug)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    /// The database whose tables are served in the place of the simulated ones.
    #[cfg(unix)]
    pub(crate) database: Option<Database>,
    /// Checks API keys and session tokens.
    pub(crate) guard: Guard,
    /// Notified when the rate or the pause has changed.
    pub(crate) driver: Notify,
    /// Notified when the interval of the poller has changed.
    poller: Notify,
    /// Until this moment nothing is sent or answered.
    stall: watch::Sender<Option<Instant>>,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct Inner {
    /// The tables as clients read them.
    pub(crate) store: Store,
    /// The open sockets and their channels.
    pub(crate) members: Members,
    /// The organisation whose transactions are written into `store`.
    pub(crate) sim: Simulation,
    /// The times between transactions.
    pub(crate) pace: TransactionPace,
    /// The simulation makes no transactions.
    pub(crate) is_paused: bool,
    /// Changes per second.
    pub(crate) rate: f64,
    /// Number of changes that are still to be lost without any sign of it.
    pub(crate) lose: u64,
    /// What is refused, and until when; `None` = until it is allowed again.
    pub(crate) refusal: Option<(Refusal, Option<Instant>)>,
    /// Transactions committed since the start.
    pub(crate) commits: u64,
    /// Changes committed since the start.
    pub(crate) changes: u64,
    /// Writes changes as frames, with buffers that are used again.
    pub(crate) fanout: Fanout,
    /// The accounts and the sessions of signed-in users.
    pub(crate) sessions: Sessions,
    /// The faults of the next answers of the HTTP APIs.
    pub(crate) answer_faults: AnswerFaults,
    /// What clients have done since the start.
    pub(crate) seen: Seen,
    /// How the stream differs from that of a server without faults.
    pub(crate) behaviour: Behaviour,
    /// What is published and readable of each table, and by which role.
    pub(crate) rules: Rules,
    /// Counts delivered changes, once for each subscription: above its limit changes are dropped.
    pub(crate) change_limiter: Limiter,
    /// Counts joins: above its limit joins and sockets are refused.
    pub(crate) join_limiter: Limiter,
    /// The refusals of the next joins, in order.
    pub(crate) join_refusals: VecDeque<JoinRefusal>,
    /// Until this moment changes are not sent to any socket, without any sign of it.
    pub(crate) blind_until: Option<Instant>,
    /// Until this moment pages cannot be read.
    pub(crate) down_until: Option<Instant>,
    /// Until this moment the simulation makes no transactions, because the database accepts none.
    pub(crate) writes_stopped_until: Option<Instant>,
    /// The job that raises the number of the pulse runs.
    pub(crate) pulse_runs: bool,
    /// The messages of the private channel, if changes are broadcast.
    pub(crate) broadcasts: Option<Broadcasts>,
    /// The published tables of the database, as of the last join.
    #[cfg(unix)]
    pub(crate) published: Published,
    /// Changes that wait for the poller, with the times of their commits.
    log: VecDeque<(Applied, i64)>,
}

/// A refusal of joins.
#[derive(Debug, Clone)]
pub(crate) struct JoinRefusal {
    /// The text in the `reason` of the reply.
    pub(crate) reason: String,
    /// Close code of the socket after the reply.
    pub(crate) closes: Option<u16>,
    /// It is sent at once rather than after the usual delay.
    pub(crate) is_immediate: bool,
    /// Number of joins that are still to be refused.
    pub(crate) times: u32,
}

impl JoinRefusal {
    /// One refusal for the reason of this name in [`crate::JOINS`].
    pub(crate) fn named(name: &str) -> Option<Self> {
        let named = JoinError::named(name)?;
        Some(Self {
            reason: named.reason.into(),
            closes: named.closes,
            is_immediate: named.is_immediate,
            times: 1,
        })
    }
}

/// The row of the pulse.
fn pulse_row(seq: i32, now: i64) -> Row {
    Row::new([
        StoredCell::Uuid(Uuid::max()),
        StoredCell::Int(seq),
        StoredCell::Time(now),
    ])
}

/// Microseconds since the Unix epoch.
pub(crate) fn now_micros() -> i64 {
    Timestamp::now().as_microsecond()
}

/// Most changes that wait for the poller; more are sent without it.
const MAX_LOG: usize = 100_000;
/// Most changes that the driver commits before other tasks get to run.
const BATCH: usize = 256;
/// How far the driver may fall behind before it skips the backlog.
const MAX_BACKLOG: Duration = Duration::from_secs(1);

impl Hub {
    /// A server with these options, before its first connection.
    pub(crate) fn new(mut options: Options) -> Result<Self, DemoError> {
        let guard = Guard::new(options.keys.clone())?;
        let now = now_micros();
        let sim = Simulation::new(&options, now);
        let pulse = options.pulse.map(|_| (TableId::Pulse, pulse_row(0, now)));
        let inner = Inner {
            store: Store::new(sim.rows().into_iter().chain(pulse)),
            members: Members::default(),
            pace: TransactionPace::new(options.seed, options.bursts),
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
            rules: Rules::new(options.identity, options.pulse.is_some()),
            change_limiter: Limiter::default(),
            join_limiter: Limiter::default(),
            join_refusals: VecDeque::new(),
            blind_until: None,
            down_until: None,
            writes_stopped_until: None,
            pulse_runs: true,
            broadcasts: options.broadcast.then(Broadcasts::default),
            #[cfg(unix)]
            published: Published::default(),
            log: VecDeque::new(),
        };
        Ok(Self {
            inner: Mutex::new(inner),
            #[cfg(unix)]
            database: None,
            guard,
            driver: Notify::new(),
            poller: Notify::new(),
            stall: watch::Sender::new(None),
        })
    }

    /// Locks the state; a panic elsewhere does not poison it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The delays in force.
    pub(crate) fn delays(&self) -> Delays {
        self.lock().behaviour.delays
    }

    /// Most bytes of one WebSocket frame, if there is a limit.
    pub(crate) fn fragment(&self) -> Option<usize> {
        self.lock().behaviour.fragment_bytes
    }

    /// Sends committed changes to the sockets at the interval of the behaviour, for ever.
    pub(crate) async fn poll(self: Arc<Self>) {
        loop {
            let poll = self.lock().behaviour.poll;
            if poll.is_zero() {
                self.lock().flush();
                self.poller.notified().await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(poll) => self.lock().flush(),
                // The interval has changed.
                () = self.poller.notified() => {}
            }
        }
    }

    /// Raises the number of the pulse at this interval, for ever.
    pub(crate) async fn pulse(self: Arc<Self>, every: Duration) {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.lock().raise_pulse();
        }
    }

    /// Makes the poller read its interval again.
    pub(crate) fn wake_poller(&self) {
        self.poller.notify_one();
    }

    /// Runs the simulation up to the present. Returns when the next transaction is due; `None` while paused.
    fn advance(&self, due: &mut Instant) -> Option<Instant> {
        let now = Instant::now();
        let inner = &mut *self.lock();
        if inner.is_paused || inner.rate <= 0.0 {
            return None;
        }
        if let Some(until) = inner.writes_stopped_until.filter(|until| *until > now) {
            *due = until;
            return Some(until);
        }
        if *due + MAX_BACKLOG < now {
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
    pub(crate) async fn drive(self: Arc<Self>) {
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

    /// Stops sending and answering until this moment; `None` ends a stall.
    pub(crate) fn stall_until(&self, until: Option<Instant>) {
        self.stall.send_replace(until);
    }

    /// Waits until nothing is stalled, or the socket is to be cut.
    pub(crate) async fn until_unstalled(&self, outbox: Option<&Outbox>) {
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

    /// Reads which tables of the database are published, if there is a database.
    #[cfg(unix)]
    pub(crate) async fn read_publication(&self) {
        let Some(database) = &self.database else { return };
        if let Ok(published) = Published::read(database).await {
            self.lock().published = published;
        }
    }

    /// The fault of the next answer of an API, if it has one.
    pub(crate) fn answer_fault(&self, api: Api) -> Option<AnswerFault> {
        self.lock().answer_faults.next(api)
    }

    /// The refusal that is in force now.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
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
    /// Commits one transaction of the simulation. Returns the number of its changes.
    pub(crate) fn step(&mut self) -> usize {
        let now = now_micros();
        let transaction = self.sim.step(now);
        self.commit(transaction, now)
    }

    /// Raises the number of the pulse, unless its job or the database does not run.
    pub(crate) fn raise_pulse(&mut self) {
        let is_down = self.writes_stopped_until.is_some_and(|until| Instant::now() < until);
        let last = self.store.table(TableId::Pulse).values().next();
        let Some(StoredCell::Int(seq)) = last.map(|row| row.cell(1)) else {
            return;
        };
        if self.pulse_runs && !is_down {
            let now = now_micros();
            let raised = pulse_row(seq.wrapping_add(1), now);
            self.commit(vec![Mutation::Update(TableId::Pulse, raised)], now);
        }
    }

    /// Commits a transaction and sends its changes to the sockets, in order. Returns the number of changes.
    pub(crate) fn commit(&mut self, transaction: Vec<Mutation>, now: i64) -> usize {
        let mut count = 0;
        for mutation in transaction {
            let Some(change) = self.store.apply(mutation) else {
                continue;
            };
            count += 1;
            // The pulse's table has no trigger.
            if let Some(broadcasts) = self.broadcasts.as_mut().filter(|_| change.table != TableId::Pulse) {
                broadcasts.commit(&change, now, &self.members);
            }
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
            if self.log.len() > MAX_LOG {
                self.flush();
            }
        }
        self.commits += u64::from(count > 0);
        self.changes += count as u64;
        count
    }

    /// Sends every change that waits for the poller.
    pub(crate) fn flush(&mut self) {
        while let Some((change, committed)) = self.log.pop_front() {
            self.deliver(&change, committed);
        }
    }

    /// The poller loses its temporary replication slot: what waits in it is lost, and until this moment there is no other one.
    pub(crate) fn lose_slot(&mut self, until: Option<Instant>) {
        self.log.clear();
        self.blind_until = until;
    }

    /// Sends a committed change of the database to the sockets.
    #[cfg(unix)]
    pub(crate) fn send_row(&mut self, change: &RowChange) {
        self.changes += 1;
        if self.lose > 0 {
            self.lose -= 1;
            return;
        }
        let now = Instant::now();
        if self.blind_until.is_some_and(|until| now < until) || !self.change_limiter.allows(now) {
            return;
        }
        let delivered = self.fanout.send(change, &self.members);
        self.change_limiter.count(delivered);
    }

    fn deliver(&mut self, change: &Applied, committed: i64) {
        if !self.change_limiter.allows(Instant::now()) {
            return;
        }
        let (rules, behaviour) = (&self.rules, &self.behaviour);
        let delivered = self
            .fanout
            .deliver(change, committed, &self.store, rules, behaviour, &self.members);
        self.change_limiter.count(delivered);
    }
}
