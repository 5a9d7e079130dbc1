//! Side channels: further channels on the same socket, beside the main one of all sources.
//!
//! A side channel is an addition. Its refusal or end concerns it alone: neither the socket nor the main channel ends
//! with it. It is joined only while the main channel is live, and one at a time, because a join that fails blocks the
//! whole socket for seconds (docs/realtime-protocol.md §4.6). One that was refused is left alone on this
//! socket and for ten minutes, unless the user reconnects.
//!
//! What is received on it belongs to its user (see [`SideId`]). The user asks for the channel by [`Sides::want`], hears
//! of its state from [`Sides::handle`] and [`Sides::run`], and reads the frames of its topic itself.

use std::time::Duration;

use serde_json::Value;

use super::{Call, Connection, ConnectionPhase, Numbers, channel::Membership, channel::reason_of};
use crate::{
    Frame, JoinConfig, JoinPayload, Token, Vsn,
    api::Effect,
    refusal::{self, Terms},
};

/// From sending a join to its answer, as of the main channel.
const JOIN_DEADLINE: Duration = Duration::from_secs(20);
/// From the join's answer to the database's confirmation, also while the server reports that it goes on trying.
const CONFIRM_DEADLINE: Duration = Duration::from_secs(60);
/// Delay before a channel that the server ended is joined again; it doubles up to the second.
const REJOIN_AFTER: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(600));
/// A socket that ends this soon after a join was sent or refused may have been ended by it: the server closes a socket
/// that exceeds the limit of joins.
const BLAMED_WITHIN: Duration = Duration::from_secs(10);
/// A channel that was refused is not joined on the sockets of this time either: a server takes 5 s to refuse one, in which
/// the whole socket waits (docs/realtime-protocol.md §4.6).
const REFUSED_PAUSE: Duration = Duration::from_secs(600);
/// Then the channel is not joined for this long; it doubles up to the second.
const BLAME_PAUSE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3_600));

/// Which side channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SideId {
    /// The changes of the pulse table.
    Pulse,
    /// Broadcasts from the database.
    Broadcast,
}

impl SideId {
    /// All of them.
    const ALL: [Self; 2] = [Self::Pulse, Self::Broadcast];
}

/// How far a side channel has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SideState {
    /// Not joined; from this moment on it may be.
    Out { from: Duration },
    /// The join is sent.
    Joining { deadline: Duration },
    /// The join is answered; the database has not confirmed the subscription.
    Confirming { deadline: Duration },
    /// Messages flow.
    Joined,
    /// It was refused on this socket.
    Refused,
}

/// What a frame, or the passing of time, means for the user of a side channel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SideNews {
    /// Nothing, or nothing but progress.
    Nothing,
    /// Messages flow from now on. When it was confirmed before, the subscription was made anew on the server, and
    /// messages may have been lost in between.
    Joined,
    /// No messages flow any more, or none ever did on this socket.
    Lost {
        /// What the server said, or what was waited for; not yet fit to be shown.
        reason: String,
        /// It is not joined again on this socket.
        is_refused: bool,
    },
    /// The frame is a message of the channel.
    Message,
}

/// A side channel that is asked for.
#[derive(Debug)]
struct Side {
    wanted: Option<Wanted>,
    state: SideState,
    membership: Membership,
    /// When a join was last sent or refused on this socket.
    attempted: Option<Duration>,
    /// Ends in a row without a minute of messages.
    ends: u32,
    /// Since when messages flow.
    joined_at: Duration,
    /// Sockets in a row that ended soon after a join.
    blamed: u32,
    /// The last join was refused, on a socket before this one.
    is_refused: bool,
}

/// The topic and configuration of the next join.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    topic: String,
    config: JoinConfig,
}

impl Side {
    fn new(vsn: Vsn) -> Self {
        Self {
            wanted: None,
            state: SideState::Out { from: Duration::ZERO },
            membership: Membership::new(vsn),
            attempted: None,
            ends: 0,
            joined_at: Duration::ZERO,
            blamed: 0,
            is_refused: false,
        }
    }

    /// The server has a channel of this topic, or is making one.
    fn is_on_the_server(&self) -> bool {
        matches!(
            self.state,
            SideState::Joining { .. } | SideState::Confirming { .. } | SideState::Joined
        )
    }

    /// The database has to confirm its subscription.
    fn has_tables(&self) -> bool {
        (self.wanted.as_ref()).is_some_and(|wanted| !wanted.config.postgres_changes.is_empty())
    }

