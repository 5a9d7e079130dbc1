//! Which names are asked for, in which order, where a project's tables cannot be listed: candidates, tables that the tables
//! found so far refer to or come with, and what the server's answers hint at.

use std::collections::{HashSet, VecDeque};

use super::{MAX_SAMPLE, Preset, TableFacts, candidates, further};

/// Most requests of a search.
pub const MAX_REQUESTS: usize = 80;
/// Most requests kept for a second look at the tables that were found.
const MAX_KEPT_REQUESTS: usize = 24;
/// Candidates that are asked for before the engines' names, and before what tables usually come with.
const NAMES_BEFORE_ENGINES: usize = 24;
const COMMON_NAMES: usize = 32;
/// Most tables that are asked for because one that was found refers to them or usually comes with them.
const MAX_FURTHER: usize = 8;
/// Most schemas that are searched beside that of the settings, and the names that are asked for in each.
const MAX_SCHEMAS: usize = 2;
const NAMES_IN_OTHER_SCHEMAS: usize = 16;
/// Most tables that are asked for because the server hinted at them.
const MAX_HINTS: usize = 24;
/// Most tables that may not be read whose views are asked for at once.
const MAX_VIEWED: usize = 4;
/// Schemas that are no project's own.
const FOREIGN: &[&str] = &[
    "public",
    "graphql_public",
    "storage",
    "auth",
    "realtime",
    "extensions",
    "vault",
    "cron",
    "net",
];

/// A name to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The schema.
    pub schema: String,
    /// The table.
    pub table: String,
    /// Most rows that are read.
    pub limit: usize,
    /// It was asked for before, without an answer.
    pub is_repeated: bool,
}

impl Ask {
    fn new(schema: &str, table: &str) -> Self {
        Self {
            schema: schema.to_owned(),
            table: table.to_owned(),
            limit: MAX_SAMPLE,
            is_repeated: false,
        }
    }
}

/// The names that are left, and what the answers so far mean for them.
#[derive(Debug)]
pub struct NameQueue<'p> {
    presets: &'p [Preset],
    names: VecDeque<Ask>,
    /// Candidates that few projects have: asked for after everything else.
    rare: VecDeque<Ask>,
    /// Everything that was ever in the queue, by schema and table.
    seen: HashSet<(String, String)>,
    hints: usize,
    viewed: usize,
}

impl<'p> NameQueue<'p> {
    /// The candidates for a schema, and the tables by which engines are recognised.
    pub fn new(schema: &str, presets: &'p [Preset]) -> Self {
        let mut queue = Self {
            presets,
            names: VecDeque::new(),
            rare: VecDeque::new(),
            seen: HashSet::new(),
            hints: 0,
            viewed: 0,
        };
        let mut candidates = candidates();
        for candidate in candidates.by_ref().take(NAMES_BEFORE_ENGINES) {
            queue.add(schema, candidate.table);
        }
        // An engine is recognised by one of its tables, and then asked for the others.
        for engine in presets.iter().filter_map(|preset| preset.recognised_by.first()) {
            // In `public` an engine's tables may be in the schema of the settings as well.
            let schema = if engine.schema == "public" {
                schema
            } else {
                &engine.schema
            };
            queue.add(schema, &engine.table);
        }
        for candidate in candidates.by_ref().take(COMMON_NAMES - NAMES_BEFORE_ENGINES) {
            queue.add(schema, candidate.table);
        }
        for candidate in candidates {
            if queue.is_new(schema, candidate.table) {
                queue.rare.push_back(Ask::new(schema, candidate.table));
            }
        }
        queue
    }

    /// The next name, as long as requests are left: `requests` were made, and `found` tables need a closer look.
    pub fn take(&mut self, requests: usize, found: usize) -> Option<Ask> {
        // Each table that is found is looked at up to twice again.
        let kept = (2 * found).min(MAX_KEPT_REQUESTS);
        if requests + kept >= MAX_REQUESTS {
            return None;
        }
        self.names.pop_front().or_else(|| self.rare.pop_front())
    }

