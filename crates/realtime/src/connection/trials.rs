//! Which sources the database takes a subscription to, where it refuses that of all together.
//!
//! The server makes the subscriptions of a channel in one transaction: one table that is not published, or does not exist,
//! disables the others, and its refusal names one table at most. So each source is joined on a channel of its own, which
//! is left as soon as the database has answered. One join is answered before the next one is sent, because the server
//! handles nothing else meanwhile (docs/realtime-protocol.md §4.6).
//!
//! A source whose subscription is refused is left out of the main channel. While live it is tried again, later each time,
//! and soon after the server made the subscriptions anew, because it does so when the publication was changed.

use std::time::Duration;

use serde_json::Value;

use super::{
    Call, Connection, ConnectionPhase, Numbers,
    channel::{Membership, all_changes, reason_of},
    sources::Limit,
};
use crate::{
    Frame, JoinConfig, JoinPayload, Source, Token, Vsn,
    api::Effect,
    event::LinkStatus,
    refusal::{self, Class, Refusal},
};
use model::NoticeKind;

/// From sending a join to its answer, as of the main channel.
const JOIN_DEADLINE: Duration = Duration::from_secs(20);
/// From the join's answer to the database's. A source without one counts as neither taken nor refused.
const CONFIRM_DEADLINE: Duration = Duration::from_secs(20);
/// Delay of the first trial after a refusal; it doubles up to the second with each refusal in a row.
const TRY_AGAIN_AFTER: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(600));
/// Delay of a trial after the server made the subscriptions anew.
const TRY_SOON: Duration = Duration::from_secs(3);
/// Joins of the main channel on one socket, beside those that follow trials. After that the connection is made anew, by the
/// schedule of attempts.
const MAX_REJOINS: u32 = 4;

/// Whether the database takes the subscription of a source.
#[derive(Debug, Clone, Default)]
pub(super) struct Subscription {
    /// Why it is not asked for on the main channel; `None`: it is.
    refusal: Option<String>,
    /// Refusals since it was last followed.
    refusals: u32,
    /// When it is tried next.
    try_at: Duration,
}

impl Subscription {
    /// It is asked for on the main channel.
    pub(super) fn is_wanted(&self) -> bool {
        self.refusal.is_none()
    }

    /// Why it is not.
    pub(super) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// The database refused it.
    fn refuse(&mut self, why: String, at: Duration) {
        self.refusal = Some(why);
        self.postpone(at);
    }

    /// Its next trial comes later than the last one did.
    fn postpone(&mut self, at: Duration) {
        let (first, most) = TRY_AGAIN_AFTER;
        let delay = first * 2_u32.saturating_pow(self.refusals.min(16));
        self.refusals = self.refusals.saturating_add(1);
        self.try_at = at + delay.min(most);
    }

    /// The database takes it: it is asked for again with the next join of the main channel. The number of refusals stays,
    /// so that a table that is published and withdrawn again and again is tried less and less often.
    fn accept(&mut self) {
        self.refusal = None;
    }

    /// The user reconnects, perhaps because the table is published now.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    fn try_soon(&mut self, at: Duration) {
        self.try_at = self.try_at.min(at + TRY_SOON);
    }
}

/// What the trial of a source led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The database confirmed the subscription.
    Taken,
    /// It refused the subscription, with these words.
    Refused(String),
    /// The join was refused, which concerns more than this source.
    JoinRefused(String),
    /// No answer came in time.
    Silent,
}

/// A source being tried.
#[derive(Debug)]
struct Trial {
    source: usize,
    membership: Membership,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Joining { deadline: Duration },
    Confirming { deadline: Duration },
}

/// The sources being tried on this socket.
#[derive(Debug)]
pub(super) struct Trials {
    vsn: Vsn,
    trials: Vec<Trial>,
    /// Every source was tried before the main channel was joined.
    is_done: bool,
    /// Joins of the main channel after a refusal of the database.
    rejoins: u32,
}

impl Trials {
    pub(super) fn new(vsn: Vsn) -> Self {
        Self {
            vsn,
            trials: Vec::new(),
            is_done: false,
            rejoins: 0,
        }
    }

