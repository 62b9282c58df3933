//! The tree of one EWS server, made anew when a declaration changes it and replaced under its readers.

use std::collections::HashMap;
use std::sync::Arc;

use riser_domain::{ContainerKind, EwsItem, EwsItemId, PointHandle, StoredItem, TreeOwner};

/// Handle of every server's root, which no table of the store holds.
pub const ROOT_HANDLE: PointHandle = PointHandle(0);

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct TreeNode {
    pub handle: PointHandle,
    /// `None` for the root.
    pub item: Option<EwsItem>,
    /// Whose tree it belongs to; `None` for the root.
    pub owner: Option<TreeOwner>,
    /// Handles of what lies in it, in the order of the declaration.
    pub children: Vec<PointHandle>,
    /// The source no longer has it.
    pub has_vanished: bool,
}

/// The tree of one EWS server.
#[derive(Clone, Debug)]
pub struct ServerTree {
    /// Changes with every change of an id, a name or a kind.
    pub version: u64,
    /// The server's name, which the root bears.
    pub name: Arc<str>,
    nodes: HashMap<PointHandle, TreeNode>,
    by_id: HashMap<EwsItemId, PointHandle>,
}

impl ServerTree {
    /// Builds the tree from the stored items of all its owners, each owner's in its order.
    pub(crate) fn build<'a>(
        version: u64,
        name: &str,
        items: impl IntoIterator<Item = &'a StoredItem>,
    ) -> Self {
        let mut tree = Self {
            version,
            name: Arc::from(name),
            nodes: HashMap::new(),
            by_id: HashMap::from([(EwsItemId::new(EwsItemId::ROOT), ROOT_HANDLE)]),
        };
        tree.nodes.insert(
            ROOT_HANDLE,
            TreeNode {
                handle: ROOT_HANDLE,
                item: None,
                owner: None,
                children: Vec::new(),
                has_vanished: false,
            },
        );
        for stored in items {
            let parent = stored
                .item
                .parent()
                .and_then(|parent| tree.by_id.get(parent))
                .copied()
                .unwrap_or(ROOT_HANDLE);
            if let Some(parent) = tree.nodes.get_mut(&parent) {
                parent.children.push(stored.handle);
            }
            tree.by_id.insert(stored.item.id().clone(), stored.handle);
            tree.nodes.insert(
                stored.handle,
                TreeNode {
                    handle: stored.handle,
                    item: Some(stored.item.clone()),
                    owner: Some(stored.owner.clone()),
                    children: Vec::new(),
                    has_vanished: stored.vanished_at.is_some(),
                },
            );
        }
        tree
    }

    /// The handle of the item with this id.
    pub fn find(&self, id: &str) -> Option<PointHandle> {
        self.by_id.get(id).copied()
    }

    /// The node with this handle.
    pub fn node(&self, handle: PointHandle) -> Option<&TreeNode> {
        self.nodes.get(&handle)
    }

    /// The root.
    pub fn root(&self) -> &TreeNode {
        &self.nodes[&ROOT_HANDLE]
    }

    /// What lies in a container, in order.
    pub fn children<'a>(&'a self, node: &'a TreeNode) -> impl Iterator<Item = &'a TreeNode> {
        node.children.iter().filter_map(|handle| self.nodes.get(handle))
    }

    /// Items in the tree, the root not counted.
    pub fn len(&self) -> usize {
        self.nodes.len() - 1
    }

    /// Whether nothing lies below the root.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All nodes, in no order.
    pub fn nodes(&self) -> impl Iterator<Item = &TreeNode> {
        self.nodes.values()
    }
}

impl TreeNode {
    /// The id clients see.
    pub fn id(&self) -> &str {
        self.item.as_ref().map_or(EwsItemId::ROOT, |item| item.id().as_str())
    }

    /// The container kind, for a container.
    pub fn container_kind(&self) -> Option<ContainerKind> {
        match &self.item {
            None => Some(ContainerKind::Server),
            Some(EwsItem::Container(container)) => Some(container.kind),
            Some(_) => None,
        }
    }
}
