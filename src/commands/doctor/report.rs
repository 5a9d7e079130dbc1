//! The report as it is printed: a line a check while it goes on, or one JSON object at the end. Keys and tokens are
//! taken out of every text, whoever wrote it.

use std::io::{self, IsTerminal as _, Write};

use serde_json::json;

use super::check::{Check, Outcome};
use model::noun;
use realtime::Token;

/// Texts are broken at this column.
const WIDTH: usize = 100;
/// Where details begin.
const INDENT: usize = 11;
/// A shorter text is no secret and would be found in ordinary words.
const LEAST_SECRET: usize = 8;

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Json,
    Text { coloured: bool },
}

impl Form {
    /// Colour on a terminal that wants it.
    pub fn of_stdout(as_json: bool) -> Self {
        if as_json {
            return Self::Json;
        }
        let unset = |name| std::env::var_os(name).is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self::Text {
            coloured: io::stdout().is_terminal() && unset("NO_COLOR") && !dumb,
        }
    }
}

/// The checks so far.
pub struct Report<W> {
    out: W,
    form: Form,
    checks: Vec<Check>,
    secrets: Vec<Token>,
    /// Width of the column that says which table.
    subjects: usize,
    /// The reader of the output has gone, or the disk is full.
    trouble: Option<io::Error>,
}

impl<W: Write> Report<W> {
    pub fn new(out: W, form: Form) -> Self {
        Self {
            out,
            form,
            checks: Vec::new(),
            secrets: Vec::new(),
            subjects: 0,
            trouble: None,
        }
    }

    /// Never to be printed.
    pub fn hide(&mut self, secret: Token) {
        if secret.expose().len() >= LEAST_SECRET {
            self.secrets.push(secret);
        }
    }

    /// The tables that will be spoken of, for the alignment.
    pub fn expect_tables<'t>(&mut self, tables: impl Iterator<Item = &'t String>) {
        /// Longer names push their line to the right.
        const WIDEST: usize = 32;
        self.subjects = tables.map(|table| table.chars().count()).max().unwrap_or(0).min(WIDEST);
    }

    /// The worst of all.
    pub fn overall(&self) -> Outcome {
        self.checks
            .iter()
            .map(|check| check.outcome)
            .max()
            .unwrap_or(Outcome::Ok)
    }

    pub fn add(&mut self, mut check: Check) {
        for text in check.texts_mut() {
            for secret in &self.secrets {
                if text.contains(secret.expose()) {
                    *text = text.replace(secret.expose(), "…");
                }
            }
            text.retain(is_shown);
        }
        if let Form::Text { coloured } = self.form {
            let text = self.lines(&check, coloured);
            let told = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
            self.note(told);
        }
        self.checks.push(check);
    }

    /// The closing line, or the whole object.
    ///
    /// # Errors
    /// When the output could not be written.
    pub fn end(mut self) -> io::Result<Outcome> {
        let overall = self.overall();
        let count = |outcome| self.checks.iter().filter(|check| check.outcome == outcome).count();
        let told = match self.form {
            Form::Json => {
                let object = json!({
                    "overall": overall.word(),
                    "ok": count(Outcome::Ok),
                    "warnings": count(Outcome::Warning),
                    "failed": count(Outcome::Failed),
                    "skipped": count(Outcome::Skipped),
                    "checks": self.checks.iter().map(Check::json).collect::<Vec<_>>(),
                });
                writeln!(self.out, "{object}")
            }
            Form::Text { .. } => {
                let warnings = count(Outcome::Warning);
                writeln!(
                    self.out,
                    "\n{} ok, {warnings} {}, {} failed, {} skipped",
                    count(Outcome::Ok),
                    noun(warnings as u64, "warning", "warnings"),
                    count(Outcome::Failed),
                    count(Outcome::Skipped),
                )
            }
        };
        let told = told.and_then(|()| self.out.flush());
        self.note(told);
        match self.trouble {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(overall),
        }
    }

    fn note(&mut self, told: io::Result<()>) {
        if let Err(error) = told {
            self.trouble.get_or_insert(error);
        }
    }

    fn lines(&self, check: &Check, coloured: bool) -> String {
        let word = check.outcome.word();
        let (on, off) = match (coloured, check.outcome) {
            (false, _) => ("", ""),
            (true, Outcome::Ok) => ("\x1b[32m", "\x1b[0m"),
            (true, Outcome::Warning) => ("\x1b[1;33m", "\x1b[0m"),
            (true, Outcome::Failed) => ("\x1b[1;31m", "\x1b[0m"),
            (true, Outcome::Skipped) => ("\x1b[2m", "\x1b[0m"),
        };
        let subject = check.table.as_deref().or(check.host.as_deref()).unwrap_or_default();
        let took = match check.took.map(|took| took.as_secs_f64() * 1_000.0) {
            Some(ms) if ms < 10.0 => format!("  ({ms:.1} ms)"),
            Some(ms) => format!("  ({ms:.0} ms)"),
            None => String::new(),
        };
        let mut text = format!(
            "{on}{word:<9}{off} {:<10} {subject:<width$}  {}{took}\n",
            check.name,
            check.found,
            width = self.subjects,
        );
        for (name, detail) in [("means", &check.means), ("do", &check.remedy)] {
            if !detail.is_empty() {
                wrapped(&mut text, name, detail);
            }
        }
        // To be copied: never broken.
        for (at, line) in check.sql.lines().enumerate() {
            let name = if at == 0 { "sql" } else { "" };
            text.push_str(&format!("{:INDENT$}{name:<6} {line}\n", ""));
        }
        text
    }
}

