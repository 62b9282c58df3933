//! What a start found and put right. There is one way to start, and it is this.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use riser_domain::{RunId, Timestamp};

/// What a start found and put right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Files that could not be used, and where they are now.
    pub quarantined: Vec<Quarantined>,
    /// Files too large to be looked at for damage within the time a start has.
    pub partly_checked: Vec<&'static str>,
    /// Runs that were waiting or running when the host ended.
    pub interrupted_runs: Vec<RunId>,
    /// Whether the installation began with this start.
    pub is_new: bool,
}

/// A file that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Its name.
    pub file: &'static str,
    /// What is wrong with it.
    pub fault: Fault,
    /// Where it is now.
    pub to: PathBuf,
}

/// What is wrong with a database file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It has no bytes.
    #[error("it was empty")]
    Empty,
    /// It is a directory, or a link that leads nowhere.
    #[error("it was no file")]
    NoFile,
    /// It is something else, or another program's database.
    #[error("it was no database of Riser")]
    Foreign,
    /// SQLite finds it damaged.
    #[error("it was damaged")]
    Damaged,
    /// Its histories belong to another installation.
    #[error("it belonged to another installation")]
    OfAnotherInstallation,
}

/// Renames a file, and what SQLite keeps beside it, so that nothing is lost and nothing is in the way.
pub(crate) fn quarantine(
    directory: &Path,
    file: &'static str,
    fault: Fault,
    now: Timestamp,
) -> std::io::Result<Quarantined> {
    let stamp = now.to_calendar().format("%Y%m%dT%H%M%SZ");
    let mut to = directory.join(format!("{file}.{stamp}.quarantined"));
    let mut count = 1_u32;
    while to.symlink_metadata().is_ok() {
        count += 1;
        to = directory.join(format!("{file}.{stamp}-{count}.quarantined"));
    }
    for suffix in ["-wal", "-shm", ""] {
        let from = with_suffix(&directory.join(file), suffix);
        if from.symlink_metadata().is_ok() {
            std::fs::rename(&from, with_suffix(&to, suffix))?;
        }
    }
    Ok(Quarantined { file, fault, to })
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
