//! The mapping: the sources, the user's own status words for all of them, and the links between the sources.

use std::{collections::HashMap, sync::LazyLock};

use crate::{Kind, Record, RowId, SourceId, Status, heartbeat};

use super::{
    Companion, SourceMapping,
    links::{self, Links},
    words,
};

/// Which tables are followed and how their rows are read. The position of a source in the list is its [`SourceId`].
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    sources: Vec<SourceMapping>,
    /// The links of each source, made from the sources.
    links: Vec<Links>,
    /// The heartbeat columns of each source, by the names of its roles.
    heartbeats: Vec<Vec<String>>,
    /// The user's words for all sources, normalised (lower case, `_`), and their states. [`Mapping::add_word`] normalises.
    pub words: HashMap<String, Status>,
}

impl Mapping {
    /// A mapping of these sources, without words of the user.
    pub fn new(sources: Vec<SourceMapping>) -> Self {
        let mut mapping = Self {
            sources,
            links: Vec::new(),
            heartbeats: Vec::new(),
            words: HashMap::new(),
        };
        mapping.connect();
        mapping
    }

    /// Changes the sources.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Vec<SourceMapping>)) {
        edit(&mut self.sources);
        self.connect();
    }

    /// The sources; the position of each is its [`SourceId`].
    pub fn sources(&self) -> &[SourceMapping] {
        &self.sources
    }

    /// The sources with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &SourceMapping)> {
        (self.sources.iter().enumerate()).map(|(at, source)| (SourceId::new(at), source))
    }

    /// A source; `None` when there is no such one.
    pub fn source(&self, source: SourceId) -> Option<&SourceMapping> {
        self.sources.get(source.index())
    }

    /// A source, or one without columns where there is no such one.
    pub(super) fn of(&self, source: SourceId) -> &SourceMapping {
        static NONE: LazyLock<SourceMapping> = LazyLock::new(|| SourceMapping {
            id: Vec::new(),
            label: Vec::new(),
            status: Vec::new(),
            ..SourceMapping::of(Kind::Workflow)
        });
        self.source(source).unwrap_or(&NONE)
    }

    pub(super) fn links_of(&self, source: SourceId) -> &Links {
        static NONE: LazyLock<Links> = LazyLock::new(Links::default);
        self.links.get(source.index()).unwrap_or(&NONE)
    }

    /// The columns of a source that are heartbeats: what is none of them, as the time of the last activity, says nothing
    /// about whether an agent is there.
    pub fn heartbeats_of(&self, source: SourceId) -> &[String] {
        self.heartbeats.get(source.index()).map_or(&[], Vec::as_slice)
    }

    /// The links of a source that name rows by another column than the key.
    pub(crate) fn aliases(&self, source: SourceId) -> Vec<&links::Alias> {
        self.links_of(source).aliases()
    }

    /// The companions whose tables are no sources, each table once. Behind the sources, they are followed too: the
    /// position of each is its [`SourceId`], counted on from the sources.
    pub fn companion_tables(&self) -> Vec<&Companion> {
        let mut tables: Vec<&Companion> = Vec::new();
        for companion in self.sources.iter().flat_map(|source| &source.companions) {
            let is_source = |source: &SourceMapping| companion.is_of(&source.schema, &source.table);
            let is_known = |known: &&Companion| companion.is_of(&known.schema, known.table());
            if !self.sources.iter().any(is_source) && !tables.iter().any(is_known) {
                tables.push(companion);
            }
        }
        tables
    }

    /// The sources of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (SourceId, &SourceMapping)> {
        self.iter().filter(move |(_, source)| source.kind == kind)
    }

    /// The first source of a kind.
    pub fn first(&self, kind: Kind) -> Option<(SourceId, &SourceMapping)> {
        self.of_kind(kind).next()
    }

    /// Whether a kind has a source.
    pub fn follows(&self, kind: Kind) -> bool {
        self.first(kind).is_some()
    }

    /// The kinds that have a source.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(|kind| self.follows(*kind))
    }

    /// Follows a table of runs, in addition to the sources that there are.
    pub fn follow_runs(&mut self, table: &str) {
        let mut runs = SourceMapping::of(Kind::Run);
        table.clone_into(&mut runs.table);
        self.edit(|sources| sources.push(runs));
    }

    /// The id of a row of a source, if its key columns hold one.
    pub fn id_of(&self, source: SourceId, record: &Record) -> Option<RowId> {
        RowId::of_key(&self.of(source).id, |column| record.get(column))
    }

    /// Gives a status word of the user a state in all sources. Returns false when the normalised word is empty or too long
    /// ([`super::MAX_WORD_BYTES`]).
    pub fn add_word(&mut self, word: &str, status: Status) -> bool {
        let Some(word) = words::normalised(word) else {
            return false;
        };
        self.words.insert(word, status);
        true
    }

    fn connect(&mut self) {
        self.links = (0..self.sources.len())
            .map(|at| links::connect(&self.sources, SourceId::new(at)))
            .collect();
        self.heartbeats = self.sources.iter().map(heartbeat::columns).collect();
    }
}

impl Default for Mapping {
    /// The tables of the demo feed and of `opswall schema`: `agents`, `tasks` and `workflows`.
    fn default() -> Self {
        Self::new(
            [Kind::Agent, Kind::Task, Kind::Workflow]
                .map(SourceMapping::of)
                .to_vec(),
        )
    }
}
