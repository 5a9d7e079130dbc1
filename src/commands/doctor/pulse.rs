//! The pulse: whether the database has one, whether it is followed, and whether its job runs.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    check::Check,
    conversation::Conversation,
    requests::{Query, Requests},
    steps::{Reader, Target},
};
use model::{
    Kind, SourceMapping,
    format::seconds,
    schema::{self, PULSE_COLUMNS, PULSE_JOB, PULSE_SCHEMA, PULSE_TABLE},
};
use realtime::Source;
use url::Url;

const NAME: &str = "pulse";
/// Interval of the reads while the number is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A number that was not raised for this long has no job that runs: the slowest one raises it every 2 min.
const STOPPED_AFTER_S: i64 = 150;

/// What was read of the pulse's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reading {
    seq: i64,
    /// Milliseconds since the Unix epoch.
    at_ms: i64,
}

/// What was found of the pulse.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pulse {
    /// Rows cannot be read by REST.
    Unknown,
    /// There is no such table.
    Absent,
    /// It cannot be read; the HTTP status.
    Unreadable(u16),
    /// It has no row.
    Empty,
    Found {
        /// The last reading.
        last: Reading,
        /// Its interval, if the number was raised meanwhile.
        interval: Option<Duration>,
        /// Its changes are followed.
        is_published: bool,
    },
}

/// Checks the pulse on a conversation whose other checks are done.
pub(super) async fn check(
    target: &Target,
    requests: &Requests,
    reader: &Reader,
    conversation: &mut Conversation,
) -> Check {
    let found = match &target.feed.rest_url {
        Some(base) => find(target, requests, base, reader, conversation).await,
        None => Pulse::Unknown,
    };
    let now_ms = jiff::Timestamp::now().as_millisecond();
    judged(&found, target.feed.proof_max_age, now_ms)
}

async fn find(
    target: &Target,
    requests: &Requests,
    base: &Url,
    reader: &Reader,
    conversation: &mut Conversation,
) -> Pulse {
    let first = match read(requests, base).await {
        Ok(Some(reading)) => reading,
        Ok(None) => return Pulse::Empty,
        Err(404) => return Pulse::Absent,
        Err(status) => return Pulse::Unreadable(status),
    };
    let source = Source {
        schema: PULSE_SCHEMA.into(),
        table: PULSE_TABLE.into(),
        ..Source::default()
    };
    let deadline = target.subscribe_deadline();
    let is_published = conversation.is_followed(source, NAME, &reader.token, deadline).await;
    let end = Instant::now() + target.wait;
    let mut last = first;
    while last.seq == first.seq && Instant::now() < end {
        sleep(LOOK_EVERY).await;
        if let Ok(Some(reading)) = read(requests, base).await {
            last = reading;
        }
    }
    let raised = u32::try_from(last.seq.saturating_sub(first.seq)).unwrap_or(0);
    let apart = u64::try_from(last.at_ms.saturating_sub(first.at_ms)).unwrap_or(0);
    Pulse::Found {
        last,
        interval: Duration::from_millis(apart).checked_div(raised),
        is_published,
    }
}

/// Reads the row; the error is the HTTP status, 0 without an answer.
async fn read(requests: &Requests, base: &Url) -> Result<Option<Reading>, u16> {
    let of = SourceMapping {
        schema: PULSE_SCHEMA.into(),
        table: PULSE_TABLE.into(),
        ..SourceMapping::of(Kind::Task)
    };
    let columns = PULSE_COLUMNS.map(str::to_owned);
    let query = Query {
        columns: &columns,
        limit: 1,
        is_counted: false,
    };
    let answer = requests.rows(base, &of, query).await.map_err(|_| 0_u16)?;
    if answer.status >= 300 {
        return Err(answer.status);
    }
    let rows: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let [seq, at] = PULSE_COLUMNS;
    let reading = |row: &Value| {
        Some(Reading {
            seq: row.get(seq)?.as_i64()?,
            at_ms: row.get(at)?.as_str()?.parse::<jiff::Timestamp>().ok()?.as_millisecond(),
        })
    };
    Ok(rows.get(0).and_then(reading))
}

/// The row is read by REST.
const NOT_AWAITED: &str = "whether its changes arrive is not checked here; the wall notices when one does not";

