//! The socket: handshake, join, subscription, beat, change.

use std::time::Duration;

use super::super::check::Check;
use model::schema;
use model::{Kind, KindMapping};
use realtime::{ConnectFailure, Source, advice};

/// The handshake.
pub fn websocket(result: Result<(), &ConnectFailure>, took: Duration) -> Check {
    const NAME: &str = "websocket";
    let check = match result {
        Ok(()) => Check::ok(NAME, "open"),
        Err(ConnectFailure::Unreachable(problem)) => Check::failed(NAME, problem.clone())
            .means("the server takes connections and does not open a WebSocket")
            .remedy("check realtime_url; a proxy in between must let WebSockets through"),
        Err(ConnectFailure::Refused { http, message, .. }) => {
            let found = match message.as_str() {
                "" => format!("HTTP {http}"),
                text => format!("HTTP {http}: {text}"),
            };
            let sentence = advice::refused_connect(*http, message, &client::remedies());
            let (means, remedy) = sentence
                .rsplit_once("; ")
                .unwrap_or((&sentence, "try again in a minute"));
            Check::failed(NAME, found).means(means).remedy(remedy)
        }
    };
    check.took(took)
}

/// All channels of one socket. `refused`: the table and the reason of the first that failed.
pub fn join(
    channels: usize,
    refused: Option<(&str, &str)>,
    took: Duration,
    deadline: Duration,
    signed_in: bool,
) -> Check {
    const NAME: &str = "join";
    let check = match refused {
        None => Check::ok(NAME, format!("{channels} channels")),
        Some((table, "")) => Check::failed(NAME, format!("no answer for {table} in {} s", deadline.as_secs_f64()))
            .means("the server holds the socket and does not answer: its connection to the database may be starting")
            .remedy("try again in a minute; look at the project's Realtime logs"),
        Some((_, reason)) => {
            let sentence = advice::refused_join(reason, signed_in, &client::remedies());
            let (means, remedy) = sentence
                .rsplit_once("; ")
                .unwrap_or((&sentence, "try again in a minute"));
            Check::failed(NAME, format!("refused: {reason}"))
                .means(means)
                .remedy(remedy)
        }
    };
    check.took(took)
}

/// One table's subscription. `answer`: true, or the server's last words with the extension's name, which are none when
/// it said nothing in time. `is_there`: REST has read the table.
pub fn subscribed(
    kind: Kind,
    of: &KindMapping,
    answer: Result<(), (&str, &str)>,
    is_there: Option<bool>,
    took: Option<Duration>,
    deadline: Duration,
    signed_in: bool,
) -> Check {
    const NAME: &str = "subscribed";
    let name = format!("{}.{}", of.schema, of.table);
    let sql = schema::publish(&of.schema, &of.table);
    let check = match answer {
        Ok(()) => Check::ok(NAME, "changes are followed"),
        Err((_, "")) => Check::failed(
            NAME,
            format!("joined, and no word of a subscription in {} s", deadline.as_secs_f64()),
        )
        .means("the server could not start its replication: wal_level is not logical, no slot is free, or it is overloaded")
        .remedy("look at the project's Realtime logs, and at these")
        .sql("show wal_level;\nselect slot_name, active from pg_replication_slots;"),
        Err((_, message)) if message.contains("Please check Realtime is enabled") => match is_there {
            Some(true) => Check::failed(NAME, format!("{name} is not in the publication {}", schema::PUBLICATION))
                .means("the table can be read, and its changes never come: the wall would stand still")
                .remedy("add it to the publication")
                .sql(sql),
            Some(false) => Check::failed(NAME, format!("{name} does not exist, or is not in the publication"))
                .means("there is nothing to follow under this name")
                .remedy(format!(
                    "name your table with --{}-table, or make it with `opswall schema`; one that exists is added so",
                    kind.plural()
                ))
                .sql(sql),
            None => Check::failed(NAME, format!("{name} is not in the publication, or does not exist"))
                .means("its changes never come: the wall would stand still")
                .remedy("add it to the publication")
                .sql(sql),
        },
        Err((extension, message)) => {
            let source = Source {
                schema: of.schema.clone(),
                table: of.table.clone(),
                key: vec![of.id.clone()],
                ..Source::default()
            };
            let from_database = extension == "postgres_changes";
            let remedies = client::remedies();
            let sentence = advice::refused_subscription(from_database, message, &source, signed_in, &remedies);
            let sentence = sentence.unwrap_or_else(|| {
                "the database does not take the subscription, and the server goes on trying; look at the project's \
                 Realtime logs"
                    .into()
            });
            let (means, remedy) = sentence.rsplit_once("; ").unwrap_or((&sentence, "try again in a minute"));
            Check::failed(NAME, message).means(means).remedy(remedy)
        }
    };
    let check = check.of_table(name);
    match took {
        Some(took) => check.took(took),
        None => check,
    }
}

