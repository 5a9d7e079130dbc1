//! The examination: one step after the other, what depends on a failed one left out by name.

mod asked;
mod path;
mod stream;

use std::{
    io::Write,
    time::{Duration, SystemTime},
};

use super::{
    check::{Check, Outcome},
    judge,
    report::Report,
};
use asked::Asked;
use client::probe::Endpoint;
use realtime::Token;
use settings::FeedSettings;

/// What is examined, and how patiently.
pub struct Patient {
    pub feed: FeedSettings,
    /// The built-in feed.
    pub is_demo: bool,
    /// Longest that one look may take.
    pub deadline: Duration,
    /// How long a change is waited for.
    pub wait: Duration,
}

impl Patient {
    /// Refusals of a join come 5 s late on purpose.
    fn join_deadline(&self) -> Duration {
        self.deadline + self.deadline / 5
    }

    /// A cold server starts its replication first, and tells of a bad table after some tries.
    fn subscribe_deadline(&self) -> Duration {
        self.deadline * 5 / 2
    }

    fn key(&self) -> Token {
        use secrecy::ExposeSecret as _;
        Token::new(self.feed.key.expose_secret())
    }
}

/// Who reads: the key alone, or a signed-in user.
struct Reader {
    /// The database role.
    role: String,
    /// What is sent with a join.
    token: Token,
    signed_in: bool,
}

/// Why a step is left out: the step that failed.
type Because = Option<&'static str>;

/// Every step after the settings.
pub async fn examine<W: Write>(report: &mut Report<W>, patient: &Patient) {
    let FeedSettings {
        realtime_url, rest_url, ..
    } = &patient.feed;
    let key = patient.key();
    let url = add(report, judge::url(realtime_url, rest_url.as_ref()), "url");
    let stream_at = Endpoint::of(realtime_url);
    let rest_at = rest_url.as_ref().and_then(Endpoint::of);
    let stream_path = path::walk(report, stream_at.as_ref(), url, patient.deadline).await;
    let rest_path = match &rest_at {
        Some(_) if rest_at != stream_at => path::walk(report, rest_at.as_ref(), url, patient.deadline).await,
        _ => stream_path,
    };
    let kind = judge::key_kind(&key);
    let host = realtime_url.host_str().unwrap_or_default();
    let key_check = add(report, judge::key(&kind, host, now(), patient.is_demo), "key");

    let mut reader = Reader {
        role: kind.role().to_owned(),
        token: key,
        signed_in: false,
    };
    let mut asked = Asked::new(patient);
    let mut stopped = key_check;
    stopped = stopped.or(asked.auth(report, rest_path.or(stopped)).await);
    stopped = stopped.or(asked.sign_in(report, &mut reader, rest_path.or(stopped)).await);
    let there = asked.rest(report, &reader, rest_path.or(stopped)).await;
    stream::talk(report, patient, &reader, &there, stream_path.or(stopped)).await;
}

/// Adds a check; the step's name when it failed.
fn add<W: Write>(report: &mut Report<W>, check: Check, name: &'static str) -> Because {
    let because = (check.outcome == Outcome::Failed).then_some(name);
    report.add(check);
    because
}

fn left_out(name: &'static str, because: &str) -> Check {
    Check::skipped(name, format!("because {because} failed"))
}

/// Seconds since the Unix epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
