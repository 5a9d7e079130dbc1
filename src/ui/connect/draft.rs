//! The sources that were proposed, as the user changes them; and their sample rows, read as the wall would read them.

use std::collections::{BTreeMap, BTreeSet};

use crate::connection::Found;
use model::{
    Kind, Mapping, Record, Row, RowKey, Rule, SourceId, SourceMapping, Status, StatusReading,
    discover::{Evidence, Mending, PassedOver, ProposedSource, TableFacts, Way},
    format::{counted, grouped},
};

/// Sample rows that are shown of a source.
const SHOWN: usize = 4;
/// Words of a source that are offered.
const MOST_WORDS: usize = 8;

/// The proposal as it stands.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The sources, agents first.
    pub sources: Vec<DraftSource>,
    /// Tables that are none.
    pub passed_over: Vec<PassedOver>,
    /// Why it is not proven that changes arrive, one sentence.
    pub unproven: Option<String>,
}

/// A proposed source.
#[derive(Debug, Clone)]
pub struct DraftSource {
    /// It is to be followed.
    pub is_included: bool,
    /// How it is read.
    pub mapping: SourceMapping,
    /// Why its rows are of their kind.
    pub reason: String,
    /// Whether it can be followed.
    pub way: Way,
    /// The statements that mend what keeps it from being read or followed.
    pub mending: Option<Mending>,
    /// Why columns have their roles.
    pub evidence: Vec<Evidence>,
    /// The columns of the table, where they are known.
    pub columns: Vec<String>,
    /// Rows of the table, where that is known.
    pub count: Option<u64>,
    /// Some rows as they would be drawn.
    pub samples: Vec<Sample>,
    /// Words whose state a person may decide, with their state and sample rows.
    pub words: Vec<(String, Status, usize)>,
    /// Sample rows, and those of them that have no state.
    pub read: (usize, usize),
    rows: Vec<Record>,
}

/// A row as it would be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its name.
    pub label: String,
    /// Its state.
    pub state: StatusReading,
}

/// A change of one source.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Follow it, or leave it out.
    Include(bool),
    /// What its rows are.
    Kind(Kind),
    /// The column of a role; `None`: no column has it.
    Column(&'static str, Option<String>),
    /// The state of a word.
    Word(String, Status),
}

impl Draft {
    /// What was proposed.
    pub fn of(found: Found) -> Self {
        let Found {
            tables,
            proposal,
            unproven,
            role,
        } = found;
        let source = |proposed: ProposedSource| {
            let facts = tables.iter().find(|facts| facts.is_of(&proposed.mapping));
            DraftSource::of(proposed, facts, &role)
        };
        let mut draft = Self {
            sources: proposal.sources.into_iter().map(source).collect(),
            passed_over: proposal.passed_over,
            unproven: unproven.map(|clause| model::text::sentence(&clause)),
        };
        draft.read();
        draft
    }

    /// Makes a change, and reads the sample rows again.
    pub fn edit(&mut self, at: usize, edit: Edit) {
        let Some(source) = self.sources.get_mut(at) else { return };
        match edit {
            Edit::Include(is_included) => source.is_included = is_included,
            Edit::Kind(kind) => source.mapping = source.mapping_as(kind),
            Edit::Column(role, column) => {
                if let Some(columns) = source.mapping.columns_mut(role) {
                    *columns = column.into_iter().collect();
                }
            }
            Edit::Word(word, status) => {
                source.mapping.add_word(&word, status);
            }
        }
        self.read();
    }

    /// The sources that are to be followed.
    pub fn mappings(&self) -> Vec<SourceMapping> {
        let included = self.sources.iter().filter(|source| source.is_included);
        included.map(|source| source.mapping.clone()).collect()
    }

