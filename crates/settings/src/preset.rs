//! The presets: engines whose tables are known, one file each in `assets/presets`.

use std::{path::PathBuf, sync::LazyLock};

use model::discover::{Preset, PresetColumn};

use crate::{SettingsError, definition::nearest, file, layers::WrittenSource, mapping};

/// Name and text of each file.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// The presets that come with the program, in the order of their names.
pub fn presets() -> &'static [Preset] {
    static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| {
        // A file that cannot be read is left out; a test reads them all.
        FILES
            .iter()
            .filter_map(|(name, text)| preset(name, text).ok())
            .collect()
    });
    &PRESETS
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(format!("assets/presets/{name}.toml"))
}

fn preset(name: &str, text: &str) -> Result<Preset, SettingsError> {
    let layer = file::parse_preset(&path(name), text)?;
    let columns = layer.recognised_by.iter().filter_map(|text| {
        let mut parts = text.rsplitn(3, '.');
        let (column, table, schema) = (parts.next()?, parts.next()?, parts.next()?);
        Some(PresetColumn {
            schema: schema.to_owned(),
            table: table.to_owned(),
            column: column.to_owned(),
        })
    });
    Ok(Preset {
        name: name.to_owned(),
        recognised_by: columns.collect(),
        owns_schema: layer.owns_schema,
        sources: mapping::listed(&layer.sources, &mut mapping::Origins::new())?,
    })
}

/// The sources of a preset as they are written in its file. `subject` names the setting in the error.
pub(crate) fn written(name: &str, subject: String) -> Result<Vec<WrittenSource>, SettingsError> {
    let Some((name, text)) = FILES.iter().find(|(known, _)| *known == name.trim()) else {
        let known = FILES.iter().map(|(name, _)| *name);
        let want = match nearest(name, known.clone()) {
            Some(nearest) => format!("a preset: did you mean '{nearest}'?"),
            None => format!("a preset: one of {}", known.collect::<Vec<_>>().join(", ")),
        };
        return Err(SettingsError::value(subject, name, want));
    };
    Ok(file::parse_preset(&path(name), text)?.sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_preset_that_can_be_recognised() {
        for (name, text) in FILES {
            let preset = preset(name, text).unwrap_or_else(|error| panic!("{error}"));
            assert!(!preset.recognised_by.is_empty() && !preset.sources.is_empty(), "{name}");
        }
        assert_eq!(presets().len(), FILES.len());
        assert!(FILES.len() >= 12);
    }
}
