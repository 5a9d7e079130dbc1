//! Pages as an audit requests them, and pages with faults.

use std::time::Duration;

use demo::{AnswerFault, Api, Options, TableId};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{Answer, control, get, http},
    quiet, start,
};

const COUNTED: [(&str, &str); 2] = [("apikey", "demo"), ("prefer", "count=exact")];

#[tokio::test]
async fn an_audit_gets_the_count_and_the_newest_row() {
    let server = start(Options { tasks: 300, ..quiet() });
    server.control().step(200);
    let rows = server.control().rows(TableId::Tasks);
    let stamp = |row: &Value| {
        (
            row["updated_at"].as_str().map(str::to_owned),
            row["id"].as_str().map(str::to_owned),
        )
    };
    let newest = rows.iter().max_by_key(|row| stamp(row)).expect("a row");
    for order in ["updated_at.desc.nullslast,id.desc", "updated_at.desc,id.desc"] {
        let path = format!("/rest/v1/tasks?select=id,updated_at&order={order}&limit=1");
        let answer = http(server.addr(), "GET", &path, &COUNTED, "").await;
        assert_eq!(answer.status, 206);
        assert_eq!(
            answer.header("content-range"),
            Some(format!("0-0/{}", rows.len()).as_str())
        );
        assert_eq!(
            answer.json(),
            json!([{"id":newest["id"],"updated_at":newest["updated_at"]}])
        );
        let head = http(server.addr(), "HEAD", &path, &COUNTED, "").await;
        assert_eq!(
            (head.status, head.header("content-range")),
            (206, answer.header("content-range"))
        );
        assert_eq!(head.body, "");
    }
    server.control().truncate(TableId::Tasks);
    let path = "/rest/v1/tasks?select=id,updated_at&order=updated_at.desc.nullslast,id.desc&limit=1";
    let answer = http(server.addr(), "GET", path, &COUNTED, "").await;
    assert_eq!(
        (answer.status, answer.header("content-range"), answer.body.as_str()),
        (200, Some("*/0"), "[]")
    );
    let one = json!({"title":"one"}).as_object().expect("an object").clone();
    server.control().insert(TableId::Tasks, one).expect("inserted");
    let answer = http(server.addr(), "GET", path, &COUNTED, "").await;
    assert_eq!((answer.status, answer.header("content-range")), (200, Some("0-0/1")));
    assert!(answer.json()[0]["updated_at"].is_null());
}

#[tokio::test]
async fn rows_can_be_ordered_by_any_column() {
    let server = start(Options { tasks: 200, ..quiet() });
    for order in [
        "status.asc,id.asc",
        "progress.desc,id.desc",
        "agent_id.asc.nullsfirst,id.asc",
        "title",
        "metadata.desc",
    ] {
        let page = async |limit: usize| {
            let path = format!("/rest/v1/tasks?select=id,title&order={order}&limit={limit}");
            get(server.addr(), &path).await.json()
        };
        let (all, some) = (page(1_000).await, page(7).await);
        assert_eq!(
            all.as_array().and_then(|all| all.get(..7)),
            some.as_array().map(Vec::as_slice),
            "{order}"
        );
    }
}

#[tokio::test]
async fn the_size_of_a_page_can_be_limited() {
    let server = start(quiet());
    control(server.addr(), json!({"do":"behaviour","max_rows":3})).await;
    let page = get(server.addr(), "/rest/v1/tasks?order=id.asc&limit=1000").await;
    assert_eq!(page.json().as_array().map(Vec::len), Some(3));
    let counted = http(server.addr(), "GET", "/rest/v1/tasks", &COUNTED, "").await;
    assert_eq!(counted.status, 206);
}

#[tokio::test]
async fn a_page_can_be_older_than_the_stream() {
    let server = start(quiet());
    let mut client = super::client::Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    control(
        server.addr(),
        json!({"do":"behaviour","steps_behind_page":5,"page_s":0.01}),
    )
    .await;
    let before = server.control().rows(TableId::Tasks);
    let page = get(server.addr(), "/rest/v1/tasks?order=id.asc").await.json();
    assert_eq!(page.as_array(), Some(&before));
    for _ in 0..5 {
        assert_eq!(client.next().await[3], "postgres_changes");
    }
}

