//! The query language of opswall: which rows a text means; what may complete it; and a fuzzy finder. Pure: rows are lent,
//! and the time is an argument. See the README for the language, its limits and guarantees.

mod amount;
mod bounded_regex;
mod complete;
mod error;
mod expr;
mod field;
mod find;
mod matching;
mod parse;
mod pattern;
mod read;
mod row;
mod term;
mod vocabulary;

use std::fmt;

pub use complete::{Candidate, Completions, Sense, complete};
pub use error::Error;
pub use field::Field;
pub use find::{Finder, Hit, find};
pub use read::ReadRow;
pub use row::{Row, Value};
pub use vocabulary::Vocabulary;

use expr::{Expr, Name, Term};

/// A parsed query. It is displayed in its canonical form, which parses to an equal query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query(Expr);

impl Query {
    /// Parses a query. Any name that is not a field is taken for a column. The empty text matches every row.
    ///
    /// # Errors
    /// When the text is no query, with the place of the mistake and the remedy.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse::parse(text, None).map(Self)
    }

    /// As [`Self::parse`], but a name that is neither a field nor a column of the vocabulary is refused.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_with(text: &str, vocabulary: &Vocabulary) -> Result<Self, Error> {
        parse::parse(text, Some(vocabulary)).map(Self)
    }

    /// Whether the row matches. `now_ms` is the time in milliseconds since the Unix epoch, with which columns that hold a
    /// time are compared. It allocates nothing but the cache of a regular expression, once, and values within JSON that are
    /// written with escapes.
    pub fn matches(&self, row: &impl Row, now_ms: i64) -> bool {
        self.0.matches(row, now_ms)
    }

    /// Whether it matches every row because it has no term.
    pub fn is_empty(&self) -> bool {
        self.0 == Expr::All(Vec::new())
    }

    /// Whether a term is about the field. A caller that has to look up its values can spare that otherwise.
    pub fn uses(&self, field: Field) -> bool {
        let mut found = false;
        self.0.terms(&mut |term| {
            found |= match term {
                Term::Words(_) => matches!(field, Field::Label | Field::Id | Field::Activity),
                Term::State(_) => field == Field::State,
                Term::Kind(_) => field == Field::Kind,
                Term::Flag(of, _) => field == *of,
                Term::IsSet(name) | Term::Text(name, _) | Term::Amount(name, ..) => *name == Name::Field(field),
            }
        });
        found
    }

    /// The columns that terms are about; one may come several times.
    pub fn columns(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.0.terms(&mut |term| {
            if let Term::IsSet(Name::Column(path))
            | Term::Text(Name::Column(path), _)
            | Term::Amount(Name::Column(path), ..) = term
            {
                found.extend(path.first().map(String::as_str));
            }
        });
        found
    }
}

impl Default for Query {
    /// The query that matches every row.
    fn default() -> Self {
        Self(Expr::All(Vec::new()))
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
