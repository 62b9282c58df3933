//! The self-signed certificate that is made at each start, as a device of this kind has one, and worse ones.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// How a certificate is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CertificateKind {
    /// A new one with a new key, and nothing wrong with it.
    Renewed,
    /// Its end was in 2001.
    Expired,
    /// It begins in 2150.
    NotYetValid,
    /// For another name.
    WrongName,
    /// None: the handshake never goes on.
    Stalled,
}

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error(transparent)]
    Make(#[from] rcgen::Error),
    #[error(transparent)]
    Use(#[from] rustls::Error),
}

/// A certificate in use.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate_der: Vec<u8>,
    /// `None` for a handshake that never goes on.
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// The certificate for new connections.
pub(crate) struct Certificates {
    address: IpAddr,
    identity: Mutex<Identity>,
}

impl Certificates {
    /// Makes a certificate for an address, and for `localhost`.
    pub(crate) fn new(address: IpAddr) -> Result<Self, CertificateError> {
        Ok(Self { address, identity: Mutex::new(identity(address, CertificateKind::Renewed)?) })
    }

    pub(crate) fn current(&self) -> Identity {
        self.identity.lock().clone()
    }

    /// Makes another certificate for new connections.
    pub(crate) fn replace(&self, kind: CertificateKind) -> Result<(), CertificateError> {
        let new = identity(self.address, kind)?;
        *self.identity.lock() = new;
        Ok(())
    }
}

impl Identity {
    /// SHA-256 of the certificate in DER, as lower-case hexadecimal digits.
    pub(crate) fn fingerprint(&self) -> String {
        hex::encode(Sha256::digest(&self.certificate_der))
    }
}

fn identity(address: IpAddr, kind: CertificateKind) -> Result<Identity, CertificateError> {
    let names = match kind {
        CertificateKind::WrongName => vec!["elsewhere.example".to_owned()],
        _ => vec!["localhost".to_owned(), address.to_string()],
    };
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "EVCE-0001");
    params.distinguished_name.push(DnType::OrganizationName, "EVCE simulator");
    match kind {
        CertificateKind::Expired => {
            params.not_before = rcgen::date_time_ymd(2000, 1, 1);
            params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        }
        CertificateKind::NotYetValid => {
            params.not_before = rcgen::date_time_ymd(2150, 1, 1);
            params.not_after = rcgen::date_time_ymd(2160, 1, 1);
        }
        _ => {}
    }
    let signing_key = KeyPair::generate()?;
    let certificate: CertificateDer<'static> = params.self_signed(&signing_key)?.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let certificate_der = certificate.to_vec();
    let tls = (kind != CertificateKind::Stalled).then(|| tls(certificate, key)).transpose()?;
    Ok(Identity { certificate_der, tls })
}

fn tls(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
