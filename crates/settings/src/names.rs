//! The names of all settings, and how a name is spelled in each layer.

/// Every single-valued setting, as its key in `opswall.toml`.
pub(super) const SETTINGS: &[&str] = &[
    "url",
    "key",
    "key_file",
    "realtime_url",
    "rest_url",
    "auth_url",
    "email",
    "password_file",
    "refresh_token_file",
    "vsn",
    "schema",
    "agents_table",
    "tasks_table",
    "workflows_table",
    "runs_table",
    "max_reconnect_attempts",
    "reconnect_interval_ms",
    "max_reconnect_interval_ms",
    "reconnect_jitter",
    "heartbeat_interval_ms",
    "reconcile_interval_s",
    "audit_interval_s",
    "change_limit",
    "replace_connection_h",
    "kiosk",
    "theme",
    "quality",
    "reduced_motion",
    "screen_diagonal",
    "viewing_distance",
    "allow_service_key",
    "allow_insecure",
    "verbose",
];

/// Of `opswall.toml` only.
pub(super) const SECTIONS: &[&str] = &["auth", "tables", "status"];

/// What `[auth]` in `opswall.toml` holds; elsewhere these are settings like any other.
pub(super) const AUTH: &[&str] = &["email", "password_file", "refresh_token_file"];

/// What can be said of a table.
pub(super) const COLUMNS: &[&str] = &[
    "table",
    "schema",
    "id",
    "label",
    "status",
    "progress",
    "agent",
    "workflow",
    "run",
    "depends_on",
    "parent",
    "current_task",
    "subtitle",
    "heartbeat",
    "created_at",
    "updated_at",
    "priority",
    "priority_one_is_most_urgent",
    "error",
    "needs_human",
    "partitions",
];

pub(super) const ENV_PREFIX: &str = "OPSWALL_";

/// `--max-reconnect-attempts`
pub(super) fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// The known name that is most like an unknown one.
pub(super) fn nearest<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    /// Below this nothing meant the other.
    const LIKENESS: f64 = 0.4;
    let unknown = unknown.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(&unknown, name), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
