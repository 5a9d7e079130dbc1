//! Every refusal by its name, with its delay, its `Retry-After` and its effect on the socket.

use std::time::Duration;

use demo::{Behaviour, Delays, HANDSHAKES, JOINS, Options, Refusal, SYSTEMS};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::{
    client::{Client, control},
    quiet, start,
};

const PATH: &str = "/realtime/v1/websocket?apikey=demo&vsn=2.0.0";

fn fast() -> Options {
    Options {
        delays: Delays {
            refuse: Duration::ZERO,
            join_error: Duration::ZERO,
            ..Delays::DEMO
        },
        ..quiet()
    }
}

fn join(topic: &str, reference: &str) -> String {
    let payload = json!({"config":{"postgres_changes":[{"event":"*","schema":"public","table":"agents"}]}});
    json!([reference, reference, topic, "phx_join", payload]).to_string()
}

#[tokio::test]
async fn every_refusal_of_a_handshake_can_be_injected() {
    let server = start(fast());
    for refusal in HANDSHAKES {
        let mut call = json!({"do":"refuse","name":refusal.name});
        if refusal.status == 429 {
            call["retry_after"] = 9.into();
        }
        assert_eq!(control(server.addr(), call).await.status, 200);
        let Err(Error::Http(answer)) = Client::try_open(server.addr(), PATH).await.map(|_| ()) else {
            panic!("{} was let in", refusal.name)
        };
        assert_eq!(answer.status().as_u16(), refusal.status);
        let retry = answer
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok());
        assert_eq!(retry, (refusal.status == 429).then_some("9"), "{}", refusal.name);
        let body = answer.into_body().unwrap_or_default();
        let said = match refusal.text {
            "" => String::new(),
            text => json!({ "error": text }).to_string(),
        };
        assert_eq!(String::from_utf8_lossy(&body), said);
    }
    assert!(Refusal::named("nonsense").is_none());
    let unknown = control(server.addr(), json!({"do":"refuse","name":"nonsense"})).await;
    assert!(
        unknown.status == 400 && unknown.body.contains("nonsense"),
        "{unknown:?}"
    );
    control(server.addr(), json!({"do":"refuse","status":503,"text":"gone fishing"})).await;
    let Err(Error::Http(answer)) = Client::try_open(server.addr(), PATH).await.map(|_| ()) else {
        panic!("it was let in")
    };
    assert_eq!(answer.into_body().unwrap_or_default(), br#"{"error":"gone fishing"}"#);
    server.control().allow();
    Client::open(server.addr(), PATH).await;
    assert_eq!(
        server.control().state().seen.refused_connects,
        HANDSHAKES.len() as u64 + 1
    );
}

#[tokio::test]
async fn every_refusal_of_a_join_can_be_injected_and_two_close_the_socket() {
    let server = start(fast());
    for refusal in JOINS {
        let mut client = Client::v2(server.addr()).await;
        control(server.addr(), json!({"do":"refuse_joins","reason":refusal.name})).await;
        client.send(join("realtime:opswall", "7")).await;
        let expected = json!(["7","7","realtime:opswall","phx_reply",
            {"status":"error","response":{"reason":refusal.reason}}]);
        assert_eq!(client.next().await, expected, "{}", refusal.name);
        match refusal.closes {
            Some(code) => assert_eq!(client.next_text().await.expect_err("an end"), code.to_string()),
            // Only one join was to be refused; the next one is granted.
            None => client.subscribe("realtime:opswall").await,
        }
    }
    let mut client = Client::v2(server.addr()).await;
    server.control().refuse_joins("words of its own", 2);
    for reference in ["1", "2"] {
        client.send(join("realtime:x", reference)).await;
        assert_eq!(client.next().await[4]["response"]["reason"], "words of its own");
    }
    server.control().refuse_joins("malformed", u32::MAX);
    server.control().allow_joins();
    client.subscribe("realtime:x").await;
}

#[tokio::test]
async fn every_system_message_can_be_injected_and_some_close_the_channel() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    for message in SYSTEMS {
        client.subscribe("realtime:x").await;
        let answer = control(server.addr(), json!({"do":"system","name":message.name})).await;
        assert_eq!(answer.json()["channels"], 1, "{answer:?}");
        let status = if message.is_ok { "ok" } else { "error" };
        let payload = json!({"channel":"x","extension":message.extension,"message":message.text,"status":status});
        assert_eq!(client.next().await, json!(["1", null, "realtime:x", "system", payload]));
        if message.closes {
            assert_eq!(client.next().await, json!(["1", "1", "realtime:x", "phx_close", {}]));
            client.expect_silence().await;
        } else {
            client.expect_silence().await;
            server.control().drain(false);
            client.next_text().await.expect_err("an end");
            client = Client::v2(server.addr()).await;
        }
    }
}

