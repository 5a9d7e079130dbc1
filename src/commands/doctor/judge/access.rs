//! The Auth endpoint, and the server's clock.

use std::time::Duration;

use super::super::check::Check;
use client::probe::Answer;
use model::Notice;
use realtime::{Grant, TokenError};

/// Who stands at the gate of a hosted project says so with this text.
const GATE: &[&str] = &["Invalid API key", "No API key found"];

/// The health of Auth, asked with the key. `signs_in`: somebody does, so that it is needed.
pub fn auth(answer: &Result<Answer, String>, signs_in: bool) -> Check {
    const NAME: &str = "auth";
    let unneeded = |found: String| {
        Check::skipped(NAME, found).means("nobody signs in ([auth] is not set), so nothing depends on it")
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(problem) => {
            return Check::failed(NAME, problem.clone())
                .means("the server takes connections and does not answer a request")
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
            _ => Check::warning(NAME, "HTTP 200, and not what Auth says")
                .means("something else than a Supabase project may be at this address")
                .remedy("open the URL in a browser; set --url to the project's own"),
        },
        401 | 403 if GATE.iter().any(|text| message.contains(text)) => Check::failed(NAME, found)
            .means("the project does not know the key: it is misspelt, was revoked, or belongs to another project")
            .remedy(
                "copy the publishable key again from the project's API settings (--key or SUPABASE_PUBLISHABLE_KEY)",
            ),
        300..=399 => Check::failed(NAME, found)
            .means("the server sends us elsewhere, which is not followed because the key would go with it")
            .remedy("set the final address as the URL"),
        404 if !signs_in => unneeded("this server has no Auth".into()),
        404 => Check::failed(NAME, found)
            .means("there is no Auth at this address, and [auth] asks for a sign-in")
            .remedy("check the URL, or take [auth] away"),
        500.. => Check::warning(NAME, found)
            .means("Auth is down or starting; a sign-in fails meanwhile")
            .remedy("wait a minute; look at the project's status"),
        _ if signs_in => Check::warning(NAME, found).means("not what Auth says when it is well"),
        _ => unneeded(found),
    };
    check.took(answer.took)
}

/// The sign-in of `[auth]`. `role`: of the user who signed in.
pub fn sign_in(result: Result<&Grant, &TokenError>, role: &str, notice: Option<&Notice>, took: Duration) -> Check {
    const NAME: &str = "sign_in";
    let check = match (result, notice) {
        (Ok(_), Some(notice)) => Check::warning(NAME, format!("signed in, reads as {role}"))
            .means(notice.text.clone())
            .remedy("make the file and its folder writable for the user whom opswall runs as"),
        (Ok(grant), None) => Check::ok(
            NAME,
            format!(
                "signed in, reads as {role}; the session token lasts {:.0} min and is renewed",
                grant.lifetime.as_secs_f64() / 60.0
            ),
        ),
        (Err(TokenError::Refused(text)), _) => {
            let (found, remedy) = text
                .split_once("; ")
                .or(text.split_once(": "))
                .unwrap_or((text, "check [auth]"));
            Check::failed(NAME, found)
                .means("nobody is signed in, so the tables are not read as the user who may read them")
                .remedy(remedy)
        }
        (Err(TokenError::Unavailable { text, .. }), _) => Check::failed(NAME, text.clone())
            .means("Auth is down, starting or out of reach; the wall would go on trying")
            .remedy("try again in a minute; check auth_url and the project's status"),
    };
    check.took(took)
}

/// The clocks of both sides. `date`: as it stands in the header; `now`: seconds since the Unix epoch.
pub fn clock(date: &str, now: i64) -> Option<Check> {
    /// Tokens are good by the server's clock; there is no leeway.
    const MOST: i64 = 30;
    let server = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
    let ahead = now.saturating_sub(server);
    let (size, direction) = (ahead.unsigned_abs(), if ahead > 0 { "ahead" } else { "behind" });
    Some(if ahead.abs() <= MOST {
        Check::ok("clock", format!("{size} s apart"))
    } else {
        Check::warning("clock", format!("this machine is {size} s {direction} of the server"))
            .means("tokens are renewed too late or too early, and the ages on the wall are wrong")
            .remedy("set this machine's clock (timedatectl set-ntp true)")
    })
}
