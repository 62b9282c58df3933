use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::SecretError;

/// 32 digits and letters that are easy to distinguish. A byte maps onto 32 evenly.
const PASSWORD_LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 120 bits.
const PASSWORD_LENGTH: usize = 24;
/// 140 bits, in groups that are easy to type.
const CODE_LENGTH: usize = 28;
const CODE_GROUP: usize = 4;

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
    Ok(SecretString::from(letters(&*random_bytes::<PASSWORD_LENGTH>()?)))
}

/// Returns a random code of 28 letters and digits (140 bits), in groups of four with a hyphen between them.
///
/// # Errors
/// [`SecretError::NoRandomness`].
pub fn random_code() -> Result<SecretString, SecretError> {
    let groups: Vec<String> = random_bytes::<CODE_LENGTH>()?.chunks(CODE_GROUP).map(letters).collect();
    Ok(SecretString::from(groups.join("-")))
}

fn letters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(PASSWORD_LETTERS[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_code_has_seven_groups_of_four() {
        let code = random_code().unwrap();
        let groups: Vec<&str> = code.expose_secret().split('-').collect();
        assert!(groups.len() == 7 && groups.iter().all(|group| group.len() == 4), "{groups:?}");
        assert_ne!(code.expose_secret(), random_code().unwrap().expose_secret());
    }

    #[test]
    fn two_passwords_differ_and_are_easy_to_type() {
        let (one, other) = (random_password().unwrap(), random_password().unwrap());
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(one.expose_secret().len(), 24);
        assert!(one.expose_secret().bytes().all(|letter| PASSWORD_LETTERS.contains(&letter)));
    }
}