    fn begin(&mut self, sources: impl IntoIterator<Item = usize>) {
        let vsn = self.vsn;
        let trial = |source| Trial {
            source,
            membership: Membership::new(vsn),
            stage: Stage::Waiting,
        };
        self.trials = sources.into_iter().map(trial).collect();
    }

    /// No source is being tried.
    pub(super) fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    /// A join is sent and not answered.
    pub(super) fn is_joining(&self) -> bool {
        self.trials
            .iter()
            .any(|trial| matches!(trial.stage, Stage::Joining { .. }))
    }

    /// When the next answer is overdue, or (`may_join`) the next join is to be sent: at once.
    pub(super) fn due(&self, may_join: bool) -> Option<Duration> {
        let is_joining = self.is_joining();
        let due = |trial: &Trial| match trial.stage {
            Stage::Waiting => (may_join && !is_joining).then_some(Duration::ZERO),
            Stage::Joining { deadline } | Stage::Confirming { deadline } => Some(deadline),
        };
        self.trials.iter().filter_map(due).min()
    }

    /// The socket is closed. Returns the source whose join may have ended it.
    fn close(&mut self) -> Option<usize> {
        let joining = self
            .trials
            .iter()
            .find(|trial| matches!(trial.stage, Stage::Joining { .. }));
        let joining = joining.map(|trial| trial.source);
        *self = Self::new(self.vsn);
        joining
    }

    /// Sends the next join; or gives up a trial whose answer is overdue.
    fn run<'s>(
        &mut self,
        may_join: bool,
        prefix: &str,
        source: impl Fn(usize) -> Option<&'s Source>,
        token: Option<&Token>,
        numbers: &mut Numbers,
        call: &mut Call<'_>,
    ) -> Option<(usize, Verdict)> {
        let at = call.at();
        let is_overdue = |trial: &Trial| match trial.stage {
            Stage::Waiting => false,
            Stage::Joining { deadline } | Stage::Confirming { deadline } => at >= deadline,
        };
        if let Some(overdue) = self.trials.iter().position(is_overdue) {
            return Some(self.end(overdue, Verdict::Silent, numbers, call));
        }
        if !may_join || self.is_joining() {
            return None;
        }
        let is_waiting = |trial: &&mut Trial| trial.stage == Stage::Waiting;
        let trial = self.trials.iter_mut().find(is_waiting)?;
        let entries = source(trial.source).map(|source| {
            let names = source.subscribed_names();
            names.map(|name| all_changes(&source.schema, name)).collect()
        });
        let payload = JoinPayload {
            config: JoinConfig {
                postgres_changes: entries.unwrap_or_default(),
                ..JoinConfig::default()
            },
            access_token: token.cloned(),
        };
        let reference = numbers.reference();
        let topic = format!("{prefix}{reference}-trial");
        let join = trial.membership.join(reference, topic, &payload, at);
        trial.stage = Stage::Joining {
            deadline: at + JOIN_DEADLINE,
        };
        call.push(Effect::Send(join));
        None
    }

    /// Takes a frame of one of the channels. `None`: it is of none of them. A source is given with what its trial led to.
    fn frame(
        &mut self,
        frame: &Frame<'_>,
        numbers: &mut Numbers,
        call: &mut Call<'_>,
    ) -> Option<Option<(usize, Verdict)>> {
        let is_its = |trial: &Trial| trial.stage != Stage::Waiting && trial.membership.owns(frame);
        let at = self.trials.iter().position(is_its)?;
        let trial = self.trials.get_mut(at)?;
        let payload: Value = serde_json::from_str(frame.payload.get()).unwrap_or_default();
        let text = |key| payload.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_ok = text("status") == "ok";
        let verdict = match &*frame.event {
            "phx_reply" if trial.membership.is_join_reply(frame) && matches!(trial.stage, Stage::Joining { .. }) => {
                if is_ok {
                    trial.stage = Stage::Confirming {
                        deadline: call.at() + CONFIRM_DEADLINE,
                    };
                    None
                } else {
                    let reason = payload.get("response").map(reason_of);
                    Some(Verdict::JoinRefused(reason.unwrap_or_default()))
                }
            }
            "system" if text("extension") == "postgres_changes" => {
                if is_ok {
                    Some(Verdict::Taken)
                } else {
                    let is_final = refusal::is_of_subscription(text("message"));
                    is_final.then(|| Verdict::Refused(text("message").to_owned()))
                }
            }
            "phx_close" | "phx_error" if trial.membership.is_ended_by(frame, call.at()) => Some(Verdict::Silent),
            _ => None,
        };
        Some(verdict.map(|verdict| self.end(at, verdict, numbers, call)))
    }

    /// Ends a trial, and leaves its channel.
    fn end(&mut self, at: usize, verdict: Verdict, numbers: &mut Numbers, call: &mut Call<'_>) -> (usize, Verdict) {
        let trial = self.trials.remove(at);
        if !matches!(verdict, Verdict::JoinRefused(_)) {
            call.push(Effect::Send(trial.membership.leave(numbers.reference())));
        }
        (trial.source, verdict)
    }
}

