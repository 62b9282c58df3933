use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use crate::cipher::{self, Key};
use crate::random::random_bytes;
use crate::{RootKey, SecretContext, SecretError};

/// The format of sealed bytes: this number, the length of the key id, the key id, the nonce and the ciphertext.
const FORMAT: u8 = 1;
/// The table in the authenticated context of a wrapped data key.
const DATA_KEYS: &str = "data_keys";

/// A data key as it is stored: wrapped by the root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedDataKey {
    pub kid: String,
    pub wrapped: Vec<u8>,
}

/// A secret as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// Id of the data key; the bytes contain it as well.
    pub kid: String,
    /// The input of [`Keyring::open`].
    pub bytes: Vec<u8>,
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSecret").field("kid", &self.kid).finish_non_exhaustive()
    }
}

struct DataKey {
    kid: String,
    key: Key,
}

/// The data keys of one installation. The newest seals secrets; a secret names the key that opens it.
pub struct Keyring {
    instance: String,
    /// `None` if the key file is missing.
    root: Option<RootKey>,
    keys: Vec<DataKey>,
    /// Data keys that the root key does not open.
    locked: Vec<String>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<&str> = self.keys.iter().map(|key| key.kid.as_str()).collect();
        f.debug_struct("Keyring").field("keys", &kids).field("locked", &self.locked).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Unwraps the data keys of an installation, oldest first. A key that does not open is not an error: only
    /// the secrets under it are unusable. See [`Keyring::locked_keys`].
    pub fn unlock(instance: &str, root: RootKey, wrapped: &[WrappedDataKey]) -> Self {
        let mut keyring =
            Self { instance: instance.to_owned(), root: Some(root), keys: Vec::new(), locked: Vec::new() };
        for data_key in wrapped {
            match keyring.unwrap_key(data_key) {
                Some(key) => keyring.keys.push(DataKey { kid: data_key.kid.clone(), key }),
                None => keyring.locked.push(data_key.kid.clone()),
            }
        }
        keyring
    }

    /// Returns the keyring of an installation whose root key is missing. No secret opens; the host continues
    /// with everything that needs none.
    pub fn locked(instance: &str, wrapped: &[WrappedDataKey]) -> Self {
        let locked = wrapped.iter().map(|data_key| data_key.kid.clone()).collect();
        Self { instance: instance.to_owned(), root: None, keys: Vec::new(), locked }
    }

    /// Whether the installation has no data key yet, neither open nor locked.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.locked.is_empty()
    }

    /// Returns the ids of data keys that the root key does not open, because the key file belongs to another
    /// installation.
    pub fn locked_keys(&self) -> &[String] {
        &self.locked
    }

    /// Creates a data key. Store it before sealing anything with it.
    ///
    /// # Errors
    /// [`SecretError::NoRandomness`]; [`SecretError::KeyMissing`] or [`SecretError::NoDataKey`] without a root
    /// key.
    pub fn add_data_key(&mut self) -> Result<WrappedDataKey, SecretError> {
        let Some(root) = &self.root else { return Err(self.missing_key()) };
        let kid = hex::encode(*random_bytes::<8>()?);
        let key = random_bytes::<32>()?;
        let associated_data = data_key_context().associated_data(&self.instance, &kid, FORMAT);
        let wrapped = cipher::encrypt(root.key(), key.as_slice(), &associated_data)?;
        self.keys.push(DataKey { kid: kid.clone(), key });
        Ok(WrappedDataKey { kid, wrapped })
    }

    /// Seals a secret for one context.
    ///
    /// # Errors
    /// [`SecretError::NoDataKey`] without a data key. [`SecretError::KeyMissing`] if all data keys are locked:
    /// a new one would hide that the key file is wrong.
    pub fn seal(&self, context: &SecretContext, secret: &SecretString) -> Result<SealedSecret, SecretError> {
        let Some(DataKey { kid, key }) = self.keys.last() else {
            return Err(self.missing_key());
        };
        let associated_data = context.associated_data(&self.instance, kid, FORMAT);
        let ciphertext = cipher::encrypt(key, secret.expose_secret().as_bytes(), &associated_data)?;
        let kid_length = u8::try_from(kid.len()).expect("a key id has 16 letters");
        let bytes = [&[FORMAT, kid_length], kid.as_bytes(), &ciphertext].concat();
        Ok(SealedSecret { kid: kid.clone(), bytes })
    }

    /// Opens the sealed bytes of one context.
    ///
    /// # Errors
    /// [`SecretError::KeyMissing`] if the root key does not open the data key that the bytes name.
    /// [`SecretError::Integrity`] if the bytes were not sealed for this context.
    pub fn open(&self, context: &SecretContext, sealed: &[u8]) -> Result<SecretString, SecretError> {
        let damaged = || SecretError::Integrity { context: context.clone() };
        let (kid, ciphertext) = split(sealed).ok_or_else(damaged)?;
        let Some(DataKey { key, .. }) = self.keys.iter().find(|key| key.kid == kid) else {
            let is_locked = self.locked.iter().any(|locked| locked == kid);
            return Err(if is_locked { SecretError::KeyMissing { kid: kid.to_owned() } } else { damaged() });
        };
        let associated_data = context.associated_data(&self.instance, kid, FORMAT);
        let plain = cipher::decrypt(key, ciphertext, &associated_data).ok_or_else(damaged)?;
        let text = std::str::from_utf8(&plain).map_err(|_| damaged())?;
        Ok(SecretString::from(text))
    }

    fn unwrap_key(&self, data_key: &WrappedDataKey) -> Option<Key> {
        let associated_data = data_key_context().associated_data(&self.instance, &data_key.kid, FORMAT);
        let plain = cipher::decrypt(self.root.as_ref()?.key(), &data_key.wrapped, &associated_data)?;
        let key: [u8; 32] = plain.as_slice().try_into().ok()?;
        Some(Key::new(key))
    }

    fn missing_key(&self) -> SecretError {
        match self.locked.last() {
            Some(kid) => SecretError::KeyMissing { kid: kid.clone() },
            None => SecretError::NoDataKey,
        }
    }
}

