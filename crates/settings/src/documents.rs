//! The documents that list the settings are generated from the table: the first part of `assets/opswall.example.toml`
//! and the table in `README.md`. The tests below compare them; with `REWRITE=1` they write them anew:
//!
//! `REWRITE=1 cargo test -p settings documents`

use std::{fmt::Write as _, fs, path::PathBuf};

use model::Status;

use crate::{
    definition::{Definition, Group, find},
    table::definitions,
};

const COMMAND: &str = "REWRITE=1 cargo test -p settings documents";

const EXAMPLE_HEAD: &str = "\
# Settings of opswall. Copy this file to opswall.toml in the folder in which opswall is started, or to
# opswall/opswall.toml in your configuration directory (~/.config on Linux), and remove the # of each line you change.
#
# A flag (--max-reconnect-attempts 3) or a variable (OPSWALL_MAX_RECONNECT_ATTEMPTS=3) overrides this file, and so does
# what was changed in the panel. `opswall config` shows the settings in force and where each came from.
#
# The wall follows this file while it runs: what changes at run time, status words included, is in force as soon as the
# file is saved, and of the rest it says that it takes a restart. A file with a mistake changes nothing.
";
/// The example from here on is written by hand.
const EXAMPLE_REST: &str = "## Tables and columns\n";
const TABLE_BEGIN: &str = "<!-- settings: generated, see crates/settings/src/documents.rs -->\n";
const TABLE_END: &str = "<!-- end of settings -->";

/// Longest line of the example file.
const WIDTH: usize = 120;

fn in_group(group: Group) -> impl Iterator<Item = &'static Definition> {
    definitions().filter(move |definition| definition.group == group)
}

/// Help and details as sentences, without the first letter's indentation, and whether a change needs no restart.
fn sentences(definition: &Definition) -> String {
    let help = definition.help.trim();
    let mut sentences = match definition.details.trim() {
        "" => format!("{help}."),
        details => format!("{help}. {details}"),
    };
    if definition.is_run_time {
        sentences.push_str(" Changes at run time.");
    }
    sentences
}

fn example() -> String {
    let mut text = EXAMPLE_HEAD.to_owned();
    for group in Group::ALL {
        let listed: Vec<_> = in_group(group)
            .filter(|definition| definition.in_file && definition.section.is_none() && group != Group::Tables)
            .collect();
        if listed.is_empty() {
            continue;
        }
        let _ = write!(text, "\n## {}\n\n", group.heading());
        for definition in listed {
            for line in wrapped(&sentences(definition).replace('`', "")) {
                let _ = writeln!(text, "# {line}");
            }
            let value = definition
                .example
                .map(str::to_owned)
                .or(definition.form.default_text())
                .expect("a default or an example");
            let mark = if definition.is_alternative { "# " } else { "#" };
            let _ = writeln!(text, "{mark}{} = {value}", definition.key);
        }
    }
    text.push('\n');
    text
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("a line");
        if last.is_empty() {
            last.push_str(word);
        } else if last.chars().count() + 1 + word.chars().count() + "# ".len() <= WIDTH {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn table() -> String {
    let mut text = "\n| setting | default | meaning |\n|---|---|---|\n".to_owned();
    for group in Group::ALL {
        let _ = writeln!(text, "| **{}** | | |", group.heading());
        for definition in in_group(group) {
            let default = match definition.form.default_text() {
                Some(default) if default != "\"\"" => format!("`{}`", default.trim_matches('"')),
                _ => "–".to_owned(),
            };
            let mut name = format!("`{}`", definition.path());
            if !definition.in_file {
                let _ = write!(name, " (flag, variable)");
            }
            let variables: Vec<String> = definition
                .customary
                .iter()
                .rev()
                .map(|name| format!("`{name}`"))
                .collect();
            let mut meaning = sentences(definition).replace('|', "\\|");
            if !variables.is_empty() {
                let _ = write!(meaning, " Also {}.", variables.join(", "));
            }
            let _ = writeln!(text, "| {name} | {default} | {meaning} |");
        }
    }
    text.push('\n');
    text
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

/// Compares a file with what it should be, or writes it.
fn check(name: &str, wanted: impl FnOnce(&str) -> String) {
    let found = fs::read_to_string(file(name)).expect("the file");
    let wanted = wanted(&found);
    if found == wanted {
        return;
    }
    assert!(
        std::env::var_os("REWRITE").is_some(),
        "{name} does not match the table of settings; rewrite it with: {COMMAND}"
    );
    fs::write(file(name), wanted).expect("written");
}

#[test]
fn the_example_file_lists_the_settings_of_the_table() {
    check("assets/opswall.example.toml", |found| {
        let (_, rest) = found.split_once(EXAMPLE_REST).expect("the part written by hand");
        format!("{}{EXAMPLE_REST}{rest}", example())
    });
}

#[test]
fn the_example_file_lists_the_states_that_a_word_can_mean() {
    let states = Status::ALL.into_iter().filter(|status| *status != Status::Unmapped);
    let wanted = format!("States: {}.", states.map(Status::word).collect::<Vec<_>>().join(", "));
    let name = "assets/opswall.example.toml";
    let text = fs::read_to_string(file(name)).expect("the file");
    let lines: Vec<&str> = text.lines().map(|line| line.trim_start_matches("# ")).collect();
    assert!(
        lines.join(" ").contains(&wanted),
        "write into {name}, in the part on status words: {wanted}"
    );
}

#[test]
fn the_table_in_the_readme_lists_the_settings_of_the_table() {
    check("README.md", |found| {
        let (before, after) = found.split_once(TABLE_BEGIN).expect("the mark before the table");
        let (_, after) = after.split_once(TABLE_END).expect("the mark after the table");
        format!("{before}{TABLE_BEGIN}{}{TABLE_END}{after}", table())
    });
}

#[test]
fn every_setting_has_a_key_a_help_and_a_value_that_its_form_accepts() {
    use crate::layers::Raw;
    let keys: Vec<&str> = definitions().map(|definition| definition.key).collect();
    for definition in definitions() {
        let key = definition.key;
        assert_eq!(keys.iter().filter(|other| **other == key).count(), 1, "{key} twice");
        assert!(
            key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{key}"
        );
        let help = definition.help.trim();
        assert!(!help.is_empty() && !help.ends_with('.'), "{key}: {help}");
        for name in help.split('`').skip(1).step_by(2).filter(|name| name.contains('_')) {
            assert!(find(name).is_some(), "{key} mentions the unknown setting {name}");
        }
        let examples = [definition.form.default_text(), definition.example.map(str::to_owned)];
        for text in examples.into_iter().flatten() {
            let raw = Raw::Text(text.trim_matches('"').to_owned());
            assert!(definition.form.accepts(&raw), "{key} = {text}");
        }
        // What a window writes is a value of one key in the file; status words have a section of their own.
        if definition.is_run_time {
            let is_editable = definition.in_file && definition.section.is_none() && definition.form.kind().is_some();
            assert!(is_editable || key == "status", "{key}: no window can change it");
            assert!(
                !model::is_masked(key) && !matches!(definition.group, Group::Project | Group::SignIn),
                "{key}: no window shows a secret"
            );
        }
        if definition.is_saved {
            assert!(definition.in_file, "{key}: a setting of the panel has a layer below it");
        }
    }
}