    /// Whether no name is left.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.rare.is_empty()
    }

    /// A name is to be asked for again, at once.
    pub fn put_first(&mut self, ask: Ask) {
        self.names.push_front(ask);
    }

    /// A name is to be asked for again, later.
    pub fn put_last(&mut self, ask: Ask) {
        self.names.push_back(ask);
    }

    /// A table was found: the others of its engine and those that it refers to are asked for next, those that such tables
    /// usually come with before rare names.
    pub fn found(&mut self, asked: &Ask, found: &TableFacts) {
        self.add_engine_of(asked);
        let links = found
            .columns
            .iter()
            .filter(|column| column.name.to_lowercase().ends_with("id"))
            .count();
        let names = further(std::slice::from_ref(found));
        for (at, name) in names.iter().take(MAX_FURTHER).enumerate() {
            if at < links {
                self.add_first(&found.schema, name);
            } else {
                self.add(&found.schema, name);
            }
        }
    }

    /// A table may not be read: a view of it may be. That is asked for next, as long as few tables are denied.
    pub fn denied(&mut self, asked: &Ask) {
        self.add_engine_of(asked);
        let table = &asked.table;
        self.viewed += 1;
        if self.viewed <= MAX_VIEWED {
            for name in [format!("{table}_view"), format!("{table}_safe")] {
                self.add_first(&asked.schema, &name);
            }
        }
        for name in [
            format!("public_{table}"),
            format!("{table}_public"),
            format!("v_{table}"),
        ] {
            self.add(&asked.schema, &name);
        }
    }

    /// There is no such table; the server may have hinted at one of a similar name. That is asked for next where the two
    /// share a word, because it is then most likely what was meant, and else later.
    pub fn missing(&mut self, asked: &Ask, hinted: Option<&str>) {
        let Some(hinted) = hinted else { return };
        // A candidate that exists is asked for before those that may not.
        let is_hinted = |ask: &Ask| ask.table == hinted && ask.schema == asked.schema;
        let common = (self.names.iter().position(is_hinted)).and_then(|at| self.names.remove(at));
        let rare = (self.rare.iter().position(is_hinted)).and_then(|at| self.rare.remove(at));
        if let Some(ask) = common.or(rare) {
            self.names.push_front(ask);
            return;
        }
        if self.hints >= MAX_HINTS || !self.is_new(&asked.schema, hinted) {
            return;
        }
        self.hints += 1;
        let ask = Ask::new(&asked.schema, hinted);
        if shares_a_word(&asked.table, hinted) {
            self.names.push_front(ask);
        } else {
            self.names.push_back(ask);
        }
    }

    /// The schema is not exposed: none of its tables can be read. The server named those that are: in the project's own the
    /// first candidates are asked for next, because a project exposes a schema for its tables.
    pub fn not_exposed(&mut self, asked: &Ask, exposed: &[String]) {
        self.names.retain(|ask| ask.schema != asked.schema);
        let is_own = |name: &&String| !FOREIGN.contains(&name.as_str());
        for schema in exposed.iter().filter(is_own).take(MAX_SCHEMAS) {
            let candidates: Vec<_> = candidates().take(NAMES_IN_OTHER_SCHEMAS).collect();
            for candidate in candidates.into_iter().rev() {
                self.add_first(schema, candidate.table);
            }
        }
    }

    /// A table exists that an engine has: its other tables are asked for next.
    fn add_engine_of(&mut self, asked: &Ask) {
        for preset in self.presets {
            let is_asked =
                |schema: &str, table: &str| table == asked.table && (schema == asked.schema || schema == "public");
            if !preset
                .recognised_by
                .iter()
                .any(|column| is_asked(&column.schema, &column.table))
            {
                continue;
            }
            for source in &preset.sources {
                let others = source.companions.iter().map(|companion| companion.table());
                for table in others.chain([source.table.as_str()]) {
                    self.add_first(&asked.schema, table);
                }
            }
        }
    }

    /// Whether the name was never in the queue. It counts as seen from now on.
    fn is_new(&mut self, schema: &str, table: &str) -> bool {
        self.seen.insert((schema.to_owned(), table.to_owned()))
    }

    /// The name, if it was not asked for and does not wait among the common ones.
    fn wanted(&mut self, schema: &str, table: &str) -> Option<Ask> {
        let is_same = |ask: &Ask| ask.schema == schema && ask.table == table;
        let rare = self.rare.iter().position(is_same).and_then(|at| self.rare.remove(at));
        rare.or_else(|| self.is_new(schema, table).then(|| Ask::new(schema, table)))
    }

    fn add(&mut self, schema: &str, table: &str) {
        let wanted = self.wanted(schema, table);
        self.names.extend(wanted);
    }

    fn add_first(&mut self, schema: &str, table: &str) {
        if let Some(ask) = self.wanted(schema, table) {
            self.names.push_front(ask);
        }
    }
}

/// Whether two names have a word in common, in the singular or the plural.
fn shares_a_word(a: &str, b: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        name.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .map(|word| word.trim_end_matches('s').to_owned())
            .filter(|word| word.len() > 2)
            .collect()
    };
    let of_b = words(b);
    words(a).iter().any(|word| of_b.contains(word))
}