/// The round trip; `Err` with what happened instead.
pub fn heartbeat(result: Result<Duration, &str>, deadline: Duration) -> Check {
    const NAME: &str = "heartbeat";
    /// A person sees the delay.
    const LATE: Duration = Duration::from_secs(1);
    match result {
        Ok(took) if took > LATE => Check::warning(NAME, "answered late")
            .means("the way to the server is slow or full")
            .remedy("look at this machine's network; the wall works, and shows changes late")
            .took(took),
        Ok(took) => Check::ok(NAME, "answered").took(took),
        Err("") => Check::failed(NAME, format!("no answer in {} s", deadline.as_secs_f64()))
            .means("the socket is open and dead: the wall would drop it and connect anew, again and again")
            .remedy("look for a proxy that holds idle sockets, and at the project's Realtime logs"),
        Err(problem) => Check::failed(NAME, problem.to_owned())
            .means("the server ended the socket instead of answering")
            .remedy("look at the project's Realtime logs"),
    }
}

/// A change that came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    pub table: String,
    /// `INSERT` …
    pub change: String,
    /// From the commit to here, by both clocks.
    pub after_ms: Option<i64>,
    /// What the server says is wrong with it.
    pub errors: String,
}

impl Seen {
    /// A delete shows its key to everybody: it proves less than the others.
    pub fn has_row(&self) -> bool {
        self.change != "DELETE"
    }
}

/// The first change within a wait. `sample`: a table that can be changed for a test.
pub fn change(result: Result<&Seen, &str>, waited: Duration, sample: &KindMapping, role: &str) -> Check {
    const NAME: &str = "change";
    let check = match result {
        Ok(seen) => {
            let late = seen
                .after_ms
                .map(|ms| format!(", {ms} ms after its commit"))
                .unwrap_or_default();
            let found = format!("{} of {}{late}", seen.change, seen.table);
            if seen.errors.contains("401") {
                Check::warning(NAME, format!("{found}: {}", seen.errors))
                    .means(format!(
                        "changes come without their rows: {role} may not select from the table"
                    ))
                    .remedy("grant it the right")
                    .sql(schema::grant(&sample.schema, &sample.table, role))
            } else if seen.errors.contains("400") {
                Check::warning(NAME, format!("{found}: {}", seen.errors))
                    .means("the table has no primary key: a change cannot be told to whom it may be shown")
                    .remedy("give it one")
                    .sql(format!(
                        "alter table {} add primary key ({});",
                        schema::qualified(&sample.schema, &sample.table),
                        schema::quoted(&sample.id)
                    ))
            } else if seen.errors.is_empty() && !seen.has_row() {
                Check::ok(NAME, format!("{found}; only deletes came"))
                    .means("changes arrive; whether this role may see their rows a delete does not show")
            } else if seen.errors.is_empty() {
                Check::ok(NAME, found)
            } else {
                Check::warning(NAME, format!("{found}: {}", seen.errors))
                    .means("the change came without its whole row; the wall reads such rows again")
            }
        }
        Err("") => {
            let name = schema::qualified(&sample.schema, &sample.table);
            let key = schema::quoted(&sample.id);
            Check::skipped(NAME, format!("none came in {} s", waited.as_secs_f64()))
                .means("nobody changed a row, or changes do not reach us: unknown")
                .remedy("change a row while this runs (--wait 60), with the statement or your own program")
                .sql(format!(
                    "update {name} set {key} = {key} where {key} = (select {key} from {name} limit 1);"
                ))
        }
        Err(problem) => Check::failed(NAME, problem.to_owned())
            .means("the server ended the subscription while we waited")
            .remedy("look at the project's Realtime logs"),
    };
    check.took(waited)
}
