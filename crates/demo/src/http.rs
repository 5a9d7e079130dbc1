//! Whole HTTP answers, and small helpers that the server's APIs share.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use url::form_urlencoded;

use crate::{auth::Guard, hub::now_micros};

/// An answer whose body is known as a whole.
pub(crate) type HttpAnswer = Response<Bytes>;

/// How long a client may take to send the body of a request.
const BODY_DEADLINE: Duration = Duration::from_secs(15);
/// The content type of every JSON answer.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// An answer with this content type, or without one where it is empty.
pub(crate) fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> HttpAnswer {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    if !kind.is_empty() {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> HttpAnswer {
    answer(status, JSON, body)
}

/// Adds `Retry-After` in seconds.
pub(crate) fn retry_after(mut answer: HttpAnswer, seconds: Option<u32>) -> HttpAnswer {
    if let Some(seconds) = seconds {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

/// The text of a header.
pub(crate) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = header(headers, "authorization")?;
    let token = value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    Some(token.map_or(value.as_str(), |(_, token)| token).trim().to_owned())
}

/// The text of a query parameter.
pub(crate) fn parameter<B>(request: &Request<B>, name: &str) -> Option<String> {
    let query = request.uri().query()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The body of a request; `None` when it is larger than `most` bytes, ends early or takes too long.
pub(crate) async fn body(request: Request<Incoming>, most: usize) -> Option<Bytes> {
    let whole = Limited::new(request.into_body(), most).collect();
    let whole = tokio::time::timeout(BODY_DEADLINE, whole).await.ok()?.ok()?;
    Some(whole.to_bytes())
}

/// Checks the API key as the gateway does. Returns the refusal when the key is missing or wrong.
pub(crate) fn check_key<B>(guard: &Guard, request: &Request<B>) -> Option<HttpAnswer> {
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
