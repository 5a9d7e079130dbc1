//! The flags: every setting once, as text. What a text means is decided where all layers meet.

use std::path::PathBuf;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use super::{SettingsError, layer::Layer, mapping, names, origin::Origin, typed::Raw};

/// Every setting as a flag.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct SettingsArgs {
    /// The project's URL
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "The project's URL, like https://abcdefgh.supabase.co"
    )]
    pub url: Option<String>,
    /// Publishable (or anon) key; other users of this machine can see flags: prefer --key-file or the environment
    #[arg(long, global = true, value_name = "KEY")]
    pub key: Option<SecretString>,
    /// File that holds the key on its first line
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<String>,
    /// Realtime socket, instead of the one derived from --url
    #[arg(long, global = true, value_name = "URL")]
    pub realtime_url: Option<String>,
    /// REST interface, instead of the one derived from --url; `none` = the stream alone, no snapshot
    #[arg(long, global = true, value_name = "URL|none")]
    pub rest_url: Option<String>,
    /// Auth endpoints, instead of the ones derived from --url
    #[arg(long, global = true, value_name = "URL")]
    pub auth_url: Option<String>,
    /// Sign in as this user, with --password-file, for tables that need a signed-in role
    #[arg(long, global = true, value_name = "EMAIL")]
    pub email: Option<String>,
    /// File that holds the user's password on its first line
    #[arg(long, global = true, value_name = "FILE")]
    pub password_file: Option<String>,
    /// Instead of e-mail and password: file with a refresh token, which is replaced by each new one
    #[arg(long, global = true, value_name = "FILE")]
    pub refresh_token_file: Option<String>,
    /// Serializer version of the socket [default: 2.0.0]
    #[arg(long, global = true, value_name = "1.0.0|2.0.0")]
    pub vsn: Option<String>,
    /// Schema of the tables [default: public]
    #[arg(long, global = true, value_name = "NAME")]
    pub schema: Option<String>,
    /// Table of the agents [default: agents]
    #[arg(long, global = true, value_name = "NAME")]
    pub agents_table: Option<String>,
    /// Table of the tasks [default: tasks]
    #[arg(long, global = true, value_name = "NAME")]
    pub tasks_table: Option<String>,
    /// Table of the workflows [default: workflows]
    #[arg(long, global = true, value_name = "NAME")]
    pub workflows_table: Option<String>,
    /// Table of the workflows' runs, which then live in their workflow's district [default: none]
    #[arg(long, global = true, value_name = "NAME")]
    pub runs_table: Option<String>,
    /// Which column means what, like agent.status=phase or task.label=title,name; repeatable
    #[arg(long, global = true, value_name = "KIND.ROLE=COLUMN,…")]
    pub map: Vec<String>,
    /// What a status word of yours means, like erledigt=done; repeatable
    #[arg(long, global = true, value_name = "WORD=STATE")]
    pub status: Vec<String>,
    /// Tries before it gives up; 0 = never [default: 5]
    #[arg(long, global = true, value_name = "N")]
    pub max_reconnect_attempts: Option<String>,
    /// Delay before the first try; each later one doubles it [default: 3000]
    #[arg(long, global = true, value_name = "MS")]
    pub reconnect_interval_ms: Option<String>,
    /// Ceiling of one delay [default: 60000]
    #[arg(long, global = true, value_name = "MS")]
    pub max_reconnect_interval_ms: Option<String>,
    /// Share of a delay that is random, 0 to 1 [default: 0]
    #[arg(long, global = true, value_name = "SHARE")]
    pub reconnect_jitter: Option<String>,
    /// One beat unanswered for this long means the socket is dead [default: 25000]
    #[arg(long, global = true, value_name = "MS")]
    pub heartbeat_interval_ms: Option<String>,
    /// Read the tables again this often even when nothing seems wrong; 0 = never [default: 600]
    #[arg(long, global = true, value_name = "S")]
    pub reconcile_interval_s: Option<String>,
    /// Compare row counts and newest changes this often in between; 0 = never [default: 60]
    #[arg(long, global = true, value_name = "S")]
    pub audit_interval_s: Option<String>,
    /// Changes a second, averaged over a minute, beyond which the server drops some; 0 = it never does [default: 100]
    #[arg(long, global = true, value_name = "N")]
    pub change_limit: Option<String>,
    /// Replace a connection of this age before the server cuts it; 0 = never [default: 23]
    #[arg(long, global = true, value_name = "H")]
    pub replace_connection_h: Option<String>,
    /// Unattended display: never give up, spread the reconnects
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub kiosk: Option<String>,
    /// Colours: dark, light for bright rooms, or high-contrast [default: dark]
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// On a machine too slow for the whole picture: auto does without parts of it, full draws it all [default: auto]
    #[arg(long, global = true, value_name = "NAME")]
    pub quality: Option<String>,
    /// Fades instead of flights
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub reduced_motion: Option<String>,
    /// Diagonal of the screen in inches; with --viewing-distance it sizes the text
    #[arg(long, global = true, value_name = "INCHES")]
    pub screen_diagonal: Option<String>,
    /// How far away the room reads it, in metres
    #[arg(long, global = true, value_name = "METRES")]
    pub viewing_distance: Option<String>,
    /// Take a secret (service_role) key although it bypasses row-level security
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub allow_service_key: Option<String>,
    /// Take http and ws beyond this machine: the key travels in the clear
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub allow_insecure: Option<String>,
    /// Settings file, instead of opswall.toml in the working directory and in the user's configuration directory
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say more in the log
    #[arg(long, short, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub verbose: Option<String>,
}

