//! The list of all settings in force, for `config`: values and origins, secrets masked.

use serde_json::{Value, json};

use model::{Mapping, SourceMapping, Status};

use crate::{
    definition::{Group, find},
    key,
    layers::Set,
    mapping::Origins,
    origin::Origin,
    table::Values,
    url::{self, Endpoints},
};
use secrecy::SecretString;

/// One line of `config`.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// As in `opswall.toml`; in a section with its path, `sources.agents.status`.
    pub name: String,
    /// Null where nothing is set; secrets are masked.
    pub value: Value,
    /// The layer that decided it.
    pub origin: Origin,
    /// Whether the value is masked, so that it cannot be copied into a settings file.
    pub is_secret: bool,
}

impl Effective {
    fn new(name: String, value: Value, origin: Origin) -> Self {
        Self {
            name,
            value,
            origin,
            is_secret: false,
        }
    }
}

/// The settings of one value each, in the order of the table. What is derived from other settings replaces what was
/// written.
pub(crate) fn scalars(
    values: &Values,
    endpoints: Option<&Endpoints>,
    key: Option<&Set<SecretString>>,
) -> Vec<Effective> {
    let shown = values.shown().into_iter().filter_map(|(name, set)| {
        let definition = find(name)?;
        // Tables are shown with their columns.
        (definition.group != Group::Tables).then(|| {
            let set = derived(name, endpoints, key).unwrap_or(set);
            Effective {
                is_secret: name == "key",
                ..Effective::new(definition.path(), set.value, set.origin)
            }
        })
    });
    shown.collect()
}

/// What is shown instead of the written value: URLs without secrets, and what follows from other settings.
fn derived(name: &str, endpoints: Option<&Endpoints>, key: Option<&Set<SecretString>>) -> Option<Set<Value>> {
    let unset = || Set::new(Value::Null, Origin::Default);
    let shown = |url: &::url::Url| json!(url::shown(url));
    match name {
        "url" => Some(
            endpoints
                .and_then(|endpoints| endpoints.project.clone())
                .map_or_else(unset, |set| set.map(|url| shown(&url))),
        ),
        "realtime_url" => {
            Some(endpoints.map_or_else(unset, |endpoints| endpoints.realtime.clone().map(|url| shown(&url))))
        }
        "rest_url" => Some(endpoints.map_or_else(unset, |endpoints| {
            let rest = endpoints.rest.clone();
            rest.map(|url| url.as_ref().map_or_else(|| json!("none"), shown))
        })),
        "auth_url" => Some(
            endpoints
                .and_then(|endpoints| endpoints.auth.clone())
                .map_or_else(unset, |set| set.map(|url| shown(&url))),
        ),
        "key" => Some(
            key.cloned()
                .map_or_else(unset, |set| set.map(|key| json!(key::masked(&key)))),
        ),
        _ => None,
    }
}

/// The key columns as they are written: a name, or a list of several.
fn key_columns(columns: &[String]) -> Value {
    match columns {
        [column] => json!(column),
        several => json!(several),
    }
}

/// Sources, columns and status words.
pub(crate) fn mapping(mapping: &Mapping, origins: &Origins) -> Vec<Effective> {
    let mut list = Vec::new();
    for of in mapping.sources() {
        let single = [
            ("kind", json!(of.kind.singular())),
            ("table", json!(of.table)),
            ("schema", json!(of.schema)),
            ("lifecycle", json!(of.lifecycle)),
            ("gone", json!(of.gone.map(Status::word))),
            ("link", json!(of.link)),
            ("priority_one_is_most_urgent", json!(of.one_is_most_urgent)),
        ];
        let lists = SourceMapping::ROLES.iter().filter_map(|role| {
            let columns = of.columns(role)?;
            let value = if *role == "id" {
                key_columns(columns)
            } else {
                json!(columns)
            };
            Some((*role, value))
        });
        let source = of.name();
        for (role, value) in single.into_iter().chain(lists) {
            let name = format!("sources.{source}.{role}");
            let origin = origins.get(&name).cloned();
            // A role that this kind does not use is left out unless it was set.
            let is_unused = value.as_array().is_some_and(Vec::is_empty)
                || value.is_null()
                || (role == "lifecycle" && !of.lifecycle)
                || (role == "priority_one_is_most_urgent" && of.priority.is_empty());
            if origin.is_some() || !is_unused {
                list.push(Effective::new(name, value, origin.unwrap_or(Origin::Default)));
            }
        }
        let origin = || origins.get(&format!("sources.{source}.table")).cloned();
        let mut words: Vec<_> = of.words.iter().collect();
        words.sort();
        for (word, status) in words {
            let name = format!("sources.{source}.words.{word}");
            let written = origins.get(&name).cloned().or_else(origin);
            list.push(Effective::new(
                name,
                json!(status.word()),
                written.unwrap_or(Origin::Default),
            ));
        }
        for companion in &of.companions {
            let name = format!("sources.{source}.companions.{}", companion.table());
            list.push(Effective::new(
                name,
                json!(companion.theirs()),
                origin().unwrap_or(Origin::Default),
            ));
        }
    }
    let mut words: Vec<_> = mapping.words.iter().collect();
    words.sort();
    for (word, status) in words {
        let name = format!("status.{word}");
        let origin = origins.get(&name).cloned().unwrap_or(Origin::Default);
        list.push(Effective::new(name, json!(status.word()), origin));
    }
    list
}
