//! The accounts that can sign in, and the options of the Auth server.

use std::{fmt, str::FromStr, time::Duration};

use crate::DemoError;

/// A user who can sign in with a password. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The address, in lower case.
    pub email: String,
    /// The password, in the clear: it protects nothing but simulated data.
    pub password: String,
}

impl Account {
    /// Most characters of an e-mail address or a password.
    pub(crate) const MOST_CHARACTERS: usize = 256;

    /// Checks an address and a password.
    ///
    /// # Errors
    /// A sentence that says how to write an account.
    pub fn checked(email: &str, password: &str) -> Result<Self, DemoError> {
        let is_short = |text: &str| !text.is_empty() && text.chars().count() <= Self::MOST_CHARACTERS;
        if !email.contains('@') || !is_short(email) || !is_short(password) {
            return Err(DemoError::Account(
                "an account of the demo feed is an e-mail address, a colon and a password: pass it as --account \
                 me@example.com:password"
                    .into(),
            ));
        }
        Ok(Self {
            email: email.to_lowercase(),
            password: password.into(),
        })
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// `email:password`
impl FromStr for Account {
    type Err = DemoError;

    fn from_str(text: &str) -> Result<Self, DemoError> {
        let (email, password) = text.split_once(':').unwrap_or((text, ""));
        Self::checked(email, password)
    }
}

/// How the Auth server behaves. By default there are no accounts.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthOptions {
    /// The accounts at the start.
    pub accounts: Vec<Account>,
    /// Life of a session token, at least a second. Hosted projects have an hour.
    pub lifetime: Duration,
    /// How long a used refresh token is accepted once more, for clients that did not get the answer.
    pub reuse_interval: Duration,
    /// Whether the token before the current one is always accepted, as on a real server, or only within the interval.
    pub forgives_parent: bool,
    /// How refused sign-ins are worded.
    pub errors: ErrorShape,
}

impl Default for AuthOptions {
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            lifetime: Duration::from_secs(3_600),
            reuse_interval: Duration::from_secs(10),
            forgives_parent: false,
            errors: ErrorShape::Coded,
        }
    }
}

/// The two formats in which servers refuse a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// `{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}`
    #[default]
    Coded,
    /// `{"error":"invalid_grant","error_description":"Invalid login credentials"}`, used until 2024.
    OAuth,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_parsed_and_its_password_is_not_shown() {
        let account: Account = "Me@Example.com:pass:word".parse().expect("an account");
        assert_eq!(
            (account.email.as_str(), account.password.as_str()),
            ("me@example.com", "pass:word")
        );
        let options = AuthOptions {
            accounts: vec![account],
            ..AuthOptions::default()
        };
        assert!(!format!("{options:?}").contains("word"), "{options:?}");
        for bad in ["", "me@example.com", "me:word", "me@example.com:", ":word"] {
            let error = bad.parse::<Account>().expect_err(bad).to_string();
            assert!(error.contains("--account"), "{error}");
        }
    }
}
