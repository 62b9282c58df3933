//! Settings as structs: described once, for form, check and reading.

mod field;
mod reader;
mod value_check;

use serde_json::{Map, Value as Json};

use crate::Problem;
use crate::description::SettingDescription;

pub use field::{Attributes, SettingValue};
pub(crate) use reader::read_group;
pub use reader::{Faults, Reader, SettingFault, read};
pub use value_check::check_value;

/// The settings of a class or a connection: a struct with `#[derive(Settings)]`, which implements this trait. A struct
/// inside another struct is a group.
pub trait Settings: Sized + 'static {
    /// The version of the settings. Increase it when stored settings need `migrate`.
    const VERSION: u32 = 1;

    /// Describes the settings, in the order of the struct. [any thread, described] Runs no logic of the plugin.
    fn describe() -> Vec<SettingDescription>;

    /// Converts the settings that older versions of the plugin stored, before they are read. It receives every
    /// set of values, including current ones, which it must not change. [any thread] Never blocks.
    fn migrate(_values: &mut Map<String, Json>) {}

    /// Migrates the groups inside these settings. [any thread] Never blocks.
    fn migrate_groups(_values: &mut Map<String, Json>) {}

    /// Reads the settings. The reader collects every fault; `None` means that there is one. [any thread] Never
    /// blocks.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;

    /// Checks the settings together, before they are stored and at the start of a run. [any thread] May read local
    /// files, never waits for the network.
    ///
    /// # Errors
    /// The fault, for the administrator: with the setting, and the remedy.
    fn check(&self) -> Result<(), Problem>;
}

/// Migrates stored settings and the groups inside them to the version of this plugin.
pub(crate) fn migrate_all<S: Settings>(values: &mut Map<String, Json>) {
    S::migrate(values);
    S::migrate_groups(values);
}

/// A class without settings.
impl Settings for () {
    fn describe() -> Vec<SettingDescription> {
        Vec::new()
    }

    fn read(_reader: &mut Reader<'_>) -> Option<Self> {
        Some(())
    }

    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }
}
