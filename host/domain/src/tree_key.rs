use std::collections::HashMap;
use std::fmt;

use crate::{DeclaredTree, EwsItem, EwsItemId, PointHandle};

/// Ends the key in an item id.
const SEPARATOR: char = '.';

/// Keeps the item ids of one tree apart from those of every other tree of this host.
///
/// Each connection and plugin gets one key, once. EWS clients see it in front of every item id: the plugin's id
/// `z1/ZoneReduction` is served as `t1.z1/ZoneReduction`. Plugins see their own ids only. The key begins with a
/// letter, so that a spreadsheet does not turn an id into a number or a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeKey(pub u32);

impl TreeKey {
    /// Returns the id under which EWS clients see an item of this tree.
    pub fn served_id(self, plugin_id: &str) -> EwsItemId {
        EwsItemId::new(&format!("{self}{SEPARATOR}{plugin_id}"))
    }

    /// Returns the plugin's own id of an item: the served id without its key.
    pub fn plugin_id(served_id: &EwsItemId) -> &str {
        served_id.split_once(SEPARATOR).map_or(served_id.as_str(), |(_, plugin_id)| plugin_id)
    }

    /// Returns the id of the container above the tree. No item of any tree has it.
    pub fn container_id(self) -> EwsItemId {
        EwsItemId::new(&self.to_string())
    }

    /// Returns the handle of the container above the tree. These handles count down from the largest number;
    /// those of stored items count up from 1.
    pub const fn container_handle(self) -> PointHandle {
        PointHandle(u32::MAX - self.0)
    }

    /// Puts the key in front of every id of a tree that passed [`DeclaredTree::check`]. References share the
    /// text of the id that they name.
    #[must_use]
    pub fn serve(self, tree: DeclaredTree) -> DeclaredTree {
        let mut served = HashMap::with_capacity(tree.items.len() + 1);
        let root = EwsItemId::new(EwsItemId::ROOT);
        served.insert(root.clone(), root);
        for item in &tree.items {
            served.insert(item.id().clone(), self.served_id(item.id()));
        }
        let of = |id: &EwsItemId| served.get(id).cloned().unwrap_or_else(|| self.served_id(id));
        let mut items = tree.items;
        for item in &mut items {
            match item {
                EwsItem::Container(item) => {
                    item.id = of(&item.id);
                    item.parent = item.parent.as_ref().map(of);
                }
                EwsItem::Value(item) => {
                    item.id = of(&item.id);
                    item.parent = of(&item.parent);
                }
                EwsItem::History(item) => {
                    item.id = of(&item.id);
                    item.parent = of(&item.parent);
                    *item.value_item = of(&item.value_item);
                }
            }
        }
        DeclaredTree { items }
    }
}

impl fmt::Display for TreeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ContainerDefinition, ContainerItem, ContainerKind, HistoryDefinition, HistoryItem, ValueDefinition,
        ValueItem, ValueKind,
    };

    fn id(text: &str) -> EwsItemId {
        EwsItemId::new(text)
    }

    fn container(item_id: &str, parent: Option<&str>) -> EwsItem {
        EwsItem::Container(ContainerItem {
            id: id(item_id),
            parent: parent.map(id),
            definition: ContainerDefinition {
                name: item_id.into(),
                description: "".into(),
                kind: ContainerKind::Folder,
            }
            .into(),
        })
    }

    fn value(item_id: &str, parent: &str) -> EwsItem {
        EwsItem::Value(ValueItem {
            id: id(item_id),
            parent: id(parent),
            definition: ValueDefinition {
                name: item_id.into(),
                description: "".into(),
                kind: ValueKind::Double,
                unit: "kW".into(),
                set_point: None,
                published_by: "status".into(),
                writes_handled_by: None,
            }
            .into(),
        })
    }

    fn history(item_id: &str, parent: &str, value_item: &str) -> EwsItem {
        EwsItem::History(HistoryItem {
            id: id(item_id),
            parent: id(parent),
            value_item: Box::new(id(value_item)),
            definition: HistoryDefinition {
                name: item_id.into(),
                description: "".into(),
                kind: ValueKind::Double,
                unit: "kW".into(),
                published_by: "logs".into(),
            }
            .into(),
        })
    }

    #[test]
    fn a_served_tree_keeps_its_shape_and_every_id_leads_back_to_the_plugins() {
        let tree = DeclaredTree {
            items: vec![
                container("zones", None),
                container("z.1", Some("zones")),
                value("total", EwsItemId::ROOT),
                value("z.1/p", "z.1"),
                history("z.1/h", "z.1", "z.1/p"),
            ],
        };
        let served = TreeKey(12).serve(tree.clone());
        let expected = DeclaredTree {
            items: vec![
                container("t12.zones", None),
                container("t12.z.1", Some("t12.zones")),
                value("t12.total", EwsItemId::ROOT),
                value("t12.z.1/p", "t12.z.1"),
                history("t12.z.1/h", "t12.z.1", "t12.z.1/p"),
            ],
        };
        let ids = |tree: &DeclaredTree| -> Vec<_> {
            tree.items.iter().map(|item| (item.id().clone(), item.parent().cloned())).collect()
        };
        assert_eq!(ids(&served), ids(&expected));
        assert!(matches!(&served.items[4], EwsItem::History(item) if *item.value_item == id("t12.z.1/p")));
        assert_eq!(served.check(), Ok(()));
        for (served, declared) in served.items.iter().zip(&tree.items) {
            assert_eq!(TreeKey::plugin_id(served.id()), declared.id().as_str());
        }
    }

    #[test]
    fn ids_of_two_keys_never_meet_whatever_the_plugins_choose() {
        let awkward = ["", ".", "1", "t1", "t1.", ".t1", "root", "2.x"];
        for plugin_id in awkward {
            for other in awkward {
                assert_ne!(TreeKey(1).served_id(plugin_id), TreeKey(12).served_id(other));
                assert_ne!(TreeKey(1).served_id(plugin_id), TreeKey(1).container_id());
            }
            assert_ne!(TreeKey(1).served_id(plugin_id), id(EwsItemId::ROOT));
        }
        assert_ne!(TreeKey(1).container_handle(), TreeKey(2).container_handle());
    }
}
