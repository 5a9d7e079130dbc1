//! The answers of the Auth endpoints: a session, or why there is none and what the user can do about it.

use std::{path::Path, time::Duration};

use reqwest::StatusCode;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::http::HttpRefusal;
use realtime::{Grant, Token, TokenError};

/// Longest token accepted; it must fit in a header.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Longest lifetime believed; a longer one is shortened to this.
const MAX_LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A signed-in user's session.
pub(crate) struct GrantedSession {
    /// The access token and how long it lasts.
    pub(crate) grant: Grant,
    /// The next refresh token; `None`: the old one stays valid.
    pub(crate) refresh_token: Option<SecretString>,
}

/// Reads a successful answer. `elapsed` is the time since the request.
pub(crate) fn session(answer: &[u8], elapsed: Duration, wall_ms: i64) -> Result<GrantedSession, TokenError> {
    let odd = |text: &str| unavailable(text.to_owned(), None);
    let value: Value = serde_json::from_slice(answer).map_err(|_| odd("the answer is incomplete or not a session"))?;
    let token = |name: &str| {
        let text = value.get(name)?.as_str()?;
        let fits = !text.is_empty() && text.len() <= MAX_TOKEN_BYTES && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then_some(text)
    };
    let access = Token::new(token("access_token").ok_or_else(|| odd("the answer contains no usable session token"))?);
    // `expires_in` needs no clock; `expires_at` is only as good as this machine's clock.
    let lifetime = match seconds(value.get("expires_in")) {
        Some(lifetime) => lifetime.saturating_sub(elapsed),
        None => {
            let ends = seconds(value.get("expires_at"))
                .or_else(|| Some(Duration::from_secs(u64::try_from(access.claims()?.expires?).ok()?)))
                .ok_or_else(|| odd("the answer does not say how long the session lasts"))?;
            ends.saturating_sub(Duration::from_millis(wall_ms.unsigned_abs()))
        }
    };
    if lifetime.is_zero() {
        return Err(odd(
            "the session had already expired when it was issued; set this machine's clock",
        ));
    }
    Ok(GrantedSession {
        grant: Grant {
            token: access,
            lifetime: lifetime.min(MAX_LIFETIME),
        },
        refresh_token: token("refresh_token").map(SecretString::from),
    })
}

/// A number of seconds, written as a number or a string; `None` when it is neither.
fn seconds(value: Option<&Value>) -> Option<Duration> {
    let value = value?;
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Duration::try_from_secs_f64(number).ok()
}

/// An error after which another attempt may succeed.
pub(crate) fn unavailable(text: String, retry_after: Option<Duration>) -> TokenError {
    TokenError::Unavailable {
        text: format!("signing in: {text}"),
        retry_after,
    }
}

/// Whether the refusal means that the refresh token is no longer valid.
pub(crate) fn is_spent(refusal: &HttpRefusal) -> bool {
    let mentions = |part: &str| refusal.message.to_ascii_lowercase().contains(part);
    !refusal.is_passing()
        && match refusal.code.as_str() {
            "refresh_token_not_found" | "refresh_token_already_used" | "session_not_found" | "session_expired" => true,
            // The code that servers used until 2024.
            "invalid_grant" => !mentions("banned"),
            _ => refusal.status == StatusCode::BAD_REQUEST && mentions("refresh token"),
        }
}

pub(crate) fn token_spent(why: &str, file: &Path) -> TokenError {
    let why = if why.is_empty() {
        "the server does not accept it"
    } else {
        why
    };
    TokenError::Refused(format!(
        "the refresh token in {} is no longer valid ({why}); sign in again and write the new refresh token into that file",
        file.display()
    ))
}

pub(crate) fn password_refused(refusal: &HttpRefusal, file: &Path, url: &Url) -> TokenError {
    let is_wrong = matches!(refusal.code.as_str(), "invalid_credentials" | "invalid_grant")
        && !refusal.message.to_ascii_lowercase().contains("confirmed");
    if is_wrong && !refusal.is_passing() && !is_banned(refusal) {
        return TokenError::Refused(format!(
            "signing in is refused: the e-mail address or the password is wrong; correct email in [auth] or the first \
             line of {}",
            file.display()
        ));
    }
    refused(refusal, url)
}

/// The meaning of every other refusal.
pub(crate) fn refused(refusal: &HttpRefusal, url: &Url) -> TokenError {
    if refusal.is_passing() {
        return unavailable(refusal.words(), refusal.retry_after);
    }
    let message = refusal.message.to_ascii_lowercase();
    let text = match (refusal.status, refusal.code.as_str()) {
        _ if is_banned(refusal) => "the user who signs in is banned; lift the ban on the project's Authentication \
                                    page, or sign in as another user"
            .to_owned(),
        (_, "email_not_confirmed") => unconfirmed(),
        (_, "invalid_grant") if message.contains("confirmed") => unconfirmed(),
        (_, "email_provider_disabled" | "provider_disabled") => "signing in by e-mail and password is switched off; \
                                                                 enable it on the project's Authentication page, or \
                                                                 give a refresh token file"
            .to_owned(),
        (_, "captcha_failed") => {
            "the project asks for a captcha at sign-in, which a wall cannot solve; give a refresh \
                                  token file"
                .to_owned()
        }
        (StatusCode::UNAUTHORIZED, _) => format!(
            "the key is refused for signing in ({}); check the project's key",
            refusal.words()
        ),
        (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, _) => format!(
            "there are no Auth endpoints at {url} (HTTP {}); set auth_url",
            refusal.status.as_u16()
        ),
        _ => format!("signing in is refused ({}); check [auth]", refusal.words()),
    };
    TokenError::Refused(text)
}

