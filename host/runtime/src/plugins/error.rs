use std::io;
use std::path::{Path, PathBuf};

use riser_store::StoreError;
use riser_worker_host::{LibraryError, QueryError};
use riser_worker_protocol::frames::LoadFault;

use super::install::PluginUser;

/// Why a plugin was not uploaded, installed or removed.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    #[error("{file} is larger than {} MiB; choose the plugin's .so file", limit_bytes >> 20)]
    TooLarge { file: String, limit_bytes: u64 },
    #[error("{0} is not a shared library; choose the plugin's .so file")]
    NotALibrary(String),
    #[error("{0} is a library but not a Riser plugin; choose the plugin's .so file")]
    NoPlugin(String),
    #[error("{0} is incomplete; download or copy it again, then upload it again")]
    Incomplete(String),
    /// The library could not be loaded, or its description is invalid.
    #[error("{0}")]
    Unusable(String),
    #[error("this upload is no longer there; upload the file again")]
    NoSuchUpload,
    #[error("no plugin with this name is in use; reload the page")]
    NoSuchPlugin,
    #[error("this version is no longer kept; reload the page")]
    NoSuchVersion,
    #[error("this version is in use already")]
    AlreadyInUse,
    #[error(
        "Riser may not write in {}; copy the file there yourself, or give the user that Riser runs as the right to \
         write",
        paths(directories)
    )]
    NotWritable { directories: Vec<PathBuf> },
    #[error("{plugin} is used by {}; remove them first", names(users))]
    InUse { plugin: String, users: Vec<PluginUser> },
    #[error("{} cannot be written ({source}); nothing was changed. Check its rights and the free disk space", file.display())]
    Write { file: PathBuf, source: io::Error },
    #[error("the file is in place, but Riser does not use it; the problems say why")]
    NotInUse,
    #[error("the audit trail could not be written, so nothing was changed")]
    Store(#[from] StoreError),
    #[error("Riser is ending; start it and try again")]
    Ending,
}

impl PluginError {
    /// Returns why an uploaded file is not a plugin. `file` is the name that the browser sent.
    pub(super) fn of_file(file: &str, error: &LibraryError) -> Self {
        match error {
            LibraryError::NotALibrary { .. } => Self::NotALibrary(file.to_owned()),
            LibraryError::Incomplete { .. } => Self::Incomplete(file.to_owned()),
            LibraryError::Refused { fault: LoadFault::NoPlugin, .. } => Self::NoPlugin(file.to_owned()),
            other => Self::Unusable(other.to_string()),
        }
    }

    pub(super) fn of_query(file: &str, error: &QueryError) -> Self {
        match error {
            QueryError::Library(error) => Self::of_file(file, error),
            other => Self::Unusable(other.to_string()),
        }
    }

    pub(super) fn of_write(file: &Path) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::Write { file, source }
    }
}

fn names(users: &[PluginUser]) -> String {
    users.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn paths(directories: &[PathBuf]) -> String {
    directories.iter().map(|directory| directory.display().to_string()).collect::<Vec<_>>().join(" or ")
}
