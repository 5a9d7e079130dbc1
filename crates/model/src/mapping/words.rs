//! The state of a status word, and the normalisation of a word before it is looked up. The words of each status are in its
//! entry in `status.rs`.

use std::{collections::HashMap, sync::LazyLock};

use crate::{Kind, PerKind, Status};

use super::{languages, shape};

/// Longest word that is looked up, in bytes after normalising. Longer text is prose, not a status.
pub const MAX_WORD_BYTES: usize = 64;

/// Words that mean another status for one kind than their entry in `status.rs` says. A workflow is usually a definition, so
/// that active means idle, not running.
const OVERRIDES: &[(Kind, Status, &str)] = &[
    (
        Kind::Agent,
        Status::Idle,
        "waiting inbox away charging docked parked sleeping asleep awake resting dormant done completed complete finished success succeeded",
    ),
    (Kind::Agent, Status::Running, "starting booting"),
    (Kind::Agent, Status::Offline, "stopped dead revoked terminated"),
    (Kind::Task, Status::Cancelled, "revoked stopped"),
    (Kind::Task, Status::Queued, "ready available idle"),
    (Kind::Task, Status::Waiting, "suspended"),
    (Kind::Run, Status::Cancelled, "stopped"),
    (Kind::Run, Status::Queued, "ready available idle"),
    (Kind::Run, Status::Waiting, "suspended"),
    (Kind::Workflow, Status::Idle, "active published enabled live draft"),
    (Kind::Workflow, Status::Cancelled, "disabled unpublished"),
    (Kind::Agent, Status::Offline, "inactive disabled deactivated"),
    (Kind::Task, Status::Done, "live shipped released deployed"),
];

/// Whether a known word asks for a person. Each of them is also a state.
fn is_request(word: &str) -> bool {
    matches!(
        word,
        "review"
            | "in_review"
            | "inreview"
            | "needs_review"
            | "pending_review"
            | "human_review"
            | "internal_review"
            | "client_review"
            | "ready_for_review"
            | "final_check"
            | "changes_requested"
            | "waiting_approval"
            | "waiting_for_approval"
            | "awaiting_approval"
            | "pending_approval"
            | "needs_approval"
            | "needs_attention"
            | "action_required"
            | "requires_action"
            | "auth_required"
            | "awaiting_input"
            | "input_required"
            | "waiting_for_input"
            | "waiting_for_user"
            | "waiting_for_human"
            | "hitl_waiting"
            | "breakpoint"
            | "needs_input"
    )
}

/// Whether a normalised word asks for a person, known or by its parts.
pub(crate) fn asks_for_human(word: &str) -> bool {
    is_request(word) || languages::find(word).is_some_and(|known| known.asks) || shape::asks_for_human(word)
}

/// The state of a normalised word for a kind, if it is known.
pub(super) fn built_in(kind: Kind, word: &str) -> Option<Status> {
    static TABLES: LazyLock<PerKind<HashMap<&'static str, Status>>> = LazyLock::new(|| {
        PerKind::from_fn(|kind| {
            let common = Status::ALL.into_iter().map(|status| (status, status.words()));
            let own = OVERRIDES
                .iter()
                .filter(|(of, ..)| *of == kind)
                .map(|(_, status, words)| (*status, *words));
            common
                .chain(own)
                .flat_map(|(status, words)| words.split_ascii_whitespace().map(move |word| (word, status)))
                .collect()
        })
    });
    TABLES[kind]
        .get(word)
        .copied()
        .or_else(|| languages::find(word).map(|known| known.status))
}

/// The state of a normalised word of a kind that is known or can be guessed from its parts.
pub(crate) fn known_word(kind: Kind, word: &str) -> Option<Status> {
    built_in(kind, word).or_else(|| shape::guess(word))
}

/// The buffer of a normalised word.
pub(super) struct Buffer([u8; MAX_WORD_BYTES]);

impl Default for Buffer {
    fn default() -> Self {
        Self([0; MAX_WORD_BYTES])
    }
}

