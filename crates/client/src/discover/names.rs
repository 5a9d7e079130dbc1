//! The search by REST: candidate names are asked for, few at a time, and what the answers hint at.
//!
//! A name that exists is answered with rows at once, so that one request a table is enough for most. Which tables the
//! publication has cannot be seen this way: the session finds out.

use std::{
    collections::{HashSet, VecDeque},
    pin::Pin,
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Asked, DiscoverError};
use crate::rest::{Rest, Sample, SampleError, SampleRequest, Shape};
use model::{
    Record, SourceMapping,
    discover::{ColumnFacts, MAX_SAMPLE, TableFacts, TableForm, candidates, further, propose},
};
use realtime::Token;

/// Most requests on their way at once.
const MAX_AT_ONCE: usize = 6;
/// Most requests of a search.
const MAX_REQUESTS: usize = 80;
/// Most requests kept for a second look at the tables that were found.
const MAX_KEPT_REQUESTS: usize = 24;
/// Names that are asked for before those of engines.
const NAMES_BEFORE_ENGINES: usize = 24;
/// Longest time of a search.
const DEADLINE: Duration = Duration::from_secs(5);
/// Time after which no further name is asked for.
const ASKING_DEADLINE: Duration = Duration::from_secs(3);
/// Longest wait for the answers to those that were asked for.
const NAMES_DEADLINE: Duration = Duration::from_secs(4);
/// Most tables that are asked for because one that was found refers to them.
const MAX_FURTHER: usize = 8;
/// Most schemas that are searched beside that of the settings, and the names that are asked for in each.
const MAX_SCHEMAS: usize = 2;
const NAMES_IN_OTHER_SCHEMAS: usize = 8;
/// Most tables that are asked for because the server hinted at them.
const MAX_HINTS: usize = 24;
/// Failures without any answer after which the server counts as unreachable.
const MAX_FAILURES: usize = 2;
/// Rows of a table whose rows are large.
const FEW_ROWS: usize = 10;
/// The wait after a refusal for the rate of requests that does not say how long.
const RATE_PAUSE: Duration = Duration::from_secs(1);

const OUT_OF_TIME: &str = "ended early: the server answers slowly";
const LIMITED: &str = "ended early: the server limits the rate of requests";

/// A name to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ask {
    schema: String,
    table: String,
    limit: usize,
    /// It was asked for before, without an answer.
    is_repeated: bool,
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

type Asking<'s> = Pin<Box<dyn Future<Output = (Ask, Result<Sample, SampleError>)> + Send + 's>>;

/// The names that are left, and what the answers so far mean for them.
#[derive(Debug)]
struct Queue {
    names: VecDeque<Ask>,
    /// Everything that was ever in the queue, by schema and table.
    seen: HashSet<(String, String)>,
    hints: usize,
}

impl Queue {
    fn new(schema: &str) -> Self {
        let mut queue = Self {
            names: VecDeque::new(),
            seen: HashSet::new(),
            hints: 0,
        };
        // An engine is recognised by one of its tables, and then asked for the others.
        let engines = settings::presets()
            .iter()
            .filter_map(|preset| preset.recognised_by.first());
        let mut candidates = candidates();
        for candidate in candidates.by_ref().take(NAMES_BEFORE_ENGINES) {
            queue.add(schema, candidate.table);
        }
        for engine in engines {
            // In `public` an engine's tables may be in the schema of the settings as well.
            let schema = if engine.schema == "public" {
                schema
            } else {
                &engine.schema
            };
            queue.add(schema, &engine.table);
        }
        for candidate in candidates {
            queue.add(schema, candidate.table);
        }
        queue
    }

    fn add(&mut self, schema: &str, table: &str) {
        if self.seen.insert((schema.to_owned(), table.to_owned())) {
            self.names.push_back(Ask::new(schema, table));
        }
    }

