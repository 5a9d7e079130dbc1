//! The states that every status word is mapped to. One table: a status is added by one entry below.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::theme::Token;

/// Defines `Status` and everything that depends on it from one entry per status.
macro_rules! statuses {
    ($($(#[$attribute:meta])* $Status:ident {
        word: $word:literal,
        words: $words:literal,
        shape: $shape:ident,
        color: $color:ident,
        ink: $ink:ident,
        phase: $phase:ident,
        trouble: $trouble:expr,
    })*) => {
        /// What a row is doing. A word that the mapping does not contain is `Unmapped` and shown as it is.
        ///
        /// The order here is the order on the screen and the number that the shaders use.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
        #[serde(rename_all = "snake_case")]
        pub enum Status {
            $(
                #[doc = concat!("The status `", $word, "`.")]
                $(#[$attribute])*
                $Status,
            )*
        }

        impl Status {
            /// Every status, in its order.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$Status),*];

            /// The word for it on the screen and in settings.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$Status => $word,)*
                }
            }

            /// The words in a row's status column that mean this status: normalised, separated by spaces. A kind may
            /// override them in `mapping/words.rs`.
            pub(crate) const fn words(self) -> &'static str {
                match self {
                    $(Self::$Status => $words,)*
                }
            }

            /// The shape of its mark. Shapes differ wherever colours do: colour is never the only difference.
            pub const fn shape(self) -> Shape {
                match self {
                    $(Self::$Status => Shape::$shape,)*
                }
            }

            /// The colour of its mark.
            pub const fn color(self) -> Token {
                match self {
                    $(Self::$Status => Token::$color,)*
                }
            }

            /// The colour of its word and its numbers: the mark's own where text in it is legible.
            pub const fn ink(self) -> Token {
                match self {
                    $(Self::$Status => Token::$ink,)*
                }
            }

            /// How far work in this status has come.
            pub const fn phase(self) -> Phase {
                match self {
                    $(Self::$Status => Phase::$phase,)*
                }
            }

            /// Why a person should look at it, if one should.
            pub const fn trouble(self) -> Option<Trouble> {
                match self {
                    $(Self::$Status => $trouble,)*
                }
            }
        }
    };
}

statuses! {
    #[default]
    Idle {
        word: "idle",
        words: "idle ready standby available online stopped connected healthy",
        shape: Ring,
        color: Calm,
        ink: Muted,
        phase: Open,
        trouble: None,
    }
    Queued {
        word: "queued",
        words: "pending queued backlog inbox todo to_do open new created scheduled assigned claimed not_started \
                draft starting received deferred enqueued delayed dequeued submitted requested proposed planned initiated \
                registered setup provisioning configuring idea late waiting_for_deploy awaiting_concurrency_slot \
                pending_version",
        shape: DottedRing,
        color: Calm,
        ink: Muted,
        phase: Open,
        trouble: None,
    }
    Running {
        word: "running",
        words: "running in_progress processing working active busy thinking executing building planning training \
                verifying writing researching syncing continued_as_new started restarting testing delivering publishing \
                applying deploying compiling sending connecting working_on on_progress inprogress restarted doing",
        shape: Disc,
        color: Running,
        ink: Running,
        phase: Running,
        trouble: None,
    }
    Waiting {
        word: "waiting",
        words: "waiting paused on_hold review in_review needs_review pending_review human_review waiting_approval \
                waiting_for_approval awaiting_approval pending_approval needs_approval awaiting_input \
                waiting_for_input waiting_for_user needs_input up_for_reschedule cancelling canceling hitl_waiting \
                waiting_for_human needs_attention action_required requires_action input_required auth_required \
                internal_review client_review ready_for_review changes_requested final_check inreview breakpoint \
                waiting_to_resume parked hibernating frozen",
        shape: BubbleRing,
        color: Waiting,
        ink: Waiting,
        phase: Open,
        trouble: Some(Trouble::Waiting),
    }
    Blocked {
        word: "blocked",
        words: "blocked retry retrying up_for_retry degraded stale rate_limited conflict stalled retryable awaiting_retry \
                retrying_after_failure warning killing",
        shape: Triangle,
        color: Blocked,
        ink: Warn,
        phase: Open,
        trouble: Some(Trouble::Blocked),
    }
    Done {
        word: "done",
        words: "done completed complete success succeeded successful finished settled merged approved voted executed ok accepted \
                applied published verified trained cached completed_successfully neutral passed sent printed scored",
        shape: CheckedDisc,
        color: Done,
        ink: Muted,
        phase: Over,
        trouble: None,
    }
    Failed {
        word: "failed",
        words: "failed failure fail error errored crashed dead killed timed_out timeout timedout rejected \
                upstream_failed build_fail build_failed down revoked terminated completed_with_errors system_failure \
                max_recovery_attempts_exceeded dlq interrupted incomplete partial timeout_rejected startup_failure \
                internal_error runtime_error compilation_error memory_limit_exceeded rolled_back discarded fault faulted",
        shape: BarredSquare,
        color: Failed,
        ink: Offline,
        phase: Failed,
        trouble: Some(Trouble::Failed),
    }
    Cancelled {
        word: "cancelled",
        words: "cancelled canceled skipped archived retired expired suspended inactive removed deleted aborted \
                dropped evicted resubmitted retried superseded obsolete voided",
        shape: StruckRing,
        color: Away,
        ink: Muted,
        phase: Over,
        trouble: None,
    }
    Offline {
        word: "offline",
        words: "offline disconnected maintenance",
        shape: DashedRing,
        color: Away,
        ink: Muted,
        phase: Away,
        trouble: None,
    }
    Unmapped {
        word: "unmapped",
        words: "",
        shape: Diamond,
        color: Calm,
        ink: Muted,
        phase: Open,
        trouble: None,
    }
}

