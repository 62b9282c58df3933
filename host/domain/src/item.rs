use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::{Value, ValueKind};

/// The id of an item as EWS clients see it: opaque, exact to the byte, unique within one EWS server.
///
/// Plugins make ids from the ids of the source, never from names, so that a rename keeps BMS bindings. The host
/// puts a [`TreeKey`](crate::TreeKey) in front of them.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EwsItemId(Arc<str>);

impl EwsItemId {
    /// The id of every server's root container.
    pub const ROOT: &'static str = "root";

    /// An id with this text.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text of the id.
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

/// The number of an item inside this host: stable for the life of the item, dense, never shown outside.
/// Points declared together get neighbouring handles.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointHandle(pub u32);

impl PointHandle {
    /// The handle as an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The type of a container (DataExchange 1.2, `ContainerItem/Type`).
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContainerKind {
    /// A folder.
    Folder,
    /// The root of an EWS server.
    Server,
    /// A device.
    Device,
    /// A part of a structured value.
    Structure,
    /// A service.
    Service,
}

impl ContainerKind {
    /// The name the EWS contract uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "Folder",
            Self::Server => "Server",
            Self::Device => "Device",
            Self::Structure => "Structure",
            Self::Service => "Service",
        }
    }

    /// The kind with this contract name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Folder, Self::Server, Self::Device, Self::Structure, Self::Service]
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

/// A container of items.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerItem {
    /// Its id.
    pub id: EwsItemId,
    /// The container it lies in; `None` for the server's root.
    pub parent: Option<EwsItemId>,
    /// Its name.
    pub name: Arc<str>,
    /// A sentence about it, or nothing.
    pub description: Arc<str>,
    /// Its type.
    pub kind: ContainerKind,
}

/// What a BMS may write to a point.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SetPointRule {
    /// Smallest number accepted.
    pub min: Option<f64>,
    /// Largest number accepted.
    pub max: Option<f64>,
    /// The texts accepted; any text when empty.
    pub options: Vec<Arc<str>>,
    /// A moment must lie in the future when it is written.
    pub future_only: bool,
}

impl SetPointRule {
    /// Whether the rule admits a value of the right kind.
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

    /// Whether the rule lists this text, or lists none.
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
    /// Its id.
    pub id: EwsItemId,
    /// The container it lies in.
    pub parent: EwsItemId,
    /// Its name.
    pub name: Arc<str>,
    /// A sentence about it, or nothing.
    pub description: Arc<str>,
    /// The type of its value.
    pub kind: ValueKind,
    /// Its unit, as shown; empty when it has none.
    pub unit: Arc<str>,
    /// What may be written; `None` for a point that is read-only.
    pub set_point: Option<SetPointRule>,
    /// The class of the declaring plugin that writes it, such as `status`.
    pub published_by: Arc<str>,
    /// The class that carries its set points; `None` for a point that is read-only.
    pub writes_handled_by: Option<Arc<str>>,
}

/// A recorded history of a point.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryItem {
    /// Its id.
    pub id: EwsItemId,
    /// The container it lies in.
    pub parent: EwsItemId,
    /// Its name.
    pub name: Arc<str>,
    /// A sentence about it, or nothing.
    pub description: Arc<str>,
    /// The point whose values it records.
    pub value_item: EwsItemId,
    /// The type of its samples.
    pub kind: ValueKind,
    /// The unit of its samples.
    pub unit: Arc<str>,
    /// The class that records it, such as `logs`.
    pub published_by: Arc<str>,
}

/// Any node of an EWS server's tree.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub enum EwsItem {
    /// A container.
    Container(ContainerItem),
    /// A live value.
    Value(ValueItem),
    /// A history.
    History(HistoryItem),
}

impl EwsItem {
    /// The item's id.
    pub fn id(&self) -> &EwsItemId {
        match self {
            Self::Container(item) => &item.id,
            Self::Value(item) => &item.id,
            Self::History(item) => &item.id,
        }
    }

    /// The container the item lies in; `None` directly below or at the root.
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

    /// The item's name.
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
