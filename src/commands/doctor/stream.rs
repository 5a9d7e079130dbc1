//! The socket: handshake, join, subscriptions, heartbeat, and a change.

use std::{io::Write, time::Duration};

use tokio::time::Instant;

use super::{
    check::Check,
    checked::Checked,
    conversation::{Channel, Conversation, Refusal},
    pulse,
    report::Report,
    requests::Requests,
    steps::{Blocker, Reader, Target, add},
    tables::{Known, no_key_means, table_name},
};
use client::probe::{self, Shape, Socket};
use model::{SourceId, SourceMapping, format::seconds, schema};
use realtime::{ConnectFailure, POLL_INTERVAL, advice};

/// Checks the stream. `tables`: with what REST showed of each.
pub(super) async fn check<W: Write>(
    report: &mut Report<W>,
    target: &Target,
    requests: &Requests,
    reader: &Reader,
    tables: &[(Checked, Known)],
    blocker: Blocker,
) {
    if let Some(blocker) = blocker {
        report.add(Check::blocked("websocket", blocker));
        report.add(Check::blocked("join", blocker));
        return block_rest(report, tables, blocker);
    }
    let Some(socket) = check_websocket(report, target).await else {
        report.add(Check::blocked("join", "websocket"));
        return block_rest(report, tables, "websocket");
    };
    let mut conversation = Conversation::new(socket, target.feed.vsn, reader.signed_in);
    let started = Instant::now();
    match check_join(report, target, reader, &mut conversation, started).await {
        Some(blocker) => block_rest(report, tables, blocker),
        None => {
            let followed = check_subscriptions(report, target, reader, tables, &mut conversation, started).await;
            let beat = conversation.beat(target.deadline).await;
            report.add(heartbeat(
                beat.as_ref().copied().map_err(String::as_str),
                target.deadline,
            ));
            match followed {
                None => report.add(Check::blocked("change", "subscribed")),
                Some(_) if beat.is_err() && conversation.change.is_none() => {
                    report.add(Check::blocked("change", "heartbeat"));
                }
                Some(of) => check_change(report, target, &reader.role, of, &mut conversation).await,
            }
            if conversation.ended.is_none() && beat.is_ok() {
                report.add(pulse::check(target, requests, reader, &mut conversation).await);
            } else {
                report.add(Check::blocked("pulse", "heartbeat"));
            }
        }
    }
    conversation.close().await;
}

/// Skips what follows the join.
fn block_rest<W: Write>(report: &mut Report<W>, tables: &[(Checked, Known)], blocker: &'static str) {
    for (table, _) in tables {
        report.add(Check::blocked("subscribed", blocker).of_table(table_name(&table.of)));
    }
    report.add(Check::blocked("heartbeat", blocker));
    report.add(Check::blocked("change", blocker));
    report.add(Check::blocked("pulse", blocker));
}

async fn check_websocket<W: Write>(report: &mut Report<W>, target: &Target) -> Option<Socket> {
    let started = Instant::now();
    let secure = target.feed.realtime_url.scheme() == "wss";
    let opened = match probe::client_config(secure) {
        Ok(tls) => Socket::open(&target.feed, tls, target.deadline).await,
        Err(problem) => Err(ConnectFailure::Unreachable(problem)),
    };
    report.add(websocket(opened.as_ref().map(|_| ()), started.elapsed()));
    opened.ok()
}

/// Joins one channel for each table.
async fn check_join<W: Write>(
    report: &mut Report<W>,
    target: &Target,
    reader: &Reader,
    conversation: &mut Conversation,
    started: Instant,
) -> Blocker {
    let deadline = target.join_deadline();
    conversation.join(&target.feed.mapping, &reader.token).await;
    conversation
        .listen(started + deadline, |conversation| {
            conversation.channels.iter().all(|channel| channel.joined.is_some())
        })
        .await;
    // A refusal says more than the end of the socket, which may follow it.
    let answers = conversation
        .channels
        .iter()
        .filter_map(|channel| match &channel.joined {
            Some(Ok(())) => None,
            Some(Err(reason)) => Some((channel.table.as_str(), Some(reason.as_str()))),
            None => Some((channel.table.as_str(), None)),
        });
    let refused = answers
        .min_by_key(|(_, reason)| reason.is_none())
        .map(|(table, reason)| (table, reason.or(conversation.ended.as_deref()).unwrap_or_default()));
    let check = join(
        conversation.channels.len(),
        refused,
        started.elapsed(),
        deadline,
        reader.signed_in,
    );
    add(report, check)
}

