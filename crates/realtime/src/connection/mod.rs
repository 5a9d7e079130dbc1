//! One connection: everything between "start" and "live", as a value.
//!
//! One socket carries one main channel with all sources, and side channels (`side`) that only add to it. Whatever ends
//! the main channel ends the socket, so that every recovery
//! is the same: close, wait by the schedule, connect, join under a fresh topic, wait for the database, read a snapshot,
//! merge it, report the differences. `Connected` is reported at the end of that chain and nowhere else
//! (`Connection::go_live`).
//!
//! [`Connection`] routes events to the parts that own the state: [`Channel`], [`Heartbeats`], [`Tokens`], [`Retry`],
//! [`Sync`] (a snapshot in progress), [`Lookups`], [`Audit`], [`Flow`], [`Lease`], [`Pulse`], [`Sides`], [`Trials`], [`SyncSchedule`], [`Sources`] and [`Report`]. This file
//! routes events and looks after deadlines; `lifecycle` has the way from start to live and back, `frames` what the socket
//! brings, `reading` what REST brings, `replace` the hand-over to another connection.

mod audit;
mod broadcast;
mod call;
mod change_time;
mod channel;
mod clock;
mod flow;
mod frames;
mod heartbeat;
mod lease;
mod lifecycle;
mod lookups;
mod losses;
mod pulse;
mod reading;
mod replace;
mod report;
mod retry;
mod schedule;
mod side;
mod sources;
mod standing;
mod sync;
#[cfg(test)]
mod testing;
mod tokens;
mod trials;
mod twins;

use std::time::Duration;

use crate::{
    api::{Effect, Event, Now, SessionConfig},
    event::{LinkReport, LinkStatus, SourceState, StatusReport},
    refusal::{self, Class, Terms},
};
use audit::{Audit, AuditPace};
use broadcast::Broadcasts;
use call::{Call, Numbers, Requests};
use channel::Channel;
use clock::Clock;
use flow::Flow;
use heartbeat::{HeartbeatDue, Heartbeats};
use lease::Lease;
use lookups::Lookups;
use model::NoticeKind;
use pulse::Pulse;
use report::{Report, duration_words, millis};
use retry::Retry;
use schedule::SyncSchedule;
use side::Sides;
use sources::{Sources, Tracked};
use sync::{Sync, Why};
use tokens::Tokens;
use trials::Trials;

/// One connection. See the [module](self).
#[derive(Debug)]
pub(crate) struct Connection {
    config: SessionConfig,
    sources: Sources,
    phase: ConnectionPhase,
    /// A socket is open or being opened.
    socket: bool,
    numbers: Numbers,
    channel: Channel,
    /// Further channels beside it.
    sides: Sides,
    /// Sources being tried on channels of their own.
    trials: Trials,
    /// The second source of changes, on one of them.
    broadcasts: Broadcasts,
    heartbeats: Heartbeats,
    tokens: Tokens,
    retry: Retry,
    /// The snapshot in progress.
    sync: Option<Sync>,
    lookups: Lookups,
    schedule: SyncSchedule,
    audit: Audit,
    /// Whether changes flow suspiciously.
    flow: Flow,
    /// What is proven equal, and for how long that is enough.
    lease: Lease,
    /// The table that the database changes at a regular interval.
    pulse: Pulse,
    /// The lease has run out.
    is_unproven: bool,
    report: Report,
    clock: Clock,
    /// What the last `WakeAt` asked for.
    wake: Option<Duration>,
    /// When this connection is replaced by another.
    replace_at: Option<Duration>,
    /// Sources that the next join follows and this one does not.
    gained: Vec<usize>,
    /// Changes of the network were asked for.
    watches_network: bool,
}

/// How far the chain has been proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConnectionPhase {
    /// Not started.
    New,
    /// No attempt is planned.
    Stopped {
        end: StopEnd,
    },
    /// Until the next attempt.
    Waiting,
    /// Until there is a session token.
    SigningIn,
    Connecting,
    /// The join is sent.
    Joining {
        deadline: Duration,
    },
    /// The join is taken; the database has not confirmed the subscription.
    Subscribing {
        joined: Duration,
        deadline: Duration,
    },
    /// The database refused the subscription of all sources together: each is tried on its own.
    Trying,
    /// Confirmed; the first snapshot is being merged.
    Syncing,
    Live,
}

/// What begins another attempt after a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopEnd {
    /// Only the user: a person disconnected, or the server refused something that only a person can correct.
    User,
    /// The user, the end of a suspension of the machine, or a change of its network: the server was not reached, or what
    /// refused may not have been it.
    Environment,
}

