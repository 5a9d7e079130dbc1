//! The options of the demo feed: sizes, rate, keys, delays.

use std::{fmt, str::FromStr, time::Duration};

use crate::{AuthOptions, DemoError, TableId};

/// What to simulate and how to serve it. The default is an organisation that fills a wall well.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Agents in the organisation; 0 to [`Options::MAX_ROWS`].
    pub agents: usize,
    /// Workflows in the organisation; 0 to [`Options::MAX_ROWS`].
    pub workflows: usize,
    /// Number of tasks around which the simulation stays.
    pub tasks: usize,
    /// Row changes per second on average; 0 = none.
    pub rate: f64,
    /// Whether the rate varies in bursts and quiet spells around that average.
    pub bursts: bool,
    /// The state of the fleet at the start.
    pub population: Population,
    /// Whether the executions of workflows are rows of the table `workflow_runs`; otherwise that table is empty.
    pub runs: bool,
    /// Interval of the pulse; `None`: the database has none.
    pub pulse: Option<Duration>,
    /// Whether each change is also broadcast from the database on the private channel `opswall`; otherwise a join of it is
    /// refused.
    pub broadcast: bool,
    /// The same seed and sizes give the same rows and the same sequence of changes.
    pub seed: u64,
    /// Which API keys are accepted.
    pub keys: Keys,
    /// How long things take.
    pub delays: Delays,
    /// The tables whose changes carry the whole old row.
    pub identity: Identity,
    /// Accounts and sessions.
    pub auth: AuthOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            agents: 24,
            workflows: 9,
            tasks: 260,
            rate: 12.0,
            bursts: true,
            population: Population::default(),
            runs: false,
            pulse: None,
            broadcast: false,
            seed: 1,
            keys: Keys::default(),
            delays: Delays::DEMO,
            identity: Identity::default(),
            auth: AuthOptions::default(),
        }
    }
}

impl Options {
    /// Most rows of one kind.
    pub const MAX_ROWS: usize = 2_000_000;
    /// Highest rate, in changes per second.
    pub(crate) const MAX_RATE: f64 = 1_000_000.0;

    /// Checks the bounds.
    pub(crate) fn check(&self) -> Result<(), DemoError> {
        for (what, got) in [
            ("--agents", self.agents),
            ("--workflows", self.workflows),
            ("--tasks", self.tasks),
        ] {
            if got > Self::MAX_ROWS {
                return Err(DemoError::TooMany {
                    what,
                    got: got as u64,
                    most: Self::MAX_ROWS as u64,
                });
            }
        }
        if !self.rate.is_finite() || self.rate > Self::MAX_RATE {
            let got = if self.rate.is_finite() {
                self.rate as u64
            } else {
                u64::MAX
            };
            return Err(DemoError::TooMany {
                what: "--rate",
                got,
                most: Self::MAX_RATE as u64,
            });
        }
        Ok(())
    }
}

/// The state of the organisation at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Population {
    /// Every status occurs.
    #[default]
    Usual,
    /// Every status occurs, and hardly anything is in trouble.
    Calm,
    /// No agent works; tasks are done or queued.
    Idle,
    /// Half of everything failed.
    Storm,
    /// One workflow has nearly all tasks; calm otherwise.
    Giant,
}

impl Population {
    const WORDS: [(&'static str, Self); 5] = [
        ("usual", Self::Usual),
        ("calm", Self::Calm),
        ("idle", Self::Idle),
        ("storm", Self::Storm),
        ("giant", Self::Giant),
    ];
}

impl FromStr for Population {
    type Err = DemoError;

    fn from_str(text: &str) -> Result<Self, DemoError> {
        let known = Self::WORDS.iter().find(|(word, _)| *word == text.trim());
        known
            .map(|(_, population)| *population)
            .ok_or_else(|| DemoError::Population(text.to_owned()))
    }
}

/// Which API keys are accepted. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Keys {
    /// `demo`, any `sb_publishable_…`, and any JWT with a role that has not expired. Only the signatures of this server's
    /// own tokens are checked.
    #[default]
    Lenient,
    /// Exactly these keys; and as tokens, those that this server has signed.
    Only(Vec<String>),
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lenient => f.write_str("Lenient"),
            Self::Only(keys) => write!(f, "Only({} keys)", keys.len()),
        }
    }
}

/// How long the server takes for what also takes a real one some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// Until a handshake is refused.
    pub refuse: Duration,
    /// Until a join is granted, as on a project that has to connect to its database first. The socket does nothing else
    /// meanwhile.
    pub join: Duration,
    /// Until a join is refused. The socket does nothing else meanwhile.
    pub join_error: Duration,
    /// From the join's reply to "Subscribed to PostgreSQL".
    pub subscribe: Duration,
    /// From a token push to the second "Subscribed to PostgreSQL".
    pub resubscribe: Duration,
    /// Interval between two checks of a channel's token, besides the one when it expires.
    pub token_check: Duration,
    /// Until a page is answered.
    pub page: Duration,
    /// Silence from the client after which the socket is closed with 1000.
    pub idle: Duration,
}

impl Delays {
    /// The delays of the demo feed.
    pub const DEMO: Self = Self {
        refuse: Duration::from_millis(50),
        join: Duration::ZERO,
        join_error: Duration::from_millis(100),
        subscribe: Duration::from_millis(10),
        resubscribe: Duration::from_millis(100),
        token_check: Duration::from_secs(300),
        page: Duration::ZERO,
        idle: Duration::from_secs(60),
    };
    /// The delays of the hosted server.
    pub const REAL: Self = Self {
        refuse: Duration::from_secs(2),
        join: Duration::ZERO,
        join_error: Duration::from_secs(5),
        subscribe: Duration::from_millis(300),
        resubscribe: Duration::from_secs(2),
        token_check: Duration::from_secs(300),
        page: Duration::ZERO,
        idle: Duration::from_secs(60),
    };

    /// All delays times a factor.
    #[must_use]
    pub fn scaled(self, by: f64) -> Self {
        /// Longest delay, in seconds.
        const MOST: f64 = 86_400.0;
        let scale =
            |span: Duration| Duration::try_from_secs_f64((span.as_secs_f64() * by).clamp(0.0, MOST)).unwrap_or(span);
        Self {
            refuse: scale(self.refuse),
            join: scale(self.join),
            join_error: scale(self.join_error),
            subscribe: scale(self.subscribe),
            resubscribe: scale(self.resubscribe),
            token_check: scale(self.token_check),
            page: scale(self.page),
            idle: scale(self.idle),
        }
    }
}

/// The tables with `REPLICA IDENTITY FULL`. The `old_record` of the others has the primary key only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Identity {
    /// Whether each table has it, by [`TableId::index`].
    pub full: [bool; 4],
}

impl Identity {
    /// All tables have it.
    pub const FULL: Self = Self { full: [true; 4] };

    /// Whether a table has it.
    pub(crate) fn is_full(self, table: TableId) -> bool {
        self.full.get(table.index()).copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Account;

    #[test]
    fn keys_and_passwords_are_not_shown() {
        let options = Options {
            keys: Keys::Only(vec!["hidden-key".into()]),
            auth: AuthOptions {
                accounts: vec![Account::checked("me@example.com", "hidden-word").expect("an account")],
                ..AuthOptions::default()
            },
            ..Options::default()
        };
        let shown = format!("{options:?}");
        assert!(shown.contains("me@example.com") && !shown.contains("hidden"), "{shown}");
    }
}
