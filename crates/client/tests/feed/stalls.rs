//! A peer or a file that takes its time delays nothing else: no command, no timer, no other connection.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use crate::{
    account::{Place, refresh_token, server},
    listener::{Listener, settings},
    wild::{Received, Script, Wild, rows},
};
use model::NoticeKind;
use realtime::{Command, LinkStatus};
use serde_json::{Value, json};
use settings::FeedSettings;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// More than the kernels of both sides hold: the join cannot be sent to a peer that does not read.
const TABLE_NAME_BYTES: usize = 12 << 20;

/// A server that accepts the upgrade and then reads nothing, and a signal for each upgrade.
fn deaf_server() -> (String, mpsc::Receiver<()>) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, upgraded) = mpsc::channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            open.push(upgrade(stream));
            let _ = sender.send(());
        }
    });
    (url, upgraded)
}

/// Answers the request for a WebSocket.
fn upgrade(stream: TcpStream) -> BufReader<TcpStream> {
    let mut reader = BufReader::new(stream);
    let mut key = String::new();
    for line in reader.by_ref().lines().map_while(Result::ok) {
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("sec-websocket-key") => {
                key = value.trim().to_owned();
            }
            None if line.is_empty() => break,
            _ => {}
        }
    }
    let accept = derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    );
    reader.get_mut().write_all(head.as_bytes()).expect("written");
    reader
}

/// What a server that answers no join sees of its sockets.
#[derive(Debug, PartialEq)]
enum Seen {
    Opened,
    Closed,
}

/// A server that accepts the upgrade, reads all that comes and answers nothing.
fn silent_server() -> (String, mpsc::Receiver<Seen>) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, seen) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let mut reader = upgrade(stream);
                let _ = sender.send(Seen::Opened);
                // Until the connection ends: by a close, or by a reset where something was not read.
                let _ = std::io::copy(&mut reader, &mut std::io::sink());
                let _ = sender.send(Seen::Closed);
            });
        }
    });
    (url, seen)
}

/// A join without an answer ends its socket, and the next join has a socket of its own.
#[test]
fn a_join_that_times_out_closes_the_connection() {
    const JOIN_DEADLINE: Duration = Duration::from_secs(20);
    let (url, seen) = silent_server();
    let mut settings = settings(&url);
    // The join's deadline is what ends it, not a heartbeat's.
    settings.heartbeat_interval = Duration::from_secs(60);
    settings.rest_url = None;
    let listener = Listener::start(settings);
    let next = || seen.recv_timeout(JOIN_DEADLINE * 2).expect("something");
    assert_eq!(next(), Seen::Opened);
    let opened = std::time::Instant::now();
    assert_eq!(next(), Seen::Closed, "before another one is opened");
    let lasted = opened.elapsed();
    assert!(lasted > JOIN_DEADLINE - Duration::from_secs(2), "{lasted:?}");
    assert_eq!(next(), Seen::Opened);
    drop(listener);
}

fn joining_at_length(url: &str) -> FeedSettings {
    let mut settings = settings(url);
    let mut mapping = (*settings.mapping).clone();
    mapping.edit(|sources| sources[1].table = "t".repeat(TABLE_NAME_BYTES));
    settings.mapping = Arc::new(mapping);
    settings.rest_url = None;
    settings
}

fn has_stuck_reason(listener: &Listener) -> bool {
    listener.statuses.iter().any(|status| {
        let reason = status.reason.as_deref().unwrap_or_default();
        reason.contains("accepts no more data")
    })
}

#[test]
fn a_command_does_not_wait_for_a_peer_that_takes_no_data() {
    let (url, upgraded) = deaf_server();
    let mut listener = Listener::start(joining_at_length(&url));
    upgraded.recv().expect("upgraded");
    // The join is under way, and fills the kernels' buffers.
    listener.listen_for(Duration::from_millis(500));
    assert!(listener.worker.command(Command::Disconnect));
    listener.until("the end that was asked for", |listener| {
        listener.status() == LinkStatus::Disconnected
    });
    assert!(!has_stuck_reason(&listener), "{:?}", listener.statuses);
}

#[test]
fn a_peer_that_takes_no_data_is_given_up() {
    let (url, _upgraded) = deaf_server();
    let mut listener = Listener::start(joining_at_length(&url));
    listener.until("the stuck link", has_stuck_reason);
}

/// Settings whose join is too large for the kernels' buffers, while the tables keep their names.
fn joining_at_length_by_partitions(url: &str) -> FeedSettings {
    let mut settings = settings(url);
    let mut mapping = (*settings.mapping).clone();
    mapping.edit(|sources| sources[1].partitions = vec!["p".repeat(TABLE_NAME_BYTES)]);
    settings.mapping = Arc::new(mapping);
    settings
}