fn is_banned(refusal: &HttpRefusal) -> bool {
    refusal.code == "user_banned" || refusal.message.to_ascii_lowercase().contains("banned")
}

fn unconfirmed() -> String {
    "the user's e-mail address is not confirmed; confirm it on the project's Authentication page".into()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(answer: &str, wall_s: i64) -> Result<GrantedSession, TokenError> {
        session(answer.as_bytes(), Duration::from_secs(2), wall_s * 1_000)
    }

    #[test]
    fn expires_in_is_preferred_and_the_clock_is_used_only_without_it() {
        let lifetime = |answer: &str, wall_s| read(answer, wall_s).map(|session| session.grant.lifetime.as_secs());
        let both = r#"{"access_token":"t","expires_in":3600,"expires_at":1000}"#;
        assert_eq!(lifetime(both, 5_000), Ok(3_598), "a wrong clock of ours spoils nothing");
        assert_eq!(lifetime(r#"{"access_token":"t","expires_at":1000}"#, 400), Ok(600));
        // {"role":"authenticated","exp":1000}
        let claims = r#"{"access_token":"x.eyJyb2xlIjoiYXV0aGVudGljYXRlZCIsImV4cCI6MTAwMH0.x"}"#;
        assert_eq!(lifetime(claims, 900), Ok(100));
        assert!(lifetime(claims, 2_000).is_err(), "it has ended by our clock");
        assert_eq!(lifetime(r#"{"access_token":"t","expires_in":"60"}"#, 0), Ok(58));
        assert_eq!(lifetime(r#"{"access_token":"t","expires_in":1e300}"#, 0).ok(), None);
        for odd in [
            "",
            "[]",
            "null",
            r#"{"access_token":""}"#,
            r#"{"access_token":5,"expires_in":60}"#,
            r#"{"access_token":"a\nb","expires_in":60}"#,
            r#"{"access_token":"t","expires_in":0}"#,
            r#"{"access_token":"t","expires_in":-5}"#,
            r#"{"access_token":"t"}"#,
        ] {
            assert!(matches!(read(odd, 0), Err(TokenError::Unavailable { .. })), "{odd}");
        }
    }

    #[test]
    fn the_next_refresh_token_is_read_if_present() {
        let next = |answer: &str| {
            let token = read(answer, 0).expect("a session").refresh_token;
            token.map(|token| token.expose_secret().to_owned())
        };
        assert_eq!(
            next(r#"{"access_token":"t","expires_in":9,"refresh_token":"r"}"#).as_deref(),
            Some("r")
        );
        assert_eq!(next(r#"{"access_token":"t","expires_in":9,"refresh_token":""}"#), None);
        assert_eq!(next(r#"{"access_token":"t","expires_in":9}"#), None);
    }

    #[test]
    fn every_refusal_names_a_remedy() {
        let refusal = HttpRefusal::example;
        let url = Url::parse("https://a.supabase.co/auth/v1").expect("a url");
        let file = Path::new("secret.txt");
        for (status, code, message, said) in [
            (
                400,
                "invalid_credentials",
                "Invalid login credentials",
                "first line of secret.txt",
            ),
            (
                400,
                "invalid_grant",
                "Invalid login credentials",
                "first line of secret.txt",
            ),
            (400, "invalid_grant", "Email not confirmed", "confirm it"),
            (400, "email_not_confirmed", "Email not confirmed", "confirm it"),
            (400, "user_banned", "User is banned", "lift the ban"),
            (403, "", "User is banned", "lift the ban"),
            (
                422,
                "email_provider_disabled",
                "Email logins are disabled",
                "refresh token file",
            ),
            (400, "captcha_failed", "captcha protection", "captcha"),
            (401, "", "Invalid API key", "check the project's key"),
            (404, "", "", "set auth_url"),
            (418, "", "", "HTTP 418"),
        ] {
            match password_refused(&refusal(status, code, message), file, &url) {
                TokenError::Refused(text) => assert!(text.contains(said), "{status} {code}: {text}"),
                other => panic!("{status} {code}: {other:?}"),
            }
        }
        for status in [302, 408, 425, 429, 500, 502, 503, 504, 520] {
            let error = password_refused(&refusal(status, "invalid_grant", ""), file, &url);
            let wait = Some(HttpRefusal::EXAMPLE_WAIT);
            assert!(
                matches!(&error, TokenError::Unavailable { retry_after, .. } if *retry_after == wait),
                "{status}: {error:?}"
            );
        }
        assert!(is_spent(&refusal(400, "refresh_token_already_used", "")));
        assert!(is_spent(&refusal(
            400,
            "invalid_grant",
            "Invalid Refresh Token: Already Used"
        )));
        assert!(is_spent(&refusal(
            400,
            "",
            "Invalid Refresh Token: Refresh Token Not Found"
        )));
        assert!(is_spent(&refusal(403, "session_not_found", "")));
        assert!(!is_spent(&refusal(400, "user_banned", "User is banned")));
        assert!(!is_spent(&refusal(503, "refresh_token_not_found", "")));
        assert!(!is_spent(&refusal(401, "", "Invalid API key")));
    }
}