/// The shape of a status's mark, in the scene and in the panels. Its position is its number in the shaders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A hollow ring.
    Ring,
    /// A ring of dots.
    DottedRing,
    /// A filled disc; in the scene with a slow inner motion.
    Disc,
    /// A ring with a speech bubble above it.
    BubbleRing,
    /// A filled triangle.
    Triangle,
    /// A small disc with a check mark.
    CheckedDisc,
    /// A filled square with a horizontal bar.
    BarredSquare,
    /// A ring with a stroke from the lower left to the upper right.
    StruckRing,
    /// A dashed ring; in the scene with a stroke from the upper left to the lower right.
    DashedRing,
    /// A hollow diamond.
    Diamond,
}

impl Shape {
    /// Whether the background shows within its outline.
    pub const fn is_hollow(self) -> bool {
        match self {
            Self::Ring | Self::DottedRing | Self::BubbleRing | Self::StruckRing | Self::DashedRing | Self::Diamond => {
                true
            }
            Self::Disc | Self::Triangle | Self::CheckedDisc | Self::BarredSquare => false,
        }
    }

    /// Whether its mark moves while nothing changes.
    pub const fn is_animated(self) -> bool {
        match self {
            Self::Disc | Self::BubbleRing => true,
            Self::Ring
            | Self::DottedRing
            | Self::Triangle
            | Self::CheckedDisc
            | Self::BarredSquare
            | Self::StruckRing
            | Self::DashedRing
            | Self::Diamond => false,
        }
    }
}

/// How far a piece of work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Not begun, or held up.
    Open,
    /// Being worked on.
    Running,
    /// Ended without a result; it may be started again.
    Failed,
    /// Finished or called off.
    Over,
    /// Out of reach.
    Away,
}

/// Why a person should look at a row, the most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// It ended in failure.
    Failed,
    /// It cannot go on.
    Blocked,
    /// It waits for a person.
    Waiting,
}

impl Status {
    /// Position in tables indexed by status, and its number in the shaders.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether a person should look at it.
    pub const fn is_trouble(self) -> bool {
        self.trouble().is_some()
    }

    /// Whether it cannot go on by itself: something failed or is in its way.
    pub const fn is_fault(self) -> bool {
        matches!(self.trouble(), Some(Trouble::Failed | Trouble::Blocked))
    }

    /// Whether it has ended: with a result, in failure or called off.
    pub const fn is_over(self) -> bool {
        matches!(self.phase(), Phase::Failed | Phase::Over)
    }

