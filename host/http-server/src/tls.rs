//! Certificate and key of a listener.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Paths of a certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those that signed it, in PEM.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing, unreadable or does not contain a certificate or key.
    #[error("{kind} cannot be read from {}; it must be a PEM file that this process may read", path.display())]
    Unreadable {
        kind: &'static str,
        path: PathBuf,
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// Both can be read but not used together.
    #[error("the certificate in {} and the key in {} do not belong together; name the key this certificate was made for", .certificate.display(), .key.display())]
    Unfit {
        certificate: PathBuf,
        key: PathBuf,
        #[source]
        source: rustls::Error,
    },
}

impl TlsFiles {
    /// Reads both files.
    ///
    /// # Errors
    /// When a file cannot be read, or both do not belong together.
    pub fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let certificates = self.certificates()?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|source| unreadable("the key", &self.key, source))?;
        let unfit =
            |source| TlsError::Unfit { certificate: self.certificate.clone(), key: self.key.clone(), source };
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(unfit)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let fault = |source| unreadable("a certificate", &self.certificate, source);
        let certificates = CertificateDer::pem_file_iter(&self.certificate)
            .map_err(fault)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(fault)?;
        if certificates.is_empty() {
            return Err(fault(rustls_pki_types::pem::Error::NoItemsFound));
        }
        Ok(certificates)
    }
}

fn unreadable(kind: &'static str, path: &Path, source: rustls_pki_types::pem::Error) -> TlsError {
    TlsError::Unreadable { kind, path: path.to_owned(), source }
}
