//! The project's key: read, checked, and never shown.

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::{
    SettingsError,
    layers::Set,
    secret_file::{MAX_SECRET_BYTES, first_line},
    table::Values,
};
use model::{Notice, NoticeKind, text::clean};
use realtime::Claims;

/// Refuses texts that cannot be a key, and keys that bypass row-level security.
pub(crate) fn checked(key: Set<SecretString>, allow_service_key: bool) -> Result<Set<SecretString>, SettingsError> {
    let text = key.value.expose_secret();
    let subject = || key.origin.subject("key");
    if text.len() as u64 > MAX_SECRET_BYTES || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(SettingsError::refused(
            subject(),
            "contains characters that no key has: copy the publishable key again from the project's API settings",
        ));
    }
    if !allow_service_key && is_service_key(text) {
        return Err(SettingsError::refused(
            subject(),
            "is a secret (service_role) key, which bypasses row-level security: give the publishable key, or add \
             --allow-service-key if this machine is safe",
        ));
    }
    Ok(key)
}

/// Whether a key is `sb_secret_…`, or a JWT whose role bypasses row-level security.
fn is_service_key(key: &str) -> bool {
    let role = Claims::read(key).and_then(|claims| claims.role);
    key.starts_with("sb_secret_") || role.is_some_and(|role| bypasses_row_security(&role))
}

/// Whether a database role of a Supabase project bypasses row-level security.
pub fn bypasses_row_security(role: &str) -> bool {
    matches!(role, "service_role" | "supabase_admin" | "postgres")
}

/// Reasons why the server will probably refuse the key. They are notices, because only the server can decide.
pub(crate) fn warnings(key: &SecretString, url: &Url, now_s: i64) -> Vec<Notice> {
    const DAY_S: i64 = 86_400;
    let Some(claims) = Claims::read(key.expose_secret()) else {
        return Vec::new();
    };
    let mut notices = Vec::new();
    if let Some(ended) = claims.expires.filter(|expires| *expires <= now_s) {
        let ago = match now_s.saturating_sub(ended) / DAY_S {
            0 => "today".to_owned(),
            1 => "a day ago".to_owned(),
            days => format!("{days} days ago"),
        };
        notices.push(Notice {
            kind: NoticeKind::KeyExpired,
            text: format!("The key expired {ago}; copy the publishable key again from the project's API settings"),
        });
    }
    if let (Some(made_for), Some(project)) = (&claims.project, hosted_project(url))
        && made_for != project
    {
        notices.push(Notice {
            kind: NoticeKind::KeyOfOtherProject,
            text: format!(
                "The key was made for the project {}, the URL is that of {project}; give the key and the URL of one \
                 project",
                clean(made_for, MAX_REF)
            ),
        });
    }
    notices
}

/// Most characters of another project's name that are shown.
const MAX_REF: usize = 40;

/// The project in the first label of a hosted URL; `None` for other servers, whose names mean nothing.
fn hosted_project(url: &Url) -> Option<&str> {
    let (project, rest) = url.host_str()?.split_once('.')?;
    matches!(rest, "supabase.co" | "supabase.in").then_some(project)
}

/// What `config` shows instead of the key.
pub(crate) fn masked(key: &SecretString) -> String {
    format!("******** ({} characters)", key.expose_secret().len())
}

/// The project's key, given directly or in a file. The origin of a key in a file is where the file was named.
pub(crate) fn decide(values: &Values) -> Result<Option<Set<SecretString>>, SettingsError> {
    let key = match (values.key.given(), values.key_file.given()) {
        (Some(_), Some(path)) => {
            return Err(SettingsError::refused(
                path.origin.subject("key_file"),
                "is given together with a key: give one of the two",
            ));
        }
        (key, None) => key,
        (None, Some(path)) => {
            let line = first_line("the key file", &path.value)?;
            Some(Set::new(line.trim().into(), path.origin))
        }
    };
    key.map(|key| checked(key, values.allow_service_key.value)).transpose()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;
    use crate::Origin;

    fn jwt(role: &str) -> String {
        signed(&format!(r#"{{"role":"{role}","exp":4102444800}}"#))
    }

    fn signed(claims: &str) -> String {
        format!("eyJhbGciOiJIUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    fn check(key: &str, allow: bool) -> Result<Set<SecretString>, SettingsError> {
        checked(Set::new(key.into(), Origin::Flag("--key".into())), allow)
    }

    #[test]
    fn a_key_that_bypasses_row_level_security_is_refused_unless_allowed() {
        for key in [jwt("service_role"), "sb_secret_abc".into()] {
            let error = check(&key, false).expect_err("refused").to_string();
            assert!(
                error.contains("--allow-service-key") && !error.contains(&key),
                "{error}"
            );
            assert!(check(&key, true).is_ok());
        }
        for key in [jwt("anon"), "sb_publishable_abc".into(), "demo".into(), "a.b.c".into()] {
            assert!(check(&key, false).is_ok(), "{key}");
        }
    }

    #[test]
    fn characters_that_would_break_a_header_are_refused_without_showing_the_key() {
        let error = check("secret\nkey", false).expect_err("refused").to_string();
        assert!(!error.contains("secret\nkey"));
    }

    #[test]
    fn a_key_that_expired_or_belongs_to_another_project_gives_a_notice() {
        let key = |claims: &str| SecretString::from(signed(claims));
        let hosted = Url::parse("wss://abcdefgh.supabase.co/realtime/v1/websocket").expect("a url");
        let own = Url::parse("ws://127.0.0.1:4000/socket/websocket").expect("a url");
        let codes = |key: &SecretString, url: &Url| -> Vec<_> {
            let notices = warnings(key, url, 1_000_000_000);
            notices.iter().map(|notice| notice.code()).collect()
        };
        let good = key(r#"{"role":"anon","ref":"abcdefgh","exp":2000000000}"#);
        assert!(codes(&good, &hosted).is_empty());
        let ended = key(r#"{"role":"anon","ref":"abcdefgh","exp":999000000}"#);
        assert_eq!(codes(&ended, &hosted), ["key_expired"]);
        assert!(warnings(&ended, &hosted, 1_000_000_000)[0].text.contains("11 days ago"));
        let other = key(r#"{"role":"anon","ref":"zyxwvuts","exp":2000000000}"#);
        assert_eq!(codes(&other, &hosted), ["key_of_other_project"]);
        assert!(
            codes(&other, &own).is_empty(),
            "the name of a self-hosted server says nothing about its project"
        );
        assert!(codes(&"sb_publishable_x".into(), &hosted).is_empty());
    }
}
