//! The description of a library, as one JSON document. Unknown fields are ignored, so the document grows
//! without breaking older readers.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::Mode;

/// The version of the document's form.
pub const SCHEMA: u32 = 1;

/// A plugin library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LibraryDescription {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The contract it was built from, `1.1`.
    pub contract: String,
    /// Its id, `vendor.plugin`; never changes.
    pub id: String,
    /// Name on pages.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who made it.
    pub company: String,
    /// Its licence.
    #[serde(default)]
    pub licence: String,
    /// The purpose, in a sentence.
    #[serde(default)]
    pub about: String,
    /// Its processor classes.
    pub classes: Vec<ClassDescription>,
    /// Its connection kinds.
    #[serde(default)]
    pub connections: Vec<ConnectionDescription>,
    /// Its commands, which a person runs once from the command line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<ClassDescription>,
}

const fn first_version() -> u32 {
    1
}

/// A processor class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassDescription {
    /// Its id within the plugin.
    pub id: String,
    /// Name on pages.
    pub name: String,
    /// When it ends.
    pub mode: Mode,
    /// The kind of connection it needs, by its id within the plugin.
    #[serde(default)]
    pub connection: Option<String>,
    /// The class that must have succeeded once.
    #[serde(default)]
    pub requires: Option<String>,
    /// The created items, in words.
    #[serde(default)]
    pub creates: String,
    /// The purpose, in a sentence.
    #[serde(default)]
    pub about: String,
    /// Whether it handles set point writes.
    #[serde(default)]
    pub accepts_writes: bool,
    /// Its settings.
    #[serde(default)]
    pub settings: Vec<SettingDescription>,
    /// The version of its settings.
    #[serde(default = "first_version")]
    pub settings_version: u32,
}

/// A connection kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionDescription {
    /// Its id within the plugin.
    pub id: String,
    /// Name on pages.
    pub name: String,
    /// Its settings.
    #[serde(default)]
    pub settings: Vec<SettingDescription>,
    /// The version of its settings.
    #[serde(default = "first_version")]
    pub settings_version: u32,
}

/// Settings in the order in which a form shows them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SettingsSchema {
    /// The settings.
    pub settings: Vec<SettingDescription>,
}

impl SettingsSchema {
    /// Returns the setting with this key, at the top level.
    pub fn setting(&self, key: &str) -> Option<&SettingDescription> {
        self.settings.iter().find(|setting| setting.key == key)
    }
}

impl From<Vec<SettingDescription>> for SettingsSchema {
    fn from(settings: Vec<SettingDescription>) -> Self {
        Self { settings }
    }
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingDescription {
    /// Its name in files and stored values.
    pub key: String,
    /// Name on pages.
    pub label: String,
    /// The purpose, in a sentence.
    #[serde(default)]
    pub help: String,
    /// The accepted values.
    pub kind: SettingKind,
    /// Whether nothing runs without it.
    #[serde(default)]
    pub required: bool,
    /// The value when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
    /// Its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The heading of its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Hidden until asked for.
    #[serde(default)]
    pub advanced: bool,
    /// A value to learn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// The values that a setting accepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SettingKind {
    /// Any text.
    Text,
    /// A number.
    Number {
        /// Smallest.
        #[serde(default)]
        min: Option<f64>,
        /// Largest.
        #[serde(default)]
        max: Option<f64>,
    },
    /// A number without fraction.
    WholeNumber {
        /// Smallest.
        #[serde(default)]
        min: Option<i64>,
        /// Largest.
        #[serde(default)]
        max: Option<i64>,
    },
    /// Yes or no.
    YesNo,
    /// One of these texts.
    Choice {
        /// The texts.
        options: Vec<String>,
    },
    /// A time span, written as `15 min`.
    Duration {
        /// Shortest, in milliseconds.
        #[serde(default)]
        min_ms: Option<u64>,
        /// Longest, in milliseconds.
        #[serde(default)]
        max_ms: Option<u64>,
    },
    /// A moment, RFC 3339.
    DateTime,
    /// A URL.
    Address,
    /// A host's name or address.
    Host,
    /// The path of a file on the host's machine.
    File,
    /// The path of an item.
    ItemPath,
    /// Text that is sealed when stored.
    Secret,
    /// Several of one kind.
    List {
        /// The kind.
        of: Box<SettingKind>,
    },
    /// Settings that belong together.
    Group(SettingsSchema),
}