    fn due(&self, may_join: bool) -> Option<Duration> {
        match self.state {
            SideState::Out { from } => (may_join && self.wanted.is_some()).then_some(from),
            SideState::Joining { deadline } | SideState::Confirming { deadline } => Some(deadline),
            SideState::Joined | SideState::Refused => None,
        }
    }

    fn joined(&mut self, at: Duration) -> SideNews {
        self.state = SideState::Joined;
        self.joined_at = at;
        self.blamed = 0;
        self.is_refused = false;
        SideNews::Joined
    }

    /// It is not joined again on this socket.
    fn refused(&mut self, reason: String, at: Duration) -> SideNews {
        self.attempted = Some(at);
        self.state = SideState::Refused;
        SideNews::Lost {
            reason,
            is_refused: true,
        }
    }

    /// The server ended it: it is joined again, later each time.
    fn ended(&mut self, reason: String, at: Duration) -> SideNews {
        let (first, most) = REJOIN_AFTER;
        if self.state == SideState::Joined && at.saturating_sub(self.joined_at) >= most {
            self.ends = 0;
        }
        self.state = SideState::Out {
            from: at + doubled(first, most, self.ends),
        };
        self.ends = self.ends.saturating_add(1);
        self.membership.close();
        SideNews::Lost {
            reason,
            is_refused: false,
        }
    }

    /// The socket is closed.
    fn close(&mut self, at: Duration) {
        let is_blamed = (self.attempted.take()).is_some_and(|attempted| at.saturating_sub(attempted) < BLAMED_WITHIN)
            && self.state != SideState::Joined;
        let from = if is_blamed {
            let (first, most) = BLAME_PAUSE;
            self.blamed = self.blamed.saturating_add(1);
            at + doubled(first, most, self.blamed - 1)
        } else {
            match self.state {
                // A pause that began earlier goes on.
                SideState::Out { from } if self.blamed > 0 || self.is_refused => from,
                SideState::Refused => at + REFUSED_PAUSE,
                _ => Duration::ZERO,
            }
        };
        self.is_refused |= self.state == SideState::Refused;
        self.state = SideState::Out { from };
        self.membership.close();
        self.ends = 0;
    }

    fn frame(&mut self, frame: &Frame<'_>, terms: Terms<'_>, call: &Call<'_>) -> SideNews {
        let at = call.at();
        match &*frame.event {
            "phx_reply" => self.reply(frame, at),
            "system" => self.system(frame, terms, at),
            "phx_close" | "phx_error" if self.membership.is_ended_by(frame, at) => {
                self.ended(format!("the server ended the channel ({})", frame.event), at)
            }
            _ if self.is_on_the_server() && !frame.event.starts_with("phx_") => SideNews::Message,
            _ => SideNews::Nothing,
        }
    }

    fn reply(&mut self, frame: &Frame<'_>, at: Duration) -> SideNews {
        let payload: Value = serde_json::from_str(frame.payload.get()).unwrap_or_default();
        let is_ok = payload.get("status").and_then(Value::as_str) == Some("ok");
        let response = payload.get("response");
        let is_joining = matches!(self.state, SideState::Joining { .. });
        if !is_joining || !self.membership.is_join_reply(frame) {
            let reason = response.and_then(|response| response.get("reason")?.as_str());
            return match reason {
                Some("unmatched topic") if !is_ok && self.is_on_the_server() => {
                    self.ended("the server no longer knows the channel".to_owned(), at)
                }
                _ => SideNews::Nothing,
            };
        }
        if !is_ok {
            return self.refused(response.map(reason_of).unwrap_or_default(), at);
        }
        if self.has_tables() {
            self.state = SideState::Confirming {
                deadline: at + CONFIRM_DEADLINE,
            };
            return SideNews::Nothing;
        }
        self.joined(at)
    }

    fn system(&mut self, frame: &Frame<'_>, terms: Terms<'_>, at: Duration) -> SideNews {
        let payload: Value = serde_json::from_str(frame.payload.get()).unwrap_or_default();
        let text = |key| payload.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_of_database = text("extension") == "postgres_changes";
        match text("status") {
            "ok" if is_of_database && self.is_on_the_server() => self.joined(at),
            "error" => match refusal::of_system(is_of_database, text("message"), &[], terms) {
                Some(_) => self.refused(text("message").to_owned(), at),
                // The server goes on trying.
                None if self.state == SideState::Joined => {
                    self.state = SideState::Confirming {
                        deadline: at + CONFIRM_DEADLINE,
                    };
                    SideNews::Lost {
                        reason: text("message").to_owned(),
                        is_refused: false,
                    }
                }
                None => SideNews::Nothing,
            },
            _ => SideNews::Nothing,
        }
    }
}

