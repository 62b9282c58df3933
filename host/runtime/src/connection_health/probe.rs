//! Connects to a remote system without sending it anything but a TLS handshake.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use riser_domain::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Time for a connection and for a handshake.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A host with a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_tls: bool,
}

impl Remote {
    /// Reads a URL. Returns `None` if it names no port, neither itself nor by its scheme.
    pub(super) fn parse(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default()?;
        Some(Self { host, port, is_tls: url.scheme() == "https" })
    }
}

/// Opens a connection. Returns why it cannot be opened, in words.
pub(super) async fn connect(remote: &Remote) -> Result<TcpStream, String> {
    let Remote { host, port, .. } = remote;
    match timeout(TIMEOUT, TcpStream::connect((host.as_str(), *port))).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(match error.kind() {
            io::ErrorKind::ConnectionRefused => format!("{host} refuses connections on port {port}"),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                format!("{host} is unreachable")
            }
            _ => format!("no connection to {host} on port {port}: {error}"),
        }),
        Err(_) => Err(format!("{host} accepts no connection on port {port} within {} s", TIMEOUT.as_secs())),
    }
}

/// Returns when the certificate of a server ends. Returns `None` if it shows none.
pub(super) async fn read_certificate(remote: &Remote) -> Option<Timestamp> {
    let stream = connect(remote).await.ok()?;
    let name = ServerName::try_from(remote.host.clone()).ok()?;
    let handshake = TlsConnector::from(Arc::new(tls_config())).connect(name, stream);
    let tls = timeout(TIMEOUT, handshake).await.ok()?.ok()?;
    let (_, session) = tls.get_ref();
    expires_at(session.peer_certificates()?.first()?)
}

fn expires_at(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    Some(Timestamp::from_unix_ms(seconds.checked_mul(1_000)?))
}

/// Accepts every certificate: it is only read, and nothing is sent.
fn tls_config() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring offers TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ReadOnly(provider)))
        .with_no_client_auth()
}

#[derive(Debug)]
struct ReadOnly(Arc<CryptoProvider>);

impl ServerCertVerifier for ReadOnly {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn an_address_names_host_and_port() {
        let remote = |host: &str, port, is_tls| Some(Remote { host: host.to_owned(), port, is_tls });
        assert_eq!(Remote::parse("https://evce.example/api"), remote("evce.example", 443, true));
        assert_eq!(Remote::parse("http://10.1.2.3:8080"), remote("10.1.2.3", 8080, false));
        assert_eq!(Remote::parse("https://[::1]:8443/"), remote("::1", 8443, true));
        assert_eq!(Remote::parse("evce.example"), None);
    }

    #[tokio::test]
    async fn a_listening_port_is_reachable_and_a_closed_one_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let remote = Remote { host: "127.0.0.1".to_owned(), port, is_tls: false };
        assert!(connect(&remote).await.is_ok());
        drop(listener);
        let refused = connect(&remote).await.unwrap_err();
        assert_eq!(refused, format!("127.0.0.1 refuses connections on port {port}"));
    }
}