/// Nothing that moves a cursor or turns the direction of writing.
fn is_shown(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c == '\n' || !(c.is_control() || turns)
}

fn wrapped(text: &mut String, name: &str, detail: &str) {
    let mut line = format!("{:INDENT$}{name:<6}", "");
    let start = line.len();
    let mut width = start;
    for word in detail.split_whitespace() {
        let more = word.chars().count() + 1;
        if width + more > WIDTH && width > start {
            text.push_str(&line);
            text.push('\n');
            line = " ".repeat(start);
            width = start;
        }
        line.push(' ');
        line.push_str(word);
        width += more;
    }
    text.push_str(&line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(form: Form, checks: impl IntoIterator<Item = Check>) -> (Outcome, String) {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, form);
        report.hide(Token::new("eyJsecret"));
        for check in checks {
            report.add(check);
        }
        let overall = report.end().expect("written");
        (overall, String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn secrets_and_control_characters_are_in_no_text() {
        let check = || {
            Check::failed("key", "found eyJsecret\x1b[2J")
                .means("means eyJsecret")
                .remedy("do eyJsecret")
                .sql("sql eyJsecret")
        };
        for form in [
            Form::Json,
            Form::Text { coloured: true },
            Form::Text { coloured: false },
        ] {
            let (overall, text) = told(form, [check()]);
            assert_eq!(overall, Outcome::Failed);
            assert!(!text.contains("eyJsecret") && !text.contains("\x1b[2J"), "{text}");
            assert_eq!(text.matches('…').count(), 4, "{text}");
        }
    }

    #[test]
    fn the_worst_counts_and_what_was_skipped_is_no_harm() {
        let form = Form::Text { coloured: false };
        assert_eq!(told(form, [Check::ok("a", ""), Check::skipped("b", "")]).0, Outcome::Ok);
        assert_eq!(
            told(form, [Check::ok("a", ""), Check::warning("b", "")]).0,
            Outcome::Warning
        );
        let (_, text) = told(form, [Check::ok("a", "x"), Check::warning("b", "y")]);
        assert!(
            !text.contains('\x1b') && text.ends_with("\n1 ok, 1 warning, 0 failed, 0 skipped\n"),
            "{text}"
        );
    }

    #[test]
    fn long_texts_are_broken_and_sql_is_not() {
        let long = "word ".repeat(60);
        let check = Check::failed("rest", "x").means(long.clone()).sql(long.clone());
        let (_, text) = told(Form::Text { coloured: false }, [check]);
        let means: Vec<&str> = text.lines().skip(1).take_while(|line| !line.contains("sql")).collect();
        assert!(
            means.len() > 2 && means.iter().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        assert!(text.contains(long.trim_end()), "{text}");
    }
}
