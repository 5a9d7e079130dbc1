//! Whether what is shown is proven. Live is said only while it is; else the word is `connecting`, with what is missing:
//! changes flow and are shown, but some may be lost.

use super::{Connection, Out, Phase};
use crate::event::LinkStatus;

impl Connection {
    /// What is not proven, while live.
    fn doubt(&self) -> Option<&'static str> {
        if self.plan.bursts.is_tripped() {
            Some(
                "catching up: during the burst the server may have dropped changes; the tables are read until they match",
            )
        } else if self.plan.has_gap() {
            Some("catching up: changes were lost; the tables are read again")
        } else if self.plan.is_drifting() {
            Some("catching up: rows changed without a message; the tables are read until they match")
        } else {
            None
        }
    }

    /// The chain is whole, and nothing is in doubt.
    pub(super) fn is_proven(&self) -> bool {
        self.phase == Phase::Live && self.doubt().is_none()
    }

    /// The status of a link whose chain is proven from end to end: `connected`, unless changes may be missing.
    pub(super) fn say_proof(&mut self, out: &mut Out<'_>) {
        if self.phase != Phase::Live {
            return;
        }
        let ended = self
            .has_token_ended(out.now.wall_ms)
            .then_some("the session token has expired and could not be renewed yet: changes may be missing");
        match ended.or_else(|| self.doubt()) {
            None => self.say_status(LinkStatus::Connected, None, None, out),
            Some(doubt) => self.say_status(LinkStatus::Connecting, None, Some(doubt.to_owned()), out),
        }
    }
}
