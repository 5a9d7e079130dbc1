//! Users, their sessions and refresh tokens. Every call carries the time.

use std::collections::{BTreeMap, VecDeque};

use ring::{
    digest::{SHA256, digest},
    rand::{SystemRandom, generate},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Account, AuthOptions, Guard, api::AuthError};

/// The users that can sign in, and the sessions of those who have.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// Users and lifetimes.
    pub(crate) options: AuthOptions,
    users: BTreeMap<String, User>,
    /// Oldest first.
    sessions: VecDeque<Session>,
}

#[derive(Debug)]
struct User {
    id: Uuid,
    account: Account,
    /// When the account was added, in microseconds since the Unix epoch.
    created: i64,
    /// When it last signed in, in microseconds since the Unix epoch.
    signed_in: i64,
}

#[derive(Debug)]
struct Session {
    id: Uuid,
    email: String,
    /// Microseconds since the Unix epoch.
    started: i64,
    /// Oldest first. The last one is current, the others were used.
    tokens: VecDeque<Refresh>,
    is_revoked: bool,
}

struct Refresh {
    text: String,
    /// When it was first used, in microseconds since the Unix epoch.
    used: Option<i64>,
}

impl std::fmt::Debug for Refresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refresh")
            .field("used", &self.used)
            .finish_non_exhaustive()
    }
}

/// Most accounts; further ones are refused.
const MAX_ACCOUNTS: usize = 1_000;
/// Most sessions; the oldest are ended.
const MAX_SESSIONS: usize = 1_000;
/// Most refresh tokens remembered for a session; the oldest are forgotten.
const MAX_TOKENS: usize = 64;
/// Microseconds of a second.
const MICROS: i64 = 1_000_000;

impl Sessions {
    /// Starts with the accounts of the options.
    pub(crate) fn new(mut options: AuthOptions, now: i64) -> Self {
        let accounts = std::mem::take(&mut options.accounts);
        let mut sessions = Self {
            options,
            users: BTreeMap::new(),
            sessions: VecDeque::new(),
        };
        for account in accounts {
            sessions.add(account, now);
        }
        sessions
    }

    /// Adds an account, or sets the password of an existing one. Returns false when there are too many.
    pub(crate) fn add(&mut self, account: Account, now: i64) -> bool {
        let email = account.email.to_lowercase();
        if let Some(user) = self.users.get_mut(&email) {
            user.account = account;
            return true;
        }
        if self.users.len() >= MAX_ACCOUNTS {
            return false;
        }
        // The same address has the same id on every server.
        let mut id = [0; 16];
        for (byte, hashed) in id.iter_mut().zip(digest(&SHA256, email.as_bytes()).as_ref()) {
            *byte = *hashed;
        }
        let user = User {
            id: uuid::Builder::from_random_bytes(id).into_uuid(),
            account,
            created: now,
            signed_in: now,
        };
        self.users.insert(email, user);
        true
    }

    /// Removes an account and ends its sessions. Returns whether it existed.
    pub(crate) fn remove(&mut self, email: &str) -> bool {
        let email = email.to_lowercase();
        self.sessions.retain(|session| session.email != email);
        self.users.remove(&email).is_some()
    }

    /// Ends every session, so that their refresh tokens are not found any more. Returns the number of sessions.
    pub(crate) fn revoke(&mut self) -> usize {
        let count = self.sessions.len();
        self.sessions.clear();
        count
    }

    /// Signs in with a password.
    pub(super) fn sign_in(&mut self, email: &str, password: &str, guard: &Guard, now: i64) -> Result<Value, AuthError> {
        let email = email.to_lowercase();
        let user = self.users.get_mut(&email).ok_or(AuthError::CREDENTIALS)?;
        if user.account.password != password {
            return Err(AuthError::CREDENTIALS);
        }
        user.signed_in = now;
        let first = Refresh {
            text: refresh_token()?,
            used: None,
        };
        let session = Session {
            id: uuid::Builder::from_random_bytes(random()?).into_uuid(),
            email,
            started: now,
            tokens: [first].into(),
            is_revoked: false,
        };
        if self.sessions.len() >= MAX_SESSIONS {
            self.sessions.pop_front();
        }
        self.sessions.push_back(session);
        let mut grant = self.grant(self.sessions.len() - 1, guard, now)?;
        grant.insert("weak_password".into(), Value::Null);
        Ok(Value::Object(grant))
    }

