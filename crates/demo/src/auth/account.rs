//! Who may sign in, for how long, and in which words the others are turned away.

use std::{fmt, str::FromStr, time::Duration};

use super::super::DemoError;

/// Somebody who may sign in with a password. Its text never shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Case does not matter.
    pub email: String,
    pub password: String,
}

impl Account {
    /// Longest e-mail address or password.
    pub const MOST_CHARACTERS: usize = 256;

    /// An account, if it can be one.
    ///
    /// # Errors
    /// A sentence that says how to write it.
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

/// How the Auth face behaves. By default nobody has an account.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthOptions {
    pub accounts: Vec<Account>,
    /// Life of a session token, a second at least. Hosted projects have an hour.
    pub lifetime: Duration,
    /// For so long a refresh token that was used already is good once more, for clients whose answer got lost.
    pub reuse_interval: Duration,
    /// The token before the current one is good at any time, as on a real server; false = within the interval only.
    pub forgives_parent: bool,
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

/// The two ways in which servers word a refused sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// `{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}`
    #[default]
    Coded,
    /// `{"error":"invalid_grant","error_description":"Invalid login credentials"}`, as until 2024.
    OAuth,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_and_its_password_never_shown() {
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
