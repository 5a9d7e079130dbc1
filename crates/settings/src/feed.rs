//! Settings of a connection: its URLs, key, sign-in and intervals.

use std::{sync::Arc, time::Duration};

use ::url::Url;
use secrecy::SecretString;

use crate::{SettingsError, form::Words, mapping, sign_in::SignIn, url};
use model::{Backoff, Mapping, SourceMapping};
use realtime::Vsn;

/// What a connection needs: addresses, key, sign-in, intervals and the tables.
#[derive(Debug, Clone)]
pub struct FeedSettings {
    /// `ws://` or `wss://` up to and including `/websocket`, without a query.
    pub realtime_url: Url,
    /// Base of the REST interface, `…/rest/v1`, no slash at its end; `None`: stream only.
    pub rest_url: Option<Url>,
    /// Publishable or anon key: query parameter of the socket, header of REST.
    pub key: SecretString,
    /// The sign-in; `None`: requests use the key only.
    pub auth: Option<Auth>,
    /// Whether a session token is accepted whose role bypasses row-level security.
    pub allow_service_key: bool,
    /// Serializer version of the WebSocket.
    pub vsn: Vsn,
    /// The reconnect schedule.
    pub backoff: Backoff,
    /// Interval of heartbeats, and how long an answer may take.
    pub heartbeat_interval: Duration,
    /// Interval of routine resyncs; `None`: never.
    pub reconcile_interval: Option<Duration>,
    /// Longest interval between two audits, which compare row counts and latest changes between two resyncs; `None`: never.
    pub audit_interval: Option<Duration>,
    /// Age of a source's proof from which on Live is not claimed: at least twice the interval of audits and half a minute.
    pub proof_max_age: Duration,
    /// Changes a second, averaged over a minute, from which the server may silently drop changes; `None`: it never
    /// does.
    pub change_limit: Option<u32>,
    /// Whether the channel of Broadcast from the database is joined.
    pub database_broadcast: DatabaseBroadcast,
    /// Age at which a connection without a signed-in user is replaced before the server closes it; `None`: never.
    pub replace_connection: Option<Duration>,
    /// Tables, columns and status words.
    pub mapping: Arc<Mapping>,
    /// No setting names a table: the tables are to be found before the start, and replace those of the mapping.
    pub find_sources: Option<FindSources>,
}

/// What the settings change in sources that are found by themselves.
#[derive(Debug, Clone)]
pub struct FindSources(pub(crate) Arc<mapping::Written>);

impl FindSources {
    /// The schema in which to look: that of the settings, `public` by default.
    pub fn schema(&self) -> &str {
        self.0.schema().unwrap_or("public")
    }

    /// The mapping of sources that were found, with the changes and words of the settings.
    ///
    /// # Errors
    /// A setting names a table that is none of them.
    pub fn mapping(&self, found: Vec<SourceMapping>) -> Result<Mapping, SettingsError> {
        self.0.mapping(Some(found)).map(|(mapping, _)| mapping)
    }
}

/// The Auth endpoints and the way to sign in there.
#[derive(Debug, Clone)]
pub struct Auth {
    /// Base of the Auth endpoints, `…/auth/v1`, no slash at its end.
    pub url: Url,
    /// The way to sign in.
    pub sign_in: SignIn,
}

impl FeedSettings {
    /// The socket's URL without secrets: scheme, host, port and path.
    pub fn shown_url(&self) -> String {
        url::shown(&self.realtime_url)
    }
}

/// Whether changes are followed by Broadcast from the database as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DatabaseBroadcast {
    /// Where the server permits it.
    #[default]
    Auto,
    /// Never.
    Off,
}

impl Words for DatabaseBroadcast {
    const ALL: &'static [Self] = &[Self::Auto, Self::Off];

    fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Off => "off",
        }
    }
}

impl Words for Vsn {
    const ALL: &'static [Self] = &[Self::V1, Self::V2];

    fn word(self) -> &'static str {
        self.as_str()
    }
}
