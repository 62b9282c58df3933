//! The settings of a class or a connection kind, as the plugin describes them.

use riser_plugin::description::SettingDescription;
use serde_json::{Map, Value};

/// The settings of a processor class or of a connection kind, in the order in which a form shows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingsSchema {
    /// The settings.
    pub settings: Vec<SettingDescription>,
}

/// Values of settings as they are stored: a JSON object by setting key.
pub type SettingValues = Map<String, Value>;

impl SettingsSchema {
    /// The setting with this key, at the top level.
    pub fn setting(&self, key: &str) -> Option<&SettingDescription> {
        self.settings.iter().find(|setting| setting.key == key)
    }
}

impl From<Vec<SettingDescription>> for SettingsSchema {
    fn from(settings: Vec<SettingDescription>) -> Self {
        Self { settings }
    }
}
