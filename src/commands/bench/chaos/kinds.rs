//! What can go wrong, and how it is done to a feed that is running: below the protocol by the proxy, in it by the server.

use std::time::Duration;

use fastrand::Rng;
use hyper::StatusCode;

use super::stage::Stage;
use demo::{ChannelFault, Cut, Door, Refusal, Spoil};
use lab::{Flow, Way};

/// Garbage put between the bytes of a link.
const GARBAGE_BYTES: usize = 64;

/// One way for a connection to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The connection is reset.
    Rst,
    /// The connection ends.
    Fin,
    /// Nothing arrives any more, either way, and neither side is told.
    HalfOpen,
    /// Nothing moves for a while; then everything comes late.
    Stall,
    /// Bytes that belong to nothing between those of the link.
    Garbage,
    /// Bytes arrive otherwise than they were sent.
    Spoilt,
    /// The server shuts down for a restart.
    Close1012,
    PhxClose,
    PhxError,
    /// Cut, and for a while turned away with this status.
    Http401,
    Http429,
    Http503,
    /// The session token has ended, says the server.
    TokenExpired,
    /// Changes reach the tables and nobody is told.
    SilentLoss,
    /// The same, and then a second "Subscribed".
    Resubscribed,
    /// Cut, and the pages of the next snapshot are no pages.
    SpoiltPages,
    /// Every frame in small pieces.
    Split,
    /// Many frames at once.
    Merged,
    /// Fewer bytes than there are to say.
    Throttled,
}

/// How it is found, and so how long that may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// By itself: it has to be not Live before it is Live again.
    AtOnce,
    /// Perhaps not at all: it may pass without harm.
    Maybe,
    /// By the next reading of the tables alone.
    ByReading,
}

impl Kind {
    pub const ALL: [Self; 19] = [
        Self::Rst,
        Self::Fin,
        Self::HalfOpen,
        Self::Stall,
        Self::Garbage,
        Self::Spoilt,
        Self::Close1012,
        Self::PhxClose,
        Self::PhxError,
        Self::Http401,
        Self::Http429,
        Self::Http503,
        Self::TokenExpired,
        Self::SilentLoss,
        Self::Resubscribed,
        Self::SpoiltPages,
        Self::Split,
        Self::Merged,
        Self::Throttled,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Rst => "rst",
            Self::Fin => "fin",
            Self::HalfOpen => "half_open",
            Self::Stall => "stall",
            Self::Garbage => "garbage",
            Self::Spoilt => "spoilt_bytes",
            Self::Close1012 => "close_1012",
            Self::PhxClose => "phx_close",
            Self::PhxError => "phx_error",
            Self::Http401 => "http_401",
            Self::Http429 => "http_429",
            Self::Http503 => "http_503",
            Self::TokenExpired => "token_expired",
            Self::SilentLoss => "silent_loss",
            Self::Resubscribed => "resubscribed",
            Self::SpoiltPages => "spoilt_pages",
            Self::Split => "split",
            Self::Merged => "merged",
            Self::Throttled => "throttled",
        }
    }

    pub fn found(self) -> Found {
        match self {
            Self::Stall | Self::Garbage | Self::Spoilt | Self::Split | Self::Merged | Self::Throttled => Found::Maybe,
            Self::SilentLoss => Found::ByReading,
            _ => Found::AtOnce,
        }
    }

    /// Does it. Answers how long it lasts before [`Kind::heal`].
    pub fn strike(self, stage: &Stage, rng: &mut Rng) -> Duration {
        let (proxy, control) = (&stage.proxy, &stage.control);
        let span = Duration::from_millis(rng.u64(500..2_500));
        let refuse = |status: StatusCode, text: &str, retry_after: Option<u32>| {
            let refusal = Refusal {
                status,
                text: Some(text.into()),
                retry_after,
                ..Refusal::default()
            };
            control.refuse(refusal, Some(span));
            control.cut(Cut::Fin);
            span
        };
        match self {
            Self::Rst => proxy.cut(Cut::Rst),
            Self::Fin => proxy.cut(Cut::Fin),
            Self::HalfOpen => proxy.set_flow_of_open(Flow::Swallow),
            Self::Stall => {
                proxy.set_flow(Flow::Stall);
                return span;
            }
            Self::Garbage => proxy.inject_garbage(Way::ToClient, GARBAGE_BYTES, rng.u64(..)),
            Self::Spoilt => proxy.corrupt(Way::ToClient, rng.usize(1..4_000)),
            Self::Close1012 => control.drain(rng.bool()),
            Self::PhxClose => control.channels(ChannelFault::Close),
            Self::PhxError => control.channels(ChannelFault::Error),
            Self::Http401 => return refuse(StatusCode::UNAUTHORIZED, "Invalid API key", None),
            Self::Http429 => return refuse(StatusCode::TOO_MANY_REQUESTS, "Too many connected users", Some(1)),
            Self::Http503 => return refuse(StatusCode::SERVICE_UNAVAILABLE, "upstream is down", None),
            Self::TokenExpired => control.channels(ChannelFault::Expire),
            Self::SilentLoss => {
                control.lose_for(span);
                return span;
            }
            Self::Resubscribed => {
                control.gap(span);
                return span;
            }
            Self::SpoiltPages => {
                for spoil in [Spoil::Html(200), Spoil::Truncate, Spoil::Garbage, Spoil::Hangup] {
                    control.spoil(Door::Rest, spoil, rng.u32(..2), 1);
                }
                control.cut(Cut::Rst)
            }
            Self::Split => {
                proxy.set_flow(Flow::Split(rng.usize(1..200)));
                return span;
            }
            Self::Merged => {
                proxy.set_flow(Flow::Merge(Duration::from_millis(rng.u64(50..600))));
                return span;
            }
            Self::Throttled => {
                proxy.set_flow(Flow::Throttle(rng.u32(20_000..200_000)));
                return span;
            }
        };
        Duration::ZERO
    }

    /// Undoes what would last.
    pub fn heal(self, stage: &Stage) {
        match self {
            Self::Stall | Self::Split | Self::Merged | Self::Throttled => stage.proxy.set_flow(Flow::Pass),
            Self::Http401 | Self::Http429 | Self::Http503 => stage.control.allow(),
            _ => {}
        }
    }
}

/// The faults of a run: every kind as often as every other, in an order that the seed decides.
pub(super) fn plan(faults: usize, rng: &mut Rng) -> Vec<Kind> {
    let mut plan = Vec::with_capacity(faults);
    while plan.len() < faults {
        let mut round = Kind::ALL;
        rng.shuffle(&mut round);
        plan.extend(round.into_iter().take(faults - plan.len()));
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides_and_every_kind_has_its_turn() {
        let plan = |seed| plan(100, &mut Rng::with_seed(seed));
        assert_eq!(plan(3), plan(3));
        assert_ne!(plan(3), plan(4));
        for kind in Kind::ALL {
            let times = plan(3).into_iter().filter(|one| *one == kind).count();
            assert!((5..=6).contains(&times), "{kind:?}: {times}");
        }
    }
}
