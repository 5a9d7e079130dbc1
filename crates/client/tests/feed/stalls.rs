//! What takes its time on one side delays nothing else.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use crate::{
    account::{Place, refresh_token, server},
    listener::{Listener, settings},
};
use realtime::{Command, LinkStatus};
use settings::FeedSettings;

/// More than the kernels of both sides hold: the join cannot be sent to a peer that does not read.
const TABLE_NAME_BYTES: usize = 12 << 20;

/// A server that accepts the upgrade and then reads nothing, and a signal for each upgrade.
fn deaf_server() -> (String, mpsc::Receiver<()>) {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, upgraded) = mpsc::channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
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
            open.push(reader);
            let _ = sender.send(());
        }
    });
    (url, upgraded)
}

fn joining_at_length(url: &str) -> FeedSettings {
    let mut settings = settings(url);
    let mut mapping = (*settings.mapping).clone();
    mapping.kinds[model::Kind::Task].table = "t".repeat(TABLE_NAME_BYTES);
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
