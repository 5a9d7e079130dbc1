//! What a start depends on besides its flags: variables, working directory, the user's folders. It is passed in, so that
//! a test has its own.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use model::{Notice, NoticeKind};

use crate::{
    SettingsError,
    definition::{VARIABLE_PREFIX, find, nearest},
    layers::{Raw, SettingsLayer},
    mapping,
    origin::Origin,
    preset,
    table::definitions,
};

/// The environment of a start.
#[derive(Clone, Default)]
pub struct Env {
    /// Environment variables by name. Others than opswall's and Supabase's are not needed.
    pub variables: BTreeMap<String, String>,
    /// Relative paths start here.
    pub working_dir: PathBuf,
    /// The user's configuration directory of opswall.
    pub config_dir: Option<PathBuf>,
    /// Where opswall keeps what was changed in the panel.
    pub state_dir: Option<PathBuf>,
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names only: variables can be keys.
        f.debug_struct("Env")
            .field("variables", &self.variables.keys())
            .field("working_dir", &self.working_dir)
            .field("config_dir", &self.config_dir)
            .field("state_dir", &self.state_dir)
            .finish()
    }
}

impl Env {
    /// The variables and folders of this process, as they are now.
    pub fn of_process() -> Self {
        let folders = directories::ProjectDirs::from("", "", "opswall");
        Self {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
                .filter(|(name, _)| name.starts_with(VARIABLE_PREFIX) || name.starts_with("SUPABASE_"))
                .collect(),
            working_dir: std::env::current_dir().unwrap_or_default(),
            config_dir: folders.as_ref().map(|folders| folders.config_dir().to_owned()),
            state_dir: folders
                .as_ref()
                .map(|folders| folders.state_dir().unwrap_or(folders.data_local_dir()).to_owned()),
        }
    }

    /// The trimmed value of a variable; an empty one counts as unset.
    fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The settings file that a variable names.
    pub(crate) fn config(&self) -> Option<PathBuf> {
        self.get(&format!("{VARIABLE_PREFIX}CONFIG")).map(PathBuf::from)
    }

    /// The variables that are settings, and a notice for each one that looks like a setting but is none.
    pub(crate) fn layer(&self) -> Result<(SettingsLayer, Vec<Notice>), SettingsError> {
        let mut layer = SettingsLayer::default();
        for definition in definitions() {
            for variable in definition.customary {
                if let Some(value) = self.get(variable) {
                    let origin = Origin::Env((*variable).to_owned());
                    layer.set(definition.key, Raw::Text(value.to_owned()), origin);
                }
            }
        }
        let mut notices = Vec::new();
        for name in self.variables.keys().filter(|name| name.starts_with(VARIABLE_PREFIX)) {
            let Some(value) = self.get(name) else { continue };
            let origin = || Origin::Env(name.clone());
            let definition = definitions().find(|definition| definition.variable().eq_ignore_ascii_case(name));
            match definition.map(|definition| definition.key) {
                // An option of two commands: it is no setting, so that no file and no list can contain it.
                None if name == "OPSWALL_DATABASE_URL" => {}
                None => notices.push(unknown_variable(name)),
                Some("config") => {}
                Some("preset") => {
                    for name in parts(value) {
                        layer.sources.extend(preset::written(name, origin().subject("preset"))?);
                    }
                }
                Some("map") => {
                    for text in parts(value) {
                        mapping::column_text(&mut layer, text, origin())?;
                    }
                }
                Some("status") => {
                    for text in parts(value) {
                        mapping::word_text(&mut layer, text, origin())?;
                    }
                }
                Some(key) => layer.set(key, Raw::Text(value.to_owned()), origin()),
            }
        }
        // The key file was named for opswall, while a customary key beside it was set for all programs.
        let is_customary = |name: &str| !name.starts_with(VARIABLE_PREFIX);
        if layer.values.contains_key("key_file")
            && let Some(key) = layer.values.get("key")
            && matches!(&key.origin, Origin::Env(name) if is_customary(name))
        {
            layer.values.remove("key");
        }
        Ok((layer, notices))
    }
}

/// `a=b; c=d`
fn parts(value: &str) -> impl Iterator<Item = &str> {
    value.split(';').map(str::trim).filter(|part| !part.is_empty())
}

fn unknown_variable(name: &str) -> Notice {
    let key = name.strip_prefix(VARIABLE_PREFIX).unwrap_or(name);
    let similar = nearest(key, definitions().map(|definition| definition.key)).and_then(find);
    let hint = similar.map_or_else(
        || "it is ignored".to_owned(),
        |definition| format!("did you mean {}?", definition.variable()),
    );
    Notice {
        kind: NoticeKind::UnknownVariable,
        text: format!("{name} in the environment is not a setting of opswall: {hint}"),
    }
}
