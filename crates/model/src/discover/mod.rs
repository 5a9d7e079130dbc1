//! Discovery: which tables of a project are sources, what their rows are, and which column has which role.
//!
//! It is a function of what is known of the tables ([`TableFacts`]), however that was learnt. Each decision comes with its
//! evidence and a confidence, so that a person can check it.

mod candidates;
mod classify;
mod companions;
mod facts;
mod label;
mod links;
mod mending;
mod names;
mod propose;
mod roles;
mod settle;
mod states;
mod table;
mod words;

pub use candidates::{candidates, further};
pub use facts::{Candidate, ColumnFacts, ForeignColumn, MAX_SAMPLE, Preset, PresetColumn, TableFacts, TableForm};
pub use mending::Mending;
pub use names::{Ask, MAX_REQUESTS, NameQueue};
pub use propose::propose;

use crate::SourceMapping;

/// What discovery proposes for a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proposal {
    /// The sources, agents first.
    pub sources: Vec<ProposedSource>,
    /// Tables that are none, and why, in the order of the facts.
    pub passed_over: Vec<PassedOver>,
}

/// A table that is proposed as a source.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposedSource {
    /// How it is read.
    pub mapping: SourceMapping,
    /// How sure it is that the rows are of this kind.
    pub confidence: Confidence,
    /// Why the rows are of this kind, a clause: "named like tasks; has a title and a status".
    pub reason: String,
    /// Why each column has its role.
    pub roles: Vec<Evidence>,
    /// Status words that nothing is known about, with the number of sample rows that have them, the most frequent first.
    pub unknown_words: Vec<(String, usize)>,
    /// Whether it can be followed, and if not, why and what mends it.
    pub way: Way,
}

/// Why a column has a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The role, one of [`SourceMapping::ROLES`], `lifecycle`, `words` or `companions`.
    pub role: &'static str,
    /// The column as it is written in the settings.
    pub column: String,
    /// The reason, a clause.
    pub reason: String,
    /// How sure it is.
    pub confidence: Confidence,
}

/// How sure a decision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Confidence {
    /// One of several that are about as likely: to be asked.
    #[default]
    Guess,
    /// By names and values.
    Likely,
    /// By the catalogue, a preset, or by names that mean nothing else.
    Certain,
}

/// How a source can be kept true.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Way {
    /// By the stream, as far as is known.
    #[default]
    Followed,
    /// By reading it at an interval, for this reason.
    Polled(String),
    /// Not at all, for this reason, with what mends it.
    LeftOut(String),
}

/// A table that is no source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// `schema.table`, or the table alone where it is in `public`.
    pub table: String,
    /// Why, a clause.
    pub reason: String,
}
