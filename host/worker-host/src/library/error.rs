//! Why a file is not used as a plugin, in one sentence that says what to do.

use std::io;
use std::path::PathBuf;

use riser_platform::{LIBRARY_EXTENSION, this_target};

use riser_worker_protocol::frames::LoadFault;

/// Why a file is not used as a plugin.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// It is something else.
    #[error("{} is no shared library: remove it from the plugin directory, or replace it with the plugin's .{LIBRARY_EXTENSION} file", file.display())]
    NotALibrary {
        /// The file.
        file: PathBuf,
    },
    /// It was built for another machine.
    #[error("{} was built for {built_for}, this machine is {}: use the plugin's build for this machine", file.display(), this_target())]
    OtherMachine {
        /// The file.
        file: PathBuf,
        /// That machine.
        built_for: String,
    },
    /// It is not whole yet, or changed while it was read.
    #[error("{} is incomplete: it is tried again when it changes; copy it once more if nothing is writing it", file.display())]
    Incomplete {
        /// The file.
        file: PathBuf,
    },
    /// It was there a moment ago.
    #[error("{} is gone: what uses it goes on with the stored copy; put it back to use it after the next change", file.display())]
    Vanished {
        /// The file.
        file: PathBuf,
    },
    /// A worker could not load it.
    #[error("{} {fault}", file.display())]
    Refused {
        /// The file.
        file: PathBuf,
        /// What was wrong with it.
        fault: LoadFault,
    },
    /// It cannot be read.
    #[error("{} cannot be read: let the user that Riser runs as read it", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The copy that workers load cannot be written.
    #[error("{} cannot be written: give the user that Riser runs as space and the right to write there", directory.display())]
    CacheNotWritable {
        /// The directory of copies.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
