//! The connection to the database, and what is said when there is none.

use std::{
    error::Error as StdError,
    io::{self, ErrorKind},
};

use rustls::CertificateError;
use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{CatalogueError, address::Address, tls};

/// Longest text of an error.
const MAX_WORDS: usize = 200;

/// Connects. The task carries the connection, and ends with it.
pub(crate) async fn connect(address: &SecretString) -> Result<(Client, JoinHandle<()>), CatalogueError> {
    let Address { config, check, roots } = Address::read(address, |name| std::env::var(name).ok())?;
    // Reading the trust store may take its time.
    let tls = tokio::task::spawn_blocking(move || tls::config(check, &roots))
        .await
        .map_err(|error| CatalogueError::Connect(error.to_string()))??;
    let connected = config.connect(MakeRustlsConnect::new(tls)).await;
    let (client, connection) = connected.map_err(|error| refused(&error))?;
    let task = tokio::spawn(async move {
        // The client sees the same error.
        let _ = connection.await;
    });
    Ok((client, task))
}

/// What an error of the connection means.
fn refused(error: &tokio_postgres::Error) -> CatalogueError {
    let text = words(error);
    if let Some(answer) = error.as_db_error() {
        let code = answer.code();
        return if *code == SqlState::INVALID_CATALOG_NAME {
            CatalogueError::NoDatabase(text)
        } else if code.code().starts_with("28") || text.contains("user not found") {
            CatalogueError::SignIn(text)
        } else {
            CatalogueError::Refused(text)
        };
    }
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(of) = cause {
        let io = of.downcast_ref::<io::Error>();
        let tls = of
            .downcast_ref()
            .or_else(|| io?.get_ref()?.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(problem)) = tls {
            return certificate(problem);
        }
        if io.is_some_and(|io| matches!(io.kind(), ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable)) {
            return CatalogueError::NoRoute(text);
        }
        cause = of.source();
    }
    match text.as_str() {
        "password missing" => CatalogueError::SignIn("it asks for a password".to_owned()),
        "server does not support TLS" => CatalogueError::NoTls,
        _ => CatalogueError::Connect(text),
    }
}

fn certificate(problem: &CertificateError) -> CatalogueError {
    match problem {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CatalogueError::CertificateHost
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => CatalogueError::CertificateDate,
        _ => CatalogueError::Certificate,
    }
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
