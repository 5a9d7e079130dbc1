//! Notices: what a person should know, and how a screen shows it.
//!
//! Each kind is one line of one table: its code, its level, what it is folded with and for how long it is shown.

use std::time::Duration;

use serde::Serialize;

/// How grave a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// News that asks for nothing.
    Info,
    /// Something is not as it should be, and the program goes on.
    Warn,
    /// Something does not work until a person acts.
    Error,
}

impl Level {
    /// The word before a notice's text on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "Note",
            Self::Warn => "Warning",
            Self::Error => "Error",
        }
    }
}

/// Something a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about; the rest of the table follows from it.
    pub kind: NoticeKind,
    /// One sentence, free of secrets.
    pub text: String,
}

impl Notice {
    /// A notice of this kind with this text.
    pub fn new(kind: NoticeKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// How grave it is.
    pub fn level(&self) -> Level {
        self.kind.level()
    }

    /// The stable word for programs.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
}

/// Which notices share one place on the screen: a new one replaces the earlier one of the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FoldKey {
    /// Only notices of the same kind.
    Kind(NoticeKind),
    /// Whether the connection is up: good news replaces the trouble before it.
    Connection,
    /// The end of the session token or of the key.
    Token,
    /// Whether the pulse runs.
    Pulse,
    /// Whether the settings file can be followed.
    Settings,
}

/// When a screen shows a notice. This does not decide what is kept: the list of the connection's events keeps those that
/// the session itself reported, whether they are shown or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Always, for this long.
    For(Duration),
    /// For this long, if a warning or an error of the same fold key came before it; else it is routine and not shown.
    AfterTrouble(Duration),
    /// Never: it is routine.
    Never,
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
struct NoticeEntry {
    code: &'static str,
    level: Level,
    /// `None`: with its own kind alone.
    fold: Option<FoldKey>,
    shown: Shown,
}

const SHORT: Shown = Shown::For(Duration::from_secs(6));
const MEDIUM: Shown = Shown::For(Duration::from_secs(12));
const LONG: Shown = Shown::For(Duration::from_secs(30));
const SHORT_AFTER_TROUBLE: Shown = Shown::AfterTrouble(Duration::from_secs(6));
const NEVER: Shown = Shown::Never;

const ALONE: Option<FoldKey> = None;
const CONNECTION: Option<FoldKey> = Some(FoldKey::Connection);
const TOKEN: Option<FoldKey> = Some(FoldKey::Token);
const PULSE: Option<FoldKey> = Some(FoldKey::Pulse);
const SETTINGS: Option<FoldKey> = Some(FoldKey::Settings);

