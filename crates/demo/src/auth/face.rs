//! The HTTP face of the accounts, in the words of the Auth server: sign in, refresh, who am I, sign out, health.

use std::sync::Arc;

use hyper::{Method, Request, StatusCode, body::Incoming};
use serde_json::{Value, json};

use super::{Token, TokenError, error::AuthError};
use crate::{
    http::{self, Answer},
    hub::{Hub, now_micros},
};

/// Largest request body.
const MOST_BODY: usize = 64 << 10;

/// Answers a request below `/auth/v1/`.
pub async fn answer(hub: Arc<Hub>, request: Request<Incoming>, path: &str) -> Answer {
    hub.until_unstalled(None).await;
    if let Some(refusal) = hub.refusal().filter(|refusal| refusal.auth) {
        let code = match refusal.status {
            StatusCode::TOO_MANY_REQUESTS => "over_request_rate_limit",
            _ => "unexpected_failure",
        };
        let text = refusal.text.as_deref().unwrap_or(match code {
            "over_request_rate_limit" => "Request rate limit reached",
            _ => AuthError::UNEXPECTED.text,
        });
        let body = json!({ "code": refusal.status.as_u16(), "error_code": code, "msg": text });
        return http::retry_after(http::json(refusal.status, body.to_string()), refusal.retry_after);
    }
    if let Some(refused) = http::check_key(&hub.guard, &request) {
        return refused;
    }
    match (request.method(), path) {
        (&Method::GET, "health") => ok(&json!({
            "version": "v2.180.0",
            "name": "GoTrue",
            "description": "GoTrue is a user registration and authentication API",
        })),
        (&Method::GET, "settings") => ok(&json!({
            "external": {"email": true, "phone": false, "anonymous_users": false},
            "disable_signup": true,
            "mailer_autoconfirm": true,
        })),
        (&Method::POST, "token") => token(&hub, request).await,
        (&Method::GET, "user") => user(&hub, &request),
        (&Method::POST, "logout") => match session(&hub, &request) {
            Ok(session) => {
                hub.lock().sessions.sign_out(&session);
                http::answer(StatusCode::NO_CONTENT, "", "")
            }
            Err(error) => error.answer(hub.lock().sessions.options.errors),
        },
        (_, "health" | "settings" | "token" | "user" | "logout") => {
            http::answer(StatusCode::METHOD_NOT_ALLOWED, "", "")
        }
        _ => http::answer(
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            "404 page not found\n",
        ),
    }
}

fn ok(body: &Value) -> Answer {
    http::json(StatusCode::OK, body.to_string())
}

async fn token(hub: &Hub, request: Request<Incoming>) -> Answer {
    let grant_type = http::parameter(&request, "grant_type").unwrap_or_default();
    let body = http::body(request, MOST_BODY).await.unwrap_or_default();
    let now = now_micros();
    let inner = &mut *hub.lock();
    let granted = grant(hub, inner, &grant_type, &body, now);
    match granted {
        Ok(grant) => {
            inner.seen.grants += 1;
            ok(&grant)
        }
        Err(error) => {
            inner.seen.refused_grants += 1;
            error.answer(inner.sessions.options.errors)
        }
    }
}

fn grant(
    hub: &Hub,
    inner: &mut crate::hub::Inner,
    grant_type: &str,
    body: &[u8],
    now: i64,
) -> Result<Value, AuthError> {
    let body: Value = match grant_type {
        "password" | "refresh_token" => serde_json::from_slice(body).map_err(|_| AuthError::BAD_JSON)?,
        _ => return Err(AuthError::GRANT_TYPE),
    };
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    if grant_type == "password" {
        return inner.sessions.sign_in(text("email"), text("password"), &hub.guard, now);
    }
    match text("refresh_token") {
        "" => Err(AuthError::NO_REFRESH_TOKEN),
        token => inner.sessions.refresh(token, &hub.guard, now),
    }
}

/// The session of a request's bearer token.
fn session(hub: &Hub, request: &Request<Incoming>) -> Result<String, AuthError> {
    let token = http::bearer(request.headers()).ok_or(AuthError::NO_BEARER)?;
    match hub.guard.token(&token, now_micros() / 1_000_000) {
        Ok(Token {
            session: Some(session), ..
        }) => Ok(session),
        Ok(_) => Err(AuthError::BAD_JWT),
        Err(TokenError::Expired(_)) => Err(AuthError::EXPIRED_JWT),
        Err(_) => Err(AuthError::BAD_JWT),
    }
}

fn user(hub: &Hub, request: &Request<Incoming>) -> Answer {
    let session = session(hub, request);
    let sessions = &hub.lock().sessions;
    let found = session.and_then(|session| sessions.user(&session).ok_or(AuthError::NO_SESSION));
    match found {
        Ok(user) => ok(&user),
        Err(error) => error.answer(sessions.options.errors),
    }
}
