//! What the network thread does before there are sources to follow: it finds them, as often as the settings allow.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use crate::{
    auth::{Authenticator, SignInOutcome},
    config::remedies,
    discover::{DiscoverError, Discovery, discover},
    outbox::Outbox,
    tls::Tls,
};
use model::{
    Mapping, Notice, NoticeKind,
    format::{counted, duration},
    text::sentence,
};
use realtime::{Command, FeedEvent, LinkStatus, StatusReport, Token, TokenError};
use settings::{FeedSettings, FindSources};

/// Without a limit of attempts, a refusal is tried again at this interval: no user may be present to act.
const RECHECK_REFUSAL: Duration = Duration::from_secs(300);

/// The mapping that a worker follows, as soon as it is known: at once where the settings name the tables, and else when
/// they were found, before the first change of a row.
#[derive(Debug, Clone, Default)]
pub struct Followed(Arc<OnceLock<Arc<Mapping>>>);

impl Followed {
    /// A mapping that is known from the start.
    pub(crate) fn known(mapping: Arc<Mapping>) -> Self {
        Self(Arc::new(OnceLock::from(mapping)))
    }

    /// The mapping; `None`: the sources have not been found yet.
    pub fn mapping(&self) -> Option<&Arc<Mapping>> {
        self.0.get()
    }

    fn set(&self, mapping: Arc<Mapping>) {
        // It is set once, by the one finder of a worker.
        let _ = self.0.set(mapping);
    }
}

/// Finds the sources of a project, and reports how it stands as a session would.
pub(crate) struct Finder<'f> {
    pub(crate) settings: &'f mut FeedSettings,
    pub(crate) find: FindSources,
    pub(crate) tls: &'f mut Tls,
    pub(crate) auth: Option<Authenticator>,
    pub(crate) outbox: &'f mut Outbox,
    pub(crate) commands: &'f mut mpsc::Receiver<Command>,
    /// A sign-in that the session need not make again.
    pub(crate) signed_in: Option<SignInOutcome>,
}

/// What ended a wait.
enum Woken {
    /// Its time.
    Due,
    Command(Option<Command>),
}

impl Finder<'_> {
    /// Finds the sources. Returns false when the worker's handle was dropped before.
    pub(crate) async fn run(&mut self, followed: &Followed) -> bool {
        let mut attempt = 0;
        loop {
            self.report(LinkStatus::Connecting, attempt, None, None);
            let tried = tokio::select! {
                tried = attempt_once(self.settings, &self.find, self.tls, self.auth.clone()) => Ok(tried),
                command = self.commands.recv() => Err(command),
            };
            let error = match tried {
                Ok(Tried { result, signed_in }) => {
                    if signed_in.is_some() {
                        self.signed_in = signed_in;
                    }
                    match result {
                        Ok((discovery, mapping)) => {
                            let mapping = Arc::new(mapping);
                            self.settings.mapping = mapping.clone();
                            followed.set(mapping);
                            self.outbox.push(FeedEvent::Notice(discovery.notice()));
                            return true;
                        }
                        Err(error) => error,
                    }
                }
                Err(command) => match self.obey(command) {
                    Next::Connect => {
                        attempt = 0;
                        continue;
                    }
                    Next::Stay => continue,
                    Next::Stop => {
                        if !self.stay_disconnected().await {
                            return false;
                        }
                        attempt = 0;
                        continue;
                    }
                    Next::End => return false,
                },
            };
            attempt += 1;
            match self.wait(&error, attempt).await {
                Next::Connect => attempt = 0,
                Next::Stay => {}
                Next::Stop => {
                    if !self.stay_disconnected().await {
                        return false;
                    }
                    attempt = 0;
                }
                Next::End => return false,
            }
            // Certificates and addresses may have changed.
            let tls = self.tls.clone().renewed().await;
            *self.tls = tls;
        }
    }

    /// Waits for the next attempt, or for the user where there is none.
    async fn wait(&mut self, error: &DiscoverError, attempt: u32) -> Next {
        let since = Instant::now();
        let random = fastrand::f64();
        let mut is_reported = false;
        loop {
            let most = self.settings.backoff.max_attempts;
            let (status, delay) = match error {
                DiscoverError::Refused(_) if most == 0 => (LinkStatus::Error, Some(RECHECK_REFUSAL)),
                DiscoverError::Refused(_) => (LinkStatus::Error, None),
                DiscoverError::Unreachable { retry_after, .. } => {
                    let delay = self.settings.backoff.delay(attempt, random);
                    let least = retry_after.unwrap_or_default();
                    (LinkStatus::Disconnected, delay.map(|delay| delay.max(least)))
                }
            };
            let until = delay.map(|delay| since + delay);
            // The wait begins with its report; later reports say what is left of it.
            let left = match is_reported {
                false => delay,
                true => until.map(|until| until.saturating_duration_since(Instant::now())),
            };
            let reason = match (error, left) {
                (DiscoverError::Unreachable { text, .. }, None) => {
                    let attempts = counted(u64::from(attempt.saturating_sub(1)), "attempt", "attempts");
                    format!("{text}; gave up after {attempts}: {}", remedies().gave_up)
                }
                _ => error.to_string(),
            };
            if !std::mem::replace(&mut is_reported, true) {
                self.outbox
                    .push(FeedEvent::Notice(notice(error, &reason, left, attempt, most)));
            }
            match left {
                Some(_) => self.report(status, attempt, left, Some(reason)),
                None => self.report(LinkStatus::Error, attempt.saturating_sub(1), None, Some(reason)),
            }
            let woken = match until {
                Some(until) => tokio::select! {
                    () = sleep_until(until) => Woken::Due,
                    command = self.commands.recv() => Woken::Command(command),
                },
                None => Woken::Command(self.commands.recv().await),
            };
            match woken {
                Woken::Due => return Next::Stay,
                Woken::Command(command) => match self.obey(command) {
                    // Another schedule: the wait is measured again from its start.
                    Next::Stay => {}
                    next => return next,
                },
            }
        }
    }

    /// The user disconnected. Returns false when the worker's handle was dropped.
    async fn stay_disconnected(&mut self) -> bool {
        let text = "Disconnected. Stays offline until you reconnect.";
        self.outbox
            .push(FeedEvent::Notice(Notice::new(NoticeKind::Disconnected, text)));
        let reason = "disconnected from this screen".to_owned();
        self.report(LinkStatus::Disconnected, 0, None, Some(reason));
        loop {
            let command = self.commands.recv().await;
            match self.obey(command) {
                Next::Connect => return true,
                Next::End => return false,
                Next::Stay | Next::Stop => {}
            }
        }
    }

    fn obey(&mut self, command: Option<Command>) -> Next {
        match command {
            None => Next::End,
            Some(Command::Reconnect) => Next::Connect,
            Some(Command::Disconnect) => Next::Stop,
            Some(Command::Tune(backoff)) => {
                self.settings.backoff = backoff.clamped();
                Next::Stay
            }
        }
    }

    fn report(&mut self, status: LinkStatus, attempt: u32, retry_in: Option<Duration>, reason: Option<String>) {
        self.outbox.push(FeedEvent::Status(StatusReport {
            status,
            attempt,
            max_attempts: self.settings.backoff.max_attempts,
            retry_in_ms: retry_in.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
            reason,
            ..StatusReport::default()
        }));
        self.outbox.publish();
    }
}