/// Declares the kinds, the list of all of them and their table from one line each.
macro_rules! notice_kinds {
    ($($(#[$doc:meta])* $kind:ident: $code:literal, $level:ident, $fold:ident, $shown:ident;)*) => {
        /// What happened, or what a person should look at: the subject of a notice. Level, code and lifetime follow
        /// from it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum NoticeKind {
            $($(#[$doc])* $kind,)*
        }

        impl NoticeKind {
            /// All kinds, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            fn entry(self) -> NoticeEntry {
                match self {
                    $(Self::$kind => NoticeEntry {
                        code: $code,
                        level: Level::$level,
                        fold: $fold,
                        shown: $shown,
                    },)*
                }
            }
        }
    };
}

notice_kinds! {
    // Kind: code for programs, level, fold key, how long it is shown.

    /// The first snapshot is merged and changes flow.
    Connected: "connected", Info, CONNECTION, SHORT;
    /// The connection works again after an outage.
    Restored: "restored", Info, CONNECTION, SHORT;
    /// A connection that worked ended.
    Lost: "lost", Warn, CONNECTION, MEDIUM;
    /// The next attempt to connect has a time.
    Retrying: "retrying", Warn, CONNECTION, MEDIUM;
    /// The machine was suspended; the connection is made anew.
    Woke: "woke", Info, CONNECTION, SHORT;
    /// This machine has another address or route, after the attempts to connect were used up.
    NetworkChanged: "network_changed", Info, CONNECTION, SHORT;
    /// The user disconnected.
    Disconnected: "disconnected", Info, CONNECTION, SHORT;
    /// The server refuses for a reason that does not pass by itself.
    Refused: "refused", Error, CONNECTION, LONG;
    /// All attempts to reconnect failed.
    GaveUp: "gave_up", Error, CONNECTION, LONG;
    /// A connection was replaced by a new one before the server's limit on its age.
    Replaced: "replaced", Info, ALONE, NEVER;
    /// The session token was renewed.
    TokenRenewed: "token_renewed", Info, TOKEN, SHORT_AFTER_TROUBLE;
    /// The session token or the key ends soon and is not being renewed.
    TokenEnds: "token_ends", Warn, TOKEN, MEDIUM;
    /// A new refresh token could not be written to its file.
    TokenUnsaved: "token_unsaved", Warn, ALONE, MEDIUM;
    /// After drift, a full reading proved the tables equal.
    CaughtUp: "caught_up", Info, ALONE, SHORT;
    /// An audit corrected rows whose changes never came.
    Drift: "drift", Warn, ALONE, MEDIUM;
    /// An audit could not be carried out.
    AuditFailed: "audit_failed", Warn, ALONE, MEDIUM;
    /// The pulse's job in the database does not run.
    PulseStopped: "pulse_stopped", Warn, PULSE, MEDIUM;
    /// It runs again.
    PulseRuns: "pulse_runs", Info, PULSE, SHORT;
    /// A pulse is missing on a connection that cannot read.
    PulseLost: "pulse_lost", Warn, ALONE, MEDIUM;
    /// A table cannot be read; only its changes are shown.
    TableUnreadable: "table_unreadable", Warn, ALONE, MEDIUM;
    /// A table can be neither read nor followed: its rows stay as they were.
    TableLost: "table_lost", Warn, ALONE, MEDIUM;
    /// A table that was lost is read and followed again.
    TableFound: "table_found_again", Info, ALONE, SHORT;
    /// A table's changes arrive without their columns.
    TableUnauthorized: "table_unauthorized", Warn, ALONE, MEDIUM;
    /// A table's changes cannot be followed.
    TableUnsupported: "table_unsupported", Warn, ALONE, MEDIUM;
    /// Rows of a table share the id that the settings give them.
    KeyNotUnique: "key_not_unique", Warn, ALONE, MEDIUM;
    /// A table has more rows than are kept.
    TooManyRows: "too_many_rows", Warn, ALONE, MEDIUM;
    /// The tables together have more rows than are shown.
    WallFull: "wall_full", Warn, ALONE, MEDIUM;
    /// More rows complete others, or are completed, than are kept for it.
    JoinFull: "join_full", Warn, ALONE, MEDIUM;
    /// The graphics device failed and was replaced.
    GpuReplaced: "gpu_replaced", Warn, ALONE, MEDIUM;
    /// No setting names a table, and sources were found.
    SourcesFound: "sources_found", Info, ALONE, SHORT;
    /// A file that the user asked for is written.
    Saved: "saved", Info, ALONE, SHORT;
    /// Something that the user wanted to be saved is not.
    NotSaved: "not_saved", Warn, ALONE, MEDIUM;
    /// A view that was asked for does not exist.
    NoSuchView: "no_such_view", Info, ALONE, SHORT;
    /// The selected row is gone.
    SelectionGone: "selection_gone", Info, ALONE, SHORT;
    /// The network thread does not take commands.
    NetworkStopped: "network_stopped", Error, ALONE, LONG;
    /// The key's end lies in the past.
    KeyExpired: "key_expired", Warn, ALONE, MEDIUM;
    /// The key was made for another project than the URL names.
    KeyOfOtherProject: "key_of_other_project", Warn, ALONE, MEDIUM;
    /// Other users of the machine can read a file with a secret.
    OpenSecretFile: "open_secret_file", Warn, ALONE, MEDIUM;
    /// An environment variable with the program's prefix is no setting.
    UnknownVariable: "unknown_variable", Warn, ALONE, MEDIUM;
    /// Saved settings cannot be used.
    SavedSettings: "saved_settings", Warn, ALONE, MEDIUM;
    /// The settings file was written while the wall runs, and what can change is in force.
    SettingsFollowed: "settings_followed", Info, SETTINGS, SHORT;
    /// The settings file was written while the wall runs, and part of it counts at the next start only.
    SettingsAwaitRestart: "settings_await_restart", Warn, SETTINGS, MEDIUM;
    /// The settings file was written while the wall runs, with a mistake: the settings stay as they were.
    SettingsMistaken: "settings_mistaken", Warn, SETTINGS, MEDIUM;
}

impl NoticeKind {
    /// The stable snake_case word for programs.
    pub fn code(self) -> &'static str {
        self.entry().code
    }

    /// How grave it is.
    pub fn level(self) -> Level {
        self.entry().level
    }

    /// Which earlier notice it replaces on the screen.
    pub fn fold_key(self) -> FoldKey {
        self.entry().fold.unwrap_or(FoldKey::Kind(self))
    }

    /// Whether and for how long a screen shows it.
    pub fn shown(self) -> Shown {
        self.entry().shown
    }

    /// Its text continues that of an earlier notice of this kind: shown together they are one message.
    pub fn continues(self) -> Option<Self> {
        (self == Self::Retrying).then_some(Self::Lost)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own_in_snake_case() {
        let codes: HashSet<_> = NoticeKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), NoticeKind::ALL.len());
        let is_snake_case = |code: &str| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(codes.iter().all(|code| is_snake_case(code)), "{codes:?}");
    }

    #[test]
    fn graver_notices_are_shown_for_longer() {
        for kind in NoticeKind::ALL {
            let least = match kind.level() {
                Level::Info => 6,
                Level::Warn => 12,
                Level::Error => 30,
            };
            match kind.shown() {
                Shown::For(time) | Shown::AfterTrouble(time) => assert_eq!(time.as_secs(), least, "{kind:?}"),
                Shown::Never => assert_eq!(kind.level(), Level::Info, "{kind:?}"),
            }
        }
    }

    #[test]
    fn a_notice_that_continues_another_shares_its_place() {
        for kind in NoticeKind::ALL {
            if let Some(before) = kind.continues() {
                assert_eq!(kind.fold_key(), before.fold_key());
            }
        }
    }
}
