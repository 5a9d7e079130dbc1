//! The order of the checks. A check that depends on a failed one is skipped and names the one that failed.

use std::{
    io::Write,
    time::{Duration, SystemTime},
};

use super::{
    super::database::DatabaseArgs,
    access, catalogue,
    check::{Check, Outcome},
    checked::Checked,
    network,
    report::Report,
    requests::Requests,
    sources, stream, tables,
};
use client::probe::Endpoint;
use realtime::Token;
use settings::FeedSettings;

/// Certificates and keys that expire in fewer days than this get a warning.
pub(super) const EXPIRY_WARNING_DAYS: i64 = 14;

/// What is checked, and how long each check may take.
pub(super) struct Target {
    /// How the target is connected to.
    pub(super) feed: FeedSettings,
    /// The target is the built-in demo feed.
    pub(super) is_demo: bool,
    /// Time limit for each check.
    pub(super) deadline: Duration,
    /// How long to wait for a change of a row.
    pub(super) wait: Duration,
    /// The database whose catalogue is read as well.
    pub(super) database: DatabaseArgs,
}

impl Target {
    /// Time limit for a join. It is longer because a server delays its refusals by 5 s.
    pub(super) fn join_deadline(&self) -> Duration {
        self.deadline + self.deadline / 5
    }

    /// Time limit for a subscription. It is longer because a server that was idle starts its replication first, and
    /// reports a table that it cannot follow after several attempts.
    pub(super) fn subscribe_deadline(&self) -> Duration {
        self.deadline * 5 / 2
    }

    fn key(&self) -> Token {
        use secrecy::ExposeSecret as _;
        Token::new(self.feed.key.expose_secret())
    }
}

/// The identity that rows are read with: the key alone, or a signed-in user.
pub(super) struct Reader {
    /// The database role.
    pub(super) role: String,
    /// The token that is sent with a join.
    pub(super) token: Token,
    /// The token is that of a user who signed in.
    pub(super) signed_in: bool,
}

/// The name of the failed check that blocks later ones.
pub(super) type Blocker = Option<&'static str>;

/// Runs every check after that of the settings.
pub(super) async fn run<W: Write>(report: &mut Report<W>, target: &mut Target) {
    let FeedSettings {
        realtime_url, rest_url, ..
    } = &target.feed.clone();
    let key = target.key();
    let url = add(report, network::url(realtime_url, rest_url.as_ref()));
    let stream_at = Endpoint::of(realtime_url);
    let rest_at = rest_url.as_ref().and_then(Endpoint::of);
    let stream_path = network::check(report, stream_at.as_ref(), url, target.deadline).await;
    let rest_path = match &rest_at {
        Some(_) if rest_at != stream_at => network::check(report, rest_at.as_ref(), url, target.deadline).await,
        _ => stream_path,
    };
    let kind = access::KeyKind::of(&key);
    let host = realtime_url.host_str().unwrap_or_default();
    let mut blocker = add(report, access::key(&kind, host, unix_now(), target.is_demo));

    let mut reader = Reader {
        role: kind.role().to_owned(),
        token: key,
        signed_in: false,
    };
    let mut requests = Requests::new(target);
    blocker = blocker.or(access::check_auth(report, target, &requests, rest_path.or(blocker)).await);
    blocker =
        blocker.or(access::check_sign_in(report, target, &mut requests, &mut reader, rest_path.or(blocker)).await);
    blocker = blocker.or(sources::check(report, target, &reader, rest_path.or(blocker)).await);
    let target = &*target;
    let checked = Checked::all(&target.feed.mapping);
    catalogue::check(report, target, &reader, &checked).await;
    let known = tables::check(report, target, &requests, &reader, &checked, rest_path.or(blocker)).await;
    let checked: Vec<_> = checked.into_iter().zip(known).collect();
    stream::check(report, target, &requests, &reader, &checked, stream_path.or(blocker)).await;
}

/// Adds a check to the report; returns its name if it failed.
pub(super) fn add<W: Write>(report: &mut Report<W>, check: Check) -> Blocker {
    let blocker = (check.outcome == Outcome::Failed).then_some(check.name);
    report.add(check);
    blocker
}

/// Seconds since the Unix epoch.
pub(super) fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The date of a moment in seconds since the Unix epoch: `2027-01-31`.
pub(super) fn date(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| format!("second {seconds} of the Unix epoch"),
        |moment| moment.strftime("%Y-%m-%d").to_string(),
    )
}

/// Whole days from one moment to a later one, both in seconds.
pub(super) fn days(from: i64, to: i64) -> i64 {
    to.saturating_sub(from).div_euclid(86_400)
}
