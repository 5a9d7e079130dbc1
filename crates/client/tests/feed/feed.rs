//! The worker against a real server on a real socket: connect, merge, lose, come back, give up, obey, stop.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use crate::demo::server;
use crate::listener::{Listener, settings};
use demo::{ChannelFault, Cut, Refusal};
use model::Backoff;
use realtime::LinkStatus;
use realtime::{Command, Vsn};

#[test]
fn it_connects_merges_and_follows() {
    for vsn in [Vsn::V2, Vsn::V1] {
        let server = server(400.0);
        let mut listener = Listener::start(settings::FeedSettings {
            vsn,
            ..settings(&server.url())
        });
        listener.until_connected();
        assert_eq!(listener.status_words(), ["connecting", "connected"]);
        assert_eq!(listener.syncs.len(), 1, "connected is said after the first snapshot");
        listener.until("live changes", |listener| {
            listener
                .changes
                .iter()
                .filter(|change| change.committed_ms.is_some())
                .count()
                > 200
        });
        server.control().pause();
        listener.until_equal(&server.control());
    }
}

#[test]
fn after_a_loss_it_reconnects_and_reports_only_the_difference() {
    for how in [Cut::Fin, Cut::Rst, Cut::Close(1012), Cut::Close(1000)] {
        let server = server(0.0);
        let mut listener = Listener::start(settings(&server.url()));
        listener.until_connected();
        listener.until_equal(&server.control());
        let before = listener.changes.len();

        server
            .control()
            .refuse(Refusal::default(), Some(Duration::from_millis(250)));
        server.control().cut(how);
        listener.until("the loss", |listener| listener.status() != LinkStatus::Connected);
        server.control().step(40);
        listener.until_connected();
        listener.until_equal(&server.control());
        let sync = listener.syncs.last().expect("a second snapshot");
        assert_eq!(
            sync.added + sync.changed + sync.removed,
            listener.changes.len() - before,
            "{how:?}: the report counts the reported changes"
        );
        assert!(
            listener.changes.len() - before < before,
            "{how:?}: a difference, not everything anew"
        );
        assert_eq!(
            &listener.status_words()[..3],
            ["connecting", "connected", "disconnected"],
            "{how:?}"
        );
        assert!(
            listener.statuses.iter().any(|report| report.retry_in_ms == Some(100)),
            "{how:?}"
        );
    }
}

#[test]
fn every_way_to_lose_a_channel_ends_in_the_servers_rows() {
    let server = server(300.0);
    let mut listener = Listener::start(settings(&server.url()));
    listener.until_connected();
    for fault in [
        ChannelFault::Close,
        ChannelFault::Error,
        ChannelFault::Expire,
        ChannelFault::Resubscribe,
    ] {
        let syncs = listener.syncs.len();
        server.control().inject_channel_fault(fault);
        listener.until("a new snapshot", |listener| listener.syncs.len() > syncs);
        listener.until_connected();
    }
    server.control().pause();
    listener.until_equal(&server.control());
}

#[test]
fn changes_lost_without_a_sign_are_found_by_the_reconcile() {
    let server = server(0.0);
    let mut listener = Listener::start(settings::FeedSettings {
        reconcile_interval: Some(Duration::from_secs(1)),
        ..settings(&server.url())
    });
    listener.until_connected();
    server.control().lose(30);
    server.control().step(20);
    listener.until_equal(&server.control());
    assert_eq!(listener.status(), LinkStatus::Connected, "nothing was lost but rows");
}

#[test]
fn a_server_that_never_answers_is_given_up_after_the_schedule() {
    // A port that was free a moment ago, and that nobody listens at.
    let nobody: SocketAddr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|socket| socket.local_addr())
        .expect("a port");
    let mut listener = Listener::start(settings::FeedSettings {
        backoff: Backoff {
            interval: Duration::from_millis(100),
            ..Backoff::default()
        },
        ..settings(&format!("http://{nobody}"))
    });
    listener.until("giving up", |listener| listener.status() == LinkStatus::Error);
    let waits: Vec<_> = listener
        .statuses
        .iter()
        .filter_map(|report| report.retry_in_ms)
        .collect();
    assert_eq!(waits, [100, 200, 400, 800, 1600]);
    let last = listener.statuses.last().expect("a status");
    let reason = last.reason.as_deref().unwrap_or_default();
    assert!(
        reason.contains("; gave up after 5 attempts, offline since 2"),
        "{reason}"
    );
    assert!(reason.ends_with("then reconnect (R on the wall)"), "{reason}");

    // It rests until the user acts, and then it tries again from the start.
    let reported = listener.statuses.len();
    listener.listen_for(Duration::from_millis(400));
    assert_eq!(listener.statuses.len(), reported, "it rests");
    assert!(listener.worker.command(Command::Reconnect));
    listener.until("a new try", |listener| listener.statuses.len() > reported);
    listener.until("giving up again", |listener| listener.status() == LinkStatus::Error);
}

