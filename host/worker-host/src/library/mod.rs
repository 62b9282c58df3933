//! Plugin libraries as files: the plugin directories, the copies that workers load, uploads, and earlier versions.

mod error;
mod installation;
mod kept_libraries;
mod library_cache;
mod plugin_dirs;
mod uploads;

pub use error::LibraryError;
pub use installation::{StagedFile, installation_target, is_writable_directory, remove_file};
pub use kept_libraries::{KeptLibraries, KeptLibrary};
pub use library_cache::{CachedLibrary, LibraryCache};
pub use plugin_dirs::{PluginDirs, PluginFinding};
pub use uploads::{LibraryUploads, UnfinishedUpload};