impl Connection {
    /// Joins the main channel with the sources whose subscription is not known to be refused.
    pub(super) fn join(&mut self, call: &mut Call<'_>) {
        let reference = self.numbers.reference();
        self.sources.begin_join();
        self.gained.clear();
        let names = self.sources.entry_names();
        let join = self.channel.join(reference, names, self.tokens.to_send(), call.at());
        self.phase = ConnectionPhase::Joining {
            deadline: call.at() + super::lifecycle::JOIN_DEADLINE,
        };
        call.push(Effect::Send(join));
    }

    /// The database refused the subscription of the main channel, and the server does not try again by itself.
    pub(super) fn subscription_refused(&mut self, message: &str, refusal: Refusal, call: &mut Call<'_>) {
        let was_following = match self.phase {
            ConnectionPhase::Subscribing { .. } => false,
            ConnectionPhase::Syncing | ConnectionPhase::Live => true,
            _ => return,
        };
        let named = self.sources.refused_by(message);
        if named.is_empty() && self.trials.is_done {
            return self.lost(refusal.sentence, refusal.class, call);
        }
        for at in &named {
            self.unfollow(*at, message, call);
        }
        let is_any_wanted = self.sources.iter().any(|tracked| tracked.subscription.is_wanted());
        if !is_any_wanted && !self.config.snapshots {
            return self.lost(refusal.sentence, refusal.class, call);
        }
        self.trials.rejoins += 1;
        if self.trials.rejoins > MAX_REJOINS {
            return self.lost(refusal.sentence, Class::Retry, call);
        }
        if was_following {
            self.pause_following(call);
            let reason = format!("{}; the other tables are joined again", refusal.sentence);
            self.report_status(LinkStatus::Connecting, None, Some(reason), call);
        }
        self.leave_main(call);
        // One table is often the only one. Where it is not, the rest is found at once instead of one by one.
        if is_any_wanted && !self.trials.is_done && (named.is_empty() || self.trials.rejoins > 1) {
            self.trials.is_done = true;
            self.trials.begin(self.sources.wanted());
            self.phase = ConnectionPhase::Trying;
            return;
        }
        self.join(call);
    }

    /// Leaves the main channel, and keeps the socket.
    fn leave_main(&mut self, call: &mut Call<'_>) {
        self.sync = None;
        self.leave(call);
        self.channel.leave();
    }

    /// The database does not take the subscription of a source: it is polled, or left out where nothing is read.
    fn unfollow(&mut self, at: usize, message: &str, call: &mut Call<'_>) {
        let message = self.clean(message);
        let Some((tracked, _)) = self.sources.get_mut(at) else {
            return;
        };
        let why = refusal::why_not_followed(&message, &tracked.source);
        tracked.subscription.refuse(why.clone(), call.at());
        self.report.note_change();
        if self.config.snapshots {
            tracked.set_limit(Limit::Unsubscribed, &why);
        } else {
            self.leave_out(at, &why, call);
        }
    }

    /// A frame of a channel on which a source is tried; false when it is none.
    pub(super) fn trial_frame(&mut self, frame: &Frame<'_>, call: &mut Call<'_>) -> bool {
        let Some(news) = self.trials.frame(frame, &mut self.numbers, call) else {
            return false;
        };
        if let Some((at, verdict)) = news {
            self.tried(at, verdict, call);
        }
        true
    }

