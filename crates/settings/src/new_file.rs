//! Writes a settings file with sources that were found: only what differs from the defaults, so that a person can read and
//! correct it.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use io::Write as _;
use model::{
    Kind, Mapping, SourceMapping, Status,
    mapping::{Companion, LinkText, Take, links_to},
};
use serde_json::Value;

use crate::{
    Origin, Settings,
    files::{Purpose, write_whole},
};

/// A source to be written, with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSource {
    /// How its rows are read.
    pub mapping: SourceMapping,
    /// The columns of its table; none if they are not known.
    pub columns: Vec<String>,
    /// What a person should know of it, a line each.
    pub remarks: Vec<String>,
    /// It is written as a remark only, to be taken in by hand.
    pub is_left_out: bool,
}

/// Why a new settings file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum NewFileError {
    /// There is a file already.
    #[error("{} exists already; add --force to replace it", .0.display())]
    Exists(PathBuf),
    /// It could not be written.
    #[error("cannot write {}: {source}; check the folder and its permissions", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Longest line of a remark.
const WIDTH: usize = 118;

/// Checks that a file may be written, before anything is found.
///
/// # Errors
/// When there is a file and it must not be replaced.
pub fn check(path: &Path, may_replace: bool) -> Result<(), NewFileError> {
    match fs::symlink_metadata(path) {
        Ok(_) if !may_replace => Err(NewFileError::Exists(path.to_owned())),
        _ => Ok(()),
    }
}

/// Writes the file, whole or not at all.
///
/// # Errors
/// When there is a file and it must not be replaced, or the new one cannot be written.
pub fn write(path: &Path, text: &str, may_replace: bool) -> Result<(), NewFileError> {
    check(path, may_replace)?;
    write_whole(path, Purpose::Output, |file| file.write_all(text.as_bytes())).map_err(|source| NewFileError::Write {
        path: path.to_owned(),
        source,
    })
}

/// The text of a settings file: the remarks at its head, the settings of the project, what the file at `path` sets now
/// beside its sources, and the sources.
pub fn text(settings: &Settings, path: &Path, remarks: &[String], sources: &[FoundSource]) -> String {
    let mut text = String::new();
    for line in remarks {
        remark(&mut text, line);
    }
    text.push('\n');
    let is_in_file = |origin: &Origin| matches!(origin, Origin::File { path: of, .. } if of == path);
    let names_project = |name: &str| matches!(name, "url" | "realtime_url" | "rest_url" | "auth_url" | "key_file");
    let mut has_key_file = false;
    let mut auth = String::new();
    for setting in settings.effective() {
        let is_derived = matches!(setting.origin, Origin::Derived(_) | Origin::Default | Origin::Kiosk);
        let is_wanted = (names_project(&setting.name) && !is_derived) || is_in_file(&setting.origin);
        let is_of_sources = setting.name.starts_with("sources.") || setting.name.starts_with("status.");
        if !is_wanted || is_of_sources || setting.is_secret || setting.value.is_null() {
            continue;
        }
        has_key_file |= setting.name == "key_file";
        match setting.name.strip_prefix("auth.") {
            Some(name) => {
                let _ = writeln!(auth, "{name} = {}", toml_value(&setting.value));
            }
            None => {
                let _ = writeln!(text, "{} = {}", setting.name, toml_value(&setting.value));
            }
        }
    }
    if !has_key_file {
        let line =
            "The key is not written here: set SUPABASE_PUBLISHABLE_KEY, or name a file that holds it with key_file.";
        remark(&mut text, line);
    }
    if !auth.is_empty() {
        let _ = write!(text, "\n[auth]\n{auth}");
    }
    let mut words: Vec<_> = settings.mapping.words.iter().collect();
    if !words.is_empty() {
        words.sort();
        text.push_str("\n[status]\n");
        for (word, status) in words {
            let _ = writeln!(text, "{} = {}", quoted(word), quoted(status.word()));
        }
    }
    let written: Vec<&SourceMapping> = sources
        .iter()
        .filter(|source| !source.is_left_out)
        .map(|source| &source.mapping)
        .collect();
    for source in sources {
        text.push('\n');
        for line in &source.remarks {
            remark(&mut text, line);
        }
        let section = section(&source.mapping, &source.columns, &written);
        if source.is_left_out {
            for line in section.lines() {
                let _ = writeln!(text, "#{line}");
            }
        } else {
            text.push_str(&section);
        }
    }
    text
}

/// The sources of a mapping as a settings file lists them: the name of each, and its section.
pub fn sections(mapping: &Mapping) -> impl Iterator<Item = (String, String)> {
    let all: Vec<&SourceMapping> = mapping.sources().iter().collect();
    (mapping.sources().iter()).map(move |source| (source.name(), section(source, &[], &all)))
}

