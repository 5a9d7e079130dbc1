//! The operator's controls of a running feed: pause, cut, refuse, stall, lose changes, edit rows. As methods, and as JSON.

mod call;
mod patch;
mod types;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use realtime::Frame;
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::{
    Bytes, Message,
    protocol::frame::{
        Frame as WireFrame,
        coding::{Data, OpCode},
    },
};
use uuid::Uuid;

pub use types::{ChannelFault, Cut, Refusal, Seen, State, TableState};

use super::{
    Account, AnswerFault, Api, Behaviour, DemoError, ErrorShape, JoinError, Options, SystemMessage, TableId,
    TableRules,
    hub::{Hub, Inner, JoinRefusal, now_micros},
    socket::{Due, Member},
    store::{Mutation, Row},
};

/// A handle to a running feed. It is cheap to clone and has no effect after the server has stopped.
#[derive(Debug, Clone)]
pub struct Control {
    hub: Arc<Hub>,
}

/// Longest span that anything temporary may last.
const DAY: Duration = Duration::from_secs(86_400);
/// Most transactions of one `step`.
const MAX_STEPS: usize = 100_000;
/// Most join refusals that may be pending.
const MAX_JOIN_REFUSALS: usize = 1_000;

/// The simulation.
impl Control {
    /// The controls of this server.
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// Stops the simulation. Sockets and REST stay in service.
    pub fn pause(&self) {
        self.hub.lock().is_paused = true;
    }

    /// Continues the simulation at its rate.
    pub fn resume(&self) {
        self.hub.lock().is_paused = false;
        self.hub.driver.notify_one();
    }

    /// Raises the number of the pulse now, as its job does. Nothing happens without a pulse, or while the job is stopped.
    pub fn raise_pulse(&self) {
        self.hub.lock().raise_pulse();
    }

    /// Stops or restarts the job that raises the number of the pulse.
    pub fn run_pulse(&self, runs: bool) {
        self.hub.lock().pulse_runs = runs;
    }

    /// Sets the changes per second; 0 = none.
    pub fn set_rate(&self, rate: f64) {
        self.hub.lock().rate = if rate.is_finite() {
            rate.clamp(0.0, Options::MAX_RATE)
        } else {
            0.0
        };
        self.hub.driver.notify_one();
    }

    /// Runs this many transactions of the simulation at once, paused or not. Returns the number of changes.
    pub fn step(&self, transactions: usize) -> usize {
        let mut inner = self.hub.lock();
        (0..transactions.min(MAX_STEPS)).map(|_| inner.step()).sum()
    }

