//! Settings as structs: described once, for form, check and reading.

mod duration_text;
mod field;
mod reader;

use crate::Problem;
use crate::description::SettingDescription;

pub use field::{Attributes, SettingValue};
pub use reader::{Faults, Reader, SettingFault, read};

/// The settings of a class or a connection: a struct with `#[derive(Settings)]`.
pub trait Settings: Sized + 'static {
    /// Describes them, in the order of the struct.
    fn describe() -> Vec<SettingDescription>;

    /// Reads them; every fault is noted in the reader, and `None` says that there was one.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;

    /// Judges them together.
    ///
    /// # Errors
    /// What is wrong, for the administrator.
    fn check(&self) -> Result<(), Problem>;
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
