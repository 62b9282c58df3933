use std::ffi::OsString;
use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use riser_platform::{create_private_file, set_read_only, sync_directory};
use zeroize::Zeroizing;

use crate::SecretError;
use crate::cipher::Key;
use crate::random::random_bytes;

/// Name of the systemd credential (`LoadCredentialEncrypted=riser-root-key:…`).
const CREDENTIAL: &str = "riser-root-key";

/// The key that wraps the data keys. It is outside the data directory, so a copy of the directory does not
/// suffice to open a secret.
pub struct RootKey {
    key: Key,
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(***)")
    }
}

/// Whether a missing root key may be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCreation {
    /// Nothing is sealed yet.
    Allowed,
    /// Stored secrets need the missing key. A new one would not open them.
    Forbidden,
}

/// Returns the path of the root key file of a data directory: next to it, `<data>.key`.
pub fn root_key_path(data_dir: &Path) -> PathBuf {
    let mut name = OsString::from(data_dir.components().as_path());
    name.push(".key");
    name.into()
}

impl RootKey {
    /// Returns the root key of a data directory: the systemd credential if there is one, else the key file.
    /// Creates the file if it is missing and `creation` allows it.
    ///
    /// `credentials_dir` is `$CREDENTIALS_DIRECTORY`.
    ///
    /// # Errors
    /// [`SecretError::RootKeyMissing`], [`SecretError::RootKeyUnusable`], [`SecretError::RootKeyMalformed`].
    pub fn obtain(
        data_dir: &Path,
        credentials_dir: Option<&Path>,
        creation: KeyCreation,
    ) -> Result<Self, SecretError> {
        if let Some(directory) = credentials_dir
            && let Some(key) = Self::read(&directory.join(CREDENTIAL))?
        {
            return Ok(key);
        }
        let path = root_key_path(data_dir);
        match (Self::read(&path)?, creation) {
            (Some(key), _) => Ok(key),
            (None, KeyCreation::Allowed) => Self::create(&path),
            (None, KeyCreation::Forbidden) => Err(SecretError::RootKeyMissing { path }),
        }
    }

    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }

    fn read(path: &Path) -> Result<Option<Self>, SecretError> {
        let text = match std::fs::read(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SecretError::RootKeyUnusable { path: path.to_owned(), source }),
        };
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim_ascii(), key.as_mut_slice())
            .map_err(|_| SecretError::RootKeyMalformed { path: path.to_owned() })?;
        Ok(Some(Self { key }))
    }

    fn create(path: &Path) -> Result<Self, SecretError> {
        let key = random_bytes::<32>()?;
        let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(hex::encode(*key))));
        write_new_file(path, text.as_bytes())
            .map_err(|source| SecretError::RootKeyUnusable { path: path.to_owned(), source })?;
        Ok(Self { key })
    }
}

/// Creates a file and makes it durable: without the key, all secrets are lost after a power cut.
fn write_new_file(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut file = create_private_file(path)?;
    file.write_all(text)?;
    set_read_only(&file)?;
    file.sync_all()?;
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => sync_directory(directory),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_created_once_and_only_its_owner_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("riser");
        let first = RootKey::obtain(&data, None, KeyCreation::Allowed).unwrap();
        let second = RootKey::obtain(&data, None, KeyCreation::Forbidden).unwrap();
        assert_eq!(first.key, second.key);
        let mode = std::fs::metadata(directory.path().join("riser.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o400);
    }

    #[test]
    fn a_missing_key_is_not_replaced_while_secrets_need_it() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("riser");
        let error = RootKey::obtain(&data, None, KeyCreation::Forbidden).unwrap_err();
        assert!(matches!(error, SecretError::RootKeyMissing { .. }));
        assert!(!root_key_path(&data).exists());
    }

    #[test]
    fn a_systemd_credential_overrides_the_key_file() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("riser");
        std::fs::write(directory.path().join(CREDENTIAL), "ab".repeat(32)).unwrap();
        let key = RootKey::obtain(&data, Some(directory.path()), KeyCreation::Forbidden).unwrap();
        assert_eq!(*key.key, [0xab; 32]);
        assert!(!root_key_path(&data).exists());
    }

    #[test]
    fn a_malformed_key_file_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("riser");
        std::fs::write(root_key_path(&data), "ab".repeat(31)).unwrap();
        let error = RootKey::obtain(&data, None, KeyCreation::Allowed).unwrap_err();
        assert!(matches!(error, SecretError::RootKeyMalformed { .. }));
        assert_eq!(std::fs::read(root_key_path(&data)).unwrap().len(), 62);
    }

    #[test]
    fn a_trailing_slash_of_the_directory_does_not_change_the_path_of_the_key() {
        assert_eq!(root_key_path(Path::new("/var/lib/riser/")), Path::new("/var/lib/riser.key"));
    }
}
