//! Faults below the protocol, between a real worker and a real server. After each the worker is Live with the server's rows.

use std::time::Duration;

use crate::demo::server;
use crate::listener::{Listener, settings};
use ::demo::{Cut, Server};
use lab::{Flow, Proxy, Way};
use realtime::LinkStatus;
use settings::FeedSettings;

/// A server, a proxy in front of it, and a listener that is connected through the proxy.
fn connected(rate: f64) -> (Server, Proxy, Listener) {
    let server = server(rate);
    let proxy = Proxy::start(server.addr()).expect("a proxy");
    let mut listener = Listener::start(FeedSettings {
        heartbeat_interval: Duration::from_millis(500),
        ..settings(&proxy.url())
    });
    listener.until_connected();
    (server, proxy, listener)
}

/// Waits for the loss of the connection and for its recovery, with the server's rows.
fn recover(server: &Server, listener: &mut Listener) {
    listener.until("the loss", |listener| listener.status() != LinkStatus::Connected);
    listener.until_connected();
    server.control().pause();
    listener.until_equal(&server.control());
}

#[test]
fn the_worker_recovers_from_a_reset_and_from_an_end() {
    for how in [Cut::Rst, Cut::Fin] {
        let (server, proxy, mut listener) = connected(200.0);
        assert!(proxy.cut(how) >= 1);
        recover(&server, &mut listener);
    }
}

/// Both sides keep the connection open while nothing passes; only the heartbeat finds it.
#[test]
fn a_half_open_socket_is_found_by_its_heartbeat() {
    let server = server(200.0);
    let proxy = Proxy::start(server.addr()).expect("a proxy");
    let mut listener = Listener::start(FeedSettings {
        heartbeat_interval: Duration::from_millis(500),
        rest_url: settings(&server.url()).rest_url,
        ..settings(&proxy.url())
    });
    listener.until_connected();
    assert_eq!(proxy.set_flow_of_open(Flow::Swallow), 1);
    recover(&server, &mut listener);
}

#[test]
fn after_a_stall_the_worker_has_the_server_s_rows() {
    let (server, proxy, mut listener) = connected(200.0);
    for span in [100, 1_500] {
        proxy.set_flow(Flow::Stall);
        listener.listen_for(Duration::from_millis(span));
        proxy.set_flow(Flow::Pass);
        listener.until_connected();
    }
    server.control().pause();
    listener.until_equal(&server.control());
}

/// Split, merged and slow bytes are no fault of the connection, and the worker must not report any.
#[test]
fn split_merged_and_slow_bytes_are_no_fault_of_the_connection() {
    for flow in [
        Flow::Split(3),
        Flow::Merge(Duration::from_millis(60)),
        Flow::Throttle(400_000),
    ] {
        let server = server(60.0);
        let proxy = Proxy::start(server.addr()).expect("a proxy");
        proxy.set_flow(flow);
        let mut listener = Listener::start(settings(&proxy.url()));
        listener.until_connected();
        listener.until("live changes", |listener| {
            let live = |change: &&model::Change| change.committed_ms.is_some();
            listener.changes.iter().filter(live).count() > 30
        });
        server.control().pause();
        listener.until_equal(&server.control());
        assert_eq!(listener.status_words(), ["connecting", "connected"], "{flow:?}");
    }
}

#[test]
fn garbage_in_either_direction_costs_only_the_connection() {
    for (seed, way) in [(1, Way::ToClient), (2, Way::ToServer), (3, Way::ToClient)] {
        let (server, proxy, mut listener) = connected(200.0);
        assert!(proxy.inject_garbage(way, 4_000, seed) >= 1);
        recover(&server, &mut listener);
    }
}

#[test]
fn corrupt_bytes_in_the_stream_never_become_rows() {
    let (server, proxy, mut listener) = connected(200.0);
    for _ in 0..3 {
        proxy.corrupt(Way::ToClient, 300);
        listener.listen_for(Duration::from_millis(200));
        listener.until_connected();
    }
    server.control().pause();
    listener.until_equal(&server.control());
}

#[test]
fn the_worker_retries_while_every_connection_is_reset() {
    let (server, proxy, mut listener) = connected(200.0);
    proxy.refuse_new();
    proxy.cut(Cut::Rst);
    let waits = |listener: &Listener| {
        listener
            .statuses
            .iter()
            .filter(|report| report.retry_in_ms.is_some())
            .count()
    };
    listener.until("the second try", |listener| waits(listener) >= 2);
    proxy.set_flow(Flow::Pass);
    recover(&server, &mut listener);
}

/// The server at an address can be replaced by another one with other rows.
#[test]
fn another_server_at_the_same_address_is_read_again() {
    let (_first, proxy, mut listener) = connected(0.0);
    let second = server(0.0);
    second.control().step(300);
    proxy.set_upstream(second.addr());
    proxy.cut(Cut::Fin);
    recover(&second, &mut listener);
}

#[test]
fn a_proxy_counts_connections_and_bytes_and_stops() {
    let (_server, proxy, listener) = connected(0.0);
    assert!(proxy.connections() >= 1 && proxy.passed(Way::ToClient) > proxy.passed(Way::ToServer));
    proxy.set_flow(Flow::Stall);
    let addr = proxy.addr();
    drop(proxy);
    assert!(
        std::net::TcpStream::connect(addr).is_err(),
        "nobody listens there any more"
    );
    drop(listener);
}
