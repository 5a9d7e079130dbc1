//! Servers made by hand, byte by byte, that do what no server of ours would: over real sockets through the whole worker.
//! Never a panic, nothing unbounded, one sentence each, and well again once the server is.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    time::Duration,
};

use crate::listener::{Listener, settings};
use crate::wild::{Script, Wild, answer, rows};
use model::{Backoff, Cell, Kind, RowKey, SourceId};
use realtime::{LinkStatus, SourceState};
use serde_json::{Value, json};
use settings::FeedSettings;

const KEY: &str = "sb_publishable_very-secret";

/// Two quick tries, so that a fault that stays is said to the end.
fn following(url: &str) -> FeedSettings {
    let settings = settings(url);
    FeedSettings {
        key: KEY.into(),
        backoff: Backoff {
            max_attempts: 2,
            interval: Duration::from_millis(100),
            ..settings.backoff
        },
        ..settings
    }
}

fn has_reason(listener: &Listener) -> bool {
    listener.statuses.iter().any(|status| status.reason.is_some())
}

fn is_live(listener: &Listener) -> bool {
    listener.status() == LinkStatus::Connected
}

/// Everything that was said is a sentence for a person: one line, not long, without the key. One of them has `words`.
fn assert_said(listener: &Listener, words: &str) {
    let reasons = listener.statuses.iter().filter_map(|status| status.reason.as_deref());
    let texts: Vec<&str> = reasons
        .chain(listener.notices.iter().map(|notice| &*notice.text))
        .collect();
    for text in &texts {
        assert!(
            text.len() < 600 && !text.contains('\n') && !text.contains(KEY),
            "{text}"
        );
    }
    assert!(
        texts.iter().any(|text| text.contains(words)),
        "nobody said {words:?}: {texts:#?}"
    );
}

fn task(id: &str) -> RowKey {
    RowKey::new(Kind::Task, SourceId::new(1), id.into())
}

/// A page of one row of the tasks, and the empty one behind it.
fn one_row(path: &str, row: &Value) -> Vec<u8> {
    match path.contains("/tasks?") && !path.contains("gt.") {
        true => rows(&json!([row])),
        false => rows(&json!([])),
    }
}

#[test]
fn v94_a_frame_of_17_mib_ends_the_connection_and_not_the_process() {
    let wild = Wild::talking(|mut peer, number| {
        if number == 0 {
            peer.text(&"x".repeat(17 << 20));
        }
        peer.linger();
    });
    let mut listener = Listener::start(following(&wild.url));
    listener.until("the loss", has_reason);
    listener.until("Live again", is_live);
    assert_said(&listener, "16 MiB");
    assert!(wild.asked().iter().filter(|head| head.contains("websocket")).count() >= 2);
}

#[test]
fn v95_pings_are_answered_and_pieces_put_together() {
    let (said, heard) = std::sync::mpsc::channel();
    let said = std::sync::Mutex::new(said);
    let wild = Wild::talking(move |mut peer, _| {
        std::thread::sleep(Duration::from_millis(1_500)); // after the snapshot
        let frame = json!([null, null, peer.topic, "postgres_changes", {"ids": [101], "data": {
            "schema": "public", "table": "tasks", "type": "INSERT", "commit_timestamp": "2026-11-23T10:00:00Z",
            "columns": [], "record": {"id": 7, "title": "ünd"}, "errors": null}}])
        .to_string();
        // In three pieces, one of which ends inside a letter, with pings between.
        let bytes = frame.as_bytes();
        let inside = frame.find('ü').expect("the letter") + 1;
        peer.frame(0x01, &bytes[..10]);
        peer.frame(0x89, b"are you there");
        peer.frame(0x00, &bytes[10..inside]);
        peer.frame(0x89, b"");
        peer.frame(0x80, &bytes[inside..]);
        while let Some((opcode, payload)) = peer.receive() {
            if opcode == 0x0a {
                let _ = said.lock().expect("the sender").send(payload);
            }
        }
    });
    let mut listener = Listener::start(following(&wild.url));
    listener.until("the row", |listener| listener.rows.contains_key(&task("7")));
    assert_eq!(listener.rows[&task("7")].get("title"), Some(Cell::Text("ünd".into())));
    let pong = heard.recv_timeout(Duration::from_secs(10)).expect("a pong");
    assert_eq!(pong, b"are you there");
    assert!(
        listener.statuses.iter().all(|status| status.reason.is_none()),
        "{:?}",
        listener.statuses
    );
}

