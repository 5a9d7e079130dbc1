//! `opswall config`: the settings in force and where each came from, secrets masked.

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value, json};

use super::Failure;
use settings::{Effective, Origin, Settings, new_file};

/// The options of `config`, which prints the effective settings.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prints to standard output.
pub(crate) fn run(settings: &Settings, args: &ConfigArgs) -> Result<(), Failure> {
    Failure::of_output(write(settings, args.json, &mut io::stdout().lock()))
}

/// Writes one JSON object, or lines `name = value  # origin` that can be copied into `opswall.toml`.
pub fn write(settings: &Settings, as_json: bool, out: &mut impl Write) -> io::Result<()> {
    if as_json {
        let object = json!({
            "settings": settings.effective().iter().map(|setting| {
                json!({"name": setting.name, "value": setting.value, "origin": setting.origin.json()})
            }).collect::<Vec<_>>(),
            "files": settings.files.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
            "saved": settings.keep_in.as_ref().map(|keeper| keeper.path.to_string_lossy()),
            "notices": settings.notices.iter().map(|notice| &notice.text).collect::<Vec<_>>(),
        });
        return writeln!(out, "{object}");
    }
    for path in &settings.files {
        writeln!(out, "# read {}", path.display())?;
    }
    if let Some(keeper) = &settings.keep_in {
        writeln!(out, "# changes made in the panel are kept in {}", keeper.path.display())?;
    }
    for notice in &settings.notices {
        writeln!(out, "# {}", notice.text)?;
    }
    // Sources are sections, which come last.
    let is_of_source = |setting: &&Effective| setting.name.starts_with("sources.");
    let alone = settings.effective().iter().filter(|setting| !is_of_source(setting));
    let lines: Vec<(String, &Origin)> = alone.map(line).collect();
    /// The origin follows longer lines immediately instead of being aligned.
    const WIDEST: usize = 60;
    let width = lines
        .iter()
        .map(|(text, _)| text.chars().count())
        .filter(|n| *n <= WIDEST)
        .max();
    let width = width.unwrap_or(0);
    for (text, origin) in lines {
        writeln!(out, "{text:width$}  # {origin}")?;
    }
    if !settings.names_tables() {
        return writeln!(
            out,
            "# the tables are found at each start; opswall init writes them down"
        );
    }
    for (name, section) in new_file::sections(&settings.mapping) {
        let table = format!("sources.{name}.table");
        let origin = settings.effective().iter().find(|setting| setting.name == table);
        let origin = origin.map_or(&Origin::Default, |setting| &setting.origin);
        write!(out, "\n# {origin}\n{section}")?;
    }
    Ok(())
}

fn line(setting: &Effective) -> (String, &Origin) {
    let Effective {
        name, value, origin, ..
    } = setting;
    let text = match value {
        Value::Null => format!("# {name} is not set"),
        // A masked value must not be copied into a settings file.
        value if setting.is_secret => format!("# {name} = {value}"),
        // Texts, numbers and lists are written alike in JSON and TOML.
        value => format!("{name} = {value}"),
    };
    (text, origin)
}
