//! What was found, for a person and as JSON.

use std::{
    io::{self, Write},
    path::Path,
};

use serde_json::{Value, json};

use super::{
    line,
    picture::{Picture, SourcePicture},
};
use client::discover::Discovery;
use model::{
    SourceMapping,
    discover::{Confidence, ProposedSource, Way},
    format::grouped,
};

/// Roles that a person looks for first, in this order.
const SHOWN_ROLES: &[&str] = &[
    "label",
    "status",
    "agent",
    "workflow",
    "run",
    "parent",
    "depends_on",
    "current_task",
    "heartbeat",
    "outcome",
    "approval",
    "needs_human",
    "error",
    "progress",
    "activity",
    "waits_for",
    "removed",
];
/// Most words that are shown of a source.
const MAX_WORDS: usize = 12;
/// Most tables that are listed as no sources.
const MAX_PASSED_OVER: usize = 20;

/// Prints the table of sources.
pub(super) fn print(out: &mut impl Write, discovery: &Discovery) -> io::Result<()> {
    line(out, &format!("opswall {}", discovery.summary()))?;
    writeln!(out)?;
    let rows: Vec<[String; 4]> = (discovery.proposal.sources.iter())
        .map(|source| {
            [
                source.mapping.name(),
                source.mapping.kind.singular().to_owned(),
                discovery
                    .facts(&source.mapping)
                    .and_then(|facts| facts.count)
                    .map_or_else(|| "?".to_owned(), grouped),
                way(&source.way),
            ]
        })
        .collect();
    let head = ["source", "kind", "rows", "followed"].map(str::to_owned);
    let width = |at: usize| {
        let cells = rows.iter().chain([&head]).filter_map(|row| row.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (first, second, third) = (width(0), width(1), width(2));
    let cells =
        |[source, kind, rows, way]: &[String; 4]| format!("{source:first$}  {kind:second$}  {rows:>third$}  {way}");
    line(out, &cells(&head))?;
    for (row, source) in rows.iter().zip(&discovery.proposal.sources) {
        line(out, &cells(row))?;
        line(out, &format!("    {}{}", source.reason, guess(source.confidence)))?;
        let roles = roles(&source.mapping, discovery);
        if !roles.is_empty() {
            line(out, &format!("    {roles}"))?;
        }
        if !source.unknown_words.is_empty() {
            line(out, &format!("    unknown words: {}", words(&source.unknown_words)))?;
        }
    }
    let passed_over = &discovery.proposal.passed_over;
    if !passed_over.is_empty() {
        writeln!(out)?;
        for table in passed_over.iter().take(MAX_PASSED_OVER) {
            line(out, &format!("not a source: {} ({})", table.table, table.reason))?;
        }
        if let Some(more) = passed_over.len().checked_sub(MAX_PASSED_OVER).filter(|more| *more > 0) {
            line(out, &format!("and {more} more"))?;
        }
    }
    writeln!(out)
}

/// Prints the statements to run, the file and the closing line.
pub(super) fn end(
    out: &mut impl Write,
    discovery: &Discovery,
    picture: &Picture,
    written: Option<&Path>,
) -> io::Result<()> {
    for source in &picture.sources {
        let Some(reason) = &source.sql_for else { continue };
        line(out, &format!("-- {reason}, run this in the SQL editor of the project:"))?;
        for statement in &source.sql {
            // Line ends are part of a statement.
            for part in statement.lines() {
                line(out, part)?;
            }
        }
        writeln!(out)?;
    }
    if let Some(path) = written {
        line(out, &format!("wrote {}", path.display()))?;
    }
    line(out, &picture.summary(discovery))
}

fn way(way: &Way) -> String {
    match way {
        Way::Followed => "yes".to_owned(),
        Way::Polled(why) => format!("polled: {why}"),
        Way::LeftOut(why) => format!("no: {why}"),
    }
}

fn guess(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Guess => " (a guess)",
        Confidence::Likely | Confidence::Certain => "",
    }
}

fn roles(of: &SourceMapping, discovery: &Discovery) -> String {
    let columns = discovery.columns(of);
    let shown = SHOWN_ROLES.iter().filter_map(|role| {
        let names = of.present(role, &columns);
        (!names.is_empty()).then(|| format!("{role} {}", names.join(", ")))
    });
    let mut roles: Vec<String> = shown.collect();
    if of.lifecycle {
        roles.push("lifecycle".to_owned());
    }
    for companion in &of.companions {
        roles.push(format!("completed by {}", companion.table()));
    }
    roles.join("; ")
}

fn words(words: &[(String, usize)]) -> String {
    let mut listed: Vec<String> = (words.iter().take(MAX_WORDS))
        .map(|(word, rows)| format!("{word} ({})", grouped(*rows as u64)))
        .collect();
    if words.len() > MAX_WORDS {
        listed.push(format!("and {} more", words.len() - MAX_WORDS));
    }
    listed.join(", ")
}

/// What the file says about a source.
pub(super) fn remarks(source: &ProposedSource, shown: &SourcePicture) -> Vec<String> {
    let count = shown.count.map_or_else(String::new, |count| {
        format!(" {} {}.", grouped(count), model::noun(count, "row", "rows"))
    });
    let mut remarks = vec![format!(
        "{}:{count} {}{}.",
        source.mapping.name(),
        model::text::sentence(&source.reason),
        guess(source.confidence)
    )];
    match &source.way {
        Way::Followed => {}
        Way::Polled(why) => remarks.push(format!("It is read at an interval: {why}.")),
        Way::LeftOut(why) => remarks.push(format!("Left out: {why}. Remove the # once that is mended.")),
    }
    let guesses = source.roles.iter().filter(|role| role.confidence == Confidence::Guess);
    for guess in guesses {
        remarks.push(format!(
            "A guess: {} is {} ({}).",
            guess.role, guess.column, guess.reason
        ));
    }
    if !source.unknown_words.is_empty() {
        let first = source.unknown_words.first().map_or("", |(word, _)| word.as_str());
        remarks.push(format!(
            "Words without a meaning: {}; like words = {{ \"{first}\" = \"waiting\" }}",
            words(&source.unknown_words)
        ));
    }
    remarks
}

/// The whole as one object.
pub(super) fn json(discovery: &Discovery, picture: &Picture, written: Option<&Path>) -> Value {
    let sources = discovery.proposal.sources.iter().zip(&picture.sources);
    let sources: Vec<Value> = sources
        .map(|(source, shown)| source_json(discovery, source, shown))
        .collect();
    let passed_over: Vec<Value> = (discovery.proposal.passed_over.iter())
        .map(|table| json!({"table": table.table, "reason": table.reason}))
        .collect();
    json!({
        "kind": "init",
        "schema": discovery.schema,
        "role": discovery.role,
        "asked": {
            "names": discovery.asked.names.len(),
            "requests": discovery.asked.requests,
            "ms": u64::try_from(discovery.asked.took.as_millis()).unwrap_or(u64::MAX),
            "cut_short": discovery.asked.cut_short,
        },
        "sources": sources,
        "passed_over": passed_over,
        "rows": picture.sources.iter().map(|source| source.rows).sum::<usize>(),
        "rows_read": picture.sources.iter().map(|source| source.read).sum::<usize>(),
        "summary": picture.summary(discovery),
        "file": written.map(|path| path.to_string_lossy()),
    })
}

fn source_json(discovery: &Discovery, source: &ProposedSource, shown: &SourcePicture) -> Value {
    let of = &source.mapping;
    let columns = discovery.columns(of);
    let roles: serde_json::Map<String, Value> = (SourceMapping::ROLES.iter())
        .filter_map(|role| {
            let names = match columns.is_empty() {
                true => of.columns(role)?.clone(),
                false => of.present(role, &columns),
            };
            (!names.is_empty()).then(|| ((*role).to_owned(), json!(names)))
        })
        .collect();
    let (way, why) = match &source.way {
        Way::Followed => ("followed", None),
        Way::Polled(why) => ("polled", Some(why)),
        Way::LeftOut(why) => ("left_out", Some(why)),
    };
    let evidence: Vec<Value> = (source.roles.iter())
        .map(|role| {
            json!({
                "role": role.role, "column": role.column, "reason": role.reason,
                "confidence": confidence(role.confidence),
            })
        })
        .collect();
    let pairs = |pairs: &[(String, usize)]| -> Vec<Value> {
        pairs
            .iter()
            .map(|(word, rows)| json!({"word": word, "rows": rows}))
            .collect()
    };
    let states: Vec<Value> = (shown.states.iter())
        .map(|(state, rows)| json!({"state": state, "rows": rows}))
        .collect();
    json!({
        "table": of.table,
        "schema": of.schema,
        "kind": of.kind.singular(),
        "rows": shown.count,
        "way": way,
        "why": why,
        "sql": (!shown.sql.is_empty()).then(|| shown.sql.join("\n")),
        "confidence": confidence(source.confidence),
        "reason": source.reason,
        "lifecycle": of.lifecycle,
        "roles": roles,
        "companions": of.companions.iter().map(|companion| companion.table()).collect::<Vec<_>>(),
        "evidence": evidence,
        "states": states,
        "unknown_words": pairs(&source.unknown_words),
    })
}

fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Guess => "guess",
        Confidence::Likely => "likely",
        Confidence::Certain => "certain",
    }
}
