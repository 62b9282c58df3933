//! Certificate and key of a listener.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls_pki_types::pem::{self, PemObject as _};
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

/// The files of a listener as they were when they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadTlsFiles {
    files: TlsFiles,
    /// Of certificate and key; `None` for a file that is missing.
    states: [Option<FileState>; 2],
}

/// Differs after a file was written or replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FileState {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl ReadTlsFiles {
    pub const fn files(&self) -> &TlsFiles {
        &self.files
    }

    /// Returns whether the files are still as they were read.
    pub fn is_current(&self) -> bool {
        self.states == self.files.states()
    }
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
        source: pem::Error,
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
    /// Reads both files for a listener that reads them again when they change.
    ///
    /// # Errors
    /// When a file cannot be read, or both do not belong together.
    pub fn read(self) -> Result<(TlsAcceptor, ReadTlsFiles), TlsError> {
        // Before the files are read: one that is written meanwhile is then read again.
        let states = self.states();
        let acceptor = self.acceptor()?;
        Ok((acceptor, ReadTlsFiles { files: self, states }))
    }

    fn states(&self) -> [Option<FileState>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some(FileState { modified: metadata.modified().ok(), bytes: metadata.len() })
        })
    }

    /// Reads both files.
    ///
    /// # Errors
    /// When a file cannot be read, or both do not belong together.
    pub fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let certificates = self.certificates()?;
        let key = regular_file(&self.key)
            .and_then(PrivateKeyDer::from_pem_file)
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
        let certificates = regular_file(&self.certificate)
            .and_then(CertificateDer::pem_file_iter)
            .map_err(fault)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(fault)?;
        if certificates.is_empty() {
            return Err(fault(pem::Error::NoItemsFound));
        }
        Ok(certificates)
    }
}

/// Refuses a named pipe, which could block for ever.
fn regular_file(path: &Path) -> Result<&Path, pem::Error> {
    let metadata = std::fs::metadata(path).map_err(pem::Error::Io)?;
    if metadata.is_file() { Ok(path) } else { Err(pem::Error::Io(io::Error::other("not a regular file"))) }
}

fn unreadable(kind: &'static str, path: &Path, source: pem::Error) -> TlsError {
    TlsError::Unreadable { kind, path: path.to_owned(), source }
}