/// A join that is being refused blocks its own socket and no other, unless that behaviour is switched off.
#[tokio::test]
async fn a_join_that_is_being_refused_blocks_its_socket() {
    let server = start(quiet());
    let heartbeat = r#"[null,"2","phoenix","heartbeat",{}]"#;
    for blocks in [true, false] {
        // Where the socket is blocked, the delay must end within the test; otherwise it need not.
        let wait = if blocks { 0.5 } else { 3_600.0 };
        let call = json!({"do":"behaviour","join_error_s":wait,"blocks_while_joining":blocks});
        assert_eq!(control(server.addr(), call).await.status, 200);
        let (mut client, mut other) = (Client::v2(server.addr()).await, Client::v2(server.addr()).await);
        server.control().refuse_joins("initializing", 1);
        client.send(join("realtime:x", "1")).await;
        client.send(heartbeat).await;
        other.expect_silence().await;
        let first = client.next().await[2].clone();
        server.control().run_timers();
        let order = [first, client.next().await[2].clone()];
        let expected = match blocks {
            true => [json!("realtime:x"), json!("phoenix")],
            false => [json!("phoenix"), json!("realtime:x")],
        };
        assert_eq!(order, expected, "blocks: {blocks}");
    }
}

#[tokio::test]
async fn a_slow_join_blocks_its_socket() {
    let server = start(quiet());
    server
        .control()
        .set_behaviour(|behaviour| behaviour.delays.join = Duration::from_millis(300));
    let mut client = Client::v2(server.addr()).await;
    client.send(join("realtime:x", "1")).await;
    client.send(r#"[null,"2","phoenix","heartbeat",{}]"#).await;
    assert_eq!(client.next().await[4]["status"], "ok");
    let events: Vec<Value> = vec![client.next().await, client.next().await];
    assert!(events.iter().any(|event| event[2] == "phoenix"), "{events:?}");
}

#[tokio::test]
async fn delays_can_be_the_real_ones_and_can_be_scaled() {
    let server = start(quiet());
    control(
        server.addr(),
        json!({"do":"behaviour","delays":"real","delay_scale":0.1}),
    )
    .await;
    let delays = server
        .control()
        .set_behaviour(|behaviour: &mut Behaviour| behaviour.delays);
    assert_eq!(
        (delays.refuse, delays.join_error, delays.idle),
        (
            Duration::from_millis(200),
            Duration::from_millis(500),
            Duration::from_secs(6)
        )
    );
    for (call, said) in [
        (json!({"do":"behaviour","delay_scale":-1}), "delay_scale"),
        (json!({"do":"behaviour","poll_s":1e300}), "no span"),
        (json!({"do":"behaviour","subscribe":"slot_late"}), "slot_late_s"),
        (json!({"do":"behaviour","speling":1}), "speling"),
    ] {
        let answer = control(server.addr(), call).await;
        assert!(answer.status == 400 && answer.body.contains(said), "{answer:?}");
    }
    assert_eq!(
        server.control().set_behaviour(|behaviour| behaviour.delays),
        delays,
        "nothing of it was done"
    );
}

/// The limit on joins is an average, too: a storm of joins is granted until its bucket ends. Then each join ends its socket, and
/// new sockets are refused, until the average is below the limit again.
#[tokio::test]
async fn joins_above_the_limit_end_their_socket() {
    let server = start(fast());
    let call = json!({"do":"behaviour","joins_per_s":2});
    assert_eq!(control(server.addr(), call).await.status, 200);
    let mut client = Client::open(server.addr(), PATH).await;
    for number in 0..30 {
        client.send(join(&format!("realtime:{number}"), "1")).await;
        while client.next().await[3] != "phx_reply" {}
    }
    control(server.addr(), json!({"do":"age_limits","by_s":5})).await;
    client.send(join("realtime:more", "2")).await;
    let reply = loop {
        let next = client.next().await;
        if next[3] == "phx_reply" {
            break next;
        }
    };
    let reason = "ClientJoinRateLimitReached: Too many joins per second";
    assert_eq!(reply[4]["response"]["reason"], reason, "30 joins in 10 s");
    let end = loop {
        if let Err(end) = client.next_text().await {
            break end;
        }
    };
    assert_eq!(end, "1001", "its 30 channels have ended with it");
    let Err(Error::Http(answer)) = Client::try_open(server.addr(), PATH).await.map(|_| ()) else {
        panic!("a new socket was let in")
    };
    let body = answer.body().clone().unwrap_or_default();
    assert_eq!(answer.status().as_u16(), 429);
    assert_eq!(
        String::from_utf8_lossy(&body),
        r#"{"error":"Too many joins per second"}"#
    );
    control(server.addr(), json!({"do":"age_limits","by_s":10})).await;
    let mut client = Client::open(server.addr(), PATH).await;
    client.subscribe("realtime:again").await;
    control(server.addr(), json!({"do":"exceed_join_limit","for_s":3600})).await;
    client.send(join("realtime:more", "3")).await;
    assert_eq!(client.next().await[4]["response"]["reason"], reason);
    assert_eq!(client.next_text().await.expect_err("an end"), "1001");
    server.control().run_timers();
    Client::open(server.addr(), PATH).await;
}
