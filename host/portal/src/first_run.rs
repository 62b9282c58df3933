//! The first run: while nobody has an account, whoever has the set-up code creates the administrator.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use riser_store::{Store, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::MutexGuard;

/// Typed passwords that are kept at the same time. Anybody can send the form, so their number needs a limit.
const KEPT_PASSWORDS: usize = 8;

/// The code that proves access to this machine, and the file that contains it.
#[derive(Clone, Debug)]
pub struct SetupCode {
    sha256: [u8; 32],
    file: PathBuf,
}

impl SetupCode {
    /// `file` is removed when the set-up is over.
    pub fn new(code: &SecretString, file: PathBuf) -> Self {
        Self { sha256: hash(code.expose_secret()), file }
    }
}

/// Hashes the letters and digits of a code. Case, spaces and hyphens do not count.
fn hash(code: &str) -> [u8; 32] {
    let plain: String =
        code.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect();
    Sha256::digest(plain).into()
}

/// The state of the first run.
#[derive(Debug)]
pub(crate) struct FirstRun {
    /// `None` if somebody had an account at the start.
    code: Option<SetupCode>,
    is_over: AtomicBool,
    /// Held while the administrator is created, so that two people do not finish the set-up.
    finishing: tokio::sync::Mutex<()>,
    kept: Mutex<VecDeque<(String, SecretString)>>,
}

impl FirstRun {
    pub(crate) fn new(code: Option<SetupCode>) -> Self {
        Self {
            is_over: AtomicBool::new(code.is_none()),
            code,
            finishing: tokio::sync::Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// Returns whether nobody has an account. Notes the end of the first run, also when `riser user add` ended it.
    pub(crate) async fn is_open(&self, store: &Store) -> Result<bool, StoreError> {
        if self.is_over.load(Ordering::Acquire) {
            return Ok(false);
        }
        let is_open = store.list_users().await?.is_empty();
        if !is_open {
            self.end();
        }
        Ok(is_open)
    }

    /// Returns whether a typed text is the set-up code.
    pub(crate) fn is_code(&self, typed: &str) -> bool {
        self.code.as_ref().is_some_and(|code| code.sha256.ct_eq(&hash(typed)).into())
    }

    /// Waits until nobody else creates the administrator.
    pub(crate) async fn finish(&self) -> MutexGuard<'_, ()> {
        self.finishing.lock().await
    }

    /// Closes the set-up for good and removes the file with the code.
    pub(crate) fn end(&self) {
        if self.is_over.swap(true, Ordering::AcqRel) {
            return;
        }
        self.kept.lock().clear();
        let Some(SetupCode { file, .. }) = &self.code else { return };
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(
                    "the used set-up code in {} could not be removed: {error}; remove the file",
                    file.display()
                );
            }
            _ => {}
        }
    }

    /// Keeps a typed password while the person corrects other fields, so that no page contains it. Returns its
    /// reference.
    pub(crate) fn keep_password(&self, password: SecretString) -> Result<String, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let reference = hex::encode(bytes);
        let mut kept = self.kept.lock();
        kept.push_back((reference.clone(), password));
        if kept.len() > KEPT_PASSWORDS {
            kept.pop_front();
        }
        Ok(reference)
    }

    /// Returns the kept password with this reference.
    pub(crate) fn kept_password(&self, reference: &str) -> Option<SecretString> {
        let kept = self.kept.lock();
        kept.iter().find(|(known, _)| known == reference).map(|(_, password)| password.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_run(file: PathBuf) -> FirstRun {
        FirstRun::new(Some(SetupCode::new(&"abcd-2345".into(), file)))
    }

    #[test]
    fn a_code_may_be_typed_in_any_case_and_without_hyphens() {
        let first_run = first_run(PathBuf::new());
        for typed in ["abcd-2345", " ABCD2345\n", "abcd 2345"] {
            assert!(first_run.is_code(typed), "{typed:?}");
        }
        for typed in ["", "abcd-2346", "abcd-234", "abcd-23455"] {
            assert!(!first_run.is_code(typed), "{typed:?}");
        }
        assert!(!FirstRun::new(None).is_code(""));
    }

    #[test]
    fn the_end_removes_the_file_and_the_kept_passwords() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("setup-code");
        std::fs::write(&file, "x").unwrap();
        let first_run = first_run(file.clone());
        let reference = first_run.keep_password("secret".into()).unwrap();
        assert!(first_run.kept_password(&reference).is_some());
        first_run.end();
        first_run.end();
        assert!(!file.exists() && first_run.kept_password(&reference).is_none());
    }

    #[test]
    fn only_a_few_passwords_are_kept() {
        let first_run = first_run(PathBuf::new());
        let references: Vec<String> =
            (0..=KEPT_PASSWORDS).map(|_| first_run.keep_password("x".into()).unwrap()).collect();
        assert!(first_run.kept_password(&references[0]).is_none());
        assert!(first_run.kept_password(&references[1]).is_some());
    }
}
