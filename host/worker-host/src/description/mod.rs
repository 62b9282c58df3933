//! The description of a plugin, checked by the host: classes, connection kinds, and their settings.

mod check;
mod library_description;
mod open_settings;

pub use check::{CheckedSettings, SettingFault, SettingValues, check_settings};
pub use library_description::{
    ClassDescription, ConnectionDescription, DescriptionFault, LibraryDescription,
};
pub use open_settings::open_settings;
pub use riser_plugin::description::{SettingDescription as Setting, SettingKind, SettingsSchema};
pub use riser_plugin::time_span::{format as write_duration, parse as parse_duration};
