//! The key, Auth, the server's clock, and the sign-in.

use std::{io::Write, time::Duration};

use tokio::time::Instant;

use super::{
    check::Check,
    report::Report,
    requests::{self, Requests},
    steps::{Blocker, EXPIRY_WARNING_DAYS, Reader, Target, add, date, days, unix_now},
};
use client::probe::{self, ProbeAnswer};
use model::{Notice, format, noun};
use realtime::{Claims, Grant, Token, TokenError};

/// What sort of key is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// `sb_publishable_…`
    Publishable,
    /// `sb_secret_…`
    Secret,
    /// An older key, or a key of a self-hosted server.
    Jwt(Claims),
    /// No format that Supabase issues.
    Unknown,
}

impl KeyKind {
    /// The sort of this key, by its text.
    pub(super) fn of(key: &Token) -> Self {
        let text = key.expose();
        if text.starts_with("sb_publishable_") {
            Self::Publishable
        } else if text.starts_with("sb_secret_") {
            Self::Secret
        } else {
            key.claims().map_or(Self::Unknown, Self::Jwt)
        }
    }

    /// The database role that rows are read as without a sign-in.
    pub(super) fn role(&self) -> &str {
        match self {
            Self::Secret => "service_role",
            Self::Jwt(claims) => claims.role.as_deref().unwrap_or("anon"),
            Self::Publishable | Self::Unknown => "anon",
        }
    }
}

const BYPASS_RISK: &str =
    "it bypasses row-level security: anybody with access to this machine can read the whole database";
const USE_PUBLISHABLE: &str = "use the publishable key, with a policy for what the wall may read";

/// The key. `host` is the project's; `now` is in seconds since the Unix epoch.
pub(super) fn key(kind: &KeyKind, host: &str, now: i64, is_demo: bool) -> Check {
    const NAME: &str = "key";
    match kind {
        _ if is_demo => Check::ok(NAME, "the demo feed's own"),
        KeyKind::Publishable => Check::ok(NAME, "publishable key; reads as anon"),
        KeyKind::Secret => Check::warning(NAME, "secret key")
            .means(BYPASS_RISK)
            .remedy(USE_PUBLISHABLE),
        KeyKind::Unknown => Check::warning(NAME, "not a recognised key format")
            .means("no Supabase project issues such keys; a self-hosted server may")
            .remedy("copy the publishable key again from the project's API settings"),
        KeyKind::Jwt(claims) => jwt(claims, host, now),
    }
}

fn jwt(claims: &Claims, host: &str, now: i64) -> Check {
    let role = claims.role.as_deref().unwrap_or_default();
    let Some(expires) = claims.expires.filter(|_| !role.is_empty()) else {
        return Check::failed("key", "a JWT without role or expiry")
            .means("Realtime refuses a JWT that lacks one of them")
            .remedy("copy the publishable (or anon) key from the project's API settings");
    };
    let left = days(now, expires);
    let found = format!("JWT, role {role}, valid until {}", date(expires));
    if expires <= now {
        let ago = -left - 1;
        return Check::failed("key", found)
            .means(format!(
                "it expired {ago} {} ago (by this machine's clock)",
                noun(ago.unsigned_abs(), "day", "days")
            ))
            .remedy("copy the present publishable key from the project's API settings; check this machine's date");
    }
    let own = host.strip_suffix(".supabase.co").filter(|own| !own.contains('.'));
    if let (Some(project), Some(own)) = (&claims.project, own)
        && project != own
    {
        return Check::failed("key", format!("{found}, for the project {project}"))
            .means(format!("the URL is that of the project {own}, not of {project}"))
            .remedy("take URL and key from the same project's API settings");
    }
    if matches!(role, "service_role" | "supabase_admin" | "postgres") {
        return Check::warning("key", found).means(BYPASS_RISK).remedy(USE_PUBLISHABLE);
    }
    if left < EXPIRY_WARNING_DAYS {
        return Check::warning(
            "key",
            format!("{found} ({left} {} left)", noun(left.unsigned_abs(), "day", "days")),
        )
        .means("once it has expired, every connection is refused")
        .remedy("use the publishable key, or let the wall sign in ([auth])");
    }
    Check::ok("key", found)
}

