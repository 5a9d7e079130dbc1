//! The search by REST: candidate names are asked for, few at a time, and what the answers hint at.
//!
//! A name that exists is answered with rows at once, so that one request a table is enough for most. Which tables the
//! publication has cannot be seen this way: the session finds out.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Asked, DiscoverError};
use crate::rest::{Rest, Sample, SampleError, SampleRequest, Shape};
use model::{
    Record, SourceMapping,
    discover::{Ask, ColumnFacts, MAX_REQUESTS, MAX_SAMPLE, NameQueue, TableFacts, TableForm, propose},
};
use realtime::Token;

/// Most requests on their way at once.
const MAX_AT_ONCE: usize = 6;
/// Longest time of a search.
const DEADLINE: Duration = Duration::from_secs(5);
/// Time after which no further name is asked for.
const ASKING_DEADLINE: Duration = Duration::from_secs(3);
/// Longest wait for the answers to those that were asked for.
const NAMES_DEADLINE: Duration = Duration::from_secs(4);
/// Failures without any answer after which the server counts as unreachable.
const MAX_FAILURES: usize = 2;
/// Rows of a table whose rows are large.
const FEW_ROWS: usize = 10;
/// The wait after a refusal for the rate of requests that does not say how long.
const RATE_PAUSE: Duration = Duration::from_secs(1);

const OUT_OF_TIME: &str = "ended early: the server answers slowly";
const LIMITED: &str = "ended early: the server limits the rate of requests";

type Asking<'s> = Pin<Box<dyn Future<Output = (Ask, Result<Sample, SampleError>)> + Send + 's>>;

/// The search while it runs.
struct Search<'s> {
    rest: &'s Rest,
    schema: &'s str,
    role: &'s str,
    token: Option<&'s Token>,
    started: Instant,
    queue: NameQueue<'s>,
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
        queue: NameQueue::new(schema, settings::presets()),
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
            let is_late = self.started.elapsed() >= ASKING_DEADLINE;
            while !is_paused && !is_late && asking.len() < at_once {
                let Some(ask) = self.queue.take(self.asked.requests, self.tables.len()) else {
                    break;
                };
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
        if !self.queue.is_empty() && self.started.elapsed() >= ASKING_DEADLINE {
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
        match result {
            Ok(sample) => {
                let found = read(facts, sample, ask.limit);
                self.queue.found(&ask, &found);
                self.tables.push(found);
            }
            Err(SampleError::NotExposed { exposed, .. }) if ask.schema != self.schema => {
                self.queue.not_exposed(&ask, &exposed);
            }
            Err(SampleError::NotExposed { sentence, .. }) => return Err(DiscoverError::Refused(sentence)),
            Err(SampleError::Missing(hint)) => self.queue.missing(&ask, hint.as_deref()),
            Err(SampleError::Denied(_)) => {
                self.queue.denied(&ask);
                self.tables.push(TableFacts {
                    is_denied: true,
                    refusal: Some(format!("{} may not read it: grant select to it, or sign in", self.role)),
                    ..facts
                });
            }
            Err(SampleError::TooLarge) if ask.limit > FEW_ROWS => {
                self.queue.put_first(Ask { limit: FEW_ROWS, ..ask });
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
                self.queue.put_first(ask);
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
                    self.queue.put_last(Ask {
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
            let Some(facts) = self.tables.iter().find(|facts| facts.is_of(&source.mapping)) else {
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
