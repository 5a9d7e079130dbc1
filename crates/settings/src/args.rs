//! The settings as flags.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use crate::{
    SettingsError,
    definition::{Definition, Group, find},
    layers::{Raw, SettingsLayer},
    mapping,
    origin::Origin,
    preset,
    table::definitions,
};

/// The flags that were given, as text.
#[derive(Clone, Default)]
pub struct SettingsArgs {
    values: BTreeMap<&'static str, String>,
    map: Vec<String>,
    status: Vec<String>,
    preset: Vec<String>,
    config: Option<PathBuf>,
}

impl fmt::Debug for SettingsArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names only: values can be keys.
        f.debug_struct("SettingsArgs")
            .field("values", &self.values.keys())
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl SettingsArgs {
    pub(crate) fn with(mut self, key: &'static str, value: String) -> Self {
        self.values.insert(key, value);
        self
    }

    /// The settings file that was named.
    pub(crate) fn config(&self) -> Option<&PathBuf> {
        self.config.as_ref()
    }

    /// The flags that were given, as a layer.
    pub(crate) fn layer(&self) -> Result<SettingsLayer, SettingsError> {
        let mut layer = SettingsLayer::default();
        for (key, value) in &self.values {
            let flag = find(key).map_or(*key, Definition::flag);
            layer.set(key, Raw::Text(value.clone()), Origin::Flag(flag.to_owned()));
        }
        for name in &self.preset {
            layer.sources.extend(preset::written(name, "--preset".to_owned())?);
        }
        for text in &self.map {
            mapping::column_text(&mut layer, text, Origin::Flag("--map".into()))?;
        }
        for text in &self.status {
            mapping::word_text(&mut layer, text, Origin::Flag("--status".into()))?;
        }
        Ok(layer)
    }

    /// Leaves the settings of other groups out of a command's help. They are still accepted there, because they can
    /// also be given before the command's name.
    pub fn show_only(command: Command, groups: &[Group]) -> Command {
        definitions()
            .filter(|definition| !groups.contains(&definition.group))
            .fold(command, |command, definition| {
                command.arg(argument(definition).hide(true))
            })
    }
}

impl clap::Args for SettingsArgs {
    fn augment_args(command: Command) -> Command {
        definitions().fold(command, |command, definition| command.arg(argument(definition)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for definition in definitions() {
            let mut given = matches
                .get_many::<String>(definition.key)
                .into_iter()
                .flatten()
                .cloned();
            match definition.key {
                "map" => self.map.extend(given),
                "status" => self.status.extend(given),
                "preset" => self.preset.extend(given),
                "config" => self.config = given.next_back().map(PathBuf::from).or(self.config.take()),
                key => self.values.extend(given.next_back().map(|value| (key, value))),
            }
        }
        Ok(())
    }
}

fn argument(definition: &'static Definition) -> Arg {
    let argument = Arg::new(definition.key)
        .long(definition.flag().trim_start_matches("--"))
        .help(help(definition))
        .help_heading(definition.group.heading())
        .value_name(definition.placeholder())
        // A number below zero is a wrong value, not an unknown flag.
        .allow_negative_numbers(true)
        .global(true);
    let argument = match definition.short {
        Some(letter) => argument.short(letter),
        None => argument,
    };
    if definition.form.is_switch() {
        return argument
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true");
    }
    argument.action(if matches!(definition.key, "map" | "status" | "preset") {
        ArgAction::Append
    } else {
        ArgAction::Set
    })
}

/// One line: settings are called by their flags, and the default follows.
fn help(definition: &Definition) -> String {
    let help: String = definition
        .help
        .trim()
        .split('`')
        .map(|part| find(part).map_or(part, Definition::flag))
        .collect();
    match definition.form.default_text() {
        Some(default) if !definition.form.is_switch() && default != "\"\"" => {
            format!("{help} [default: {}]", default.trim_matches('"'))
        }
        _ => help,
    }
}