#[test]
fn a_server_that_drops_every_connection_is_never_given_up_and_it_is_said_to_keep_dropping() {
    let server = server(50.0);
    let mut listener = Listener::start(settings(&server.url()));
    listener.until_connected();
    let faults: lab::Schedule = "drop-every=2s".parse().expect("faults");
    let scheduler = faults.start(server.control()).expect("a thread");
    let drops = |listener: &Listener| listener.statuses.iter().filter(|report| report.attempt == 1).count();
    // Each drop is waited for, and then the attempt is made: two reports. Five attempts would long be used up.
    listener.until("many drops", |listener| drops(listener) >= 2 * 7);
    drop(scheduler);
    let (statuses, most) = (&listener.statuses, 5);
    assert!(
        statuses
            .iter()
            .all(|report| report.status != LinkStatus::Error && report.attempt < most)
    );
    let keeps_dropping = |report: &realtime::StatusReport| {
        let reason = report.reason.as_deref().unwrap_or_default();
        reason.contains("; the connection keeps dropping (") && reason.ends_with(" times in 5 min)")
    };
    assert!(statuses.iter().any(keeps_dropping), "{statuses:#?}");
    listener.until_connected();
    server.control().pause();
    listener.until_equal(&server.control());
}

/// A machine without a network gives up, and connects when it gets one. The test begins without any network and then adds
/// one, so it needs a network namespace of its own:
/// `unshare -rn cargo nextest run -p client --run-ignored only a_network_that_returns`.
#[test]
#[ignore = "begins without a network: run it in a network namespace of its own"]
fn a_network_that_returns_after_giving_up_connects() {
    let ip = |arguments: &str| {
        let status = std::process::Command::new("ip").args(arguments.split(' ')).status();
        assert!(status.expect("ip").success(), "ip {arguments}");
    };
    const PORT: u16 = 4_711;
    let mut listener = Listener::start(settings(&format!("http://127.0.0.1:{PORT}")));
    listener.until("giving up", |listener| listener.status() == LinkStatus::Error);
    let reported = listener.statuses.len();
    listener.listen_for(Duration::from_secs(12));
    assert_eq!(listener.statuses.len(), reported, "it rests: {:?}", listener.statuses);

    ip("link set lo up");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    let server = ::demo::Server::start(address, ::demo::Options::default()).expect("a server");
    let returned = Instant::now();
    listener.until_connected();
    assert!(returned.elapsed() < Duration::from_secs(15), "{:?}", returned.elapsed());
    assert!(listener.notices.iter().any(|notice| notice.code() == "network_changed"));
    server.control().pause();
    listener.until_equal(&server.control());
}

#[test]
fn the_user_disconnects_and_reconnects() {
    let server = server(100.0);
    let mut listener = Listener::start(settings(&server.url()));
    listener.until_connected();
    assert!(listener.worker.command(Command::Disconnect));
    listener.until("disconnected", |listener| listener.status() == LinkStatus::Disconnected);
    let changes = listener.changes.len();
    listener.listen_for(Duration::from_millis(500));
    assert_eq!(listener.status(), LinkStatus::Disconnected, "it stays disconnected");
    assert_eq!(listener.changes.len(), changes, "nothing flows");
    assert_eq!(server.control().state().sockets, 0);

    assert!(listener.worker.command(Command::Reconnect));
    listener.until_connected();
    server.control().pause();
    listener.until_equal(&server.control());
}