/// Checks Auth and, by the date in its answer, the clock. Returns "auth" when it refused the key.
pub(super) async fn check_auth<W: Write>(
    report: &mut Report<W>,
    target: &Target,
    requests: &Requests,
    blocker: Blocker,
) -> Blocker {
    if let Some(blocker) = blocker {
        report.add(Check::blocked("auth", blocker));
        report.add(Check::blocked("clock", blocker));
        return None;
    }
    let no_date = || Check::skipped("clock", "no answer contained the server's time");
    let Some(url) = requests::auth_health(&target.feed) else {
        report.add(Check::skipped("auth", "no Auth is known for this address"));
        report.add(no_date());
        return None;
    };
    let answer = requests.get(url, &[("accept", "application/json")]).await;
    let failed = add(report, auth(&answer, target.feed.auth.is_some()));
    let date = answer.as_ref().ok().and_then(|answer| answer.date.as_deref());
    report.add(date.and_then(|date| clock(date, unix_now())).unwrap_or_else(no_date));
    // Without an answer the key has not been refused, so the other services are checked all the same.
    failed.filter(|_| answer.is_ok())
}

/// The texts with which the gateway of a hosted project refuses a key.
const GATEWAY_REFUSALS: &[&str] = &["Invalid API key", "No API key found"];

/// The health of Auth, requested with the key. `signs_in`: a sign-in is configured, so Auth is needed.
fn auth(answer: &Result<ProbeAnswer, String>, signs_in: bool) -> Check {
    const NAME: &str = "auth";
    let unneeded = |found: String| {
        Check::skipped(NAME, found).means("no sign-in is configured ([auth]), so nothing depends on it")
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(problem) => {
            return Check::failed(NAME, problem.clone())
                .means("the server accepts connections but does not answer a request")
                .remedy("check that a Supabase project is at this address; a proxy or an overloaded server can be in between");
        }
    };
    let message = answer.message();
    let found = match message.as_str() {
        "" => format!("HTTP {}", answer.status),
        text => format!("HTTP {}: {text}", answer.status),
    };
    let check = match answer.status {
        200 => match (answer.field("name"), answer.field("version")) {
            (name, version) if !version.is_empty() => Check::ok(NAME, format!("{name} {version}")),
            _ if answer.json().is_some() => Check::ok(NAME, "answers"),
            _ => Check::warning(NAME, "HTTP 200, but not an answer of Auth")
                .means("another service than a Supabase project may be at this address")
                .remedy("open the URL in a browser; set --url to the project's own"),
        },
        401 | 403 if GATEWAY_REFUSALS.iter().any(|text| message.contains(text)) => Check::failed(NAME, found)
            .means("the project does not accept the key: it is misspelt, was revoked, or belongs to another project")
            .remedy(
                "copy the publishable key again from the project's API settings (--key or SUPABASE_PUBLISHABLE_KEY)",
            ),
        300..=399 => Check::failed(NAME, found)
            .means("the server redirects elsewhere, which is not followed because the key would be sent along")
            .remedy("set the final address as the URL"),
        404 if !signs_in => unneeded("this server has no Auth".into()),
        404 => Check::failed(NAME, found)
            .means("there is no Auth at this address, and [auth] asks for a sign-in")
            .remedy("check the URL, or remove [auth]"),
        500.. => Check::warning(NAME, found)
            .means("Auth is down or starting; sign-ins fail until it is back")
            .remedy("wait a minute; look at the project's status"),
        _ if signs_in => Check::warning(NAME, found)
            .means("a healthy Auth answers otherwise")
            .remedy("look at the project's Auth logs"),
        _ => unneeded(found),
    };
    check.took(answer.took)
}

/// The clocks of both machines. `date` is the header's text; `now` is in seconds since the Unix epoch.
fn clock(date: &str, now: i64) -> Option<Check> {
    /// Tokens expire by the server's clock, without leeway.
    const MAX_SECS: i64 = 30;
    /// The header has whole seconds, and the answer takes time.
    const EQUAL_SECS: i64 = 1;
    let server = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
    let ahead = now.saturating_sub(server);
    let (apart, direction) = (
        format::span(ahead.unsigned_abs() as f64),
        if ahead > 0 { "ahead of" } else { "behind" },
    );
    Some(match ahead.abs() {
        ..=EQUAL_SECS => Check::ok("clock", "clocks agree"),
        _ if ahead.abs() <= MAX_SECS => Check::ok("clock", format!("this machine is {apart} {direction} the server")),
        _ => Check::warning("clock", format!("this machine is {apart} {direction} the server"))
            .means("tokens are renewed too late or too early, and the ages on the wall are wrong")
            .remedy("set this machine's clock (timedatectl set-ntp true)"),
    })
}

