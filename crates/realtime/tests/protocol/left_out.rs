//! A source costs itself alone: one whose subscription or reading is refused is polled or left out, the others are live, and
//! it comes back when it is mended.

use std::collections::{BTreeMap, BTreeSet};

use realtime::{Command, Effect, Event, LinkStatus, POLL_INTERVAL, PageError, PageQuery, SessionConfig, SourceState};
use serde_json::json;

use crate::{
    lost::left_out,
    rig::{Rig, config, ms, not_published, seconds, table},
};

/// A server on which some tables are published and some can be read.
struct World {
    rig: Rig,
    published: BTreeSet<&'static str>,
    /// How the reading of a table is refused.
    refused: BTreeMap<&'static str, PageError>,
    /// The refusals of subscriptions name no table.
    is_silent: bool,
    /// Joins answered: of the main channel, and of trials.
    joins: usize,
    trials: usize,
    is_joined: bool,
}

fn denied(table: &str) -> PageError {
    PageError::Denied(format!(
        "public.{table} may not be read; run \"grant select on public.{table} to anon\""
    ))
}

impl World {
    fn new(tables: &[&'static str], published: &[&'static str]) -> Self {
        let config = SessionConfig {
            sources: tables.iter().map(|name| table(name)).collect(),
            ..config()
        };
        Self::with(config, published)
    }

    fn with(config: SessionConfig, published: &[&'static str]) -> Self {
        let mut rig = Rig::started(config);
        rig.give(Event::SocketOpened);
        Self {
            rig,
            published: published.iter().copied().collect(),
            refused: BTreeMap::new(),
            is_silent: false,
            joins: 0,
            trials: 0,
            is_joined: false,
        }
    }

    /// The first of these tables that the database refuses, and its words.
    fn refusal<'t>(&self, tables: impl IntoIterator<Item = &'t str>) -> Option<String> {
        let refused = tables.into_iter().find(|table| !self.published.contains(table))?;
        Some(match self.is_silent {
            true => "Unable to subscribe to changes with given parameters.".to_owned(),
            false => not_published(refused),
        })
    }

    /// Does what the server would do next; false when there is nothing.
    fn serve(&mut self) -> bool {
        let effects = std::mem::take(&mut self.rig.effects);
        for effect in &effects {
            match effect {
                Effect::Open => self.rig.give(Event::SocketOpened),
                Effect::Send(text) if text.contains("phx_join") && !text.contains("-trial") => self.is_joined = true,
                _ => {}
            }
        }
        if std::mem::take(&mut self.is_joined) {
            self.joins += 1;
            let tables = self.rig.joined_tables();
            self.rig.join_ok();
            match self.refusal(tables.iter().map(String::as_str)) {
                Some(message) => self.rig.system("postgres_changes", false, &message),
                None if tables.is_empty() => {}
                None => self.rig.system_ok(),
            }
        } else if let Some(trial) = self.rig.trials.first() {
            self.trials += 1;
            let refusal = self.refusal([trial.table()]);
            self.rig.answer_trial(refusal.as_deref());
        } else if !self.rig.fetches.is_empty() {
            let request = self.rig.fetch();
            match self.refused.get(request.source.table.as_str()) {
                Some(error) => self.rig.fail(&request, error.clone()),
                None => {
                    let is_first = !matches!(&request.query, PageQuery::After { after: Some(_), .. });
                    let row = json!({"id": 1, "a": request.source.table});
                    let rows: &[_] = if is_first { &[row] } else { &[] };
                    self.rig.answer(&request, rows);
                }
            }
        } else {
            return !effects.is_empty();
        }
        true
    }

    fn run(&mut self, time: std::time::Duration) {
        let end = self.rig.at + time;
        while self.rig.at < end {
            for _ in 0..1_000 {
                if !self.serve() {
                    break;
                }
            }
            self.rig.pass(ms(100));
            self.rig.answer_beats();
        }
    }

    fn states(&self) -> Vec<SourceState> {
        let details = details(&self.rig);
        details.iter().map(|source| source.0).collect()
    }

    fn why(&self, at: usize) -> String {
        details(&self.rig)[at].1.clone().unwrap_or_default()
    }
}

fn details(rig: &Rig) -> Vec<(SourceState, Option<String>)> {
    let sources = rig.last_sources.iter();
    sources.map(|source| (source.state, source.why.clone())).collect()
}