#[test]
fn a_stalled_server_is_noticed_by_its_missing_heartbeat() {
    let server = server(0.0);
    let mut listener = Listener::start(settings::FeedSettings {
        heartbeat_interval: Duration::from_millis(500),
        // The answer to a join may take longer than that.
        database_broadcast: settings::DatabaseBroadcast::Off,
        ..settings(&server.url())
    });
    listener.until_connected();
    listener.until("a heartbeat", |listener| listener.link.heartbeat_rtt_ms.is_some());
    server.control().stall(Duration::from_secs(3));
    listener.until("the silence", |listener| listener.status() != LinkStatus::Connected);
    server.control().unstall();
    listener.until_connected();
}

#[test]
fn without_rest_it_is_live_on_the_stream_alone_and_reports_it() {
    let server = server(200.0);
    let mut listener = Listener::start(settings::FeedSettings {
        rest_url: None,
        ..settings(&server.url())
    });
    listener.until_connected();
    assert!(listener.statuses.last().is_some_and(|report| report.stream_only));
    // Rows that were there before are unknown: their first change is an insert for the reader.
    listener.until("changes", |listener| listener.changes.len() > 50);
    assert!(listener.syncs.is_empty());
}

#[test]
fn what_cannot_get_better_by_waiting_is_said_at_once_with_a_remedy() {
    let server = server(0.0);
    let wrong_key = settings::FeedSettings {
        key: "wrong".into(),
        ..settings(&server.url())
    };
    let mut wrong_table = settings(&server.url());
    let mut mapping = (*wrong_table.mapping).clone();
    mapping.edit(|sources| sources[1].table = "no_such_table".into());
    wrong_table.mapping = mapping.into();
    // A wrong table costs itself alone; where it is the only one it is an error.
    let sources = settings::sources(&wrong_table.mapping);
    let only = sources
        .iter()
        .filter(|source| source.table == "no_such_table")
        .cloned()
        .collect();
    for (settings, sources, said) in [
        (wrong_key, settings::sources(&wrong_table.mapping), "key"),
        (wrong_table, only, "no_such_table"),
    ] {
        let mut listener = Listener::follow(settings, sources);
        listener.until("the refusal", |listener| listener.status() == LinkStatus::Error);
        let reason = listener
            .statuses
            .last()
            .and_then(|report| report.reason.clone())
            .unwrap_or_default();
        assert!(reason.contains(said), "{reason}");
        assert!(
            !reason.contains("wrong") || said != "key",
            "the key itself is never reported: {reason}"
        );
    }
}

/// A connection of a certain age is replaced by another before the server would cut it: nobody sees it.
#[test]
fn a_connection_is_replaced_without_a_gap_again_and_again() {
    let server = server(300.0);
    let mut listener = Listener::start(settings::FeedSettings {
        replace_connection: Some(Duration::from_secs(2)),
        ..settings(&server.url())
    });
    listener.until_connected();
    for connects in 2..=4 {
        listener.until("another connection", |_| {
            server.control().state().seen.connects >= connects
        });
        listener.until("the old one closed", |_| server.control().state().sockets == 1);
    }
    assert_eq!(
        listener.status_words(),
        ["connecting", "connected"],
        "{:?}",
        listener.notices
    );
    server.control().pause();
    listener.until_equal(&server.control());
    assert!(listener.notices.iter().any(|notice| notice.code() == "replaced"));
}

/// The reader sleeps while rows change many times: it misses states, never the last one, and the socket is read.
#[test]
fn a_slow_reader_misses_states_but_never_the_last_one() {
    let server = server(0.0);
    let mut listener = Listener::start(settings(&server.url()));
    listener.until_connected();
    server.control().set_rate(20_000.0);
    server.control().resume();
    std::thread::sleep(Duration::from_secs(3));
    server.control().pause();
    listener.until_equal(&server.control());
    assert_eq!(listener.status(), LinkStatus::Connected, "{:?}", listener.notices);
    listener.until("what was folded", |listener| listener.link.coalesced > 0);
}

#[test]
fn it_stops_within_a_second_whatever_it_is_doing() {
    let server = server(2_000.0);
    let connected = {
        let mut listener = Listener::start(settings(&server.url()));
        listener.until_connected();
        listener
    };
    // The kernel takes the connection, nobody ever answers the upgrade.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let connecting = Listener::start(settings(&format!(
        "http://{}",
        silent.local_addr().expect("an address")
    )));
    std::thread::sleep(Duration::from_millis(200));
    for listener in [connected, connecting] {
        let started = Instant::now();
        drop(listener);
        // A watchdog, not a measure: the worker's own deadline is a second.
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}
