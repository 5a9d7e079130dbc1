//! Faults on request, the control call, start and stop.

use std::{net::SocketAddr, time::Duration};

use demo::{ChannelFault, Cut, Delays, Options, Refusal, Server, TableId};
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::{
    client::{Client, WATCHDOG, control, get, http},
    quiet, start,
};

#[tokio::test]
async fn sockets_are_cut_in_every_way() {
    let server = start(quiet());
    for (how, seen) in [("1012", "1012"), ("4001", "4001"), ("fin", ""), ("rst", "reset")] {
        let mut client = Client::v2(server.addr()).await;
        client.subscribe("realtime:x").await;
        let answer = control(server.addr(), json!({"do":"cut","how":how})).await;
        assert_eq!(answer.json(), json!({"ok":true,"sockets":1}));
        let end = client.next_text().await.expect_err("an end");
        assert!(end.to_lowercase().contains(seen), "{how}: {end}");
    }
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    assert_eq!(server.control().cut(Cut::Fin), 1);
    client.next_text().await.expect_err("an end");
}

#[tokio::test]
async fn new_sockets_are_refused_until_allowed() {
    let server = start(quiet());
    let mut old = Client::v2(server.addr()).await;
    control(server.addr(), json!({"do":"refuse","status":429})).await;
    let path = "/realtime/v1/websocket?apikey=demo";
    let Err(Error::Http(answer)) = Client::try_open(server.addr(), path).await.map(|_| ()) else {
        panic!("it was let in")
    };
    assert_eq!(answer.status().as_u16(), 429);
    old.expect_silence().await;
    assert_eq!(
        get(server.addr(), "/rest/v1/agents").await.status,
        200,
        "pages are not refused with sockets"
    );
    control(server.addr(), json!({"do":"allow"})).await;
    Client::open(server.addr(), path).await;
    server.control().refuse(
        Refusal {
            rest: true,
            ..Refusal::default()
        },
        Some(Duration::from_millis(200)),
    );
    assert_eq!(get(server.addr(), "/rest/v1/agents").await.status, 503);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        get(server.addr(), "/rest/v1/agents").await.status,
        200,
        "for a while only"
    );
}

#[tokio::test]
async fn a_stalled_server_sends_nothing_and_then_everything() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    let control = server.control();
    control.stall(Duration::from_secs(600));
    client.send(r#"[null,"2","phoenix","heartbeat",{}]"#).await;
    control.insert(TableId::Agents, Map::new()).expect("inserted");
    // The task gets the address and not the server, which would end with the task.
    let addr = server.addr();
    let page = tokio::spawn(async move { get(addr, "/rest/v1/agents").await.status });
    let early = tokio::time::timeout(Duration::from_millis(300), client.next_text()).await;
    assert!(early.is_err() && !page.is_finished(), "something was said: {early:?}");
    control.unstall();
    let mut events = [client.next().await[3].to_string(), client.next().await[3].to_string()];
    events.sort();
    assert_eq!(events, ["\"phx_reply\"", "\"postgres_changes\""]);
}

#[tokio::test]
async fn a_stalled_socket_can_be_cut() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    server.control().stall(Duration::from_secs(600));
    client.send(r#"[null,"2","phoenix","heartbeat",{}]"#).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.control().cut(Cut::Rst);
    client.next_text().await.expect_err("an end");
}

#[tokio::test]
async fn lost_changes_are_in_the_table_and_not_in_the_stream() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    control(server.addr(), json!({"do":"lose","changes":2})).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let call = json!({"do":"insert","table":"agents","row":{"name":format!("a{n}")}});
        let answer = control(server.addr(), call).await.json();
        ids.push(answer["id"].as_str().expect("an id").to_owned());
    }
    assert_eq!(client.next().await[4]["data"]["record"]["name"], "a2");
    let path = format!("/rest/v1/agents?id=in.({})", ids.join(","));
    assert_eq!(get(server.addr(), &path).await.json().as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn channels_end_while_the_socket_stays_open() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    for (fault, first) in [
        (ChannelFault::Close, json!(["1", "1", "realtime:x", "phx_close", {}])),
        (ChannelFault::Error, json!(["1", "1", "realtime:x", "phx_error", {}])),
    ] {
        client.subscribe("realtime:x").await;
        assert_eq!(server.control().inject_channel_fault(fault), 1);
        assert_eq!(client.next().await, first);
        client.expect_silence().await;
    }
    client.subscribe("realtime:x").await;
    control(server.addr(), json!({"do":"channel_fault","fault":"resubscribe"})).await;
    assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");
    server.control().inject_channel_fault(ChannelFault::Deafen);
    server.control().step(10);
    client.expect_silence().await;
    server.control().inject_channel_fault(ChannelFault::Expire);
    assert_eq!(client.next().await[3], "system");
    assert_eq!(client.next().await[3], "phx_close");
}

