//! The connection to the database, with TLS where the server offers it.

use std::{error::Error as _, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use rustls_platform_verifier::BuilderVerifierExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::CatalogueError;

/// Longest text of an error.
const MAX_WORDS: usize = 200;

/// Connects. The task carries the connection, and ends with it.
pub(crate) async fn connect(address: &SecretString) -> Result<(Client, JoinHandle<()>), CatalogueError> {
    let config: Config = address
        .expose_secret()
        .trim()
        .parse()
        .map_err(|_| CatalogueError::Address)?;
    if config.get_hosts().is_empty() {
        return Err(CatalogueError::Address);
    }
    let tls = tokio::task::spawn_blocking(tls)
        .await
        .map_err(|error| CatalogueError::Connect(error.to_string()))??;
    let (client, connection) = config.connect(MakeRustlsConnect::new(tls)).await.map_err(|error| {
        let words = words(&error);
        match words.contains("certificate") {
            true => CatalogueError::Certificate,
            false => CatalogueError::Connect(words),
        }
    })?;
    let task = tokio::spawn(async move {
        // The client sees the same error.
        let _ = connection.await;
    });
    Ok((client, task))
}

/// The machine's trust store, or the certificates of the file that PGSSLROOTCERT names, as PostgreSQL's own programs do.
fn tls() -> Result<ClientConfig, CatalogueError> {
    let problem = |error: rustls::Error| CatalogueError::Connect(error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(problem)?;
    let Some(path) = std::env::var_os("PGSSLROOTCERT").filter(|path| !path.is_empty()) else {
        return Ok(builder.with_platform_verifier().map_err(problem)?.with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|_| CatalogueError::RootCertificate)?;
    let (added, _) = roots.add_parsable_certificates(certificates.filter_map(Result::ok));
    if added == 0 {
        return Err(CatalogueError::RootCertificate);
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// What happened, as one line. The address is never part of it.
pub(crate) fn words(error: &tokio_postgres::Error) -> String {
    let text = match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => match error.source() {
            Some(source) => source.to_string(),
            None => error.to_string(),
        },
    };
    model::text::one_line(&text, MAX_WORDS)
}
