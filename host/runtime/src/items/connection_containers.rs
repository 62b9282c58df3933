//! Finds the trees of an EWS server that need a container with the name of their connection, because they share
//! the name of a top item (docs/adr/0031).

use std::collections::{HashMap, HashSet};

use riser_domain::{
    ContainerDefinition, ContainerItem, ContainerKind, EwsItem, EwsItemId, StoredItem, TreeKey, TreeOwner,
};

/// One tree of an EWS server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacedTree<'a> {
    pub(crate) owner: &'a TreeOwner,
    pub(crate) key: TreeKey,
    /// `None` for a plugin without a connection.
    pub(crate) connection_name: Option<&'a str>,
    /// In the order of their declaration.
    pub(crate) items: &'a [StoredItem],
}

impl<'a> PlacedTree<'a> {
    fn name(&self) -> &'a str {
        self.connection_name.unwrap_or(&self.owner.plugin)
    }

    fn top_names(&self) -> HashSet<&'a str> {
        self.items
            .iter()
            .filter(|stored| is_at_top(&stored.item))
            .map(|stored| &**stored.item.name())
            .collect()
    }
}

/// Returns whether an item is directly below the root.
pub(crate) fn is_at_top(item: &EwsItem) -> bool {
    item.parent().is_none_or(|parent| parent.as_str() == EwsItemId::ROOT)
}

/// Returns for each tree its container; `None` for a tree whose top items are below the root.
pub(crate) fn containers(trees: &[PlacedTree<'_>]) -> Vec<Option<ContainerItem>> {
    let is_inside = inside(trees);
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for (tree, _) in trees.iter().zip(&is_inside).filter(|(_, is_inside)| **is_inside) {
        *uses.entry(tree.name()).or_default() += 1;
    }
    trees
        .iter()
        .zip(&is_inside)
        .map(|(tree, is_inside)| {
            let name = tree.name();
            let is_shared = uses.get(name).is_some_and(|uses| *uses > 1);
            let name = if is_shared { format!("{name} ({})", tree.owner.plugin) } else { name.to_owned() };
            is_inside.then(|| ContainerItem {
                id: tree.key.container_id(),
                parent: None,
                definition: ContainerDefinition {
                    name: name.into(),
                    description: "".into(),
                    kind: ContainerKind::Folder,
                }
                .into(),
            })
        })
        .collect()
}

/// Returns for each tree whether it has a container: its top names, or its container's name, occur in another tree.
fn inside(trees: &[PlacedTree<'_>]) -> Vec<bool> {
    let top_names: Vec<HashSet<&str>> = trees.iter().map(PlacedTree::top_names).collect();
    let mut is_inside: Vec<bool> = top_names
        .iter()
        .enumerate()
        .map(|(index, names)| {
            let mut others = top_names.iter().enumerate().filter(|(other, _)| *other != index);
            others.any(|(_, others)| !names.is_disjoint(others))
        })
        .collect();
    // The name of a new container may be that of a top item of one more tree.
    loop {
        let names: HashSet<&str> = trees
            .iter()
            .zip(&is_inside)
            .filter(|(_, is_inside)| **is_inside)
            .map(|(tree, _)| tree.name())
            .collect();
        let next =
            (0..trees.len()).find(|index| !is_inside[*index] && !names.is_disjoint(&top_names[*index]));
        let Some(next) = next else { return is_inside };
        is_inside[next] = true;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use riser_domain::{ConnectionId, EwsServerId, PointHandle};

    use super::*;

    /// Names of connection and plugin, and of the top items; each gives the name of its container.
    fn check<const N: usize>(trees: [(Option<&str>, &str, &[&str]); N], expected: [Option<&str>; N]) {
        let owners = trees.map(|(connection, plugin, _)| TreeOwner {
            ews_server: EwsServerId(1),
            plugin: plugin.to_owned(),
            connection: connection.map(|_| ConnectionId(1)),
        });
        let items: Vec<Vec<StoredItem>> = (1_u32..)
            .zip(&trees)
            .map(|(key, (_, _, names))| {
                (0_u32..).zip(*names).map(|(position, name)| item(key, position, name)).collect()
            })
            .collect();
        let placed: Vec<PlacedTree<'_>> = (1_u32..)
            .zip(&trees)
            .zip(owners.iter().zip(&items))
            .map(|((key, (connection_name, ..)), (owner, items))| PlacedTree {
                owner,
                key: TreeKey(key),
                connection_name: *connection_name,
                items,
            })
            .collect();
        let found = containers(&placed);
        assert!((1_u32..).zip(&found).all(|(key, container)| {
            container.as_ref().is_none_or(|container| container.id == TreeKey(key).container_id())
        }));
        let names: Vec<Option<&str>> = found
            .iter()
            .map(|container| container.as_ref().map(|container| &*container.definition.name))
            .collect();
        assert_eq!(names, expected);
    }

    fn item(key: u32, position: u32, name: &str) -> StoredItem {
        let container = ContainerItem {
            id: TreeKey(key).served_id(name),
            parent: (position > 0).then(|| EwsItemId::new(EwsItemId::ROOT)),
            definition: ContainerDefinition {
                name: name.into(),
                description: "".into(),
                kind: ContainerKind::Folder,
            }
            .into(),
        };
        StoredItem {
            handle: PointHandle(key * 100 + position),
            position,
            item: Arc::new(EwsItem::Container(container)),
            vanished_at: None,
        }
    }

    #[test]
    fn trees_lie_below_the_root_until_two_share_a_top_name() {
        check([(Some("North"), "evce", &["Zones"])], [None]);
        check([(Some("North"), "evce", &["Zones"]), (Some("South"), "meters", &["Meters"])], [None, None]);
        check(
            [
                (Some("North"), "evce", &["Zones"]),
                (Some("South"), "evce", &["Logs", "Zones"]),
                (Some("West"), "meters", &["Meters"]),
            ],
            [Some("North"), Some("South"), None],
        );
    }

    #[test]
    fn two_trees_of_one_connection_have_the_plugin_in_their_names() {
        check(
            [(Some("North"), "a", &["Zones"]), (Some("North"), "b", &["Zones"]), (None, "c", &["Zones"])],
            [Some("North (a)"), Some("North (b)"), Some("c")],
        );
    }

    #[test]
    fn a_tree_whose_top_item_has_the_name_of_a_container_gets_one_too() {
        check(
            [
                (Some("North"), "evce", &["Zones"]),
                (Some("South"), "evce", &["Zones"]),
                (Some("East"), "meters", &["North"]),
                (Some("West"), "valves", &["East"]),
            ],
            [Some("North"), Some("South"), Some("East"), Some("West")],
        );
    }
}
