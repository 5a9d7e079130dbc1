//! One GET or OPTIONS with the project's key, and its answer: without redirects, with a bounded body.

use std::time::Duration;

use reqwest::{Client, Method, header};
use rustls::ClientConfig;
use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;

use super::super::{
    error_text,
    http::{self, BodyError},
};
use realtime::Token;

/// Largest body read: a thousand keys, or one row with large cells.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// A client that sends the key and, after a sign-in, the session token.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    key: SecretString,
    token: Option<Token>,
    deadline: Duration,
}

/// A complete answer to an HTTP request, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// The HTTP status code.
    pub status: u16,
    /// The number of rows in the table: what follows the slash of `Content-Range`, if it is a number.
    pub total: Option<u64>,
    /// The server's clock: the text of the `Date` header, if there is one.
    pub date: Option<String>,
    /// The methods that the address allows: the text of the `Allow` header, if there is one.
    pub allow: Option<String>,
    /// The body, to its last byte.
    pub body: Vec<u8>,
    /// Time from the request to the last byte.
    pub took: Duration,
}

impl Http {
    /// A client for the server at `base`.
    ///
    /// # Errors
    /// When the HTTP client cannot be built, in words.
    pub fn new(base: &Url, key: SecretString, tls: &ClientConfig, deadline: Duration) -> Result<Self, String> {
        Ok(Self {
            client: http::client(base, tls, deadline).map_err(http::words)?,
            key,
            token: None,
            deadline,
        })
    }

    /// Sends this session token with all following requests.
    pub fn sign_in(&mut self, token: Token) {
        self.token = Some(token);
    }

    /// Sends a GET with these additional headers.
    ///
    /// # Errors
    /// When there is no answer, in words without the address.
    pub async fn get(&self, url: Url, headers: &[(&'static str, &str)]) -> Result<ProbeAnswer, String> {
        self.request(Method::GET, url, headers).await
    }

    /// Sends an OPTIONS with these additional headers, which asks for the methods that the address allows.
    ///
    /// # Errors
    /// When there is no answer, in words without the address.
    pub async fn options(&self, url: Url, headers: &[(&'static str, &str)]) -> Result<ProbeAnswer, String> {
        self.request(Method::OPTIONS, url, headers).await
    }

    async fn request(&self, method: Method, url: Url, headers: &[(&'static str, &str)]) -> Result<ProbeAnswer, String> {
        let started = Instant::now();
        let words = |error: reqwest::Error| match error.is_timeout() {
            true => super::reach::no_answer(self.deadline),
            false => http::words(error),
        };
        let token = self.token.as_ref().map(Token::expose);
        let mut request = http::with_credentials(self.client.request(method, url), &self.key, token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.map_err(words)?;
        let text = |name: header::HeaderName| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let range = text(header::CONTENT_RANGE);
        let status = response.status().as_u16();
        let total = range.and_then(|range| range.rsplit_once('/')?.1.parse().ok());
        let date = text(header::DATE);
        let allow = text(header::ALLOW);
        let body = http::body(response, MAX_BODY_BYTES)
            .await
            .map_err(|error| match error {
                BodyError::Broken(words) => words,
                BodyError::Slow => super::reach::no_answer(self.deadline),
                BodyError::TooLarge => format!("the answer is larger than {} MiB", MAX_BODY_BYTES >> 20),
            })?;
        Ok(ProbeAnswer {
            status,
            total,
            date,
            allow,
            body,
            took: started.elapsed(),
        })
    }
}

impl ProbeAnswer {
    /// The body as JSON, if it is valid JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// `code` of an error body.
    pub fn code(&self) -> String {
        let text = |value: serde_json::Value| Some(value.get("code")?.as_str()?.to_owned());
        self.json().and_then(text).unwrap_or_default()
    }

    /// A text field of an error body; empty when there is none.
    pub fn field(&self, name: &str) -> String {
        let text = |value: serde_json::Value| Some(error_text::tidy(value.get(name)?.as_str()?));
        self.json().and_then(text).unwrap_or_default()
    }

    /// The message of an error body.
    pub fn message(&self) -> String {
        error_text::body_message(self.body.get(..self.body.len().min(4_096)).unwrap_or_default())
    }
}
