//! The state of an unknown status word by its parts: `payment_failed`, `awaiting_signature`, `legal_review`. Such a reading
//! is a guess and is marked as one.

use crate::Status;

/// Parts that a failure has.
const FAILED: &[&str] = &[
    "failed",
    "failure",
    "failures",
    "fail",
    "error",
    "errors",
    "errored",
    "crashed",
    "exceeded",
    "fatal",
    "exception",
    "aborted",
    "timeout",
    "broken",
    "dead",
    "unhealthy",
    "rejected",
    "denied",
    "refused",
    "partial",
    "partially",
    "incomplete",
];
/// Parts that say that nothing failed.
const NONE: &[&str] = &["no", "without", "non", "not", "zero", "recovered", "fixed"];
/// Parts that say that what failed is tried again.
const AGAIN: &[&str] = &["retry", "retrying", "retryable", "again"];
/// Parts that ask for a person, where the word says that something waits.
const PERSON: &[&str] = &[
    "approval",
    "approve",
    "review",
    "human",
    "user",
    "customer",
    "client",
    "person",
    "operator",
    "manager",
    "input",
    "feedback",
    "confirmation",
    "signature",
    "answer",
    "reply",
    "attention",
    "decision",
    "clarification",
    "manual",
    "confirm",
    "confirmed",
    "approver",
    "reviewer",
    "owner",
];
/// First parts of a word that says that something waits.
const WAITS: &[&str] = &["awaiting", "waiting", "pending", "needs", "requires", "wait"];
/// Words whose state is that of their last part, or of their first one.
const PARTS: &[(Status, &[&str])] = &[
    (
        Status::Cancelled,
        &[
            "cancelled",
            "canceled",
            "skipped",
            "archived",
            "deleted",
            "expired",
            "withdrawn",
        ],
    ),
    (
        Status::Blocked,
        &[
            "blocked",
            "stuck",
            "stalled",
            "throttled",
            "limited",
            "retry",
            "retrying",
            "degraded",
        ],
    ),
    (Status::Waiting, &["paused", "suspended", "hold"]),
    (
        Status::Done,
        &[
            "completed",
            "complete",
            "done",
            "success",
            "succeeded",
            "finished",
            "resolved",
            "closed",
            "delivered",
            "merged",
        ],
    ),
    (Status::Queued, &["queued", "scheduled", "planned", "todo", "backlog"]),
    (
        Status::Running,
        &["running", "started", "progress", "processing", "active"],
    ),
    (Status::Idle, &["idle"]),
    (Status::Offline, &["offline", "disconnected", "unreachable"]),
];

/// The state of a normalised word by its parts, if they tell.
pub(super) fn guess(word: &str) -> Option<Status> {
    let parts = || word.split('_');
    let has = |list: &[&str]| parts().any(|part| list.contains(&part));
    if has(FAILED) && !has(NONE) {
        return Some(if has(AGAIN) { Status::Blocked } else { Status::Failed });
    }
    let (first, last) = (parts().next()?, parts().next_back()?);
    if first == "not" || (word.starts_with("ready_to_") || word.starts_with("to_be_")) {
        return Some(Status::Queued);
    }
    let is_several = first.len() < word.len();
    if is_several && (WAITS.contains(&first) || last == "review" || last == "approval" || last == "required") {
        return Some(Status::Waiting);
    }
    let of_part = |part: &str| {
        PARTS
            .iter()
            .find(|(_, list)| list.contains(&part))
            .map(|(status, _)| *status)
    };
    if let Some(status) = of_part(last).or_else(|| of_part(first)) {
        return Some(status);
    }
    // `localizing`, `in_testing`, `indexing_files`: what goes on. `thing` and `king` are no activities.
    let is_activity = |part: &str| part.len() >= 6 && part.ends_with("ing");
    (is_activity(last) || is_activity(first)).then_some(Status::Running)
}

/// Whether a part of a word means a person or what a person does.
pub(super) fn is_person(part: &str) -> bool {
    PERSON.contains(&part)
}

/// Whether an unknown word asks for a person.
pub(super) fn asks_for_human(word: &str) -> bool {
    word.contains('_') && guess(word) == Some(Status::Waiting) && word.split('_').any(|part| PERSON.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_unknown_words_tell_the_state() {
        for (word, status) in [
            ("payment_failed", Status::Failed),
            ("gateway_error", Status::Failed),
            ("finished_with_errors", Status::Failed),
            ("quota_exceeded", Status::Failed),
            ("failed_will_retry", Status::Blocked),
            ("done_without_errors", Status::Done),
            ("awaiting_signature", Status::Waiting),
            ("pending_payment", Status::Waiting),
            ("legal_review", Status::Waiting),
            ("localizing", Status::Running),
            ("indexing_files", Status::Running),
            ("in_testing", Status::Running),
            ("paused_by_user", Status::Waiting),
            ("partially_completed", Status::Failed),
            ("user_cancelled", Status::Cancelled),
            ("not_yet_begun", Status::Queued),
            ("ready_to_record", Status::Queued),
        ] {
            assert_eq!(guess(word), Some(status), "{word}");
        }
        for word in ["permanent", "thing", "blue", "3", "king", "stage_2"] {
            assert_eq!(guess(word), None, "{word}");
        }
    }

    #[test]
    fn a_person_is_asked_only_by_words_that_wait_for_one() {
        for word in [
            "awaiting_signature",
            "legal_review",
            "pending_customer_reply",
            "manual_approval_required",
        ] {
            assert!(asks_for_human(word), "{word}");
        }
        for word in [
            "pending_payment",
            "waiting_for_slot",
            "user_created",
            "reviewed",
            "awaiting_deploy",
        ] {
            assert!(!asks_for_human(word), "{word}");
        }
    }
}
