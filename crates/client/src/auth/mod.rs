//! Signing in: a session token from the Auth endpoints, by password or refresh token (realtime-protocol.md §3).
//!
//! A refresh token is valid once. Its successor is written to the file before the session receives the answer, so that a
//! crash does not lose the only valid token.

mod answer;

use std::{sync::Arc, time::Duration};

use reqwest::header;
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::{
    sync::Mutex,
    task::{self, JoinHandle},
    time::{Instant, timeout},
};

use self::answer::GrantedSession;
use crate::http::{self, BodyError, HttpRefusal};
use model::{Notice, NoticeKind};
use realtime::{Grant, TokenError};
use settings::{Auth, SecretFile, SignIn, bypasses_row_security};

/// Deadline of one request, from its start to the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(15);
/// Longest wait for the password or token file. What was last read from it is used after that.
const FILE_DEADLINE: Duration = Duration::from_secs(3);
/// Largest answer accepted: a session with everything that an application stores about its user.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The Auth endpoints and the state of the user's session, which clones share.
#[derive(Clone)]
pub(crate) struct Authenticator {
    auth: Auth,
    key: SecretString,
    allow_service_key: bool,
    /// Locked during a sign-in, so that there is one at a time.
    held: Arc<Mutex<HeldToken>>,
}

/// The state of the refresh token.
#[derive(Default)]
struct HeldToken {
    /// The newest token.
    token: Option<SecretString>,
    /// The token that the file held when it was last read or written.
    in_file: Option<SecretString>,
    /// The newest token could not be written, and a notice has reported it.
    is_unsaved: bool,
    notice: Option<Notice>,
    /// A read of the file that has not ended in time.
    reading: Option<JoinHandle<Option<SecretString>>>,
}

/// The outcome of a sign-in.
pub(crate) struct SignInOutcome {
    /// The session token, or why there is none.
    pub(crate) result: Result<Grant, TokenError>,
    /// Reported before the result.
    pub(crate) notice: Option<Notice>,
}

impl Authenticator {
    /// Signs in at the endpoints of `auth`. No request is made yet.
    pub(crate) fn new(auth: Auth, key: SecretString, allow_service_key: bool) -> Self {
        Self {
            auth,
            key,
            allow_service_key,
            held: Arc::default(),
        }
    }

    /// Gets a session token, by the method that the settings name.
    pub(crate) async fn sign_in(self, tls: Arc<ClientConfig>) -> SignInOutcome {
        let mut held = self.held.lock().await;
        let result = match &self.auth.sign_in {
            SignIn::Password { email, password } => self.by_password(&tls, email, password, &mut held).await,
            SignIn::RefreshToken(file) => self.by_token(&tls, file, &mut held).await,
        };
        SignInOutcome {
            result: result.and_then(|grant| self.admitted(grant)),
            notice: held.notice.take(),
        }
    }

    /// Continues the session with its refresh token, which is kept in memory; without one, the password begins a new session.
    async fn by_password(
        &self,
        tls: &ClientConfig,
        email: &str,
        file: &SecretFile,
        held: &mut HeldToken,
    ) -> Result<Grant, TokenError> {
        if let Some(token) = held.token.clone() {
            match self.refresh(tls, &token).await {
                Ok(session) => {
                    held.token = session.refresh_token.or(Some(token));
                    return Ok(session.grant);
                }
                Err(Failure::Spent(why)) => {
                    held.token = None;
                    tracing::info!("the session cannot go on ({why}): signing in again");
                }
                Err(Failure::Final(error)) => return Err(error),
            }
        }
        // The user may have corrected the file since the start.
        let password = held.read(file).await.unwrap_or_else(|| file.secret().clone());
        let body = json!({ "email": email, "password": password.expose_secret() });
        match self.ask(tls, "password", &body, &password).await? {
            Ok(session) => {
                held.token = session.refresh_token;
                Ok(session.grant)
            }
            Err(refusal) => Err(answer::password_refused(&refusal, file.path(), &self.auth.url)),
        }
    }

