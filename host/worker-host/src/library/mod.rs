//! Plugin libraries as files: the plugin directories and the copies that workers load.

mod error;
mod library_cache;
mod plugin_dirs;

pub use error::LibraryError;
pub use library_cache::{CachedLibrary, LibraryCache};
pub use plugin_dirs::{PluginDirs, PluginFinding};
