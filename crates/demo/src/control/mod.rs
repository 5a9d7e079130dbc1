//! The operator's door to a running feed: pause, cut, refuse, stall, lose, and change rows. As methods and as JSON.

mod auth;
mod call;
mod kinds;
mod link;
mod patch;
mod rows;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use kinds::{ChannelFault, Cut, Refusal, Seen, State, TableState};

use super::{DemoError, Door, Spoil, TableId, TableRules, hub::Hub};

/// A handle to a running feed. Cheap to clone; harmless after the server has stopped.
#[derive(Debug, Clone)]
pub struct Control {
    hub: Arc<Hub>,
}

/// Longest span that a fault may last.
const DAY: Duration = Duration::from_secs(86_400);
/// Most transactions of one `step`.
const MOST_STEPS: usize = 100_000;

impl Control {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// Stops the simulation. Sockets and REST go on.
    pub fn pause(&self) {
        self.hub.lock().is_paused = true;
    }

    pub fn resume(&self) {
        self.hub.lock().is_paused = false;
        self.hub.driver.notify_one();
    }

    /// Changes per second from now on; 0 = none.
    pub fn set_rate(&self, rate: f64) {
        self.hub.lock().rate = if rate.is_finite() {
            rate.clamp(0.0, super::Options::MAX_RATE)
        } else {
            0.0
        };
        self.hub.driver.notify_one();
    }

    /// Runs this many transactions of the simulation at once, paused or not; answers the number of changes.
    pub fn step(&self, transactions: usize) -> usize {
        let mut inner = self.hub.lock();
        (0..transactions.min(MOST_STEPS)).map(|_| inner.step()).sum()
    }

    /// Ends every open socket; answers how many there were.
    pub fn cut(&self, how: Cut) -> usize {
        let inner = self.hub.lock();
        inner.members.iter().map(|member| member.outbox.cut(how)).count()
    }

    /// Refuses for this long, or until `allow`.
    pub fn refuse(&self, refusal: Refusal, span: Option<Duration>) {
        let until = span.map(|span| std::time::Instant::now() + span.min(DAY));
        self.hub.lock().refusal = Some((refusal, until));
    }

    pub fn allow(&self) {
        self.hub.lock().refusal = None;
    }

    /// Changes what the database says about a table. Subscriptions that are written already stay as they are.
    pub fn rules<T>(&self, table: TableId, change: impl FnOnce(&mut TableRules) -> T) -> T {
        change(self.hub.lock().rules.of_mut(table))
    }

    /// Something is wrong with `times` answers at a door, after `skip` good ones.
    pub fn spoil(&self, door: Door, spoil: Spoil, skip: u32, times: u32) {
        self.hub.lock().spoils.arm(door, spoil, skip, times);
    }

    /// Nothing is wrong with answers any more.
    pub fn unspoil(&self) {
        self.hub.lock().spoils.clear();
    }

    /// Sends and answers nothing for this long; sockets stay open, and what happens meanwhile comes late.
    pub fn stall(&self, span: Duration) {
        self.hub.stall_until(Some(std::time::Instant::now() + span.min(DAY)));
    }

    pub fn unstall(&self) {
        self.hub.stall_until(None);
    }

    /// The next `changes` changes reach the tables and no socket.
    pub fn lose(&self, changes: u64) {
        self.hub.lock().lose = changes;
    }

    /// Something befalls every joined channel; answers how many there were.
    pub fn channels(&self, fault: ChannelFault) -> usize {
        let mut inner = self.hub.lock();
        let mut count = 0;
        for member in inner.members.iter_mut() {
            let mut channels = std::mem::take(&mut member.channels);
            count += channels.len();
            for channel in &mut channels {
                match fault {
                    ChannelFault::Close => member.send_end(channel, "phx_close"),
                    ChannelFault::Error => member.send_end(channel, "phx_error"),
                    ChannelFault::Expire => {
                        member.send_system(channel, "system", false, "Token has expired 1 seconds ago");
                        member.send_end(channel, "phx_close");
                    }
                    ChannelFault::Resubscribe => {
                        member.send_system(channel, "postgres_changes", true, "Subscribed to PostgreSQL");
                    }
                    ChannelFault::Deafen => channel.is_live = false,
                }
            }
            if matches!(fault, ChannelFault::Resubscribe | ChannelFault::Deafen) {
                member.channels = channels;
            }
        }
        count
    }

    pub fn state(&self) -> State {
        let inner = self.hub.lock();
        let tables = TableId::ALL.map(|table| {
            let rows = inner.store.table(table);
            let mut status: BTreeMap<&str, usize> = BTreeMap::new();
            for row in rows.values() {
                *status.entry(row.text(table, "status").unwrap_or("null")).or_default() += 1;
            }
            let status = status
                .into_iter()
                .map(|(word, count)| (word.to_owned(), count))
                .collect();
            (
                table.name(),
                TableState {
                    rows: rows.len(),
                    status,
                },
            )
        });
        let channels = || inner.members.iter().flat_map(|member| &member.channels);
        State {
            tables: tables.into(),
            sockets: inner.members.iter().count(),
            channels: channels().count(),
            subscribed: channels().filter(|channel| channel.is_live).count(),
            commits: inner.commits,
            changes: inner.changes,
            paused: inner.is_paused,
            rate: inner.rate,
            seen: inner.seen,
        }
    }
}
