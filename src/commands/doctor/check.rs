//! One check: what was looked at, what was found, what that means, what to do.

use std::time::Duration;

use serde_json::{Value, json};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Skipped,
    Ok,
    /// It works, and yet somebody should look.
    Warning,
    Failed,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// A line of the report. Texts that there is nothing to say for are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    /// The table that it is about, `schema.table`.
    pub table: Option<String>,
    /// The host and port that it is about.
    pub host: Option<String>,
    pub outcome: Outcome,
    pub found: String,
    pub means: String,
    /// What to do.
    pub remedy: String,
    /// The statements to run, where SQL is the remedy.
    pub sql: String,
    pub took: Option<Duration>,
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
        }
    }

    pub fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Ok, found)
    }

    pub fn warning(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Warning, found)
    }

    pub fn failed(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Failed, found)
    }

    pub fn skipped(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, Outcome::Skipped, found)
    }

    pub fn of_table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    pub fn at(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    pub fn means(mut self, text: impl Into<String>) -> Self {
        self.means = text.into();
        self
    }

    pub fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = text.into();
        self
    }

    pub fn sql(mut self, text: impl Into<String>) -> Self {
        self.sql = text.into();
        self
    }

    pub fn took(mut self, took: Duration) -> Self {
        self.took = Some(took);
        self
    }

    /// Every text of it.
    pub fn texts_mut(&mut self) -> [&mut String; 4] {
        [&mut self.found, &mut self.means, &mut self.remedy, &mut self.sql]
    }

    /// For `--json`: what there is nothing to say for is null or absent.
    pub fn json(&self) -> Value {
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