    /// Exchanges a refresh token for the next one.
    pub(super) fn refresh(&mut self, text: &str, guard: &Guard, now: i64) -> Result<Value, AuthError> {
        let place = self.sessions.iter().enumerate().find_map(|(at, session)| {
            let token = session.tokens.iter().position(|token| token.text == text)?;
            Some((at, token))
        });
        let (at, token) = place.ok_or(AuthError::NOT_FOUND)?;
        let reuse = i64::try_from(self.options.reuse_interval.as_micros()).unwrap_or(i64::MAX);
        let forgives_parent = self.options.forgives_parent;
        let session = self.sessions.get_mut(at).ok_or(AuthError::NOT_FOUND)?;
        if session.is_revoked {
            return Err(AuthError::ALREADY_USED);
        }
        let is_parent = token + 2 == session.tokens.len();
        let used = session.tokens.get(token).and_then(|token| token.used);
        match used {
            None => {
                let next = Refresh {
                    text: refresh_token()?,
                    used: None,
                };
                if let Some(token) = session.tokens.get_mut(token) {
                    token.used = Some(now);
                }
                if session.tokens.len() >= MAX_TOKENS {
                    session.tokens.pop_front();
                }
                session.tokens.push_back(next);
            }
            // The client did not get the answer, so it is given the current token once more.
            Some(used) if now.saturating_sub(used) <= reuse || (forgives_parent && is_parent) => {}
            // A second use may be a stolen token, so the whole session ends.
            Some(_) => {
                session.is_revoked = true;
                return Err(AuthError::ALREADY_USED);
            }
        }
        self.grant(at, guard, now).map(Value::Object)
    }

    /// The grant for a session: an access token and the current refresh token.
    fn grant(&self, at: usize, guard: &Guard, now: i64) -> Result<Map<String, Value>, AuthError> {
        let session = self.sessions.get(at).ok_or(AuthError::UNEXPECTED)?;
        let refresh = session.tokens.back().ok_or(AuthError::UNEXPECTED)?;
        let user = self.users.get(&session.email).ok_or(AuthError::UNEXPECTED)?;
        let lifetime = i64::try_from(self.options.lifetime.as_secs())
            .unwrap_or(i64::MAX)
            .max(1);
        let issued = now.div_euclid(MICROS);
        // Counted from the next full second, so that a token of one second lives for at least one.
        let expires = (now + MICROS - 1).div_euclid(MICROS).saturating_add(lifetime);
        let claims = json!({
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": session.started.div_euclid(MICROS)}],
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "aud": "authenticated",
            "email": user.account.email,
            "exp": expires,
            "iat": issued,
            "is_anonymous": false,
            "iss": "opswall-demo/auth/v1",
            "phone": "",
            "role": "authenticated",
            "session_id": session.id.to_string(),
            "sub": user.id.to_string(),
            "user_metadata": {},
        });
        let token = guard.sign(claims.as_object().ok_or(AuthError::UNEXPECTED)?);
        let grant = json!({
            "access_token": token,
            "token_type": "bearer",
            "expires_in": lifetime,
            "expires_at": expires,
            "refresh_token": refresh.text,
            "user": user.to_json(),
        });
        match grant {
            Value::Object(grant) => Ok(grant),
            _ => Err(AuthError::UNEXPECTED),
        }
    }

    /// The user of a session, as JSON.
    pub(super) fn user(&self, session: &str) -> Option<Value> {
        let session = self.find(session)?;
        self.users.get(&session.email).map(User::to_json)
    }

    /// Ends one session.
    pub(super) fn sign_out(&mut self, session: &str) {
        self.sessions.retain(|known| known.id.to_string() != session);
    }

    fn find(&self, session: &str) -> Option<&Session> {
        self.sessions
            .iter()
            .find(|known| !known.is_revoked && known.id.to_string() == session)
    }
}

impl User {
    fn to_json(&self) -> Value {
        let time =
            |micros| jiff::Timestamp::from_microsecond(micros).map_or_else(|_| String::new(), |time| time.to_string());
        json!({
            "id": self.id.to_string(),
            "aud": "authenticated",
            "role": "authenticated",
            "email": self.account.email,
            "email_confirmed_at": time(self.created),
            "confirmed_at": time(self.created),
            "phone": "",
            "last_sign_in_at": time(self.signed_in),
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {},
            "identities": [],
            "created_at": time(self.created),
            "updated_at": time(self.signed_in),
            "is_anonymous": false,
        })
    }
}

fn random<const N: usize>() -> Result<[u8; N], AuthError>
where
    [u8; N]: ring::rand::RandomlyConstructable,
{
    match generate(&SystemRandom::new()) {
        Ok(random) => Ok(random.expose()),
        Err(_) => Err(AuthError::UNEXPECTED),
    }
}

/// A new refresh token with the length of real ones.
fn refresh_token() -> Result<String, AuthError> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bytes: [u8; 12] = random()?;
    let letter = |byte: u8| char::from(*LETTERS.get(usize::from(byte & 31)).unwrap_or(&b'a'));
    Ok(bytes.into_iter().map(letter).collect())
}