/// The word in lower case with `_` between its parts: `In Progress`, `in-progress` and `inProgress` are `in_progress`.
/// Punctuation and emoji are removed. `None` when nothing is left or it is longer than [`MAX_WORD_BYTES`]. A word that
/// is normalised already is returned as it is.
pub(super) fn normalise<'w>(word: &'w str, buffer: &'w mut Buffer) -> Option<&'w str> {
    /// Longer text is prose, whatever normalising would remove.
    const MAX_RAW_BYTES: usize = 4 * MAX_WORD_BYTES;
    if word.len() > MAX_RAW_BYTES {
        return None;
    }
    let bytes = word.as_bytes();
    if !bytes.is_empty()
        && bytes.len() <= MAX_WORD_BYTES
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_')
        && bytes.first() != Some(&b'_')
        && bytes.last() != Some(&b'_')
        && !bytes.windows(2).any(|pair| pair == b"__")
    {
        return Some(word);
    }
    let mut out = Out { buffer, len: 0 };
    let mut previous: Option<char> = None;
    let mut chars = word.trim().chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_alphanumeric() {
            previous = None;
            continue;
        }
        // A part begins after punctuation, at a capital after a small letter or digit, and at the last capital of a run
        // that a small letter follows.
        let begins = match previous {
            None => true,
            Some(before) => {
                c.is_uppercase() && (!before.is_uppercase() || chars.peek().is_some_and(|next| next.is_lowercase()))
            }
        };
        if begins && out.len > 0 {
            out.push('_')?;
        }
        for lower in c.to_lowercase() {
            out.push(lower)?;
        }
        previous = Some(c);
    }
    let Out { buffer, len } = out;
    let word = buffer.0.get(..len)?;
    std::str::from_utf8(word).ok().filter(|word| !word.is_empty())
}

struct Out<'b> {
    buffer: &'b mut Buffer,
    len: usize,
}

impl Out<'_> {
    /// `None` when the buffer is full.
    fn push(&mut self, c: char) -> Option<()> {
        let end = self.len + c.len_utf8();
        c.encode_utf8(self.buffer.0.get_mut(self.len..end)?);
        self.len = end;
        Some(())
    }
}

/// The normalised word as an owned text, for words that are kept.
pub fn normalised(word: &str) -> Option<String> {
    let mut buffer = Buffer::default();
    normalise(word, &mut buffer).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_word_is_normalised_alike() {
        for word in [
            "in_progress",
            "IN_PROGRESS",
            "In Progress",
            "in-progress",
            "inProgress",
            "InProgress",
            "  in  progress ",
            "✅ in_progress!",
            "__in__progress__",
        ] {
            assert_eq!(normalised(word).as_deref(), Some("in_progress"), "{word}");
        }
        assert_eq!(normalised("HTTPError").as_deref(), Some("http_error"));
        assert_eq!(normalised("COMPLETED").as_deref(), Some("completed"));
        assert_eq!(normalised("Überfällig").as_deref(), Some("überfällig"));
    }

    #[test]
    fn blank_text_and_prose_are_no_words() {
        assert_eq!(normalised(" --- "), None);
        assert_eq!(normalised(&"long ".repeat(100)), None);
    }

    #[test]
    fn no_word_is_listed_twice_and_each_is_normalised() {
        let mut seen = std::collections::HashSet::new();
        for word in Status::ALL
            .into_iter()
            .flat_map(|status| status.words().split_ascii_whitespace())
        {
            assert!(seen.insert(word), "{word} is listed twice");
            assert_eq!(normalised(word).as_deref(), Some(word));
        }
    }

    #[test]
    fn a_word_can_mean_something_else_for_a_kind() {
        assert_eq!(built_in(Kind::Agent, "active"), Some(Status::Running));
        assert_eq!(built_in(Kind::Workflow, "active"), Some(Status::Idle));
        assert_eq!(built_in(Kind::Agent, "waiting"), Some(Status::Idle));
        assert_eq!(built_in(Kind::Task, "waiting"), Some(Status::Waiting));
        assert_eq!(built_in(Kind::Agent, "stopped"), Some(Status::Offline));
        assert_eq!(built_in(Kind::Agent, "stale"), Some(Status::Blocked));
        assert_eq!(built_in(Kind::Agent, "dead"), Some(Status::Offline));
        assert_eq!(built_in(Kind::Task, "inbox"), Some(Status::Queued));
        assert_eq!(built_in(Kind::Task, "permanent"), None);
    }

    #[test]
    fn every_word_that_asks_for_a_person_is_a_state() {
        for word in Status::ALL
            .into_iter()
            .flat_map(|status| status.words().split_ascii_whitespace())
        {
            if asks_for_human(word) {
                for kind in Kind::ALL {
                    assert_eq!(built_in(kind, word), Some(Status::Waiting), "{kind:?} {word}");
                }
            }
        }
    }
}
