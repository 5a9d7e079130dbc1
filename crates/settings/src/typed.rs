//! From what was written to what it means: numbers in their bounds, switches, texts.

use std::{collections::BTreeMap, ops::RangeInclusive, path::PathBuf};

use super::{Env, SettingsError, layer::Found, origin::Origin};

/// A value as written: flags and variables are text, a file has types.
#[derive(Clone)]
pub(super) enum Raw {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    /// Something else of TOML's, named for the error.
    Other(&'static str),
}

impl Raw {
    /// As shown in an error.
    fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Bool(flag) => flag.to_string(),
            Self::Other(what) => (*what).to_owned(),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Set<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

impl<T> Set<T> {
    pub(super) fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Set<U> {
        Set::new(change(self.value), self.origin)
    }
}

/// All single-valued settings, merged.
pub(super) struct Values(pub(super) BTreeMap<&'static str, Found>);

impl Values {
    fn wrong(found: &Found, name: &str, want: String) -> SettingsError {
        SettingsError::value(found.origin.subject(name), &found.raw.shown(), want)
    }

    /// One of a few words, the type's default where none is given; `want` names them all.
    pub(super) fn one_of<T: Default>(
        &self,
        name: &'static str,
        want: &str,
        of_word: impl Fn(&str) -> Option<T>,
    ) -> Result<Set<T>, SettingsError> {
        let Some(text) = self.text(name, want)? else {
            return Ok(Set::new(T::default(), Origin::Default));
        };
        match of_word(&text.value) {
            Some(value) => Ok(Set::new(value, text.origin)),
            None => Err(SettingsError::value(text.origin.subject(name), &text.value, want)),
        }
    }

    /// A whole number.
    pub(super) fn whole(
        &self,
        name: &'static str,
        bounds: RangeInclusive<i64>,
        note: &str,
        default: Set<i64>,
    ) -> Result<Set<i64>, SettingsError> {
        let Some(found) = self.0.get(name) else {
            return Ok(default);
        };
        let number = match &found.raw {
            Raw::Integer(number) => Some(*number),
            Raw::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number.filter(|number| bounds.contains(number)) {
            Some(number) => Ok(Set::new(number, found.origin.clone())),
            None => Err(Self::wrong(
                found,
                name,
                format!("a whole number from {} to {}{note}", bounds.start(), bounds.end()),
            )),
        }
    }

    /// A number.
    pub(super) fn number(
        &self,
        name: &'static str,
        bounds: RangeInclusive<f64>,
        note: &str,
    ) -> Result<Option<Set<f64>>, SettingsError> {
        let Some(found) = self.0.get(name) else {
            return Ok(None);
        };
        let number = match &found.raw {
            Raw::Integer(number) => Some(*number as f64),
            Raw::Float(number) => Some(*number),
            Raw::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number.filter(|number| bounds.contains(number)) {
            Some(number) => Ok(Some(Set::new(number, found.origin.clone()))),
            None => Err(Self::wrong(
                found,
                name,
                format!("a number from {} to {}{note}", bounds.start(), bounds.end()),
            )),
        }
    }

    /// A switch; off where nobody says otherwise.
    pub(super) fn switch(&self, name: &'static str) -> Result<Set<bool>, SettingsError> {
        let Some(found) = self.0.get(name) else {
            return Ok(Set::new(false, Origin::Default));
        };
        let flag = match &found.raw {
            Raw::Bool(flag) => Some(*flag),
            Raw::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Some(true),
                "false" | "no" | "off" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        match flag {
            Some(flag) => Ok(Set::new(flag, found.origin.clone())),
            None => Err(Self::wrong(found, name, "true or false".into())),
        }
    }

    /// A path. A relative one in a settings file starts at that file, others at the working directory.
    pub(super) fn path(&self, name: &'static str, env: &Env) -> Result<Option<Set<PathBuf>>, SettingsError> {
        let Some(text) = self.text(name, "the path of a file")? else {
            return Ok(None);
        };
        let start = match &text.origin {
            Origin::File { path, .. } => path.parent(),
            _ => None,
        };
        let start = start.unwrap_or(&env.working_dir).to_owned();
        // Joining an absolute path replaces the folder.
        Ok(Some(text.map(|text| start.join(text))))
    }

    /// A text, trimmed; never empty.
    pub(super) fn text(&self, name: &'static str, want: &str) -> Result<Option<Set<String>>, SettingsError> {
        let Some(found) = self.0.get(name) else {
            return Ok(None);
        };
        match &found.raw {
            Raw::Text(text) if !text.trim().is_empty() => {
                Ok(Some(Set::new(text.trim().to_owned(), found.origin.clone())))
            }
            _ if name == "key" => Err(SettingsError::refused(
                found.origin.subject(name),
                "is no text: give the project's publishable key".to_owned(),
            )),
            _ => Err(Self::wrong(found, name, want.to_owned())),
        }
    }
}