/// Waits for the confirmation of each table; returns the first table whose changes are followed.
async fn check_subscriptions<'t, W: Write>(
    report: &mut Report<W>,
    target: &Target,
    reader: &Reader,
    tables: &'t [(Checked, Known)],
    conversation: &mut Conversation,
    started: Instant,
) -> Option<&'t SourceMapping> {
    let deadline = target.subscribe_deadline();
    conversation
        .listen(Instant::now() + deadline, |conversation| {
            conversation.channels.iter().all(|channel| channel.subscribed.is_some())
        })
        .await;
    let mut followed = None;
    for at in 0..conversation.channels.len() {
        let Some(channel) = conversation.channels.get(at) else {
            break;
        };
        let id = channel.id;
        let Some((table, known)) = tables.get(id.index()) else {
            continue;
        };
        let (of, known) = (&table.of, *known);
        let answer = channel.answer(conversation.ended.as_deref());
        if answer.is_ok() {
            followed.get_or_insert(of);
        }
        let may_be_partitioned =
            of.partitions.is_empty() && known.exists == Some(true) && known.shape != Some(Shape::View);
        let partitions = match &answer {
            Err(refusal) if is_unpublished(refusal) && may_be_partitioned => {
                let pattern = format!("{}_%", of.table);
                let is_any = conversation.is_published(at, &pattern, &reader.token, deadline).await;
                is_any.then_some(pattern)
            }
            _ => None,
        };
        if let Some(channel) = conversation.channels.get(at) {
            let subject = Subject {
                channel,
                table,
                of,
                known,
                partitions,
            };
            report.add(subscribed(&subject, answer, started, deadline));
        }
    }
    followed
}

/// The server found no published table of the name.
fn is_unpublished(refusal: &Refusal) -> bool {
    refusal.message.contains("Please check Realtime is enabled")
}

/// Waits for a change. `followed` is a table whose changes are followed.
async fn check_change<W: Write>(
    report: &mut Report<W>,
    target: &Target,
    role: &str,
    followed: &SourceMapping,
    conversation: &mut Conversation,
) {
    let started = Instant::now();
    conversation
        .listen(started + target.wait, |conversation| {
            conversation.change.as_ref().is_some_and(ChangeSeen::has_row)
        })
        .await;
    let ended = conversation.ended.clone().unwrap_or_default();
    let seen = conversation.change.as_ref().ok_or(ended.as_str());
    // A statement names the table that the change came from; without a change, one that can be changed for a test.
    let source = seen.ok().and_then(|seen| target.feed.mapping.source(seen.source?));
    let waited = if seen.is_ok() || !ended.is_empty() {
        started.elapsed()
    } else {
        target.wait
    };
    report.add(change(seen, waited, source.unwrap_or(followed), role));
}

/// The handshake.
fn websocket(result: Result<(), &ConnectFailure>, took: Duration) -> Check {
    const NAME: &str = "websocket";
    let check = match result {
        Ok(()) => Check::ok(NAME, "open"),
        Err(ConnectFailure::Unreachable(problem)) => Check::failed(NAME, problem.clone())
            .means("the server accepts connections but does not open a WebSocket")
            .remedy("check realtime_url; a proxy in between must allow WebSockets"),
        Err(ConnectFailure::Refused { http, message, .. }) => {
            let found = match message.as_str() {
                "" => format!("HTTP {http}"),
                text => format!("HTTP {http}: {text}"),
            };
            Check::failed(NAME, found).advice(&advice::refused_connect(*http, message, &client::remedies()))
        }
    };
    check.took(took)
}

/// All channels of one socket. `refused`: the table and the reason of the first that failed; the reason is empty when
/// there was no answer in time.
fn join(channels: usize, refused: Option<(&str, &str)>, took: Duration, deadline: Duration, signed_in: bool) -> Check {
    const NAME: &str = "join";
    let check = match refused {
        None => Check::ok(NAME, format!("{channels} channels")),
        Some((table, "")) => Check::failed(
            NAME,
            format!("no answer for {table} in {} s", seconds(deadline.as_secs_f64())),
        )
        .means("the server keeps the socket open and does not answer: its connection to the database may be starting")
        .remedy("try again in a minute; look at the project's Realtime logs"),
        Some((_, reason)) => Check::failed(NAME, format!("refused: {reason}")).advice(&advice::refused_join(
            reason,
            signed_in,
            &client::remedies(),
        )),
    };
    check.took(took)
}

/// A table whose subscription is judged.
struct Subject<'s> {
    channel: &'s Channel,
    table: &'s Checked,
    of: &'s SourceMapping,
    known: Known,
    /// A pattern that names of published tables match, where the table itself is not published.
    partitions: Option<String>,
}

