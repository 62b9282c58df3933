use std::path::PathBuf;

use crate::{Denied, HostError};

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The run is to end, or the host is gone. Not transparent: `Failure` searches the causes for a stop.
    #[error("the request was not executed")]
    Host(#[from] HostError),
    /// The limiter is closed for now.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The address cannot be used.
    #[error("the address {address:?} cannot be used: {what}")]
    Address {
        /// The address.
        address: String,
        /// The cause.
        what: String,
    },
    /// The file with the certificates of an authority cannot be used.
    #[error("the certificate file {} cannot be used: {what}", file.display())]
    CaFile {
        /// The file.
        file: PathBuf,
        /// The cause.
        what: String,
    },
    /// A header or the path of the request is not allowed in HTTP. Its text is not shown: it may be a secret.
    #[error("the request cannot be sent: its path or a header has a character that HTTP does not allow")]
    Request,
    /// The server does not respond.
    #[error("{address} does not respond")]
    Unreachable {
        /// The address.
        address: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The certificate is not the one that is trusted.
    #[error("the certificate of {address} is not trusted: it has the SHA-256 fingerprint {fingerprint}")]
    Certificate {
        /// The address.
        address: String,
        /// The fingerprint that was seen, in hexadecimal.
        fingerprint: String,
    },
    /// The response did not arrive in time.
    #[error("{address} did not respond in time")]
    TimedOut {
        /// The address.
        address: String,
    },
    /// The response is larger than allowed.
    #[error("the response of {address} exceeds {limit_mib} MiB")]
    TooLarge {
        /// The address.
        address: String,
        /// The limit.
        limit_mib: usize,
    },
    /// The client cannot be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

impl HttpError {
    /// Returns whether an open connection ended without a response.
    pub(super) fn is_closed_connection(&self) -> bool {
        matches!(self, Self::Unreachable { source, .. } if !source.is_connect())
    }

    /// Returns whether the request may have reached the other side: only a read shows the result.
    pub const fn may_have_arrived(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::TooLarge { .. })
    }
}
