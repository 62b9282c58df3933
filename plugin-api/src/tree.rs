use crate::abi::PackedTree;
use crate::abi::messages::{ContainerKind, ItemMessage, NodeMessage, SetPointRuleMessage};
use crate::abi::packed_tree::TreePacker;
use crate::value::{Kind, PointValue, unix_ms};
use std::time::SystemTime;

/// Key of an item of a new tree. It is `Copy`, and indexes the points that a declaration
/// returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub(crate) usize);

/// The complete tree of a class: containers, values and histories, in the order in which the BMS
/// shows them. Riser computes the difference to the stored tree.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    packer: TreePacker,
}

impl Tree {
    /// Returns an empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an item directly below the root.
    pub fn add(&mut self, item: impl Into<Item>) -> Key {
        self.push(None, item.into())
    }

    /// Adds an item in a container of this tree.
    pub fn add_in(&mut self, container: Key, item: impl Into<Item>) -> Key {
        self.push(Some(container), item.into())
    }

    /// Returns the id of an item; empty for the key of another tree.
    pub fn id(&self, key: Key) -> String {
        self.packer.tree().id(key.0).unwrap_or_default()
    }

    /// Returns the number of items.
    pub const fn len(&self) -> usize {
        self.packer.tree().len()
    }

    /// Returns whether the tree has no items.
    pub const fn is_empty(&self) -> bool {
        self.packer.tree().is_empty()
    }

    /// Returns the ids of the values and histories, to compare them with the stored [`Points`](crate::Points).
    pub fn point_ids(&self) -> impl Iterator<Item = String> {
        let tree = self.packer.tree();
        (0..tree.len()).filter(|place| tree.is_point(*place)).filter_map(|place| tree.id(place))
    }

    pub(crate) fn into_packed(self) -> PackedTree {
        self.packer.into_tree()
    }

    fn push(&mut self, parent: Option<Key>, item: Item) -> Key {
        Key(self.packer.push(parent.map(|key| key.0), item.0))
    }
}

/// For plugins that test the host with trees that the kit cannot build.
#[doc(hidden)]
impl From<PackedTree> for Tree {
    fn from(packed: PackedTree) -> Self {
        Self { packer: packed.into() }
    }
}

/// A container, a value or a history, ready to be added.
#[derive(Clone, Debug)]
pub struct Item(ItemMessage);

fn item(id: &str, name: &str, node: NodeMessage) -> ItemMessage {
    ItemMessage { id: id.to_owned(), parent: None, name: name.to_owned(), description: String::new(), node }
}

/// A container of items.
#[derive(Clone, Debug)]
pub struct Container(ItemMessage);

impl Container {
    /// Returns a folder. Build the id from the source's ids, never from a name.
    pub fn new(id: &str, name: &str) -> Self {
        Self(item(id, name, NodeMessage::Container { kind: ContainerKind::Folder }))
    }

    /// Returns a device.
    pub fn device(id: &str, name: &str) -> Self {
        Self(item(id, name, NodeMessage::Container { kind: ContainerKind::Device }))
    }

    /// Sets the description.
    #[must_use]
    pub fn described(mut self, sentence: &str) -> Self {
        sentence.clone_into(&mut self.0.description);
        self
    }
}

impl From<Container> for Item {
    fn from(container: Container) -> Self {
        Self(container.0)
    }
}

/// A live value.
#[derive(Clone, Debug)]
pub struct Value {
    item: ItemMessage,
    kind: Kind,
    unit: String,
    published_by: String,
    writes_handled_by: Option<String>,
    rule: SetPointRuleMessage,
    initial: Option<PointValue>,
}

impl Value {
    /// Returns a value of this kind. [`Value::published_by`] sets its class. Build the id from the
    /// source's ids, never from a name.
    pub fn new(id: &str, name: &str, kind: Kind) -> Self {
        Self {
            item: item(id, name, NodeMessage::Container { kind: ContainerKind::Folder }),
            kind,
            unit: String::new(),
            published_by: String::new(),
            writes_handled_by: None,
            rule: SetPointRuleMessage::default(),
            initial: None,
        }
    }

