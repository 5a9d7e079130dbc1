//! Tables that are not published, may not be read, or do not exist cost themselves alone, on real sockets against the
//! demo's server.

use std::sync::Arc;

use crate::{
    demo::server,
    listener::{Listener, settings},
};
use demo::{ChannelFault, TableId};
use model::NoticeKind;
use realtime::{Command, LinkStatus, Source, SourceState, Vsn};
use settings::FeedSettings;

/// The demo's tables, and one that it does not have.
fn sources(settings: &FeedSettings) -> Vec<Source> {
    let mut sources = settings::sources(&settings.mapping);
    let missing = Source {
        table: "missions".into(),
        ..sources.first().expect("a source").clone()
    };
    sources.push(missing);
    sources
}

fn states(listener: &Listener) -> Vec<SourceState> {
    listener.link.sources.iter().map(|source| source.state).collect()
}

fn state_of(listener: &Listener, sources: &[Source], table: &str) -> Option<SourceState> {
    let at = sources.iter().position(|source| source.table == table)?;
    Some(listener.link.sources.get(at)?.state)
}

fn why_of(listener: &Listener, sources: &[Source], table: &str) -> String {
    let at = sources
        .iter()
        .position(|source| source.table == table)
        .expect("a source");
    listener.link.sources[at].why.clone().unwrap_or_default()
}

#[test]
fn an_unpublished_a_denied_and_a_missing_table_leave_the_others_live() {
    for vsn in [Vsn::V2, Vsn::V1] {
        let server = server(100.0);
        let control = server.control();
        control.rules(TableId::Tasks, |rules| rules.is_published = false);
        control.rules(TableId::Workflows, |rules| rules.denied.insert("anon".into()));
        let settings = FeedSettings {
            vsn,
            ..settings(&server.url())
        };
        let sources = sources(&settings);
        let mut listener = Listener::follow(settings, sources.clone());
        listener.until_connected();
        listener.until("the states", |listener| {
            state_of(listener, &sources, "agents") == Some(SourceState::Followed)
        });
        for (table, state, why) in [
            (
                "tasks",
                SourceState::Polled,
                "alter publication supabase_realtime add table public.tasks",
            ),
            (
                "workflows",
                SourceState::LeftOut,
                "grant select on public.workflows to anon",
            ),
            ("missions", SourceState::LeftOut, "public.missions does not exist"),
        ] {
            assert_eq!(state_of(&listener, &sources, table), Some(state), "{table}");
            let said = why_of(&listener, &sources, table);
            assert!(said.contains(why), "{table}: {said}");
        }
        let status = listener.statuses.last().expect("a status");
        assert_eq!(status.sources_left_out, ["public.workflows", "public.missions"]);
        assert_eq!((status.sources.polled, status.sources.left_out), (1, 2));
        assert!(
            listener
                .statuses
                .iter()
                .all(|status| status.status != LinkStatus::Disconnected)
        );
        listener.until("changes of what is followed", |listener| {
            listener.changes.iter().any(|change| change.committed_ms.is_some())
        });

        // The grant is given: the table comes back by itself.
        control.rules(TableId::Workflows, |rules| rules.denied.clear());
        listener.until("the table that may be read now", |listener| {
            state_of(listener, &sources, "workflows") == Some(SourceState::Followed)
        });
        let is_found = |notice: &model::Notice| notice.kind == NoticeKind::TableFound;
        assert!(listener.notices.iter().any(is_found));
        // The table is published: the server makes the subscriptions anew, and a second connection takes over.
        let connects = listener.link.connects;
        control.rules(TableId::Tasks, |rules| rules.is_published = true);
        control.inject_channel_fault(ChannelFault::Resubscribe);
        listener.until("the table that is published now", |listener| {
            state_of(listener, &sources, "tasks") == Some(SourceState::Followed)
        });
        assert_eq!(listener.link.connects, connects + 1);
        assert!(
            listener
                .statuses
                .iter()
                .all(|status| status.status != LinkStatus::Disconnected)
        );
        control.rules(TableId::Tasks, |rules| rules.is_published = false);
        assert!(listener.worker.command(Command::Reconnect));
        listener.until("the table that was withdrawn", |listener| {
            state_of(listener, &sources, "tasks") == Some(SourceState::Polled)
        });
        assert_eq!(state_of(&listener, &sources, "missions"), Some(SourceState::LeftOut));
    }
}

#[test]
fn only_views_are_read_at_intervals_and_only_denied_tables_are_an_error() {
    let server = server(0.0);
    let control = server.control();
    for table in TableId::ALL {
        control.rules(table, |rules| rules.is_view = true);
    }
    let mut listener = Listener::start(settings(&server.url()));
    listener.until_connected();
    listener.until_equal(&control);
    listener.until("the states", |listener| {
        states(listener).iter().all(|state| *state == SourceState::Polled)
    });
    for table in TableId::ALL {
        control.rules(table, |rules| rules.denied.insert("anon".into()));
    }
    let mut listener = Listener::start(settings(&server.url()));
    listener.until("the error", |listener| listener.status() == LinkStatus::Error);
    let reason = listener.statuses.last().and_then(|status| status.reason.clone());
    assert!(reason.is_some_and(|reason| reason.contains("grant select on public.")));
}

#[test]
fn a_key_column_that_a_table_does_not_have_costs_that_table_alone() {
    let server = server(0.0);
    let mut settings = settings(&server.url());
    Arc::make_mut(&mut settings.mapping).edit(|sources| sources[1].id = vec!["uid".into()]);
    let sources = settings::sources(&settings.mapping);
    let mut listener = Listener::start(settings);
    listener.until_connected();
    listener.until("the states", |listener| {
        states(listener)
            .iter()
            .filter(|state| **state == SourceState::LeftOut)
            .count()
            == 1
    });
    let table = sources[1].table.as_str();
    assert_eq!(state_of(&listener, &sources, table), Some(SourceState::LeftOut));
    let why = why_of(&listener, &sources, table);
    assert!(why.contains("has no such column"), "{why}");
}
