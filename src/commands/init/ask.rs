//! Asks on a terminal what could not be decided. An empty answer takes the guess, and so does the end of the input.

use std::io::{self, BufRead, Write};

use super::line;
use client::discover::Discovery;
use model::{
    Kind, SourceMapping,
    discover::{Confidence, ProposedSource, Way},
};

/// Longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 4_096;
/// Tries before the guess is taken.
const MAX_TRIES: usize = 3;

/// Asks about every guess and changes what the answers change.
pub(super) fn guesses(discovery: &mut Discovery, input: &mut impl BufRead, out: &mut impl Write) -> io::Result<()> {
    let columns: Vec<Vec<String>> = (discovery.proposal.sources.iter())
        .map(|source| discovery.columns(&source.mapping))
        .collect();
    for (source, columns) in discovery.proposal.sources.iter_mut().zip(columns) {
        if matches!(source.way, Way::LeftOut(_)) {
            continue;
        }
        if source.confidence == Confidence::Guess {
            ask_kind(source, input, out)?;
        }
        ask_roles(source, &columns, input, out)?;
    }
    let is_wanted = |source: &ProposedSource| source.reason != UNWANTED;
    discovery.proposal.sources.retain(is_wanted);
    Ok(())
}

/// The reason of a source that the user does not want, until it is removed.
const UNWANTED: &str = "not wanted";

fn ask_kind(source: &mut ProposedSource, input: &mut impl BufRead, out: &mut impl Write) -> io::Result<()> {
    let table = source.mapping.name();
    let guess = source.mapping.kind;
    let question = format!(
        "What are the rows of {table}? agent, task, workflow, run, or none to leave it out [{}]",
        guess.singular()
    );
    for _ in 0..MAX_TRIES {
        let Some(answer) = answer(&question, input, out)? else {
            return Ok(());
        };
        if answer.eq_ignore_ascii_case("none") {
            source.reason = UNWANTED.to_owned();
            return Ok(());
        }
        let is_named =
            |kind: &Kind| answer.eq_ignore_ascii_case(kind.singular()) || answer.eq_ignore_ascii_case(kind.plural());
        match Kind::ALL.into_iter().find(is_named) {
            Some(kind) if kind == guess => {
                source.confidence = Confidence::Certain;
                return Ok(());
            }
            Some(kind) => {
                let of = &source.mapping;
                // The columns of the other kind are chosen by their usual names.
                source.mapping = SourceMapping {
                    schema: of.schema.clone(),
                    table: of.table.clone(),
                    id: of.id.clone(),
                    ..SourceMapping::of(kind)
                };
                source.roles.clear();
                source.reason = format!("you said that its rows are {}", kind.plural());
                source.confidence = Confidence::Certain;
                return Ok(());
            }
            None => line(out, "Give one of agent, task, workflow, run, none.")?,
        }
    }
    Ok(())
}

fn ask_roles(
    source: &mut ProposedSource,
    columns: &[String],
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> io::Result<()> {
    let table = source.mapping.name();
    if source.reason == UNWANTED {
        return Ok(());
    }
    for role in &mut source.roles {
        if role.confidence != Confidence::Guess || source.mapping.columns(role.role).is_none() {
            continue;
        }
        let question = format!(
            "{table}: which column is the {}? {}, or none [{}]",
            role.role.replace('_', " "),
            columns.join(", "),
            role.column
        );
        for _ in 0..MAX_TRIES {
            let Some(answer) = answer(&question, input, out)? else {
                break;
            };
            let chosen = match answer.as_str() {
                "none" => Some(Vec::new()),
                name if columns.iter().any(|column| column == name) => Some(vec![name.to_owned()]),
                _ => None,
            };
            let Some(chosen) = chosen else {
                line(out, "Give one of the columns, or none.")?;
                continue;
            };
            role.column = chosen.join(", ");
            role.reason = "you said so".to_owned();
            role.confidence = Confidence::Certain;
            if let Some(columns) = source.mapping.columns_mut(role.role) {
                *columns = chosen;
            }
            break;
        }
    }
    Ok(())
}

/// One answer; `None`: the guess is taken.
fn answer(question: &str, input: &mut impl BufRead, out: &mut impl Write) -> io::Result<Option<String>> {
    write!(out, "{} ", model::text::printable(question))?;
    out.flush()?;
    let mut text = String::new();
    let mut limited = io::Read::take(input, MAX_ANSWER_BYTES);
    if limited.read_line(&mut text)? == 0 {
        writeln!(out)?;
        return Ok(None);
    }
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::discover::{Evidence, Proposal};

    fn discovery() -> Discovery {
        let source = |table: &str, kind, confidence| ProposedSource {
            mapping: SourceMapping {
                table: table.into(),
                ..SourceMapping::of(kind)
            },
            confidence,
            reason: "by its name".into(),
            roles: vec![Evidence {
                role: "label",
                column: "headline".into(),
                reason: "by its values".into(),
                confidence: Confidence::Guess,
            }],
            unknown_words: Vec::new(),
            way: Way::Followed,
        };
        let facts = |table: &str| model::discover::TableFacts {
            schema: "public".into(),
            table: table.into(),
            columns: ["id", "headline", "subject"]
                .map(|name| model::discover::ColumnFacts {
                    name: name.into(),
                    ..Default::default()
                })
                .into(),
            ..Default::default()
        };
        Discovery {
            tables: vec![facts("cases"), facts("flows"), facts("jobs")],
            proposal: Proposal {
                sources: vec![
                    source("cases", Kind::Task, Confidence::Guess),
                    source("flows", Kind::Workflow, Confidence::Guess),
                    source("jobs", Kind::Task, Confidence::Likely),
                ],
                passed_over: Vec::new(),
            },
            ..Discovery::default()
        }
    }

    fn asked(answers: &str) -> (Discovery, String) {
        let (mut found, mut out) = (discovery(), Vec::new());
        guesses(&mut found, &mut answers.as_bytes(), &mut out).expect("written");
        (found, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn empty_answers_and_the_end_of_the_input_take_the_guesses() {
        for answers in ["", "\n\n\n\n\n\n"] {
            let (found, asked) = asked(answers);
            assert_eq!(found.proposal, discovery().proposal, "{asked}");
        }
    }

    #[test]
    fn answers_change_kinds_and_columns_and_leave_tables_out() {
        let (found, asked) = asked("Runs\nnone\nnonsense\nsubject\n");
        let [cases, jobs] = found.proposal.sources.as_slice() else {
            panic!("two sources: {asked}");
        };
        assert_eq!(cases.mapping.kind, Kind::Run);
        assert_eq!(jobs.mapping.label, ["subject"]);
        assert!(asked.contains("Give one of the columns"), "{asked}");
        assert_eq!(asked.matches("What are the rows of").count(), 2, "{asked}");
    }
}
