//! The fields of a form as they were sent, for forms whose fields follow a description.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names and values of a form, in their order. A tick box that is off sends the hidden `false` before it, so the last
/// value of a name counts.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FormInput(Vec<(String, String)>);

impl FormInput {
    /// Returns the value of a field; `None` if the form has no such field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the value of a field without spaces around it; empty if the form has no such field.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }

    /// Returns whether a tick box is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
    }

    /// Returns whether a field with this name, or one inside it, has a value.
    pub(crate) fn has_any(&self, name: &str) -> bool {
        self.0.iter().any(|(known, value)| {
            let rest = known.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '['])) && !value.is_empty()
        })
    }
}

impl<const N: usize> From<[(&str, &str); N]> for FormInput {
    fn from(fields: [(&str, &str); N]) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// Leaves out the values: some of them are secrets.
impl fmt::Debug for FormInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
