//! TLS for requests and links: rustls with Mozilla's roots, or none at all. The only place with a provider of cryptography.

use hyper_util::client::legacy::connect::HttpConnector;

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp
}

#[cfg(feature = "tls")]
mod with {
    use std::sync::{Arc, OnceLock};

    use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
    use hyper_util::client::legacy::connect::HttpConnector;

    pub(crate) type Connector = HttpsConnector<HttpConnector>;

    fn config() -> Arc<rustls::ClientConfig> {
        static CONFIG: OnceLock<Arc<rustls::ClientConfig>> = OnceLock::new();
        let make = || {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("ring offers TLS 1.2 and 1.3")
                .with_webpki_roots()
                .with_no_client_auth();
            Arc::new(config)
        };
        Arc::clone(CONFIG.get_or_init(make))
    }

    pub(crate) fn http() -> Connector {
        let mut tcp = super::tcp();
        tcp.enforce_http(false);
        let config = rustls::ClientConfig::clone(&config());
        HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp)
    }

    pub(crate) fn socket() -> Option<tokio_tungstenite::Connector> {
        Some(tokio_tungstenite::Connector::Rustls(config()))
    }
}

#[cfg(not(feature = "tls"))]
mod without {
    pub(crate) type Connector = hyper_util::client::legacy::connect::HttpConnector;

    pub(crate) fn http() -> Connector {
        super::tcp()
    }
}

#[cfg(feature = "tls")]
pub(crate) use with::{Connector, http, socket};
#[cfg(not(feature = "tls"))]
pub(crate) use without::{Connector, http};