    /// `7 sources, 5 followed; 1,204 of 1,230 sample rows have a state; without one: parked, …`
    pub fn summary(&self) -> String {
        let included = || self.sources.iter().filter(|source| source.is_included);
        let followed = included().filter(|source| source.way == Way::Followed).count();
        let rows: usize = included().map(|source| source.read.0).sum();
        let unread: usize = included().map(|source| source.read.1).sum();
        let mut text = format!(
            "{}, {followed} followed",
            counted(included().count() as u64, "source", "sources")
        );
        if rows > 0 {
            let read = grouped((rows - unread) as u64);
            text.push_str(&format!(
                "; {read} of {} have a state",
                counted(rows as u64, "sample row", "sample rows")
            ));
        }
        let unknown: Vec<&str> = included()
            .flat_map(|source| &source.words)
            .filter(|(_, status, _)| *status == Status::Unmapped)
            .map(|(word, ..)| word.as_str())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .take(MOST_WORDS)
            .collect();
        if !unknown.is_empty() {
            text.push_str(&format!("; without one: {}", unknown.join(", ")));
        }
        text
    }

    /// Reads the sample rows with what is proposed at present.
    fn read(&mut self) {
        let mapping = Mapping::new(self.sources.iter().map(|source| source.mapping.clone()).collect());
        for (at, source) in self.sources.iter_mut().enumerate() {
            source.read_rows(&mapping, SourceId::new(at));
        }
    }
}

impl DraftSource {
    fn of(proposed: ProposedSource, facts: Option<&TableFacts>, role: &str) -> Self {
        let name = proposed.mapping.name();
        let columns = facts.map(|facts| facts.columns.iter().map(|column| column.name.clone()));
        Self {
            is_included: !matches!(proposed.way, Way::LeftOut(_)),
            mapping: proposed.mapping,
            reason: proposed.reason,
            way: proposed.way,
            mending: facts.and_then(|facts| Mending::of(facts, &name, role)),
            evidence: proposed.roles,
            columns: columns.map(Iterator::collect).unwrap_or_default(),
            count: facts.and_then(|facts| facts.count),
            samples: Vec::new(),
            words: Vec::new(),
            read: (0, 0),
            rows: facts.map(|facts| facts.rows.clone()).unwrap_or_default(),
        }
    }

    /// The same table as another kind: what is not about the kind stays as it is.
    fn mapping_as(&self, kind: Kind) -> SourceMapping {
        let old = &self.mapping;
        let usual = SourceMapping::of(old.kind);
        let mut new = SourceMapping::of(kind);
        new.schema.clone_from(&old.schema);
        new.table.clone_from(&old.table);
        for role in SourceMapping::ROLES {
            let is_own = old.columns(role) != usual.columns(role);
            if let (true, Some(columns), Some(place)) = (is_own, old.columns(role), new.columns_mut(role)) {
                place.clone_from(columns);
            }
        }
        new.words.clone_from(&old.words);
        new.companions.clone_from(&old.companions);
        new.lifecycle = old.lifecycle;
        new.gone = old.gone;
        new.one_is_most_urgent = old.one_is_most_urgent;
        new
    }