#[test]
fn v98_what_answers_an_upgrade_with_a_page_or_a_redirect_is_no_realtime_server() {
    let page = "<html><body>Welcome to nginx</body></html>".repeat(500);
    let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let location = format!("location: http://{}/", elsewhere.local_addr().expect("an address"));
    for (status, header, words) in [
        ("200 OK", "x-a: b", "did not open a WebSocket"),
        ("302 Found", &*location, "another address"),
        ("403 Forbidden", "x-a: b", "refused the connection"),
        ("404 Not Found", "x-a: b", "no Realtime at this address"),
        ("503 Service Unavailable", "x-a: b", "did not open a WebSocket"),
    ] {
        let answer = answer(status, "text/html", &[header], page.as_bytes());
        let wild = Wild::start(Script {
            upgrade: Arc::new(move |_| Some(answer.clone())),
            ..Script::default()
        });
        let mut listener = Listener::start(following(&wild.url));
        listener.until(status, |listener| listener.status() == LinkStatus::Error);
        assert_said(&listener, words);
        assert!(
            !format!("{:?}", listener.statuses).contains("nginx"),
            "{status}: pages are not quoted"
        );
    }
    elsewhere.set_nonblocking(true).expect("a listener");
    assert!(elsewhere.accept().is_err(), "the key went elsewhere");
}

#[test]
fn v99_a_server_that_takes_the_connection_and_says_nothing_has_fifteen_seconds() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let mut listener = Listener::start(following(&url));
    listener.until("the deadline", |listener| {
        listener.statuses.iter().any(|status| status.retry_in_ms.is_some())
    });
    assert_said(&listener, "15 s");
}

#[test]
fn s04_a_range_that_cannot_be_had_is_not_taken_for_the_end_of_the_table() {
    let wild = Wild::reading(|path, _| match path.contains("gt.") {
        true => answer(
            "416 Range Not Satisfiable",
            "application/json",
            &[],
            br#"{"code":"PGRST103","details":null,"hint":null,"message":"Requested range not satisfiable"}"#,
        ),
        false => rows(&json!([{"id": 1}])),
    });
    let mut listener = Listener::start(following(&wild.url));
    listener.until("its refusal", has_reason);
    assert!(
        !listener
            .statuses
            .iter()
            .any(|status| status.status == LinkStatus::Connected)
    );
    assert_said(&listener, "416");
    // And none was ever asked for: pages go by key.
    let asked = wild.asked();
    assert!(asked.iter().all(|head| !head.contains("offset=")), "{asked:?}");
}

#[test]
fn s10_a_page_that_is_cut_or_is_html_is_asked_for_again() {
    let row = json!({"id": 1, "title": "whole"});
    let (cut, html) = (row.clone(), answer("200 OK", "text/html", &[], b"<html>login</html>"));
    let wild = Wild::reading(move |path, number| match number {
        // Each of the three tables gets each of these at least once.
        0..3 => {
            let whole = rows(&json!([cut]));
            whole[..whole.len() - 6].to_vec()
        }
        3..6 => html.clone(),
        6..9 => rows(&json!([cut]))
            .iter()
            .copied()
            .take_while(|byte| *byte != b'{')
            .collect(),
        _ => one_row(path, &cut),
    });
    let mut listener = Listener::start(following(&wild.url));
    listener.until("Live", is_live);
    let row = serde_json::to_value(&listener.rows[&task("1")]).expect("a row");
    assert_eq!(row["title"], "whole");
    assert_eq!(listener.rows.len(), 1);
}

#[test]
fn a_rest_endpoint_of_web_pages_is_said_to_be_one() {
    let wild = Wild::reading(|_, _| {
        answer(
            "200 OK",
            "text/html; charset=utf-8",
            &[],
            &b"<p>Sign in</p>".repeat(1_000),
        )
    });
    let mut listener = Listener::start(following(&wild.url));
    listener.until("a reason", has_reason);
    assert_said(&listener, "web page");
    assert!(listener.rows.is_empty());
}

