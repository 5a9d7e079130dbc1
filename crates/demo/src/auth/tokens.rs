//! API keys and access tokens: which are accepted, until when and for whom, and how the others are refused.

use std::{
    fmt,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{hmac, rand::SystemRandom};
use serde_json::{Map, Value};

use crate::{DemoError, Keys};

/// Checks keys and tokens, and signs the server's own.
#[derive(Debug)]
pub(crate) struct Guard {
    keys: Keys,
    signer: RwLock<Signer>,
}

/// What an accepted token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// When it expires, in seconds since the Unix epoch; `None` for keys, which do not.
    pub(crate) expires: Option<i64>,
    /// The database role: `anon`, `authenticated`, `service_role` or another.
    pub(crate) role: String,
    /// The session, if the token belongs to one.
    pub(crate) session: Option<String>,
    /// The user, if the token belongs to one.
    pub(crate) subject: Option<String>,
}

/// In whose name a database is read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Caller {
    /// The database role.
    pub(crate) role: String,
    /// The claims of the token as JSON, which policies read.
    pub(crate) claims: String,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl Caller {
    /// The caller with an accepted key or token. A key that is not a JWT claims its role only.
    pub(crate) fn new(text: &str, role: &str) -> Self {
        let mut claims = Jwt::read(text).map(|jwt| jwt.claims).unwrap_or_default();
        claims.insert("role".into(), role.into());
        Self {
            role: role.into(),
            claims: Value::Object(claims).to_string(),
        }
    }
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// It is not a JWT.
    Malformed,
    /// Its signature is not the server's.
    Unsigned,
    /// It lacks `role` or `exp`.
    NoClaims,
    /// It expired this many seconds ago.
    Expired(i64),
}

/// The role of keys that name none.
const ANON: &str = "anon";

impl Guard {
    /// Signs and checks with these keys.
    pub(crate) fn new(keys: Keys) -> Result<Self, DemoError> {
        Ok(Self {
            keys,
            signer: RwLock::new(Signer::new()?),
        })
    }

    fn signer(&self) -> RwLockReadGuard<'_, Signer> {
        self.signer.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs claims with the server's secret.
    pub(crate) fn sign(&self, claims: &Map<String, Value>) -> String {
        self.signer().sign(claims)
    }

    /// Replaces the secret, so that every token signed before is refused.
    pub(crate) fn rotate(&self) -> Result<(), DemoError> {
        let signer = Signer::new()?;
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = signer;
        Ok(())
    }

    /// Checks an API key at `now` (seconds since the Unix epoch).
    pub(crate) fn key(&self, text: &str, now: i64) -> Result<Token, TokenError> {
        match &self.keys {
            Keys::Only(keys) if !keys.iter().any(|key| key == text) => {
                Err(Jwt::read(text).map_or(TokenError::Malformed, |_| TokenError::Unsigned))
            }
            _ => self.token(text, now),
        }
    }

    /// Checks a key or a session token at `now` (seconds since the Unix epoch). The server's own signatures are always
    /// checked. With lenient keys, other signatures are not, because their secret is unknown here.
    pub(crate) fn token(&self, text: &str, now: i64) -> Result<Token, TokenError> {
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
    /// The text in the body of a refused handshake.
    pub(crate) fn in_handshake(self) -> &'static str {
        match self {
            Self::Malformed => "The token provided is not a valid JWT",
            Self::Unsigned => "Failed to validate JWT signature",
            Self::NoClaims => "Fields `role` and `exp` are required in JWT",
            Self::Expired(_) => "Token has expired",
        }
    }

    /// The `reason` of a refused join.
    pub(crate) fn in_join(self) -> String {
        match self {
            Self::Malformed => "MalformedJWT: The token provided is not a valid JWT".into(),
            Self::Unsigned => "JwtSignatureError: Failed to validate JWT signature".into(),
            Self::NoClaims => "InvalidJWTToken: Fields `role` and `exp` are required in JWT".into(),
            Self::Expired(ago) => format!("InvalidJWTToken: Token has expired {ago} seconds ago"),
        }
    }

    /// The `system` message of a channel whose token is refused.
    pub(crate) fn in_system(self) -> String {
        match self {
            Self::Expired(ago) => format!("Token has expired {ago} seconds ago"),
            other => other.in_handshake().into(),
        }
    }
}

/// The key id in the header of every token that this server signs.
const KEY_ID: &str = "opswall-demo";

/// The server's secret. It is generated at the start, stored nowhere, and not shown by `Debug`.
struct Signer(hmac::Key);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// A new secret.
    fn new() -> Result<Self, DemoError> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map(Self)
            .map_err(|_| DemoError::Random)
    }

    /// A signed token with these claims (HS256).
    fn sign(&self, claims: &Map<String, Value>) -> String {
        let head = format!(r#"{{"alg":"HS256","kid":"{KEY_ID}","typ":"JWT"}}"#);
        let claims = serde_json::to_string(claims).unwrap_or_default();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
        let tag = hmac::sign(&self.0, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether the signature is this server's.
    fn has_signed(&self, token: &str) -> bool {
        let Some((signed, signature)) = token.rsplit_once('.') else {
            return false;
        };
        URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|tag| hmac::verify(&self.0, signed.as_bytes(), &tag).is_ok())
    }
}

/// A token's content, before its signature is checked.
struct Jwt {
    claims: Map<String, Value>,
    /// Its header names this server's key, so its signature must be checked.
    is_ours: bool,
}

impl Jwt {
    /// Decodes a token; `None` when it is not a JWT. The signature is not checked.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (head, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || signature.is_empty() {
            return None;
        }
        let read = |part: &str| serde_json::from_slice::<Map<String, Value>>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        let head = read(head)?;
        Some(Self {
            claims: read(claims)?,
            is_ours: head.get("kid").and_then(Value::as_str) == Some(KEY_ID),
        })
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }
}

#[cfg(test)]
mod tests {
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
    fn keys_are_accepted_or_refused_with_the_reason() {
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
    fn own_tokens_are_accepted_until_the_secret_changes() {
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

    #[test]
    fn a_signature_holds_for_its_own_secret_and_text_only() {
        let (one, other) = (Signer::new().expect("a secret"), Signer::new().expect("a secret"));
        let claims = Map::from_iter([("role".to_owned(), Value::from("anon"))]);
        let token = one.sign(&claims);
        assert!(one.has_signed(&token) && !other.has_signed(&token));
        let jwt = Jwt::read(&token).expect("a token");
        assert!(jwt.is_ours);
        assert_eq!(jwt.text("role"), Some("anon"));
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        assert!(!one.has_signed(&format!("{signed}A.{signature}")));
        for bad in ["", "a", "a.b", "a.b.c", "....", &token[1..]] {
            assert!(!one.has_signed(bad), "{bad}");
        }
        assert!(!format!("{one:?}").contains("Key("));
    }
}
