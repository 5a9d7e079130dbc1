//! Mistakes on the command line as one sentence each: what is wrong, with what, and what to do.

use std::{
    error::Error as _,
    net::AddrParseError,
    num::{IntErrorKind, ParseFloatError, ParseIntError},
};

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// The sentence for clap's error.
pub(super) fn sentence(error: &Error) -> String {
    let argument = || list(error, ContextKind::InvalidArg);
    let value = || text(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::UnknownArgument => unknown("option", &argument(), error, ContextKind::SuggestedArg),
        ErrorKind::InvalidSubcommand => {
            let name = text(error, ContextKind::InvalidSubcommand);
            unknown("command", &name, error, ContextKind::SuggestedSubcommand)
        }
        ErrorKind::ValueValidation => {
            let (option, problem, value) = (option(&argument()), problem(error), value());
            match problem.strip_prefix("must ") {
                Some(rule) => format!("{option} must {rule}, not {value}"),
                None => format!("{option}: {problem}, not '{value}'"),
            }
        }
        ErrorKind::InvalidValue => {
            let (option, known) = (option(&argument()), list(error, ContextKind::ValidValue));
            match value() {
                value if value.is_empty() && known.is_empty() => format!("{option} needs a value; give one behind it"),
                value if value.is_empty() => format!("{option} needs a value; give one of {known}"),
                value => format!("{option}: give one of {known}, not '{value}'"),
            }
        }
        ErrorKind::NoEquals => format!(
            "{} takes its value behind an equals sign; write it so",
            option(&argument())
        ),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{} needs a value; give one behind it", option(&argument()))
        }
        ErrorKind::TooManyValues => format!("{} takes one value; remove '{}'", option(&argument()), value()),
        ErrorKind::ArgumentConflict => {
            let other = list(error, ContextKind::PriorArg);
            let (option, other) = (option(&argument()), self::option(&other));
            if option == other {
                format!("{option} is given twice; remove one of them")
            } else {
                format!("{option} cannot be used together with {other}; remove one of them")
            }
        }
        ErrorKind::MissingRequiredArgument => format!("{} is missing; {}", argument(), see_help(error)),
        ErrorKind::MissingSubcommand => format!("the command is missing; {}", see_help(error)),
        ErrorKind::InvalidUtf8 => "an argument is not valid UTF-8; correct its characters".into(),
        _ => {
            let rendered = error.to_string();
            let first = rendered.lines().next().unwrap_or_default();
            format!("{}; {}", first.trim_start_matches("error: "), see_help(error))
        }
    }
}

/// A name that does not exist, and the nearest one that does.
fn unknown(what: &str, name: &str, error: &Error, suggestions: ContextKind) -> String {
    match list(error, suggestions) {
        none if none.is_empty() => format!("unknown {what} '{name}'; {}", see_help(error)),
        known => format!("unknown {what} '{name}'; did you mean {known}?"),
    }
}

/// `see 'opswall tail --help'`, by the usage line in the error.
fn see_help(error: &Error) -> String {
    let usage = error
        .get(ContextKind::Usage)
        .map(ToString::to_string)
        .unwrap_or_default();
    let words = usage.split_whitespace().skip_while(|word| *word != "opswall");
    let command: Vec<&str> = words
        .take_while(|word| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !word.starts_with('-'))
        .collect();
    match command.is_empty() {
        true => "see 'opswall --help'".into(),
        false => format!("see '{} --help'", command.join(" ")),
    }
}

/// An option without the placeholder of its value: `--agents` of `--agents <N>`.
fn option(argument: &str) -> String {
    match argument.split_once([' ', '=', '[']) {
        Some((name, _)) if name.starts_with("--") => name.to_owned(),
        _ => argument.to_owned(),
    }
}

/// What is wrong with a value, as the part of a sentence that follows the option's name.
fn problem(error: &Error) -> String {
    let Some(source) = error.source() else {
        return "give another value".into();
    };
    if let Some(number) = source.downcast_ref::<ParseIntError>() {
        return match number.kind() {
            IntErrorKind::PosOverflow => "give a smaller number".into(),
            _ => "give a whole number".into(),
        };
    }
    if source.is::<ParseFloatError>() {
        return "give a number".into();
    }
    if source.is::<AddrParseError>() {
        return "give an IP address and a port, like 127.0.0.1:54321".into();
    }
    let text = source.to_string();
    // clap's own: `0 is not in 1..=1000`.
    match text
        .split_once(" is not in ")
        .and_then(|(_, range)| range.split_once("..="))
    {
        Some((least, most)) => format!("give a whole number from {least} to {most}"),
        None => match text.as_str() {
            "invalid digit found in string" | "cannot parse integer from empty string" => "give a whole number".into(),
            _ => text,
        },
    }
}

fn text(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    }
}

fn list(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;

    fn mistake(line: &str) -> String {
        sentence(&Cli::read(line.split(' ')).expect_err(line))
    }

    #[test]
    fn every_mistake_is_one_sentence_that_says_what_to_do() {
        for (line, expected) in [
            ("opswall serve --rate -5", "--rate must be 0 or more, not -5"),
            ("opswall serve --rate fast", "--rate: give a number, not 'fast'"),
            (
                "opswall serve --agents many",
                "--agents: give a whole number, not 'many'",
            ),
            ("opswall serve --agents -3", "--agents: give a whole number, not '-3'"),
            (
                "opswall serve --agents 99999999999999999999",
                "--agents: give a smaller number, not '99999999999999999999'",
            ),
            (
                "opswall serve --listen nowhere",
                "--listen: give an IP address and a port, like 127.0.0.1:54321, not 'nowhere'",
            ),
            (
                "opswall tail --for soon",
                "--for: give a number of seconds from 0 to 31536000, not 'soon'",
            ),
            ("opswall tail --for", "--for needs a value; give one behind it"),
            ("opswall tail --jason", "unknown option '--jason'; did you mean --json?"),
            (
                "opswall tail --bogus",
                "unknown option '--bogus'; see 'opswall tail --help'",
            ),
            ("opswall doktor", "unknown command 'doktor'; did you mean doctor?"),
            (
                "opswall doctor --json --json",
                "--json is given twice; remove one of them",
            ),
            (
                "opswall bench ingest --runs 0",
                "--runs: give a whole number from 1 to 1000, not '0'",
            ),
            (
                "opswall bench ingest --reference c",
                "--reference: give one of js, none, not 'c'",
            ),
        ] {
            assert_eq!(mistake(line), expected, "{line}");
        }
    }

    #[cfg(feature = "wall")]
    #[test]
    fn a_picture_needs_a_name_and_an_option_its_companion() {
        for (line, expected) in [
            (
                "opswall snapshot",
                "<OUT.png> is missing; see 'opswall snapshot --help'",
            ),
            (
                "opswall snapshot a.png --offline",
                "--on-demo is missing; see 'opswall snapshot --help'",
            ),
            (
                "opswall bench scene --full --reference sprites",
                "--full cannot be used together with --reference; remove one of them",
            ),
        ] {
            assert_eq!(mistake(line), expected, "{line}");
        }
    }
}
