//! Reads `opswall.toml`. Every value keeps its line number, and an unknown key is an error.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    ops::Range,
    path::Path,
};

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use crate::{
    SettingsError,
    definition::{Definition, nearest},
    layers::{Raw, SettingsLayer, Word},
    mapping,
    origin::Origin,
    preset, source_file,
    table::definitions,
};

/// Largest settings file that is read.
const MAX_FILE_BYTES: u64 = 1_024 * 1_024;

/// The file's name in an error.
pub(crate) const WHAT: &str = "the settings file";

/// Reads a file. `None` when it does not exist.
pub(crate) fn read(path: &Path) -> Result<Option<SettingsLayer>, SettingsError> {
    text(path)?.map(|text| parse(path, &text)).transpose()
}

/// The text of a file. `None` when it does not exist.
pub(crate) fn text(path: &Path) -> Result<Option<String>, SettingsError> {
    let unreadable = |problem: String| SettingsError::Unreadable {
        what: WHAT,
        path: path.to_owned(),
        problem,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(SettingsError::TooLarge {
            what: WHAT,
            path: path.to_owned(),
            most: "1 MiB",
        });
    }
    Ok(Some(text))
}

/// The settings that the file may set by their keys.
fn in_file() -> impl Iterator<Item = &'static Definition> {
    definitions().filter(|definition| definition.in_file)
}

/// A file and its text, to find lines and to make errors.
pub(crate) struct Place<'p> {
    path: &'p Path,
    text: &'p str,
}

impl Place<'_> {
    fn line(&self, span: &Range<usize>) -> usize {
        self.text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1
    }

    pub(crate) fn origin<T>(&self, at: &Spanned<T>) -> Origin {
        Origin::File {
            path: self.path.to_owned(),
            line: self.line(&at.span()),
        }
    }

    pub(crate) fn unknown(&self, key: &Spanned<DeString<'_>>, section: &str, known: &[&str]) -> SettingsError {
        let name = key.get_ref();
        let prefix = if section.is_empty() {
            String::new()
        } else {
            format!("{section}.")
        };
        SettingsError::UnknownKey {
            path: self.path.to_owned(),
            line: self.line(&key.span()),
            key: model::text::clean(&format!("{prefix}{name}"), 80).into_owned(),
            remedy: match nearest(name, known.iter().copied()) {
                Some(nearest) => format!("did you mean '{prefix}{nearest}'?"),
                None => format!("known here are {}", known.join(", ")),
            },
        }
    }

    pub(crate) fn wrong(
        &self,
        key: &Spanned<DeString<'_>>,
        name: &str,
        got: &DeValue<'_>,
        want: &str,
    ) -> SettingsError {
        SettingsError::value(self.origin(key).subject(name), kind_of(got), want)
    }
}

/// Reads the text of a file. `path` names it in errors.
pub(crate) fn parse(path: &Path, text: &str) -> Result<SettingsLayer, SettingsError> {
    parse_as(path, text, false)
}

/// Reads a preset: a settings file that also says what its engine is recognised by.
pub(crate) fn parse_preset(path: &Path, text: &str) -> Result<SettingsLayer, SettingsError> {
    parse_as(path, text, true)
}

