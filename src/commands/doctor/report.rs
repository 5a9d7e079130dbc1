//! Prints the report: a line for each check as soon as it ends, or one JSON object at the end. Keys and tokens are removed
//! from every text, whatever its origin.

use std::io::{self, IsTerminal as _, Write};

use serde_json::json;

use super::check::{Check, Outcome};
use model::{noun, text::is_disturbing};
use realtime::Token;

/// Texts are wrapped at this column.
const WIDTH: usize = 100;
/// The column at which details begin.
const INDENT: usize = 11;
/// Shorter texts are not hidden, because they occur in ordinary words.
const LEAST_SECRET: usize = 8;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Text { coloured: bool },
}

impl Form {
    /// Colours only on a terminal, and not if `NO_COLOR` is set.
    pub(super) fn of_stdout(as_json: bool) -> Self {
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

/// Checks that were skipped because of the same failed one.
struct Blocked {
    by: &'static str,
    names: Vec<&'static str>,
}

/// The checks so far.
pub(super) struct Report<W> {
    out: W,
    form: Form,
    checks: Vec<Check>,
    secrets: Vec<Token>,
    /// Width of the column for tables and hosts.
    subjects: usize,
    /// Checks skipped because of the same failed one, which one line will list.
    blocked: Option<Blocked>,
    /// The first error of the output.
    write_error: Option<io::Error>,
}

impl<W: Write> Report<W> {
    /// An empty report that is written to `out` in this form.
    pub(super) fn new(out: W, form: Form) -> Self {
        Self {
            out,
            form,
            checks: Vec::new(),
            secrets: Vec::new(),
            subjects: 0,
            blocked: None,
            write_error: None,
        }
    }

    /// Removes this text from everything that is printed.
    pub(super) fn hide(&mut self, secret: Token) {
        if secret.expose().len() >= LEAST_SECRET {
            self.secrets.push(secret);
        }
    }

    /// Aligns the lines to these tables' names.
    pub(super) fn expect_tables<'t>(&mut self, tables: impl Iterator<Item = &'t String>) {
        /// Longer names push their line to the right.
        const WIDEST: usize = 32;
        self.subjects = tables.map(|table| table.chars().count()).max().unwrap_or(0).min(WIDEST);
    }

    /// The most serious outcome.
    pub(super) fn overall(&self) -> Outcome {
        self.checks
            .iter()
            .map(|check| check.outcome)
            .max()
            .unwrap_or(Outcome::Ok)
    }

    /// Adds a check and prints its line. Consecutive checks that one failure blocks share a line.
    pub(super) fn add(&mut self, mut check: Check) {
        for text in check.texts_mut() {
            for secret in &self.secrets {
                if text.contains(secret.expose()) {
                    *text = text.replace(secret.expose(), "…");
                }
            }
            text.retain(|c| c == '\n' || !is_disturbing(c));
        }
        if let Form::Text { coloured } = self.form {
            match check.blocked_by {
                Some(blocker) => self.add_blocked(check.name, blocker, coloured),
                None => {
                    self.print_blocked(coloured);
                    let text = self.lines(&check, coloured);
                    self.print(&text);
                }
            }
        }
        self.checks.push(check);
    }

    fn add_blocked(&mut self, name: &'static str, blocker: &'static str, coloured: bool) {
        if self.blocked.as_ref().is_some_and(|blocked| blocked.by != blocker) {
            self.print_blocked(coloured);
        }
        let blocked = self.blocked.get_or_insert_with(|| Blocked {
            by: blocker,
            names: Vec::new(),
        });
        // A check that is made for each table has one entry a table.
        if !blocked.names.contains(&name) {
            blocked.names.push(name);
        }
    }

    /// Prints the line of the blocked checks, if there are any.
    fn print_blocked(&mut self, coloured: bool) {
        let Some(Blocked { by, names }) = self.blocked.take() else {
            return;
        };
        let (on, off) = colours(Outcome::Skipped, coloured);
        let mut text = format!("{on}{:<9}{off} because {by} failed\n", Outcome::Skipped.word());
        wrapped(&mut text, "", &names.join(", "));
        self.print(&text);
    }

    fn print(&mut self, text: &str) {
        let result = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        self.record(result);
    }

    /// The closing line, or the whole object.
    ///
    /// # Errors
    /// When the output could not be written.
    pub(super) fn end(mut self) -> io::Result<Outcome> {
        if let Form::Text { coloured } = self.form {
            self.print_blocked(coloured);
        }
        let overall = self.overall();
        let count = |outcome| self.checks.iter().filter(|check| check.outcome == outcome).count();
        let written = match self.form {
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
        let result = written.and_then(|()| self.out.flush());
        self.record(result);
        match self.write_error {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(overall),
        }
    }

    fn record(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.write_error.get_or_insert(error);
        }
    }

    fn lines(&self, check: &Check, coloured: bool) -> String {
        let word = check.outcome.word();
        let (on, off) = colours(check.outcome, coloured);
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
        // Statements are copied by the user, so they are never wrapped.
        for (at, line) in check.sql.lines().enumerate() {
            let name = if at == 0 { "sql" } else { "" };
            text.push_str(&format!("{:INDENT$}{name:<6} {line}\n", ""));
        }
        text
    }
}

/// The escape sequences around an outcome's word.
fn colours(outcome: Outcome, coloured: bool) -> (&'static str, &'static str) {
    match (coloured, outcome) {
        (false, _) => ("", ""),
        (true, Outcome::Ok) => ("\x1b[32m", "\x1b[0m"),
        (true, Outcome::Warning) => ("\x1b[1;33m", "\x1b[0m"),
        (true, Outcome::Failed) => ("\x1b[1;31m", "\x1b[0m"),
        (true, Outcome::Skipped) => ("\x1b[2m", "\x1b[0m"),
    }
}

/// Appends a detail, wrapped at [`WIDTH`] and indented below its name.
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