fn data_key_context() -> SecretContext {
    SecretContext::new(DATA_KEYS, 0, "wrapped")
}

/// Splits sealed bytes into key id and ciphertext; `None` for another format or truncated bytes.
fn split(sealed: &[u8]) -> Option<(&str, &[u8])> {
    let ([FORMAT, kid_length], rest) = sealed.split_first_chunk::<2>()? else { return None };
    let (kid, ciphertext) = rest.split_at_checked(usize::from(*kid_length))?;
    Some((std::str::from_utf8(kid).ok()?, ciphertext))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyCreation;

    const INSTANCE: &str = "0123456789abcdef";

    fn root() -> RootKey {
        let directory = tempfile::tempdir().unwrap();
        RootKey::obtain(&directory.path().join("data"), None, KeyCreation::Allowed).unwrap()
    }

    fn keyring() -> Keyring {
        let mut keyring = Keyring::unlock(INSTANCE, root(), &[]);
        keyring.add_data_key().unwrap();
        keyring
    }

    fn context() -> SecretContext {
        SecretContext::new("connection_secrets", 1, "password")
    }

    fn is_integrity_failure(opened: &Result<SecretString, SecretError>) -> bool {
        matches!(opened, Err(SecretError::Integrity { .. }))
    }

    #[test]
    fn a_secret_opens_where_it_was_sealed_and_nowhere_else() {
        let keyring = keyring();
        let sealed = keyring.seal(&context(), &"correct horse".into()).unwrap();
        assert_eq!(keyring.open(&context(), &sealed.bytes).unwrap().expose_secret(), "correct horse");
        for elsewhere in [
            SecretContext::new("connection_secrets", 2, "password"),
            SecretContext::new("connection_secrets", 1, "passphrase"),
            SecretContext::new("ews_accounts", 1, "password"),
        ] {
            assert!(is_integrity_failure(&keyring.open(&elsewhere, &sealed.bytes)), "{elsewhere}");
        }
    }

    #[test]
    fn every_flipped_byte_and_every_truncation_is_an_integrity_failure() {
        let keyring = keyring();
        let sealed = keyring.seal(&context(), &"s".into()).unwrap().bytes;
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(is_integrity_failure(&keyring.open(&context(), &changed)), "byte {index}");
            assert!(
                is_integrity_failure(&keyring.open(&context(), &sealed[..index])),
                "truncated at {index}"
            );
        }
    }

    #[test]
    fn a_secret_of_another_installation_does_not_open_with_the_same_keys() {
        let directory = tempfile::tempdir().unwrap();
        let root = || RootKey::obtain(&directory.path().join("data"), None, KeyCreation::Allowed).unwrap();
        let mut ours = Keyring::unlock(INSTANCE, root(), &[]);
        let wrapped = ours.add_data_key().unwrap();
        let theirs = Keyring::unlock("another", root(), std::slice::from_ref(&wrapped));
        assert_eq!(theirs.locked_keys(), [wrapped.kid]);
    }

    #[test]
    fn a_wrong_root_key_names_the_data_key_that_is_missing() {
        let mut keyring = Keyring::unlock(INSTANCE, root(), &[]);
        let wrapped = keyring.add_data_key().unwrap();
        let sealed = keyring.seal(&context(), &"s".into()).unwrap();
        let wrong = Keyring::unlock(INSTANCE, root(), std::slice::from_ref(&wrapped));
        assert!(!wrong.is_empty());
        let refusal = wrong.open(&context(), &sealed.bytes).unwrap_err();
        assert!(refusal.to_string().contains(&wrapped.kid));
        assert!(matches!(refusal, SecretError::KeyMissing { .. }));
        assert!(matches!(wrong.seal(&context(), &"s".into()), Err(SecretError::KeyMissing { .. })));

        let without = Keyring::locked(INSTANCE, std::slice::from_ref(&wrapped));
        let refusal = without.open(&context(), &sealed.bytes).unwrap_err();
        assert!(matches!(refusal, SecretError::KeyMissing { kid } if kid == wrapped.kid));
    }

    #[test]
    fn data_keys_are_unwrapped_at_the_next_start_and_the_newest_seals() {
        let directory = tempfile::tempdir().unwrap();
        let root = || RootKey::obtain(&directory.path().join("data"), None, KeyCreation::Allowed).unwrap();
        let mut keyring = Keyring::unlock(INSTANCE, root(), &[]);
        assert!(matches!(keyring.seal(&context(), &"s".into()), Err(SecretError::NoDataKey)));
        let old = keyring.add_data_key().unwrap();
        let sealed = keyring.seal(&context(), &"kept".into()).unwrap();
        let new = keyring.add_data_key().unwrap();
        let again = Keyring::unlock(INSTANCE, root(), &[old.clone(), new.clone()]);
        assert_eq!(sealed.kid, old.kid);
        assert_eq!(again.open(&context(), &sealed.bytes).unwrap().expose_secret(), "kept");
        assert_eq!(again.seal(&context(), &"s".into()).unwrap().kid, new.kid);
    }

    #[test]
    fn debug_output_contains_no_secret() {
        let keyring = keyring();
        let sealed = keyring.seal(&context(), &"canary".into()).unwrap();
        let printed = format!("{keyring:?} {sealed:?} {:?}", keyring.open(&context(), &sealed.bytes));
        assert!(!printed.contains("canary"));
    }
}
