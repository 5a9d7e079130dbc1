//! What is checked of a database's certificate. Databases often have one of an authority of their own, and libpq's modes
//! check less than a browser does: nothing, the issuer alone, or the issuer and the host.

use std::{path::Path, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};

use super::{
    CatalogueError,
    address::{Check, Roots},
};

/// The configuration of TLS for a mode.
pub(crate) fn config(check: Check, roots: &Roots) -> Result<ClientConfig, CatalogueError> {
    let problem = |error: Error| CatalogueError::Connect(error.to_string());
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(check, roots, provider.clone())?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(problem)?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

#[derive(Debug)]
struct Verifier {
    check: Check,
    /// `None` where nothing is checked.
    chain: Option<Arc<dyn ServerCertVerifier>>,
    /// Certificates of the file of authorities: one that a server presents itself is trusted, too.
    trusted: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(check: Check, roots: &Roots, provider: Arc<CryptoProvider>) -> Result<Self, CatalogueError> {
        let mut trusted = Vec::new();
        let chain: Option<Arc<dyn ServerCertVerifier>> = match (check, roots) {
            (Check::Nothing, _) => None,
            (_, Roots::System) => {
                let verifier = rustls_platform_verifier::Verifier::new(provider.clone());
                Some(Arc::new(
                    verifier.map_err(|error| CatalogueError::Connect(error.to_string()))?,
                ))
            }
            (_, Roots::File(path)) => {
                trusted = certificates(path)?;
                let mut store = RootCertStore::empty();
                let (added, _) = store.add_parsable_certificates(trusted.iter().cloned());
                if added == 0 {
                    return Err(CatalogueError::RootCertificate);
                }
                let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone());
                Some(verifier.build().map_err(|_| CatalogueError::RootCertificate)?)
            }
        };
        Ok(Self {
            check,
            chain,
            trusted,
            provider,
        })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CatalogueError> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|_| CatalogueError::RootCertificate)?;
    Ok(certificates.filter_map(Result::ok).collect())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        if self.trusted.iter().any(|trusted| trusted == end_entity) {
            if self.check == Check::Host {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, host)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match chain.verify_server_cert(end_entity, intermediates, host, ocsp_response, now) {
            // The chain is verified before the name.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Issuer => Ok(ServerCertVerified::assertion()),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