/// The peer of the second connection does not read until the first one has answered three heartbeats and taken three
/// changes. A loop that waited for the second one would answer them only once it had given that one up.
#[test]
fn a_successor_whose_peer_takes_no_data_delays_neither_timers_nor_the_first_connection() {
    let is_stuck = Arc::new(AtomicBool::new(false));
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let inserted = Arc::new(Mutex::new(Vec::<Value>::new()));
    let (stuck, of_stream, of_reads) = (is_stuck.clone(), inserted.clone(), inserted.clone());
    let wild = Wild::start(Script {
        before_join: Arc::new(move |number| {
            if number == 1 {
                stuck.store(true, Ordering::SeqCst);
                let _ = released.lock().expect("the receiver").recv();
                stuck.store(false, Ordering::SeqCst);
            }
        }),
        socket: {
            let is_stuck = is_stuck.clone();
            Arc::new(move |mut peer, number| {
                while let Some(received) = peer.receive_any() {
                    if number == 0 && matches!(received, Received::Heartbeat) && is_stuck.load(Ordering::SeqCst) {
                        let mut inserted = of_stream.lock().expect("the rows");
                        let record = json!({ "id": inserted.len() + 1, "title": "while the other one is stuck" });
                        inserted.push(record.clone());
                        peer.change(&json!({ "type": "INSERT", "columns": [], "record": record, "errors": null }));
                    }
                }
            })
        },
        read: Arc::new(
            move |path, _| match path.contains("/tasks?") && !path.contains("=gt.") {
                true => rows(&Value::from(of_reads.lock().expect("the rows").clone())),
                false => rows(&json!([])),
            },
        ),
        ..Script::default()
    });
    let mut listener = Listener::start(FeedSettings {
        heartbeat_interval: Duration::from_millis(500),
        replace_connection: Some(Duration::from_secs(2)),
        ..joining_at_length_by_partitions(&wild.url)
    });
    listener.until_connected();
    listener.until("three changes on the first connection", |listener| {
        listener.rows.len() >= 3
    });
    release.send(()).expect("the peer waits");
    // The join arrives whole: it was not given up while the first connection went on.
    listener.until("the replacement", |listener| {
        listener
            .notices
            .iter()
            .any(|notice| notice.kind == NoticeKind::Replaced)
    });
    assert_eq!(
        listener.status_words(),
        ["connecting", "connected"],
        "{:?}",
        listener.notices
    );
}

/// Replaces a file by a pipe without a writer, which cannot be read to its end.
#[cfg(unix)]
fn make_endless(place: &Place, name: &str) {
    std::fs::remove_file(place.path(name)).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(place.path(name)).status();
    assert!(made.expect("mkfifo runs").success());
}

#[cfg(unix)]
#[test]
fn a_password_file_that_cannot_be_read_in_time_stalls_nothing_and_the_known_password_is_used() {
    let (place, server) = (Place::new(), server(3_600, 0.0));
    place.write("password", "wrong horse");
    let mut listener = place.by_password(&server);
    listener.until("the refusal", |listener| listener.status() == LinkStatus::Error);
    make_endless(&place, "password");
    let refused = server.control().state().seen.refused_grants;
    assert!(listener.worker.command(Command::Reconnect));
    assert!(listener.worker.command(Command::Disconnect));
    listener.until("a command while the file is read", |listener| {
        listener.status() == LinkStatus::Disconnected
    });
    listener.until("the sign-in with the password of before", |_| {
        server.control().state().seen.refused_grants > refused
    });
}

#[cfg(unix)]
#[test]
fn a_token_file_that_cannot_be_read_in_time_stalls_nothing_and_the_known_token_is_used() {
    let (place, server) = (Place::new(), server(8, 0.0));
    place.write("token", &refresh_token(&server));
    let mut listener = place.by_token(&server);
    listener.until_connected();
    make_endless(&place, "token");
    let grants = server.control().state().seen.grants;
    listener.until("the renewal", |_| server.control().state().seen.grants > grants);
    listener.until("the next token in the place of the endless file", |_| {
        place.path("token").is_file()
    });
    place.token();
}

/// Opens the pipe for writing as soon as it is being read, and writes nothing until it is dropped.
#[cfg(unix)]
fn silent_writer(place: &Place, name: &str) -> mpsc::Receiver<std::fs::File> {
    let path = place.path(name);
    let (sender, is_read) = mpsc::channel();
    std::thread::spawn(move || {
        // Opening waits for a reader.
        let pipe = std::fs::OpenOptions::new().write(true).open(path).expect("the pipe");
        let _ = sender.send(pipe);
    });
    is_read
}

#[cfg(unix)]
#[test]
fn while_a_token_file_is_read_without_end_heartbeats_and_changes_go_on() {
    let (place, server) = (Place::new(), server(8, 0.0));
    let control = server.control();
    place.write("token", &refresh_token(&server));
    let mut listener = Listener::start(FeedSettings {
        heartbeat_interval: Duration::from_millis(500),
        ..place.settings(&server.url(), true)
    });
    listener.until_connected();
    make_endless(&place, "token");
    let grants = control.state().seen.grants;
    let _pipe = silent_writer(&place, "token").recv().expect("the file is being read");
    let heartbeats = control.state().seen.heartbeats;
    let row = json!({ "title": "while the file is being read" });
    control
        .insert(demo::TableId::Tasks, row.as_object().expect("an object").clone())
        .expect("inserted");
    listener.until_equal(&control);
    listener.until("two heartbeats", |_| control.state().seen.heartbeats >= heartbeats + 2);
    assert_eq!(control.state().seen.grants, grants, "the file is still being read");
    listener.until("the renewal with the known token", |_| {
        control.state().seen.grants > grants
    });
    assert_eq!(listener.status(), LinkStatus::Connected, "{:?}", listener.notices);
}
