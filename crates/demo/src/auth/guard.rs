//! API keys and access tokens: which are good, until when, for whom, and in which words the others are refused.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use serde_json::{Map, Value};

use super::{
    super::{DemoError, Keys},
    jwt::{Jwt, Signer},
};

/// Looks at keys and tokens.
#[derive(Debug)]
pub struct Guard {
    keys: Keys,
    signer: RwLock<Signer>,
}

/// A token that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Seconds since the Unix epoch at which it ends; `None` for keys that do not.
    pub expires: Option<i64>,
    /// The database role: `anon`, `authenticated`, `service_role` or another.
    pub role: String,
    /// The session, where the token is of one.
    pub session: Option<String>,
    /// The user, where the token is of one.
    pub subject: Option<String>,
}

/// A token that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    Malformed,
    Unsigned,
    NoClaims,
    /// So many seconds ago.
    Expired(i64),
}

/// The role of keys that say none.
const ANON: &str = "anon";

impl Guard {
    pub fn new(keys: Keys) -> Result<Self, DemoError> {
        Ok(Self {
            keys,
            signer: RwLock::new(Signer::new()?),
        })
    }

    fn signer(&self) -> RwLockReadGuard<'_, Signer> {
        self.signer.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs claims with the server's secret.
    pub fn sign(&self, claims: &Map<String, Value>) -> String {
        self.signer().sign(claims)
    }

    /// Makes a new secret: every token that was signed before is good no more.
    pub fn rotate(&self) -> Result<(), DemoError> {
        let signer = Signer::new()?;
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = signer;
        Ok(())
    }

    /// Looks at an API key as of `now` (seconds since the Unix epoch).
    pub fn key(&self, text: &str, now: i64) -> Result<Token, TokenError> {
        match &self.keys {
            Keys::Only(keys) if !keys.iter().any(|key| key == text) => {
                Err(Jwt::read(text).map_or(TokenError::Malformed, |_| TokenError::Unsigned))
            }
            _ => self.token(text, now),
        }
    }

    /// Looks at a key or a session token as of `now` (seconds since the Unix epoch). Signatures of others are not
    /// checked where keys are lenient: there is no secret here to check them with. The server's own always are.
    pub fn token(&self, text: &str, now: i64) -> Result<Token, TokenError> {
        let is_key = match &self.keys {
            Keys::Only(keys) => keys.iter().any(|key| key == text),
            Keys::Lenient => text == "demo" || text.starts_with("sb_publishable_"),
        };
        let jwt = Jwt::read(text);
        if is_key {
            let role = jwt.as_ref().and_then(|jwt| jwt.text("role")).unwrap_or(ANON);
            return Ok(Token {
                expires: None,
                role: role.into(),
                session: None,
                subject: None,
            });
        }
        let jwt = jwt.ok_or(TokenError::Malformed)?;
        if (jwt.is_ours || self.keys != Keys::Lenient) && !self.signer().has_signed(text) {
            return Err(TokenError::Unsigned);
        }
        let role = jwt.text("role").unwrap_or_default();
        let Some(expires) = jwt
            .claims
            .get("exp")
            .and_then(Value::as_f64)
            .filter(|_| !role.is_empty())
        else {
            return Err(TokenError::NoClaims);
        };
        let expires = expires.round() as i64;
        if expires <= now {
            return Err(TokenError::Expired(now.saturating_sub(expires)));
        }
        Ok(Token {
            expires: Some(expires),
            role: role.into(),
            session: jwt.text("session_id").map(Into::into),
            subject: jwt.text("sub").map(Into::into),
        })
    }
}

impl TokenError {
    /// In the body of a refused handshake.
    pub fn in_handshake(self) -> &'static str {
        match self {
            Self::Malformed => "The token provided is not a valid JWT",
            Self::Unsigned => "Failed to validate JWT signature",
            Self::NoClaims => "Fields `role` and `exp` are required in JWT",
            Self::Expired(_) => "Token has expired",
        }
    }

    /// In the `reason` of a refused join.
    pub fn in_join(self) -> String {
        match self {
            Self::Malformed => "MalformedJWT: The token provided is not a valid JWT".into(),
            Self::Unsigned => "JwtSignatureError: Failed to validate JWT signature".into(),
            Self::NoClaims => "InvalidJWTToken: Fields `role` and `exp` are required in JWT".into(),
            Self::Expired(ago) => format!("InvalidJWTToken: Token has expired {ago} seconds ago"),
        }
    }

    /// In the `system` message of a channel that loses its token.
    pub fn in_system(self) -> String {
        match self {
            Self::Expired(ago) => format!("Token has expired {ago} seconds ago"),
            other => other.in_handshake().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn jwt(claims: &Value) -> String {
        let part = |value: &str| URL_SAFE_NO_PAD.encode(value);
        format!(
            "{}.{}.c2ln",
            part(r#"{"alg":"HS256","typ":"JWT"}"#),
            part(&claims.to_string())
        )
    }

    #[test]
    fn each_key_gets_its_verdict() {
        let guard = Guard::new(Keys::Lenient).expect("a guard");
        let good = jwt(&serde_json::json!({"role":"anon","exp":2_000}));
        let ends = |text: &str| guard.key(text, 1_000).map(|token| token.expires);
        assert_eq!(ends("demo"), Ok(None));
        assert_eq!(ends("sb_publishable_abc"), Ok(None));
        assert_eq!(ends(&good), Ok(Some(2_000)));
        for (text, error) in [
            (String::new(), TokenError::Malformed),
            ("wrong".into(), TokenError::Malformed),
            ("a.b.c".into(), TokenError::Malformed),
            (format!("{good}.x"), TokenError::Malformed),
            (jwt(&serde_json::json!({"role":"anon"})), TokenError::NoClaims),
            (jwt(&serde_json::json!({"exp":2_000})), TokenError::NoClaims),
            (
                jwt(&serde_json::json!({"role":"anon","exp":940})),
                TokenError::Expired(60),
            ),
        ] {
            assert_eq!(ends(&text), Err(error), "{text}");
        }
        let only = Guard::new(Keys::Only(vec!["one".into()])).expect("a guard");
        let ends = |text: &str| only.key(text, 0).map(|token| token.expires);
        assert_eq!(ends("one"), Ok(None));
        assert_eq!(ends("demo"), Err(TokenError::Malformed));
        assert_eq!(ends(&good), Err(TokenError::Unsigned));
    }

    #[test]
    fn the_server_s_own_tokens_are_good_until_the_secret_changes() {
        for keys in [Keys::Lenient, Keys::Only(vec!["one".into()])] {
            let guard = Guard::new(keys).expect("a guard");
            let claims = serde_json::json!({"role":"authenticated","exp":2_000,"sub":"me","session_id":"s"});
            let own = guard.sign(claims.as_object().expect("claims"));
            let token = guard.token(&own, 1_000).expect("good");
            assert_eq!((token.role.as_str(), token.expires), ("authenticated", Some(2_000)));
            assert_eq!(
                (token.subject.as_deref(), token.session.as_deref()),
                (Some("me"), Some("s"))
            );
            assert_eq!(guard.token(&own, 2_003), Err(TokenError::Expired(3)));
            guard.rotate().expect("another secret");
            assert_eq!(guard.token(&own, 1_000), Err(TokenError::Unsigned));
        }
    }
}
