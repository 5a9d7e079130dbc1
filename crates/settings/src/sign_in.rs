//! How a user signs in: with e-mail and password, or with a refresh token.

use std::path::PathBuf;

use secrecy::ExposeSecret as _;

use crate::{SettingsError, layers::Set, secret_file::SecretFile, table::Values};
use realtime::Claims;

/// Longest e-mail address (RFC 5321).
const MAX_EMAIL_BYTES: usize = 254;

/// The way in which a user signs in.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// E-mail and password.
    Password {
        /// The user's address.
        email: String,
        /// The password.
        password: SecretFile,
    },
    /// A refresh token, which the server replaces at each use.
    RefreshToken(SecretFile),
}

impl SignIn {
    /// The file that contains the secret.
    pub fn file(&self) -> &SecretFile {
        match self {
            Self::Password { password: file, .. } | Self::RefreshToken(file) => file,
        }
    }
}

/// The one way that is set; `None` when none is. Both are an error.
pub(crate) fn decide(values: &Values) -> Result<Option<SignIn>, SettingsError> {
    let parts = (
        values.email.given(),
        values.password_file.given(),
        values.refresh_token_file.given(),
    );
    let sign_in = match parts {
        (None, None, None) => return Ok(None),
        (None, None, Some(path)) => SignIn::RefreshToken(refresh_token(&path)?),
        (Some(email), Some(path), None) => SignIn::Password {
            email: checked(&email)?,
            password: SecretFile::read("the password file", path.value)?,
        },
        (Some(email), None, None) => {
            return Err(SettingsError::refused(
                email.origin.subject("email"),
                "is set without a password: give --password-file, or a --refresh-token-file instead of both",
            ));
        }
        (None, Some(path), None) => {
            return Err(SettingsError::refused(
                path.origin.subject("password_file"),
                "is set without an e-mail address: give --email, or a --refresh-token-file instead of both",
            ));
        }
        (_, _, Some(path)) => {
            return Err(SettingsError::refused(
                path.origin.subject("refresh_token_file"),
                "is given together with an e-mail address or a password file: give one of the two ways to sign in",
            ));
        }
    };
    Ok(Some(sign_in))
}

fn checked(email: &Set<String>) -> Result<String, SettingsError> {
    let text = &email.value;
    let is_address = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && text.len() <= MAX_EMAIL_BYTES
        && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if is_address {
        return Ok(text.clone());
    }
    Err(SettingsError::value(
        email.origin.subject("email"),
        text,
        "an e-mail address, like wall@example.com",
    ))
}

/// Refuses what is often written there by mistake, because the server's refusal would not name the cause.
fn refresh_token(path: &Set<PathBuf>) -> Result<SecretFile, SettingsError> {
    let file = SecretFile::read("the refresh token file", path.value.clone())?;
    let token = file.secret().expose_secret().trim();
    let subject = || {
        format!(
            "{} {}",
            path.origin.subject("refresh_token_file"),
            file.path().display()
        )
    };
    if token.starts_with("sb_") || Claims::read(token).is_some() {
        return Err(SettingsError::refused(
            subject(),
            "contains a key or a session token: write the refresh_token of a sign-in into it",
        ));
    }
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(SettingsError::refused(
            subject(),
            "contains characters that no refresh token has: write the refresh_token of a sign-in into its first line",
        ));
    }
    Ok(file)
}