    /// What the feed holds and what its clients have done.
    pub fn state(&self) -> State {
        let inner = self.hub.lock();
        let tables = TableId::ALL.map(|table| {
            let rows = inner.store.table(table);
            let mut status: BTreeMap<String, usize> = BTreeMap::new();
            for row in rows.values() {
                let word = row.text(table, "status").unwrap_or("null").to_owned();
                *status.entry(word).or_default() += 1;
            }
            let rows = rows.len();
            (table.name(), TableState { rows, status })
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

/// Sockets and channels.
impl Control {
    /// Ends every open socket. Returns their number.
    pub fn cut(&self, how: Cut) -> usize {
        let inner = self.hub.lock();
        inner.members.iter().map(|member| member.outbox.cut(how)).count()
    }

    /// Refuses for this long, or until [`Control::allow`].
    pub fn refuse(&self, refusal: Refusal, span: Option<Duration>) {
        let until = span.map(|span| Instant::now() + span.min(DAY));
        self.hub.lock().refusal = Some((refusal, until));
    }

    /// Ends a refusal.
    pub fn allow(&self) {
        self.hub.lock().refusal = None;
    }

    /// Refuses the next `times` joins with a reason: the name of one of [`crate::JOINS`], or any text.
    pub fn refuse_joins(&self, reason: &str, times: u32) {
        let named = JoinError::named(reason);
        let refusal = JoinRefusal {
            reason: named.map_or(reason, |named| named.reason).into(),
            closes: named.and_then(|named| named.closes),
            is_immediate: named.is_some_and(|named| named.is_immediate),
            times,
        };
        let mut inner = self.hub.lock();
        if times > 0 && inner.join_refusals.len() < MAX_JOIN_REFUSALS {
            inner.join_refusals.push_back(refusal);
        }
    }

    /// Grants joins again.
    pub fn allow_joins(&self) {
        self.hub.lock().join_refusals.clear();
    }

    /// Sends and answers nothing for this long. Sockets stay open, and what happens meanwhile is sent late.
    pub fn stall(&self, span: Duration) {
        self.hub.stall_until(Some(Instant::now() + span.min(DAY)));
    }

    /// Ends a stall.
    pub fn unstall(&self) {
        self.hub.stall_until(None);
    }

    /// Commits the next `changes` changes without sending them to any socket.
    pub fn lose(&self, changes: u64) {
        self.hub.lock().lose = changes;
    }

    /// Does not send the next `messages` broadcasts of the database, without any sign of it; the stream goes on.
    pub fn lose_broadcasts(&self, messages: u64) {
        if let Some(broadcasts) = &mut self.hub.lock().broadcasts {
            broadcasts.lose = messages;
        }
    }

    /// Commits changes without sending them to any socket, for this long.
    pub fn lose_for(&self, span: Duration) {
        self.hub.lock().blind_until = after(span);
    }

    /// Commits at least `changes` changes of the simulation at once, which are delivered, and drops every change of the next
    /// `span` without any sign of it, as the limit on changes does after a burst. Returns the number of changes.
    pub fn exceed_change_limit(&self, changes: usize, span: Duration) -> usize {
        let mut inner = self.hub.lock();
        let changes = step_until(&mut inner, changes);
        inner.flush();
        inner.change_limiter.exceed_until(after(span));
        changes
    }

    /// For this long, as if other clients of the project joined too often: a join is refused and its socket closed with 1001,
    /// and new sockets are refused with 429.
    pub fn exceed_join_limit(&self, span: Duration) {
        self.hub.lock().join_limiter.exceed_until(after(span));
    }

    /// Makes what the limits have counted older, as if this much more time had passed. A test calls it instead of waiting.
    pub fn age_limits(&self, by: Duration) {
        let mut inner = self.hub.lock();
        inner.change_limiter.age(by.min(DAY));
        inner.join_limiter.age(by.min(DAY));
    }

    /// Terminates the backend of the poller. Its temporary slot is gone with the changes that wait in it, and those of the
    /// next `span`, until there is another slot, are lost; about 16 s were measured. No message reports it.
    pub fn end_poller(&self, span: Duration) {
        self.hub.lock().lose_slot(after(span));
    }

    /// Commits at least `changes` changes of the simulation at once, so many that the poller's query runs into its timeout:
    /// they, and every change of the next `span`, are lost with the slot; about 15 s on a real server. No message reports it.
    /// Returns the number of changes committed at once.
    pub fn time_out_poller(&self, changes: usize, span: Duration) -> usize {
        let mut inner = self.hub.lock();
        inner.lose_slot(after(span));
        step_until(&mut inner, changes)
    }

    /// Injects a fault into every joined channel. Returns their number.
    pub fn inject_channel_fault(&self, fault: ChannelFault) -> usize {
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

    /// Calls `act` for every joined channel. Returns their number.
    fn for_channels(&self, mut act: impl FnMut(&mut Member, u64)) -> usize {
        let mut inner = self.hub.lock();
        let mut count = 0;
        for member in inner.members.iter_mut() {
            let serials: Vec<u64> = member.channels.iter().map(|channel| channel.serial).collect();
            count += serials.len();
            for serial in serials {
                act(member, serial);
            }
        }
        count
    }

    /// Sends a `system` message to every joined channel, followed by `phx_close` where `closes` is set. Returns the number
    /// of channels.
    pub fn send_system(&self, message: SystemMessage) -> usize {
        self.for_channels(|member, serial| {
            let Some(at) = member.channels.iter().position(|channel| channel.serial == serial) else {
                return;
            };
            let SystemMessage {
                extension, is_ok, text, ..
            } = message;
            if let Some(channel) = member.channels.get(at) {
                member.send_system(channel, extension, is_ok, text);
            }
            if message.closes {
                let channel = member.channels.swap_remove(at);
                member.send_end(&channel, "phx_close");
            }
        })
    }

    /// Ends every subscription without a message; after `span` each is confirmed again with a second "Subscribed to
    /// PostgreSQL". A change of the publication looks like this. Returns the number of channels.
    pub fn gap(&self, span: Duration) -> usize {
        self.for_channels(|member, serial| {
            if let Some(channel) = member.by_serial(serial) {
                channel.is_live = false;
            }
            member.schedule(span.min(DAY), Due::Subscribe { serial });
        })
    }

    /// Shuts down as the server does for a restart: close code 1012, after one message for each joined topic where
    /// `is_announced` is set. Returns the number of sockets.
    pub fn drain(&self, is_announced: bool) -> usize {
        let inner = self.hub.lock();
        let mut count = 0;
        for member in inner.members.iter() {
            count += 1;
            for channel in member.channels.iter().filter(|_| is_announced) {
                let payload = json!({"extension": "system", "message": "Server requested disconnect", "status": "ok"});
                member.send(&Frame::new(None, None, &channel.topic, "system", &payload));
            }
            member.outbox.finish(Cut::Close(1012));
        }
        count
    }

    /// Kills, without a close frame, every socket that has joined before and has no channel now. Returns their number.
    pub fn reap(&self) -> usize {
        let inner = self.hub.lock();
        let idle = inner
            .members
            .iter()
            .filter(|member| member.channels.is_empty() && !member.past.is_empty());
        idle.map(|member| member.outbox.cut(Cut::Rst)).count()
    }

    /// Sends any text message to every socket. Returns their number.
    pub fn send_text(&self, text: &str) -> usize {
        self.send_message(&Message::text(text))
    }

    /// Sends a binary message to every socket. Returns their number.
    pub fn send_binary(&self, bytes: &[u8]) -> usize {
        self.send_message(&Message::binary(bytes.to_vec()))
    }

    /// Sends a text message that may be invalid UTF-8, which a real server never sends. Returns the number of sockets.
    pub fn send_raw_text(&self, bytes: &[u8]) -> usize {
        let frame = WireFrame::message(Bytes::copy_from_slice(bytes), OpCode::Data(Data::Text), true);
        self.send_message(&Message::Frame(frame))
    }

    /// Sends a WebSocket ping to every socket, which the real server never does. Returns their number.
    pub fn ping(&self) -> usize {
        self.send_message(&Message::Ping(Bytes::from_static(b"demo")))
    }

    fn send_message(&self, message: &Message) -> usize {
        let inner = self.hub.lock();
        inner
            .members
            .iter()
            .map(|member| member.outbox.push(message.clone()))
            .count()
    }

    /// Makes everything due now: pending messages are sent in their order, and what would last for a while ends. A test
    /// calls it instead of waiting.
    pub fn run_timers(&self) {
        let inner = &mut *self.hub.lock();
        // The driver needs the lock, so that it sees the change however early it wakes.
        self.hub.driver.notify_one();
        (inner.blind_until, inner.down_until, inner.writes_stopped_until) = (None, None, None);
        inner.change_limiter.exceed_until(None);
        inner.join_limiter.exceed_until(None);
        for table in TableId::ALL {
            inner.rules.of_mut(table).revoked_until = None;
        }
        let now = Instant::now();
        for member in inner.members.iter_mut() {
            member.timers.sort_by_key(|timer| timer.at);
            for timer in &mut member.timers {
                timer.at = timer.at.min(now);
            }
            for channel in &mut member.channels {
                channel.lost_until = None;
            }
            member.outbox.ring();
        }
    }
}

/// The server and its database.
impl Control {
    /// Changes how the server behaves from now on.
    pub fn set_behaviour<T>(&self, change: impl FnOnce(&mut Behaviour) -> T) -> T {
        let done = {
            let inner = &mut *self.hub.lock();
            let done = change(&mut inner.behaviour);
            let now = Instant::now();
            inner.change_limiter.set_limit(inner.behaviour.limit, now);
            inner.join_limiter.set_limit(inner.behaviour.join_limit, now);
            done
        };
        self.hub.wake_poller();
        done
    }

    /// Changes the database's rules for a table. Existing subscriptions stay as they are.
    pub fn rules<T>(&self, table: TableId, change: impl FnOnce(&mut TableRules) -> T) -> T {
        change(self.hub.lock().rules.of_mut(table))
    }

    /// Injects a fault into the next `times` answers of an API, after `skip` good ones.
    pub fn inject_answer_fault(&self, api: Api, fault: AnswerFault, skip: u32, times: u32) {
        self.hub.lock().answer_faults.push(api, fault, skip, times);
    }

    /// Forgets every answer fault that is pending.
    pub fn clear_answer_faults(&self) {
        self.hub.lock().answer_faults.clear();
    }

    /// Restarts PostgreSQL at once, which ends the poller: pages cannot be read for `down`, and neither then nor for `blind`
    /// after that does a change reach a socket, without any sign of it.
    pub fn restart_database(&self, down: Duration, blind: Duration) {
        let mut inner = self.hub.lock();
        inner.down_until = after(down);
        inner.lose_slot(after(down.min(DAY) + blind.min(DAY)));
    }

    /// Shuts PostgreSQL down for `down`: pages are answered with 503 and the simulation makes no transactions, while sockets
    /// and channels stay and heartbeats are answered. For `blind` after that there is no slot yet, so that changes are lost.
    pub fn stop_database(&self, down: Duration, blind: Duration) {
        self.restart_database(down, blind);
        self.hub.lock().writes_stopped_until = after(down);
        self.hub.driver.notify_one();
    }

    /// Revokes the right to read a table from every role but `service_role`, for this long: changes come with `Error 401` and
    /// without the row, and pages are refused.
    pub fn revoke_select(&self, table: TableId, span: Duration) {
        self.hub.lock().rules.of_mut(table).revoked_until = after(span);
    }
}

/// Rows.
impl Control {
    /// Inserts a row; a missing `id` is generated. Returns the id.
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

    /// Gives a row another key: one update whose old and new keys differ.
    ///
    /// # Errors
    /// When there is no such row, or the new key is taken.
    pub fn rekey(&self, table: TableId, id: Uuid, to: Uuid) -> Result<(), DemoError> {
        let mut inner = self.hub.lock();
        let old = inner.store.table(table).get(&id).ok_or_else(|| no_row(table, id))?;
        let key = Map::from_iter([("id".to_owned(), Value::from(to.to_string()))]);
        let new = Row::patch(table, Some(old), &key).map_err(DemoError::Control)?;
        match inner.commit(vec![Mutation::Rekey(table, id, new)], now_micros()) {
            0 => Err(DemoError::Control(format!(
                "table {} has a row {to} already",
                table.name()
            ))),
            _ => Ok(()),
        }
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

    /// Empties a table as TRUNCATE does, without a change on the stream. Returns the number of rows.
    pub fn truncate(&self, table: TableId) -> usize {
        self.hub.lock().store.truncate(table)
    }

    /// Empties a table as TRUNCATE does and inserts its rows again, except each `omitted_of`th (0 = no exception). The stream carries the
    /// inserts, and nothing about the rows that are gone. Returns their number.
    pub fn reload(&self, table: TableId, omitted_of: usize) -> usize {
        let mut inner = self.hub.lock();
        let rows: Vec<Row> = inner.store.table(table).values().cloned().collect();
        inner.store.truncate(table);
        let is_omitted = |number: usize| (number + 1).is_multiple_of(omitted_of);
        let kept = rows.iter().enumerate().filter(|(number, _)| !is_omitted(*number));
        let inserts: Vec<Mutation> = kept.map(|(_, row)| Mutation::Insert(table, row.clone())).collect();
        rows.len() - inner.commit(inserts, now_micros())
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

    fn commit(&self, transaction: Vec<Mutation>) -> usize {
        self.hub.lock().commit(transaction, now_micros())
    }
}

/// Accounts, tokens and the secret that signs them.
impl Control {
    /// Adds an account, or sets the password of an existing one.
    ///
    /// # Errors
    /// When there are too many accounts.
    pub fn add_account(&self, account: Account) -> Result<(), DemoError> {
        if self.hub.lock().sessions.add(account, now_micros()) {
            Ok(())
        } else {
            Err(DemoError::Account(
                "the demo feed keeps at most 1000 accounts: remove one first".into(),
            ))
        }
    }

    /// Removes an account and ends its sessions. Returns whether it existed.
    pub fn remove_account(&self, email: &str) -> bool {
        self.hub.lock().sessions.remove(email)
    }

    /// Sets the life of session tokens issued from now on, between a second and a year.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.hub.lock().sessions.options.lifetime = lifetime.clamp(Duration::from_secs(1), DAY * 366);
    }

    /// Sets how long a used refresh token is accepted once more.
    pub fn set_reuse_interval(&self, interval: Duration) {
        self.hub.lock().sessions.options.reuse_interval = interval.min(DAY);
    }

    /// Sets how refused sign-ins are worded.
    pub fn set_auth_errors(&self, shape: ErrorShape) {
        self.hub.lock().sessions.options.errors = shape;
    }

    /// Forgets every session, so that their refresh tokens are not found any more. Returns the number of sessions.
    pub fn revoke_sessions(&self) -> usize {
        self.hub.lock().sessions.revoke()
    }

    /// A token with these claims, signed with the server's secret.
    pub fn sign(&self, claims: &Map<String, Value>) -> String {
        self.hub.guard.sign(claims)
    }

    /// A token of a role that expires `seconds` from now; with a negative number it has expired already.
    pub fn token(&self, role: &str, seconds: i64) -> String {
        let now = now_micros().div_euclid(1_000_000);
        let claims = json!({
            "role": role, "iat": now, "exp": now.saturating_add(seconds), "sub": role, "aud": role,
        });
        self.sign(claims.as_object().unwrap_or(&Map::new()))
    }

    /// Replaces the secret: every token signed before is refused from now on.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn rotate_secret(&self) -> Result<(), DemoError> {
        self.hub.guard.rotate()
    }
}

/// The moment when something temporary that begins now ends.
fn after(span: Duration) -> Option<Instant> {
    Instant::now().checked_add(span.min(DAY))
}

/// Runs transactions of the simulation until there are this many changes. Returns the number of changes.
fn step_until(inner: &mut Inner, changes: usize) -> usize {
    let mut count = 0;
    for _ in 0..changes.min(MAX_STEPS) {
        if count >= changes {
            break;
        }
        count += inner.step();
    }
    count
}

fn no_row(table: TableId, id: Uuid) -> DemoError {
    DemoError::Control(format!("table {} has no row {id}", table.name()))
}
