//! The queue of toasts: folded, capped, timed. Pure: the time is an argument.

use std::collections::{HashSet, VecDeque};

use bevy::prelude::Resource;

use crate::ui::format;
use model::{FoldKey, Level, Notice, NoticeKind, Shown};

/// One message on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Toast {
    /// Unique in this run.
    pub(crate) number: u64,
    /// What the notices are about.
    pub(crate) kind: NoticeKind,
    /// The text of the last of them.
    pub(crate) text: String,
    /// The number of notices of this kind that it represents.
    pub(crate) count: u32,
    /// When the first notice of its kind arrived, in seconds.
    pub(crate) born: f64,
    /// When the last notice of its kind arrived, on the same clock.
    pub(crate) renewed: f64,
    /// When it is removed, on the same clock.
    pub(crate) expires: f64,
}

/// The toasts on the screen, and the last ones of all.
#[derive(Resource, Debug, Default)]
pub struct Toasts {
    shown: VecDeque<Toast>,
    history: VecDeque<Toast>,
    next: u64,
    /// Fold keys whose last notice was a warning or an error. Bounded by the number of fold keys.
    troubled: HashSet<FoldKey>,
}

impl Toasts {
    /// Most on the screen at once; beyond it the least grave and oldest is removed.
    pub const MOST_SHOWN: usize = 5;
    /// Most kept of those that were removed.
    pub(crate) const MOST_KEPT: usize = 200;
    /// Letters of one toast.
    pub(crate) const MOST_TEXT: usize = 220;
    /// A toast appears and fades over this long.
    pub(crate) const FADE_SECS: f64 = 0.25;

    /// Shows a notice as the table of notices has it for its kind. One of the same kind renews the toast, another one
    /// of the same fold key replaces it.
    pub fn push(&mut self, notice: &Notice, now: f64) {
        let key = notice.kind.fold_key();
        let was_troubled = self.troubled.remove(&key);
        if notice.level() > Level::Info {
            self.troubled.insert(key);
        }
        let time = match notice.kind.shown() {
            Shown::For(time) => time,
            Shown::AfterTrouble(time) if was_troubled => time,
            Shown::AfterTrouble(_) | Shown::Never => return,
        };
        let expires = now + time.as_secs_f64();
        let text = format::clean(&notice.text, Self::MOST_TEXT);
        if let Some(toast) = self.shown.iter_mut().find(|toast| toast.kind == notice.kind) {
            toast.text = text;
            toast.count = toast.count.saturating_add(1);
            toast.renewed = now;
            toast.expires = expires;
            return;
        }
        let continued = self
            .shown
            .iter()
            .find(|toast| notice.kind.continues() == Some(toast.kind));
        let text = continued.map_or_else(|| text.clone(), |before| format!("{} {text}", before.text));
        self.retire(|toast| toast.kind.fold_key() == key);
        self.next += 1;
        self.shown.push_back(Toast {
            number: self.next,
            kind: notice.kind,
            text,
            count: 1,
            born: now,
            renewed: now,
            expires,
        });
        self.remove_excess();
    }

    fn remove_excess(&mut self) {
        while self.shown.len() > Self::MOST_SHOWN {
            // `min_by_key` takes the first of equals, which is the oldest. The newest is never removed.
            let old = self.shown.len() - 1;
            let least = self
                .shown
                .iter()
                .take(old)
                .enumerate()
                .min_by_key(|(_, toast)| toast.kind.level());
            let Some((at, _)) = least else { break };
            if let Some(toast) = self.shown.remove(at) {
                self.keep(toast);
            }
        }
    }

    /// Removes toasts whose time is over.
    pub(crate) fn expire(&mut self, now: f64) {
        self.retire(|toast| toast.expires <= now);
    }

    /// Removes one from the screen.
    pub(crate) fn dismiss(&mut self, number: u64) {
        self.retire(|toast| toast.number == number);
    }

    /// On the screen, oldest first.
    pub(crate) fn shown(&self) -> impl ExactSizeIterator<Item = &Toast> + DoubleEndedIterator {
        self.shown.iter()
    }

    /// Those that were removed, oldest first.
    #[cfg(test)]
    fn history(&self) -> impl ExactSizeIterator<Item = &Toast> {
        self.history.iter()
    }

    fn retire(&mut self, gone: impl Fn(&Toast) -> bool) {
        let mut at = 0;
        while let Some(toast) = self.shown.get(at) {
            if gone(toast)
                && let Some(toast) = self.shown.remove(at)
            {
                self.keep(toast);
            } else {
                at += 1;
            }
        }
    }

    fn keep(&mut self, toast: Toast) {
        if self.history.len() == Self::MOST_KEPT {
            self.history.pop_front();
        }
        self.history.push_back(toast);
    }
}