impl SettingsArgs {
    /// The flags that were given.
    pub(super) fn layer(&self) -> Result<Layer, SettingsError> {
        let mut layer = Layer::default();
        let key = self.key.as_ref().map(|key| key.expose_secret().to_owned());
        for (name, value) in [
            ("url", &self.url),
            ("key", &key),
            ("key_file", &self.key_file),
            ("realtime_url", &self.realtime_url),
            ("rest_url", &self.rest_url),
            ("auth_url", &self.auth_url),
            ("email", &self.email),
            ("password_file", &self.password_file),
            ("refresh_token_file", &self.refresh_token_file),
            ("vsn", &self.vsn),
            ("schema", &self.schema),
            ("agents_table", &self.agents_table),
            ("tasks_table", &self.tasks_table),
            ("workflows_table", &self.workflows_table),
            ("runs_table", &self.runs_table),
            ("max_reconnect_attempts", &self.max_reconnect_attempts),
            ("reconnect_interval_ms", &self.reconnect_interval_ms),
            ("max_reconnect_interval_ms", &self.max_reconnect_interval_ms),
            ("reconnect_jitter", &self.reconnect_jitter),
            ("heartbeat_interval_ms", &self.heartbeat_interval_ms),
            ("reconcile_interval_s", &self.reconcile_interval_s),
            ("audit_interval_s", &self.audit_interval_s),
            ("change_limit", &self.change_limit),
            ("replace_connection_h", &self.replace_connection_h),
            ("kiosk", &self.kiosk),
            ("theme", &self.theme),
            ("quality", &self.quality),
            ("reduced_motion", &self.reduced_motion),
            ("screen_diagonal", &self.screen_diagonal),
            ("viewing_distance", &self.viewing_distance),
            ("allow_service_key", &self.allow_service_key),
            ("allow_insecure", &self.allow_insecure),
            ("verbose", &self.verbose),
        ] {
            if let Some(value) = value {
                layer.set(name, Raw::Text(value.clone()), Origin::Flag(names::flag(name)));
            }
        }
        for text in &self.map {
            mapping::column_text(&mut layer, text, Origin::Flag("--map".into()))?;
        }
        for text in &self.status {
            mapping::word_text(&mut layer, text, Origin::Flag("--status".into()))?;
        }
        Ok(layer)
    }
}
