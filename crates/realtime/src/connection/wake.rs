//! Time: which deadline comes first, and what is done when one has come.

use std::time::Duration;

use super::{Connection, Out, Phase};
use crate::{api::Effect, refusal::Class};

impl Connection {
    /// Does whatever is due.
    pub(super) fn run_due(&mut self, out: &mut Out<'_>) {
        self.try_again(out);
        self.run_deadlines(out);
        self.run_tokens(out);
        self.run_heart(out);
        self.run_sync(out);
        self.run_lookups(out);
        self.run_plan(out);
        self.run_audit(out);
    }

    fn run_deadlines(&mut self, out: &mut Out<'_>) {
        match self.phase {
            Phase::Joining { deadline } if out.at() >= deadline => {
                let text = "the server did not answer the join within 20 s".to_owned();
                self.lose(text, Class::Retry, out);
            }
            Phase::Subscribing { joined, deadline } if out.at() >= deadline => {
                let waited = super::report::duration_words(out.at().saturating_sub(joined));
                let text = match &self.channel.complaint {
                    Some(complaint) => {
                        format!("the database did not confirm the subscription within {waited} (\"{complaint}\")")
                    }
                    None => format!("the database did not confirm the subscription within {waited}"),
                };
                self.lose(text, Class::Retry, out);
            }
            _ => {}
        }
    }

    fn next_due(&self) -> Option<Duration> {
        let phase = match self.phase {
            Phase::Joining { deadline } | Phase::Subscribing { deadline, .. } => Some(deadline),
            Phase::Waiting => self.retry.due(),
            Phase::New | Phase::Resting | Phase::SigningIn | Phase::Connecting | Phase::Syncing | Phase::Live => None,
        };
        [
            phase,
            (!matches!(self.phase, Phase::New | Phase::Resting)).then(|| self.clock.due()),
            self.tokens.due(self.has_channel()),
            self.replacement_due(),
            self.heart.due(),
            self.sync.as_ref().and_then(super::Sync::due),
            self.lookups.due(self.is_following()),
            self.plan.due(),
            self.audit_due(),
            self.report.due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Asks to be woken when the first deadline comes. A timer that has gone off is no longer set.
    pub(super) fn ask_for_wake(&mut self, timer_has_gone_off: bool, out: &mut Out<'_>) {
        let due = self.next_due();
        if due != self.wake || (timer_has_gone_off && due.is_some()) {
            self.wake = due;
            out.act(Effect::WakeAt(due));
        }
    }
}