    /// Whether it has not ended and is in reach.
    pub const fn is_open(self) -> bool {
        matches!(self.phase(), Phase::Open | Phase::Running)
    }

    /// Whether it is begun and not over, even where it does not advance at the moment.
    pub const fn is_engaged(self) -> bool {
        match self.phase() {
            Phase::Running => true,
            Phase::Open => self.is_trouble(),
            Phase::Failed | Phase::Over | Phase::Away => false,
        }
    }

    /// How urgently somebody should look at it: 0 for the most severe state of [`Self::troubles`], `usize::MAX` for a state that
    /// is no trouble. Rows that sort by it have what needs somebody first.
    pub fn urgency(self) -> usize {
        Self::troubles().position(|other| other == self).unwrap_or(usize::MAX)
    }

    /// The statuses that a person should look at, the most severe first.
    pub fn troubles() -> impl Iterator<Item = Self> {
        [Trouble::Failed, Trouble::Blocked, Trouble::Waiting]
            .into_iter()
            .flat_map(|trouble| {
                Self::ALL
                    .into_iter()
                    .filter(move |status| status.trouble() == Some(trouble))
            })
    }
}

/// A status as read from a row: the canonical state, the row's own word for it, if it has one, and how it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusReading {
    /// The state that the word was mapped to.
    pub status: Status,
    /// The word in the row's status column.
    pub word: Option<Arc<str>>,
    /// The rule that gave the state.
    pub rule: Rule,
}

impl StatusReading {
    /// A status that no column of the row gave: there is no word for it.
    pub fn of(status: Status) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }
}

/// The rule by which a row's state was read, in the order of precedence: an outcome overrides a status that says "over".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// No column says anything: the row is there, and idle.
    #[default]
    Presence,
    /// A column of the outcome (`conclusion`, `success`, `exit_code`).
    Outcome,
    /// The row is over, and has an error message.
    Error,
    /// A word of the user's settings.
    OwnWord,
    /// A word that is known.
    Word,
    /// An unknown word, by its parts (`payment_failed`).
    Shape,
    /// A boolean column (`is_active`).
    Flag,
    /// A time (`finished_at`), because no column has a status.
    Time,
    /// No attempt is left, and no column has a status.
    Attempts,
    /// A row of another table belongs to it (`failed_executions`).
    Member,
    /// It has not begun and waits for an approval.
    Approval,
    /// An agent gave no sign of life for too long.
    Heartbeat,
    /// The row was deleted, and its source says what that means.
    Gone,
    /// A word that no rule covers.
    Unknown,
}

impl Rule {
    /// The word for it in `explain` and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Outcome => "outcome",
            Self::Error => "error",
            Self::OwnWord => "own word",
            Self::Word => "word",
            Self::Shape => "shape of the word",
            Self::Flag => "flag",
            Self::Time => "time",
            Self::Attempts => "attempts",
            Self::Member => "companion",
            Self::Approval => "approval",
            Self::Heartbeat => "heartbeat",
            Self::Gone => "row gone",
            Self::Unknown => "unknown word",
        }
    }

    /// Whether the state is a guess, which a person may want to check.
    pub const fn is_guess(self) -> bool {
        matches!(self, Self::Shape | Self::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_shapes_are_distinct_and_words_are_those_of_the_settings() {
        for (number, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(status.index(), number);
            let others = || Status::ALL.into_iter().filter(|other| *other != status);
            assert!(others().all(|other| other.word() != status.word()));
            assert!(others().all(|other| other.shape() != status.shape()), "{status:?}");
            let written = serde_json::to_value(status).expect("a status is a word");
            assert_eq!(written, status.word());
        }
    }

    #[test]
    fn trouble_is_ordered_by_severity() {
        let troubles: Vec<Status> = Status::troubles().collect();
        assert_eq!(troubles, [Status::Failed, Status::Blocked, Status::Waiting]);
        assert!(troubles.into_iter().all(Status::is_trouble));
        let engaged: Vec<Status> = Status::ALL.into_iter().filter(|status| status.is_engaged()).collect();
        assert_eq!(engaged, [Status::Running, Status::Waiting, Status::Blocked]);
    }
}
