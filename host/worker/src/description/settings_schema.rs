//! Settings as a plugin describes them, and the check of values against them. Pure: no plugin runs.
//!
//! A setting inside a group or a list has a path: `proxy.port`, `accounts[0].password`.

use std::time::Duration;

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
    /// One of these.
    Choice(Vec<ChoiceOption>),
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

/// One of the values of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceOption {
    /// The value that is stored.
    pub value: String,
    /// Its name for people.
    pub label: String,
}

/// Values of settings as they are stored: a JSON object by setting key.
pub type SettingValues = Map<String, Value>;
