//! TLS to a model's server, with the roots that this machine trusts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::egress::host::Host;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is needed to speak TLS.
#[derive(Clone)]
pub struct Tls(TlsConnector);

impl Tls {
    /// Reads the roots: the system's, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    pub fn new() -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        // Damaged ones among many are no reason to trust none.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Returns the near end of a connection that is encrypted on its way to this host.
    pub async fn over(&self, stream: TcpStream, host: &Host) -> io::Result<UnixStream> {
        let name = match host {
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(io::Error::other)?,
            Host::Address(address) => ServerName::from(*address),
        };
        let shaken = tokio::time::timeout(PATIENCE, self.0.connect(name, stream)).await;
        let far = shaken.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let (near, inner) = UnixStream::pair()?;
        tokio::spawn(carry(far, inner));
        Ok(near)
    }
}

/// Carries bytes both ways until one side has ended: with it ends the exchange, and the server hears of that at once.
async fn carry(far: TlsStream<TcpStream>, near: UnixStream) {
    let (mut from_far, mut to_far) = tokio::io::split(far);
    let (mut from_near, mut to_near) = near.into_split();
    let out = async {
        let ended = tokio::io::copy(&mut from_near, &mut to_far).await;
        // Nobody is there any more to hear of it.
        let _ = to_far.shutdown().await;
        drop(ended);
    };
    tokio::select! {
        () = out => {}
        _ = tokio::io::copy(&mut from_far, &mut to_near) => {}
    }
}
