//! The operator's door to a running feed: pause, cut, refuse, stall, lose, and change rows. As methods and as JSON.

mod call;

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc, time::Duration};

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    DemoError, TableId,
    hub::{Hub, now_micros},
    store::{Mutation, Row},
};

/// How a socket is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// The connection just ends.
    #[default]
    Fin,
    /// The connection is reset.
    Rst,
    /// A close frame with this code, then the end.
    Close(u16),
}

impl FromStr for Cut {
    type Err = DemoError;

    fn from_str(text: &str) -> Result<Self, DemoError> {
        match text {
            "fin" => Ok(Self::Fin),
            "rst" => Ok(Self::Rst),
            code => match code.parse() {
                // What may stand in a close frame.
                Ok(code @ (1000..=1003 | 1007..=1014 | 3000..=4999)) => Ok(Self::Close(code)),
                _ => Err(DemoError::Faults(format!(
                    "'{code}' is no way to cut a socket: say fin, rst or a close code such as 1012"
                ))),
            },
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fin => f.write_str("fin"),
            Self::Rst => f.write_str("rst"),
            Self::Close(code) => write!(f, "{code}"),
        }
    }
}

/// What is refused, and with which HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub sockets: bool,
    pub rest: bool,
    pub status: StatusCode,
}

impl Default for Refusal {
    /// New sockets, as a gateway without its server behind it.
    fn default() -> Self {
        Self {
            sockets: true,
            rest: false,
            status: StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// What can befall every joined channel while the sockets stay open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelFault {
    /// `phx_close`, and the channel is gone.
    Close,
    /// `phx_error`, and the channel is gone.
    Error,
    /// `system` error "Token has expired …", then `phx_close`.
    Expire,
    /// A second "Subscribed to PostgreSQL": a gap may have been.
    Resubscribe,
    /// Joined, but no change comes any more.
    Deafen,
}

/// What the feed holds and does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct State {
    pub tables: BTreeMap<&'static str, TableState>,
    pub sockets: usize,
    /// Joined channels, and those of them to which changes flow.
    pub channels: usize,
    pub subscribed: usize,
    pub commits: u64,
    pub changes: u64,
    pub paused: bool,
    pub rate: f64,
}

/// One table's rows, and how many have each status word.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TableState {
    pub rows: usize,
    pub status: BTreeMap<String, usize>,
}

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

    /// Inserts a row; a missing `id` is made up. Answers the id.
    ///
    /// # Errors
    /// A sentence that names the column or the value that does not fit.
    pub fn insert(&self, table: TableId, mut row: Map<String, Value>) -> Result<Uuid, DemoError> {
        let id = match row
            .get("id")
            .map(|id| id.as_str().and_then(|id| Uuid::parse_str(id).ok()))
        {
            None => uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid(),
            Some(Some(id)) => id,
            Some(None) => return Err(DemoError::Control("the id of a row must be a uuid".into())),
        };
        row.insert("id".into(), id.to_string().into());
        let row = Row::patch(table, None, &row).map_err(DemoError::Control)?;
        self.commit(vec![Mutation::Insert(table, row)]);
        Ok(id)
    }

    /// Changes columns of a row.
    ///
    /// # Errors
    /// When there is no such row, or a column or a value does not fit.
    pub fn update(&self, table: TableId, id: Uuid, row: &Map<String, Value>) -> Result<(), DemoError> {
        if row.contains_key("id") {
            return Err(DemoError::Control(
                "the id of a row cannot be changed: delete it and insert another".into(),
            ));
        }
        let mut inner = self.hub.lock();
        let old = inner.store.table(table).get(&id).ok_or_else(|| no_row(table, id))?;
        let new = Row::patch(table, Some(old), row).map_err(DemoError::Control)?;
        inner.commit(vec![Mutation::Update(table, new)], now_micros());
        Ok(())
    }

    /// Deletes a row.
    ///
    /// # Errors
    /// When there is no such row.
    pub fn delete(&self, table: TableId, id: Uuid) -> Result<(), DemoError> {
        match self.commit(vec![Mutation::Delete(table, id)]) {
            0 => Err(no_row(table, id)),
            _ => Ok(()),
        }
    }

    fn commit(&self, transaction: Vec<Mutation>) -> usize {
        self.hub.lock().commit(transaction, now_micros())
    }

    /// Every row of a table by id, as JSON objects.
    pub fn rows(&self, table: TableId) -> Vec<Value> {
        let inner = self.hub.lock();
        inner
            .store
            .table(table)
            .values()
            .map(|row| row.to_value(table))
            .collect()
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
        }
    }
}

fn no_row(table: TableId, id: Uuid) -> DemoError {
    DemoError::Control(format!("table {} has no row {id}", table.name()))
}
