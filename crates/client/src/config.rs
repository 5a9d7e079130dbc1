//! Derives a session's configuration from the settings.

use secrecy::ExposeSecret as _;

use model::schema::{PULSE_COLUMNS, PULSE_JOB, PULSE_KEY, PULSE_SCHEMA, PULSE_TABLE};
use realtime::{Remedies, SessionConfig, Source};
use settings::{DatabaseBroadcast, FeedSettings};

/// Rows in one REST page: the hosted server's limit.
const PAGE_SIZE: usize = 1_000;

/// What a user can do about refusals, in the terms of the settings.
pub fn remedies() -> Remedies {
    Remedies {
        key: "check the project's key (--key or SUPABASE_PUBLISHABLE_KEY)".into(),
        expired_key: "set a fresh one with --key or SUPABASE_PUBLISHABLE_KEY".into(),
        sign_in: "check the account in [auth]".into(),
        gave_up: "check the address and that the server runs, then reconnect (R on the wall)".into(),
        no_source: "name at least one table in [[sources]]".into(),
        key_column: "set the key column with id in the [[sources]] of the {source}".into(),
        key_not_unique: "name every column of the key with id in the [[sources]] of the {source}".into(),
        pulse_stopped: format!("the pg_cron job {PULSE_JOB} in the database does not run"),
    }
}

/// The table that `opswall schema --pulse` creates.
fn pulse() -> Source {
    Source {
        schema: PULSE_SCHEMA.into(),
        table: PULSE_TABLE.into(),
        key: vec![PULSE_KEY.into()],
        columns: Some(PULSE_COLUMNS.map(str::to_owned).into()),
        ..Source::default()
    }
}

pub(super) fn session_config(settings: &FeedSettings, sources: Vec<Source>) -> SessionConfig {
    let is_signed_in = settings.auth.is_some();
    SessionConfig {
        vsn: settings.vsn,
        sources,
        topic_prefix: "opswall-".into(),
        remedies: remedies(),
        access_token: Some(settings.key.expose_secret().into()),
        sign_in: is_signed_in,
        backoff: settings.backoff,
        heartbeat_interval: settings.heartbeat_interval,
        reconcile_interval: settings.reconcile_interval,
        audit_interval: settings.audit_interval,
        proof_max_age: settings.proof_max_age,
        pulse: Some(pulse()),
        change_limit: settings.change_limit,
        // The server only cuts connections without a signed-in user.
        replace_after: settings.replace_connection.filter(|_| !is_signed_in),
        broadcast_topic: (settings.database_broadcast == DatabaseBroadcast::Auto)
            .then(|| model::schema::BROADCAST_TOPIC.to_owned()),
        snapshots: settings.rest_url.is_some(),
        page_size: PAGE_SIZE,
    }
}
