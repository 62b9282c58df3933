//! Plugins as an administrator sees them: uploads that a worker has checked, installation, earlier versions, removal.

mod difference;
mod error;
mod install;
mod uploads;

pub use self::difference::{LibraryDifference, SettingChange};
pub use self::error::PluginError;
pub use self::install::{InstalledPlugin, PluginUser};
pub(crate) use self::uploads::PluginUploads;
pub use self::uploads::{CheckedUpload, PluginUpload};
