//! Portal passwords: Argon2id with 19 MiB and two passes, the parameters of the OWASP cheat sheet. A hash
//! contains its parameters, so a later release can raise them without locking users out.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};

use crate::SecretError;

/// Hashes a password with a random salt. Returns a PHC string.
///
/// Needs a large part of a second and 19 MiB, so do not call it in an asynchronous task.
///
/// # Errors
/// [`SecretError::Hashing`].
pub fn hash_password(password: &SecretString) -> Result<String, SecretError> {
    Argon2::default()
        .hash_password(password.expose_secret().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|_| SecretError::Hashing)
}

/// Whether a password matches a hash. `None` means an unknown user: the check takes equally long and is always
/// false, so the time does not reveal which users exist.
pub fn verify_password(password: &SecretString, hash: Option<&str>) -> bool {
    static DUMMY_HASH: OnceLock<Option<String>> = OnceLock::new();
    let dummy_hash = DUMMY_HASH.get_or_init(|| hash_password(&"dummy".into()).ok());
    let Some(checked) = hash.or(dummy_hash.as_deref()) else { return false };
    let matches = Argon2::default().verify_password(password.expose_secret().as_bytes(), checked).is_ok();
    matches && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_only_its_hash() {
        let hash = hash_password(&"pässword with spaces".into()).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify_password(&"pässword with spaces".into(), Some(&hash)));
        assert!(!verify_password(&"password with spaces".into(), Some(&hash)));
    }

    #[test]
    fn no_password_matches_an_unknown_user_or_an_invalid_hash() {
        assert!(!verify_password(&"dummy".into(), None));
        assert!(!verify_password(&"x".into(), Some("not a hash")));
    }
}
