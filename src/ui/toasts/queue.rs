//! The toasts' queue: folded, capped, timed. Pure: the time is an argument.

use std::collections::VecDeque;

use bevy::prelude::Resource;

use crate::ui::format;
use model::{Level, Notice};

/// One line on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Toast {
    /// Unique in this run.
    pub number: u64,
    pub level: Level,
    pub code: &'static str,
    pub text: String,
    /// How many equal ones are folded into it.
    pub count: u32,
    /// When the first and the last of them came, and when it goes: seconds.
    pub born: f64,
    pub renewed: f64,
    pub expires: f64,
}

/// The toasts on the screen, and the last ones of all.
#[derive(Resource, Debug, Default)]
pub struct Toasts {
    shown: VecDeque<Toast>,
    history: VecDeque<Toast>,
    next: u64,
    /// It was said that the token ends, and not since that it was renewed.
    token_in_doubt: bool,
}

/// Codes that only say that the connection is not well: the good news makes them untrue.
const TROUBLE: [&str; 6] = ["lost", "retrying", "refused", "gave_up", "disconnected", "woke"];
const RECOVERY: [&str; 2] = ["connected", "restored"];
/// What goes as planned while nobody looks is no news: a renewed token each hour, a replaced connection each day. They
/// stand in the popover's events. A renewal that had been in doubt is one.
const ROUTINE: [&str; 2] = ["token_renewed", "replaced"];
const DOUBT: &str = "token_ends";

impl Toasts {
    /// Most on the screen at once; beyond it the least grave and oldest goes.
    pub const MOST_SHOWN: usize = 5;
    /// Most kept of those that are gone.
    pub const MOST_KEPT: usize = 200;
    /// Letters of one toast.
    pub const MOST_TEXT: usize = 220;
    /// A toast appears and fades over this long.
    pub const FADE_SECS: f64 = 0.25;

    fn life_secs(level: Level) -> f64 {
        match level {
            Level::Info => 6.0,
            Level::Warn => 12.0,
            Level::Error => 30.0,
        }
    }

    /// Takes a notice. One with the code of a toast that is still there renews that one: its text becomes the new one.
    pub fn push(&mut self, notice: &Notice, now: f64) {
        if RECOVERY.contains(&notice.code) {
            self.retire(|toast| TROUBLE.contains(&toast.code));
        }
        self.token_in_doubt |= notice.code == DOUBT;
        if ROUTINE.contains(&notice.code) {
            let is_relief = notice.code == "token_renewed" && std::mem::take(&mut self.token_in_doubt);
            if !is_relief {
                return;
            }
            self.retire(|toast| toast.code == DOUBT);
        }
        let expires = now + Self::life_secs(notice.level);
        let text = format::clean(&notice.text, Self::MOST_TEXT);
        let same = |toast: &&mut Toast| toast.code == notice.code && toast.level == notice.level;
        if let Some(toast) = self.shown.iter_mut().find(same) {
            toast.text = text;
            toast.count = toast.count.saturating_add(1);
            toast.renewed = now;
            toast.expires = expires;
            return;
        }
        self.next += 1;
        self.shown.push_back(Toast {
            number: self.next,
            level: notice.level,
            code: notice.code,
            text,
            count: 1,
            born: now,
            renewed: now,
            expires,
        });
        while self.shown.len() > Self::MOST_SHOWN {
            // `min_by_key` takes the first of equals, which is the oldest. The newest is spared.
            let old = self.shown.len() - 1;
            let least = self
                .shown
                .iter()
                .take(old)
                .enumerate()
                .min_by_key(|(_, toast)| toast.level);
            let Some((at, _)) = least else { break };
            if let Some(toast) = self.shown.remove(at) {
                self.keep(toast);
            }
        }
    }

    /// Lets go of what has had its time.
    pub fn expire(&mut self, now: f64) {
        self.retire(|toast| toast.expires <= now);
    }

    /// Takes one off the screen.
    pub fn dismiss(&mut self, number: u64) {
        self.retire(|toast| toast.number == number);
    }

    /// On the screen, oldest first.
    pub fn shown(&self) -> impl ExactSizeIterator<Item = &Toast> + DoubleEndedIterator {
        self.shown.iter()
    }

