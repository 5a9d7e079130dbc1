//! What a connection needs to know: where, with which key, at which pace.

use std::{sync::Arc, time::Duration};

use ::url::Url;
use secrecy::SecretString;

use crate::{form::Words, sign_in::SignIn, url};
use model::{Backoff, Mapping};
use realtime::Vsn;

/// Everything the net worker takes from the settings.
#[derive(Debug, Clone)]
pub struct FeedSettings {
    /// `ws://` or `wss://` up to and including `/websocket`, without a query.
    pub realtime_url: Url,
    /// Base of the REST interface, `…/rest/v1`, no slash at its end; `None`: stream only.
    pub rest_url: Option<Url>,
    /// Publishable or anon key: query parameter of the socket, header of REST.
    pub key: SecretString,
    /// Who signs in, and where; `None`: nobody, the key alone reads.
    pub auth: Option<Auth>,
    /// Take a session token whose role bypasses row-level security.
    pub allow_service_key: bool,
    pub vsn: Vsn,
    pub backoff: Backoff,
    pub heartbeat_interval: Duration,
    /// Re-read the tables this often even when nothing seems wrong; `None` never.
    pub reconcile_interval: Option<Duration>,
    /// Compare row counts and newest changes this often between two reconciles; `None` never.
    pub audit_interval: Option<Duration>,
    /// Changes a second, averaged over a minute, from which the server may drop changes without a word; `None`: it
    /// does not.
    pub change_limit: Option<u32>,
    /// Age at which a connection without a signed-in user is replaced before the server cuts it; `None` never.
    pub replace_connection: Option<Duration>,
    pub mapping: Arc<Mapping>,
}

/// The Auth endpoints and the way to sign in there.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Base of the Auth endpoints, `…/auth/v1`, no slash at its end.
    pub url: Url,
    pub sign_in: SignIn,
}

impl FeedSettings {
    /// Where the socket goes, as it may be shown: scheme, host, port and path; no query, no user.
    pub fn shown_url(&self) -> String {
        url::shown(&self.realtime_url)
    }
}

impl Words for Vsn {
    const ALL: &'static [Self] = &[Self::V1, Self::V2];

    fn word(self) -> &'static str {
        self.as_str()
    }
}