impl Connection {
    /// A connection that has not started: give it [`Event::Start`].
    pub(crate) fn new(config: SessionConfig) -> Self {
        let sources = Sources::new(&config.sources);
        let audit_interval = config.audit_interval.filter(|_| config.snapshots);
        let broadcasts = Broadcasts::new(config.broadcast_topic.as_deref(), sources.len());
        let mut connection = Self {
            phase: ConnectionPhase::New,
            socket: false,
            numbers: Numbers::default(),
            channel: Channel::new(config.vsn, &config.topic_prefix),
            sides: Sides::new(config.vsn),
            trials: Trials::new(config.vsn),
            broadcasts,
            heartbeats: Heartbeats::new(config.heartbeat_interval),
            tokens: Tokens::new(config.access_token.clone(), config.sign_in),
            retry: Retry::new(config.backoff),
            sync: None,
            lookups: Lookups::default(),
            schedule: SyncSchedule::new(config.snapshots, config.reconcile_interval),
            audit: Audit::new(
                AuditPace {
                    interval: audit_interval,
                    proof_max_age: config.proof_max_age,
                    sweep_within: config.reconcile_interval,
                },
                sources.len(),
            ),
            flow: Flow::new(config.change_limit),
            lease: Lease::new(audit_interval.map(|_| config.proof_max_age), sources.len()),
            pulse: Pulse::new(config.pulse.clone(), config.snapshots),
            is_unproven: false,
            report: Report::default(),
            clock: Clock::default(),
            wake: None,
            replace_at: None,
            gained: Vec::new(),
            watches_network: false,
            sources,
            config,
        };
        connection.want_broadcast();
        connection
    }

    /// Handles an event, and appends the effects to carry out, in order.
    pub(crate) fn handle(&mut self, event: Event, now: Now, effects: &mut Vec<Effect>) {
        let call = &mut Call { now, effects };
        let is_timer = matches!(event, Event::Timer);
        if let Some(suspended) = self.clock.observe(now, self.wake)
            && self.is_running_or_awaits_environment()
        {
            self.resumed(suspended, call);
            if event.is_of_the_socket() {
                // Of the socket before, which is closed.
                return self.finish(is_timer, call);
            }
        }
        match event {
            Event::Start => self.start(call),
            Event::SocketOpened => self.socket_opened(call),
            Event::ConnectFailed(failure) => self.connect_failed(failure, call),
            Event::Text(text) => self.text(&text, call),
            Event::Binary(bytes) => self.binary(&bytes, call),
            Event::SocketClosed(reason) => self.socket_closed(reason, call),
            Event::Timer => {}
            Event::Page { id, result } => self.page(id, result, call),
            Event::Probed { id, result } => self.probed(id, result, call),
            Event::Token(result) => self.token(result, call),
            Event::Command(command) => self.command(command, call),
            Event::NetworkChanged => self.network_changed(call),
        }
        self.finish(is_timer, call);
    }

    /// Takes a frame that came together with the one before it, if it is a change in the usual wording: true then.
    /// What is due waits for [`Connection::settle`].
    pub(crate) fn take_change(&mut self, text: &str, now: Now, effects: &mut Vec<Effect>) -> bool {
        self.has_channel() && self.usual_change(text, &mut Call { now, effects })
    }

    /// Ends a series of such frames.
    pub(crate) fn settle(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.finish(false, &mut Call { now, effects });
    }

    /// What follows every event: what is due, the status, the details, the next wake.
    fn finish(&mut self, is_timer: bool, call: &mut Call<'_>) {
        self.run_due(call);
        self.report_proof(call);
        self.report_details(call);
        self.watch_network(call);
        self.ask_for_wake(is_timer, call);
    }

    fn run_due(&mut self, call: &mut Call<'_>) {
        if self.phase == ConnectionPhase::Waiting && self.retry.due().is_some_and(|until| call.at() >= until) {
            self.connect(call);
        }
        self.run_deadlines(call);
        match self.tokens.check(self.has_channel(), call.now) {
            Some(tokens::TokenDue::Request) => self.ask_for_token(call),
            Some(tokens::TokenDue::Lost(error)) => self.token(Err(error), call),
            None => {}
        }
        self.run_heartbeats(call);
        self.run_sync(call);
        self.run_lookups(call);
        self.run_schedule(call);
        self.run_audit(call);
        self.run_sides(call);
        self.run_trials(call);
        self.run_pulse(call);
        self.run_broadcast(call);
    }

    fn run_deadlines(&mut self, call: &mut Call<'_>) {
        match self.phase {
            ConnectionPhase::Joining { deadline } if call.at() >= deadline => {
                let text = "the server did not answer the join within 20 s".to_owned();
                self.lost(text, Class::Retry, call);
            }
            ConnectionPhase::Subscribing { joined, deadline } if call.at() >= deadline => {
                let waited = duration_words(call.at().saturating_sub(joined));
                let text = match &self.channel.complaint {
                    Some(complaint) => {
                        format!("the database did not confirm the subscription within {waited} (\"{complaint}\")")
                    }
                    None => format!("the database did not confirm the subscription within {waited}"),
                };
                self.lost(text, Class::Retry, call);
            }
            _ => {}
        }
    }

