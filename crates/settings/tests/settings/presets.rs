//! The presets of engines (`assets/presets/NAME.toml`): each is a valid list of sources whose links lead somewhere, and
//! has a fixture on which it is tried.

use std::{
    fs,
    path::{Path, PathBuf},
};

use model::{SourceMapping, mapping::LinkText};

use crate::Place;

/// The setting of a preset by which its engine is recognised: columns that it has, as `SCHEMA.TABLE.COLUMN`.
const RECOGNISED_BY: &str = "recognised_by";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The presets by name, each with its text.
fn presets() -> Vec<(String, String)> {
    let files = fs::read_dir(repository().join("assets/presets")).expect("the presets");
    let mut presets: Vec<_> = files
        .map(|file| file.expect("a file").path())
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    presets.sort();
    presets
}

/// The columns by which an engine is recognised, and its sources as `opswall.toml` lists them.
fn parts(text: &str) -> (Vec<String>, String) {
    let mut table: toml::Table = text.parse().expect("a TOML file");
    table.remove("owns_schema");
    let columns = table.remove(RECOGNISED_BY).expect(RECOGNISED_BY);
    let columns = columns.as_array().expect("a list").iter();
    let columns = columns
        .map(|column| column.as_str().expect("a text").to_owned())
        .collect();
    (columns, table.to_string())
}

fn sources(text: &str) -> Vec<SourceMapping> {
    Place::new().file(text).load(&[]).mapping.sources().to_vec()
}

#[test]
fn every_preset_lists_sources_whose_links_lead_to_each_other() {
    let presets = presets();
    assert!(presets.len() >= 12, "{} presets", presets.len());
    for (name, text) in presets {
        let (_, listed) = parts(&text);
        let sources = sources(&listed);
        assert_eq!(
            sources.len(),
            listed.matches("[[sources]]").count(),
            "{name}: each of its sources is read"
        );
        for source in &sources {
            let links = ["agent", "workflow", "run", "depends_on", "parent", "current_task"];
            let written = links.iter().filter_map(|role| source.columns(role)).flatten();
            for link in written.filter(|link| link.contains("->")) {
                let (table, _) = LinkText::of(link).resolve(&sources);
                assert!(
                    table.is_some(),
                    "{name}: {link} of {} leads to none of its sources",
                    source.name()
                );
            }
        }
    }
}

#[test]
fn every_preset_is_recognised_by_columns_of_its_sources() {
    for (name, text) in presets() {
        let (columns, listed) = parts(&text);
        let mut tables: Vec<String> = Vec::new();
        for source in sources(&listed) {
            tables.push(format!("{}.{}.", source.schema, source.table));
            let companions = source.companions.iter();
            tables.extend(companions.map(|one| format!("{}.{}.", one.schema, one.table())));
        }
        assert!(columns.len() >= 2, "{name}: one column alone may be of another project");
        for column in columns {
            assert!(
                tables.iter().any(|table| column.starts_with(table.as_str())),
                "{name}: {column} is in none of {tables:?}"
            );
        }
    }
}

#[test]
fn every_preset_has_a_fixture() {
    for (name, _) in presets() {
        for extension in ["sql", "tsv"] {
            let file = repository().join(format!("tests/fixtures/{name}.{extension}"));
            assert!(file.is_file(), "{} is missing", file.display());
        }
    }
}
