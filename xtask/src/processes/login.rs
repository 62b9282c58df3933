//! Who may log in where, with a password of this start.

use anyhow::Context as _;

/// Bytes of randomness in a password; written as hexadecimal digits, which no shell changes.
const PASSWORD_BYTES: usize = 10;

/// A name and its password.
pub(crate) struct Login {
    pub(crate) user: &'static str,
    pub(crate) password: String,
}

impl Login {
    /// This user with a random password.
    pub(crate) fn random(user: &'static str) -> anyhow::Result<Self> {
        let mut bytes = [0; PASSWORD_BYTES];
        getrandom::fill(&mut bytes).context("the operating system gives no random bytes")?;
        Ok(Self { user, password: hex::encode(bytes) })
    }
}
