use std::path::PathBuf;

use crate::SecretContext;

/// The reason that a secret or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The root key file is missing, and stored secrets need it.
    #[error(
        "the root key file {path} is missing, and the stored secrets cannot be opened without it; put the file \
         back, or remove the secrets and enter them again"
    )]
    RootKeyMissing { path: PathBuf },
    /// The root key file cannot be read or created.
    #[error(
        "the root key file {path} cannot be read or created; make it readable and its directory writable for this user"
    )]
    RootKeyUnusable { path: PathBuf, source: std::io::Error },
    /// The file does not contain a root key.
    #[error(
        "the file {path} is not a root key, which has 64 hexadecimal digits; restore the key file of this data directory"
    )]
    RootKeyMalformed { path: PathBuf },
    /// The root key does not open the data key that a secret needs.
    #[error(
        "the data key {kid} is missing: the root key does not open it; put back the key file that belongs to \
         this data directory, or enter the secrets again"
    )]
    KeyMissing {
        /// Id of the data key.
        kid: String,
    },
    /// There is no data key yet, so nothing can be sealed.
    #[error("there is no data key yet; restart Riser, which creates one")]
    NoDataKey,
    /// A sealed secret was changed, moved or truncated.
    #[error("integrity failure: the secret {context} was changed or moved and is not used; enter it again")]
    Integrity { context: SecretContext },
    /// The operating system returned no random bytes.
    #[error("the operating system returned no random bytes; try again")]
    NoRandomness,
    /// Argon2 failed, usually for lack of memory.
    #[error("the password cannot be hashed; free some memory and try again")]
    Hashing,
}
