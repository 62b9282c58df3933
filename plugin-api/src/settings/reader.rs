use std::fmt;

use serde_json::{Map, Value as Json};

use super::{Attributes, SettingValue, Settings};
use crate::{Failure, Problem};

/// The fault of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// Its key.
    pub key: String,
    /// The accepted values, in words; never the value.
    pub what: String,
    /// The remedy; empty where the accepted values suffice.
    pub remedy: String,
}

/// All faults of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<SettingFault>);

/// One fault of the value itself.
impl From<String> for Faults {
    fn from(what: String) -> Self {
        Self(vec![SettingFault { key: String::new(), what, remedy: String::new() }])
    }
}

impl From<&str> for Faults {
    fn from(what: &str) -> Self {
        what.to_owned().into()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            let space = if fault.key.is_empty() { "" } else { " " };
            write!(f, "{separator}{}{space}{}", fault.key, fault.what)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl Faults {
    /// Adds the faults of a part, such as `proxy` or `[2]`.
    pub(crate) fn add(&mut self, part: &str, found: Self) {
        self.0.extend(found.0.into_iter().map(|SettingFault { key, what, remedy }| {
            let separator = if key.is_empty() || key.starts_with('[') { "" } else { "." };
            SettingFault { key: format!("{part}{separator}{key}"), what, remedy }
        }));
    }

    fn remedy(&self) -> String {
        let given = self.0.iter().map(|fault| fault.remedy.as_str()).filter(|remedy| !remedy.is_empty());
        let remedies: Vec<&str> = given.collect();
        if remedies.is_empty() { "correct the settings".to_owned() } else { remedies.join("; ") }
    }

    /// Returns the permanent failure of a run whose settings cannot be used.
    pub(crate) fn failure(&self, of: &str) -> Failure {
        let mut problem =
            Problem::new("settings-unusable", format!("the settings of {of} cannot be used: {self}"))
                .effect("the processor does not run")
                .remedy(self.remedy());
        if let Some(fault) = self.0.first().filter(|fault| !fault.key.is_empty()) {
            problem = problem.setting(&fault.key);
        }
        Failure::problem(problem).permanent()
    }
}

/// Reads settings from JSON and collects the faults.
#[derive(Debug)]
pub struct Reader<'a> {
    values: &'a Map<String, Json>,
    faults: Faults,
}

impl Reader<'_> {
    /// Reads one field. Records a fault and returns `None` if the value does not fit.
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
                self.faults.add(key, "is missing".into());
            }
            return missing;
        };
        T::read(&value, attributes).map_err(|found| self.faults.add(key, found)).ok()
    }
}

/// Migrates and reads settings from a JSON object. [any thread] Never
/// blocks.
///
/// # Errors
/// All faults at once, or the fault that [`Settings::check`] returns.
pub fn read<S: Settings>(settings: &Json) -> Result<S, Faults> {
    read_group(settings.as_object().unwrap_or(&Map::new()))
}

pub(crate) fn read_group<S: Settings>(values: &Map<String, Json>) -> Result<S, Faults> {
    let mut values = values.clone();
    S::migrate(&mut values);
    let mut reader = Reader { values: &values, faults: Faults::default() };
    match S::read(&mut reader) {
        Some(settings) if reader.faults.0.is_empty() => match settings.check() {
            Ok(()) => Ok(settings),
            Err(problem) => {
                let key = problem.at_setting().unwrap_or_default().to_owned();
                Err(Faults(vec![SettingFault { key, what: problem.what, remedy: problem.remedy }]))
            }
        },
        _ => Err(reader.faults),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::field::SettingValue as _;

    /// Settings of the second version; the first had `interval_s`.
    struct Polling {
        every_s: i64,
        proxy: Proxy,
    }

    struct Proxy {
        port: i64,
    }

    impl Settings for Proxy {
        fn describe() -> Vec<crate::description::SettingDescription> {
            Vec::new()
        }

        fn read(reader: &mut Reader<'_>) -> Option<Self> {
            let port = reader.field("port", Some(json!(8080)), &Attributes::default());
            Some(Self { port: port? })
        }

        fn check(&self) -> Result<(), Problem> {
            Ok(())
        }
    }

    impl Settings for Polling {
        const VERSION: u32 = 2;

        fn describe() -> Vec<crate::description::SettingDescription> {
            Vec::new()
        }

        fn migrate(values: &mut Map<String, Json>) {
            if let Some(interval) = values.remove("interval_s") {
                values.insert("every_s".to_owned(), interval);
            }
        }

        fn read(reader: &mut Reader<'_>) -> Option<Self> {
            let every_s = reader.field("every_s", None, &Attributes::default());
            let proxy = reader.field("proxy", None, &Attributes::default());
            Some(Self { every_s: every_s?, proxy: proxy? })
        }

        fn check(&self) -> Result<(), Problem> {
            if self.every_s > 0 {
                return Ok(());
            }
            Err(Problem::new("no-period", "takes more than nothing").setting("every_s"))
        }
    }

    #[test]
    fn what_an_older_version_stored_is_carried_over_and_what_is_of_today_stays() {
        let read_every = |values: &Json| read::<Polling>(values).ok().map(|polling| polling.every_s);
        assert_eq!(read_every(&json!({ "interval_s": 15 })), Some(15));
        assert_eq!(read_every(&json!({ "every_s": 30 })), Some(30));
    }

    #[test]
    fn faults_name_the_path_of_the_setting_also_inside_a_group() {
        let faults = |values: &Json| read::<Polling>(values).err().map(|faults| faults.to_string());
        let twice = faults(&json!({ "proxy": { "port": "x" } }));
        assert_eq!(twice.as_deref(), Some("every_s is missing; proxy.port takes a whole number"));
        assert_eq!(faults(&json!({ "every_s": 0 })).as_deref(), Some("every_s takes more than nothing"));
        let polling = read::<Polling>(&json!({ "every_s": 1 })).ok();
        assert_eq!(polling.map(|polling| polling.proxy.port), Some(8080));
        assert!(Polling::missing().is_none() && Proxy::missing().is_some());
    }
}
