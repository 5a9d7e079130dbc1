//! Tokens identify the client to the server and are shown in no output. The claims of a JWT can be read without its
//! secret.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest token whose claims are read.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// A key or a session token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(Arc<str>);

impl Token {
    /// A token of this text.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text itself, for a header or a frame only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its claims, unverified; `None` when it is no JWT.
    pub fn claims(&self) -> Option<Claims> {
        Claims::read(&self.0)
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(… {} bytes)", self.0.len())
    }
}

/// The claims of a JWT that are used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// The database role that rows are read as.
    pub role: Option<String>,
    /// The id of the user, the claim `sub`; absent in keys.
    pub subject: Option<String>,
    /// End, in seconds since the Unix epoch.
    pub expires: Option<i64>,
    /// The project that an older key was made for.
    pub project: Option<String>,
}

impl Claims {
    /// Reads the middle part of `header.claims.signature`. Nothing is verified: the server does that.
    pub fn read(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || claims.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let text = |name: &str| Some(claims.get(name)?.as_str()?.to_owned());
        // Some issuers write a decimal; the server rounds it.
        let expires = claims
            .get("exp")
            .and_then(|exp| exp.as_i64().or_else(|| Some(exp.as_f64()?.round() as i64)));
        claims.is_object().then(|| Self {
            role: text("role"),
            subject: text("sub"),
            expires,
            project: text("ref"),
        })
    }

    /// Role and user: two tokens of one identity see the same rows.
    pub fn identity(&self) -> String {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}/{}", part(&self.role), part(&self.subject))
    }
}

/// A session token as the Auth endpoint issued it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The access token, which replaces the key in joins and requests.
    pub token: Token,
    /// How long it lasts from now on: the answer's `expires_in`, which does not depend on this machine's clock.
    pub lifetime: Duration,
}

/// Why no session token could be obtained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    /// Only a change of settings or server helps: a wrong password, a revoked session. One sentence with the remedy,
    /// free of secrets.
    Refused(String),
    /// Worth another attempt.
    Unavailable {
        /// What happened.
        text: String,
        /// `Retry-After`, if the server sent one.
        retry_after: Option<Duration>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> Token {
        Token::new(&format!("eyJhbGciOiJIUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)))
    }

    #[test]
    fn claims_are_read_and_what_is_no_jwt_has_none() {
        let claims = jwt(r#"{"role":"authenticated","sub":"u1","exp":4102444800.4,"ref":"abc"}"#)
            .claims()
            .expect("claims");
        assert_eq!(claims.identity(), "authenticated/u1");
        assert_eq!(
            (claims.expires, claims.project.as_deref()),
            (Some(4_102_444_800), Some("abc"))
        );
        for text in ["sb_publishable_x", "demo", "a.b", "a.b.c", "a.b.c.d", ""] {
            assert_eq!(Token::new(text).claims(), None, "{text}");
        }
        assert_eq!(jwt("[1]").claims(), None);
    }

    #[test]
    fn a_token_is_not_shown() {
        assert_eq!(format!("{:?}", Token::new("eyJsecret")), "Token(… 9 bytes)");
    }
}