fn parse_as(path: &Path, text: &str, is_preset: bool) -> Result<SettingsLayer, SettingsError> {
    let place = Place { path, text };
    let table = DeTable::parse(text).map_err(|error| SettingsError::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| place.line(&span)),
        problem: error.message().replace('\n', " "),
    })?;
    let mut layer = SettingsLayer::default();
    for (key, value) in in_order(table.get_ref()) {
        match key.get_ref().as_ref() {
            "auth" => auth(&place, &mut layer, key, value)?,
            "sources" => source_file::sources(&place, &mut layer, key, value)?,
            "status" => words(&place, &mut layer, key, value)?,
            "preset" => {
                let want = "the name of a preset in quotes, or a list of them";
                let names = texts(value.get_ref()).ok_or_else(|| place.wrong(key, "preset", value.get_ref(), want))?;
                for name in names {
                    layer
                        .sources
                        .extend(preset::written(&name, place.origin(key).subject("preset"))?);
                }
            }
            "owns_schema" if is_preset => match value.get_ref() {
                DeValue::Boolean(flag) => layer.owns_schema = *flag,
                other => return Err(place.wrong(key, "owns_schema", other, "true or false")),
            },
            "recognised_by" if is_preset => {
                let want = "a list of SCHEMA.TABLE.COLUMN";
                layer.recognised_by =
                    texts(value.get_ref()).ok_or_else(|| place.wrong(key, "recognised_by", value.get_ref(), want))?;
            }
            name => match in_file().find(|definition| definition.key == name) {
                Some(definition) => layer.set(definition.key, raw(value.get_ref()), place.origin(key)),
                None => {
                    let keys = in_file().map(|definition| definition.key);
                    let known: Vec<&str> = keys.chain(["auth", "sources", "status"]).collect();
                    return Err(place.unknown(key, "", &known));
                }
            },
        }
    }
    if let (Some(_), Some(second)) = (layer.values.get("key"), layer.values.get("key_file")) {
        return Err(SettingsError::refused(
            second.origin.subject("key_file"),
            "is set together with key: remove one of the two",
        ));
    }
    Ok(layer)
}

/// `[auth]`: the sign-in.
fn auth(
    place: &Place<'_>,
    layer: &mut SettingsLayer,
    key: &Spanned<DeString<'_>>,
    value: &Spanned<DeValue<'_>>,
) -> Result<(), SettingsError> {
    let DeValue::Table(entries) = value.get_ref() else {
        return Err(place.wrong(key, "auth", value.get_ref(), "a section like [auth]"));
    };
    for (key, value) in in_order(entries) {
        let known = || in_file().filter(|definition| definition.section == Some("auth"));
        match known().find(|definition| definition.key == key.get_ref().as_ref()) {
            Some(definition) => layer.set(definition.key, raw(value.get_ref()), place.origin(key)),
            None => {
                let known: Vec<&str> = known().map(|definition| definition.key).collect();
                return Err(place.unknown(key, "auth", &known));
            }
        }
    }
    Ok(())
}

/// `[status]`: `word = "state"` and `state = ["word", …]`.
fn words(
    place: &Place<'_>,
    layer: &mut SettingsLayer,
    key: &Spanned<DeString<'_>>,
    value: &Spanned<DeValue<'_>>,
) -> Result<(), SettingsError> {
    let DeValue::Table(entries) = value.get_ref() else {
        return Err(place.wrong(key, "status", value.get_ref(), "a section like [status]"));
    };
    word_entries(place, "status", entries, &mut layer.words)
}

/// The entries of a table of words.
pub(crate) fn word_entries(
    place: &Place<'_>,
    section: &str,
    entries: &DeTable<'_>,
    words: &mut Vec<Word>,
) -> Result<(), SettingsError> {
    for (key, value) in in_order(entries) {
        let origin = place.origin(key);
        match value.get_ref() {
            DeValue::String(text) => mapping::word(words, key.get_ref(), text, origin)?,
            other => {
                let Some(list) = texts(other) else {
                    let name = format!("{section}.{}", key.get_ref());
                    let want = "a state in quotes, or a list of words in quotes";
                    return Err(place.wrong(key, &name, other, want));
                };
                mapping::words_of_state(words, key.get_ref(), list, origin)?;
            }
        }
    }
    Ok(())
}

/// In the order of the file, so that the first mistake is the one that is reported.
pub(crate) fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Spanned<DeString<'i>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

pub(crate) fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.trim().to_owned()]),
        DeValue::Array(items) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.trim().to_owned()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Boolean(flag) => Raw::Bool(*flag),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Raw::Other("a huge number"), Raw::Integer)
        }
        DeValue::Float(number) => number.as_str().parse().map_or(Raw::Other("a number"), Raw::Float),
        other => Raw::Other(kind_of(other)),
    }
}

pub(crate) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}