/// A delay that doubles with each repetition, up to a limit.
fn doubled(first: Duration, most: Duration, repetitions: u32) -> Duration {
    (first * 2_u32.saturating_pow(repetitions.min(16))).min(most)
}

/// All side channels of a connection.
#[derive(Debug)]
pub(super) struct Sides {
    sides: [Side; SideId::ALL.len()],
}

#[allow(dead_code, reason = "the users of side channels follow")]
impl Sides {
    /// None is wanted.
    pub(super) fn new(vsn: Vsn) -> Self {
        Self {
            sides: SideId::ALL.map(|_| Side::new(vsn)),
        }
    }

    fn get(&self, id: SideId) -> &Side {
        let [pulse, broadcast] = &self.sides;
        match id {
            SideId::Pulse => pulse,
            SideId::Broadcast => broadcast,
        }
    }

    fn get_mut(&mut self, id: SideId) -> &mut Side {
        let [pulse, broadcast] = &mut self.sides;
        match id {
            SideId::Pulse => pulse,
            SideId::Broadcast => broadcast,
        }
    }

    /// How far a channel has come.
    pub(super) fn state(&self, id: SideId) -> SideState {
        self.get(id).state
    }

    /// Asks for a channel: it is joined on this socket and on later ones. `topic`: in full, with `realtime:`. Called
    /// again it sets what the next join asks for; a channel that is joined already stays as it is.
    pub(super) fn want(&mut self, id: SideId, topic: String, config: JoinConfig) {
        self.get_mut(id).wanted = Some(Wanted { topic, config });
    }

    /// Asks for a channel no longer, and leaves it.
    pub(super) fn unwant(&mut self, id: SideId, numbers: &mut Numbers, call: &mut Call<'_>) {
        let side = self.get_mut(id);
        side.wanted = None;
        leave(side, numbers, call);
        side.state = SideState::Out { from: call.at() };
    }

    /// Leaves a channel, and joins it anew when it is its turn.
    pub(super) fn rejoin(&mut self, id: SideId, numbers: &mut Numbers, call: &mut Call<'_>) {
        let side = self.get_mut(id);
        if side.is_on_the_server() {
            leave(side, numbers, call);
            side.state = SideState::Out { from: call.at() };
        }
    }

    /// A join is sent and not answered, during which the server answers nothing else.
    pub(super) fn is_joining(&self) -> bool {
        self.sides
            .iter()
            .any(|side| matches!(side.state, SideState::Joining { .. }))
    }

    /// When there is something to do next. `may_join`: the main channel is live.
    pub(super) fn due(&self, may_join: bool) -> Option<Duration> {
        let may_join = may_join && !self.is_joining();
        self.sides.iter().filter_map(|side| side.due(may_join)).min()
    }

    /// Joins the next channel that is wanted, and gives up what was not answered in time: the news of one channel, if
    /// there is any.
    pub(super) fn run(
        &mut self,
        may_join: bool,
        token: Option<&Token>,
        numbers: &mut Numbers,
        call: &mut Call<'_>,
    ) -> Option<(SideId, SideNews)> {
        if self.due(may_join).is_none_or(|due| call.at() < due) {
            return None;
        }
        for id in SideId::ALL {
            let side = self.get_mut(id);
            let what = match side.state {
                SideState::Joining { deadline } if call.at() >= deadline => "answer the join",
                SideState::Confirming { deadline } if call.at() >= deadline => "confirm the subscription",
                _ => continue,
            };
            leave(side, numbers, call);
            return Some((
                id,
                side.refused(format!("the server did not {what} in time"), call.at()),
            ));
        }
        let is_due = |side: &Side| matches!(side.state, SideState::Out { from } if call.at() >= from);
        if may_join
            && !self.is_joining()
            && let Some(side) = self.sides.iter_mut().find(|side| side.wanted.is_some() && is_due(side))
            && let Some(wanted) = side.wanted.clone()
        {
            let payload = JoinPayload {
                config: wanted.config,
                access_token: token.cloned(),
            };
            let join = (side.membership).join(numbers.reference(), wanted.topic, &payload, call.at());
            side.attempted = Some(call.at());
            side.state = SideState::Joining {
                deadline: call.at() + JOIN_DEADLINE,
            };
            call.push(Effect::Send(join));
        }
        None
    }

