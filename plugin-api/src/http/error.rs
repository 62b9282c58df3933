use std::path::PathBuf;

use crate::{Denied, HostError};

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The run is to end, or the host is gone. Not transparent: a stop is looked for among the causes.
    #[error("the request was not executed")]
    Host(#[from] HostError),
    /// The connection is left alone for now.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The address cannot be used.
    #[error("the address {address:?} cannot be used: {what}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        what: String,
    },
    /// The file with the certificates of an authority cannot be used.
    #[error("the certificate file {} cannot be used: {what}", file.display())]
    CaFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Nothing responds there.
    #[error("{address} does not answer")]
    Unreachable {
        /// The address.
        address: String,
        /// Why.
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
    /// The response did not come in time.
    #[error("{address} did not answer in time")]
    TimedOut {
        /// The address.
        address: String,
    },
    /// The response is larger than allowed.
    #[error("{address} answered more than {limit_mib} MiB")]
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
    /// Whether the request may have reached the other side: only a read shows the result.
    pub const fn may_have_arrived(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::TooLarge { .. })
    }
}