/// One table's subscription.
fn subscribed(subject: &Subject<'_>, answer: Result<(), Refusal>, joined: Instant, deadline: Duration) -> Check {
    const NAME: &str = "subscribed";
    let Subject { channel, of, known, .. } = subject;
    let check = match answer {
        Ok(()) if known.shape == Some(Shape::Keyless) => {
            Check::warning(NAME, "confirmed, but the table has no primary key")
                .means(no_key_means())
                .remedy("add a primary key")
        }
        Ok(()) if known.is_denied => Check::warning(NAME, "confirmed, but the role may not select from the table")
            .means("its changes come without their columns")
            .remedy("grant select on it, as said above for the table"),
        Ok(()) if !of.partitions.is_empty() => Check::ok(
            NAME,
            format!("changes are followed under the names {}", of.partitions.join(", ")),
        ),
        Ok(()) => Check::ok(NAME, "changes are followed"),
        Err(refusal) if refusal.message.is_empty() => Check::failed(
            NAME,
            format!("joined, but the subscription was not confirmed in {} s", seconds(deadline.as_secs_f64())),
        )
        .means("the server could not start its replication: wal_level is not logical, no slot is free, or it is overloaded")
        .remedy("look at the project's Realtime logs, and at these")
        .sql("show wal_level;\nselect slot_name, active from pg_replication_slots;"),
        Err(refusal) if is_unpublished(&refusal) => unpublished(NAME, subject),
        Err(refusal) => {
            let sentence = channel.advice(&refusal).unwrap_or_else(|| {
                "the database does not accept the subscription, and the server keeps trying; look at the project's \
                 Realtime logs"
                    .into()
            });
            Check::failed(NAME, &refusal.message).advice(&sentence)
        }
    };
    let check = check.of_table(table_name(of));
    match channel.subscribed_at {
        Some(at) => check.took(at.saturating_duration_since(joined)),
        None => check,
    }
}

/// A table that is not in the publication, or does not exist.
fn unpublished(name: &'static str, subject: &Subject<'_>) -> Check {
    let Subject { of, known, .. } = subject;
    const NO_CHANGES: &str = "its changes never arrive; the other tables are followed without it";
    const ADD: &str = "add it to the publication";
    let table = table_name(of);
    if known.shape == Some(Shape::View) {
        return view(name, subject.table, &table);
    }
    if let Some(pattern) = &subject.partitions {
        return partitioned(name, of, pattern);
    }
    if !of.partitions.is_empty() {
        return unpublished_partitions(name, of);
    }
    let check = match known.exists {
        Some(true) => Check::failed(name, format!("{table} is not in the publication {}", schema::PUBLICATION))
            .means(format!(
                "the table can be read, so the wall reads it every {} s; its changes do not arrive at once",
                POLL_INTERVAL.as_secs()
            ))
            .remedy("if it is a table, add it to the publication; a view has no changes of its own and is always read at intervals"),
        Some(false) => Check::failed(name, format!("{table} does not exist, or is not in the publication"))
            .means("there is nothing to follow under this name")
            .remedy(format!(
                "{}, or create it with `opswall schema`; the statement adds an existing one",
                subject.table.rename()
            )),
        None => Check::failed(name, format!("{table} is not in the publication, or does not exist"))
            .means(NO_CHANGES)
            .remedy(ADD),
    };
    check.sql(schema::publish(&of.schema, &of.table))
}

/// A view, which has no changes of its own.
fn view(name: &'static str, of: &Checked, table: &str) -> Check {
    let every = POLL_INTERVAL.as_secs();
    Check::warning(name, format!("{table} is a view, which cannot be followed"))
        .means(format!(
            "the stream carries changes of tables only: the wall reads the view every {every} s, and follows the other tables"
        ))
        .remedy(match of.companion {
            Some(_) => format!("if that is too slow, name the table that the view reads in {}", of.section()),
            None => format!(
                "if that is too slow, name the table that the view reads with --{}-table",
                of.of.kind.plural()
            ),
        })
}

/// A table that is not published, beside published ones whose names begin like its own.
fn partitioned(name: &'static str, of: &SourceMapping, pattern: &str) -> Check {
    Check::failed(
        name,
        format!(
            "{} is not in the publication, but tables with names like {pattern} are",
            table_name(of)
        ),
    )
    .means("a partitioned table is followed by its partitions: their changes come under their own names")
    .remedy(format!(
        "if the statement lists them, set partitions = [\"{pattern}\"] in the [[sources]] of {}; if it lists none, run the \
         other one",
        of.name()
    ))
    .sql(format!(
        "{}\n{}",
        schema::list_partitions(&of.schema, &of.table),
        schema::publish(&of.schema, &of.table)
    ))
}

