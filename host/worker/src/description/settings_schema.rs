//! Settings as a plugin describes them, and the check of values against them. Pure: no plugin runs.
//!
//! A setting inside a group or a list has a path: `proxy.port`, `accounts[0].password`.

use std::time::Duration;

use riser_plugin::description as plugin;
use serde_json::{Map, Value};

/// The settings of a processor class or of a connection kind, in the order in which a form shows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingsSchema {
    /// The settings.
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name in files and in stored values.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// What it does, in a sentence or two.
    pub help: String,
    /// What it takes.
    pub kind: SettingKind,
    /// Without a value there is nothing to run.
    pub is_required: bool,
    /// The value when none is given.
    pub default: Option<Value>,
    /// The unit of a number.
    pub unit: Option<String>,
    /// The heading it stands under.
    pub group: Option<String>,
    /// Hidden until asked for.
    pub is_advanced: bool,
    /// A value to learn from.
    pub example: Option<String>,
}

/// What a setting takes.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingKind {
    /// Any text.
    Text,
    /// A number, within bounds.
    Number {
        /// Smallest.
        min: Option<f64>,
        /// Largest.
        max: Option<f64>,
    },
    /// A number without fraction, within bounds.
    WholeNumber {
        /// Smallest.
        min: Option<i64>,
        /// Largest.
        max: Option<i64>,
    },
    /// Yes or no.
    YesNo,
    /// One of these texts.
    Choice(Vec<String>),
    /// A time span, within bounds: `15 min`.
    Duration {
        /// Shortest.
        min: Option<Duration>,
        /// Longest.
        max: Option<Duration>,
    },
    /// A moment: `2026-11-23T09:30:00Z`.
    DateTime,
    /// A URL.
    Address,
    /// A host's name or address.
    Host,
    /// The path of a file on the host's machine.
    File,
    /// The path of an item in an EWS server's tree.
    ItemPath,
    /// Text that is sealed when stored and never shown again.
    Secret,
    /// Several of one kind.
    List(Box<SettingKind>),
    /// Settings that belong together.
    Group(SettingsSchema),
}

/// Values of settings as they are stored: a JSON object by setting key.
pub type SettingValues = Map<String, Value>;

impl SettingsSchema {
    /// The setting with this key, at the top level.
    pub fn setting(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }
}

impl From<Vec<plugin::SettingDescription>> for SettingsSchema {
    fn from(settings: Vec<plugin::SettingDescription>) -> Self {
        Self { settings: settings.into_iter().map(Setting::from).collect() }
    }
}

impl From<plugin::SettingDescription> for Setting {
    fn from(setting: plugin::SettingDescription) -> Self {
        Self {
            key: setting.key,
            label: setting.label,
            help: setting.help,
            kind: setting.kind.into(),
            is_required: setting.required,
            default: setting.default,
            unit: setting.unit,
            group: setting.group,
            is_advanced: setting.advanced,
            example: setting.example,
        }
    }
}

impl From<plugin::SettingKind> for SettingKind {
    fn from(kind: plugin::SettingKind) -> Self {
        match kind {
            plugin::SettingKind::Text => Self::Text,
            plugin::SettingKind::Number { min, max } => Self::Number { min, max },
            plugin::SettingKind::WholeNumber { min, max } => Self::WholeNumber { min, max },
            plugin::SettingKind::YesNo => Self::YesNo,
            plugin::SettingKind::Choice { options } => Self::Choice(options),
            plugin::SettingKind::Duration { min_ms, max_ms } => Self::Duration {
                min: min_ms.map(Duration::from_millis),
                max: max_ms.map(Duration::from_millis),
            },
            plugin::SettingKind::DateTime => Self::DateTime,
            plugin::SettingKind::Address => Self::Address,
            plugin::SettingKind::Host => Self::Host,
            plugin::SettingKind::File => Self::File,
            plugin::SettingKind::ItemPath => Self::ItemPath,
            plugin::SettingKind::Secret => Self::Secret,
            plugin::SettingKind::List { of } => Self::List(Box::new((*of).into())),
            plugin::SettingKind::Group { settings } => Self::Group(settings.into()),
        }
    }
}
