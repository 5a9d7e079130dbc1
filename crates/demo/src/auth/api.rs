//! The HTTP API of the accounts, as the Auth server has it: sign in, refresh, user, sign out, health.

use std::sync::Arc;

use hyper::{Method, Request, StatusCode, body::Incoming, header::HeaderValue};
use serde_json::{Value, json};

use super::{ErrorShape, Token, TokenError};
use crate::{
    http::{self, HttpAnswer},
    hub::{Hub, Inner, now_micros},
};

/// Largest request body.
const MOST_BODY: usize = 64 << 10;

/// Answers a request below `/auth/v1/`.
pub(crate) async fn answer(hub: Arc<Hub>, request: Request<Incoming>, path: &str) -> HttpAnswer {
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

fn ok(body: &Value) -> HttpAnswer {
    http::json(StatusCode::OK, body.to_string())
}

async fn token(hub: &Hub, request: Request<Incoming>) -> HttpAnswer {
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

fn grant(hub: &Hub, inner: &mut Inner, grant_type: &str, body: &[u8], now: i64) -> Result<Value, AuthError> {
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

/// The id of the session that a request's bearer token belongs to.
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

fn user(hub: &Hub, request: &Request<Incoming>) -> HttpAnswer {
    let session = session(hub, request);
    let sessions = &hub.lock().sessions;
    let found = session.and_then(|session| sessions.user(&session).ok_or(AuthError::NO_SESSION));
    match found {
        Ok(user) => ok(&user),
        Err(error) => error.answer(sessions.options.errors),
    }
}

/// A refusal by the Auth server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AuthError {
    status: StatusCode,
    code: &'static str,
    text: &'static str,
}

const fn bad(code: &'static str, text: &'static str) -> AuthError {
    AuthError {
        status: StatusCode::BAD_REQUEST,
        code,
        text,
    }
}

impl AuthError {
    /// The password is wrong, or there is no such account.
    pub(super) const CREDENTIALS: Self = bad("invalid_credentials", "Invalid login credentials");
    /// The refresh token was never issued, or its session has ended.
    pub(super) const NOT_FOUND: Self = bad(
        "refresh_token_not_found",
        "Invalid Refresh Token: Refresh Token Not Found",
    );
    /// The refresh token was replaced by a newer one.
    pub(super) const ALREADY_USED: Self = bad("refresh_token_already_used", "Invalid Refresh Token: Already Used");
    /// A refresh contains no refresh token.
    pub(super) const NO_REFRESH_TOKEN: Self = bad("validation_failed", "refresh_token required");
    /// The body of a request is not JSON.
    pub(super) const BAD_JSON: Self = bad("bad_json", "Could not parse request body as JSON");
    /// The `grant_type` is neither `password` nor `refresh_token`.
    pub(super) const GRANT_TYPE: Self = bad("invalid_credentials", "unsupported_grant_type");
    /// The server failed for a reason of its own.
    pub(super) const UNEXPECTED: Self = AuthError {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "unexpected_failure",
        text: "Unexpected failure, please check server logs for more information",
    };
    /// The request carries no session token.
    pub(super) const NO_BEARER: Self = AuthError {
        status: StatusCode::UNAUTHORIZED,
        code: "no_authorization",
        text: "This endpoint requires a Bearer token",
    };
    /// The session token was not signed by this server.
    pub(super) const BAD_JWT: Self = AuthError {
        status: StatusCode::FORBIDDEN,
        code: "bad_jwt",
        text: "invalid JWT: unable to parse or verify signature, token signature is invalid",
    };
    /// The session token is valid no longer.
    pub(super) const EXPIRED_JWT: Self = AuthError {
        status: StatusCode::FORBIDDEN,
        code: "bad_jwt",
        text: "invalid JWT: unable to parse or verify signature, token has invalid claims: token is expired",
    };
    /// The session that the token was issued for has ended.
    pub(super) const NO_SESSION: Self = AuthError {
        status: StatusCode::FORBIDDEN,
        code: "session_not_found",
        text: "Session from session_id claim in JWT does not exist",
    };

    /// The answer in one of the two formats. Only refused grants have the older one.
    fn answer(self, shape: ErrorShape) -> HttpAnswer {
        let body = match (shape, self.status) {
            (ErrorShape::OAuth, StatusCode::BAD_REQUEST) => {
                let error = match self.code {
                    "validation_failed" | "bad_json" => "invalid_request",
                    _ if self.text == "unsupported_grant_type" => "unsupported_grant_type",
                    _ => "invalid_grant",
                };
                json!({ "error": error, "error_description": self.text })
            }
            _ => json!({ "code": self.status.as_u16(), "error_code": self.code, "msg": self.text }),
        };
        let mut answer = http::json(self.status, body.to_string());
        if shape == ErrorShape::Coded {
            let code = HeaderValue::from_static(self.code);
            answer.headers_mut().insert("x-sb-error-code", code);
        }
        answer
    }
}
