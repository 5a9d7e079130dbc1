//! From the settings to what a session is told once.

use secrecy::ExposeSecret as _;

use realtime::{SessionConfig, Table, Vsn};
use settings::FeedSettings;

/// Rows in one REST page: the hosted server's own ceiling.
const PAGE_SIZE: usize = 1_000;

pub(super) fn session_config(settings: &FeedSettings) -> SessionConfig {
    let tables = settings
        .mapping
        .followed()
        .map(|(kind, table)| Table {
            kind,
            schema: table.schema.clone(),
            table: table.table.clone(),
            key: table.id.clone(),
            updated_at: table.updated_at.clone(),
            partitions: table.partitions.clone(),
        })
        .collect();
    let is_signed_in = settings.auth.is_some();
    SessionConfig {
        vsn1: settings.vsn == Vsn::V1,
        tables,
        access_token: Some(settings.key.expose_secret().into()),
        sign_in: is_signed_in,
        backoff: settings.backoff,
        heartbeat_interval: settings.heartbeat_interval,
        reconcile_interval: settings.reconcile_interval,
        audit_interval: settings.audit_interval,
        change_limit: settings.change_limit,
        // The server cuts connections by key alone.
        replace_after: settings.replace_connection.filter(|_| !is_signed_in),
        snapshots: settings.rest_url.is_some(),
        page_size: PAGE_SIZE,
    }
}
