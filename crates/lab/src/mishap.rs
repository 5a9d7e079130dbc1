//! What befalls a connection in the course of a long day: one of each kind, ready to be let loose by a seed.

use std::{fmt, time::Duration};

use fastrand::Rng;

use demo::{ChannelFault, Control, Cut, Door, Refusal, Spoil, SystemMessage};

use crate::{Flow, Proxy, Way};

/// One kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mishap {
    Reset,
    End,
    /// Both ends believe in the connection, and nothing passes any more.
    HalfOpen,
    /// Nothing passes for a while, and then everything.
    Stall,
    Garbage,
    SpoiltBytes,
    /// Close codes 1012, 1001, 1011 or 1000.
    Close,
    /// "Server requested disconnect", then 1012.
    Drain,
    ChannelClose,
    ChannelError,
    TokenExpires,
    /// A `system` error after which the channel is gone.
    SystemError,
    /// A second "Subscribed" after a time in which changes were lost.
    Gap,
    /// Changes are lost and nobody is told.
    SilentLoss,
    DatabaseRestart,
    /// The socket is cut, and new ones are refused for a while: 401, 429, 500 or 503.
    Refusal,
    /// The socket is cut, and the next join is refused.
    RefusedJoin,
    /// The socket is cut, and the pages of the reading that follows are spoilt.
    SpoiltPages,
    /// A message that is no frame.
    Nonsense,
}

impl Mishap {
    pub const ALL: [Self; 19] = [
        Self::Reset,
        Self::End,
        Self::HalfOpen,
        Self::Stall,
        Self::Garbage,
        Self::SpoiltBytes,
        Self::Close,
        Self::Drain,
        Self::ChannelClose,
        Self::ChannelError,
        Self::TokenExpires,
        Self::SystemError,
        Self::Gap,
        Self::SilentLoss,
        Self::DatabaseRestart,
        Self::Refusal,
        Self::RefusedJoin,
        Self::SpoiltPages,
        Self::Nonsense,
    ];

    /// So many mishaps in an order of the seed's; every kind comes before any comes again.
    pub fn day(count: usize, seed: u64) -> Vec<Self> {
        let mut rng = Rng::with_seed(seed);
        let mut day = Vec::new();
        while day.len() < count {
            let mut round = Self::ALL;
            rng.shuffle(&mut round);
            day.extend(round);
        }
        day.truncate(count);
        day
    }

    /// Whether a client can know of it at all from what it is sent, or not sent: the others only a comparison finds.
    pub fn is_noticeable(self) -> bool {
        !matches!(self, Self::SilentLoss | Self::DatabaseRestart)
    }

    /// Lets it happen between a server and those who are connected through the proxy.
    pub fn befall(self, control: &Control, proxy: &Proxy, rng: &mut Rng) {
        let span = Duration::from_millis(rng.u64(100..600));
        match self {
            Self::Reset => {
                proxy.cut(Cut::Rst);
            }
            Self::End => {
                proxy.cut(Cut::Fin);
            }
            Self::HalfOpen => {
                proxy.set_flow_of_open(Flow::Swallow);
            }
            Self::Stall => control.stall(span * 4),
            Self::Garbage => {
                let way = [Way::ToClient, Way::ToServer];
                let way = if rng.bool() { way[0] } else { way[1] };
                proxy.inject_garbage(way, rng.usize(64..4_096), rng.u64(..));
            }
            Self::SpoiltBytes => {
                proxy.corrupt(Way::ToClient, rng.usize(1..500));
            }
            Self::Close => {
                let codes = [1012, 1001, 1011, 1000];
                let code = codes.get(rng.usize(..codes.len())).copied().unwrap_or(1012);
                control.cut(Cut::Close(code));
            }
            Self::Drain => {
                control.drain(true);
            }
            Self::ChannelClose => {
                control.channels(ChannelFault::Close);
            }
            Self::ChannelError => {
                control.channels(ChannelFault::Error);
            }
            Self::TokenExpires => {
                control.channels(ChannelFault::Expire);
            }
            Self::SystemError => {
                let names = ["no_database", "canceled", "rpc_timeout"];
                let name = names.get(rng.usize(..names.len())).copied().unwrap_or_default();
                if let Some(message) = SystemMessage::named(name) {
                    control.system(*message);
                }
            }
            Self::Gap => {
                control.gap(span);
            }
            Self::SilentLoss => control.lose(rng.u64(1..50)),
            Self::DatabaseRestart => control.restart_database(span, span),
            Self::Refusal => {
                let names = ["expired", "too_many_users", "error", "unavailable"];
                let name = names.get(rng.usize(..names.len())).copied().unwrap_or_default();
                control.refuse(Refusal::named(name).unwrap_or_default(), Some(span));
                control.cut(Cut::Rst);
            }
            Self::RefusedJoin => {
                let names = ["initializing", "restarting", "no_database", "too_many_joins", "unknown"];
                control.refuse_joins(names.get(rng.usize(..names.len())).copied().unwrap_or_default(), 1);
                control.cut(Cut::Fin);
            }
            Self::SpoiltPages => {
                let spoils = [
                    Spoil::Truncate,
                    Spoil::Half,
                    Spoil::Hangup,
                    Spoil::Html(502),
                    Spoil::Garbage,
                    Spoil::Status {
                        status: 503,
                        text: "Service Unavailable".into(),
                        retry_after: Some(1),
                    },
                ];
                let spoil = spoils.get(rng.usize(..spoils.len())).cloned().unwrap_or(Spoil::Hangup);
                control.spoil(Door::Rest, spoil, 0, rng.u32(1..3));
                control.cut(Cut::Fin);
            }
            Self::Nonsense => {
                let texts = [
                    "{",
                    "[1,2,3]",
                    "[null,null,\"realtime:x\",\"postgres_changes\",{\"ids\":7}]",
                    "null",
                ];
                control.say(texts.get(rng.usize(..texts.len())).copied().unwrap_or_default());
            }
        }
    }
}

impl fmt::Display for Mishap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names are words of their own: `half open`.
        for (at, letter) in format!("{self:?}").char_indices() {
            match letter.is_ascii_uppercase() {
                true if at > 0 => write!(f, " {}", letter.to_ascii_lowercase())?,
                _ => write!(f, "{}", letter.to_ascii_lowercase())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_every_kind_and_depends_on_its_seed_alone() {
        let day = Mishap::day(100, 7);
        assert_eq!(day.len(), 100);
        assert_eq!(day, Mishap::day(100, 7));
        assert_ne!(day, Mishap::day(100, 8));
        for kind in Mishap::ALL {
            assert!(
                day.iter().take(Mishap::ALL.len()).any(|mishap| *mishap == kind),
                "{kind}"
            );
        }
        assert_eq!(Mishap::HalfOpen.to_string(), "half open");
    }
}