    fn printed(form: Form, checks: impl IntoIterator<Item = Check>) -> (Outcome, String) {
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
            let (overall, text) = printed(form, [check()]);
            assert_eq!(overall, Outcome::Failed);
            assert!(!text.contains("eyJsecret") && !text.contains("\x1b[2J"), "{text}");
            assert_eq!(text.matches('…').count(), 4, "{text}");
        }
    }

    #[test]
    fn the_most_serious_outcome_counts_and_skipped_checks_do_not() {
        let form = Form::Text { coloured: false };
        assert_eq!(
            printed(form, [Check::ok("a", ""), Check::skipped("b", "")]).0,
            Outcome::Ok
        );
        assert_eq!(
            printed(form, [Check::ok("a", ""), Check::warning("b", "")]).0,
            Outcome::Warning
        );
        let (_, text) = printed(form, [Check::ok("a", "x"), Check::warning("b", "y")]);
        assert!(
            !text.contains('\x1b') && text.ends_with("\n1 ok, 1 warning, 0 failed, 0 skipped\n"),
            "{text}"
        );
    }

    #[test]
    fn long_texts_are_wrapped_and_sql_is_not() {
        let long = "word ".repeat(60);
        let check = Check::failed("rest", "x").means(long.clone()).sql(long.clone());
        let (_, text) = printed(Form::Text { coloured: false }, [check]);
        let means: Vec<&str> = text.lines().skip(1).take_while(|line| !line.contains("sql")).collect();
        assert!(
            means.len() > 2 && means.iter().all(|line| line.chars().count() <= WIDTH),
            "{text}"
        );
        assert!(text.contains(long.trim_end()), "{text}");
    }
    #[test]
    fn checks_that_one_failure_blocks_share_a_line_of_text_and_stay_apart_in_json() {
        let checks = || {
            [
                Check::failed("dns", "not found"),
                Check::blocked("tcp", "dns"),
                Check::blocked("rest", "dns").of_table("public.tasks"),
                Check::blocked("rest", "dns").of_table("public.agents"),
                Check::ok("key", "publishable key"),
                Check::blocked("join", "dns"),
                Check::blocked("change", "join"),
            ]
        };
        let (_, text) = printed(Form::Text { coloured: false }, checks());
        assert_eq!(text.matches("because dns failed").count(), 2, "{text}");
        assert_eq!(text.matches("because join failed").count(), 1, "{text}");
        assert!(text.contains("tcp, rest\n"), "{text}");
        assert!(text.contains("5 skipped"), "{text}");
        let (_, json) = printed(Form::Json, checks());
        assert_eq!(json.matches("because dns failed").count(), 4, "{json}");
    }
}