const ALL: [&str; 5] = ["todos", "agents", "runs", "tasks", "logs"];

#[test]
fn a_table_that_is_not_published_is_polled_and_the_others_are_live() {
    let mut world = World::new(&ALL, &["todos", "agents", "runs", "logs"]);
    world.run(seconds(3));
    use SourceState::{Followed, Polled};
    assert_eq!(world.rig.status(), LinkStatus::Connected, "{}", world.rig.reason());
    assert_eq!(world.states(), [Followed, Followed, Followed, Polled, Followed]);
    assert_eq!(
        (world.joins, world.trials, world.rig.closes),
        (2, 0, 0),
        "on the same socket, without the one that was named"
    );
    let why = world.why(3);
    assert!(
        why.contains("run \"alter publication supabase_realtime add table public.tasks\"") && why.contains("a view"),
        "{why}"
    );
    let counts = world.rig.statuses.last().expect("a status").sources;
    assert_eq!(
        (counts.followed, counts.polled, counts.kept(), counts.all()),
        (4, 1, 5, 5)
    );
    let notices: Vec<_> = world
        .rig
        .notices
        .iter()
        .filter(|notice| notice.code() == "table_unsupported")
        .collect();
    assert_eq!(notices.len(), 1);
    assert!(
        notices[0]
            .text
            .starts_with("public.tasks is read every 60 s only, because it is not in the publication")
    );
    assert_eq!(world.rig.state.len(), 5, "its rows are shown");
}

#[test]
fn a_table_that_neither_the_database_nor_rest_has_is_left_out() {
    let mut world = World::new(&ALL, &["todos", "runs"]);
    for name in ["agents", "tasks"] {
        let text = format!("the table public.{name} does not exist; create it");
        world.refused.insert(name, PageError::Denied(text));
    }
    world.refused.insert("runs", denied("runs"));
    world.run(seconds(5));
    use SourceState::{Followed, LeftOut, Polled};
    assert_eq!(world.rig.status(), LinkStatus::Connected, "{}", world.rig.reason());
    assert_eq!(world.states(), [Followed, LeftOut, LeftOut, LeftOut, Polled]);
    assert_eq!(left_out(&world.rig), ["public.agents", "public.runs", "public.tasks"]);
    assert!(world.why(2).contains("grant select on public.runs to anon"));
    assert!(world.why(3).contains("public.tasks does not exist"));
    assert!(
        world
            .rig
            .notices
            .iter()
            .any(|notice| notice.text == "Live with 2 of 5 tables: 2 rows.")
    );
    // The second refusal leads to a trial of each: three joins of the main channel whatever the number of tables.
    assert_eq!((world.joins, world.trials, world.rig.closes), (3, 3, 0));
    assert!(world.rig.trials.is_empty());
}

#[test]
fn a_refusal_that_names_no_table_is_tracked_down_by_trials() {
    let mut world = World::new(&ALL, &["agents", "runs", "logs"]);
    world.is_silent = true;
    world.run(seconds(5));
    use SourceState::{Followed, Polled};
    assert_eq!(world.rig.status(), LinkStatus::Connected, "{}", world.rig.reason());
    assert_eq!(world.states(), [Polled, Followed, Followed, Polled, Followed]);
    assert_eq!((world.joins, world.trials), (2, 5));
}

#[test]
fn trials_are_joined_one_after_the_other_and_left() {
    let mut world = World::new(&ALL, &[]);
    world.is_silent = true;
    while world.rig.trials.is_empty() {
        world.serve();
    }
    assert_eq!(world.rig.trials.len(), 1);
    world.rig.pass(seconds(5));
    assert_eq!(world.rig.trials.len(), 1, "the next one only when it is answered");
    world.run(seconds(3));
    let left = world
        .rig
        .sent_events()
        .iter()
        .filter(|event| *event == "phx_leave")
        .count();
    assert_eq!(left, 6, "five trials and the main channel's first join");
    assert_eq!(world.states(), [SourceState::Polled; 5]);
    assert_eq!(
        world.rig.status(),
        LinkStatus::Connected,
        "views alone are read at intervals"
    );
}

