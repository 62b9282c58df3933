//! What a plugin says of itself, on the host's side: classes, connection kinds, and their settings.

mod check;
mod library_description;
mod open_settings;
mod settings_schema;

pub use check::{CheckedSettings, SettingFault};
pub use library_description::{
    ClassDescription, ConnectionDescription, DescriptionFault, LibraryDescription,
};
pub use open_settings::open_settings;
pub use riser_plugin::description::{SettingDescription as Setting, SettingKind};
pub use riser_plugin::time_span::parse as parse_duration;
pub use settings_schema::{SettingValues, SettingsSchema};
