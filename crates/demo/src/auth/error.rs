//! What the Auth face refuses with, in both spellings that real servers have.

use hyper::StatusCode;
use serde_json::json;

use super::{
    super::http::{self, Answer},
    ErrorShape,
};

/// A refusal: HTTP status, code and text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthError {
    pub status: StatusCode,
    pub code: &'static str,
    pub text: &'static str,
}

const fn bad(code: &'static str, text: &'static str) -> AuthError {
    AuthError {
        status: StatusCode::BAD_REQUEST,
        code,
        text,
    }
}

impl AuthError {
    pub const CREDENTIALS: Self = bad("invalid_credentials", "Invalid login credentials");
    pub const NOT_FOUND: Self = bad(
        "refresh_token_not_found",
        "Invalid Refresh Token: Refresh Token Not Found",
    );
    pub const ALREADY_USED: Self = bad("refresh_token_already_used", "Invalid Refresh Token: Already Used");
    pub const NO_REFRESH_TOKEN: Self = bad("validation_failed", "refresh_token required");
    pub const BAD_JSON: Self = bad("bad_json", "Could not parse request body as JSON");
    pub const GRANT_TYPE: Self = bad("invalid_credentials", "unsupported_grant_type");
    pub const UNEXPECTED: Self = AuthError {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "unexpected_failure",
        text: "Unexpected failure, please check server logs for more information",
    };
    pub const NO_BEARER: Self = AuthError {
        status: StatusCode::UNAUTHORIZED,
        code: "no_authorization",
        text: "This endpoint requires a Bearer token",
    };
    pub const BAD_JWT: Self = AuthError {
        status: StatusCode::FORBIDDEN,
        code: "bad_jwt",
        text: "invalid JWT: unable to parse or verify signature, token signature is invalid",
    };
    pub const EXPIRED_JWT: Self = AuthError {
        status: StatusCode::FORBIDDEN,
        code: "bad_jwt",
        text: "invalid JWT: unable to parse or verify signature, token has invalid claims: token is expired",
    };
    pub const NO_SESSION: Self = AuthError {
        status: StatusCode::FORBIDDEN,
        code: "session_not_found",
        text: "Session from session_id claim in JWT does not exist",
    };

    /// As a client meets it. Only what the grants refuse has an older spelling.
    pub fn answer(self, shape: ErrorShape) -> Answer {
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
            let code = hyper::header::HeaderValue::from_static(self.code);
            answer.headers_mut().insert("x-sb-error-code", code);
        }
        answer
    }
}
