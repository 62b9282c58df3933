use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::SecretError;

/// 32 digits and letters that are easy to distinguish. A byte maps onto 32 evenly.
const PASSWORD_LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 120 bits.
const PASSWORD_LENGTH: usize = 24;

/// Returns random bytes of the operating system.
pub(crate) fn random_bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, SecretError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| SecretError::NoRandomness)?;
    Ok(bytes)
}

/// Returns a random password of 24 letters and digits (120 bits).
///
/// # Errors
/// [`SecretError::NoRandomness`].
pub fn random_password() -> Result<SecretString, SecretError> {
    let bytes = random_bytes::<PASSWORD_LENGTH>()?;
    let letters: String =
        bytes.iter().map(|byte| char::from(PASSWORD_LETTERS[usize::from(byte % 32)])).collect();
    Ok(SecretString::from(letters))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn two_passwords_differ_and_are_easy_to_type() {
        let (one, other) = (random_password().unwrap(), random_password().unwrap());
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(one.expose_secret().len(), 24);
        assert!(one.expose_secret().bytes().all(|letter| PASSWORD_LETTERS.contains(&letter)));
    }
}
