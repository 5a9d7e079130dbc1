//! One TLS handshake that returns the server's certificate, verified as for every other connection, whatever the verdict.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use rustls_platform_verifier::Verifier;
use x509_cert::{
    der::Decode as _,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

use super::{super::error_text, Endpoint, reach};

/// At most this many names of a certificate are reported.
const MAX_NAMES: usize = 8;

/// The result of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsLook {
    /// `TLSv1_3`, once it is negotiated.
    pub version: Option<String>,
    /// The server's own certificate, when it sent one that can be read.
    pub certificate: Option<Certificate>,
    /// Whether the handshake succeeded and the certificate is trusted.
    pub verdict: Result<(), TlsProblem>,
}

/// A certificate's subject, issuer and validity. The texts come from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The distinguished name of its owner.
    pub subject: String,
    /// The distinguished name of the authority that signed it.
    pub issuer: String,
    /// Hosts that it is valid for, at most eight.
    pub names: Vec<String>,
    /// When its validity begins, in seconds since the Unix epoch.
    pub not_before: i64,
    /// When its validity ends, in seconds since the Unix epoch.
    pub not_after: i64,
}

/// Why a handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsProblem {
    /// The certificate is no longer valid.
    Expired,
    /// The certificate is not valid yet; this machine's clock may be wrong.
    NotYetValid,
    /// No certificate authority that this machine trusts has signed the certificate.
    UnknownIssuer,
    /// The certificate was issued to other hosts.
    WrongName,
    /// Another fault of the certificate, in words.
    Certificate(String),
    /// This machine trusts no certificate authority.
    NoTrust(String),
    /// The peer does not speak TLS.
    NotTls,
    /// Anything else, in words.
    Other(String),
}

/// Performs a handshake with the server at `address`, which should be `endpoint`.
pub async fn tls(address: SocketAddr, endpoint: &Endpoint, deadline: Duration) -> TlsLook {
    let endpoint = endpoint.clone();
    let blocking = tokio::task::spawn_blocking(move || look(address, &endpoint, deadline));
    let failed = |text: String| TlsLook {
        version: None,
        certificate: None,
        verdict: Err(TlsProblem::Other(text)),
    };
    match tokio::time::timeout(deadline, blocking).await {
        Ok(Ok(look)) => look,
        Ok(Err(_)) => failed("the look was cut off".into()),
        Err(_) => failed(reach::no_answer(deadline)),
    }
}

fn look(address: SocketAddr, endpoint: &Endpoint, deadline: Duration) -> TlsLook {
    let seen = Arc::new(Seen::default());
    let (version, verdict) = match shake(address, endpoint, deadline, &seen) {
        Ok(version) => (version, Ok(())),
        Err(problem) => (None, Err(problem)),
    };
    let der = seen.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    TlsLook {
        version,
        certificate: der.and_then(|der| read(&der)),
        verdict,
    }
}

fn shake(
    address: SocketAddr,
    endpoint: &Endpoint,
    deadline: Duration,
    seen: &Arc<Seen>,
) -> Result<Option<String>, TlsProblem> {
    let other = |error: &dyn std::error::Error| TlsProblem::Other(error_text::tidy(&error.to_string()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(provider.clone()).map_err(|error| TlsProblem::NoTrust(error.to_string()))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| other(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Witness {
            verifier,
            seen: seen.clone(),
        }))
        .with_no_client_auth();
    let name = ServerName::try_from(endpoint.name()).map_err(|error| other(&error))?;
    let mut tls = ClientConnection::new(Arc::new(config), name).map_err(|error| other(&error))?;
    let mut tcp =
        TcpStream::connect_timeout(&address, deadline).map_err(|error| TlsProblem::Other(error_text::words(&error)))?;
    let started = Instant::now();
    let bounded = tcp
        .set_read_timeout(Some(deadline))
        .and_then(|()| tcp.set_write_timeout(Some(deadline)));
    bounded.map_err(|error| TlsProblem::Other(error_text::words(&error)))?;
    while tls.is_handshaking() {
        if started.elapsed() > deadline {
            return Err(TlsProblem::Other(reach::no_answer(deadline)));
        }
        tls.complete_io(&mut tcp).map_err(|error| problem(&error, deadline))?;
    }
    let version = tls
        .protocol_version()
        .and_then(|version| version.as_str().map(str::to_owned));
    tls.send_close_notify();
    // A courtesy: the connection is dropped either way.
    let _ = tls.write_tls(&mut tcp);
    Ok(version)
}

fn problem(error: &io::Error, deadline: Duration) -> TlsProblem {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => TlsProblem::Other(reach::no_answer(deadline)),
            _ => TlsProblem::Other(error_text::words(error)),
        };
    };
    match tls {
        Error::InvalidCertificate(fault) => match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsProblem::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsProblem::NotYetValid,
            // The second: a different authority of the same name is trusted here.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsProblem::UnknownIssuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsProblem::WrongName
            }
            other => TlsProblem::Certificate(error_text::tidy(&other.to_string())),
        },
        Error::InvalidMessage(_) => TlsProblem::NotTls,
        other => TlsProblem::Other(error_text::tidy(&other.to_string())),
    }
}

/// The certificate as it was received.
#[derive(Debug, Default)]
struct Seen(Mutex<Option<Vec<u8>>>);

/// Keeps a copy of the certificate and leaves every decision to the verifier that all connections use.
#[derive(Debug)]
struct Witness {
    verifier: Verifier,
    seen: Arc<Seen>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.to_vec());
        self.verifier
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn read(der: &[u8]) -> Option<Certificate> {
    let certificate = x509_cert::Certificate::from_der(der).ok()?.tbs_certificate;
    let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let names = certificate
        .get::<SubjectAltName>()
        .ok()
        .flatten()
        .map(|(_, names)| names.0);
    let names = names.unwrap_or_default().into_iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(error_text::tidy(name.as_str())),
        GeneralName::IpAddress(ip) => match ip.as_bytes() {
            [a, b, c, d] => Some(format!("{a}.{b}.{c}.{d}")),
            bytes => Some(std::net::Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string()),
        },
        _ => None,
    });
    Some(Certificate {
        subject: error_text::tidy(&certificate.subject.to_string()),
        issuer: error_text::tidy(&certificate.issuer.to_string()),
        names: names.take(MAX_NAMES).collect(),
        not_before: seconds(certificate.validity.not_before),
        not_after: seconds(certificate.validity.not_after),
    })
}
