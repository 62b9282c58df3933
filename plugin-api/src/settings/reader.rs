use std::fmt;

use serde_json::{Map, Value as Json};

use super::{Attributes, SettingValue, Settings};
use crate::{Failure, Problem};

/// What is wrong with one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// Its key.
    pub key: String,
    /// What it takes, in words; never the value.
    pub what: String,
}

/// All that is wrong with some settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<SettingFault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", fault.key, fault.what)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl Faults {
    /// The permanent failure of a run whose settings cannot be used.
    pub(crate) fn failure(&self, of: &str) -> Failure {
        let mut problem =
            Problem::new("settings-unusable", format!("the settings of {of} cannot be used: {self}"))
                .effect("the processor does not run")
                .remedy("correct the settings");
        if let Some(fault) = self.0.first() {
            problem = problem.setting(&fault.key);
        }
        Failure::problem(problem).permanent()
    }
}

/// Reads settings from JSON and gathers what is wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    values: &'a Map<String, Json>,
    faults: Vec<SettingFault>,
}

impl Reader<'_> {
    /// Reads one field; `None` after a fault was noted.
    pub fn field<T: SettingValue>(
        &mut self,
        key: &str,
        default: Option<Json>,
        attributes: &Attributes,
    ) -> Option<T> {
        let given = self.values.get(key).filter(|value| !value.is_null()).cloned().or(default);
        let Some(value) = given else {
            let missing = T::missing();
            if missing.is_none() {
                self.fault(key, "is missing");
            }
            return missing;
        };
        T::read(&value, attributes).map_err(|what| self.fault(key, &what)).ok()
    }

    fn fault(&mut self, key: &str, what: &str) {
        self.faults.push(SettingFault { key: key.to_owned(), what: what.to_owned() });
    }
}

/// Reads settings from a JSON object.
///
/// # Errors
/// All faults at once, or what [`Settings::check`] says of the whole.
pub fn read<S: Settings>(settings: &Json) -> Result<S, Faults> {
    let empty = Map::new();
    let values = settings.as_object().unwrap_or(&empty);
    let mut reader = Reader { values, faults: Vec::new() };
    let settings = S::read(&mut reader);
    match settings {
        Some(settings) if reader.faults.is_empty() => match settings.check() {
            Ok(()) => Ok(settings),
            Err(problem) => Err(Faults(vec![SettingFault {
                key: problem.code().to_owned(),
                what: problem.what().to_owned(),
            }])),
        },
        _ => Err(Faults(reader.faults)),
    }
}