#[test]
fn a_redirect_of_reads_is_not_followed() {
    let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let location = format!(
        "location: http://{}/rest/v1/tasks",
        elsewhere.local_addr().expect("an address")
    );
    let redirected = |status: &'static str| {
        let location = location.clone();
        let wild = Wild::reading(move |_, _| answer(status, "text/plain", &[&location], b""));
        (status, Listener::start(following(&wild.url)))
    };
    let listeners = [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ]
    .map(redirected);
    for (status, mut listener) in listeners {
        listener.until(status, has_reason);
        assert_said(&listener, &status[..3]);
    }
    elsewhere.set_nonblocking(true).expect("a listener");
    assert!(elsewhere.accept().is_err(), "the key went elsewhere");
}

#[test]
fn ids_beyond_what_a_float_can_tell_apart_are_two_rows_and_pages_go_on_behind_them() {
    let (one, two) = (9_007_199_254_740_992_u64, 9_007_199_254_740_993_u64);
    let long = "123456789012345678901234567890";
    let body = format!(
        r#"[{{"id":{one},"n":1}},{{"id":{two},"n":2}},{{"id":{long},"n":12345678901234567890.12345678901234567890}}]"#
    );
    let wild = Wild::start(Script {
        socket: Arc::new(|mut peer, _| {
            std::thread::sleep(Duration::from_millis(1_500));
            let data = r#"{"schema":"public","table":"tasks","type":"UPDATE","commit_timestamp":"2026-11-23T10:00:00Z","columns":[],"record":{"id":9007199254740993,"n":3},"old_record":{"id":9007199254740993},"errors":null}"#;
            let topic = peer.topic.clone();
            peer.text(&format!(
                r#"[null,null,"{topic}","postgres_changes",{{"ids":[101],"data":{data}}}]"#
            ));
            peer.linger();
        }),
        read: Arc::new(move |path, _| match path.contains("/tasks?") && !path.contains("gt.") {
            true => answer("200 OK", "application/json", &[], body.as_bytes()),
            false => rows(&json!([])),
        }),
        ..Script::default()
    });
    let mut listener = Listener::start(following(&wild.url));
    let n = |listener: &Listener, id: &str| listener.rows.get(&task(id))?.get("n").map(|cell| cell.to_string());
    listener.until("the change", |listener| {
        n(listener, "9007199254740993").as_deref() == Some("3")
    });
    assert_eq!(
        n(&listener, "9007199254740992").as_deref(),
        Some("1"),
        "the neighbour is another row"
    );
    assert_eq!(
        n(&listener, long).as_deref(),
        Some("12345678901234567890.12345678901234567890")
    );
    assert!(
        wild.asked().iter().any(|head| head.contains(&format!("gt.{long}"))),
        "{:?}",
        wild.asked()
    );
}

#[test]
fn changes_without_their_rows_are_never_rows() {
    let wild = Wild::talking(|mut peer, _| {
        std::thread::sleep(Duration::from_millis(1_500));
        for errors in [
            json!(["Error 401: Unauthorized"]),
            json!(["Error 413: Payload Too Large"]),
            json!(["Error 400: Bad Request, no primary key"]),
            json!("Error 413: Payload Too Large"),
            json!(["something new"]),
            json!([null, {"a": [1]}, 5]),
        ] {
            peer.change(
                &json!({"type": "INSERT", "columns": [], "record": {"id": 1, "title": null}, "errors": errors}),
            );
            peer.change(&json!({"type": "UPDATE", "columns": [], "record": {}, "old_record": {}, "errors": errors}));
            peer.change(&json!({"type": "DELETE", "columns": [], "old_record": {}, "errors": errors}));
        }
        peer.linger();
    });
    let mut listener = Listener::start(following(&wild.url));
    listener.until("its complaint", |listener| {
        listener
            .notices
            .iter()
            .any(|notice| notice.code().starts_with("table_un"))
    });
    listener.listen_for(Duration::from_secs(2));
    assert!(listener.rows.is_empty(), "{:?}", listener.rows);
    assert_said(&listener, "grant select");
}

/// More frames at once than are taken in a row: each of them counts.
#[test]
fn of_a_flood_in_one_piece_no_frame_is_lost() {
    const FRAMES: usize = 2_000;
    let wild = Wild::talking(|mut peer, _| {
        std::thread::sleep(Duration::from_millis(1_500));
        let mut flood = Vec::new();
        for id in 0..FRAMES {
            let topic = &peer.topic;
            let frame = format!(
                r#"[null,null,"{topic}","postgres_changes",{{"ids":[101],"data":{{"schema":"public","table":"tasks","type":"INSERT","commit_timestamp":"2026-11-23T10:00:00Z","columns":[],"record":{{"id":{id}}},"errors":null}}}}]"#
            );
            flood.extend([0x81, 126]);
            flood.extend(u16::try_from(frame.len()).expect("a short frame").to_be_bytes());
            flood.extend(frame.as_bytes());
        }
        peer.raw(&flood);
        peer.linger();
    });
    let mut listener = Listener::start(following(&wild.url));
    let taken = |listener: &Listener| {
        listener
            .changes
            .iter()
            .filter(|change| change.committed_ms.is_some())
            .count()
    };
    listener.until("all of them", |listener| taken(listener) == FRAMES);
}

