//! Sealing and opening of secrets: the root key that lies outside the database, the data keys that it wraps,
//! and the secrets sealed with them. Portal passwords are hashed here, too.
//!
//! A sealed secret is bound to its installation, table, row and column: moved anywhere else, or changed in a
//! single bit, it does not open. It is opened at the point of use and lives in [`secrecy::SecretString`].
//!
//! **Invariant:** no SQL and no HTTP here; nothing in this crate prints a secret.
#![deny(missing_docs)]

mod cipher;
mod error;
mod keyring;
mod passwords;
mod random;
mod root_key;
mod secret_context;

pub use error::SecretError;
pub use keyring::{Keyring, SealedSecret, WrappedDataKey};
pub use passwords::{hash_password, verify_password};
pub use random::random_password;
pub use root_key::{KeyCreation, RootKey, root_key_path};
pub use secret_context::SecretContext;
