//! What REST and Auth share: a client that follows no redirects, bounded bodies, and the reading of refusals.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect};
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use super::error_text;

/// Deadline of TCP and TLS together.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// Most bytes of a refusal's body that are read for its message.
const MAX_REFUSAL_BYTES: usize = 4 * 1024;
/// Longest `Retry-After` obeyed: a mistake in a header must not keep a wall offline for a day.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// A client for one server. It reuses connections, so a new client is made when old connections may be dead.
pub(crate) fn client(base: &Url, tls: &ClientConfig, deadline: Duration) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls.clone())
        // A redirect would carry the key elsewhere.
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_DEADLINE)
        .timeout(deadline)
        .user_agent(concat!("opswall/", env!("CARGO_PKG_VERSION")));
    if is_loopback(base) {
        builder = builder.no_proxy();
    }
    builder.build()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Adds the headers that authenticate a request: the key, and the session token if there is one. Only a key that is a JWT
/// is a bearer token too; a publishable key belongs in `apikey` alone.
pub(crate) fn with_credentials(request: RequestBuilder, key: &SecretString, token: Option<&str>) -> RequestBuilder {
    let key = key.expose_secret();
    let request = request.header("apikey", key);
    match token {
        Some(token) => request.bearer_auth(token),
        None if key.starts_with("eyJ") => request.bearer_auth(key),
        None => request,
    }
}

/// Why there is no answer, in words for a person.
pub(crate) fn words(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    error_text::words(&error.without_url())
}

/// Why a body could not be read.
pub(crate) enum BodyError {
    Broken(String),
    /// It was not complete at the deadline.
    Slow,
    /// It is larger than allowed.
    TooLarge,
}

pub(crate) async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    let broken = |error: reqwest::Error| match error.is_timeout() {
        true => BodyError::Slow,
        false => BodyError::Broken(words(error)),
    };
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > most {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whether the answer is a web page instead of data: the address is wrong, or a proxy answered.
pub(crate) fn is_web_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
}

/// An answer with an error status.
#[derive(Debug)]
pub(crate) struct HttpRefusal {
    /// The HTTP status of the answer.
    pub(crate) status: StatusCode,
    /// The server's error code; empty if it sent none.
    pub(crate) code: String,
    /// One bounded line for a person, without secrets; empty if the server sent none.
    pub(crate) message: String,
    /// What the server suggests, bounded and without secrets; empty if it sent nothing.
    pub(crate) hint: String,
    /// The value of `Retry-After`, if the server sent one that is a number of seconds.
    pub(crate) retry_after: Option<Duration>,
}

impl HttpRefusal {
    /// Reads a refusal. `secrets` were sent with the request and are removed from the message: a server may echo them.
    pub(crate) async fn read(response: Response, secrets: &[&str]) -> Self {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let named = response.headers().get("x-sb-error-code");
        let named = named.and_then(|code| code.to_str().ok()).map(str::to_owned);
        // A message that is too long or incomplete is ignored.
        let body = body(response, MAX_REFUSAL_BYTES).await.unwrap_or_else(|_| Vec::new());
        let value: Option<Value> = serde_json::from_slice(&body).ok();
        let text = |key: &str| Some(value.as_ref()?.get(key)?.as_str()?.to_owned());
        Self {
            status,
            code: named
                .or_else(|| text("error_code"))
                .or_else(|| text("code"))
                .or_else(|| text("error"))
                .unwrap_or_default(),
            message: error_text::without(&error_text::body_message(&body), secrets),
            hint: error_text::without(&error_text::tidy(&text("hint").unwrap_or_default()), secrets),
            retry_after,
        }
    }

    /// Whether a later attempt may succeed.
    pub(crate) fn is_passing(&self) -> bool {
        self.status.is_server_error()
            || self.status.is_redirection()
            || matches!(
                self.status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY
            )
    }

    /// `HTTP 503: try later`, or the meaning of a redirect.
    pub(crate) fn words(&self) -> String {
        let status = self.status.as_u16();
        if self.status.is_redirection() {
            return format!("the server redirects (HTTP {status}); the key is not sent there; check the URL");
        }
        match self.message.as_str() {
            "" => format!("HTTP {status}"),
            message => format!("HTTP {status}: {message}"),
        }
    }
}

/// The `Retry-After` header, in seconds or as a date, bounded.
pub(crate) fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    wait(text, wall_ms())
}

fn wait(text: &str, now_ms: i64) -> Option<Duration> {
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
            let left = at.as_millisecond().saturating_sub(now_ms);
            Duration::from_millis(u64::try_from(left).unwrap_or(0))
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

/// The wall clock, in milliseconds since the Unix epoch; 0 before the epoch.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
impl HttpRefusal {
    /// The wait that [`Self::example`] asks for.
    pub(crate) const EXAMPLE_WAIT: Duration = Duration::from_secs(7);

    /// A refusal as a server sends it, for tests of what is made of one.
    pub(crate) fn example(status: u16, code: &str, message: &str) -> Self {
        Self {
            status: StatusCode::from_u16(status).expect("a status"),
            code: code.into(),
            message: message.into(),
            hint: String::new(),
            retry_after: Some(Self::EXAMPLE_WAIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_is_bounded() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now_ms = 784_111_777_000;
        for (text, seconds) in [
            ("7", Some(7)),
            ("0", Some(0)),
            ("99999999", Some(300)),
            ("Sun, 06 Nov 1994 08:49:57 GMT", Some(20)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("Sun, 06 Nov 2094 08:49:07 GMT", Some(300)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(wait(text, now_ms), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