#[tokio::test]
async fn the_control_call_pauses_resumes_and_edits_rows() {
    let server = start(Options {
        rate: 500.0,
        bursts: false,
        ..quiet()
    });
    let state = || async { get(server.addr(), "/demo/state").await.json() };
    control(server.addr(), json!({"do":"pause"})).await;
    let (first, second) = (state().await, state().await);
    assert_eq!(first, second, "paused");
    assert_eq!(first["paused"], true);
    let words: u64 = first["tables"]["agents"]["status"]
        .as_object()
        .expect("words")
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(words, 5);
    control(server.addr(), json!({"do":"resume"})).await;
    tokio::time::timeout(WATCHDOG, async {
        while state().await["changes"] == first["changes"] {}
    })
    .await
    .expect("on");
    control(server.addr(), json!({"do":"rate","changes_per_s":0})).await;
    assert_eq!(state().await, state().await, "no rate, no change");
    let stepped = control(server.addr(), json!({"do":"step","transactions":5}))
        .await
        .json();
    assert!(stepped["changes"].as_u64() >= Some(5), "{stepped}");

    let row = json!({"title":"by hand","status":"queued","progress":3});
    let id = control(server.addr(), json!({"do":"insert","table":"tasks","row":row}))
        .await
        .json()["id"]
        .clone();
    let call = json!({"do":"update","table":"tasks","id":id,"row":{"progress":4}});
    assert_eq!(control(server.addr(), call).await.status, 200);
    let path = format!(
        "/rest/v1/tasks?select=progress,title&id=eq.{}",
        id.as_str().expect("an id")
    );
    assert_eq!(
        get(server.addr(), &path).await.json(),
        json!([{"progress":4,"title":"by hand"}])
    );
    let call = json!({"do":"delete","table":"tasks","id":id});
    assert_eq!(control(server.addr(), call.clone()).await.status, 200);
    assert_eq!(control(server.addr(), call).await.status, 400, "it is gone");
}

#[tokio::test]
async fn a_bad_control_call_is_answered_with_a_sentence() {
    let server = start(quiet());
    for (call, said) in [
        (json!({"do":"explode"}), "explode"),
        (json!({"so":"cut"}), "\"do\" is missing"),
        (json!({"do":"cut","how":"axe"}), "'axe' is no way to cut a socket"),
        (json!({"do":"cut","when":"now"}), "when"),
        (json!({"do":"stall","for_s":-1}), "-1 is no span"),
        (json!({"do":"refuse","status":99}), "status must be"),
        (json!({"do":"insert","table":"users","row":{}}), "no table users"),
        (
            json!({"do":"insert","table":"tasks","row":{"nope":1}}),
            "table tasks has no column nope",
        ),
        (
            json!({"do":"insert","table":"tasks","row":{"progress":"x"}}),
            "column progress is of type int4",
        ),
        (
            json!({"do":"insert","table":"tasks","row":{"id":"x"}}),
            "must be a uuid",
        ),
        (json!({"do":"delete","table":"tasks","id":"x"}), "the id x is no uuid"),
    ] {
        let answer = control(server.addr(), call.clone()).await;
        let text = answer.json()["error"].as_str().expect("a sentence").to_owned();
        assert!(answer.status == 400 && text.contains(said), "{call}: {text}");
    }
    let answer = http(
        server.addr(),
        "POST",
        "/demo/control",
        &[("origin", "http://evil.example")],
        "{}",
    )
    .await;
    assert_eq!(answer.status, 403, "not from a web page");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let server = start(Options {
        tasks: 2_000,
        agents: 100,
        ..quiet()
    });
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    let control = server.control();
    let fill = async {
        while control.state().sockets > 0 {
            control.step(2_000);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(WATCHDOG * 3, fill).await.expect("it was cut");
    while client.next_text().await.is_ok() {}
}

#[tokio::test]
async fn a_silent_client_is_closed_with_1000() {
    let server = start(Options {
        delays: Delays {
            idle: Duration::from_millis(200),
            ..Delays::DEMO
        },
        ..quiet()
    });
    let mut client = Client::v2(server.addr()).await;
    assert_eq!(client.next_text().await.expect_err("an end"), "1000");
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_one_sentence() {
    let server = start(quiet());
    let error = Server::start(server.addr(), quiet()).expect_err("taken").to_string();
    let port = server.addr().port();
    assert_eq!(
        error,
        format!("port {port} is taken: stop what listens there, or pass --listen 127.0.0.1:0 for any free port")
    );
    let nowhere = SocketAddr::from(([192, 0, 2, 1], 0));
    let error = Server::start(nowhere, quiet())
        .expect_err("not of this machine")
        .to_string();
    assert!(error.contains("cannot listen on 192.0.2.1:0"), "{error}");
    let many = Options {
        tasks: 3_000_000,
        ..quiet()
    };
    let error = Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), many)
        .expect_err("too many")
        .to_string();
    assert_eq!(
        error,
        "--tasks is 3000000, and the demo feed takes at most 2000000: ask for less"
    );
}

#[tokio::test]
async fn stopping_ends_the_sockets_and_frees_the_port() {
    let server = start(Options { rate: 200.0, ..quiet() });
    let (addr, url) = (server.addr(), server.url());
    assert_eq!(url, format!("http://{addr}"));
    let mut client = Client::v2(addr).await;
    client.subscribe("realtime:x").await;
    tokio::task::spawn_blocking(move || server.stop())
        .await
        .expect("stopped");
    while client.next_text().await.is_ok() {}
    assert!(Client::try_open(addr, "/socket/websocket?apikey=demo").await.is_err());
    let again = Server::start(addr, quiet()).expect("the port is free");
    Client::v2(again.addr()).await;
}