    /// Gone, oldest first.
    pub fn history(&self) -> impl ExactSizeIterator<Item = &Toast> {
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
    /// How solid it is drawn at `now`, 0 to 1.
    pub fn opacity(&self, now: f64) -> f32 {
        let fade_in = (now - self.born) / Toasts::FADE_SECS;
        let fade_out = (self.expires - now) / Toasts::FADE_SECS;
        fade_in.min(fade_out).clamp(0.0, 1.0) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(level: Level, code: &'static str, text: &str) -> Notice {
        Notice {
            level,
            code,
            text: text.to_owned(),
        }
    }

    fn codes(toasts: &Toasts) -> Vec<&str> {
        toasts.shown().map(|toast| toast.code).collect()
    }

    #[test]
    fn a_storm_of_equal_ones_is_one_toast_with_the_last_text() {
        let mut toasts = Toasts::default();
        for attempt in 0..10_000 {
            toasts.push(
                &notice(Level::Warn, "retrying", &format!("try {attempt}")),
                f64::from(attempt) * 0.001,
            );
        }
        let shown: Vec<_> = toasts.shown().collect();
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].count, shown[0].text.as_str()), (10_000, "try 9999"));
    }

    #[test]
    fn at_most_five_and_the_gravest_stay() {
        const CODES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let mut toasts = Toasts::default();
        toasts.push(&notice(Level::Error, "grave", "x"), 0.0);
        for code in CODES {
            toasts.push(&notice(Level::Info, code, "x"), 0.0);
        }
        assert_eq!(codes(&toasts), ["grave", "e", "f", "g", "h"]);
        assert_eq!(toasts.history().len(), 4);
    }

    #[test]
    fn each_has_its_time_by_level_and_a_renewed_one_starts_again() {
        let mut toasts = Toasts::default();
        toasts.push(&notice(Level::Info, "info", "x"), 0.0);
        toasts.push(&notice(Level::Error, "error", "x"), 0.0);
        toasts.push(&notice(Level::Info, "info", "x"), 5.0);
        toasts.expire(10.0);
        assert_eq!(codes(&toasts), ["info", "error"]);
        toasts.expire(11.0);
        assert_eq!(codes(&toasts), ["error"]);
        toasts.expire(30.0);
        assert_eq!(codes(&toasts), [""; 0]);
        assert_eq!(toasts.history().len(), 2);
    }

    #[test]
    fn good_news_takes_the_trouble_away() {
        let mut toasts = Toasts::default();
        toasts.push(&notice(Level::Warn, "lost", "x"), 0.0);
        toasts.push(&notice(Level::Warn, "retrying", "x"), 0.0);
        toasts.push(&notice(Level::Warn, "drift", "x"), 0.0);
        toasts.push(&notice(Level::Info, "restored", "x"), 1.0);
        assert_eq!(codes(&toasts), ["drift", "restored"]);
    }

    #[test]
    fn an_hourly_renewal_is_told_only_after_it_was_in_doubt() {
        let mut toasts = Toasts::default();
        let renewed = notice(Level::Info, "token_renewed", "The session token was renewed.");
        toasts.push(&renewed, 0.0);
        toasts.push(&notice(Level::Info, "replaced", "x"), 0.0);
        assert_eq!(codes(&toasts), [""; 0]);
        toasts.push(&notice(Level::Warn, "token_ends", "x"), 1.0);
        assert_eq!(codes(&toasts), ["token_ends"]);
        toasts.push(&renewed, 2.0);
        assert_eq!(codes(&toasts), ["token_renewed"], "the doubt goes with its reason");
        toasts.expire(100.0);
        toasts.push(&renewed, 3_600.0);
        assert_eq!(codes(&toasts), [""; 0]);
    }

    #[test]
    fn what_is_kept_is_bounded_and_text_is_cleaned() {
        let mut toasts = Toasts::default();
        for round in 0..1_000 {
            toasts.push(&notice(Level::Info, "x", &"a\u{202E}\n".repeat(10_000)), 0.0);
            toasts.dismiss(round + 1);
        }
        assert_eq!(toasts.history().len(), Toasts::MOST_KEPT);
        let text = &toasts.history().next().expect("one").text;
        assert!(text.chars().count() <= Toasts::MOST_TEXT + 1 && !text.contains('\n'));
    }
}
