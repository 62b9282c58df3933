//! The tree of one EWS server. A changed declaration builds a new tree that replaces it for readers.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use riser_domain::{ContainerItem, ContainerKind, EwsItem, EwsItemId, PointHandle, TreeOwner};

use super::connection_containers::{PlacedTree, containers, is_at_top};
use super::search_index::{Found, SearchIndex};

/// Handle of every server's root, which is not stored.
pub const ROOT_HANDLE: PointHandle = PointHandle(0);

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct TreeNode {
    pub handle: PointHandle,
    /// `None` for the root.
    pub item: Option<EwsItem>,
    /// The owner of its tree; `None` for the root.
    pub owner: Option<TreeOwner>,
    /// Handles of its children, in the order of the declaration.
    pub children: Vec<PointHandle>,
    /// The source no longer has it.
    pub has_vanished: bool,
}

/// The tree of one EWS server.
#[derive(Clone, Debug)]
pub struct ServerTree {
    /// Changes with every change of an id, a name or a kind.
    pub version: u64,
    /// The server's name, also that of the root.
    pub name: Arc<str>,
    nodes: HashMap<PointHandle, TreeNode>,
    by_id: HashMap<EwsItemId, PointHandle>,
    /// Made by the first search.
    search_index: OnceLock<SearchIndex>,
    /// Made by the first roll-up of states.
    points: OnceLock<PlacedPoints>,
}

/// The points of a tree, each with its container, in two columns.
#[derive(Clone, Debug, Default)]
pub struct PlacedPoints {
    pub points: Vec<PointHandle>,
    pub containers: Vec<PointHandle>,
}

impl ServerTree {
    /// Builds the tree from those of all owners.
    pub(crate) fn build(version: u64, name: &str, trees: &[PlacedTree<'_>]) -> Self {
        let mut tree = Self {
            version,
            name: Arc::from(name),
            nodes: HashMap::new(),
            by_id: HashMap::from([(EwsItemId::new(EwsItemId::ROOT), ROOT_HANDLE)]),
            search_index: OnceLock::new(),
            points: OnceLock::new(),
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
        for (placed, container) in trees.iter().zip(containers(trees)) {
            tree.add_owned(placed, container);
        }
        tree
    }

    fn add_owned(&mut self, placed: &PlacedTree<'_>, container: Option<ContainerItem>) {
        let top = container.map(|container| {
            let id = container.id.clone();
            self.add(TreeNode {
                handle: placed.key.container_handle(),
                item: Some(EwsItem::Container(container)),
                owner: Some(placed.owner.clone()),
                children: Vec::new(),
                has_vanished: false,
            });
            id
        });
        for stored in placed.items {
            let mut item = stored.item.clone();
            if let Some(top) = &top
                && is_at_top(&item)
            {
                item.move_to(top.clone());
            }
            self.add(TreeNode {
                handle: stored.handle,
                item: Some(item),
                owner: Some(stored.owner.clone()),
                children: Vec::new(),
                has_vanished: stored.vanished_at.is_some(),
            });
        }
    }

    /// Adds a node as the last child of its parent, which must exist.
    fn add(&mut self, node: TreeNode) {
        let Some(item) = &node.item else { return };
        let parent = item.parent().and_then(|parent| self.by_id.get(parent)).copied().unwrap_or(ROOT_HANDLE);
        if let Some(parent) = self.nodes.get_mut(&parent) {
            parent.children.push(node.handle);
        }
        self.by_id.insert(item.id().clone(), node.handle);
        self.nodes.insert(node.handle, node);
    }

    /// Returns the handle of the item with this id.
    pub fn find(&self, id: &str) -> Option<PointHandle> {
        self.by_id.get(id).copied()
    }

    /// Returns the node with this handle.
    pub fn node(&self, handle: PointHandle) -> Option<&TreeNode> {
        self.nodes.get(&handle)
    }

    /// The root.
    pub fn root(&self) -> &TreeNode {
        &self.nodes[&ROOT_HANDLE]
    }

    /// Returns the children of a container, in order.
    pub fn children<'a>(&'a self, node: &'a TreeNode) -> impl Iterator<Item = &'a TreeNode> {
        node.children.iter().filter_map(|handle| self.nodes.get(handle))
    }

    /// Returns the number of items without the root.
    pub fn len(&self) -> usize {
        self.nodes.len() - 1
    }

    /// Returns whether the tree has no items below the root.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Finds items by words of their names and paths. Returns at most `limit` of them.
    pub fn search(&self, query: &str, limit: usize) -> Found {
        self.search_index.get_or_init(|| SearchIndex::build(self)).search(query, limit)
    }

    /// Returns the points that their source still has, in the order of their handles, as their values are in memory.
    /// Most points of a container follow each other.
    pub fn placed_points(&self) -> &PlacedPoints {
        self.points.get_or_init(|| {
            let mut placed: Vec<(PointHandle, PointHandle)> = Vec::new();
            for container in self.nodes.values().filter(|node| !node.children.is_empty()) {
                let is_point =
                    |node: &&TreeNode| matches!(node.item, Some(EwsItem::Value(_))) && !node.has_vanished;
                let points = self.children(container).filter(is_point);
                placed.extend(points.map(|point| (point.handle, container.handle)));
            }
            placed.sort_unstable();
            let (points, containers) = placed.into_iter().unzip();
            PlacedPoints { points, containers }
        })
    }

    /// Returns all nodes, unordered.
    pub fn nodes(&self) -> impl Iterator<Item = &TreeNode> {
        self.nodes.values()
    }
}

impl TreeNode {
    /// Returns the id that clients see.
    pub fn id(&self) -> &str {
        self.item.as_ref().map_or(EwsItemId::ROOT, |item| item.id().as_str())
    }

    /// Returns the kind of a container.
    pub fn container_kind(&self) -> Option<ContainerKind> {
        match &self.item {
            None => Some(ContainerKind::Server),
            Some(EwsItem::Container(container)) => Some(container.kind),
            Some(_) => None,
        }
    }
}
