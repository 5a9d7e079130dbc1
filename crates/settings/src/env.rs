//! The surroundings of a start: variables, working directory, the user's folders. Passed in, so that a test has its own.

use std::{collections::BTreeMap, path::PathBuf};

use super::{SettingsError, layer::Layer, mapping, names, origin::Origin, typed::Raw};

/// What the process stands in.
#[derive(Clone, Default)]
pub struct Env {
    pub variables: BTreeMap<String, String>,
    pub working_dir: PathBuf,
    /// The user's configuration directory of opswall.
    pub config_dir: Option<PathBuf>,
    /// Where opswall keeps what the panel changed.
    pub state_dir: Option<PathBuf>,
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Variables hold keys.
        f.debug_struct("Env")
            .field("variables", &self.variables.keys())
            .field("working_dir", &self.working_dir)
            .field("config_dir", &self.config_dir)
            .field("state_dir", &self.state_dir)
            .finish()
    }
}

/// The project's variables under their customary names, weakest first.
const CUSTOMARY: [(&str, &str); 3] = [
    ("SUPABASE_ANON_KEY", "key"),
    ("SUPABASE_PUBLISHABLE_KEY", "key"),
    ("SUPABASE_URL", "url"),
];

impl Env {
    /// The process's own.
    pub fn of_process() -> Self {
        let folders = directories::ProjectDirs::from("", "", "opswall");
        Self {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
                .filter(|(name, _)| name.starts_with(names::ENV_PREFIX) || name.starts_with("SUPABASE_"))
                .collect(),
            working_dir: std::env::current_dir().unwrap_or_default(),
            config_dir: folders.as_ref().map(|folders| folders.config_dir().to_owned()),
            state_dir: folders
                .as_ref()
                .map(|folders| folders.state_dir().unwrap_or(folders.data_local_dir()).to_owned()),
        }
    }

    /// A variable that says something; an empty one is as good as none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The variables that are settings, and the names of those that look like ones but are not.
    pub(super) fn layer(&self) -> Result<(Layer, Vec<String>), SettingsError> {
        let mut layer = Layer::default();
        for (variable, name) in CUSTOMARY {
            if let Some(value) = self.get(variable) {
                layer.set(name, Raw::Text(value.to_owned()), Origin::Env(variable.into()));
            }
        }
        let mut unknown = Vec::new();
        for variable in self.variables.keys() {
            let Some(rest) = variable.strip_prefix(names::ENV_PREFIX) else {
                continue;
            };
            let Some(value) = self.get(variable) else { continue };
            let origin = || Origin::Env(variable.clone());
            match rest {
                "CONFIG" => {}
                "MAP" => {
                    for text in parts(value) {
                        mapping::column_text(&mut layer, text, origin())?;
                    }
                }
                "STATUS" => {
                    for text in parts(value) {
                        mapping::word_text(&mut layer, text, origin())?;
                    }
                }
                rest => match names::SETTINGS.iter().find(|name| name.eq_ignore_ascii_case(rest)) {
                    Some(name) => layer.set(name, Raw::Text(value.to_owned()), origin()),
                    None => unknown.push(variable.clone()),
                },
            }
        }
        // The file was named for opswall; a customary key beside it was set for everybody.
        let is_customary = |name: &str| CUSTOMARY.iter().any(|(customary, _)| *customary == name);
        if layer.values.contains_key("key_file")
            && let Some(key) = layer.values.get("key")
            && matches!(&key.origin, Origin::Env(name) if is_customary(name))
        {
            layer.values.remove("key");
        }
        Ok((layer, unknown))
    }
}

/// `a=b; c=d`
fn parts(value: &str) -> impl Iterator<Item = &str> {
    value.split(';').map(str::trim).filter(|part| !part.is_empty())
}
