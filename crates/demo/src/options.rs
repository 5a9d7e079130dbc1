//! How big, how fast and how honest the demo feed is.

use std::{str::FromStr, time::Duration};

use super::{AuthOptions, DemoError, TableId};

/// What to simulate and how to serve it. The default makes a wall that looks good.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub agents: usize,
    pub workflows: usize,
    /// Tasks that the simulation keeps alive; a wave more or less at any moment.
    pub tasks: usize,
    /// Row changes per second on average; 0 = paused until told otherwise.
    pub rate: f64,
    /// Bursts and quiet spells around that average; false = an even flow.
    pub bursts: bool,
    /// What the first moment is like.
    pub population: Population,
    /// Workflows have their executions in the table `workflow_runs`; without it that table is empty.
    pub runs: bool,
    /// Same seed and sizes, same rows and same sequence of changes.
    pub seed: u64,
    pub keys: Keys,
    pub delays: Delays,
    pub identity: Identity,
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
            seed: 1,
            keys: Keys::default(),
            delays: Delays::DEMO,
            identity: Identity::default(),
            auth: AuthOptions::default(),
        }
    }
}

impl Options {
    /// Most rows of one kind: what fits into memory a few times over.
    pub const MAX_ROWS: usize = 2_000_000;
    /// Most changes a second that may be asked for.
    pub const MAX_RATE: f64 = 1_000_000.0;

    pub(super) fn check(&self) -> Result<(), DemoError> {
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

/// What the first moment is like: work as usual, or one of the days on which a wall must look right too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Population {
    /// Every state is there.
    #[default]
    Usual,
    /// Every state is there, and hardly anything is in trouble.
    Calm,
    /// Nobody works: tasks are done or queued, agents rest.
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

/// Which API keys are good.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Keys {
    /// `demo`, any `sb_publishable_…`, and any JWT with a role and an expiry to come. Signatures are checked on tokens
    /// of this server's own alone.
    #[default]
    Lenient,
    /// Exactly these; and as tokens, those that this server has signed.
    Only(Vec<String>),
}

/// How long the server takes over things that a real one takes its time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// Before a handshake is refused.
    pub refuse: Duration,
    /// Before a join is granted, as on a project that has to connect to its database first; the socket does nothing
    /// else meanwhile.
    pub join: Duration,
    /// Before a join is refused; the socket does nothing else meanwhile.
    pub join_error: Duration,
    /// From the join's reply to "Subscribed to PostgreSQL".
    pub subscribe: Duration,
    /// From a token push to the second "Subscribed to PostgreSQL".
    pub resubscribe: Duration,
    /// Between two looks at a channel's token, besides the one at its end.
    pub token_check: Duration,
    /// Before a page is answered.
    pub page: Duration,
    /// Silence from the client after which the socket is closed with 1000.
    pub idle: Duration,
}

impl Delays {
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
    /// As the hosted server does it.
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

    /// So many times as long.
    #[must_use]
    pub fn scaled(self, by: f64) -> Self {
        /// Longest delay.
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

/// Tables with `REPLICA IDENTITY FULL`; of the others `old_record` has the primary key only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Identity {
    pub full: [bool; 4],
}

impl Identity {
    pub const FULL: Self = Self { full: [true; 4] };

    pub fn is_full(self, table: TableId) -> bool {
        self.full.get(table.index()).copied().unwrap_or(false)
    }
}
