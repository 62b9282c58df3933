//! Portal passwords: Argon2id with 19 MiB and two passes, the parameters of the OWASP cheat sheet. A hash
//! carries its own parameters, so they can be raised without locking anybody out.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};

use crate::SecretError;

/// Hashes a password with a random salt; answers a PHC string.
///
/// Takes a good part of a second and 19 MiB: not for an asynchronous task.
///
/// # Errors
/// [`SecretError::Hashing`].
pub fn hash_password(password: &SecretString) -> Result<String, SecretError> {
    Argon2::default()
        .hash_password(password.expose_secret().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|_| SecretError::Hashing)
}

/// Whether a password fits a hash. `None` stands for a user who does not exist: it takes as long and is
/// always false, so that the time does not tell who exists.
pub fn verify_password(password: &SecretString, hash: Option<&str>) -> bool {
    static NOBODY: OnceLock<Option<String>> = OnceLock::new();
    let nobody = NOBODY.get_or_init(|| hash_password(&"nobody's".into()).ok());
    let Some(checked) = hash.or(nobody.as_deref()) else { return false };
    let fits = Argon2::default().verify_password(password.expose_secret().as_bytes(), checked).is_ok();
    fits && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash_password(&"pässword with spaces".into()).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify_password(&"pässword with spaces".into(), Some(&hash)));
        assert!(!verify_password(&"password with spaces".into(), Some(&hash)));
    }

    #[test]
    fn a_user_who_does_not_exist_has_no_password() {
        assert!(!verify_password(&"nobody's".into(), None));
        assert!(!verify_password(&"x".into(), Some("no hash at all")));
    }
}
