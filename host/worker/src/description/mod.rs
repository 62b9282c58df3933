//! What a plugin says of itself, on the host's side: classes, connection kinds, and their settings.

mod check;
mod duration_text;
mod library_description;
mod open_settings;
mod settings_schema;

pub use check::{CheckedSettings, SettingFault};
pub use duration_text::{parse as parse_duration, write as write_duration};
pub use library_description::{
    ClassDescription, ConnectionDescription, DescriptionFault, LibraryDescription,
};
pub use open_settings::open_settings;
pub use settings_schema::{Setting, SettingKind, SettingValues, SettingsSchema};