/// Signs in if that is configured; the reader is that user from then on.
pub(super) async fn check_sign_in<W: Write>(
    report: &mut Report<W>,
    target: &Target,
    requests: &mut Requests,
    reader: &mut Reader,
    blocker: Blocker,
) -> Blocker {
    const NAME: &str = "sign_in";
    let Some(auth) = &target.feed.auth else {
        report.add(Check::skipped(NAME, "no sign-in configured; using the key only"));
        return None;
    };
    if let Some(blocker) = blocker {
        report.add(Check::blocked(NAME, blocker));
        return None;
    }
    let started = Instant::now();
    let (result, notice) = match probe::client_config(auth.url.scheme() == "https") {
        Ok(tls) => match probe::sign_in(&target.feed, tls, target.deadline).await {
            Some(answer) => answer,
            None => return None,
        },
        Err(text) => (
            Err(TokenError::Unavailable {
                text,
                retry_after: None,
            }),
            None,
        ),
    };
    if let Ok(Grant { token, .. }) = &result {
        report.hide(token.clone());
        reader.role = token
            .claims()
            .and_then(|claims| claims.role)
            .unwrap_or_else(|| "authenticated".into());
        reader.token = token.clone();
        reader.signed_in = true;
        requests.sign_in(token.clone());
    }
    let check = sign_in(result.as_ref(), &reader.role, notice.as_ref(), started.elapsed());
    add(report, check)
}

/// The sign-in of `[auth]`. `role` is that of the user who signed in.
fn sign_in(result: Result<&Grant, &TokenError>, role: &str, notice: Option<&Notice>, took: Duration) -> Check {
    const NAME: &str = "sign_in";
    let check = match (result, notice) {
        (Ok(_), Some(notice)) => Check::warning(NAME, format!("signed in, reads as {role}"))
            .means(notice.text.clone())
            .remedy("make the file and its folder writable for the user whom opswall runs as"),
        (Ok(grant), None) => Check::ok(
            NAME,
            format!(
                "signed in, reads as {role}; the session token is valid for {:.0} min and is renewed",
                grant.lifetime.as_secs_f64() / 60.0
            ),
        ),
        (Err(TokenError::Refused(text)), _) => {
            let (found, remedy) = text
                .split_once("; ")
                .or(text.split_once(": "))
                .unwrap_or((text, "check [auth]"));
            Check::failed(NAME, found)
                .means("without the sign-in the tables cannot be read as the configured user")
                .remedy(remedy)
        }
        (Err(TokenError::Unavailable { text, .. }), _) => Check::failed(NAME, text.clone())
            .means("Auth is down, starting or unreachable; the wall would keep trying")
            .remedy("try again in a minute; check auth_url and the project's status"),
    };
    check.took(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_agree_are_reported_without_a_number() {
        // 2024-02-29T12:34:56Z
        const NOW: i64 = 1_709_210_096;
        let date = "Thu, 29 Feb 2024 12:34:56 GMT";
        let found = |now: i64| clock(date, now).map(|check| (check.outcome.word(), check.found));
        assert_eq!(found(NOW), Some(("ok", "clocks agree".into())));
        assert_eq!(
            found(NOW + 12),
            Some(("ok", "this machine is 12 s ahead of the server".into()))
        );
        assert_eq!(
            found(NOW - 90),
            Some(("warning", "this machine is 1 min 30 s behind the server".into()))
        );
        assert!(clock("noon", NOW).is_none());
    }

    #[test]
    fn a_key_of_no_known_format_is_named_so() {
        let check = key(&KeyKind::of(&Token::new("abc")), "x.supabase.co", 0, false);
        assert_eq!(
            (check.outcome.word(), &*check.found),
            ("warning", "not a recognised key format")
        );
    }
}
