//! The demo feed with its answers spoilt, and sockets that turn wild after the handshake: one sentence each, nothing
//! unbounded, and the server's rows in the end.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    time::Duration,
};

use crate::demo::server;
use crate::listener::{Listener, settings};
use demo::{AnswerFault, Api, Refusal};
use model::Backoff;
use realtime::LinkStatus;
use settings::FeedSettings;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

/// Everything that was said, for a look at the words.
fn said(listener: &Listener) -> String {
    let reasons = listener.statuses.iter().filter_map(|status| status.reason.clone());
    let notices = listener.notices.iter().map(|notice| notice.text.clone());
    reasons.chain(notices).collect::<Vec<_>>().join("\n")
}

#[test]
fn spoilt_pages_are_read_again_until_they_are_the_servers_rows() {
    let spoils = [
        AnswerFault::Html(200),
        AnswerFault::Html(503),
        AnswerFault::Redirect("http://127.0.0.1:1/".into()),
        AnswerFault::Truncate,
        AnswerFault::Half,
        AnswerFault::Garbage,
        AnswerFault::Hangup,
        AnswerFault::Repeat,
        AnswerFault::Drip(20_000),
        AnswerFault::Status {
            status: 429,
            text: "slow down".into(),
            retry_after: Some(1),
        },
    ];
    std::thread::scope(|threads| {
        for spoil in spoils {
            threads.spawn(move || {
                let name = format!("{spoil:?}");
                let server = server(0.0);
                server.control().inject_answer_fault(Api::Rest, spoil, 0, 2);
                let mut listener = Listener::start(settings(&server.url()));
                listener.until(&name, |listener| listener.status() == LinkStatus::Connected);
                listener.until_equal(&server.control());
            });
        }
    });
}

#[test]
fn a_refused_handshake_gives_the_wait_and_never_echoes_what_was_sent() {
    let server = server(0.0);
    let settings = FeedSettings {
        key: "sb_publishable_very-secret".into(),
        ..settings(&server.url())
    };
    let refusal = Refusal {
        status: 429.try_into().expect("a status"),
        text: Some("Cannot GET /realtime/v1/websocket?apikey=sb_publishable_very-secret&vsn=2.0.0".into()),
        retry_after: Some(2),
        ..Refusal::default()
    };
    server.control().refuse(refusal, Some(Duration::from_secs(1)));
    let mut listener = Listener::start(settings);
    listener.until("a wait", |listener| {
        listener.statuses.iter().any(|status| status.retry_in_ms.is_some())
    });
    let wait = listener
        .statuses
        .iter()
        .find_map(|status| status.retry_in_ms)
        .expect("a wait");
    assert!(wait >= 2_000, "the server's wish is granted: {wait} ms");
    listener.until_connected();
    let said = said(&listener);
    assert!(!said.contains("very-secret"), "{said}");
}

/// A server of our own that does as it likes after the handshake.
fn wild(hostile: fn(WebSocket<TcpStream>)) -> String {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("http://{}", socket.local_addr().expect("an address"));
    std::thread::spawn(move || {
        while let Ok((stream, _)) = socket.accept() {
            if let Ok(socket) = tungstenite::accept(stream) {
                hostile(socket);
            }
        }
    });
    url
}

/// Leaves the socket open until the other side has had enough.
fn linger(mut socket: WebSocket<TcpStream>) {
    let stream = socket.get_mut();
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    while matches!(stream.read(&mut [0; 4_096]), Ok(1..)) {}
}

#[test]
fn what_no_websocket_server_sends_ends_the_socket_with_one_sentence() {
    let attacks: [(&str, fn(WebSocket<TcpStream>), &str); 5] = [
        (
            "a frame that says it has 2^62 bytes",
            |mut socket| {
                let mut head = vec![0x81, 127];
                head.extend((1_u64 << 62).to_be_bytes());
                let _ = socket.get_mut().write_all(&head);
                linger(socket);
            },
            "16 MiB",
        ),
        (
            "17 MiB in small pieces",
            |mut socket| {
                let piece = vec![b'x'; 64 << 10];
                let mut first = 0x01;
                for _ in 0..(17 << 4) {
                    let mut frame = vec![first, 127];
                    frame.extend((piece.len() as u64).to_be_bytes());
                    frame.extend(&piece);
                    first = 0x00;
                    if socket.get_mut().write_all(&frame).is_err() {
                        break;
                    }
                }
                linger(socket);
            },
            "16 MiB",
        ),
        (
            "text that is no UTF-8",
            |mut socket| {
                let _ = socket.get_mut().write_all(&[0x81, 0x02, 0xff, 0xfe]);
                linger(socket);
            },
            "not UTF-8",
        ),
        (
            "noise",
            |mut socket| {
                let _ = socket.get_mut().write_all(&[0xff; 4_096]);
                linger(socket);
            },
            "WebSocket protocol",
        ),
        (
            "a masked frame",
            |mut socket| {
                let _ = socket.get_mut().write_all(&[0x81, 0x81, 1, 2, 3, 4, 5]);
                linger(socket);
            },
            "WebSocket protocol",
        ),
    ];
    for (name, attack, words) in attacks {
        let mut settings = settings(&wild(attack));
        settings.backoff = Backoff {
            max_attempts: 1,
            interval: Duration::from_millis(100),
            ..settings.backoff
        };
        let mut listener = Listener::start(settings);
        listener.until(name, |listener| {
            listener.statuses.iter().any(|status| status.reason.is_some())
        });
        let said = said(&listener);
        assert!(said.contains(words), "{name}: {said}");
        assert!(!said.contains("apikey") && said.len() < 2_000, "{name}: {said}");
    }
}

/// Frames that are text but no frames of the protocol: dropped, counted, and at last the socket with them.
#[test]
fn text_that_is_no_frame_is_dropped_and_counted() {
    let url = wild(|mut socket| {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let odd = ["", "null", "{}", "[]", "[1,2,3,4,5]", "\u{0}", &deep, "<html>"];
        for text in odd.iter().cycle().take(64) {
            if socket.send(Message::text(*text)).is_err() {
                return;
            }
        }
        let _ = socket.flush();
        linger(socket);
    });
    let mut listener = Listener::start(settings(&url));
    listener.until("the count", |listener| listener.link.malformed > 0);
    listener.until("an end to it", |listener| {
        listener.statuses.iter().any(|status| status.reason.is_some())
    });
}
