//! Sign-in, refresh, expiry and refusal by the Auth server, and what the tokens give access to.

use std::{net::SocketAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use demo::{Account, AnswerFault, Api, AuthOptions, ErrorShape, Keys, Options, Refusal, Server};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, control, http},
    quiet, start,
};

const EMAIL: &str = "wall@example.com";

fn with_account() -> Options {
    Options {
        auth: AuthOptions {
            accounts: vec![Account::checked(EMAIL, "hunter:2").expect("an account")],
            ..AuthOptions::default()
        },
        ..quiet()
    }
}

async fn post(addr: SocketAddr, path: &str, body: Value) -> Answer {
    http(addr, "POST", path, &[("apikey", "demo")], &body.to_string()).await
}

async fn sign_in(addr: SocketAddr) -> Value {
    let body = json!({"email":"Wall@example.com","password":"hunter:2"});
    let answer = post(addr, "/auth/v1/token?grant_type=password", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn refresh(addr: SocketAddr, token: &Value) -> Answer {
    let body = json!({"refresh_token":token});
    post(addr, "/auth/v1/token?grant_type=refresh_token", body).await
}

fn claims(token: &Value) -> Value {
    let part = token
        .as_str()
        .and_then(|token| token.split('.').nth(1))
        .expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

#[tokio::test]
async fn a_sign_in_gives_a_token_for_pages_and_channels() {
    let server = start(Options {
        keys: Keys::Only(vec!["demo".into()]),
        ..with_account()
    });
    let addr = server.addr();
    let grant = sign_in(addr).await;
    assert_eq!(
        (&grant["token_type"], &grant["expires_in"]),
        (&json!("bearer"), &json!(3600))
    );
    assert_eq!(grant["user"]["email"], EMAIL);
    let claims = claims(&grant["access_token"]);
    assert_eq!(
        (&claims["role"], &claims["aud"]),
        (&json!("authenticated"), &json!("authenticated"))
    );
    assert_eq!(
        (&claims["exp"], &claims["sub"]),
        (&grant["expires_at"], &grant["user"]["id"])
    );
    assert!(claims["iat"].is_i64() && claims["session_id"].is_string(), "{claims}");

    let token = grant["access_token"].as_str().expect("a token");
    let bearer = format!("Bearer {token}");
    let headers = [("apikey", "demo"), ("authorization", bearer.as_str())];
    let page = http(addr, "GET", "/rest/v1/agents", &headers, "").await;
    assert_eq!(page.status, 200, "{page:?}");
    let user = http(addr, "GET", "/auth/v1/user", &headers, "").await;
    assert_eq!((user.status, &user.json()["id"]), (200, &grant["user"]["id"]));

    let mut client = Client::v2(addr).await;
    let payload = json!({"config":{"postgres_changes":[]},"access_token":token});
    client
        .send(json!(["1", "1", "realtime:x", "phx_join", payload]).to_string())
        .await;
    assert_eq!(client.next().await[4]["status"], "ok");
    let out = http(addr, "POST", "/auth/v1/logout", &headers, "").await;
    assert_eq!(out.status, 204);
    let user = http(addr, "GET", "/auth/v1/user", &headers, "").await;
    assert_eq!(
        (user.status, &user.json()["error_code"]),
        (403, &json!("session_not_found"))
    );
}

#[tokio::test]
async fn refresh_tokens_rotate_and_a_used_one_is_accepted_only_for_a_short_time() {
    let server = start(with_account());
    let addr = server.addr();
    let first = sign_in(addr).await;
    let second = refresh(addr, &first["refresh_token"]).await.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["user"]["id"], first["user"]["id"]);
    assert_eq!(
        claims(&second["access_token"])["session_id"],
        claims(&first["access_token"])["session_id"]
    );
    // After a lost answer, the same request returns the same next token.
    let again = refresh(addr, &first["refresh_token"]).await.json();
    assert_eq!(again["refresh_token"], second["refresh_token"]);

    server.control().set_reuse_interval(Duration::ZERO);
    tokio::time::sleep(Duration::from_millis(5)).await;
    let refused = refresh(addr, &first["refresh_token"]).await;
    assert_eq!(
        (refused.status, refused.json()),
        (
            400,
            json!({"code":400,"error_code":"refresh_token_already_used","msg":"Invalid Refresh Token: Already Used"})
        )
    );
    let family = refresh(addr, &second["refresh_token"]).await;
    assert_eq!(
        family.json()["error_code"],
        "refresh_token_already_used",
        "the whole session ends"
    );

    let other = sign_in(addr).await;
    assert_eq!(server.control().revoke_sessions(), 2);
    let gone = refresh(addr, &other["refresh_token"]).await;
    assert_eq!(
        (gone.status, &gone.json()["error_code"]),
        (400, &json!("refresh_token_not_found"))
    );
    let seen = server.control().state().seen;
    assert_eq!((seen.grants, seen.refused_grants), (4, 3));
}

#[tokio::test]
async fn the_previous_refresh_token_is_always_accepted_if_the_options_say_so() {
    let mut options = with_account();
    options.auth.reuse_interval = Duration::ZERO;
    options.auth.forgives_parent = true;
    let server = start(options);
    let first = sign_in(server.addr()).await;
    let second = refresh(server.addr(), &first["refresh_token"]).await.json();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let again = refresh(server.addr(), &first["refresh_token"]).await.json();
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    let third = refresh(server.addr(), &second["refresh_token"]).await;
    assert_eq!(third.status, 200);
    assert_eq!(
        refresh(server.addr(), &first["refresh_token"]).await.status,
        400,
        "a grandparent is not"
    );
}

#[tokio::test]
async fn refused_grants_have_the_server_s_texts_in_both_formats() {
    let server = start(with_account());
    let addr = server.addr();
    let wrong = json!({"email":EMAIL,"password":"wrong"});
    for (path, body, coded, oauth) in [
        (
            "/auth/v1/token?grant_type=password",
            wrong.to_string(),
            json!({"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}),
            json!({"error":"invalid_grant","error_description":"Invalid login credentials"}),
        ),
        (
            "/auth/v1/token?grant_type=password",
            r#"{"email":"nobody@example.com","password":"x"}"#.into(),
            json!({"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}),
            json!({"error":"invalid_grant","error_description":"Invalid login credentials"}),
        ),
        (
            "/auth/v1/token?grant_type=refresh_token",
            r#"{"refresh_token":"abc"}"#.into(),
            json!({"code":400,"error_code":"refresh_token_not_found",
                "msg":"Invalid Refresh Token: Refresh Token Not Found"}),
            json!({"error":"invalid_grant","error_description":"Invalid Refresh Token: Refresh Token Not Found"}),
        ),
        (
            "/auth/v1/token?grant_type=refresh_token",
            "{}".into(),
            json!({"code":400,"error_code":"validation_failed","msg":"refresh_token required"}),
            json!({"error":"invalid_request","error_description":"refresh_token required"}),
        ),
        (
            "/auth/v1/token?grant_type=password",
            "{".into(),
            json!({"code":400,"error_code":"bad_json","msg":"Could not parse request body as JSON"}),
            json!({"error":"invalid_request","error_description":"Could not parse request body as JSON"}),
        ),
        (
            "/auth/v1/token",
            "{}".into(),
            json!({"code":400,"error_code":"invalid_credentials","msg":"unsupported_grant_type"}),
            json!({"error":"unsupported_grant_type","error_description":"unsupported_grant_type"}),
        ),
    ] {
        for (shape, expected) in [(ErrorShape::Coded, coded), (ErrorShape::OAuth, oauth)] {
            server.control().set_auth_errors(shape);
            let answer = http(addr, "POST", path, &[("apikey", "demo")], &body).await;
            assert_eq!((answer.status, answer.json()), (400, expected), "{path} {body}");
        }
    }
}

#[tokio::test]
async fn wrong_keys_bearers_and_paths_have_the_server_s_texts() {
    let server = start(with_account());
    let addr = server.addr();
    for (headers, message) in [
        (vec![], "No API key found in request"),
        (vec![("apikey", "wrong")], "Invalid API key"),
    ] {
        let answer = http(addr, "GET", "/auth/v1/health", &headers, "").await;
        assert_eq!((answer.status, &answer.json()["message"]), (401, &json!(message)));
    }
    let health = http(addr, "GET", "/auth/v1/health", &[("apikey", "demo")], "").await;
    assert_eq!((health.status, &health.json()["name"]), (200, &json!("GoTrue")));
    for (bearer, status, code) in [
        (None, 401, "no_authorization"),
        (Some("Bearer a.b.c".to_owned()), 403, "bad_jwt"),
        (
            Some(format!("Bearer {}", server.control().token("authenticated", -5))),
            403,
            "bad_jwt",
        ),
    ] {
        server.control().set_auth_errors(ErrorShape::Coded);
        let mut headers = vec![("apikey", "demo")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let answer = http(addr, "GET", "/auth/v1/user", &headers, "").await;
        assert_eq!((answer.status, &answer.json()["error_code"]), (status, &json!(code)));
    }
    assert_eq!(
        http(addr, "GET", "/auth/v1/token", &[("apikey", "demo")], "")
            .await
            .status,
        405
    );
    assert_eq!(
        http(addr, "GET", "/auth/v1/nope", &[("apikey", "demo")], "")
            .await
            .status,
        404
    );
    let many = "x".repeat(100_000);
    let answer = http(
        addr,
        "POST",
        "/auth/v1/token?grant_type=password",
        &[("apikey", "demo")],
        &many,
    )
    .await;
    assert_eq!(answer.json()["error_code"], "bad_json", "a body that is too large");
}

#[tokio::test]
async fn the_control_call_adds_and_removes_accounts() {
    let server = start(quiet());
    let addr = server.addr();
    let body = json!({"email":EMAIL,"password":"p"});
    let path = "/auth/v1/token?grant_type=password";
    assert_eq!(
        post(addr, path, body.clone()).await.status,
        400,
        "nobody has an account by default"
    );
    control(addr, json!({"do":"account","email":EMAIL,"password":"p"})).await;
    control(addr, json!({"do":"auth","lifetime_s":2,"reuse_s":0,"errors":"coded"})).await;
    let grant = post(addr, path, body.clone()).await.json();
    assert_eq!(grant["expires_in"], 2);
    let answer = control(addr, json!({"do":"remove_account","email":EMAIL})).await;
    assert_eq!(answer.json()["removed"], true);
    assert_eq!(post(addr, path, body).await.status, 400);
    assert_eq!(
        refresh(addr, &grant["refresh_token"]).await.json()["error_code"],
        "refresh_token_not_found"
    );
    let bad = control(addr, json!({"do":"account","email":"nobody","password":"secret-word"})).await;
    assert_eq!(bad.status, 400);
    assert!(!bad.body.contains("secret-word"), "{}", bad.body);
    assert!(!format!("{:?}", server.control()).contains("hunter"));
}

#[tokio::test]
async fn a_token_expires_and_is_refused_after_the_secret_changes() {
    let mut options = with_account();
    options.auth.lifetime = Duration::from_secs(3);
    let server = start(options);
    let addr = server.addr();
    let grant = sign_in(addr).await;
    let bearer = format!("Bearer {}", grant["access_token"].as_str().expect("a token"));
    let headers = [("apikey", "demo"), ("authorization", bearer.as_str())];
    assert_eq!(http(addr, "GET", "/rest/v1/agents", &headers, "").await.status, 200);
    // It expires within four seconds.
    let refused = loop {
        let answer = http(addr, "GET", "/rest/v1/agents", &headers, "").await;
        if answer.status != 200 {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("PGRST303")));
    server.control().set_token_lifetime(Duration::from_secs(3_600));
    let next = refresh(addr, &grant["refresh_token"]).await.json();
    server.control().rotate_secret().expect("another secret");
    let bearer = format!("Bearer {}", next["access_token"].as_str().expect("a token"));
    let headers = [("apikey", "demo"), ("authorization", bearer.as_str())];
    let refused = http(addr, "GET", "/rest/v1/agents", &headers, "").await;
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("PGRST301")));
}

#[tokio::test]
async fn faults_can_be_injected_into_the_auth_server() {
    let server = start(with_account());
    let addr = server.addr();
    let body = || json!({"email":EMAIL,"password":"hunter:2"});
    let path = "/auth/v1/token?grant_type=password";
    control(addr, json!({"do":"refuse","what":"auth","status":429,"retry_after":7})).await;
    let limited = post(addr, path, body()).await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("7")));
    assert_eq!(limited.json()["error_code"], "over_request_rate_limit");
    Client::v2(addr).await;
    server.control().refuse(
        Refusal {
            sockets: false,
            auth: true,
            ..Refusal::default()
        },
        None,
    );
    assert_eq!(
        post(addr, path, body()).await.json()["error_code"],
        "unexpected_failure"
    );
    server.control().allow();

    control(
        addr,
        json!({"do":"answer_fault","api":"auth","fault":{"html":502},"times":2}),
    )
    .await;
    for _ in 0..2 {
        let page = post(addr, path, body()).await;
        assert!(page.status == 502 && page.body.starts_with("<!DOCTYPE"), "{page:?}");
    }
    control(
        addr,
        json!({"do":"answer_fault","api":"auth","fault":{"status":{"status":503,"retry_after":3}},"skip":1}),
    )
    .await;
    assert_eq!(post(addr, path, body()).await.status, 200);
    let late = post(addr, path, body()).await;
    assert_eq!((late.status, late.header("retry-after")), (503, Some("3")));

    server
        .control()
        .inject_answer_fault(Api::Auth, AnswerFault::Wait(600.0), 0, 1);
    let waiting = tokio::time::timeout(Duration::from_millis(200), post(addr, path, body())).await;
    assert!(waiting.is_err(), "{waiting:?}");
    sign_in(addr).await;
}

#[test]
fn a_server_with_accounts_shows_no_password() {
    let server: Server = start(with_account());
    assert!(!format!("{server:?}").contains("hunter"));
}

/// The text of everything that holds a key, a password or a token, while a signed-in client is connected.
#[tokio::test]
async fn keys_passwords_and_tokens_are_not_shown() {
    let options = Options {
        keys: Keys::Only(vec!["hidden-key".into()]),
        ..with_account()
    };
    let server = start(options.clone());
    let addr = server.addr();
    let body = json!({"email": EMAIL, "password": "hunter:2"}).to_string();
    let path = "/auth/v1/token?grant_type=password";
    let grant = http(addr, "POST", path, &[("apikey", "hidden-key")], &body)
        .await
        .json();
    let mut client = Client::open(addr, "/realtime/v1/websocket?apikey=hidden-key&vsn=2.0.0").await;
    let payload = json!({"config": {"postgres_changes": []}, "access_token": grant["access_token"]});
    client
        .send(json!(["1", "1", "realtime:x", "phx_join", payload]).to_string())
        .await;
    assert_eq!(client.next().await[4]["status"], "ok");
    let shown = format!("{server:?} {:?} {options:?} {:?}", server.control(), options.auth);
    assert!(shown.contains(EMAIL) && shown.contains("realtime:x"), "{shown}");
    let text = |name: &str| grant[name].as_str().expect("a token").to_owned();
    for secret in ["hidden-key", "hunter:2", &text("access_token"), &text("refresh_token")] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
}