impl Toast {
    /// Its opacity at `now`, 0 to 1.
    pub(crate) fn opacity(&self, now: f64) -> f32 {
        let fade_in = (now - self.born) / Toasts::FADE_SECS;
        let fade_out = (self.expires - now) / Toasts::FADE_SECS;
        fade_in.min(fade_out).clamp(0.0, 1.0) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use NoticeKind::{
        AuditFailed, CaughtUp, Drift, GaveUp, GpuReplaced, Lost, NetworkStopped, Replaced, Restored, Retrying,
        SavedSettings, TableUnreadable, TokenEnds, TokenRenewed, TooManyRows, UnknownVariable, WallFull,
    };

    fn push(toasts: &mut Toasts, kind: NoticeKind, now: f64) {
        toasts.push(&Notice::new(kind, "x"), now);
    }

    fn kinds(toasts: &Toasts) -> Vec<NoticeKind> {
        toasts.shown().map(|toast| toast.kind).collect()
    }

    #[test]
    fn a_storm_of_equal_notices_is_one_toast_with_the_last_text() {
        let mut toasts = Toasts::default();
        for attempt in 0..10_000 {
            let notice = Notice::new(Retrying, format!("attempt {attempt}"));
            toasts.push(&notice, f64::from(attempt) * 0.001);
        }
        let shown: Vec<_> = toasts.shown().collect();
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].count, shown[0].text.as_str()), (10_000, "attempt 9999"));
    }

    #[test]
    fn at_most_five_are_shown_and_the_gravest_stay() {
        let mut toasts = Toasts::default();
        for kind in [NetworkStopped, CaughtUp, Drift, WallFull, AuditFailed, TooManyRows] {
            push(&mut toasts, kind, 0.0);
        }
        assert_eq!(
            kinds(&toasts),
            [NetworkStopped, Drift, WallFull, AuditFailed, TooManyRows]
        );
        for kind in [TableUnreadable, GpuReplaced, SavedSettings] {
            push(&mut toasts, kind, 0.0);
        }
        assert_eq!(
            kinds(&toasts),
            [NetworkStopped, TooManyRows, TableUnreadable, GpuReplaced, SavedSettings]
        );
        assert_eq!(toasts.history().len(), 4);
    }

    #[test]
    fn each_is_shown_for_the_time_of_its_kind_and_a_renewed_one_starts_again() {
        let mut toasts = Toasts::default();
        push(&mut toasts, CaughtUp, 0.0);
        push(&mut toasts, NetworkStopped, 0.0);
        push(&mut toasts, CaughtUp, 5.0);
        toasts.expire(10.0);
        assert_eq!(kinds(&toasts), [CaughtUp, NetworkStopped]);
        toasts.expire(11.0);
        assert_eq!(kinds(&toasts), [NetworkStopped]);
        toasts.expire(30.0);
        assert_eq!(kinds(&toasts), []);
        assert_eq!(toasts.history().len(), 2);
    }

    #[test]
    fn good_news_replaces_the_trouble() {
        let mut toasts = Toasts::default();
        for kind in [Lost, Retrying, Drift, GaveUp] {
            push(&mut toasts, kind, 0.0);
        }
        assert_eq!(kinds(&toasts), [Drift, GaveUp]);
        push(&mut toasts, Restored, 1.0);
        assert_eq!(kinds(&toasts), [Drift, Restored]);
    }

    #[test]
    fn a_loss_and_the_attempt_that_follows_are_one_toast() {
        let mut toasts = Toasts::default();
        toasts.push(&Notice::new(Lost, "Connection lost (reset)."), 0.0);
        toasts.push(&Notice::new(Retrying, "Retrying in 5 s (1 of 10)."), 0.0);
        let shown: Vec<_> = toasts.shown().map(|toast| (toast.text.as_str(), toast.count)).collect();
        assert_eq!(shown, [("Connection lost (reset). Retrying in 5 s (1 of 10).", 1)]);
        toasts.push(
            &Notice::new(Retrying, "Not connected (refused). Retrying in 6 s (2 of 10)."),
            5.0,
        );
        let shown: Vec<_> = toasts.shown().map(|toast| (toast.text.as_str(), toast.count)).collect();
        assert_eq!(shown, [("Not connected (refused). Retrying in 6 s (2 of 10).", 2)]);
    }

    #[test]
    fn a_routine_renewal_is_shown_only_after_it_was_in_doubt() {
        let mut toasts = Toasts::default();
        push(&mut toasts, TokenRenewed, 0.0);
        push(&mut toasts, Replaced, 0.0);
        assert_eq!(kinds(&toasts), []);
        push(&mut toasts, TokenEnds, 1.0);
        assert_eq!(kinds(&toasts), [TokenEnds]);
        push(&mut toasts, TokenRenewed, 2.0);
        assert_eq!(kinds(&toasts), [TokenRenewed], "it replaces the doubt");
        toasts.expire(100.0);
        push(&mut toasts, TokenRenewed, 3_600.0);
        assert_eq!(kinds(&toasts), []);
        push(&mut toasts, TokenEnds, 3_601.0);
        toasts.expire(7_000.0);
        push(&mut toasts, TokenRenewed, 7_200.0);
        assert_eq!(kinds(&toasts), [TokenRenewed], "the doubt outlives its toast");
    }

    #[test]
    fn what_is_kept_is_bounded_and_text_is_cleaned() {
        let mut toasts = Toasts::default();
        for round in 0..1_000 {
            toasts.push(&Notice::new(UnknownVariable, "a\u{202E}\n".repeat(10_000)), 0.0);
            toasts.dismiss(round + 1);
        }
        assert_eq!(toasts.history().len(), Toasts::MOST_KEPT);
        let text = &toasts.history().next().expect("one").text;
        assert!(text.chars().count() <= Toasts::MOST_TEXT + 1 && !text.contains('\n'));
    }
}
