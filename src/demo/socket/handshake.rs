//! From an HTTP request to a socket, or to the answer that refuses it.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{CONNECTION, CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use url::form_urlencoded;

use super::{
    super::hub::{Hub, now_micros},
    Token,
    task::serve,
};
use crate::realtime::Vsn;

/// Sockets at a time.
const MOST_SOCKETS: usize = 1_000;

/// Answers a request to one of the socket's paths. The socket itself runs in a task of its own.
pub async fn upgrade<B>(hub: Arc<Hub>, mut request: Request<B>) -> Response<Full<Bytes>> {
    if let Some(refusal) = hub.refusal().filter(|refusal| refusal.sockets) {
        return refuse(&hub, refusal.status, r#"{"error":"Error connecting to Realtime"}"#).await;
    }
    let Some(accept) = accept_key(&request) else {
        return answer(
            StatusCode::UPGRADE_REQUIRED,
            r#"{"error":"this path is for WebSocket clients"}"#,
        );
    };
    let vsn = match check(&hub, &request) {
        Ok(vsn) => vsn,
        Err((status, body)) => return refuse(&hub, status, &body).await,
    };
    if hub.lock().members.iter().count() >= MOST_SOCKETS {
        return refuse(
            &hub,
            StatusCode::TOO_MANY_REQUESTS,
            r#"{"error":"Too many connected users"}"#,
        )
        .await;
    }
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
            return;
        };
        serve(hub, parts.io.into_inner(), parts.read_buf.into(), vsn).await;
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// The answer to the client's key, if this is a WebSocket handshake at all.
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

/// Key and serializer version. The header wins over the parameter.
fn check<B>(hub: &Hub, request: &Request<B>) -> Result<Vsn, (StatusCode, String)> {
    let refused = |text: &str| {
        (
            StatusCode::UNAUTHORIZED,
            serde_json::json!({ "error": text }).to_string(),
        )
    };
    let key = header(request.headers(), "x-api-key").or_else(|| parameter(request, "apikey"));
    let key = key.ok_or_else(|| refused("API key is missing"))?;
    Token::check(&hub.options.keys, &key, now_micros() / 1_000_000).map_err(|error| refused(error.in_handshake()))?;
    match parameter(request, "vsn")
        .as_deref()
        .map(|vsn| vsn.split('.').collect::<Vec<_>>())
        .as_deref()
    {
        None | Some(["1", "0", _]) => Ok(Vsn::V1),
        Some(["2", "0", _]) => Ok(Vsn::V2),
        Some(_) => Err((StatusCode::FORBIDDEN, String::new())),
    }
}

/// A header's text.
pub fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// A query parameter's text.
pub fn parameter<B>(request: &Request<B>, name: &str) -> Option<String> {
    let query = request.uri().query()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

async fn refuse(hub: &Hub, status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    tokio::time::sleep(hub.options.delays.refuse).await;
    answer(status, body)
}

fn answer(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_owned()));
    *response.status_mut() = status;
    if !body.is_empty() {
        let kind = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}