    /// The channel that a frame belongs to.
    pub(super) fn owner(&self, frame: &Frame<'_>) -> Option<SideId> {
        SideId::ALL.into_iter().find(|id| {
            let side = self.get(*id);
            side.is_on_the_server() && side.membership.owns(frame)
        })
    }

    /// Handles a frame of a channel.
    pub(super) fn handle(
        &mut self,
        id: SideId,
        frame: &Frame<'_>,
        terms: Terms<'_>,
        numbers: &mut Numbers,
        call: &mut Call<'_>,
    ) -> SideNews {
        let side = self.get_mut(id);
        let news = side.frame(frame, terms, call);
        if frame.event == "system" && side.state == SideState::Refused {
            // The server still has the channel.
            call.push(Effect::Send(side.membership.leave(numbers.reference())));
        }
        news
    }

    /// Sends a fresh token to every channel.
    pub(super) fn push_token(&self, token: &Token, numbers: &mut Numbers, call: &mut Call<'_>) {
        for side in self.sides.iter().filter(|side| side.is_on_the_server()) {
            let push = side.membership.push_token(numbers.reference(), token);
            call.push(Effect::Send(push));
        }
    }

    /// The user reconnects, perhaps because the server permits now what it refused.
    pub(super) fn forget_refusals(&mut self) {
        for side in &mut self.sides {
            if std::mem::take(&mut side.is_refused) && side.blamed == 0 {
                side.state = SideState::Out { from: Duration::ZERO };
            }
        }
    }

    /// The socket is closed: what is wanted is joined again on the next one, unless it was refused a moment ago.
    pub(super) fn close(&mut self, at: Duration) {
        for side in &mut self.sides {
            side.close(at);
        }
    }
}

fn leave(side: &mut Side, numbers: &mut Numbers, call: &mut Call<'_>) {
    if side.is_on_the_server() {
        call.push(Effect::Send(side.membership.leave(numbers.reference())));
        side.membership.close();
    }
}

impl Connection {
    /// A frame that is not of the main channel.
    pub(super) fn side_frame(&mut self, frame: &Frame<'_>, call: &mut Call<'_>) {
        if self.trial_frame(frame, call) {
            return;
        }
        let Some(id) = self.sides.owner(frame) else { return };
        let terms = Terms {
            signed_in: self.config.sign_in,
            remedies: &self.config.remedies,
        };
        let news = self.sides.handle(id, frame, terms, &mut self.numbers, call);
        self.side_news(id, news, Some(frame), call);
    }

    /// Joins what is wanted, while the main channel is live.
    pub(super) fn run_sides(&mut self, call: &mut Call<'_>) {
        let may_join = self.may_join_sides();
        let token = self.tokens.to_send();
        if let Some((id, news)) = self.sides.run(may_join, token, &mut self.numbers, call) {
            self.side_news(id, news, None, call);
        }
    }

    pub(super) fn may_join_sides(&self) -> bool {
        self.phase == ConnectionPhase::Live && !self.trials.is_joining()
    }

