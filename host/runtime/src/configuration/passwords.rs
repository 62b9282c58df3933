use riser_secrets::{SecretError, hash_password};
use secrecy::{ExposeSecret as _, SecretString};

/// Least number of characters of a portal user's password.
const SHORTEST_PASSWORD_CHARACTERS: usize = 10;

/// Why a password cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the password is too short: it needs {SHORTEST_PASSWORD_CHARACTERS} characters")]
    TooShort,
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// Hashes a portal user's new password for a [`UserDraft`](super::UserDraft).
pub fn hash_new_password(password: &SecretString) -> Result<SecretString, PasswordError> {
    if password.expose_secret().chars().count() < SHORTEST_PASSWORD_CHARACTERS {
        return Err(PasswordError::TooShort);
    }
    Ok(hash_password(password)?.into())
}