    /// Sets the unit, as shown.
    #[must_use]
    pub fn unit(mut self, unit: &str) -> Self {
        unit.clone_into(&mut self.unit);
        self
    }

    /// Sets the description.
    #[must_use]
    pub fn described(mut self, sentence: &str) -> Self {
        sentence.clone_into(&mut self.item.description);
        self
    }

    /// Sets the class of this plugin that publishes the value. Riser refuses other classes.
    #[must_use]
    pub fn published_by(mut self, class: &str) -> Self {
        class.clone_into(&mut self.published_by);
        self
    }

    /// Makes the value writable by the BMS. The named class of this plugin handles the writes.
    #[must_use]
    pub fn writes_handled_by(mut self, class: &str) -> Self {
        self.writes_handled_by = Some(class.to_owned());
        self
    }

    /// Sets the range of writes, in the unit of the value.
    #[must_use]
    pub const fn within(mut self, min: f64, max: f64) -> Self {
        self.rule.min = Some(min);
        self.rule.max = Some(max);
        self
    }

    /// Sets the texts that a write may contain.
    #[must_use]
    pub fn one_of(mut self, texts: &[&str]) -> Self {
        self.rule.options = texts.iter().map(|text| (*text).to_owned()).collect();
        self
    }

    /// Accepts only moments in the future.
    #[must_use]
    pub const fn in_future(mut self) -> Self {
        self.rule.future_only = true;
        self
    }

    /// Sets the initial value: served as Good until the class publishes one.
    #[must_use]
    pub fn initially(mut self, value: impl Into<PointValue>) -> Self {
        self.initial = Some(value.into().fit(self.kind));
        self
    }

    /// Sets the initial value to a moment.
    #[must_use]
    pub fn initially_at(mut self, moment: SystemTime) -> Self {
        self.initial = Some(PointValue::DateTimeMs(unix_ms(moment)));
        self
    }
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        let node = NodeMessage::Value {
            kind: value.kind,
            unit: value.unit,
            published_by: value.published_by,
            set_point: value.writes_handled_by.is_some().then_some(value.rule),
            writes_handled_by: value.writes_handled_by,
            initial: value.initial,
        };
        Self(ItemMessage { node, ..value.item })
    }
}

/// The recorded history of a value.
#[derive(Clone, Debug)]
pub struct History {
    item: ItemMessage,
    value_item: String,
    kind: Kind,
    unit: String,
    published_by: String,
}

impl History {
    /// Returns the history of the value with this id, of this kind.
    pub fn new(id: &str, name: &str, value_item: &str, kind: Kind) -> Self {
        Self {
            item: item(id, name, NodeMessage::Container { kind: ContainerKind::Folder }),
            value_item: value_item.to_owned(),
            kind,
            unit: String::new(),
            published_by: String::new(),
        }
    }

    /// Sets the unit, as shown.
    #[must_use]
    pub fn unit(mut self, unit: &str) -> Self {
        unit.clone_into(&mut self.unit);
        self
    }

    /// Sets the description.
    #[must_use]
    pub fn described(mut self, sentence: &str) -> Self {
        sentence.clone_into(&mut self.item.description);
        self
    }

    /// Sets the class of this plugin that records the history. Riser refuses other classes.
    #[must_use]
    pub fn published_by(mut self, class: &str) -> Self {
        class.clone_into(&mut self.published_by);
        self
    }
}

impl From<History> for Item {
    fn from(history: History) -> Self {
        let node = NodeMessage::History {
            value_item: history.value_item,
            kind: history.kind,
            unit: history.unit,
            published_by: history.published_by,
        };
        Self(ItemMessage { node, ..history.item })
    }
}
