//! The token of a channel: its expiry, its renewal, and the key that is used without one.

use std::time::Duration;

use demo::{Account, Delays, Keys, Options};
use serde_json::{Value, json};

use crate::{client::Client, quiet, start};

async fn join(client: &mut Client, topic: &str, token: Option<&str>) -> Value {
    let mut payload = json!({"config":{"postgres_changes":[{"event":"*","schema":"public","table":"agents"}]}});
    if let Some(token) = token {
        payload["access_token"] = token.into();
    }
    client
        .send(json!(["1", "1", topic, "phx_join", payload]).to_string())
        .await;
    client.next().await
}

async fn push(client: &mut Client, topic: &str, token: Value) {
    let frame = json!(["1", "2", topic, "access_token", {"access_token":token}]);
    client.send(frame.to_string()).await;
}

#[tokio::test]
async fn each_channel_ends_with_its_own_token_and_the_socket_stays_open() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    let (short, long) = (
        server.control().token("authenticated", 3),
        server.control().token("authenticated", 600),
    );
    for (topic, token) in [("realtime:short", &short), ("realtime:long", &long)] {
        assert_eq!(join(&mut client, topic, Some(token)).await[4]["status"], "ok");
        assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");
    }
    let end = client.next().await;
    assert_eq!(
        (&end[0], &end[2], &end[3]),
        (&json!("1"), &json!("realtime:short"), &json!("system"))
    );
    let message = end[4]["message"].as_str().expect("a message");
    assert!(
        message.starts_with("Token has expired ") && message.ends_with(" seconds ago"),
        "{message}"
    );
    assert_eq!(
        (&end[4]["extension"], &end[4]["status"]),
        (&json!("system"), &json!("error"))
    );
    assert_eq!(
        client.next().await,
        json!(["1", "1", "realtime:short", "phx_close", {}])
    );
    client.expect_silence().await;
    let refused = join(&mut client, "realtime:short", Some(&short)).await;
    let reason = refused[4]["response"]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("InvalidJWTToken: Token has expired "), "{reason}");
    assert_eq!(server.control().state().channels, 1);
}

#[tokio::test]
async fn a_new_token_is_not_answered_and_the_subscription_is_confirmed_again() {
    let server = start(Options {
        delays: Delays {
            resubscribe: Duration::from_secs(3_600),
            ..Delays::DEMO
        },
        ..quiet()
    });
    let topic = "realtime:x";
    let mut client = Client::v2(server.addr()).await;
    let (first, second) = (
        server.control().token("authenticated", 4),
        server.control().token("authenticated", 600),
    );
    join(&mut client, topic, Some(&first)).await;
    client.next().await;
    // None of these is a new token, and none is answered.
    for nothing in [json!(first), Value::Null, json!("sb_publishable_x"), json!(7)] {
        push(&mut client, topic, nothing).await;
        client.expect_silence().await;
    }
    push(&mut client, topic, json!(second)).await;
    client.expect_silence().await;
    server.control().run_timers();
    assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");
    // The first token expires without effect.
    tokio::time::sleep(Duration::from_millis(4_200)).await;
    client.expect_silence().await;
    for (bad, said) in [
        (
            server.control().token("authenticated", -30),
            "Token has expired 30 seconds ago",
        ),
        (String::new(), "The token provided is not a valid JWT"),
        (format!("{second}x"), "Failed to validate JWT signature"),
    ] {
        push(&mut client, topic, json!(bad)).await;
        let end = client.next().await;
        assert_eq!((&end[3], &end[4]["message"]), (&json!("system"), &json!(said)), "{end}");
        assert_eq!(client.next().await[3], "phx_close");
        push(&mut client, topic, json!(second)).await;
        assert_eq!(client.next().await[4]["response"]["reason"], "unmatched topic");
        join(&mut client, topic, Some(&second)).await;
        client.next().await;
    }
    let seen = server.control().state().seen;
    assert_eq!((seen.token_pushes, seen.unmatched, seen.joins_with_token), (8, 3, 4));
}

#[tokio::test]
async fn a_changed_secret_ends_the_channels_at_the_next_check() {
    let server = start(Options {
        keys: Keys::Only(vec!["demo".into()]),
        delays: Delays {
            token_check: Duration::from_millis(200),
            ..Delays::DEMO
        },
        ..quiet()
    });
    let mut client = Client::v2(server.addr()).await;
    let token = server.control().token("authenticated", 600);
    join(&mut client, "realtime:x", Some(&token)).await;
    client.next().await;
    client.expect_silence().await;
    server.control().rotate_secret().expect("another secret");
    assert_eq!(client.next().await[4]["message"], "Failed to validate JWT signature");
    assert_eq!(client.next().await[3], "phx_close");
    let refused = join(&mut client, "realtime:x", Some(&token)).await;
    assert_eq!(
        refused[4]["response"]["reason"],
        "JwtSignatureError: Failed to validate JWT signature"
    );
}

#[tokio::test]
async fn a_join_without_a_token_uses_the_socket_s_key() {
    let server = start(quiet());
    let key = server.control().token("anon", 3);
    let path = format!("/realtime/v1/websocket?vsn=2.0.0&apikey={key}");
    let mut client = Client::open(server.addr(), &path).await;
    assert_eq!(join(&mut client, "realtime:x", None).await[4]["status"], "ok");
    client.next().await;
    let end = client.next().await;
    assert!(
        end[4]["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("Token has expired ")),
        "{end}"
    );
    assert_eq!(client.next().await[3], "phx_close");
    let refused = join(&mut client, "realtime:y", None).await;
    let reason = refused[4]["response"]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("InvalidJWTToken: Token has expired "), "{reason}");
}

/// The role of a new token applies when the subscription is made again.
#[tokio::test]
async fn a_pushed_token_of_another_role_changes_what_the_channel_sees() {
    let server = start(quiet());
    let control = server.control();
    control
        .add_account(Account::checked("me@example.com", "p").expect("an account"))
        .expect("added");
    control.rules(demo::TableId::Agents, |rules| {
        rules.allow("authenticated", "true").expect("a policy");
    });
    let mut client = Client::v2(server.addr()).await;
    join(&mut client, "realtime:x", None).await;
    client.next().await;
    control
        .insert(demo::TableId::Agents, Default::default())
        .expect("inserted");
    client.expect_silence().await;
    push(&mut client, "realtime:x", json!(control.token("authenticated", 600))).await;
    assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");
    control
        .insert(demo::TableId::Agents, Default::default())
        .expect("inserted");
    assert_eq!(client.next().await[3], "postgres_changes");
}
