//! Sealing and opening of secrets: the root key outside the database, the data keys that it wraps, and the
//! secrets sealed with them. Hashes of portal passwords.
//!
//! A sealed secret is bound to its installation, table, row and column. If it is moved, or a single bit is
//! changed, it does not open. Callers open it at the point of use and keep it in [`secrecy::SecretString`].
//!
//! **Invariant:** This crate has no SQL and no HTTP, and prints no secret.

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
pub use random::{random_code, random_password};
pub use root_key::{KeyCreation, RootKey, root_key_path};
pub use secret_context::SecretContext;
