//! Why a file is not used as a plugin.

use std::io;
use std::path::PathBuf;

use riser_platform::{LIBRARY_EXTENSION, this_target};

use riser_worker_protocol::frames::LoadFault;

/// Why a file is not used as a plugin.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error("{} is not a shared library: remove it from the plugin directory, or replace it with the plugin's .{LIBRARY_EXTENSION} file", file.display())]
    NotALibrary { file: PathBuf },
    #[error("{} was built for {built_for}, this machine is {}: use the plugin's build for this machine", file.display(), this_target())]
    OtherMachine { file: PathBuf, built_for: String },
    /// The file is not complete yet, or changed while it was read.
    #[error("{} is incomplete: Riser tries again when it changes; copy it again if no program is writing it", file.display())]
    Incomplete { file: PathBuf },
    /// The file was removed after the directory was listed.
    #[error("{} was removed: Riser continues with the stored copy; put the file back to use it after the next change", file.display())]
    Vanished { file: PathBuf },
    #[error("{} {fault}", file.display())]
    Refused { file: PathBuf, fault: LoadFault },
    #[error("{} cannot be read: give the user that Riser runs as the right to read it", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    /// The copy for workers cannot be written.
    #[error("{} cannot be written: free disk space and give the user that Riser runs as the right to write there", directory.display())]
    CacheNotWritable { directory: PathBuf, source: io::Error },
}