    /// A table exists that an engine has: its other tables are asked for next.
    fn add_engine_of(&mut self, asked: &Ask) {
        for preset in settings::presets() {
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
                    if self.seen.insert((asked.schema.clone(), table.to_owned())) {
                        self.names.push_front(Ask::new(&asked.schema, table));
                    }
                }
            }
        }
    }

    /// A table was found: those that it refers to are asked for next, those that such tables usually come with at the end.
    fn add_further(&mut self, found: &TableFacts) {
        let links = found
            .columns
            .iter()
            .filter(|column| column.name.to_lowercase().ends_with("id"))
            .count();
        let names = further(std::slice::from_ref(found));
        for (at, name) in names.iter().take(MAX_FURTHER).enumerate() {
            if self.seen.insert((found.schema.clone(), name.clone())) {
                let ask = Ask::new(&found.schema, name);
                match at < links {
                    true => self.names.push_front(ask),
                    false => self.names.push_back(ask),
                }
            }
        }
    }

    /// A table may not be read: a view of it may be.
    fn add_views_of(&mut self, asked: &Ask) {
        for name in [
            format!("{}_view", asked.table),
            format!("{}_safe", asked.table),
            format!("{}_public", asked.table),
            format!("public_{}", asked.table),
            format!("v_{}", asked.table),
        ] {
            self.add(&asked.schema, &name);
        }
    }

    /// The server named the schemas that it exposes: in those that are the project's own, the first names are asked for.
    fn add_schemas(&mut self, exposed: &[String]) {
        let foreign = [
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
        let is_own = |name: &&String| !foreign.contains(&name.as_str());
        for schema in exposed.iter().filter(is_own).take(MAX_SCHEMAS) {
            for candidate in candidates().take(NAMES_IN_OTHER_SCHEMAS) {
                self.add(schema, candidate.table);
            }
        }
    }

    /// A schema is not exposed: none of its tables can be read.
    fn drop_schema(&mut self, schema: &str) {
        self.names.retain(|ask| ask.schema != schema);
    }

    /// The server has a table of this name, which is similar to one that was asked for. It is asked for next where the two
    /// share a word, because it is then most likely what was meant, and else at the end.
    fn hint(&mut self, asked: &Ask, hinted: &str) {
        let is_new = !self.seen.contains(&(asked.schema.clone(), hinted.to_owned()));
        if !is_new || self.hints >= MAX_HINTS {
            // A candidate that exists is asked for before those that may not.
            let is_hinted = |ask: &Ask| ask.table == hinted && ask.schema == asked.schema;
            if let Some(at) = self.names.iter().position(is_hinted)
                && let Some(ask) = self.names.remove(at)
            {
                self.names.push_front(ask);
            }
            return;
        }
        self.hints += 1;
        self.seen.insert((asked.schema.clone(), hinted.to_owned()));
        let ask = Ask::new(&asked.schema, hinted);
        if shares_a_word(&asked.table, hinted) {
            self.names.push_front(ask);
        } else {
            self.names.push_back(ask);
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

/// The search while it runs.
struct Search<'s> {
    rest: &'s Rest,
    schema: &'s str,
    role: &'s str,
    token: Option<&'s Token>,
    started: Instant,
    queue: Queue,
    asked: Asked,
    tables: Vec<TableFacts>,
    /// Requests that were answered by the REST interface.
    answers: usize,
    failures: usize,
    /// No request before this moment: the server asked for a pause.
    not_before: Option<Instant>,
    /// The server has limited the rate: one request at a time.
    is_limited: bool,
    /// The server may still be at work on requests whose answers came too late.
    has_unanswered: bool,
}

/// Asks for the candidates and reads the tables that are found.
pub(super) async fn search(
    rest: &Rest,
    schema: &str,
    role: &str,
    token: Option<&Token>,
) -> Result<(Vec<TableFacts>, Asked), DiscoverError> {
    let mut search = Search {
        rest,
        schema,
        role,
        token,
        started: Instant::now(),
        queue: Queue::new(schema),
        asked: Asked::default(),
        tables: Vec::new(),
        answers: 0,
        failures: 0,
        not_before: None,
        is_limited: false,
        has_unanswered: false,
    };
    search.ask_for_names().await?;
    if !search.has_unanswered {
        search.look_closer().await;
    }
    let Search {
        mut asked,
        mut tables,
        started,
        ..
    } = search;
    asked.took = started.elapsed();
    // Answers come in any order.
    let place = |table: &TableFacts| {
        asked
            .names
            .iter()
            .position(|name| *name == name_of(&table.schema, &table.table))
    };
    tables.sort_by_key(place);
    Ok((tables, asked))
}

impl<'s> Search<'s> {
    async fn ask_for_names(&mut self) -> Result<(), DiscoverError> {
        let deadline = self.started + NAMES_DEADLINE;
        let mut asking: FuturesUnordered<Asking<'s>> = FuturesUnordered::new();
        loop {
            let at_once = if self.is_limited { 1 } else { MAX_AT_ONCE };
            let is_paused = self.not_before.is_some_and(|at| Instant::now() < at);
            // Each table that is found is looked at up to twice again.
            let kept = (2 * self.tables.len()).min(MAX_KEPT_REQUESTS);
            let is_late = self.started.elapsed() >= ASKING_DEADLINE;
            while !is_paused && !is_late && asking.len() < at_once && self.asked.requests + kept < MAX_REQUESTS {
                let Some(ask) = self.queue.names.pop_front() else { break };
                asking.push(self.ask(ask));
            }
            let answer = match (asking.is_empty(), self.not_before.filter(|_| is_paused)) {
                (true, Some(at)) if at >= deadline => {
                    return self.end_early(LIMITED);
                }
                (true, Some(at)) => {
                    sleep_until(at).await;
                    continue;
                }
                (true, None) => break,
                (false, _) => timeout_at(deadline, asking.next()).await,
            };
            match answer {
                Ok(Some((ask, result))) => self.record(ask, result)?,
                Ok(None) => {}
                Err(_) => {
                    self.has_unanswered = true;
                    return self.end_early(OUT_OF_TIME);
                }
            }
        }
        if !self.queue.names.is_empty() && self.started.elapsed() >= ASKING_DEADLINE {
            return self.end_early(OUT_OF_TIME);
        }
        // The names that are left for want of requests are the rarest.
        Ok(())
    }

    fn ask(&mut self, ask: Ask) -> Asking<'s> {
        self.asked.requests += 1;
        let name = name_of(&ask.schema, &ask.table);
        if !self.asked.names.contains(&name) {
            self.asked.names.push(name);
        }
        let (rest, token) = (self.rest, self.token);
        Box::pin(async move {
            let request = SampleRequest {
                schema: &ask.schema,
                table: &ask.table,
                newest_by: None,
                limit: ask.limit,
                token,
            };
            let result = rest.sample(request).await;
            (ask, result)
        })
    }

    /// The time is up, or the server wants no more requests. Without any answer nothing is known of the project.
    fn end_early(&mut self, why: &'static str) -> Result<(), DiscoverError> {
        if self.answers == 0 {
            let text = match why {
                LIMITED => "the server limits the rate of requests (HTTP 429)".to_owned(),
                _ => format!("the REST interface gave no answer in {} s", NAMES_DEADLINE.as_secs()),
            };
            let retry_after = self.not_before.map(|at| at.saturating_duration_since(Instant::now()));
            return Err(DiscoverError::Unreachable { text, retry_after });
        }
        self.asked.cut_short = Some(why);
        Ok(())
    }

    fn record(&mut self, ask: Ask, result: Result<Sample, SampleError>) -> Result<(), DiscoverError> {
        let is_answer = !matches!(
            result,
            Err(SampleError::Limited(_) | SampleError::Refused(_) | SampleError::Unreachable(_))
        );
        self.answers += usize::from(is_answer);
        let facts = TableFacts {
            schema: ask.schema.clone(),
            table: ask.table.clone(),
            ..TableFacts::default()
        };
        if matches!(result, Ok(_) | Err(SampleError::Denied(_))) {
            self.queue.add_engine_of(&ask);
        }
        match result {
            Ok(sample) => {
                let found = read(facts, sample, ask.limit);
                self.queue.add_further(&found);
                self.tables.push(found);
            }
            Err(SampleError::NotExposed { exposed, .. }) if ask.schema != self.schema => {
                self.queue.drop_schema(&ask.schema);
                self.queue.add_schemas(&exposed);
            }
            Err(SampleError::NotExposed { sentence, .. }) => return Err(DiscoverError::Refused(sentence)),
            Err(SampleError::Missing(hint)) => {
                if let Some(hinted) = hint {
                    self.queue.hint(&ask, &hinted);
                }
            }
            Err(SampleError::Denied(_)) => {
                self.queue.add_views_of(&ask);
                self.tables.push(TableFacts {
                    is_denied: true,
                    refusal: Some(format!("{} may not read it: grant select to it, or sign in", self.role)),
                    ..facts
                });
            }
            Err(SampleError::TooLarge) if ask.limit > FEW_ROWS => {
                self.queue.names.push_front(Ask { limit: FEW_ROWS, ..ask });
            }
            Err(SampleError::TooLarge) => self.tables.push(TableFacts {
                refusal: Some("its rows are too large to be read".into()),
                ..facts
            }),
            Err(SampleError::Unreadable(why)) => self.tables.push(TableFacts {
                refusal: Some(why),
                ..facts
            }),
            Err(SampleError::Limited(after)) => {
                self.is_limited = true;
                self.not_before = Some(Instant::now() + after.unwrap_or(RATE_PAUSE));
                self.queue.names.push_front(ask);
            }
            Err(SampleError::Refused(sentence)) => return Err(DiscoverError::Refused(sentence)),
            Err(SampleError::Unreachable(text)) => {
                self.failures += 1;
                if self.answers == 0 && self.failures >= MAX_FAILURES {
                    return Err(DiscoverError::Unreachable {
                        text,
                        retry_after: None,
                    });
                }
                if !ask.is_repeated {
                    self.queue.names.push_back(Ask {
                        is_repeated: true,
                        ..ask
                    });
                }
            }
        }
        Ok(())
    }

    /// Learns more of the tables that are likely sources: what they are, and their latest rows where not all were read.
    async fn look_closer(&mut self) {
        let deadline = self.started + DEADLINE;
        let proposal = propose(&self.tables, settings::presets());
        let mut looks = FuturesUnordered::new();
        let mut waiting: VecDeque<Look> = VecDeque::new();
        for source in &proposal.sources {
            let is_of_source =
                |facts: &&TableFacts| facts.table == source.mapping.table && facts.schema == source.mapping.schema;
            let Some(facts) = self.tables.iter().find(is_of_source) else {
                continue;
            };
            if facts.refusal.is_some() {
                continue;
            }
            if facts.rows.len() >= MAX_SAMPLE
                && let Some(column) = changed_at(&source.mapping, facts)
            {
                waiting.push_back(Look {
                    schema: facts.schema.clone(),
                    table: facts.table.clone(),
                    newest_by: Some(column),
                });
            }
            waiting.push_back(Look {
                schema: facts.schema.clone(),
                table: facts.table.clone(),
                newest_by: None,
            });
        }
        let at_once = if self.is_limited { 1 } else { MAX_AT_ONCE };
        loop {
            while looks.len() < at_once && self.asked.requests < MAX_REQUESTS {
                let Some(look) = waiting.pop_front() else { break };
                self.asked.requests += 1;
                let rest = self.rest;
                let token = self.token;
                looks.push(async move {
                    let request = SampleRequest {
                        schema: &look.schema,
                        table: &look.table,
                        newest_by: look.newest_by.as_deref(),
                        limit: MAX_SAMPLE,
                        token,
                    };
                    let seen = match look.newest_by {
                        Some(_) => rest.sample(request).await.map(Seen::Rows),
                        None => rest.shape(request).await.map(Seen::Shape),
                    };
                    (look.schema, look.table, seen)
                });
            }
            // What is not answered in time is not known; what was read before stays.
            let Ok(Some((schema, table, seen))) = timeout_at(deadline, looks.next()).await else {
                return;
            };
            let Some(facts) = (self.tables.iter_mut()).find(|facts| facts.table == table && facts.schema == schema)
            else {
                continue;
            };
            match seen {
                Ok(Seen::Rows(sample)) if !sample.rows.is_empty() => facts.rows = sample.rows,
                Ok(Seen::Shape(Some(Shape::View))) => facts.form = Some(TableForm::View),
                Ok(Seen::Shape(Some(Shape::Keyless))) => facts.key = Some(Vec::new()),
                Err(SampleError::Limited(_)) => return,
                _ => {}
            }
        }
    }
}

/// A second look at a table: at its latest rows, or else at what it is.
struct Look {
    schema: String,
    table: String,
    newest_by: Option<String>,
}

enum Seen {
    Rows(Sample),
    Shape(Option<Shape>),
}

/// `schema.table`, or the table alone where it is in `public`.
fn name_of(schema: &str, table: &str) -> String {
    match schema {
        "public" => table.to_owned(),
        schema => format!("{schema}.{table}"),
    }
}

/// The column that says when a row was changed, or else when it was made.
fn changed_at(mapping: &SourceMapping, facts: &TableFacts) -> Option<String> {
    let is_there = |column: &&String| facts.columns.iter().any(|known| known.name == **column);
    let columns = mapping.updated_at.iter().chain(&mapping.created_at);
    columns.into_iter().find(is_there).cloned()
}

/// What a sample shows of a table.
fn read(facts: TableFacts, sample: Sample, limit: usize) -> TableFacts {
    let Sample { rows, estimate } = sample;
    let read = rows.len() as u64;
    // All rows were read where there are fewer than were asked for.
    let count = match rows.len() < limit {
        true => Some(read),
        false => estimate.map(|estimate| estimate.max(read)),
    };
    TableFacts {
        columns: columns(&rows),
        count,
        rows,
        ..facts
    }
}

/// The columns of all rows, in the order of the first one.
fn columns(rows: &[Record]) -> Vec<ColumnFacts> {
    let mut columns: Vec<ColumnFacts> = Vec::new();
    let mut last = None;
    for row in rows {
        // The rows of an answer share their columns, so that most are seen at once.
        let header = row.header();
        if last.is_some_and(|last: &std::sync::Arc<model::Header>| last.names() == header.names()) {
            continue;
        }
        last = Some(header);
        for name in header.names() {
            if !columns.iter().any(|known| known.name == **name) {
                columns.push(ColumnFacts {
                    name: name.to_string(),
                    ..ColumnFacts::default()
                });
            }
        }
    }
    columns
}
