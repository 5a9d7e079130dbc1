//! Accounts at work: who is signed in, and which refresh token is whose. Time comes in with each call.

use std::collections::{BTreeMap, VecDeque};

use ring::rand::{SystemRandom, generate};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Account, AuthOptions, Guard, error::AuthError};

/// Everyone who may sign in, and everyone who has.
#[derive(Debug)]
pub struct Sessions {
    pub options: AuthOptions,
    users: BTreeMap<String, User>,
    /// Oldest first.
    sessions: VecDeque<Session>,
}

#[derive(Debug)]
struct User {
    id: Uuid,
    account: Account,
    /// Microseconds since the Unix epoch.
    created: i64,
    signed_in: i64,
}

#[derive(Debug)]
struct Session {
    id: Uuid,
    email: String,
    started: i64,
    /// Oldest first; the last one is good, the others were used.
    tokens: VecDeque<Refresh>,
    is_revoked: bool,
}

struct Refresh {
    text: String,
    /// When it was used first, in microseconds since the Unix epoch.
    used: Option<i64>,
}

impl std::fmt::Debug for Refresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refresh")
            .field("used", &self.used)
            .finish_non_exhaustive()
    }
}

/// Accounts that a server keeps; the next ones are refused.
const MOST_ACCOUNTS: usize = 1_000;
/// Sessions that a server keeps; the oldest end.
const MOST_SESSIONS: usize = 1_000;
/// Refresh tokens that a session remembers; the oldest are unknown from then on.
const MOST_TOKENS: usize = 64;
const MICROS: i64 = 1_000_000;

impl Sessions {
    /// Takes over the accounts of the options.
    pub fn new(mut options: AuthOptions, now: i64) -> Self {
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

    /// Adds an account, or gives one that is there another password. False when there are too many.
    pub fn add(&mut self, account: Account, now: i64) -> bool {
        let email = account.email.to_lowercase();
        if let Some(user) = self.users.get_mut(&email) {
            user.account = account;
            return true;
        }
        if self.users.len() >= MOST_ACCOUNTS {
            return false;
        }
        // The same address has the same id on every server.
        let hash = email
            .bytes()
            .fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
                (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
            });
        let user = User {
            id: uuid::Builder::from_random_bytes(hash.to_be_bytes()).into_uuid(),
            account,
            created: now,
            signed_in: now,
        };
        self.users.insert(email, user);
        true
    }

    /// Takes an account away, and ends its sessions.
    pub fn remove(&mut self, email: &str) -> bool {
        let email = email.to_lowercase();
        self.sessions.retain(|session| session.email != email);
        self.users.remove(&email).is_some()
    }

    /// Ends every session: refresh tokens are unknown from here on. Answers how many there were.
    pub fn revoke(&mut self) -> usize {
        let count = self.sessions.len();
        self.sessions.clear();
        count
    }

    /// Signs in with a password.
    pub fn sign_in(&mut self, email: &str, password: &str, guard: &Guard, now: i64) -> Result<Value, AuthError> {
        let email = email.to_lowercase();
        let user = self.users.get_mut(&email).ok_or(AuthError::CREDENTIALS)?;
        if user.account.password != password {
            return Err(AuthError::CREDENTIALS);
        }
        user.signed_in = now;
        let first = Refresh {
            text: word()?,
            used: None,
        };
        let session = Session {
            id: uuid::Builder::from_random_bytes(random()?).into_uuid(),
            email,
            started: now,
            tokens: [first].into(),
            is_revoked: false,
        };
        if self.sessions.len() >= MOST_SESSIONS {
            self.sessions.pop_front();
        }
        self.sessions.push_back(session);
        let mut grant = self.grant(self.sessions.len() - 1, guard, now)?;
        grant.insert("weak_password".into(), Value::Null);
        Ok(Value::Object(grant))
    }

    /// Trades a refresh token for the next one.
    pub fn refresh(&mut self, text: &str, guard: &Guard, now: i64) -> Result<Value, AuthError> {
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
                    text: word()?,
                    used: None,
                };
                if let Some(token) = session.tokens.get_mut(token) {
                    token.used = Some(now);
                }
                if session.tokens.len() >= MOST_TOKENS {
                    session.tokens.pop_front();
                }
                session.tokens.push_back(next);
            }
            // The client did not get the answer: it is given the current one once more.
            Some(used) if now.saturating_sub(used) <= reuse || (forgives_parent && is_parent) => {}
            // Somebody else may have it: the whole session ends.
            Some(_) => {
                session.is_revoked = true;
                return Err(AuthError::ALREADY_USED);
            }
        }
        self.grant(at, guard, now).map(Value::Object)
    }

    fn grant(&self, at: usize, guard: &Guard, now: i64) -> Result<Map<String, Value>, AuthError> {
        let session = self.sessions.get(at).ok_or(AuthError::UNEXPECTED)?;
        let refresh = session.tokens.back().ok_or(AuthError::UNEXPECTED)?;
        let user = self.users.get(&session.email).ok_or(AuthError::UNEXPECTED)?;
        let lifetime = i64::try_from(self.options.lifetime.as_secs())
            .unwrap_or(i64::MAX)
            .max(1);
        let issued = now.div_euclid(MICROS);
        // Counted from the next full second, so that a token of one second lives for one at least.
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

    /// Who a session's token belongs to.
    pub fn user(&self, session: &str) -> Option<Value> {
        let session = self.find(session)?;
        self.users.get(&session.email).map(User::to_json)
    }

    /// Ends one session.
    pub fn sign_out(&mut self, session: &str) {
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

/// A new refresh token, of the length that real ones have.
fn word() -> Result<String, AuthError> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bytes: [u8; 12] = random()?;
    let letter = |byte: u8| char::from(*LETTERS.get(usize::from(byte & 31)).unwrap_or(&b'a'));
    Ok(bytes.into_iter().map(letter).collect())
}