/// The section of one source. `all` are the sources of the file.
fn section(of: &SourceMapping, columns: &[String], all: &[&SourceMapping]) -> String {
    let usual = SourceMapping {
        companions: of.companions.clone(),
        ..SourceMapping::of(of.kind)
    };
    let mut text = format!(
        "[[sources]]\nkind = {}\ntable = {}\n",
        quoted(of.kind.singular()),
        quoted(&of.table)
    );
    if of.schema != usual.schema {
        let _ = writeln!(text, "schema = {}", quoted(&of.schema));
    }
    for role in SourceMapping::ROLES {
        let (own, default) = (of.columns(role), usual.columns(role));
        if own == default || is_picked(of, &usual, role, columns, all) {
            continue;
        }
        let own = own.map(Vec::as_slice).unwrap_or_default();
        let _ = writeln!(text, "{role} = {}", list(own));
    }
    if of.lifecycle {
        text.push_str("lifecycle = true\n");
    }
    if of.one_is_most_urgent {
        text.push_str("priority_one_is_most_urgent = true\n");
    }
    if let Some(gone) = of.gone {
        let _ = writeln!(text, "gone = {}", quoted(gone.word()));
    }
    if let Some(link) = &of.link {
        let _ = writeln!(text, "link = {}", quoted(link));
    }
    if !of.words.is_empty() {
        let mut words: Vec<(&String, &Status)> = of.words.iter().collect();
        words.sort();
        let words: Vec<String> = words
            .into_iter()
            .map(|(word, status)| format!("{} = {}", quoted(word), quoted(status.word())))
            .collect();
        let _ = writeln!(text, "words = {{ {} }}", words.join(", "));
    }
    for companion in &of.companions {
        text.push_str(&companion_section(companion));
    }
    text
}

/// Whether the default columns of a role lead to the same columns of this table as its own do.
fn is_picked(
    of: &SourceMapping,
    usual: &SourceMapping,
    role: &str,
    columns: &[String],
    all: &[&SourceMapping],
) -> bool {
    let own = of.columns(role).map(Vec::as_slice).unwrap_or_default();
    let picked = usual.present(role, columns);
    // What lies in a column counts only where the sample had it.
    let mut picked = picked.iter().filter(|name| own.contains(name) || !name.contains('.'));
    let kinds = links_to(role);
    if kinds.is_empty() {
        return picked.eq(own.iter());
    }
    // A run that a task belongs to may be named by the same column as its workflow is by default.
    if role == "workflow" && all.iter().any(|source| source.kind == Kind::Run) {
        return picked.next().is_none() && own.is_empty();
    }
    let mut targets = all.iter().filter(|source| kinds.contains(&source.kind));
    let only = match (targets.next(), targets.next()) {
        (only, None) => only,
        _ => return picked.next().is_none() && own.is_empty(),
    };
    // The table needs not be named where there is no other.
    let own: Vec<String> = own
        .iter()
        .map(|text| {
            let link = LinkText::of(text);
            let names_only = link.target.is_some() && link.target.map(str::to_owned) == only.map(|only| only.name());
            match names_only && link.columns.len() == 1 {
                true => link.columns.join("+"),
                false => text.clone(),
            }
        })
        .collect();
    picked.eq(own.iter())
}

fn companion_section(of: &Companion) -> String {
    let mut text = format!(
        "  [[sources.companions]]\n  table = {}\n  key = {}\n",
        quoted(of.table()),
        quoted(of.theirs())
    );
    let usual = Companion::new(of.table(), of.theirs());
    if of.schema != usual.schema {
        let _ = writeln!(text, "  schema = {}", quoted(&of.schema));
    }
    if of.id != usual.id && !of.id.is_empty() {
        let _ = writeln!(text, "  id = {}", list(&of.id));
    }
    if !of.ours.is_empty() {
        let _ = writeln!(text, "  of = {}", quoted(&of.ours));
    }
    match &of.take {
        Take::Latest(Some(column)) => {
            let _ = writeln!(text, "  latest_by = {}", quoted(column));
        }
        Take::Latest(None) => {}
        Take::All(column) => {
            let _ = writeln!(text, "  collect = {}", quoted(column));
        }
    }
    if let Some(state) = of.state {
        let _ = writeln!(text, "  state = {}", quoted(state.word()));
    }
    text
}

/// A remark, on as many lines as it needs. Characters that would end a line are left out.
fn remark(text: &mut String, line: &str) {
    let mut width = 0;
    text.push('#');
    for word in line.split_whitespace() {
        let word: String = word.chars().filter(|c| !c.is_control()).collect();
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            text.push_str("\n#");
            width = 0;
        }
        text.push(' ');
        text.push_str(&word);
        width += 1 + length;
    }
    text.push('\n');
}

/// One name as a text, several as a list.
fn list(names: &[String]) -> String {
    match names {
        [name] => quoted(name),
        names => {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            format!("[{}]", names.join(", "))
        }
    }
}

/// A TOML text in quotes.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A value as TOML.
pub(crate) fn toml_value(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        // Numbers, flags and lists of these are written alike in JSON and TOML.
        other => other.to_string(),
    }
}