    /// Hands the news of a channel to its user. `frame`: what brought it.
    fn side_news(&mut self, id: SideId, news: SideNews, frame: Option<&Frame<'_>>, call: &mut Call<'_>) {
        match id {
            SideId::Pulse => self.pulse_news(news, frame, call),
            SideId::Broadcast => self.broadcast_news(news, frame, call),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Direction, Remedies, api::Now, connection::channel::all_changes, decode_text};

    /// Side channels of a connection that is live, and what they sent.
    struct Socket {
        sides: Sides,
        numbers: Numbers,
        at: Duration,
        sent: Vec<String>,
    }

    impl Socket {
        /// Both channels are wanted: one with a table, one without.
        fn new() -> Self {
            let mut sides = Sides::new(Vsn::V2);
            let with_table = JoinConfig {
                postgres_changes: vec![all_changes("public", "pulse")],
                ..JoinConfig::default()
            };
            sides.want(SideId::Pulse, "realtime:p".into(), with_table);
            sides.want(SideId::Broadcast, "realtime:b".into(), JoinConfig::default());
            Self {
                sides,
                numbers: Numbers::default(),
                at: Duration::from_secs(100),
                sent: Vec::new(),
            }
        }

        fn call<T>(&mut self, step: impl FnOnce(&mut Sides, &mut Numbers, &mut Call<'_>) -> T) -> T {
            let mut effects = Vec::new();
            let now = Now {
                at: self.at,
                wall_ms: 0,
                random: 0.5,
            };
            let mut call = Call {
                now,
                effects: &mut effects,
            };
            let result = step(&mut self.sides, &mut self.numbers, &mut call);
            self.sent.extend(effects.into_iter().filter_map(|effect| match effect {
                Effect::Send(text) => Some(text),
                _ => None,
            }));
            result
        }

        fn run(&mut self) -> Option<(SideId, SideNews)> {
            self.call(|sides, numbers, call| sides.run(true, None, numbers, call))
        }

        /// The event, the topic and the reference of the last frame sent.
        fn last(&self) -> (String, String, String) {
            let frame = decode_text(Vsn::V2, self.sent.last().expect("a frame")).expect("a frame");
            let reference = frame.reference.clone().unwrap_or_default();
            (frame.event.to_string(), frame.topic.to_string(), reference.into_owned())
        }

        fn frame(&mut self, frame: &Frame<'_>) -> Option<(SideId, SideNews)> {
            let text = crate::encode_text(Vsn::V2, Direction::ToClient, frame);
            let frame = decode_text(Vsn::V2, &text).expect("a frame");
            let id = self.sides.owner(&frame)?;
            let remedies = Remedies::default();
            let terms = Terms {
                signed_in: false,
                remedies: &remedies,
            };
            Some((
                id,
                self.call(|sides, numbers, call| sides.handle(id, &frame, terms, numbers, call)),
            ))
        }

        fn reply(&mut self, ok: bool, response: &Value) -> Option<(SideId, SideNews)> {
            let (_, topic, reference) = self.last();
            self.frame(&Frame::reply(Some(&reference), Some(&reference), &topic, ok, response))
        }

        /// Joins the channel with the table.
        fn join_pulse(&mut self) {
            assert_eq!(self.run(), None);
            assert_eq!(self.reply(true, &json!({})), Some((SideId::Pulse, SideNews::Nothing)));
            let system = Frame::system(None, "realtime:p", "postgres_changes", true, "Subscribed to PostgreSQL");
            assert_eq!(self.frame(&system), Some((SideId::Pulse, SideNews::Joined)));
        }
    }

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn channels_are_joined_one_at_a_time_and_each_when_it_is_confirmed() {
        let mut socket = Socket::new();
        socket.call(|sides, numbers, call| sides.run(false, None, numbers, call));
        assert!(socket.sent.is_empty(), "not before the main channel is live");
        assert_eq!(socket.run(), None);
        assert_eq!((socket.sent.len(), socket.last().1), (1, "realtime:p".into()));
        assert_eq!(socket.run(), None);
        assert_eq!(socket.sent.len(), 1, "a join is pending");
        assert_eq!(socket.reply(true, &json!({})), Some((SideId::Pulse, SideNews::Nothing)));
        let system = Frame::system(None, "realtime:p", "postgres_changes", true, "Subscribed to PostgreSQL");
        assert_eq!(socket.frame(&system), Some((SideId::Pulse, SideNews::Joined)));
        assert_eq!(socket.run(), None);
        assert_eq!(socket.last().1, "realtime:b");
        assert_eq!(
            socket.reply(true, &json!({})),
            Some((SideId::Broadcast, SideNews::Joined))
        );
        assert_eq!(socket.run(), None);
        assert_eq!((socket.sent.len(), socket.sides.due(true)), (2, None));
        let change = Frame::postgres_changes("realtime:p", &[1], &json!({}));
        assert_eq!(socket.frame(&change), Some((SideId::Pulse, SideNews::Message)));
        let other = Frame::postgres_changes("realtime:other", &[1], &json!({}));
        assert_eq!(socket.frame(&other), None);
    }

    #[test]
    fn a_refused_channel_is_not_joined_again_on_this_socket() {
        let mut socket = Socket::new();
        assert_eq!(socket.run(), None);
        let news = socket.reply(false, &json!({"reason": "Unauthorized: no"}));
        let lost = SideNews::Lost {
            reason: "Unauthorized: no".into(),
            is_refused: true,
        };
        assert_eq!(news, Some((SideId::Pulse, lost)));
        socket.at += second(3_600);
        assert_eq!(socket.run(), None);
        assert_eq!(socket.last().1, "realtime:b", "the other one is joined");
        assert_eq!(
            socket.reply(true, &json!({})),
            Some((SideId::Broadcast, SideNews::Joined))
        );
        assert_eq!(socket.sides.due(true), None);
        // Nor on the sockets of the next ten minutes: each refusal makes a socket wait.
        let refused = socket.at;
        socket.call(|sides, _, call| sides.close(call.at()));
        assert_eq!(socket.run(), None);
        assert_eq!(socket.last().1, "realtime:b");
        socket.reply(true, &json!({}));
        socket.at += second(60);
        socket.call(|sides, _, call| sides.close(call.at()));
        assert_eq!(socket.run(), None);
        socket.reply(true, &json!({}));
        assert_eq!(socket.sides.due(true), Some(refused + second(600)));
        socket.at = refused + second(600);
        assert_eq!(socket.run(), None);
        assert_eq!(socket.last().1, "realtime:p");
    }

    #[test]
    fn what_was_refused_is_joined_at_once_after_the_user_reconnects() {
        let mut socket = Socket::new();
        socket.run();
        socket.reply(false, &json!({"reason": "Unauthorized: no"}));
        socket.at += second(20);
        socket.call(|sides, _, call| sides.close(call.at()));
        socket.sides.forget_refusals();
        assert_eq!(socket.run(), None);
        assert_eq!(socket.last().1, "realtime:p");
    }

    #[test]
    fn a_table_that_is_not_published_is_a_refusal_and_the_channel_is_left() {
        let mut socket = Socket::new();
        assert_eq!(socket.run(), None);
        socket.reply(true, &json!({}));
        let message = "Unable to subscribe to changes with given parameters. Please check Realtime is enabled";
        let system = Frame::system(None, "realtime:p", "postgres_changes", false, message);
        let news = socket.frame(&system);
        assert!(matches!(
            news,
            Some((SideId::Pulse, SideNews::Lost { is_refused: true, .. }))
        ));
        assert_eq!(socket.last().0, "phx_leave");
        assert_eq!(socket.sides.state(SideId::Pulse), SideState::Refused);
    }

    #[test]
    fn a_join_without_an_answer_is_given_up_and_left() {
        let mut socket = Socket::new();
        assert_eq!(socket.run(), None);
        assert_eq!(socket.sides.due(true), Some(second(120)));
        socket.at = second(120);
        assert!(matches!(
            socket.run(),
            Some((SideId::Pulse, SideNews::Lost { is_refused: true, .. }))
        ));
        assert_eq!(socket.last().0, "phx_leave");
    }

    #[test]
    fn a_channel_that_the_server_ends_is_joined_again_later_each_time() {
        let mut socket = Socket::new();
        let mut waits = Vec::new();
        for _ in 0..7 {
            socket.sides.unwant_all_but_pulse();
            socket.join_pulse();
            let (_, topic, reference) = socket.last();
            let news = socket.frame(&Frame::phx_close(&reference, &topic));
            assert!(matches!(
                news,
                Some((SideId::Pulse, SideNews::Lost { is_refused: false, .. }))
            ));
            let due = socket.sides.due(true).expect("a moment");
            waits.push((due - socket.at).as_secs());
            socket.at = due;
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 480, 600]);
    }

    #[test]
    fn a_channel_whose_join_may_have_ended_the_socket_pauses() {
        let mut socket = Socket::new();
        socket.sides.unwant_all_but_pulse();
        for pause in [60, 120, 240] {
            assert_eq!(socket.run(), None);
            socket.reply(
                false,
                &json!({"reason": "ClientJoinRateLimitReached: Too many joins per second"}),
            );
            socket.at += second(1);
            let at = socket.at;
            socket.sides.close(at);
            assert_eq!(socket.sides.due(true), Some(socket.at + second(pause)));
            // Another socket, which ends for another reason.
            socket.sides.close(at);
            assert_eq!(socket.sides.due(true), Some(socket.at + second(pause)));
            socket.at += second(pause);
        }
        socket.join_pulse();
        socket.at += second(1);
        let at = socket.at;
        socket.sides.close(at);
        assert_eq!(
            socket.sides.due(true),
            Some(Duration::ZERO),
            "it was joined: not its fault"
        );
    }

    impl Sides {
        fn unwant_all_but_pulse(&mut self) {
            self.get_mut(SideId::Broadcast).wanted = None;
        }
    }
}
