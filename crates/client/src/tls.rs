//! One TLS configuration for the socket and for REST: ring, and the machine's own trust store.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto};
use rustls_platform_verifier::BuilderVerifierExt as _;
use url::Url;

/// What everything of one connection speaks TLS by.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    needed: bool,
    config: Arc<ClientConfig>,
}

impl Tls {
    pub(super) fn new<'u>(urls: impl IntoIterator<Item = &'u Url>) -> Result<Self, rustls::Error> {
        let needed = urls.into_iter().any(|url| matches!(url.scheme(), "wss" | "https"));
        Ok(Self {
            needed,
            config: Arc::new(client_config(needed)?),
        })
    }

    pub(super) fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// Reads the trust store again: certificates come and go while a wall runs for weeks. What cannot be read leaves the
    /// old one in force.
    pub(super) fn renew(&mut self) {
        if self.needed
            && let Ok(config) = client_config(true)
        {
            self.config = Arc::new(config);
        }
    }
}

/// Builds the client's TLS configuration. Without `needed` (plain loopback addresses) it trusts nobody and reads no
/// trust store, so that a machine without certificates can still run the demo.
pub(super) fn client_config(needed: bool) -> Result<ClientConfig, rustls::Error> {
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