/// Partitions of the settings that are not published.
fn unpublished_partitions(name: &'static str, of: &SourceMapping) -> Check {
    let names = of.partitions.join(", ");
    Check::failed(
        name,
        format!("no table of the publication has a name given in partitions ({names})"),
    )
    .means(format!(
        "changes of {} do not arrive; the wall reads it every {} s",
        table_name(of),
        POLL_INTERVAL.as_secs()
    ))
    .remedy(format!(
        "correct partitions in the [[sources]] of {} by what the first statement lists; the second one publishes the table with \
             all its partitions; the third one lets their changes come under their own names, because Realtime delivers \
             none that a publication gives the name of the whole table",
        of.name()
    ))
    .sql(format!(
        "{}\n{}\n{}",
        schema::list_partitions(&of.schema, &of.table),
        schema::publish(&of.schema, &of.table),
        schema::PUBLISH_PARTITIONS
    ))
}

/// The round trip; `Err` with what happened instead, which is empty when there was no answer in time.
fn heartbeat(result: Result<Duration, &str>, deadline: Duration) -> Check {
    const NAME: &str = "heartbeat";
    /// A person notices a delay of this length.
    const LATE: Duration = Duration::from_secs(1);
    match result {
        Ok(took) if took > LATE => Check::warning(NAME, "answered late")
            .means("the network to the server is slow or saturated")
            .remedy("check this machine's network; the wall works, but shows changes late")
            .took(took),
        Ok(took) => Check::ok(NAME, "answered").took(took),
        Err("") => Check::failed(NAME, format!("no answer in {} s", seconds(deadline.as_secs_f64())))
            .means("the socket is open but dead: the wall would drop it and reconnect, again and again")
            .remedy("look for a proxy that keeps idle sockets open, and at the project's Realtime logs"),
        Err(problem) => Check::failed(NAME, problem.to_owned())
            .means("the server closed the socket instead of answering")
            .remedy("look at the project's Realtime logs"),
    }
}

/// A change that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ChangeSeen {
    /// What the rows of its table are.
    pub(super) source: Option<SourceId>,
    /// The name of its table.
    pub(super) table: String,
    /// `INSERT` …
    pub(super) change: String,
    /// Milliseconds from the commit until it arrived, by both clocks.
    pub(super) after_ms: Option<i64>,
    /// The errors that the server attached to it.
    pub(super) errors: String,
}

impl ChangeSeen {
    /// A delete carries only its key, which everybody may see, so it proves less than other changes.
    pub(super) fn has_row(&self) -> bool {
        self.change != "DELETE"
    }
}

/// The first change within the wait; `Err` with how the subscription ended, empty when nothing came. `table` is named in
/// the statements.
fn change(result: Result<&ChangeSeen, &str>, waited: Duration, table: &SourceMapping, role: &str) -> Check {
    const NAME: &str = "change";
    let check = match result {
        Ok(seen) => arrived(NAME, seen, table, role),
        Err("") => Check::skipped(NAME, format!("none came in {} s", seconds(waited.as_secs_f64())))
            .means("no row was changed, or changes do not arrive: unknown")
            .remedy("change a row while this runs (--wait 60), with the statement or your own program")
            .sql(touch_a_row(table)),
        Err(problem) => Check::failed(NAME, problem.to_owned())
            .means("the server ended the subscription during the wait")
            .remedy("look at the project's Realtime logs"),
    };
    check.took(waited)
}

/// A statement that changes a row of the table and leaves it as it is.
fn touch_a_row(table: &SourceMapping) -> String {
    let name = schema::qualified(&table.schema, &table.table);
    let keys = schema::quoted_list(&table.id);
    let first = table
        .id
        .first()
        .map(|column| schema::quoted(column))
        .unwrap_or_default();
    format!("update {name} set {first} = {first} where ({keys}) = (select {keys} from {name} limit 1);")
}

fn arrived(name: &'static str, seen: &ChangeSeen, table: &SourceMapping, role: &str) -> Check {
    let delay = seen
        .after_ms
        .map(|ms| format!(", {ms} ms after its commit"))
        .unwrap_or_default();
    let found = format!("{} of {}{delay}", seen.change, seen.table);
    if seen.errors.is_empty() {
        return if seen.has_row() {
            Check::ok(name, found)
        } else {
            Check::ok(name, format!("{found}; only deletes came"))
                .means("changes arrive; a delete does not show whether this role may see the rows of other changes")
        };
    }
    let check = Check::warning(name, format!("{found}: {}", seen.errors));
    if seen.errors.contains("401") {
        check
            .means(format!(
                "changes come without their rows: {role} may not select from the table"
            ))
            .remedy("grant it the right")
            .sql(schema::grant(&table.schema, &table.table, role))
    } else if seen.errors.contains("400") {
        check
            .means("the table has no primary key, so the server cannot decide who may see a change")
            .remedy("give it one")
            .sql(schema::primary_key(&table.schema, &table.table, &table.id))
    } else {
        check
            .means("the change came without its whole row; the wall reads such rows again")
            .remedy("nothing, unless it happens often; large rows are the usual cause")
    }
}
