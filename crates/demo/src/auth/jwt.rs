//! Tokens as JWTs: reading anyone's claims, signing and recognising the server's own (HS256).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{hmac, rand::SystemRandom};
use serde_json::{Map, Value};

use super::super::DemoError;

/// The key's name in the head of every token that this server signs.
const KEY_ID: &str = "opswall-demo";

/// The server's secret. It is made at the start and is written nowhere.
pub struct Signer(hmac::Key);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// A new secret.
    pub fn new() -> Result<Self, DemoError> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map(Self)
            .map_err(|_| DemoError::Random)
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Map<String, Value>) -> String {
        let head = format!(r#"{{"alg":"HS256","kid":"{KEY_ID}","typ":"JWT"}}"#);
        let claims = serde_json::to_string(claims).unwrap_or_default();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
        let tag = hmac::sign(&self.0, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether the signature is this server's.
    pub fn has_signed(&self, token: &str) -> bool {
        let Some((signed, signature)) = token.rsplit_once('.') else {
            return false;
        };
        URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|tag| hmac::verify(&self.0, signed.as_bytes(), &tag).is_ok())
    }
}

/// What stands in a token.
#[derive(Debug)]
pub struct Jwt {
    pub claims: Map<String, Value>,
    /// It names this server's key: its signature is to be checked.
    pub is_ours: bool,
}

impl Jwt {
    /// Takes a token apart; `None` for what is none. The signature is not looked at.
    pub fn read(text: &str) -> Option<Self> {
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

    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_its_own_secret_and_text_only() {
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
