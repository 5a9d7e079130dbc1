//! The backoff as it stands in the panel while somebody tunes it. Pure: the time is an argument.

use model::Backoff;

/// The panel's copy of the backoff: follows the connection, except while it is being changed here.
#[derive(Debug, Default)]
pub struct TuneDraft {
    draft: Backoff,
    /// Changed, and not told yet.
    untold: bool,
    /// When the last one was told, seconds.
    told: Option<f64>,
}

impl TuneDraft {
    /// At most one change is told in this time: dragging a slider gives one a frame.
    pub const PACE_SECS: f64 = 0.15;
    /// What was told comes back from the connection within this time; until then the panel shows its own.
    const ECHO_SECS: f64 = 1.0;

    /// What the panel shows.
    pub fn shown(&self) -> Backoff {
        self.draft
    }

    /// Takes what the connection uses, unless something newer is on its way there.
    pub fn follow(&mut self, current: Backoff, now: f64) {
        let echo_pending = self.told.is_some_and(|told| now - told < Self::ECHO_SECS);
        if !self.untold && !echo_pending {
            self.draft = current;
        }
    }

    /// Takes what the user set.
    pub fn edit(&mut self, backoff: Backoff) {
        let backoff = backoff.clamped();
        if backoff != self.draft {
            self.draft = backoff;
            self.untold = true;
        }
    }

    /// What is to be told now, if anything. The last change is always told in the end.
    pub fn due(&mut self, now: f64) -> Option<Backoff> {
        if !self.untold || self.told.is_some_and(|told| now - told < Self::PACE_SECS) {
            return None;
        }
        self.untold = false;
        self.told = Some(now);
        Some(self.draft)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tries(max_attempts: u32) -> Backoff {
        Backoff {
            max_attempts,
            ..Backoff::default()
        }
    }

    #[test]
    fn a_drag_is_told_now_and_then_and_its_end_for_certain() {
        let mut draft = TuneDraft::default();
        let mut told = Vec::new();
        for frame in 0..60_u32 {
            let now = f64::from(frame) / 60.0;
            if frame < 30 {
                draft.edit(tries(10 + frame));
            }
            told.extend(draft.due(now).map(|backoff| backoff.max_attempts));
        }
        assert!(told.len() >= 3 && told.len() <= 6, "{told:?}");
        assert_eq!(told.last(), Some(&39));
    }

    #[test]
    fn the_panel_does_not_jump_back_before_its_change_has_arrived() {
        let mut draft = TuneDraft::default();
        draft.edit(tries(9));
        draft.follow(Backoff::default(), 0.0);
        assert_eq!(draft.shown().max_attempts, 9);
        assert_eq!(draft.due(0.0), Some(tries(9)));
        draft.follow(Backoff::default(), 0.5);
        assert_eq!(draft.shown().max_attempts, 9, "its echo is still on the way");
        draft.follow(tries(7), 2.0);
        assert_eq!(draft.shown().max_attempts, 7, "what is in force wins");
    }

    #[test]
    fn setting_what_is_set_already_tells_nothing() {
        let mut draft = TuneDraft::default();
        draft.edit(Backoff::default());
        assert_eq!(draft.due(0.0), None);
    }
}
