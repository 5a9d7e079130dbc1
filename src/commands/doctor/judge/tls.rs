//! The certificate.

use std::time::Duration;

use super::{super::check::Check, DAYS_OF_WARNING, day, days};
use client::probe::{Endpoint, TlsLook, TlsProblem};
use model::noun;

/// `now`: seconds since the Unix epoch.
pub fn tls(endpoint: &Endpoint, look: &TlsLook, now: i64, took: Duration) -> Check {
    let mut parts = Vec::new();
    if let Some(certificate) = &look.certificate {
        let left = days(now, certificate.not_after);
        parts.push(format!(
            "{}, issued by {}, to {} ({})",
            if certificate.subject.is_empty() {
                certificate.names.join(", ")
            } else {
                certificate.subject.clone()
            },
            certificate.issuer,
            day(certificate.not_after),
            match left {
                0.. => format!("{left} {} left", noun(left.unsigned_abs(), "day", "days")),
                _ => format!("{} days ago", -left),
            }
        ));
    }
    parts.extend(look.version.as_ref().map(|version| version.replace('_', ".")));
    let seen = parts.join("; ");
    let failed = |what: &str| {
        let found = if seen.is_empty() {
            what.to_owned()
        } else {
            format!("{what}: {seen}")
        };
        Check::failed("tls", found)
    };
    let check = match &look.verdict {
        Ok(()) => match &look.certificate {
            Some(certificate) if days(now, certificate.not_after) < DAYS_OF_WARNING => Check::warning("tls", seen)
                .means("when it has expired every connection fails")
                .remedy("renew the certificate, or ask whoever runs the server why that does not happen by itself"),
            _ => Check::ok("tls", seen),
        },
        Err(TlsProblem::Expired) => failed("the certificate has expired")
            .means("nobody can tell whether this is still the server, or this machine's clock is wrong")
            .remedy("renew the certificate on the server; check this machine's date (timedatectl)"),
        Err(TlsProblem::NotYetValid) => failed("the certificate is not valid yet")
            .means("this machine's clock is behind, or the certificate was made for later")
            .remedy("check this machine's date (timedatectl)"),
        Err(TlsProblem::UnknownIssuer) => failed("the certificate's issuer is unknown here")
            .means(
                "the server has a private or self-signed certificate, sends an incomplete chain, or somebody between \
                 reads along",
            )
            .remedy(
                "add the issuer's certificate to this machine's trust store (copy it to \
                 /usr/local/share/ca-certificates/NAME.crt, run update-ca-certificates), or name it in SSL_CERT_FILE",
            ),
        Err(TlsProblem::WrongName) => {
            let names = look
                .certificate
                .as_ref()
                .map(|certificate| certificate.names.join(", "));
            failed(&format!("the certificate is not for {}", endpoint.name()))
                .means(format!(
                    "it is for {}",
                    names.filter(|names| !names.is_empty()).unwrap_or("no host".into())
                ))
                .remedy("use the host that the certificate names, or have one made for this host")
        }
        Err(TlsProblem::Certificate(problem)) => failed(&format!("the certificate is not accepted ({problem})"))
            .means("this server cannot be trusted as it is")
            .remedy("have the certificate made anew"),
        Err(TlsProblem::NoTrust(problem)) => failed(&format!("this machine trusts nobody ({problem})"))
            .means("it has no certificates of authorities to compare with")
            .remedy("install them (apt-get install ca-certificates)"),
        Err(TlsProblem::NotTls) => failed("what answers there does not speak TLS")
            .means("this port is for plain http, or for something else")
            .remedy("correct the port, or the scheme of the URL"),
        Err(TlsProblem::Other(problem)) => failed(problem)
            .means("the server takes connections and does not finish a TLS handshake")
            .remedy("check that the port is the one for https; a proxy or an overloaded server can be in between"),
    };
    check.at(endpoint.to_string()).took(took)
}
