//! The fields of a form as they were sent, for forms whose fields follow a description.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The field with the state of the stored values when the form was drawn.
pub(crate) const STATE: &str = "state";

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

    /// Takes over the fields of a sent form. Fields that `replaced` names and the form lacks are removed. A field that
    /// `kept_if_empty` names keeps its value if it is sent empty, as a secret that is not shown again.
    pub(crate) fn merge(
        &mut self,
        sent: &Self,
        replaced: impl Fn(&str) -> bool,
        kept_if_empty: impl Fn(&str) -> bool,
    ) {
        let is_kept = |name: &str| !replaced(name) || (kept_if_empty(name) && sent.text(name).is_empty());
        self.0.retain(|(name, _)| is_kept(name));
        self.0.extend(sent.0.iter().filter(|(name, _)| !is_kept(name)).cloned());
    }

    /// Returns names and values, in their order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets a field that has no value yet.
    pub(crate) fn set_if_missing(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        if self.get(&name).is_none() {
            self.set(name, value);
        }
    }

    pub(crate) fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.into()));
    }

    /// Returns the fields whose names begin with a prefix, without it.
    pub(crate) fn below(&self, prefix: &str) -> Self {
        let fields = self.0.iter();
        Self(
            fields
                .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone())))
                .collect(),
        )
    }

    /// Returns the names and values in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns a text that changes with each value. `more` is the state of values outside the fields, such as
    /// secrets.
    pub(crate) fn state(&self, more: &str) -> String {
        let mut hash = Sha256::new();
        let parts = self.0.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
        for part in parts.chain([more]) {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        hex::encode(hash.finalize())
    }

    /// Returns whether the form has a field whose name begins so, with or without a value.
    pub(crate) fn has_field(&self, start: &str) -> bool {
        self.0.iter().any(|(known, _)| known.starts_with(start))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_step_replaces_its_own_fields_and_keeps_secrets_that_are_empty() {
        let mut draft = FormInput::from([
            ("name", "A"),
            ("c.url", "old"),
            ("c.password", "sesame"),
            ("c.list[1]", "gone"),
            ("c.on", "true"),
        ]);
        let sent = FormInput::from([
            ("c.url", "new"),
            ("c.password", ""),
            ("c.on", "false"),
            ("name", "not of this step"),
        ]);
        draft.merge(&sent, |name| name.starts_with("c."), |name| name == "c.password");
        let expected =
            FormInput::from([("name", "A"), ("c.password", "sesame"), ("c.url", "new"), ("c.on", "false")]);
        assert_eq!(draft, expected);
        assert!(!format!("{draft:?}").contains("sesame"));
    }
}
