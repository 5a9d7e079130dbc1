//! PostgREST's answers: rows with a range, and errors with their code.

use hyper::{
    StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_RANGE, HeaderValue},
};
use serde_json::json;

use super::super::http::{self, Answer};

/// Why a read fails: the body's four fields and the status that goes with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestError {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    pub details: Option<String>,
    pub hint: Option<String>,
}

impl RestError {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: None,
            hint: None,
        }
    }

    pub fn answer(&self) -> Answer {
        let body = json!({
            "code": self.code, "details": self.details, "hint": self.hint, "message": self.message,
        });
        let mut response = with_json(self.status, body.to_string());
        if let Ok(value) = HeaderValue::from_str(&format!("PostgREST; error={}", self.code)) {
            response.headers_mut().insert("proxy-status", value);
        }
        response
    }
}

/// Rows, as many as there are from `first` on; `total` where it was asked for.
pub fn rows(body: String, count: usize, first: usize, total: Option<usize>) -> Answer {
    let is_partial = total.is_some_and(|total| first > 0 || count < total);
    let status = if is_partial {
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
    };
    let mut response = with_json(status, body);
    let range = match count.checked_sub(1) {
        Some(last) => format!("{first}-{}", first + last),
        None => "*".into(),
    };
    let total = total.map_or_else(|| "*".into(), |total| total.to_string());
    if let Ok(value) = HeaderValue::from_str(&format!("{range}/{total}")) {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
    response
}

fn with_json(status: StatusCode, body: String) -> Answer {
    let mut response = http::json(status, body);
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Content-Range"));
    response
}
