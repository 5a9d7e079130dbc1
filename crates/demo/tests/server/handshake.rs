//! Which handshakes are accepted, and how the others are refused.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use demo::{Keys, Options};
use tokio_tungstenite::tungstenite::Error;

use crate::{
    client::{Client, get, http},
    quiet, start,
};

fn jwt(claims: &str) -> String {
    format!(
        "{}.{}.c2ln",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
        URL_SAFE_NO_PAD.encode(claims)
    )
}

#[tokio::test]
async fn good_keys_are_accepted_on_both_paths_and_the_header_has_precedence() {
    let server = start(quiet());
    let token = jwt(r#"{"role":"anon","exp":99999999999}"#);
    for query in [
        "/realtime/v1/websocket?apikey=demo&vsn=2.0.0",
        "/socket/websocket?apikey=demo&vsn=1.0.0&log_level=info",
        "/realtime/v1/websocket?vsn=2.0.0&apikey=sb_publishable_abc",
        "/realtime/v1/websocket?apikey=demo",
        &format!("/realtime/v1/websocket?apikey={token}"),
    ] {
        let mut client = Client::open(server.addr(), query).await;
        client.send("hello").await;
    }
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("x-api-key", "wrong"),
    ];
    let answer = http(server.addr(), "GET", "/socket/websocket?apikey=demo", &headers, "").await;
    assert_eq!(answer.status, 401, "{answer:?}");
}

#[tokio::test]
async fn bad_keys_and_versions_are_refused_with_the_server_s_texts() {
    let server = start(quiet());
    let (no_claims, expired) = (jwt(r#"{"role":"anon"}"#), jwt(r#"{"role":"anon","exp":1}"#));
    for (query, status, body) in [
        ("?vsn=2.0.0", 401, r#"{"error":"API key is missing"}"#),
        (
            "?apikey=&vsn=2.0.0",
            401,
            r#"{"error":"The token provided is not a valid JWT"}"#,
        ),
        (
            "?apikey=wrong&vsn=2.0.0",
            401,
            r#"{"error":"The token provided is not a valid JWT"}"#,
        ),
        (
            &format!("?apikey={no_claims}"),
            401,
            r#"{"error":"Fields `role` and `exp` are required in JWT"}"#,
        ),
        (&format!("?apikey={expired}"), 401, r#"{"error":"Token has expired"}"#),
        ("?apikey=demo&vsn=3.0.0", 403, ""),
        ("?apikey=demo&vsn=two", 403, ""),
    ] {
        let refused = Client::try_open(server.addr(), &format!("/realtime/v1/websocket{query}")).await;
        let Err(Error::Http(answer)) = refused.map(|_| ()) else {
            panic!("{query} was let in")
        };
        assert_eq!(answer.status().as_u16(), status, "{query}");
        let said = answer.into_body().unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&said), body, "{query}");
    }
    let options = Options {
        keys: Keys::Only(vec!["mine".into()]),
        ..quiet()
    };
    let server = start(options);
    assert!(
        Client::try_open(server.addr(), "/socket/websocket?apikey=demo")
            .await
            .is_err()
    );
    Client::open(server.addr(), "/socket/websocket?apikey=mine").await;
}

#[tokio::test]
async fn a_request_that_is_no_handshake_is_refused() {
    let server = start(quiet());
    assert_eq!(
        get(server.addr(), "/realtime/v1/websocket?apikey=demo").await.status,
        426
    );
    assert_eq!(get(server.addr(), "/nothing/here").await.status, 404);
}