/// What the finder does next.
enum Next {
    /// Another attempt, as the first one.
    Connect,
    /// What it was doing.
    Stay,
    /// Nothing until the user reconnects.
    Stop,
    /// The worker's handle was dropped.
    End,
}

/// The outcome of an attempt.
struct Tried {
    result: Result<(Discovery, Mapping), DiscoverError>,
    signed_in: Option<SignInOutcome>,
}

async fn attempt_once(settings: &FeedSettings, find: &FindSources, tls: &Tls, auth: Option<Authenticator>) -> Tried {
    let mut signed_in = None;
    let mut token: Option<Token> = None;
    if let Some(auth) = auth {
        // It is not cancelled: the refresh token may already be used up.
        let signing = tokio::spawn(auth.sign_in(tls.config().clone()));
        let outcome = match signing.await {
            Ok(outcome) => outcome,
            Err(_) => {
                let result = Err(DiscoverError::Unreachable {
                    text: "the sign-in was broken off".into(),
                    retry_after: None,
                });
                return Tried { result, signed_in };
            }
        };
        match &outcome.result {
            Ok(grant) => token = Some(grant.token.clone()),
            Err(TokenError::Refused(text)) => {
                let result = Err(DiscoverError::Refused(text.clone()));
                return Tried { result, signed_in };
            }
            Err(TokenError::Unavailable { text, retry_after }) => {
                let result = Err(DiscoverError::Unreachable {
                    text: text.clone(),
                    retry_after: *retry_after,
                });
                return Tried { result, signed_in };
            }
        }
        signed_in = Some(outcome);
    }
    let result = discover(settings, find, tls.config(), token.as_ref()).await;
    let result = result.and_then(|discovery| {
        let mapping = discovery.mapping(find)?;
        Ok((discovery, mapping))
    });
    Tried { result, signed_in }
}

fn notice(error: &DiscoverError, reason: &str, left: Option<Duration>, attempt: u32, most: u32) -> Notice {
    match (error, left) {
        (DiscoverError::Refused(_), _) => Notice::new(NoticeKind::Refused, format!("{}.", sentence(reason))),
        (DiscoverError::Unreachable { .. }, None) => Notice::new(NoticeKind::GaveUp, format!("{}.", sentence(reason))),
        (DiscoverError::Unreachable { .. }, Some(left)) => {
            let of = match most {
                0 => String::new(),
                most => format!(" of {most}"),
            };
            let text = format!(
                "Not connected ({reason}). Retrying in {} ({attempt}{of}).",
                duration(left)
            );
            Notice::new(NoticeKind::Retrying, text)
        }
    }
}
