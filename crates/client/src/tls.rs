//! One TLS configuration for the socket, REST and Auth: ring, and the machine's own trust store.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::task;
use url::Url;

/// The TLS configuration of a feed's connections.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    is_needed: bool,
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Reads the trust store if one of the URLs needs it.
    pub(crate) fn new<'u>(urls: impl IntoIterator<Item = &'u Url>) -> Result<Self, rustls::Error> {
        let is_needed = urls.into_iter().any(|url| matches!(url.scheme(), "wss" | "https"));
        Ok(Self {
            is_needed,
            config: Arc::new(client_config(is_needed)?),
        })
    }

    pub(crate) fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// Reads the trust store again, on a thread where it may take its time: certificates come and go while a wall runs
    /// for weeks. If it cannot be read, the old one stays in force.
    pub(crate) async fn renewed(self) -> Self {
        if !self.is_needed {
            return self;
        }
        match task::spawn_blocking(|| client_config(true)).await {
            Ok(Ok(config)) => Self {
                config: Arc::new(config),
                ..self
            },
            _ => self,
        }
    }
}

/// Builds the client's TLS configuration. When it is not `needed` (plain loopback addresses) it trusts nobody and reads
/// no trust store, so that a machine without certificates can still run the demo.
pub(crate) fn client_config(needed: bool) -> Result<ClientConfig, rustls::Error> {
    // The provider is named here: with none or two in the tree rustls would panic at the first connect.
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    Ok(if needed {
        builder.with_platform_verifier()?.with_no_client_auth()
    } else {
        builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    })
}
