//! What happens to the connection becomes entries.

use model::NoticeKind;

use super::Journal;
use crate::{
    entry::Severity,
    head::{Head, Tag},
    texts,
};

/// Characters of a notice that are kept.
const MOST_TEXT: usize = 240;

impl Journal {
    /// Notes an attempt to connect, by its number; 0 for the first one. Attempts that follow each other are one entry.
    pub fn connecting(&mut self, at_ms: i64, attempt: u32) {
        let at_ms = self.advance(at_ms);
        self.counts.add(Severity::Routine);
        let head = Head::new(at_ms, Tag::Connecting, attempt.to_le_bytes().into());
        self.repeatable.connecting = self.repeat_or_push(self.repeatable.connecting, head);
    }

    /// Notes something about the connection or the program, in words that are free of secrets. The same words again are
    /// one entry with the earlier ones, and so are the times of the next attempt.
    pub fn note(&mut self, at_ms: i64, kind: NoticeKind, text: &str) {
        let at_ms = self.advance(at_ms);
        match kind {
            NoticeKind::Lost
            | NoticeKind::Disconnected
            | NoticeKind::Refused
            | NoticeKind::GaveUp
            | NoticeKind::Woke => {
                self.outage_ms.get_or_insert(at_ms);
            }
            _ => {}
        }
        let head = Head::new(at_ms, Tag::Notice(kind), texts::of(text, MOST_TEXT));
        self.counts.add(head.severity());
        if kind == NoticeKind::Retrying {
            self.repeatable.retrying = self.repeat_or_push(self.repeatable.retrying, head);
        } else {
            let other = self.ring.get(self.repeatable.other);
            let is_repeat = other.is_some_and(|other| other.tag == head.tag && other.texts == head.texts);
            let earlier = if is_repeat { self.repeatable.other } else { 0 };
            self.repeatable.other = self.repeat_or_push(earlier, head);
            // Attempts after this belong to what it says.
            (self.repeatable.connecting, self.repeatable.retrying) = (0, 0);
        }
    }

    /// Appends an entry in the place of an earlier one that it repeats, if that is still there.
    fn repeat_or_push(&mut self, earlier: u64, mut head: Head) -> u64 {
        let is_attempt = |head: &Head| matches!(head.tag, Tag::Connecting | Tag::Notice(NoticeKind::Retrying));
        let is_behind_attempt = earlier + 1 == self.newest && self.ring.get(self.newest).is_some_and(is_attempt);
        // Attempts and their times alternate for as long as an outage lasts: both stay where they are.
        let stays = earlier == self.newest || is_behind_attempt;
        if let Some(old) = self.ring.get_mut(earlier) {
            let times = old.times.saturating_add(1);
            if stays {
                (old.times, old.last_ms) = (times, head.last_ms);
                self.ring.set_texts(earlier, head.texts);
                self.shrink();
                return earlier;
            }
            (head.times, head.first_ms) = (times, old.first_ms);
            old.is_replaced = true;
            self.ring.set_texts(earlier, Box::default());
        }
        self.push(head)
    }
}
