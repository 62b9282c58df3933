use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::{ContainerDefinition, HistoryDefinition, ItemDefinition, ValueDefinition};

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

    /// Returns the text, without a copy.
    pub fn to_shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
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

/// A container of items.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerItem {
    pub id: EwsItemId,
    /// The container above; `None` directly below the server's root.
    pub parent: Option<EwsItemId>,
    pub definition: Arc<ContainerDefinition>,
}

/// A point with a live value.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct ValueItem {
    pub id: EwsItemId,
    /// The container above.
    pub parent: EwsItemId,
    pub definition: Arc<ValueDefinition>,
}

/// A recorded history of a point.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryItem {
    pub id: EwsItemId,
    /// The container above.
    pub parent: EwsItemId,
    /// The recorded point. In a box, because few items are histories and all take the space of the largest kind.
    pub value_item: Box<EwsItemId>,
    pub definition: Arc<HistoryDefinition>,
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

    /// Returns what it has in common with others.
    pub fn definition(&self) -> ItemDefinition {
        match self {
            Self::Container(item) => ItemDefinition::Container(Arc::clone(&item.definition)),
            Self::Value(item) => ItemDefinition::Value(Arc::clone(&item.definition)),
            Self::History(item) => ItemDefinition::History(Arc::clone(&item.definition)),
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
            Self::Container(item) => &item.definition.description,
            Self::Value(item) => &item.definition.description,
            Self::History(item) => &item.definition.description,
        }
    }

    pub fn name(&self) -> &Arc<str> {
        match self {
            Self::Container(item) => &item.definition.name,
            Self::Value(item) => &item.definition.name,
            Self::History(item) => &item.definition.name,
        }
    }
}
