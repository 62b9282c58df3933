//! The lock of a data directory: only one process uses it. The operating system releases the lock when the
//! process ends in any way. The file only contains the id of the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::StoreError;

const LOCK_FILE: &str = "lock";

#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Creates the directory if it is missing, and locks it.
    pub(crate) fn take(directory: &Path) -> Result<Self, StoreError> {
        let unwritable = |source| StoreError::Unwritable { directory: directory.to_owned(), source };
        make_private_dir(directory).map_err(unwritable)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(directory.join(LOCK_FILE))
            .map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // The other process may not have written its id yet.
                let _ = file.read_to_string(&mut pid);
                let pid = if pid.trim().is_empty() { "unknown".to_owned() } else { pid.trim().to_owned() };
                return Err(StoreError::Locked { pid, directory: directory.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        file.set_len(0).map_err(unwritable)?;
        file.rewind().map_err(unwritable)?;
        writeln!(file, "{}", std::process::id()).map_err(unwritable)?;
        Ok(Self { _file: file })
    }
}

/// Creates a directory that other users of this machine cannot read.
fn make_private_dir(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_with_the_process_of_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let _held = FolderLock::take(directory.path()).unwrap();
        let refusal = FolderLock::take(directory.path()).unwrap_err().to_string();
        assert!(
            refusal
                .starts_with(&format!("another Riser, process {}, uses the directory", std::process::id()))
        );
    }

    #[test]
    fn a_stale_lock_file_does_not_prevent_a_lock() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(LOCK_FILE), "4711\n").unwrap();
        FolderLock::take(directory.path()).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_created_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("data");
        std::fs::write(&file, "").unwrap();
        let refusal = FolderLock::take(&file.join("below")).unwrap_err();
        assert!(matches!(refusal, StoreError::Unwritable { .. }));
        assert!(refusal.to_string().contains("--data-dir"));
    }
}