/// What the finding means.
fn judged(pulse: &Pulse, proof_max_age: Duration, now_ms: i64) -> Check {
    let table = schema::qualified(PULSE_SCHEMA, PULSE_TABLE);
    let create = "create it with opswall schema --pulse, which also says what it costs";
    let (last, interval, is_published) = match pulse {
        Pulse::Unknown => return Check::skipped(NAME, "rows cannot be read (rest_url = \"none\")"),
        Pulse::Absent => {
            return Check::skipped(NAME, format!("{table} does not exist"))
                .means(format!(
                    "it is optional: changes that no longer arrive without any sign are noticed within 10 s by a pulse \
                     each 5 s, and within {} s without one",
                    proof_max_age.as_secs()
                ))
                .remedy(create);
        }
        Pulse::Unreadable(0) => return Check::skipped(NAME, "no answer"),
        Pulse::Unreadable(status) => {
            return Check::warning(NAME, format!("{table} cannot be read (HTTP {status})"))
                .means("the wall does not use it")
                .remedy("run the output of opswall schema --pulse again, which grants the right");
        }
        Pulse::Empty => {
            return Check::warning(NAME, format!("{table} has no row, or hides it"))
                .means("the wall does not use it")
                .remedy("run the output of opswall schema --pulse again");
        }
        Pulse::Found {
            last,
            interval,
            is_published,
        } => (last, interval, *is_published),
    };
    let age = now_ms.saturating_sub(last.at_ms).max(0) / 1_000;
    let raised = format!("number {}, raised {age} s ago", last.seq);
    if !is_published {
        return Check::warning(
            NAME,
            format!("{table} is read ({raised}), and its changes are not followed"),
        )
        .means("it is not in the publication, so that the wall does not use it")
        .remedy("add it to the publication")
        .sql(schema::publish(PULSE_SCHEMA, PULSE_TABLE));
    }
    match interval {
        Some(interval) => {
            let every = seconds((interval.as_secs_f64() * 10.0).round() / 10.0);
            Check::ok(NAME, format!("every {every} s, {raised}; subscribed to")).means(NOT_AWAITED)
        }
        None if age >= STOPPED_AFTER_S => Check::warning(NAME, format!("it has stopped: {raised}"))
            .means(format!(
                "the job {PULSE_JOB} of pg_cron does not run; the wall does without a pulse"
            ))
            .remedy("look at the job and its last runs; opswall schema --pulse makes it again")
            .sql(format!(
                "select jobid, schedule, active from cron.job where jobname = '{PULSE_JOB}';\nselect status, \
                 return_message, start_time from cron.job_run_details where jobid = (select jobid from cron.job where \
                 jobname = '{PULSE_JOB}') order by start_time desc limit 3;"
            )),
        None => Check::ok(NAME, format!("{raised}; subscribed to"))
            .means(format!("its interval is longer than the wait; {NOT_AWAITED}"))
            .remedy("wait longer to measure it (--wait 60)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::check::Outcome;

    fn judge(pulse: &Pulse) -> Check {
        judged(pulse, Duration::from_secs(90), 1_000_000)
    }

    fn found(age_s: i64, interval: Option<u64>, is_published: bool) -> Check {
        judge(&Pulse::Found {
            last: Reading {
                seq: 7,
                at_ms: 1_000_000 - age_s * 1_000,
            },
            interval: interval.map(Duration::from_millis),
            is_published,
        })
    }

    #[test]
    fn each_finding_has_its_outcome_and_its_remedy() {
        let absent = judge(&Pulse::Absent);
        assert_eq!(absent.outcome, Outcome::Skipped);
        assert!(absent.means.contains("90 s") && absent.remedy.contains("opswall schema --pulse"));
        let running = found(2, Some(5_020), true);
        assert_eq!(running.outcome, Outcome::Ok);
        assert!(
            running.found.starts_with("every 5 s, number 7, raised 2 s ago"),
            "{}",
            running.found
        );
        assert_eq!(found(20, None, true).outcome, Outcome::Ok);
        let stopped = found(600, None, true);
        assert!(stopped.outcome == Outcome::Warning && stopped.sql.contains("opswall-pulse"));
        let unpublished = found(2, Some(5_000), false);
        assert!(unpublished.outcome == Outcome::Warning && unpublished.sql.contains("add table"));
        for warning in [Pulse::Unreadable(401), Pulse::Empty] {
            assert_eq!(judge(&warning).outcome, Outcome::Warning);
        }
    }
}
