//! A requested tree, packed for the host: what items have in common is there once.

use std::hash::{Hash, Hasher};

use hashbrown::Equivalent;
use serde::{Deserialize, Serialize};

use super::id_prefixes::{IdPrefixes, join};
use super::messages::{ItemMessage, NodeMessage};
use super::places::Places;
use crate::PointValue;

/// The number of the parent of items directly below the root.
const ROOT: u32 = 0;

/// Items of a tree, parents before children. As JSON an item takes about 20 bytes, in memory 12.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PackedTree {
    prefixes: IdPrefixes,
    shapes: Vec<ItemShape>,
    rows: Vec<ItemRow>,
    /// Places of values with their initial values, in their order.
    initial: Vec<(u32, PointValue)>,
    /// Places of histories with the numbers of the prefixes of the values that they record, in their order.
    recorded_prefixes: Vec<(u32, u32)>,
}

/// What items at the same place of different containers have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ItemShape {
    /// The id after its last slash.
    id: Box<str>,
    name: Box<str>,
    description: Box<str>,
    /// Without an initial value. The id of a recorded value is its part after the last slash.
    node: NodeMessage,
}

/// An item: place of its parent plus 1, number of its prefix, place of its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ItemRow(u32, u32, u32);

/// A packed tree that refers to something it does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATree;

impl std::fmt::Display for NotATree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the tree refers to a part that it does not have: build the library again, with a released riser-plugin")
    }
}

impl std::error::Error for NotATree {}

/// Texts alone: numbers of set point rules are compared, but have no hash.
impl Hash for ItemShape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.id, &self.name, &self.description).hash(state);
        match &self.node {
            NodeMessage::Container { .. } => {}
            NodeMessage::Value { unit, published_by, .. } => (unit, published_by).hash(state),
            NodeMessage::History { value_item, unit, published_by, .. } => {
                (value_item, unit, published_by).hash(state);
            }
        }
    }
}

impl Equivalent<Self> for ItemShape {
    fn equivalent(&self, other: &Self) -> bool {
        self == other
    }
}

impl PackedTree {
    /// Returns the number of items.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there are no items.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the items, in their order. One is an error if it refers to something that the tree does not have.
    pub fn items(&self) -> impl Iterator<Item = Result<PackedItem<'_>, NotATree>> {
        (0..self.rows.len()).map(|place| self.item(place).ok_or(NotATree))
    }

    /// Returns the id of the item at a place, before and after its last slash, if the tree has it.
    pub(crate) fn id_parts(&self, place: usize) -> Option<(Option<&str>, &str)> {
        let ItemRow(_, prefix, shape) = self.rows.get(place)?;
        Some((self.prefixes.get(*prefix)?, &self.shapes.get(*shape as usize)?.id))
    }

    /// Returns the id of the item at a place, if the tree has it.
    pub(crate) fn id(&self, place: usize) -> Option<String> {
        let (prefix, rest) = self.id_parts(place)?;
        Some(join(prefix, rest))
    }

    /// Returns whether the item at a place is a value or a history.
    pub(crate) fn is_point(&self, place: usize) -> bool {
        let shape = self.rows.get(place).and_then(|ItemRow(_, _, shape)| self.shapes.get(*shape as usize));
        shape.is_some_and(|shape| !matches!(shape.node, NodeMessage::Container { .. }))
    }

    fn item(&self, place: usize) -> Option<PackedItem<'_>> {
        let ItemRow(parent, _, shape) = *self.rows.get(place)?;
        let parent = match parent.checked_sub(1) {
            Some(parent) => Some(self.id(parent as usize)?),
            None => None,
        };
        let ItemShape { name, description, node, .. } = self.shapes.get(shape as usize)?;
        let value_item = match node {
            NodeMessage::History { value_item, .. } => {
                let prefix = self.prefixes.get(*find(&self.recorded_prefixes, place)?)?;
                Some(join(prefix, value_item))
            }
            NodeMessage::Container { .. } | NodeMessage::Value { .. } => None,
        };
        Some(PackedItem {
            id: self.id(place)?,
            parent,
            value_item,
            initial: find(&self.initial, place),
            definition: shape,
            name,
            description,
            node,
        })
    }
}

/// An item of a packed tree.
#[derive(Clone, Debug, PartialEq)]
pub struct PackedItem<'a> {
    /// Unique in the tree.
    pub id: String,
    /// The id of the container above; `None` directly below the root.
    pub parent: Option<String>,
    /// The id of the value that a history records.
    pub value_item: Option<String>,
    /// The initial value of a value.
    pub initial: Option<&'a PointValue>,
    /// Items with the same number have the same name, description and node.
    pub definition: u32,
    /// The name as shown.
    pub name: &'a str,
    /// A sentence, or empty.
    pub description: &'a str,
    /// Without an initial value. A history refers to its value by [`Self::value_item`] alone.
    pub node: &'a NodeMessage,
}

impl From<PackedItem<'_>> for ItemMessage {
    fn from(item: PackedItem<'_>) -> Self {
        let mut node = item.node.clone();
        match &mut node {
            NodeMessage::Container { .. } => {}
            NodeMessage::Value { initial, .. } => *initial = item.initial.cloned(),
            NodeMessage::History { value_item, .. } => *value_item = item.value_item.unwrap_or_default(),
        }
        Self {
            id: item.id,
            parent: item.parent,
            name: item.name.to_owned(),
            description: item.description.to_owned(),
            node,
        }
    }
}

/// Returns what is listed for a place.
fn find<T>(list: &[(u32, T)], place: usize) -> Option<&T> {
    list.binary_search_by_key(&place, |(place, _)| *place as usize).ok().map(|found| &list[found].1)
}

