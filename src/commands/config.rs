//! `opswall config`: the settings in force and where each came from; secrets masked.

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value, json};

use super::Failure;
use settings::{Effective, Origin, Settings};

/// The options of `config`.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigArgs {
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// Prints to standard output.
pub fn run(settings: &Settings, args: &ConfigArgs) -> Result<(), Failure> {
    Failure::of_output(write(settings, args.json, &mut io::stdout().lock()))
}

/// As one JSON object, or as lines `name = value  # origin` that can be copied into `opswall.toml`.
pub fn write(settings: &Settings, as_json: bool, out: &mut impl Write) -> io::Result<()> {
    if as_json {
        let object = json!({
            "settings": settings.effective().iter().map(|Effective { name, value, origin }| {
                json!({"name": name, "value": value, "origin": origin.json()})
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
        writeln!(out, "# what the panel changes is kept in {}", keeper.path.display())?;
    }
    for notice in &settings.notices {
        writeln!(out, "# {}", notice.text)?;
    }
    let lines: Vec<(String, &Origin)> = settings.effective().iter().map(line).collect();
    /// Longer lines keep their origin close instead of aligned.
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
    Ok(())
}

fn line(Effective { name, value, origin }: &Effective) -> (String, &Origin) {
    let text = match value {
        Value::Null => format!("# {name} is not set"),
        // JSON's texts, numbers and lists are TOML's too.
        value => format!("{name} = {value}"),
    };
    (text, origin)
}
