//! The WebSocket handshake, or the answer that refuses it.

use std::{sync::Arc, time::Instant};

use hyper::{
    Method, Request, Response, StatusCode,
    header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE},
};
use hyper_util::rt::TokioIo;
use realtime::Vsn;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::task::serve;
use crate::{
    http::{self, HttpAnswer, header, parameter},
    hub::{Hub, now_micros},
};

/// Most open sockets; further ones are refused with 429.
const MAX_SOCKETS: usize = 1_000;

/// Answers a request to one of the socket's paths. The socket itself runs in a task of its own.
pub(crate) async fn upgrade<B>(hub: Arc<Hub>, mut request: Request<B>) -> HttpAnswer {
    if let Some(refusal) = hub.refusal().filter(|refusal| refusal.sockets) {
        let text = refusal.text.as_deref().unwrap_or("Error connecting to Realtime");
        let body = match text {
            "" => String::new(),
            text => serde_json::json!({ "error": text }).to_string(),
        };
        return http::retry_after(refuse(&hub, refusal.status, &body).await, refusal.retry_after);
    }
    let Some(accept) = accept_key(&request) else {
        return http::json(
            StatusCode::UPGRADE_REQUIRED,
            r#"{"error":"this path is for WebSocket clients"}"#,
        );
    };
    let (vsn, key) = match check(&hub, &request) {
        Ok(checked) => checked,
        Err((status, body)) => return refuse(&hub, status, &body).await,
    };
    let exceeded = {
        let (mut inner, now) = (hub.lock(), Instant::now());
        inner.join_limiter.begin(now);
        match inner.members.iter().count() >= MAX_SOCKETS {
            true => Some("Too many connected users"),
            false => (!inner.join_limiter.allows(now)).then_some("Too many joins per second"),
        }
    };
    if let Some(text) = exceeded {
        let body = serde_json::json!({ "error": text }).to_string();
        return refuse(&hub, StatusCode::TOO_MANY_REQUESTS, &body).await;
    }
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
            return;
        };
        serve(hub, parts.io.into_inner(), parts.read_buf.into(), vsn, key.into()).await;
    });
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// The `Sec-WebSocket-Accept` of a handshake; `None` when the request is not one.
fn accept_key<B>(request: &Request<B>) -> Option<HeaderValue> {
    let headers = request.headers();
    let has = |name, word: &str| {
        let values = headers
            .get_all(name)
            .into_iter()
            .filter_map(|value: &HeaderValue| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    if request.method() != Method::GET || !has(UPGRADE, "websocket") || !has(CONNECTION, "upgrade") {
        return None;
    }
    let key = headers.get(SEC_WEBSOCKET_KEY)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}

/// Checks the key and the serializer version. A key in the header takes precedence over the parameter.
fn check<B>(hub: &Hub, request: &Request<B>) -> Result<(Vsn, String), (StatusCode, String)> {
    let refused = |text: &str| {
        (
            StatusCode::UNAUTHORIZED,
            serde_json::json!({ "error": text }).to_string(),
        )
    };
    let key = header(request.headers(), "x-api-key").or_else(|| parameter(request, "apikey"));
    let key = key.ok_or_else(|| refused("API key is missing"))?;
    hub.guard
        .key(&key, now_micros() / 1_000_000)
        .map_err(|error| refused(error.in_handshake()))?;
    let vsn = match parameter(request, "vsn")
        .as_deref()
        .map(|vsn| vsn.split('.').collect::<Vec<_>>())
        .as_deref()
    {
        None | Some(["1", "0", _]) => Vsn::V1,
        Some(["2", "0", _]) => Vsn::V2,
        Some(_) => return Err((StatusCode::FORBIDDEN, String::new())),
    };
    Ok((vsn, key))
}

async fn refuse(hub: &Hub, status: StatusCode, body: &str) -> HttpAnswer {
    hub.lock().seen.refused_connects += 1;
    tokio::time::sleep(hub.delays().refuse).await;
    let kind = if body.is_empty() { "" } else { http::JSON };
    http::answer(status, kind, body.to_owned())
}
