//! A source that can be neither read nor followed is lost; the others stay live. Polled sources and their readings.

use std::{collections::BTreeMap, time::Duration};

use realtime::{Event, LinkStatus, POLL_INTERVAL, PageError, PageQuery, PageRequest, SourceReport, SourceState};
use serde_json::{Value, json};

use crate::{
    lossy::{MAX_AGE, leased, row, unavailable},
    rig::{FIRST_ID, Rig, id_text, ms, seconds, table},
};

/// How the reads of a table are answered.
#[derive(Clone)]
enum Reads {
    Answered,
    Failing(PageError),
}

/// A server with tables that can each fail, and a client of it.
struct World {
    rig: Rig,
    tables: BTreeMap<&'static str, (Vec<Value>, Reads)>,
}

fn denied(table: &str) -> Reads {
    Reads::Failing(PageError::Denied(format!(
        "public.{table} may not be read; grant select on it to the role that reads, or sign in (permission denied for table {table})"
    )))
}

fn slow(table: &str) -> Reads {
    Reads::Failing(PageError::TooLarge(format!(
        "reading public.{table} took the database too long"
    )))
}

impl World {
    /// Live on these tables; each has one row.
    fn live(names: &[&'static str]) -> Self {
        let mut world = Self::connecting(names);
        world.run(seconds(3));
        assert_eq!(world.rig.status(), LinkStatus::Connected, "{}", world.rig.reason());
        world
    }

    fn connecting(names: &[&'static str]) -> Self {
        let mut config = leased();
        config.sources = names.iter().map(|name| table(name)).collect();
        for source in &mut config.sources {
            source.updated_at = vec!["updated_at".into()];
        }
        let tables = names
            .iter()
            .map(|name| (*name, (vec![row(1, seconds(1))], Reads::Answered)));
        Self {
            rig: Rig::syncing(config),
            tables: tables.collect(),
        }
    }

    fn set(&mut self, table: &'static str, reads: Reads) {
        self.tables.get_mut(table).expect("a table").1 = reads;
    }

    /// Changes a row without sending the change.
    fn change_silently(&mut self, table: &'static str, id: u64) {
        let changed = row(id, self.rig.at);
        let rows = &mut self.tables.get_mut(table).expect("a table").0;
        rows.retain(|row| row["id"] != changed["id"]);
        rows.push(changed);
    }

    /// A change of a table arrives with this error and without the row.
    fn change_with_error(&mut self, at: i64, table: &str, error: &str) {
        let topic = self.rig.topic.clone();
        let data = json!({
            "schema": "public", "table": table, "type": "UPDATE", "columns": [], "record": {}, "old_record": {},
            "commit_timestamp": null, "errors": [error],
        });
        let frame = realtime::Frame::postgres_changes(&topic, &[FIRST_ID + at], &data);
        self.rig.frame(&frame);
    }

    fn answer(&mut self, request: &PageRequest) {
        let (rows, reads) = &self.tables[request.source.table.as_str()];
        if let Reads::Failing(error) = reads {
            return self.rig.fail(request, error.clone());
        }
        let is_asked = |row: &&Value| match &request.query {
            PageQuery::After { after, .. } => after.is_none(),
            PageQuery::Ids(ids) => ids.iter().any(|id| *id.as_str() == id_text(&row["id"])),
        };
        let rows: Vec<Value> = rows.iter().filter(is_asked).cloned().collect();
        self.rig.answer(request, &rows);
    }

    fn run(&mut self, time: Duration) {
        let end = self.rig.at + time;
        while self.rig.at < end {
            self.rig.pass(ms(250));
            self.rig.answer_beats();
            while !self.rig.fetches.is_empty() {
                let request = self.rig.fetch();
                self.answer(&request);
            }
            while !self.rig.probes.is_empty() {
                let request = self.rig.probes.remove(0);
                let (rows, reads) = self.tables[request.source.table.as_str()].clone();
                match reads {
                    Reads::Answered => self.rig.probed(&request, &rows),
                    Reads::Failing(error) => self.rig.give(Event::Probed {
                        id: request.id,
                        result: Err(error),
                    }),
                }
            }
        }
    }

    /// Runs until the condition holds. Returns after how long it did.
    fn until(&mut self, most: Duration, done: impl Fn(&Rig) -> bool) -> Duration {
        let began = self.rig.at;
        while !done(&self.rig) {
            assert!(
                self.rig.at < began + most,
                "not within {most:?}: {:?}",
                self.rig.notices
            );
            self.run(ms(250));
        }
        self.rig.at - began
    }

    fn source(&mut self, at: usize) -> SourceReport {
        self.run(ms(500));
        self.rig.details().sources[at].clone()
    }

    fn notice(&self, code: &str) -> &str {
        let mut notices = self.rig.notices.iter();
        let found = notices.rfind(|notice| notice.code() == code);
        &found
            .unwrap_or_else(|| panic!("no {code} in {:?}", self.rig.notices))
            .text
    }
}

fn lost(rig: &Rig) -> Vec<&str> {
    let status = rig.statuses.last().expect("a status");
    status.sources_lost.iter().map(String::as_str).collect()
}

pub(crate) fn left_out(rig: &Rig) -> Vec<&str> {
    let status = rig.statuses.last().expect("a status");
    status.sources_left_out.iter().map(String::as_str).collect()
}

#[test]
fn a_table_that_can_no_longer_be_read_is_lost_and_found_again() {
    let mut world = World::live(&["todos", "agents", "runs"]);
    world.run(seconds(60));
    world.set("agents", denied("agents"));
    let revoked = world.rig.at;
    let after = world.until(seconds(60), |rig| !lost(rig).is_empty());
    assert!(after <= seconds(36), "an audit and one more reading: {after:?}");
    assert_eq!(
        (lost(&world.rig), world.rig.status()),
        (vec!["public.agents"], LinkStatus::Connected)
    );
    let text = world.notice("table_lost");
    assert!(
        text.starts_with("Table lost: public.agents may not be read; grant select"),
        "{text}"
    );
    let agents = world.source(1);
    assert_eq!(agents.state, SourceState::Lost);
    assert!(agents.why.is_some_and(|why| why.contains("grant select")));
    let as_of = agents.proven_ms.map(Duration::from_millis).expect("a proof");
    assert!(as_of > seconds(30) && as_of <= revoked, "{as_of:?}");
    assert!(
        agents
            .lost_ms
            .is_some_and(|since| Duration::from_millis(since) > revoked)
    );
    assert_eq!(world.source(0).state, SourceState::Followed);

    // It stays lost, and nothing else is held up by it.
    for _ in 0..300 {
        world.run(seconds(1));
        assert_eq!((lost(&world.rig).len(), world.rig.status()), (1, LinkStatus::Connected));
    }
    let losses = world.rig.notices.iter().filter(|notice| notice.code() == "table_lost");
    assert_eq!(losses.count(), 1);
    assert_eq!(world.rig.closes, 0);

    world.change_silently("agents", 1);
    world.change_silently("agents", 2);
    world.set("agents", Reads::Answered);
    world.until(POLL_INTERVAL + seconds(3), |rig| lost(rig).is_empty());
    assert_eq!(
        world.notice("table_found_again"),
        "public.agents is followed again; 2 rows changed meanwhile."
    );
    assert_eq!(world.source(1).state, SourceState::Followed);
    world.run(seconds(120));
    assert_eq!((lost(&world.rig).len(), world.rig.status()), (0, LinkStatus::Connected));
}

#[test]
fn one_refused_reading_is_no_loss() {
    let mut world = World::live(&["todos", "agents"]);
    world.run(seconds(25));
    world.set("agents", denied("agents"));
    world.run(seconds(6));
    world.set("agents", Reads::Answered);
    world.run(seconds(120));
    let losses = world.rig.notices.iter().filter(|notice| notice.code() == "table_lost");
    assert_eq!((losses.count(), world.rig.status()), (0, LinkStatus::Connected));
}

#[test]
fn when_every_table_is_lost_the_connection_is_not_live() {
    for names in [&["todos"][..], &["todos", "agents"]] {
        let mut world = World::live(names);
        for name in names {
            world.set(name, denied(name));
        }
        world.until(seconds(60), |rig| rig.status() == LinkStatus::Connecting);
        assert_eq!(world.rig.closes, 0, "the channel stays joined");
        assert!(
            world.rig.reason().contains("public.todos may not be read; grant"),
            "{}",
            world.rig.reason()
        );
        for name in names {
            world.set(name, Reads::Answered);
        }
        world.until(POLL_INTERVAL + seconds(3), |rig| lost(rig).is_empty());
        assert_eq!(world.rig.status(), LinkStatus::Connected);
    }
}

#[test]
fn a_table_whose_grant_is_revoked_is_lost_soon_after_its_first_change() {
    let mut world = World::live(&["todos", "agents"]);
    world.run(seconds(33));
    world.set("agents", denied("agents"));
    world.change_with_error(1, "agents", "Error 401: Unauthorized");
    let after = world.until(seconds(20), |rig| !lost(rig).is_empty());
    assert!(after <= seconds(7), "{after:?}");
    assert!(
        !world.rig.has_notice("table_unauthorized"),
        "that it is polled is said only of what can be read"
    );
    for _ in 0..600 {
        world.change_with_error(1, "agents", "Error 401: Unauthorized");
        world.run(ms(250));
        assert_eq!((lost(&world.rig).len(), world.rig.status()), (1, LinkStatus::Connected));
    }
    world.set("agents", Reads::Answered);
    world.until(POLL_INTERVAL + seconds(3), |rig| lost(rig).is_empty());
    assert_eq!(
        world.source(1).state,
        SourceState::Followed,
        "until another change proves the contrary"
    );
    world.change_with_error(1, "agents", "Error 401: Unauthorized");
    assert_eq!(world.source(1).state, SourceState::Polled);
    world.rig.change_in(
        FIRST_ID + 1,
        "agents",
        "UPDATE",
        Some(row(1, seconds(90))),
        Some(json!({"id": 1})),
        &[],
    );
    world.run(seconds(7));
    assert_eq!(
        world.source(1).state,
        SourceState::Followed,
        "changes come with their columns again, and it was read since"
    );
}

#[test]
fn a_table_whose_comparisons_fail_for_longer_than_a_proof_lasts_is_lost_with_the_error() {
    let mut world = World::live(&["todos", "agents", "runs"]);
    world.run(seconds(60));
    world.set("runs", slow("runs"));
    let after = world.until(MAX_AGE + seconds(10), |rig| !lost(rig).is_empty());
    assert!(after > MAX_AGE / 2, "its last proof holds: {after:?}");
    assert_eq!(
        (lost(&world.rig), world.rig.status()),
        (vec!["public.runs"], LinkStatus::Connected)
    );
    let text = world.notice("table_lost");
    assert_eq!(text, "Table lost: reading public.runs took the database too long.");
    world.run(seconds(700));
    assert_eq!(
        (lost(&world.rig).len(), world.rig.status()),
        (1, LinkStatus::Connected),
        "{}",
        world.rig.reason()
    );
    world.set("runs", Reads::Answered);
    world.until(POLL_INTERVAL + seconds(3), |rig| lost(rig).is_empty());
}

#[test]
fn when_the_database_fails_no_single_table_is_lost() {
    let mut world = World::live(&["todos", "agents", "runs"]);
    world.run(seconds(60));
    for name in ["todos", "agents", "runs"] {
        world.set(name, Reads::Failing(unavailable()));
    }
    world.until(MAX_AGE + seconds(1), |rig| rig.status() == LinkStatus::Connecting);
    world.run(seconds(60));
    assert!(!world.rig.has_notice("table_lost"));
    assert!(world.rig.reason().starts_with("unproven"), "{}", world.rig.reason());
    for name in ["todos", "agents", "runs"] {
        world.set(name, Reads::Answered);
    }
    world.until(seconds(15), |rig| rig.status() == LinkStatus::Connected);
}

#[test]
fn a_polled_table_is_read_at_intervals_and_said_to_be_lost_within_two_of_them() {
    let mut world = World::live(&["todos", "agents"]);
    world.change_with_error(1, "agents", "Error 400: Bad Request, no primary key");
    world.run(seconds(7));
    let text = world.notice("table_unsupported");
    assert!(
        text.starts_with("public.agents is read every 60 s only, because it has no primary key"),
        "{text}"
    );
    for _ in 0..5 {
        world.change_silently("agents", 1);
        let changed = world.rig.changes;
        world.until(POLL_INTERVAL + seconds(2), |rig| rig.changes > changed);
        let agents = world.source(1);
        assert_eq!(agents.state, SourceState::Polled);
        let age = world.rig.at - Duration::from_millis(agents.proven_ms.expect("a reading"));
        assert!(age < seconds(5), "{age:?}");
    }
    let reading = world.source(1).proven_ms.map(Duration::from_millis).expect("a reading");
    world.set("agents", Reads::Failing(unavailable()));
    world.until(2 * POLL_INTERVAL, |rig| !lost(rig).is_empty());
    assert!(
        world.rig.at <= reading + 2 * POLL_INTERVAL + seconds(1),
        "{:?}",
        world.rig.at - reading
    );
    assert!(world.notice("table_lost").contains("503"));
    assert_eq!(world.rig.status(), LinkStatus::Connected);
    world.change_silently("agents", 1);
    world.set("agents", Reads::Answered);
    world.until(POLL_INTERVAL + seconds(3), |rig| lost(rig).is_empty());
    assert_eq!(
        world.notice("table_found_again"),
        "public.agents is read every 60 s again; 1 row changed meanwhile."
    );
    assert_eq!(world.source(1).state, SourceState::Polled);
}

#[test]
fn a_lost_table_is_still_lost_after_a_reconnect_that_cannot_read_it() {
    let mut world = World::live(&["todos", "agents"]);
    world.set("agents", denied("agents"));
    world.until(seconds(60), |rig| !lost(rig).is_empty());
    let as_of = world.source(1).proven_ms;
    for (reads, state) in [
        (denied("agents"), SourceState::Lost),
        (Reads::Answered, SourceState::Followed),
    ] {
        world.set("agents", reads);
        world.rig.lost();
        world.run(seconds(4));
        world.rig.give(Event::SocketOpened);
        world.rig.join_ok();
        world.rig.system_ok();
        world.until(seconds(10), |rig| rig.status() == LinkStatus::Connected);
        let agents = world.source(1);
        assert_eq!(agents.state, state);
        assert!(
            state == SourceState::Followed || agents.proven_ms == as_of,
            "the age of its rows is kept"
        );
    }
    assert!(world.rig.has_notice("table_found_again"));
}

#[test]
fn a_table_that_was_never_read_is_lost_when_its_changes_are_refused_too() {
    let mut world = World::connecting(&["todos", "agents"]);
    let text = "the schema public is not exposed by the API; expose it".to_owned();
    world.set("agents", Reads::Failing(PageError::NotExposed(text)));
    world.run(seconds(3));
    assert_eq!(world.source(1).state, SourceState::StreamOnly);
    world.run(seconds(200));
    assert_eq!(
        (left_out(&world.rig).len(), world.rig.status()),
        (0, LinkStatus::Connected)
    );
    world.change_with_error(1, "agents", "Error 401: Unauthorized");
    assert_eq!(
        (left_out(&world.rig), world.rig.status()),
        (vec!["public.agents"], LinkStatus::Connected)
    );
    assert!(world.notice("table_unreadable").contains("expose it"));
    world.run(seconds(200));
    world.set("agents", Reads::Answered);
    world.until(POLL_INTERVAL + seconds(3), |rig| left_out(rig).is_empty());
    assert_eq!(world.source(1).state, SourceState::Followed);
    assert_eq!(world.rig.state.len(), 2);
}

#[test]
fn a_table_that_cannot_be_read_after_a_known_loss_is_lost_at_once() {
    let mut world = World::live(&["todos", "agents"]);
    world.run(seconds(40));
    world.set("agents", slow("agents"));
    world.rig.system_ok();
    assert!(world.rig.is_catching_up(), "the subscription was made anew");
    world.until(seconds(40), |rig| rig.status() == LinkStatus::Connected);
    assert_eq!(lost(&world.rig), ["public.agents"]);
    assert_eq!(world.rig.closes, 0);
}
