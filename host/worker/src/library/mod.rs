//! Plugin libraries as files: where they are looked for, what they look like, the copies that workers load.

mod elf;
mod error;
mod folders;
mod shelf;

pub use error::LibraryError;
pub use folders::{PluginFinding, PluginFolders};
pub use shelf::{LibraryShelf, ShelvedLibrary};
