//! Which certificates are trusted: one that is pinned, an authority's from a file, or the system's.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};

use super::HttpError;

/// The trusted certificates. Trusting all is not possible.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The certificate with this fingerprint, whatever its name.
    Pin(CertificatePin),
    /// The certificates in this PEM file, whatever their names, and those signed by an authority in it.
    CaFile(PathBuf),
    /// None yet: the handshake fails and reports the fingerprint that was seen.
    Nothing,
}

/// The SHA-256 fingerprint of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificatePin([u8; 32]);

impl CertificatePin {
    /// Reads 64 hexadecimal digits, with or without colons and spaces.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u32> = text
            .chars()
            .filter(|character| !matches!(character, ':' | ' '))
            .map(|character| character.to_digit(16))
            .collect::<Option<_>>()?;
        let mut bytes = [0; 32];
        if digits.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::try_from(pair[0] * 16 + pair[1]).ok()?;
        }
        Some(Self(bytes))
    }

    fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl std::fmt::Display for CertificatePin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The fingerprint of the last certificate that was refused.
pub(super) type Refused = Arc<Mutex<Option<CertificatePin>>>;

/// Returns the TLS settings for a kind of trust. System certificates are never read: they cost a worker more memory
/// than all else, and no public authority signs for a controller's private address.
pub(super) fn tls_config(trust: &Trust, refused: &Refused) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring offers TLS 1.2 and 1.3");
    let authority = match trust {
        Trust::CaFile(file) => Some(Authority::read(file, &provider)?),
        Trust::Pin(_) | Trust::Nothing => None,
    };
    let pin = match trust {
        Trust::Pin(pin) => Some(*pin),
        _ => None,
    };
    let verifier = Verifier { pin, authority, refused: Arc::clone(refused), provider };
    Ok(versions.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

impl Trust {
    /// Reads the PEM file, if there is one, without connecting. [any thread]
    ///
    /// # Errors
    /// [`HttpError::CaFile`] if it cannot be used.
    pub fn check(&self) -> Result<(), HttpError> {
        match self {
            Self::CaFile(file) => Authority::read(file, &Arc::new(ring::default_provider())).map(drop),
            Self::Pin(_) | Self::Nothing => Ok(()),
        }
    }
}

/// The certificates of a PEM file.
#[derive(Debug)]
struct Authority {
    /// `openssl req -x509` makes an authority of each self-signed certificate, and an authority is not valid for a
    /// server. The certificate itself is known nevertheless.
    certificates: Vec<CertificateDer<'static>>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Authority {
    fn read(file: &Path, provider: &Arc<CryptoProvider>) -> Result<Self, HttpError> {
        let fault = |what: String| HttpError::CaFile { file: file.to_owned(), what };
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect)
            .map_err(|error| fault(error.to_string()))?;
        if certificates.is_empty() {
            return Err(fault("it has no certificate in PEM".to_owned()));
        }
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|error| fault(error.to_string()))?;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| fault(error.to_string()))?;
        Ok(Self { certificates, verifier })
    }
}

#[derive(Debug)]
struct Verifier {
    pin: Option<CertificatePin>,
    authority: Option<Authority>,
    refused: Refused,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let seen = CertificatePin::of(end_entity);
        let verdict = match &self.authority {
            Some(authority) if authority.certificates.contains(end_entity) => {
                Ok(ServerCertVerified::assertion())
            }
            Some(Authority { verifier, .. }) => {
                verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            None if self.pin == Some(seen) => Ok(ServerCertVerified::assertion()),
            None => Err(CertificateError::ApplicationVerificationFailure.into()),
        };
        if verdict.is_err() {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_with_and_without_colons() {
        let hex = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(CertificatePin::parse(&hex), CertificatePin::parse(&colons));
        assert_eq!(CertificatePin::parse(&hex).unwrap().to_string(), hex);
        for wrong in ["", "ab", "zz", &"a".repeat(63)] {
            assert_eq!(CertificatePin::parse(wrong), None, "{wrong}");
        }
    }
}
