use std::path::PathBuf;

use crate::SecretContext;

/// Why a secret or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is no root key, and secrets wait for it.
    #[error(
        "the root key file {path} is missing, and the stored secrets can only be opened with it; put the file \
         back, or remove the secrets and enter them again"
    )]
    RootKeyMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The root key cannot be read or made.
    #[error("the root key file {path} cannot be used; let this user read it")]
    RootKeyUnusable {
        /// Where it is.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is no root key.
    #[error("the file {path} is no root key: it should hold 64 hexadecimal digits")]
    RootKeyMalformed {
        /// Where it is.
        path: PathBuf,
    },
    /// The root key at hand does not open the data key that a secret needs.
    #[error(
        "the data key {kid} is missing: the root key does not open it; put back the key file that belongs to \
         this data directory, or enter the secrets again"
    )]
    KeyMissing {
        /// The data key.
        kid: String,
    },
    /// There is no data key to seal with.
    #[error("there is no data key yet")]
    NoDataKey,
    /// A sealed secret was changed, moved or cut.
    #[error("integrity failure: the secret {context} was changed or moved and is not used; enter it again")]
    Integrity {
        /// Where it lies.
        context: SecretContext,
    },
    /// The operating system gives no randomness.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// A password could not be hashed.
    #[error("the password could not be hashed")]
    Hashing,
}