#[test]
fn only_polled_tables_are_read_at_intervals() {
    let mut world = World::new(&["todos", "agents"], &[]);
    world.run(seconds(5));
    assert_eq!(world.rig.status(), LinkStatus::Connected, "{}", world.rig.reason());
    for _ in 0..200 {
        world.run(seconds(1));
        assert_eq!((world.rig.status(), world.rig.closes), (LinkStatus::Connected, 0));
    }
    world.refused.insert("agents", denied("agents"));
    world.run(3 * POLL_INTERVAL);
    assert_eq!(world.states(), [SourceState::Polled, SourceState::Lost]);
    assert_eq!(world.rig.status(), LinkStatus::Connected);
}

#[test]
fn when_every_table_is_refused_it_is_an_error() {
    let mut world = World::new(&["todos", "agents"], &["todos"]);
    world.refused.insert("todos", denied("todos"));
    world
        .refused
        .insert("agents", PageError::Fatal("public.agents has no such column".into()));
    world.run(seconds(3));
    assert_eq!(world.rig.status(), LinkStatus::Error);
    assert!(
        world.rig.reason().contains("grant select on public.todos"),
        "{}",
        world.rig.reason()
    );
}

#[test]
fn a_table_that_cannot_be_read_at_first_costs_itself_alone_whatever_the_cause() {
    for error in [
        PageError::Fatal("public.agents has no such column; set the key column".into()),
        denied("agents"),
        PageError::Transient {
            text: "public.agents: HTTP 500".into(),
            retry_after: None,
        },
        PageError::TooLarge("reading public.agents took the database too long".into()),
    ] {
        let mut world = World::new(&["todos", "agents", "runs"], &["todos", "agents", "runs"]);
        world.refused.insert("agents", error.clone());
        world.run(seconds(20));
        assert_eq!(
            world.rig.status(),
            LinkStatus::Connected,
            "{error:?}: {}",
            world.rig.reason()
        );
        assert_eq!(left_out(&world.rig), ["public.agents"], "{error:?}");
        assert!(world.rig.row_of(1, "1").is_none());
        world.refused.clear();
        world.run(POLL_INTERVAL + seconds(5));
        assert_eq!(world.states(), [SourceState::Followed; 3], "{error:?}");
        let text = "public.agents is followed from now on: 1 row.";
        assert!(
            world.rig.notices.iter().any(|notice| notice.text == text),
            "{:?}",
            world.rig.notices
        );
        assert!(world.rig.row_of(1, "1").is_some());
        assert_eq!(world.rig.closes, 0);
    }
}

#[test]
fn a_table_without_a_usable_key_is_left_out() {
    let mut config = config();
    config.sources = vec![table("todos"), table("agents")];
    config.sources[1].key = vec!["uuid".into()];
    let mut world = World::with(config, &["todos", "agents"]);
    world.run(seconds(5));
    assert_eq!(world.rig.status(), LinkStatus::Connected, "{}", world.rig.reason());
    assert_eq!(world.states(), [SourceState::Followed, SourceState::LeftOut]);
    assert!(world.why(1).contains("has no usable column uuid"), "{}", world.why(1));
}

#[test]
fn a_table_that_is_published_later_is_followed_by_itself_and_is_tried_less_and_less_often() {
    let mut config = config();
    // With a sign-in there is no second connection: the main channel is joined anew.
    config.sign_in = true;
    config.access_token = None;
    config.sources = vec![table("todos"), table("agents")];
    let mut rig = Rig::started(config);
    rig.grant("eyJ.b.c", seconds(1_000_000));
    rig.give(Event::SocketOpened);
    let mut world = World {
        rig,
        published: BTreeSet::from(["todos"]),
        refused: BTreeMap::new(),
        is_silent: false,
        joins: 0,
        trials: 0,
        is_joined: false,
    };
    world.run(seconds(5));
    assert_eq!(world.states(), [SourceState::Followed, SourceState::Polled]);
    world.run(seconds(3_600));
    assert!((6..=10).contains(&world.trials), "{} trials in an hour", world.trials);
    assert_eq!((world.rig.status(), world.rig.closes), (LinkStatus::Connected, 0));
    world.published.insert("agents");
    // The server makes the subscriptions anew because the publication changed.
    world.rig.system_ok();
    world.run(seconds(15));
    assert_eq!(world.states(), [SourceState::Followed; 2]);
    assert_eq!(
        (world.rig.status(), world.rig.closes),
        (LinkStatus::Connected, 0),
        "{}",
        world.rig.reason()
    );
    assert_eq!(world.rig.joined_tables(), ["todos", "agents"]);
}