    fn run_heartbeats(&mut self, call: &mut Call<'_>) {
        match self.heartbeats.check(call.at()) {
            Some(HeartbeatDue::Send) => {
                let reference = self.numbers.reference();
                let is_joining = matches!(self.phase, ConnectionPhase::Joining { .. })
                    || self.sides.is_joining()
                    || self.trials.is_joining();
                self.heartbeats.sent(reference, call.at(), is_joining);
                let frame = self.channel.encode(&crate::Frame::heartbeat(&reference.to_string()));
                call.push(Effect::Send(frame));
            }
            Some(HeartbeatDue::Dead(waited)) => {
                let waited = duration_words(waited);
                self.lost(format!("the server has not answered for {waited}"), Class::Retry, call);
            }
            None => {}
        }
    }

    fn next_due(&self) -> Option<Duration> {
        let phase = match self.phase {
            ConnectionPhase::Joining { deadline } | ConnectionPhase::Subscribing { deadline, .. } => Some(deadline),
            ConnectionPhase::Waiting => self.retry.due(),
            _ => None,
        };
        [
            phase,
            self.is_running_or_awaits_environment().then(|| self.clock.due()),
            self.tokens.due(self.has_channel()),
            self.replacement_due(),
            self.heartbeats.due(),
            self.sync.as_ref().and_then(Sync::due),
            self.lookups.due(self.is_following()),
            self.schedule.due(),
            self.audit.due().filter(|_| self.is_free()),
            self.flow.due().filter(|_| self.is_following()),
            self.lease_due(),
            self.sides.due(self.may_join_sides()),
            self.trials_due(),
            self.pulse.due().filter(|_| self.may_join_sides()),
            self.broadcasts.due(),
            self.report.due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Asks to be woken when the first deadline comes. A timer that has gone off is no longer set.
    fn ask_for_wake(&mut self, timer_has_gone_off: bool, call: &mut Call<'_>) {
        let due = self.next_due();
        if due != self.wake || (timer_has_gone_off && due.is_some()) {
            self.wake = due;
            call.push(Effect::WakeAt(due));
        }
    }

    /// Asks for changes of the network while one of them would begin another attempt.
    fn watch_network(&mut self, call: &mut Call<'_>) {
        let awaits = self.awaits_environment();
        if std::mem::replace(&mut self.watches_network, awaits) != awaits {
            call.push(Effect::WatchNetwork(awaits));
        }
    }

    /// Stopped, and a change of the machine's circumstances begins another attempt.
    fn awaits_environment(&self) -> bool {
        matches!(
            self.phase,
            ConnectionPhase::Stopped {
                end: StopEnd::Environment
            }
        )
    }

    /// A suspension of the machine is of interest.
    fn is_running_or_awaits_environment(&self) -> bool {
        let is_running = !matches!(self.phase, ConnectionPhase::New | ConnectionPhase::Stopped { .. });
        is_running || self.awaits_environment()
    }

    /// There is a channel that frames can belong to.
    fn has_channel(&self) -> bool {
        matches!(
            self.phase,
            ConnectionPhase::Joining { .. }
                | ConnectionPhase::Trying
                | ConnectionPhase::Subscribing { .. }
                | ConnectionPhase::Syncing
                | ConnectionPhase::Live
        )
    }

    /// It has been live on this socket, and changes are applied as they come.
    fn is_following(&self) -> bool {
        self.retry.live_since().is_some()
    }

    /// Live, and no snapshot is being read. Reading single sources concerns no other.
    fn is_free(&self) -> bool {
        let is_reading_all = self.sync.as_ref().is_some_and(|sync| sync.why() != Why::Poll);
        self.phase == ConnectionPhase::Live && !is_reading_all
    }

    /// The chain is whole, and nothing is in doubt.
    fn is_proven(&self) -> bool {
        self.phase == ConnectionPhase::Live && self.schedule.doubt().is_none() && !self.is_unproven
    }

    /// What sentences about refusals depend on.
    fn terms(&self) -> Terms<'_> {
        Terms {
            signed_in: self.config.sign_in,
            remedies: &self.config.remedies,
        }
    }

    /// A text from outside, fit to be shown: one line, bounded, without secrets.
    fn clean(&self, text: &str) -> String {
        refusal::redacted(text, self.tokens.secrets())
    }

    fn notice(&mut self, kind: NoticeKind, text: &str, call: &mut Call<'_>) {
        let notice = self.report.notice(call.at(), kind, text);
        call.report(notice);
    }

    /// Reports the status, if it differs from the one before.
    fn report_status(
        &mut self,
        status: LinkStatus,
        retry_in: Option<Duration>,
        reason: Option<String>,
        call: &mut Call<'_>,
    ) {
        let status = self.report.set_status(StatusReport {
            status,
            attempt: self.retry.attempt(),
            max_attempts: self.retry.backoff().max_attempts,
            retry_in_ms: retry_in.map(millis),
            reason,
            stream_only: !self.config.snapshots,
            sources: self.source_counts(),
            sources_lost: self.sources_lost(),
            sources_left_out: self.sources_left_out(),
            catching_up: status == LinkStatus::Connecting && self.phase == ConnectionPhase::Live,
        });
        if let Some(status) = status {
            call.report(status);
        }
    }

    /// While live: reports `Connected`, unless changes may be missing.
    fn report_proof(&mut self, call: &mut Call<'_>) {
        if self.phase != ConnectionPhase::Live {
            return;
        }
        let ended = self
            .tokens
            .has_ended(call.now.wall_ms)
            .then_some("the session token has expired and could not be renewed yet: changes may be missing");
        let unproven = self.judge_sources(call);
        self.is_unproven = unproven.is_some();
        let doubt = ended.or_else(|| self.schedule.doubt()).map(str::to_owned);
        match doubt.or(unproven) {
            None => self.report_status(LinkStatus::Connected, None, None, call),
            Some(doubt) => self.report_status(LinkStatus::Connecting, None, Some(doubt), call),
        }
    }

    /// Whether a source has to be proven.
    fn is_owed_proof(&self, at: usize) -> bool {
        self.sources.get(at).is_some_and(Tracked::is_owed_proof)
    }

    /// Why the connection is unproven as a whole, if its oldest proof is that of this source.
    fn unproven(&mut self, source: usize, call: &mut Call<'_>) -> Option<String> {
        // The audits go on, and the next one that finds nothing renews the lease.
        self.audit.hurry(call.at());
        let name = self.sources.get(source).map(|tracked| tracked.source.name())?;
        let error = self.audit.error(source).map(|error| error.trim_end_matches('.'));
        Some(match error {
            // The transport's own words name the table.
            Some(error) if error.contains(&name) => {
                format!("unproven: a comparison with the database failed ({error})")
            }
            Some(error) => format!("unproven: {name} could not be compared with the database ({error})"),
            None => format!("unproven: {name} could not be compared with the database"),
        })
    }

    fn lease_due(&self) -> Option<Duration> {
        if self.phase != ConnectionPhase::Live {
            return None;
        }
        let sources = self.lease.due(|at| self.is_owed_proof(at));
        let pulse = self.pulse.unproven_at(self.config.proof_max_age);
        let proofs = sources.into_iter().chain(pulse).min().filter(|_| !self.is_unproven);
        proofs.into_iter().chain(self.poll_due()).min()
    }

    /// Reports the details, if they changed and it is time.
    fn report_details(&mut self, call: &mut Call<'_>) {
        if !self.report.is_due(call.at()) {
            return;
        }
        let status = self.report.status();
        let state = match self.phase {
            ConnectionPhase::Joining { .. } | ConnectionPhase::Trying => SourceState::Joining,
            ConnectionPhase::Subscribing { .. } => SourceState::Joined,
            ConnectionPhase::Syncing => SourceState::Reading,
            ConnectionPhase::Live => SourceState::Followed,
            ConnectionPhase::Stopped { .. } if status.status == LinkStatus::Error => SourceState::Refused,
            ConnectionPhase::New
            | ConnectionPhase::Stopped { .. }
            | ConnectionPhase::Waiting
            | ConnectionPhase::SigningIn
            | ConnectionPhase::Connecting => SourceState::Closed,
        };
        let mut sources = self.sources.reports(state, status.reason.as_deref());
        for (at, source) in sources.iter_mut().enumerate() {
            source.proven_ms = self.shown_proof(at).map(millis);
        }
        let round_trips_ms: Vec<u64> = self.heartbeats.round_trips().map(millis).collect();
        let details = LinkReport {
            heartbeat_rtt_ms: round_trips_ms.last().copied(),
            round_trips_ms,
            sources,
            joins: self.channel.joins(),
            last_drift: self.schedule.last_drift().map(|(at, rows)| (millis(at), rows)),
            last_audit: self.audit.last().map(|(at, equal)| (millis(at), equal)),
            broadcast: self.broadcasts.report(),
            token_expires_ms: self.tokens.expires_ms(),
            pulse: self.pulse.report(),
            ..LinkReport::default()
        };
        if let Some(details) = self.report.details(call.at(), details) {
            call.report(details);
        }
    }
}
