//! Plugin libraries as files: where they are looked for, what they look like, the copies that workers load.

mod error;
mod folders;
mod library_cache;

pub use error::LibraryError;
pub use folders::{PluginDirs, PluginFinding};
pub use library_cache::{CachedLibrary, LibraryCache};
