//! What a plugin says of itself, on the host's side: classes, connection kinds, and their settings.

mod check;
mod duration_text;
mod open_settings;
mod settings_schema;

pub use check::{CheckedSettings, SettingFault};
pub use open_settings::open_settings;
pub use settings_schema::{ChoiceOption, Setting, SettingKind, SettingValues, SettingsSchema};