#[tokio::test]
async fn a_page_can_fail_with_postgrest_s_texts() {
    let server = start(quiet());
    let fault = json!({"coded":{"status":500,"code":"57014","text":"canceling statement due to statement timeout"}});
    control(server.addr(), json!({"do":"answer_fault","api":"rest","fault":fault})).await;
    let page = get(server.addr(), "/rest/v1/agents").await;
    assert_eq!((page.status, &page.json()["code"]), (500, &json!("57014")));
}

/// The next page, with this fault.
async fn faulty(server: &demo::Server, fault: AnswerFault) -> Answer {
    server.control().inject_answer_fault(Api::Rest, fault, 0, 1);
    let answer = get(server.addr(), "/rest/v1/agents?order=id.asc").await;
    let next = get(server.addr(), "/rest/v1/agents?order=id.asc").await;
    assert_eq!(next.json().as_array().map(Vec::len), Some(5), "once only");
    answer
}

#[tokio::test]
async fn every_answer_fault_can_be_injected() {
    let server = start(quiet());
    let html = faulty(&server, AnswerFault::Html(200)).await;
    assert!(
        html.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
    assert!(html.body.starts_with("<!DOCTYPE html>"));
    let away = faulty(&server, AnswerFault::Redirect("http://127.0.0.1:9/steal".into())).await;
    assert_eq!(
        (away.status, away.header("location")),
        (302, Some("http://127.0.0.1:9/steal"))
    );
    let late = faulty(
        &server,
        AnswerFault::Status {
            status: 429,
            text: "slow down".into(),
            retry_after: Some(2),
        },
    )
    .await;
    assert_eq!((late.status, late.header("retry-after")), (429, Some("2")));
    assert_eq!(late.json()["message"], "slow down");
    assert_eq!(faulty(&server, AnswerFault::Empty).await.body, "[]");
    let half = faulty(&server, AnswerFault::Half).await;
    assert!(half.status == 200 && serde_json::from_str::<Value>(&half.body).is_err());
    let whole = get(server.addr(), "/rest/v1/agents?order=id.asc").await;
    let cut = faulty(&server, AnswerFault::Truncate).await;
    let promised: usize = cut
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .expect("a length");
    assert!(
        promised == whole.body.len() && cut.body.len() < promised,
        "{} of {promised}",
        cut.body.len()
    );
    let dripped = faulty(&server, AnswerFault::Drip(20_000)).await;
    assert_eq!(dripped.body, whole.body);
    assert_eq!(faulty(&server, AnswerFault::Wait(0.05)).await.body, whole.body);

    server
        .control()
        .inject_answer_fault(Api::Rest, AnswerFault::Repeat, 0, 2);
    for after in [
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let page = get(server.addr(), &format!("/rest/v1/agents?order=id.asc&id=gt.{after}")).await;
        assert_eq!(page.body, whole.body, "the first page again");
    }
    for call in [
        json!({"do":"answer_fault","api":"rest","fault":{"drip":100},"times":3}),
        json!({"do":"answer_fault","api":"rest","fault":"hangup","skip":2}),
        json!({"do":"answer_fault","api":"rest","fault":{"wait":1.5}}),
        json!({"do":"clear_answer_faults"}),
    ] {
        assert_eq!(control(server.addr(), call.clone()).await.status, 200, "{call}");
    }
    assert_eq!(get(server.addr(), "/rest/v1/agents").await.status, 200);
}

#[tokio::test]
async fn an_endless_page_lasts_until_the_client_hangs_up() {
    let server = start(quiet());
    let request = b"GET /rest/v1/agents HTTP/1.1\r\nhost: x\r\napikey: demo\r\nconnection: close\r\n\r\n";
    server
        .control()
        .inject_answer_fault(Api::Rest, AnswerFault::Endless, 0, 1);
    let mut stream = tokio::net::TcpStream::connect(server.addr())
        .await
        .expect("a connection");
    stream.write_all(request).await.expect("sent");
    let (mut total, mut buffer) = (0, vec![0; 1 << 16]);
    while total < 8 << 20 {
        total += stream.read(&mut buffer).await.expect("more");
    }
    drop(stream);
    for fault in [AnswerFault::Hangup, AnswerFault::Garbage] {
        server.control().inject_answer_fault(Api::Rest, fault.clone(), 0, 1);
        let mut stream = tokio::net::TcpStream::connect(server.addr())
            .await
            .expect("a connection");
        stream.write_all(request).await.expect("sent");
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
        assert!(read.is_ok(), "it hangs");
        match fault {
            AnswerFault::Hangup => assert!(bytes.is_empty(), "{bytes:?}"),
            _ => assert!(String::from_utf8(bytes).is_err()),
        }
    }
}