/// Page after page of new rows, a hundred thousand each, without an end.
#[test]
fn endless_pages_end_at_a_bound() {
    let wild = Wild::reading(|path, _| {
        if !path.contains("/tasks?") {
            return rows(&json!([]));
        }
        let after = path
            .split("gt.")
            .nth(1)
            .and_then(|rest| rest.split('&').next()?.parse::<u64>().ok());
        let from = after.map_or(1, |after| after + 1);
        let list: Vec<String> = (from..from + 100_000).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
        answer(
            "200 OK",
            "application/json",
            &[],
            format!("[{}]", list.join(",")).as_bytes(),
        )
    });
    let mut listener = Listener::start(following(&wild.url));
    listener.until("the bound", |listener| {
        listener.status() == LinkStatus::Connected
            && listener
                .link
                .sources
                .iter()
                .any(|source| source.state == SourceState::LeftOut)
    });
    let mut reasons = listener.link.sources.iter().filter_map(|source| source.why.as_deref());
    assert!(reasons.any(|why| why.contains("more than 1,000,000 rows")));
    listener.listen_for(Duration::from_secs(6));
    assert!(wild.asked().len() < 60, "{}", wild.asked().len());
    assert!(listener.rows.is_empty(), "nothing is shown of what has no end");
}

#[test]
fn pages_that_repeat_are_noticed() {
    // The cursor is ignored; or the pages go round.
    for pages in [vec![1], vec![1, 2, 3]] {
        let wild = Wild::reading(move |_, number| {
            let from = pages[number / 3 % pages.len()] * 10;
            rows(&json!([{"id": from}, {"id": from + 1}]))
        });
        let mut listener = Listener::start(following(&wild.url));
        listener.until("a reason", has_reason);
        assert_said(&listener, "the same rows twice");
        assert!(wild.asked().len() < 200, "{}", wild.asked().len());
    }
}

/// Ten thousand brackets as a frame, in a row of a change and in a cell of a page.
#[test]
fn depth_is_no_danger_wherever_it_stands() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let body = format!(r#"[{{"id":1,"payload":{deep}}},{{"id":2,"payload":null}}]"#);
    let wild = Wild::start(Script {
        socket: Arc::new(move |mut peer, _| {
            std::thread::sleep(Duration::from_millis(1_500));
            peer.text(&deep);
            let topic = peer.topic.clone();
            peer.text(&format!(r#"[null,null,"{topic}","postgres_changes",{{"ids":[101],"data":{{"schema":"public","table":"tasks","type":"INSERT","columns":[],"record":{{"id":3,"payload":{deep}}},"errors":null}}}}]"#));
            peer.change(&json!({"type": "INSERT", "columns": [], "record": {"id": 4}, "errors": null}));
            peer.linger();
        }),
        read: Arc::new(move |path, _| match path.contains("/tasks?") && !path.contains("gt.") {
            true => answer("200 OK", "application/json", &[], body.as_bytes()),
            false => rows(&json!([])),
        }),
        ..Script::default()
    });
    let mut listener = Listener::start(following(&wild.url));
    listener.until("what came after", |listener| listener.rows.contains_key(&task("4")));
    assert!(listener.rows.contains_key(&task("1")) && listener.rows.contains_key(&task("2")));
    assert_eq!(
        wild.asked().iter().filter(|head| head.contains("websocket")).count(),
        1,
        "one socket all the while"
    );
}

/// Reads are all that is ever asked for.
#[test]
fn every_request_is_a_read() {
    let wild = Wild::reading(|path, _| one_row(path, &json!({"id": 1})));
    let mut listener = Listener::start(following(&wild.url));
    listener.until("Live", is_live);
    let asked = wild.asked();
    assert!(asked.iter().all(|head| head.starts_with("GET ")), "{asked:?}");
}
