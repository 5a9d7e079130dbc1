//! The project's key: read, looked at, never shown.

use std::{fs::File, io::Read as _, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};

use super::{SettingsError, origin::Origin, typed::Set};

/// Longer than any key; a file of that size is another file.
const MAX_KEY_BYTES: u64 = 16 * 1_024;

/// Reads a key from a file's first line.
pub(super) fn from_file(path: &Path) -> Result<SecretString, SettingsError> {
    let unreadable = |problem: String| SettingsError::Unreadable {
        what: "the key file",
        path: path.to_owned(),
        problem,
    };
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_KEY_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > MAX_KEY_BYTES {
        return Err(unreadable(format!("it is larger than {MAX_KEY_BYTES} bytes")));
    }
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(line.into()),
        _ => Err(unreadable("its first line is empty".into())),
    }
}

/// Refuses what is no key, and keys that open too much.
pub(super) fn checked(key: Set<SecretString>, allow_service_key: bool) -> Result<Set<SecretString>, SettingsError> {
    let text = key.value.expose_secret();
    let subject = || key.origin.subject("key");
    if text.len() as u64 > MAX_KEY_BYTES || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(SettingsError::refused(
            subject(),
            "holds characters that no key has: copy the publishable key again from the project's API settings",
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

/// `sb_secret_…`, or a JWT of a role that row-level security does not bind.
fn is_service_key(key: &str) -> bool {
    key.starts_with("sb_secret_")
        || jwt_role(key).is_some_and(|role| matches!(role.as_str(), "service_role" | "supabase_admin" | "postgres"))
}

/// The `role` claim of a JWT, unverified.
fn jwt_role(key: &str) -> Option<String> {
    let mut parts = key.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    Some(claims.get("role")?.as_str()?.to_owned())
}

/// What `config` shows in its place.
pub(super) fn masked(key: &SecretString) -> String {
    format!("******** ({} characters)", key.expose_secret().len())
}

/// A key that was given directly.
pub(super) fn direct(text: Set<String>) -> Set<SecretString> {
    text.map(SecretString::from)
}

/// The origin of a key that a file holds is where the file was named.
pub(super) fn in_file(path: &Path, origin: Origin) -> Result<Set<SecretString>, SettingsError> {
    Ok(Set::new(from_file(path)?, origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(role: &str) -> String {
        let payload = URL_SAFE_NO_PAD.encode(format!(r#"{{"role":"{role}","exp":4102444800}}"#));
        format!("eyJhbGciOiJIUzI1NiJ9.{payload}.c2ln")
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
}
