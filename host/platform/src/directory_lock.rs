//! Only one process uses a data directory. The operating system holds the lock, so it ends with the process in
//! every case; the file only names the holder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

const LOCK_FILE: &str = "lock";

/// The exclusive right to use a directory, held until this is dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Why a directory could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds the lock. Its number is missing if it has not written it yet.
    #[error("process {} holds the lock", pid.as_deref().unwrap_or("unknown"))]
    Held { pid: Option<String> },
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl DirectoryLock {
    /// Locks an existing directory.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join(LOCK_FILE);
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // The holder may be between taking the lock and writing its number.
                let _unknown = file.read_to_string(&mut pid);
                let pid = pid.trim();
                return Err(LockError::Held { pid: (!pid.is_empty()).then(|| pid.to_owned()) });
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { _file: file })
    }

    /// Returns the process that holds the lock of a directory. Creates nothing there.
    pub fn holder(directory: &Path) -> Option<String> {
        let mut file = File::open(directory.join(LOCK_FILE)).ok()?;
        let mut pid = String::new();
        file.read_to_string(&mut pid).ok()?;
        let pid = pid.trim();
        // The attempt below would disturb a process that is about to take a free lock. The lock of a process that
        // has ended is free.
        if pid.is_empty() || !Path::new("/proc").join(pid).exists() {
            return None;
        }
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| pid.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_learns_the_process_of_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let held = DirectoryLock::acquire(directory.path()).unwrap();
        let refusal = DirectoryLock::acquire(directory.path()).unwrap_err().to_string();
        assert_eq!(refusal, format!("process {} holds the lock", std::process::id()));
        assert_eq!(DirectoryLock::holder(directory.path()), Some(std::process::id().to_string()));
        drop(held);
        assert_eq!(DirectoryLock::holder(directory.path()), None);
        DirectoryLock::acquire(directory.path()).unwrap();
    }

    #[test]
    fn a_stale_lock_file_does_not_lock() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(LOCK_FILE), "4711\n").unwrap();
        DirectoryLock::acquire(directory.path()).unwrap();
    }
}
