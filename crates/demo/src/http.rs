//! Whole HTTP answers, and the small helpers that every face of the server shares.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use url::form_urlencoded;

use super::{auth::Guard, hub::now_micros};

/// An answer that is written in one piece.
pub type Answer = Response<Bytes>;

/// How long a client may take over its request's body.
const BODY_DEADLINE: Duration = Duration::from_secs(15);
/// The type of every JSON answer.
pub const JSON: &str = "application/json; charset=utf-8";

/// An answer of one type; the type is left out where it is empty.
pub fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if !kind.is_empty() {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    answer(status, JSON, body)
}

/// Adds `Retry-After` in seconds.
pub fn retry_after(mut answer: Answer, seconds: Option<u32>) -> Answer {
    if let Some(seconds) = seconds {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// A header's text.
pub fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The token of `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = header(headers, "authorization")?;
    let token = value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Some(token.map_or(value.as_str(), |(_, token)| token).trim().to_owned())
}

/// A query parameter's text.
pub fn parameter<B>(request: &Request<B>, name: &str) -> Option<String> {
    let query = request.uri().query()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The body of a request; `None` when it is larger than `most` bytes, breaks off or takes too long.
pub async fn body(request: Request<Incoming>, most: usize) -> Option<Bytes> {
    let whole = Limited::new(request.into_body(), most).collect();
    let whole = tokio::time::timeout(BODY_DEADLINE, whole).await.ok()?.ok()?;
    Some(whole.to_bytes())
}

/// The gateway's look at the API key; its refusal, where the key is missing or wrong.
pub fn check_key<B>(guard: &Guard, request: &Request<B>) -> Option<Answer> {
    let (message, hint) = match header(request.headers(), "apikey").or_else(|| parameter(request, "apikey")) {
        None => (
            "No API key found in request",
            "No `apikey` request header or url param was found.",
        ),
        Some(key) if guard.key(&key, now_micros() / 1_000_000).is_err() => (
            "Invalid API key",
            "Double check your Supabase `anon` or `service_role` API key.",
        ),
        Some(_) => return None,
    };
    let body = serde_json::json!({ "message": message, "hint": hint });
    Some(json(StatusCode::UNAUTHORIZED, body.to_string()))
}
