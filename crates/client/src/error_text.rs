//! Network errors in words for a person: short, and without URLs whose query holds the key.

use std::{error::Error, io};

use tokio_tungstenite::tungstenite::{self, error::ProtocolError};

/// Longest text copied from an error or a server's message, in characters.
const MAX_TEXT: usize = 240;

/// The text of the innermost I/O or TLS error, if there is one; otherwise of the outermost error.
pub(crate) fn words(error: &(dyn Error + 'static)) -> String {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return io_words(io);
        }
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return tls_words(tls);
        }
        cause = inner.source();
    }
    tidy(&error.to_string())
}

fn io_words(error: &io::Error) -> String {
    // TLS errors are wrapped in I/O errors of reads and writes.
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls_words(tls);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused: no server listens there".into(),
        io::ErrorKind::ConnectionReset => "the server reset the connection".into(),
        io::ErrorKind::UnexpectedEof => "the server closed the connection without giving a reason".into(),
        io::ErrorKind::TimedOut => "timed out".into(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "no route to the server".into(),
        _ => {
            let text = error.to_string();
            if text.contains("failed to lookup") || text.contains("Name or service not known") {
                "the server's name cannot be found (DNS)".into()
            } else {
                tidy(&text)
            }
        }
    }
}

/// The problem with the server's certificate or its TLS, with the remedy where the user has one.
fn tls_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => {
                "the server's certificate has expired, or this machine's clock is wrong".into()
            }
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                "the server's certificate is not valid yet, or this machine's clock is wrong".into()
            }
            Bad::UnknownIssuer => "the server's certificate is signed by nobody this machine trusts; install that \
                                   authority's certificate (ca-certificates)"
                .into(),
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                "the server's certificate is for another name; check the URL".into()
            }
            Bad::Revoked => "the server's certificate was revoked".into(),
            _ => "the server's certificate cannot be verified; inspect it with openssl s_client".into(),
        },
        rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => {
            "the server does not speak TLS there; check the URL and its port".into()
        }
        rustls::Error::AlertReceived(alert) => tidy(&format!("the server refused TLS ({alert:?})")),
        rustls::Error::PeerIncompatible(_) => "the server supports neither TLS 1.2 nor 1.3".into(),
        _ => "TLS failed".into(),
    }
}

/// The text of a WebSocket error.
pub(crate) fn socket_words(error: &tungstenite::Error) -> String {
    match error {
        tungstenite::Error::Io(error) => io_words(error),
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => "the connection is closed".into(),
        tungstenite::Error::Capacity(_) => "a frame is larger than the limit of 16 MiB".into(),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            "the server closed the connection without giving a reason".into()
        }
        tungstenite::Error::Utf8(_) => "the server sent text that is not UTF-8".into(),
        tungstenite::Error::Protocol(_) => "the server violated the WebSocket protocol".into(),
        other => words(other),
    }
}

/// Makes a text one bounded line without control characters.
pub(crate) fn tidy(text: &str) -> String {
    let mut line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_TEXT)
        .collect::<String>()
        .trim()
        .into();
    if text.chars().count() > MAX_TEXT {
        line.push('…');
    }
    line
}

/// Removes secrets from a text, in plain and in URL-encoded form: some servers echo what they were sent.
pub(crate) fn without(text: &str, secrets: &[&str]) -> String {
    /// Shorter texts are no secrets, and removing them would damage words.
    const LEAST: usize = 6;
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= LEAST) {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        text = text.replace(*secret, "…").replace(&encoded, "…");
    }
    text
}

/// The message in an error body: `{"message": …}` and similar forms. An HTML page has none.
pub(crate) fn body_message(body: &[u8]) -> String {
    let value: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let from_json = value.as_ref().and_then(|value| {
        ["message", "msg", "error_description", "error"]
            .iter()
            .find_map(|key| value.get(key).and_then(serde_json::Value::as_str))
    });
    match from_json {
        Some(text) => tidy(text),
        None => {
            let text = String::from_utf8_lossy(body);
            if text.trim_start().starts_with('<') {
                String::new()
            } else {
                tidy(&text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_error_is_put_into_words_however_deeply_it_is_wrapped() {
        let inner = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let io = io::Error::new(io::ErrorKind::InvalidData, inner());
        assert!(words(&io).contains("nobody this machine trusts"));
        assert!(socket_words(&tungstenite::Error::Io(io)).contains("nobody this machine trusts"));
        let odd = rustls::CertificateError::Other(rustls::OtherError(std::sync::Arc::new(io::Error::other("[6, 8]"))));
        let text = tls_words(&rustls::Error::InvalidCertificate(odd));
        assert!(text.contains("cannot be verified") && !text.contains('['), "{text}");
        let garbage = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        assert!(tls_words(&garbage).contains("does not speak TLS"));
    }

    #[test]
    fn echoed_secrets_are_removed() {
        let text = "Cannot GET /websocket?apikey=s%2Fcret%3D&vsn=2.0.0 as s/cret= with key";
        assert_eq!(
            without(text, &["s/cret=", "key", ""]),
            "Cannot GET /websocket?apikey=…&vsn=2.0.0 as … with key"
        );
    }

    #[test]
    fn the_message_is_read_from_json_and_html_has_none() {
        assert_eq!(body_message(br#"{"error":"API key is missing"}"#), "API key is missing");
        assert_eq!(body_message(br#"{"code":"X","message":"JWT expired"}"#), "JWT expired");
        assert_eq!(body_message(b"<html>oops</html>"), "");
        assert_eq!(body_message(b"plain\nwords"), "plain words");
    }
}
