//! API keys and access tokens: which are good, until when, and in which words the others are refused.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::super::Keys;

/// A token that is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Seconds since the Unix epoch at which it ends; `None` for keys that do not.
    pub expires: Option<i64>,
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

impl Token {
    /// Looks at a key or token as of `now` (seconds since the Unix epoch). Signatures are not checked: there is no
    /// secret here to check them with.
    pub fn check(keys: &Keys, text: &str, now: i64) -> Result<Self, TokenError> {
        match keys {
            Keys::Only(keys) if keys.iter().any(|key| key == text) => return Ok(Self { expires: None }),
            Keys::Lenient if text == "demo" || text.starts_with("sb_publishable_") => {
                return Ok(Self { expires: None });
            }
            _ => {}
        }
        let claims = claims(text).ok_or(TokenError::Malformed)?;
        if let Keys::Only(_) = keys {
            return Err(TokenError::Unsigned);
        }
        let role = claims.get("role").and_then(Value::as_str).unwrap_or_default();
        let Some(expires) = claims.get("exp").and_then(Value::as_f64).filter(|_| !role.is_empty()) else {
            return Err(TokenError::NoClaims);
        };
        let expires = expires.round() as i64;
        if expires <= now {
            return Err(TokenError::Expired(now - expires));
        }
        Ok(Self { expires: Some(expires) })
    }
}

fn claims(text: &str) -> Option<Value> {
    let mut parts = text.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || signature.is_empty() {
        return None;
    }
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    read(header).filter(Value::is_object)?;
    read(payload).filter(Value::is_object)
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
        let good = jwt(&serde_json::json!({"role":"anon","exp":2_000}));
        let check = |text: &str| Token::check(&Keys::Lenient, text, 1_000);
        assert_eq!(check("demo"), Ok(Token { expires: None }));
        assert_eq!(check("sb_publishable_abc"), Ok(Token { expires: None }));
        assert_eq!(check(&good), Ok(Token { expires: Some(2_000) }));
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
            assert_eq!(check(&text), Err(error), "{text}");
        }
        let only = Keys::Only(vec!["one".into()]);
        assert_eq!(Token::check(&only, "one", 0), Ok(Token { expires: None }));
        assert_eq!(Token::check(&only, "demo", 0), Err(TokenError::Malformed));
        assert_eq!(Token::check(&only, &good, 0), Err(TokenError::Unsigned));
    }
}