/// Packs a tree, item by item.
#[derive(Clone, Debug, Default)]
pub(crate) struct TreePacker {
    tree: PackedTree,
    prefix_places: Places,
    shape_places: Places,
}

impl From<PackedTree> for TreePacker {
    fn from(tree: PackedTree) -> Self {
        Self { tree, ..Self::default() }
    }
}

impl TreePacker {
    pub(crate) const fn tree(&self) -> &PackedTree {
        &self.tree
    }

    pub(crate) fn into_tree(self) -> PackedTree {
        self.tree
    }

    /// Adds an item below the one at a place, or below the root; `item.parent` is not read. Returns its place.
    pub(crate) fn push(&mut self, parent: Option<usize>, item: ItemMessage) -> usize {
        let place = self.tree.rows.len();
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let parent = parent.map_or(ROOT, |parent| number(parent).saturating_add(1));
        let ItemMessage { id, name, description, mut node, .. } = item;
        let (prefix, rest) = self.tree.prefixes.add(&mut self.prefix_places, &id);
        match &mut node {
            NodeMessage::Container { .. } => {}
            NodeMessage::Value { initial, .. } => {
                self.tree.initial.extend(initial.take().map(|value| (number(place), value)));
            }
            NodeMessage::History { value_item, .. } => {
                let (prefix, rest) = self.tree.prefixes.add(&mut self.prefix_places, value_item);
                self.tree.recorded_prefixes.push((number(place), prefix));
                *value_item = rest.to_owned();
            }
        }
        let shape = ItemShape {
            id: rest.into(),
            name: name.into_boxed_str(),
            description: description.into_boxed_str(),
            node,
        };
        let shape = self.shape_places.find_or_add(&mut self.tree.shapes, &shape, || shape.clone());
        self.tree.rows.push(ItemRow(parent, prefix, shape));
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use crate::abi::messages::{ContainerKind, SetPointRuleMessage};

    fn item(id: &str, parent: Option<&str>, node: NodeMessage) -> ItemMessage {
        ItemMessage {
            id: id.to_owned(),
            parent: parent.map(str::to_owned),
            name: id.rsplit('/').next().unwrap_or_default().to_owned(),
            description: "A sentence.".to_owned(),
            node,
        }
    }

    fn value(max: f64, initial: Option<PointValue>) -> NodeMessage {
        NodeMessage::Value {
            kind: Kind::Double,
            unit: "A".to_owned(),
            published_by: "status".to_owned(),
            writes_handled_by: Some("status".to_owned()),
            set_point: Some(SetPointRuleMessage { max: Some(max), ..SetPointRuleMessage::default() }),
            initial,
        }
    }

    fn history(value_item: &str) -> NodeMessage {
        NodeMessage::History {
            value_item: value_item.to_owned(),
            kind: Kind::Double,
            unit: "A".to_owned(),
            published_by: "logs".to_owned(),
        }
    }

    /// Items with the places of their parents.
    fn items() -> Vec<(Option<usize>, ItemMessage)> {
        let folder = || NodeMessage::Container { kind: ContainerKind::Folder };
        vec![
            (None, item("z1", None, folder())),
            (Some(0), item("z1/Limit", Some("z1"), value(16.0, Some(PointValue::Double(6.0))))),
            (Some(0), item("z1/Logs", Some("z1"), folder())),
            (Some(2), item("z1/Logs/Limit", Some("z1/Logs"), history("z1/Limit"))),
            (None, item("z2", None, folder())),
            (Some(4), item("z2/Limit", Some("z2"), value(16.0, None))),
            (Some(4), item("z2/Logs", Some("z2"), folder())),
            (Some(6), item("z2/Logs/Limit", Some("z2/Logs"), history("z2/Limit"))),
            (None, item("Limit", None, value(32.0, Some(PointValue::Double(6.5))))),
            (None, item("Limit-Log", None, history("Limit"))),
        ]
    }

    fn packed() -> PackedTree {
        let mut packer = TreePacker::default();
        for (place, (parent, item)) in items().into_iter().enumerate() {
            assert_eq!(packer.push(parent, ItemMessage { parent: None, ..item }), place);
        }
        packer.into_tree()
    }

    #[test]
    fn items_are_as_they_were_and_their_common_parts_are_there_once() {
        let packed = packed();
        let received: PackedTree = serde_json::from_slice(&serde_json::to_vec(&packed).unwrap()).unwrap();
        assert_eq!(received, packed);
        let expected: Vec<ItemMessage> = items().into_iter().map(|(_, item)| item).collect();
        let items = received.items().map(|item| ItemMessage::from(item.unwrap()));
        assert_eq!(items.collect::<Vec<_>>(), expected);
        for (place, item) in expected.iter().enumerate() {
            assert_eq!(received.id(place).as_ref(), Some(&item.id));
            assert_eq!(received.is_point(place), !matches!(item.node, NodeMessage::Container { .. }));
        }
        // z1, z2, the limits of zones, their folders, their histories, and the limit and the history of the root.
        assert_eq!((received.len(), received.shapes.len()), (10, 7));
    }

    #[test]
    fn an_item_that_refers_to_something_unknown_is_an_error() {
        let with = |change: fn(&mut PackedTree)| {
            let mut packed = packed();
            change(&mut packed);
            packed.items().map(|item| item.map(ItemMessage::from)).collect::<Result<Vec<_>, _>>()
        };
        assert!(with(|_| {}).is_ok());
        let changes: [fn(&mut PackedTree); 5] = [
            |tree| tree.rows[1].0 = 11,
            |tree| tree.rows[1].1 = 5,
            |tree| tree.rows[1].2 = 7,
            |tree| tree.recorded_prefixes.clear(),
            |tree| tree.recorded_prefixes[0].1 = 5,
        ];
        for change in changes {
            assert_eq!(with(change), Err(NotATree));
        }
    }
}