    /// Signs in with the newest refresh token, and once more if another one was written to the file meanwhile.
    async fn by_token(&self, tls: &ClientConfig, file: &SecretFile, held: &mut HeldToken) -> Result<Grant, TokenError> {
        let mut token = held.newest(file).await;
        let mut is_first = true;
        loop {
            match self.refresh(tls, &token).await {
                Ok(session) => {
                    held.keep(file, session.refresh_token.unwrap_or(token)).await;
                    return Ok(session.grant);
                }
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Spent(why)) => {
                    let newer = held.newest(file).await;
                    if !is_first || is_same(&newer, &token) {
                        return Err(answer::token_spent(&why, file.path()));
                    }
                    (token, is_first) = (newer, false);
                }
            }
        }
    }

    async fn refresh(&self, tls: &ClientConfig, token: &SecretString) -> Result<GrantedSession, Failure> {
        let body = json!({ "refresh_token": token.expose_secret() });
        match self.ask(tls, "refresh_token", &body, token).await {
            Ok(Ok(session)) => Ok(session),
            Ok(Err(refusal)) if answer::is_spent(&refusal) => Err(Failure::Spent(refusal.message)),
            Ok(Err(refusal)) => Err(Failure::Final(answer::refused(&refusal, &self.auth.url))),
            Err(error) => Err(Failure::Final(error)),
        }
    }

    /// Sends one request. The client is new each time, because connections do not live from one sign-in to the next.
    async fn ask(
        &self,
        tls: &ClientConfig,
        grant_type: &str,
        body: &serde_json::Value,
        secret: &SecretString,
    ) -> Result<Result<GrantedSession, HttpRefusal>, TokenError> {
        let mut url = self.auth.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("token");
        }
        url.query_pairs_mut().append_pair("grant_type", grant_type);
        let client = http::client(&self.auth.url, tls, DEADLINE)
            .map_err(|error| answer::unavailable(http::words(error), None))?;
        let asked = Instant::now();
        let request = http::with_credentials(client.post(url), &self.key, None)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(body.to_string());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err(answer::unavailable(http::words(error), None)),
        };
        if !response.status().is_success() {
            let secrets = [self.key.expose_secret(), secret.expose_secret()];
            return Ok(Err(HttpRefusal::read(response, &secrets).await));
        }
        if http::is_web_page(&response) {
            let text = "the Auth address returns a web page; check auth_url".to_owned();
            return Err(answer::unavailable(text, None));
        }
        let answer = http::body(response, MAX_ANSWER_BYTES).await.map_err(|error| {
            let text = match error {
                BodyError::Broken(words) => words,
                BodyError::Slow => "no answer in time".into(),
                BodyError::TooLarge => format!("the answer is larger than {} KiB", MAX_ANSWER_BYTES >> 10),
            };
            answer::unavailable(text, None)
        })?;
        // Counted from the request: the answer may have taken long.
        answer::session(&answer, asked.elapsed(), http::wall_ms()).map(Ok)
    }

    /// Refuses a token that bypasses row-level security, as such a key is refused.
    fn admitted(&self, grant: Grant) -> Result<Grant, TokenError> {
        let role = grant.token.claims().and_then(|claims| claims.role);
        match role.filter(|role| bypasses_row_security(role)) {
            Some(role) if !self.allow_service_key => Err(TokenError::Refused(format!(
                "the user who signs in has the role {role}, which bypasses row-level security: sign in as another \
                 user, or add --allow-service-key if this machine is safe"
            ))),
            _ => Ok(grant),
        }
    }
}

/// Why a refresh failed.
enum Failure {
    /// The token is used up or was withdrawn: another one, or the password, may work.
    Spent(String),
    Final(TokenError),
}

impl HeldToken {
    /// Reads the file on a blocking thread, because it may be slow: a network drive, or a pipe without a writer. `None`
    /// when it cannot be read in time.
    async fn read(&mut self, file: &SecretFile) -> Option<SecretString> {
        if let Some(earlier) = &self.reading {
            // At most one thread waits for the file.
            if !earlier.is_finished() {
                return None;
            }
            // Its result may be older than the present content of the file.
            self.reading = None;
        }
        let place = file.clone();
        let reading = self
            .reading
            .insert(task::spawn_blocking(move || place.read_again().ok()));
        let secret = timeout(FILE_DEADLINE, &mut *reading).await.ok()?;
        self.reading = None;
        secret.ok()?
    }

    /// The file's token if it has changed, because a user who writes one expects it to be used; otherwise the newest known
    /// token.
    async fn newest(&mut self, file: &SecretFile) -> SecretString {
        let in_file = self.read(file).await;
        let in_file: Option<SecretString> = in_file.map(|text| text.expose_secret().trim().into());
        if let Some(in_file) = in_file
            && !self.in_file.as_ref().is_some_and(|known| is_same(known, &in_file))
        {
            self.token = Some(in_file.clone());
            self.in_file = Some(in_file);
        }
        self.token
            .clone()
            .unwrap_or_else(|| file.secret().expose_secret().trim().into())
    }

    /// Writes the token to the file, if it is not the one that the file holds.
    async fn keep(&mut self, file: &SecretFile, token: SecretString) {
        self.token = Some(token.clone());
        if self.in_file.as_ref().is_some_and(|known| is_same(known, &token)) {
            return;
        }
        let (place, secret) = (file.clone(), token.clone());
        // Writing may be slow; it must not block the network thread.
        let written = match task::spawn_blocking(move || place.replace(&secret)).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(_) => Err("writing was interrupted".into()),
        };
        match written {
            Ok(()) => {
                self.in_file = Some(token);
                self.is_unsaved = false;
            }
            Err(_) if self.is_unsaved => {}
            Err(problem) => {
                self.is_unsaved = true;
                self.notice = Some(Notice {
                    kind: NoticeKind::TokenUnsaved,
                    text: format!(
                        "The new refresh token cannot be written to {} ({problem}) and is lost when opswall stops; \
                         make the file and its folder writable",
                        file.path().display()
                    ),
                });
            }
        }
    }
}

fn is_same(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}
