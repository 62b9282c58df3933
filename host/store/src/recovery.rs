//! The findings and repairs of a start.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use riser_domain::{RunId, Timestamp};

/// The findings and repairs of a start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Unusable files and their new locations.
    pub quarantined: Vec<Quarantined>,
    /// A history of this installation that was quarantined with its database file, and is in use again.
    pub history_taken_back: Option<PathBuf>,
    /// Files too large for a complete check within the time limit of a start.
    pub partly_checked: Vec<&'static str>,
    /// Runs that were waiting or active when the host ended.
    pub interrupted_runs: Vec<RunId>,
    /// Whether this is the first start of the installation.
    pub is_new: bool,
}

/// An unusable file that was moved out of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    pub file: &'static str,
    pub fault: Fault,
    /// The new path of the file.
    pub to: PathBuf,
}

/// The reason that a database file is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file has no bytes.
    #[error("it was empty")]
    Empty,
    /// The path is a directory or a dangling link.
    #[error("it was not a file")]
    NoFile,
    /// The file has another format, or is the database of another program.
    #[error("it was not a database of Riser")]
    Foreign,
    /// SQLite reports damage.
    #[error("it was damaged")]
    Damaged,
    /// The histories belong to another installation.
    #[error("it belonged to another installation")]
    OfAnotherInstallation,
}

/// Renames a file and its write-ahead log, so that no data is lost and a new file can be created.
pub(crate) fn quarantine(
    directory: &Path,
    file: &'static str,
    fault: Fault,
    now: Timestamp,
) -> std::io::Result<Quarantined> {
    let stamp = now.to_utc().strftime("%Y%m%dT%H%M%SZ");
    let mut to = directory.join(format!("{file}.{stamp}.quarantined"));
    let mut count = 1_u32;
    while to.symlink_metadata().is_ok() {
        count += 1;
        to = directory.join(format!("{file}.{stamp}-{count}.quarantined"));
    }
    rename_database(&directory.join(file), &to)?;
    Ok(Quarantined { file, fault, to })
}

/// Returns the quarantined files with this name, newest first.
pub(crate) fn quarantined_files(directory: &Path, file: &str) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rest = name.strip_prefix(file);
        if rest.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".quarantined")) {
            found.push(path);
        }
    }
    found.sort();
    found.reverse();
    Ok(found)
}

/// Renames a file and its write-ahead log.
pub(crate) fn rename_database(from: &Path, to: &Path) -> std::io::Result<()> {
    for suffix in ["-wal", "-shm", ""] {
        let part = with_suffix(from, suffix);
        if part.symlink_metadata().is_ok() {
            std::fs::rename(&part, with_suffix(to, suffix))?;
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
