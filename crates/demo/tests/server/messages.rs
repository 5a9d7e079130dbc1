//! Unusual WebSocket messages: in many frames, pings, binary ones, invalid text.

use futures_util::StreamExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, control},
    quiet, start,
};

#[tokio::test]
async fn messages_can_be_sent_in_many_frames() {
    let server = start(quiet());
    control(server.addr(), json!({"do":"behaviour","fragment_bytes":7})).await;
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    server.control().step(20);
    for _ in 0..20 {
        assert_eq!(client.next().await[3], "postgres_changes");
    }
}

#[tokio::test]
async fn any_message_can_be_sent_to_every_socket() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.expect_silence().await;
    let deep = "[".repeat(10_000);
    assert_eq!(
        control(server.addr(), json!({"do":"send_text","text":deep}))
            .await
            .json()["sockets"],
        1
    );
    assert_eq!(client.next_text().await.expect("a text"), deep);
    control(server.addr(), json!({"do":"ping"})).await;
    server.control().send_binary(&[4, 0, 255]);
    let ping = client.ws.next().await.expect("a message").expect("good");
    assert!(matches!(ping, Message::Ping(_)), "{ping:?}");
    let binary = client.ws.next().await.expect("a message").expect("good");
    assert_eq!(binary, Message::binary(vec![4, 0, 255]));
    let large = "x".repeat(12 << 20);
    assert_eq!(server.control().send_text(&large), 1);
    assert_eq!(client.next_text().await.map(|text| text.len()), Ok(large.len()));
    server.control().send_raw_text(&[b'[', 0xff, 0xfe]);
    let error = client.next_text().await.expect_err("no text");
    assert!(error.to_lowercase().contains("utf"), "{error}");
    let mut client = Client::v2(server.addr()).await;
    client.expect_silence().await;
    server.control().send_text(&"x".repeat(17 << 20));
    let error = client.next_text().await.expect_err("more than this client takes");
    assert!(error.contains("16777216"), "{error}");
}