#[test]
fn a_table_that_is_withdrawn_while_live_is_polled_and_the_others_are_followed_again() {
    let mut world = World::new(&["todos", "agents", "runs"], &["todos", "agents", "runs"]);
    world.run(seconds(60));
    assert_eq!(world.states(), [SourceState::Followed; 3]);
    world.published.remove("agents");
    world.rig.system("postgres_changes", false, &not_published("agents"));
    assert_eq!(world.rig.status(), LinkStatus::Connecting, "changes are being lost");
    world.run(seconds(5));
    use SourceState::{Followed, Polled};
    assert_eq!(world.rig.status(), LinkStatus::Connected, "{}", world.rig.reason());
    assert_eq!(
        (world.states(), world.rig.closes),
        (vec![Followed, Polled, Followed], 0)
    );
}

#[test]
fn after_a_lost_connection_the_refused_table_delays_nothing_and_the_user_can_have_it_tried_at_once() {
    let mut world = World::new(&["todos", "agents"], &["todos"]);
    world.run(seconds(5));
    assert_eq!(world.joins, 2);
    world.rig.lost();
    world.run(seconds(8));
    assert_eq!((world.joins, world.rig.status()), (3, LinkStatus::Connected));
    assert_eq!(world.states(), [SourceState::Followed, SourceState::Polled]);
    let said = world
        .rig
        .notices
        .iter()
        .filter(|notice| notice.code() == "table_unsupported");
    assert_eq!(said.count(), 1, "said once");
    world.published.insert("agents");
    world.rig.user(Command::Reconnect);
    world.run(seconds(5));
    assert_eq!(world.states(), [SourceState::Followed; 2]);
    assert_eq!(world.joins, 4);
}

#[test]
fn where_nothing_is_read_a_refused_table_is_left_out_and_all_of_them_are_an_error() {
    let config = || SessionConfig {
        sources: ALL.map(table).into(),
        snapshots: false,
        ..config()
    };
    let mut world = World::with(config(), &["todos", "runs"]);
    world.run(seconds(5));
    use SourceState::{Followed, LeftOut};
    assert_eq!(world.states(), [Followed, LeftOut, Followed, LeftOut, LeftOut]);
    assert_eq!(world.rig.status(), LinkStatus::Connected, "{}", world.rig.reason());
    assert!(world.rig.fetches.is_empty());
    world.run(seconds(30));
    assert!(world.rig.synced.is_empty(), "nothing is read");
    for is_silent in [false, true] {
        let mut world = World::with(config(), &[]);
        world.is_silent = is_silent;
        world.run(seconds(5));
        assert_eq!(world.rig.status(), LinkStatus::Error, "{}", world.rig.reason());
    }
}

#[test]
fn two_sources_of_one_table_are_both_followed_or_both_polled() {
    let mut world = World::new(&["todos", "agents", "agents"], &["todos", "agents"]);
    world.run(seconds(5));
    assert_eq!(world.states(), [SourceState::Followed; 3]);
    let mut world = World::new(&["todos", "agents", "agents"], &["todos"]);
    world.run(seconds(5));
    use SourceState::{Followed, Polled};
    assert_eq!((world.states(), world.joins), (vec![Followed, Polled, Polled], 2));
}

#[test]
fn a_server_that_always_refuses_what_it_took_in_trials_is_not_joined_without_end() {
    let mut world = World::new(&["todos", "agents"], &["todos", "agents"]);
    for _ in 0..600 {
        world.rig.pass(ms(500));
        world.rig.answer_beats();
        let effects = std::mem::take(&mut world.rig.effects);
        let is_sent = |effect: &Effect, trial: bool| matches!(effect, Effect::Send(text) if text.contains("phx_join") && text.contains("-trial") == trial);
        if effects.iter().any(|effect| matches!(effect, Effect::Open)) {
            world.rig.give(Event::SocketOpened);
        } else if effects.iter().any(|effect| is_sent(effect, false)) {
            world.joins += 1;
            world.rig.join_ok();
            world.rig.system(
                "postgres_changes",
                false,
                "Unable to subscribe to changes with given parameters.",
            );
        } else if !world.rig.trials.is_empty() {
            world.rig.answer_trial(None);
        }
    }
    assert!(world.joins < 20, "{} joins in five minutes", world.joins);
    assert_ne!(world.rig.status(), LinkStatus::Connected);
}