    /// Tries sources: all before the main channel is joined; while live one that was refused, when it is its turn.
    pub(super) fn run_trials(&mut self, call: &mut Call<'_>) {
        if self.may_try() && self.trials.is_empty() {
            let due = self.sources.iter().enumerate().filter_map(|(at, tracked)| {
                let subscription = &tracked.subscription;
                let is_due = !subscription.is_wanted() && call.at() >= subscription.try_at;
                is_due.then_some((subscription.try_at, at))
            });
            self.trials.begin(due.min().map(|(_, at)| at));
        }
        let may_join = self.phase == ConnectionPhase::Trying || self.may_try();
        let sources = &self.sources;
        let verdict = self.trials.run(
            may_join,
            self.channel.prefix(),
            |at| Some(&sources.get(at)?.source),
            self.tokens.to_send(),
            &mut self.numbers,
            call,
        );
        if let Some((at, verdict)) = verdict {
            self.tried(at, verdict, call);
        }
        if self.phase != ConnectionPhase::Trying || !self.trials.is_empty() {
            return;
        }
        match self.none_followed() {
            Some(reason) => self.lost(reason, Class::Fatal, call),
            None => self.join(call),
        }
    }

    /// Why the stream alone brings nothing, if nothing is read and every subscription is refused.
    fn none_followed(&self) -> Option<String> {
        if self.config.snapshots || !self.sources.wanted().is_empty() {
            return None;
        }
        let tracked = self.sources.iter().next()?;
        let why = tracked.subscription.refusal()?;
        Some(format!("{} cannot be followed, because {why}", tracked.source.name()))
    }

    /// When the next trial is to be begun or given up.
    pub(super) fn trials_due(&self) -> Option<Duration> {
        let may_join = self.phase == ConnectionPhase::Trying || self.may_try();
        let refused = self
            .sources
            .iter()
            .map(|tracked| &tracked.subscription)
            .filter(|subscription| self.may_try() && self.trials.is_empty() && !subscription.is_wanted());
        let next = refused.map(|subscription| subscription.try_at).min();
        self.trials.due(may_join).into_iter().chain(next).min()
    }

    /// While live, and no other channel is being joined.
    fn may_try(&self) -> bool {
        self.phase == ConnectionPhase::Live && !self.sides.is_joining()
    }

    /// The database answered for one source.
    fn tried(&mut self, at: usize, verdict: Verdict, call: &mut Call<'_>) {
        let is_live = self.phase == ConnectionPhase::Live;
        match verdict {
            Verdict::Refused(message) => self.unfollow(at, &message, call),
            Verdict::JoinRefused(reason) if !is_live => {
                let refusal = refusal::of_join(&self.clean(&reason), self.terms());
                self.lost(refusal.sentence, refusal.class, call);
            }
            Verdict::Taken if is_live => self.follow_from_now_on(at, call),
            // Before the main channel is joined a source is taken to be good until it is refused.
            Verdict::Taken | Verdict::Silent if !is_live => {}
            Verdict::Taken | Verdict::Silent | Verdict::JoinRefused(_) => {
                if let Some((tracked, _)) = self.sources.get_mut(at) {
                    tracked.subscription.postpone(call.at());
                }
            }
        }
    }

    /// The database takes a subscription that it refused before: the main channel is joined anew with it. Where that can be
    /// done on a second connection, the other sources have no gap.
    fn follow_from_now_on(&mut self, at: usize, call: &mut Call<'_>) {
        let Some((tracked, _)) = self.sources.get_mut(at) else {
            return;
        };
        tracked.subscription.accept();
        let name = tracked.source.name();
        self.gained.push(at);
        if self.replace_soon(call.at()) {
            return;
        }
        self.pause_following(call);
        let reason = format!("{name} can be followed now; the tables are joined again");
        self.notice(NoticeKind::TableFound, &format!("{reason}."), call);
        self.report_status(LinkStatus::Connecting, None, Some(reason), call);
        self.leave_main(call);
        self.join(call);
    }

    /// The server made the subscriptions anew, as it does when the publication was changed.
    pub(super) fn try_soon(&mut self, call: &Call<'_>) {
        for tracked in self.sources.iter_mut() {
            tracked.subscription.try_soon(call.at());
        }
    }

    /// The socket is closed.
    pub(super) fn close_trials(&mut self, at: Duration) {
        if let Some((tracked, _)) = self.trials.close().and_then(|source| self.sources.get_mut(source)) {
            tracked.subscription.postpone(at);
        }
    }
}
