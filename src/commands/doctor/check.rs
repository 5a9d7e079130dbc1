//! One check: what was checked, what was found, what that means, what to do.

use std::time::Duration;

use serde_json::{Value, json};

/// How a check ended, from the least to the most serious.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// It did not apply, or could not be made.
    Skipped,
    /// Nothing is wrong.
    Ok,
    /// It works, but somebody should look at it.
    Warning,
    /// It does not work.
    Failed,
}

impl Outcome {
    /// The outcome as it is printed.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One entry of the report. Texts that do not apply are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// The check's name, the same in every report.
    pub(super) name: &'static str,
    /// The table that was checked, `schema.table`.
    pub(super) table: Option<String>,
    /// The host and port that were checked.
    pub(super) host: Option<String>,
    /// How it ended.
    pub(super) outcome: Outcome,
    /// What was found.
    pub(super) found: String,
    /// What the finding means.
    pub(super) means: String,
    /// What to do.
    pub(super) remedy: String,
    /// The statements to run, where SQL is the remedy.
    pub(super) sql: String,
    /// How long the check took; `None` where that is of no interest.
    pub(super) took: Option<Duration>,
    /// The failed check because of which this one was skipped.
    pub(super) blocked_by: Option<&'static str>,
}

impl Check {
    fn new(name: &'static str, outcome: Outcome, found: impl Into<String>) -> Self {
        Self {
            name,
            table: None,
            host: None,
            outcome,
            found: found.into(),
            means: String::new(),
            remedy: String::new(),
            sql: String::new(),
            took: None,
            blocked_by: None,
        }
    }

    /// A check that found nothing wrong.
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Ok, found)
    }

    /// A check whose finding somebody should look at.
    pub(super) fn warning(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Warning, found)
    }

    /// A check that failed.
    pub(super) fn failed(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Failed, found)
    }

    /// A check that was not made; `found` is the reason.
    pub(super) fn skipped(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Skipped, found)
    }

    /// Skipped because the check named `blocker` failed.
    pub(super) fn blocked(name: &'static str, blocker: &'static str) -> Self {
        Self {
            blocked_by: Some(blocker),
            ..Self::skipped(name, format!("because {blocker} failed"))
        }
    }

    /// Adds the table that was checked.
    pub(super) fn of_table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// Adds the host and port that were checked.
    pub(super) fn at(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Adds what the finding means.
    pub(super) fn means(mut self, text: impl Into<String>) -> Self {
        self.means = text.into();
        self
    }

    /// Adds what to do.
    pub(super) fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = text.into();
        self
    }

    /// Adds the statements to run.
    pub(super) fn sql(mut self, text: impl Into<String>) -> Self {
        self.sql = text.into();
        self
    }

    /// Adds how long the check took.
    pub(super) fn took(mut self, took: Duration) -> Self {
        self.took = Some(took);
        self
    }

    /// Appends another finding.
    pub(super) fn also_found(mut self, text: &str) -> Self {
        self.found.push_str("; ");
        self.found.push_str(text);
        self
    }

    /// Meaning and remedy from one sentence of the form `meaning; remedy`, as `realtime::advice` writes them.
    pub(super) fn advice(self, sentence: &str) -> Self {
        let (means, remedy) = sentence
            .rsplit_once("; ")
            .unwrap_or((sentence, "try again in a minute"));
        self.means(means).remedy(remedy)
    }

    /// Every text of the check.
    pub(super) fn texts_mut(&mut self) -> [&mut String; 4] {
        [&mut self.found, &mut self.means, &mut self.remedy, &mut self.sql]
    }

    /// The check for `--json`; a text that does not apply is null, a missing table or host is left out.
    pub(super) fn json(&self) -> Value {
        let text = |text: &String| if text.is_empty() { Value::Null } else { json!(text) };
        let mut object = json!({
            "name": self.name,
            "result": self.outcome.word(),
            "found": text(&self.found),
            "means": text(&self.means),
            "do": text(&self.remedy),
            "sql": text(&self.sql),
            "ms": self.took.map(|took| (took.as_secs_f64() * 10_000.0).round() / 10.0),
        });
        for (key, value) in [("table", &self.table), ("host", &self.host)] {
            if let (Some(value), Some(object)) = (value, object.as_object_mut()) {
                object.insert(key.to_owned(), json!(value));
            }
        }
        object
    }
}
