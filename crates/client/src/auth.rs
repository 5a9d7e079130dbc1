//! Signing in: a session token from the Auth endpoints, by password or refresh token (realtime-protocol.md §3).
//!
//! A refresh token is good once. Its successor is written down before the session hears of the answer, so that no crash
//! loses the only valid one.

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

use super::{
    grant::{self, Session},
    http::{self, BodyError, Refusal},
};
use model::{Notice, NoticeKind};
use realtime::{Grant, TokenError};
use settings::{Auth, SecretFile, SignIn, bypasses_row_security};

/// From request to last byte.
const DEADLINE: Duration = Duration::from_secs(15);
/// Longest wait for the password or token file. What was last read from it is used after that.
const FILE_DEADLINE: Duration = Duration::from_secs(3);
/// Largest answer taken: a session with all that an application keeps about its user.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The Auth endpoints and what is held of the user's session. Clones share it.
#[derive(Clone)]
pub(super) struct Authenticator {
    auth: Auth,
    key: SecretString,
    allow_service_key: bool,
    /// Locked for the length of a sign-in: there is one at a time.
    held: Arc<Mutex<Held>>,
}

/// What is known of the refresh token.
#[derive(Default)]
struct Held {
    /// The newest.
    token: Option<SecretString>,
    /// What the file was last known to hold.
    in_file: Option<SecretString>,
    /// The newest could not be written down, and that was said.
    is_unsaved: bool,
    notice: Option<Notice>,
    /// A read of the file that has not ended in time.
    reading: Option<JoinHandle<Option<SecretString>>>,
}

/// What a sign-in came to.
pub(super) struct Answer {
    pub(super) result: Result<Grant, TokenError>,
    /// To be told before the result.
    pub(super) notice: Option<Notice>,
}

impl Authenticator {
    pub(super) fn new(auth: Auth, key: SecretString, allow_service_key: bool) -> Self {
        Self {
            auth,
            key,
            allow_service_key,
            held: Arc::default(),
        }
    }

    /// Gets a session token, by whatever works.
    pub(super) async fn sign_in(self, tls: Arc<ClientConfig>) -> Answer {
        let mut held = self.held.lock().await;
        let result = match &self.auth.sign_in {
            SignIn::Password { email, password } => self.by_password(&tls, email, password, &mut held).await,
            SignIn::RefreshToken(file) => self.by_token(&tls, file, &mut held).await,
        };
        Answer {
            result: result.and_then(|grant| self.admitted(grant)),
            notice: held.notice.take(),
        }
    }

    /// The session goes on by its refresh token, which is kept in memory; the password begins a new one.
    async fn by_password(
        &self,
        tls: &ClientConfig,
        email: &str,
        file: &SecretFile,
        held: &mut Held,
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
        // Somebody may have corrected the file since the start.
        let password = held.read(file).await.unwrap_or_else(|| file.secret().clone());
        let body = json!({ "email": email, "password": password.expose_secret() });
        match self.ask(tls, "password", &body, &password).await? {
            Ok(session) => {
                held.token = session.refresh_token;
                Ok(session.grant)
            }
            Err(refusal) => Err(grant::password_refused(&refusal, file.path(), &self.auth.url)),
        }
    }

    /// The newest refresh token; once more when somebody has written another into the file meanwhile.
    async fn by_token(&self, tls: &ClientConfig, file: &SecretFile, held: &mut Held) -> Result<Grant, TokenError> {
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
                        return Err(grant::token_spent(&why, file.path()));
                    }
                    (token, is_first) = (newer, false);
                }
            }
        }
    }

    async fn refresh(&self, tls: &ClientConfig, token: &SecretString) -> Result<Session, Failure> {
        let body = json!({ "refresh_token": token.expose_secret() });
        match self.ask(tls, "refresh_token", &body, token).await {
            Ok(Ok(session)) => Ok(session),
            Ok(Err(refusal)) if grant::is_spent(&refusal) => Err(Failure::Spent(refusal.message)),
            Ok(Err(refusal)) => Err(Failure::Final(grant::refused(&refusal, &self.auth.url))),
            Err(error) => Err(Failure::Final(error)),
        }
    }

    /// One request. The client is a new one each time: between two sign-ins every connection has died.
    async fn ask(
        &self,
        tls: &ClientConfig,
        grant_type: &str,
        body: &serde_json::Value,
        secret: &SecretString,
    ) -> Result<Result<Session, Refusal>, TokenError> {
        let mut url = self.auth.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("token");
        }
        url.query_pairs_mut().append_pair("grant_type", grant_type);
        let client = http::client(&self.auth.url, tls, DEADLINE)
            .map_err(|error| grant::unavailable(http::words(error), None))?;
        let asked = Instant::now();
        let request = http::with_credentials(client.post(url), &self.key, None)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(body.to_string());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err(grant::unavailable(http::words(error), None)),
        };
        if !response.status().is_success() {
            let secrets = [self.key.expose_secret(), secret.expose_secret()];
            return Ok(Err(Refusal::read(response, &secrets).await));
        }
        if http::is_web_page(&response) {
            let text = "the Auth address returns a web page; check auth_url".to_owned();
            return Err(grant::unavailable(text, None));
        }
        let answer = http::body(response, MAX_ANSWER_BYTES).await.map_err(|error| {
            let text = match error {
                BodyError::Broken(words) => words,
                BodyError::Slow => "no answer in time".into(),
                BodyError::TooLarge => format!("the answer is larger than {} KiB", MAX_ANSWER_BYTES >> 10),
            };
            grant::unavailable(text, None)
        })?;
        // Counted from the question: the answer may have been long on its way.
        grant::session(&answer, asked.elapsed(), http::wall_ms()).map(Ok)
    }

    /// A token that bypasses row-level security is refused as such a key is.
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

/// Why a refresh brought no session.
enum Failure {
    /// The token is used up or was withdrawn: another one, or the password, may work.
    Spent(String),
    Final(TokenError),
}

impl Held {
    /// Reads the file, on a thread where it may take its time: it may be on a network drive, or a pipe that nobody
    /// writes to. `None` when it cannot be read, or not in time.
    async fn read(&mut self, file: &SecretFile) -> Option<SecretString> {
        if let Some(earlier) = &self.reading {
            // At most one thread waits for the file.
            if !earlier.is_finished() {
                return None;
            }
            // It began before the present content was known to be needed.
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

    /// The file's token if it is another one than before, otherwise the newest that is known: somebody who writes a
    /// token into the file wants it to be used.
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

    /// Writes the new token down, if it is one.
    async fn keep(&mut self, file: &SecretFile, token: SecretString) {
        self.token = Some(token.clone());
        if self.in_file.as_ref().is_some_and(|known| is_same(known, &token)) {
            return;
        }
        let (place, secret) = (file.clone(), token.clone());
        // The disk may take its time; the socket is read meanwhile.
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
