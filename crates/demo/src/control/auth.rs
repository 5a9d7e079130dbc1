//! Accounts, tokens and the secret behind them.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    super::{Account, ErrorShape, hub::now_micros},
    Control, DAY, DemoError,
};

impl Control {
    /// Adds an account, or gives one that is there another password.
    ///
    /// # Errors
    /// When there are too many.
    pub fn account(&self, account: Account) -> Result<(), DemoError> {
        if self.hub.lock().sessions.add(account, now_micros()) {
            Ok(())
        } else {
            Err(DemoError::Account(
                "the demo feed keeps at most 1000 accounts: take one away".into(),
            ))
        }
    }

    /// Takes an account away and ends its sessions; false when there is none.
    pub fn remove_account(&self, email: &str) -> bool {
        self.hub.lock().sessions.remove(email)
    }

    /// Life of the session tokens that are given out from now on: a second at least, a year at most.
    pub fn token_lifetime(&self, lifetime: Duration) {
        self.hub.lock().sessions.options.lifetime = lifetime.clamp(Duration::from_secs(1), DAY * 366);
    }

    /// For so long a used refresh token is good once more.
    pub fn reuse_interval(&self, interval: Duration) {
        self.hub.lock().sessions.options.reuse_interval = interval.min(DAY);
    }

    /// How refusals are worded.
    pub fn auth_errors(&self, shape: ErrorShape) {
        self.hub.lock().sessions.options.errors = shape;
    }

    /// Forgets every session: refresh tokens are not found from here on. Answers how many there were.
    pub fn revoke_sessions(&self) -> usize {
        self.hub.lock().sessions.revoke()
    }

    /// A token with these claims, signed with the server's secret.
    pub fn sign(&self, claims: &Map<String, Value>) -> String {
        self.hub.guard.sign(claims)
    }

    /// A token of a role that ends `seconds` from now; or ended, where that is negative.
    pub fn token(&self, role: &str, seconds: i64) -> String {
        let now = now_micros().div_euclid(1_000_000);
        let claims = serde_json::json!({
            "role": role, "iat": now, "exp": now.saturating_add(seconds), "sub": role, "aud": role,
        });
        self.sign(claims.as_object().unwrap_or(&Map::new()))
    }

    /// Another secret: every token that was signed before is refused from here on.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn rotate_secret(&self) -> Result<(), DemoError> {
        self.hub.guard.rotate()
    }
}
