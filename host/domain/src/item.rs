use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use strum::{EnumString, IntoStaticStr};

use crate::{Value, ValueKind};

/// The id of an item as EWS clients see it: opaque, exact to the byte, unique within one EWS server.
///
/// Plugins make ids from the ids of the source, never from names, so that a rename keeps BMS bindings. The host
/// puts a [`TreeKey`](crate::TreeKey) in front of them.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EwsItemId(Arc<str>);

impl EwsItemId {
    /// Id of the root container of every EWS server.
    pub const ROOT: &'static str = "root";

    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Arc<str>> for EwsItemId {
    fn from(text: Arc<str>) -> Self {
        Self(text)
    }
}

impl Deref for EwsItemId {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for EwsItemId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EwsItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EwsItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// Number of an item inside this host: stable for the life of the item, dense, never sent outside.
/// Points declared together get neighbouring handles.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointHandle(pub u32);

impl PointHandle {
    /// Returns the handle as an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

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

/// A container of items.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerItem {
    pub id: EwsItemId,
    /// The container above; `None` directly below the server's root.
    pub parent: Option<EwsItemId>,
    pub name: Arc<str>,
    /// A sentence, or empty.
    pub description: Arc<str>,
    pub kind: ContainerKind,
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

/// A point with a live value.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct ValueItem {
    pub id: EwsItemId,
    /// The container above.
    pub parent: EwsItemId,
    pub name: Arc<str>,
    /// A sentence, or empty.
    pub description: Arc<str>,
    /// The type of its value.
    pub kind: ValueKind,
    /// The unit as shown, or empty.
    pub unit: Arc<str>,
    /// The accepted writes; `None` for a read-only point. In a box, because most points have none.
    pub set_point: Option<Box<SetPointRule>>,
    /// The class of the declaring plugin that publishes the value, such as `status`.
    pub published_by: Arc<str>,
    /// The class that executes writes; `None` for a read-only point.
    pub writes_handled_by: Option<Arc<str>>,
}

/// A recorded history of a point.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryItem {
    pub id: EwsItemId,
    /// The container above.
    pub parent: EwsItemId,
    pub name: Arc<str>,
    /// A sentence, or empty.
    pub description: Arc<str>,
    /// The recorded point.
    pub value_item: EwsItemId,
    /// The type of its samples.
    pub kind: ValueKind,
    /// The unit of its samples.
    pub unit: Arc<str>,
    /// The class that publishes the samples, such as `logs`.
    pub published_by: Arc<str>,
}

/// Any node of an EWS server's tree.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub enum EwsItem {
    Container(ContainerItem),
    Value(ValueItem),
    History(HistoryItem),
}

impl EwsItem {
    pub fn id(&self) -> &EwsItemId {
        match self {
            Self::Container(item) => &item.id,
            Self::Value(item) => &item.id,
            Self::History(item) => &item.id,
        }
    }

    /// Returns the container above; `None` directly below the root.
    pub fn parent(&self) -> Option<&EwsItemId> {
        match self {
            Self::Container(item) => item.parent.as_ref(),
            Self::Value(item) => Some(&item.parent),
            Self::History(item) => Some(&item.parent),
        }
    }

    /// Moves the item into another container.
    pub fn move_to(&mut self, container: EwsItemId) {
        match self {
            Self::Container(item) => item.parent = Some(container),
            Self::Value(item) => item.parent = container,
            Self::History(item) => item.parent = container,
        }
    }

    /// Returns its description, or an empty text.
    pub fn description(&self) -> &Arc<str> {
        match self {
            Self::Container(item) => &item.description,
            Self::Value(item) => &item.description,
            Self::History(item) => &item.description,
        }
    }

    pub fn name(&self) -> &Arc<str> {
        match self {
            Self::Container(item) => &item.name,
            Self::Value(item) => &item.name,
            Self::History(item) => &item.name,
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
