//! Every setting with its value and where it came from, fit to be shown.

use std::path::PathBuf;

use secrecy::SecretString;
use serde_json::{Value, json};

use model::Mapping;
use model::theme::ThemeName;
use realtime::Vsn;

use super::{
    Origin, QualityPolicy, key,
    mapping::Origins,
    pace::{BackoffSet, Rounds},
    sign_in::Decided,
    typed::{Set, Values},
    url::{self, Endpoints},
};

/// One line of `config`.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// As in `opswall.toml`; of a section with its path, `tables.agents.status`.
    pub name: String,
    /// Null where nothing is set; secrets are masked.
    pub value: Value,
    pub origin: Origin,
}

/// What was decided.
pub(super) struct Parts<'p> {
    pub(super) values: &'p Values,
    pub(super) endpoints: Option<&'p Endpoints>,
    pub(super) key: Option<&'p Set<SecretString>>,
    pub(super) sign_in: Option<&'p Decided>,
    pub(super) vsn: &'p Set<Vsn>,
    pub(super) backoff: &'p BackoffSet,
    pub(super) rounds: &'p Rounds,
    pub(super) switches: [(&'static str, &'p Set<bool>); 5],
    pub(super) theme: &'p Set<ThemeName>,
    pub(super) quality: &'p Set<QualityPolicy>,
    pub(super) screen_diagonal: Option<&'p Set<f64>>,
    pub(super) viewing_distance: Option<&'p Set<f64>>,
    pub(super) mapping: &'p Mapping,
    pub(super) mapping_origins: &'p Origins,
}

pub(super) fn list(parts: &Parts<'_>) -> Vec<Effective> {
    let mut list = Vec::new();
    let mut say = |name: &str, value: Value, origin: Origin| {
        list.push(Effective {
            name: name.to_owned(),
            value,
            origin,
        });
    };
    let url = parts.values.text("url", "").ok().flatten();
    let shown =
        url.map(|set| set.map(|text| ::url::Url::parse(&text).map_or(Value::Null, |url| json!(url::shown(&url)))));
    let shown = shown.unwrap_or(Set::new(Value::Null, Origin::Default));
    say("url", shown.value, shown.origin);
    match parts.endpoints {
        Some(endpoints) => {
            let realtime = &endpoints.realtime;
            say(
                "realtime_url",
                json!(url::shown(&realtime.value)),
                realtime.origin.clone(),
            );
            let rest = endpoints
                .rest
                .value
                .as_ref()
                .map_or_else(|| "none".to_owned(), url::shown);
            say("rest_url", json!(rest), endpoints.rest.origin.clone());
            match &endpoints.auth {
                Some(auth) => say("auth_url", json!(url::shown(&auth.value)), auth.origin.clone()),
                None => say("auth_url", Value::Null, Origin::Default),
            }
        }
        None => {
            for name in ["realtime_url", "rest_url", "auth_url"] {
                say(name, Value::Null, Origin::Default);
            }
        }
    }
    match parts.key {
        Some(set) => say("key", json!(key::masked(&set.value)), set.origin.clone()),
        None => say("key", Value::Null, Origin::Default),
    }
    sign_in(parts.sign_in, &mut say);
    say("vsn", json!(parts.vsn.value.as_str()), parts.vsn.origin.clone());
    let backoff = parts.backoff;
    for (name, set) in [
        ("max_reconnect_attempts", &backoff.max_attempts),
        ("reconnect_interval_ms", &backoff.interval_ms),
        ("max_reconnect_interval_ms", &backoff.max_interval_ms),
    ] {
        say(name, json!(set.value), set.origin.clone());
    }
    say(
        "reconnect_jitter",
        json!(backoff.jitter.value),
        backoff.jitter.origin.clone(),
    );
    let rounds = parts.rounds;
    for (name, set) in [
        ("heartbeat_interval_ms", &rounds.heartbeat_ms),
        ("reconcile_interval_s", &rounds.reconcile_s),
        ("audit_interval_s", &rounds.audit_s),
        ("change_limit", &rounds.change_limit),
        ("replace_connection_h", &rounds.replace_h),
    ] {
        say(name, json!(set.value), set.origin.clone());
    }
    for (name, set) in parts.switches {
        say(name, json!(set.value), set.origin.clone());
    }
    say("theme", json!(parts.theme.value.word()), parts.theme.origin.clone());
    say(
        "quality",
        json!(parts.quality.value.word()),
        parts.quality.origin.clone(),
    );
    for (name, set) in [
        ("screen_diagonal", parts.screen_diagonal),
        ("viewing_distance", parts.viewing_distance),
    ] {
        match set {
            Some(set) => say(name, json!(set.value), set.origin.clone()),
            None => say(name, Value::Null, Origin::Default),
        }
    }
    mapping(parts, &mut say);
    list
}

/// Who signs in; the files' names, not what stands in them.
fn sign_in(decided: Option<&Decided>, say: &mut impl FnMut(&str, Value, Origin)) {
    let path = |set: &Set<PathBuf>| set.clone().map(|path| json!(path.to_string_lossy()));
    let parts = [
        (
            "auth.email",
            decided.and_then(|decided| Some(decided.email.clone()?.map(|email| json!(email)))),
        ),
        (
            "auth.password_file",
            decided.and_then(|decided| decided.password_file.as_ref().map(path)),
        ),
        (
            "auth.refresh_token_file",
            decided.and_then(|decided| decided.refresh_token_file.as_ref().map(path)),
        ),
    ];
    for (name, set) in parts {
        let set = set.unwrap_or(Set::new(Value::Null, Origin::Default));
        say(name, set.value, set.origin);
    }
}

fn mapping(parts: &Parts<'_>, say: &mut impl FnMut(&str, Value, Origin)) {
    for (kind, of) in parts.mapping.kinds.iter() {
        for (role, value) in [
            ("table", json!(of.table)),
            ("schema", json!(of.schema)),
            ("id", json!(of.id)),
            ("label", json!(of.label)),
            ("status", json!(of.status)),
            ("progress", json!(of.progress)),
            ("agent", json!(of.agent)),
            ("workflow", json!(of.workflow)),
            ("run", json!(of.run)),
            ("depends_on", json!(of.depends_on)),
            ("parent", json!(of.parent)),
            ("current_task", json!(of.current_task)),
            ("subtitle", json!(of.subtitle)),
            ("heartbeat", json!(of.heartbeat)),
            ("created_at", json!(of.created_at)),
            ("updated_at", json!(of.updated_at)),
            ("priority", json!(of.priority)),
            ("priority_one_is_most_urgent", json!(of.one_is_most_urgent)),
            ("error", json!(of.error)),
            ("needs_human", json!(of.needs_human)),
            ("partitions", json!(of.partitions)),
        ] {
            let name = format!("tables.{}.{role}", kind.plural());
            let origin = parts.mapping_origins.get(&name).cloned();
            // A role that this kind has no use for is left out unless somebody set it, and so is a kind without a table.
            let is_unused = (!parts.mapping.follows(kind) && role != "table")
                || value.as_array().is_some_and(Vec::is_empty)
                || (role == "priority_one_is_most_urgent" && of.priority.is_empty());
            if origin.is_some() || !is_unused {
                say(&name, value, origin.unwrap_or(Origin::Default));
            }
        }
    }
    let mut words: Vec<_> = parts.mapping.words.iter().collect();
    words.sort();
    for (word, status) in words {
        let name = format!("status.{word}");
        let origin = parts.mapping_origins.get(&name).cloned().unwrap_or(Origin::Default);
        say(&name, json!(status.word()), origin);
    }
}
