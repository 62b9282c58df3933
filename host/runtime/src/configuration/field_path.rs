//! Names a field of a draft: `processor["EVCE Status"].settings.proxies[0].host`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A field of a draft. Readers map it to a line or to the name of a form field.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FieldPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Key(String),
    Name(String),
    Index(usize),
}

/// An error of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub path: FieldPath,
    /// Names the error and the remedy; never contains a secret.
    pub message: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for FieldError {}

impl FieldPath {
    /// Returns the path of the object with this name, such as `processor["EVCE Status"]`.
    #[must_use]
    pub fn object(&self, kind: &str, name: &str) -> Self {
        self.with([Step::Key(kind.to_owned()), Step::Name(name.to_owned())])
    }

    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with([Step::Key(key.to_owned())])
    }

    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with([Step::Index(index)])
    }

    /// Returns the path of a setting named as plugins do: `proxies[0].host`.
    #[must_use]
    pub fn setting(&self, setting: &str) -> Self {
        let mut path = self.key("settings");
        for part in setting.split('.') {
            let (key, indexes) = part.split_once('[').unwrap_or((part, ""));
            path.0.push(Step::Key(key.to_owned()));
            for index in indexes.split('[') {
                path.0.extend(index.trim_end_matches(']').parse().ok().map(Step::Index));
            }
        }
        path
    }

    /// Returns the path of the object or list that contains this field; `None` for the whole draft.
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        Some(Self(rest.to_vec()))
    }

    fn with<const N: usize>(&self, steps: [Step; N]) -> Self {
        Self(self.0.iter().cloned().chain(steps).collect())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Name(name) => write!(f, "[{name:?}]")?,
                Step::Index(number) => write!(f, "[{number}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_its_fields_are_nested() {
        let status = FieldPath::default().object("processor", "EVCE Status");
        assert_eq!(status.key("schedule").to_string(), "processor[\"EVCE Status\"].schedule");
        let host = status.setting("proxies[0].host");
        assert_eq!(host.to_string(), "processor[\"EVCE Status\"].settings.proxies[0].host");
        assert_eq!(host.parent(), Some(status.key("settings").key("proxies").index(0)));
        let account = FieldPath::default().object("ews_server", "B").object("account", "bms");
        assert_eq!(account.key("rights").to_string(), "ews_server[\"B\"].account[\"bms\"].rights");
    }
}
