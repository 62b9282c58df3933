//! What items have in common: all that depends neither on their place nor on their id.

use std::sync::Arc;

use strum::{EnumString, IntoStaticStr};

use crate::{Value, ValueKind};

/// The type of a container (DataExchange 1.2, `ContainerItem/Type`).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(ascii_case_insensitive, const_into_str)]
pub enum ContainerKind {
    Folder,
    /// The root of an EWS server.
    Server,
    Device,
    /// A part of a structured value.
    Structure,
    Service,
}

impl ContainerKind {
    /// Returns the name in the EWS contract.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

/// What containers at different places may have in common.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerDefinition {
    pub name: Arc<str>,
    /// A sentence, or empty.
    pub description: Arc<str>,
    pub kind: ContainerKind,
}

/// What the same point of many devices has in common. They share it: a large site has a million points of a hundred
/// definitions.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct ValueDefinition {
    pub name: Arc<str>,
    /// A sentence, or empty.
    pub description: Arc<str>,
    /// The type of its value.
    pub kind: ValueKind,
    /// The unit as shown, or empty.
    pub unit: Arc<str>,
    /// The accepted writes; `None` for a read-only point.
    pub set_point: Option<SetPointRule>,
    /// The class of the declaring plugin that publishes the value, such as `status`.
    pub published_by: Arc<str>,
    /// The class that executes writes; `None` for a read-only point.
    pub writes_handled_by: Option<Arc<str>>,
}

/// The values that a BMS may write to a point.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SetPointRule {
    /// Smallest number accepted.
    pub min: Option<f64>,
    /// Largest number accepted.
    pub max: Option<f64>,
    /// The texts accepted; any text when empty.
    pub options: Vec<Arc<str>>,
    /// A time must be in the future when it is written.
    pub future_only: bool,
}

impl SetPointRule {
    /// Returns whether a value of the right kind is in range, and in the future if required.
    pub fn admits(&self, value: &Value, now: crate::Timestamp) -> bool {
        let in_range = value.as_number().is_none_or(|number| {
            self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
        });
        let in_future = match value {
            Value::DateTime(moment) => !self.future_only || *moment > now,
            _ => true,
        };
        in_range && in_future
    }

    /// Returns whether a text is one of the options; other values always are.
    pub fn lists(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.options.is_empty() || self.options.contains(text),
            _ => true,
        }
    }
}

/// What the same history of many devices has in common.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryDefinition {
    pub name: Arc<str>,
    /// A sentence, or empty.
    pub description: Arc<str>,
    /// The type of its samples.
    pub kind: ValueKind,
    /// The unit of its samples.
    pub unit: Arc<str>,
    /// The class that publishes the samples, such as `logs`.
    pub published_by: Arc<str>,
}

/// The definition of any item.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemDefinition {
    Container(Arc<ContainerDefinition>),
    Value(Arc<ValueDefinition>),
    History(Arc<HistoryDefinition>),
}

impl ItemDefinition {
    pub fn name(&self) -> &Arc<str> {
        match self {
            Self::Container(definition) => &definition.name,
            Self::Value(definition) => &definition.name,
            Self::History(definition) => &definition.name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn a_rule_bounds_numbers_texts_and_moments() {
        let now = Timestamp::from_unix_ms(1_000);
        let rule = SetPointRule { min: Some(0.0), max: Some(100.0), future_only: true, ..Default::default() };
        assert!(rule.admits(&Value::Double(100.0), now));
        assert!(!rule.admits(&Value::Double(100.1), now));
        assert!(!rule.admits(&Value::DateTime(now), now));
        assert!(rule.admits(&Value::DateTime(Timestamp::from_unix_ms(1_001)), now));
        let listed = SetPointRule { options: vec!["operative".into()], ..Default::default() };
        assert!(listed.lists(&Value::String("operative".into())));
        assert!(!listed.lists(&Value::String("broken".into())));
    }
}