    /// The roles that matter most for its kind.
    pub fn roles(&self) -> &'static [&'static str] {
        match self.mapping.kind {
            Kind::Agent => &["label", "status", "current_task", "heartbeat"],
            Kind::Task => &["label", "status", "agent", "workflow", "progress"],
            Kind::Run => &["label", "status", "workflow", "agent"],
            Kind::Workflow => &["label", "status", "progress"],
        }
    }

    /// The first column of a role that the table has; the first one that is written where the columns are not known.
    pub fn column(&self, role: &str) -> Option<&str> {
        let written = self.mapping.columns(role)?;
        if self.columns.is_empty() {
            return written.first().map(String::as_str);
        }
        let plain = |name: &str| -> String {
            let letters = name.chars().filter(|letter| *letter != '_');
            letters.flat_map(char::to_lowercase).collect()
        };
        let base = |name: &str| {
            let end = name.find([' ', '-', '.', '/', '+']).unwrap_or(name.len());
            plain(name.get(..end).unwrap_or(name))
        };
        let is_there = |name: &&String| {
            let base = base(name);
            let is_of_companion = self
                .mapping
                .companions
                .iter()
                .any(|companion| plain(companion.table()) == base);
            is_of_companion || self.columns.iter().any(|column| plain(column) == base)
        };
        written.iter().find(is_there).map(String::as_str)
    }

    fn read_rows(&mut self, mapping: &Mapping, source: SourceId) {
        let mut words: BTreeMap<String, (Status, usize)> = BTreeMap::new();
        let mut unread = 0;
        self.samples.clear();
        for (at, record) in self.rows.iter().enumerate() {
            let id = mapping.id_of(source, record);
            let id = id.unwrap_or_else(|| at.to_string().as_str().into());
            let key = RowKey::new(self.mapping.kind, source, id);
            let (label, state) = match mapping.read(&key, record) {
                Row::Agent(row) => (row.label, row.status),
                Row::Task(row) => (row.label, row.status),
                Row::Workflow(row) => (row.label, row.status),
            };
            if state.status == Status::Unmapped {
                unread += 1;
            }
            let is_open = matches!(state.rule, Rule::Unknown | Rule::Shape | Rule::OwnWord);
            if let Some(word) = state.word.as_deref().filter(|_| is_open) {
                words.entry(word.to_owned()).or_insert((state.status, 0)).1 += 1;
            }
            // Different states say more than the first rows.
            let is_new = self.samples.iter().all(|sample| sample.state.word != state.word);
            if self.samples.len() < SHOWN && (is_new || at + SHOWN >= self.rows.len()) {
                let label = label.to_string();
                self.samples.push(Sample { label, state });
            }
        }
        let mut words: Vec<_> = words
            .into_iter()
            .map(|(word, (status, rows))| (word, status, rows))
            .collect();
        words.sort_by_key(|(_, status, rows)| (*status != Status::Unmapped, std::cmp::Reverse(*rows)));
        words.truncate(MOST_WORDS);
        self.words = words;
        self.read = (self.rows.len(), unread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::discover::{ColumnFacts, Proposal};
    use serde_json::json;

    fn found() -> Found {
        let rows = ["mothballed", "done", "mothballed", "sync_failed"];
        let rows = rows.iter().enumerate().map(|(at, state)| {
            let row = json!({"id": at, "headline": format!("job {at}"), "state": state, "owner": "ada"});
            serde_json::from_value(row).expect("a record")
        });
        let columns = ["id", "headline", "state", "owner"].map(|name| ColumnFacts {
            name: name.to_owned(),
            ..ColumnFacts::default()
        });
        let facts = TableFacts {
            schema: "public".to_owned(),
            table: "jobs".to_owned(),
            columns: columns.to_vec(),
            rows: rows.collect(),
            count: Some(4),
            ..TableFacts::default()
        };
        let mut mapping = SourceMapping::of(Kind::Task);
        mapping.table = "jobs".to_owned();
        mapping.status = vec!["state".to_owned()];
        let source = ProposedSource {
            mapping,
            confidence: model::discover::Confidence::Likely,
            reason: "named like tasks".to_owned(),
            roles: Vec::new(),
            unknown_words: Vec::new(),
            way: Way::Followed,
        };
        Found {
            tables: vec![facts],
            unproven: None,
            role: "anon".to_owned(),
            proposal: Proposal {
                sources: vec![source],
                passed_over: Vec::new(),
            },
        }
    }

    #[test]
    fn each_change_is_seen_in_the_sample_rows_at_once() {
        let mut draft = Draft::of(found());
        let source = &draft.sources[0];
        assert_eq!(source.words[0], ("mothballed".to_owned(), Status::Unmapped, 2));
        assert_eq!(source.column("status"), Some("state"));
        assert!(
            draft
                .summary()
                .starts_with("1 source, 1 followed; 2 of 4 sample rows have a state; without one: mothballed")
        );

        draft.edit(0, Edit::Word("mothballed".to_owned(), Status::Waiting));
        draft.edit(0, Edit::Column("label", Some("headline".to_owned())));
        let source = &draft.sources[0];
        assert_eq!(source.samples[0].label, "job 0");
        assert_eq!(source.samples[0].state.status, Status::Waiting);
        assert_eq!(draft.summary(), "1 source, 1 followed; 4 of 4 sample rows have a state");

        draft.edit(0, Edit::Kind(Kind::Run));
        assert_eq!(draft.mappings()[0].kind, Kind::Run);
        assert_eq!(draft.mappings()[0].label, ["headline"]);
        assert_eq!(draft.sources[0].samples[0].state.status, Status::Waiting);

        draft.edit(0, Edit::Include(false));
        assert!(draft.mappings().is_empty());
        draft.edit(7, Edit::Include(true));
        assert_eq!(draft.summary(), "0 sources, 0 followed");
    }
}
