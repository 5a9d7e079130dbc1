//! What went wrong on the wire, in words for a person: short, and free of addresses with a query in them.

use std::{error::Error, io};

use tokio_tungstenite::tungstenite::{self, error::ProtocolError};

/// Longest text taken from an error or a server's message.
const MAX_TEXT: usize = 240;

/// The innermost I/O error's own words, where there is one; else the outermost error's.
pub(super) fn words(error: &(dyn Error + 'static)) -> String {
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
    // TLS fails inside of reads and writes.
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

/// What is wrong with the server's certificate, or with its TLS; most of it is in the user's hands.
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

/// The socket's error in words.
pub(super) fn socket_words(error: &tungstenite::Error) -> String {
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

/// One line, bounded, without control characters.
pub(super) fn tidy(text: &str) -> String {
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

/// What is left of a text when secrets are taken out of it, as they are and as they stand in an address: some servers say
/// back what they were sent.
pub(super) fn without(text: &str, secrets: &[&str]) -> String {
    /// Shorter ones are no secrets, and would tear words apart.
    const LEAST: usize = 6;
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= LEAST) {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        text = text.replace(*secret, "…").replace(&encoded, "…");
    }
    text
}

/// The message in an error body: `{"message": …}` and its like; an HTML page says nothing useful.
pub(super) fn body_message(body: &[u8]) -> String {
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
    fn what_is_wrong_with_tls_is_said_in_words_however_deep_it_sits() {
        let inner = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let io = io::Error::new(io::ErrorKind::InvalidData, inner());
        assert!(words(&io).contains("nobody this machine trusts"));
        assert!(socket_words(&tungstenite::Error::Io(io)).contains("nobody this machine trusts"));
        let odd = rustls::CertificateError::Other(rustls::OtherError(std::sync::Arc::new(io::Error::other("[6, 8]"))));
        let text = tls_words(&rustls::Error::InvalidCertificate(odd));
        assert!(text.contains("cannot be checked") && !text.contains('['), "{text}");
        let garbage = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        assert!(tls_words(&garbage).contains("does not speak TLS"));
    }

    #[test]
    fn secrets_said_back_are_taken_out() {
        let text = "Cannot GET /websocket?apikey=s%2Fcret%3D&vsn=2.0.0 as s/cret= with key";
        assert_eq!(
            without(text, &["s/cret=", "key", ""]),
            "Cannot GET /websocket?apikey=…&vsn=2.0.0 as … with key"
        );
    }

    #[test]
    fn the_message_is_taken_from_json_and_html_is_dropped() {
        assert_eq!(body_message(br#"{"error":"API key is missing"}"#), "API key is missing");
        assert_eq!(body_message(br#"{"code":"X","message":"JWT expired"}"#), "JWT expired");
        assert_eq!(body_message(b"<html>oops</html>"), "");
        assert_eq!(body_message(b"plain\nwords"), "plain words");
    }
}
