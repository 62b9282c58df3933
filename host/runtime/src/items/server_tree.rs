//! The tree of one EWS server. A changed declaration builds a new tree that replaces it for readers.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::{Arc, OnceLock};

use hashbrown::{DefaultHashBuilder, HashTable};
use riser_domain::{ContainerItem, ContainerKind, EwsItem, EwsItemId, PointHandle, TreeOwner};

use super::connection_containers::{PlacedTree, containers, is_at_top};
use super::search_index::{Found, SearchIndex};

/// Handle of every server's root, which is not stored.
pub const ROOT_HANDLE: PointHandle = PointHandle(0);

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct TreeNode {
    pub handle: PointHandle,
    /// The source no longer has it.
    pub has_vanished: bool,
    item: Option<Arc<EwsItem>>,
    owner: Option<Arc<TreeOwner>>,
    children: Box<[PointHandle]>,
}

/// The tree of one EWS server.
///
/// A large site has a million items, so each is in memory once, and the two ways to a node have no keys of their own:
/// handles are consecutive with few exceptions, and the table by id holds places in `nodes`.
#[derive(Clone, Debug)]
pub struct ServerTree {
    /// Changes with every change of an id, a name or a kind.
    pub version: u64,
    /// The server's name, also that of the root.
    pub name: Arc<str>,
    /// In the order of their handles; the root is the first.
    nodes: Vec<TreeNode>,
    blocks: Vec<Block>,
    places_by_id: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Made by the first search.
    search_index: OnceLock<SearchIndex>,
    /// Made by the first roll-up of states.
    points: OnceLock<PlacedPoints>,
}

/// Nodes whose handles follow each other without a gap.
#[derive(Clone, Copy, Debug)]
struct Block {
    first: PointHandle,
    /// The place of the first in the list of nodes.
    place: u32,
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
        let mut nodes = Vec::with_capacity(1 + trees.iter().map(|tree| tree.items.len() + 1).sum::<usize>());
        nodes.push(TreeNode::new(ROOT_HANDLE, None, None));
        for (placed, container) in trees.iter().zip(containers(trees)) {
            add_owned(&mut nodes, placed, container);
        }
        let order: Vec<PointHandle> = nodes.iter().map(|node| node.handle).collect();
        nodes.sort_unstable_by_key(|node| node.handle);
        nodes.dedup_by_key(|node| node.handle);
        nodes.shrink_to_fit();
        let mut tree = Self {
            version,
            name: Arc::from(name),
            blocks: blocks(&nodes),
            places_by_id: HashTable::new(),
            nodes,
            hasher: DefaultHashBuilder::default(),
            search_index: OnceLock::new(),
            points: OnceLock::new(),
        };
        tree.index_ids();
        tree.place_children(&order);
        tree
    }

    fn index_ids(&mut self) {
        let Self { nodes, hasher, places_by_id, .. } = self;
        let hash = |place: &u32| hasher.hash_one(nodes[*place as usize].id());
        places_by_id.reserve(nodes.len(), hash);
        for place in 0..count(nodes.len()) {
            places_by_id.insert_unique(hash(&place), place, hash);
        }
    }

    /// Gives each container its children. `order` are all nodes in the order of their declaration.
    fn place_children(&mut self, order: &[PointHandle]) {
        let mut children: HashMap<PointHandle, Vec<PointHandle>> = HashMap::new();
        for handle in order {
            let Some(item) = self.node(*handle).and_then(TreeNode::item) else { continue };
            let parent = item.parent().and_then(|parent| self.find(parent)).unwrap_or(ROOT_HANDLE);
            children.entry(parent).or_default().push(*handle);
        }
        for (parent, children) in children {
            if let Some(place) = self.place(parent) {
                self.nodes[place].children = children.into_boxed_slice();
            }
        }
    }

    /// Returns the handle of the item with this id.
    pub fn find(&self, id: &str) -> Option<PointHandle> {
        let is_it = |place: &u32| self.nodes[*place as usize].id() == id;
        let place = self.places_by_id.find(self.hasher.hash_one(id), is_it)?;
        Some(self.nodes[*place as usize].handle)
    }

    /// Returns the place of a handle in the list of nodes.
    fn place(&self, handle: PointHandle) -> Option<usize> {
        let block = self.blocks.partition_point(|block| block.first <= handle).checked_sub(1)?;
        let Block { first, place } = self.blocks[block];
        let end = self.blocks.get(block + 1).map_or(self.nodes.len(), |next| next.place as usize);
        let place = place as usize + (handle.index() - first.index());
        (place < end).then_some(place)
    }

    /// Returns the node with this handle.
    pub fn node(&self, handle: PointHandle) -> Option<&TreeNode> {
        self.nodes.get(self.place(handle)?)
    }

    /// The root.
    pub fn root(&self) -> &TreeNode {
        &self.nodes[0]
    }

    /// Returns the children of a container, in order.
    pub fn children<'a>(&'a self, node: &'a TreeNode) -> impl Iterator<Item = &'a TreeNode> {
        node.children.iter().filter_map(|handle| self.node(*handle))
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
            for container in self.nodes().filter(|node| !node.children.is_empty()) {
                let is_point =
                    |node: &&TreeNode| matches!(node.item(), Some(EwsItem::Value(_))) && !node.has_vanished;
                let points = self.children(container).filter(is_point);
                placed.extend(points.map(|point| (point.handle, container.handle)));
            }
            placed.sort_unstable();
            let (points, containers) = placed.into_iter().unzip();
            PlacedPoints { points, containers }
        })
    }

    /// Returns all nodes, in the order of their handles.
    pub fn nodes(&self) -> impl Iterator<Item = &TreeNode> {
        self.nodes.iter()
    }
}

impl TreeNode {
    fn new(handle: PointHandle, item: Option<Arc<EwsItem>>, owner: Option<Arc<TreeOwner>>) -> Self {
        Self { handle, has_vanished: false, item, owner, children: Box::default() }
    }

    /// Returns the item; `None` for the root.
    pub fn item(&self) -> Option<&EwsItem> {
        self.item.as_deref()
    }

    /// Returns the owner of its tree; `None` for the root.
    pub fn owner(&self) -> Option<&TreeOwner> {
        self.owner.as_deref()
    }

    /// Returns the handles of its children, in the order of the declaration.
    pub fn children(&self) -> &[PointHandle] {
        &self.children
    }

    /// Returns the id that clients see.
    pub fn id(&self) -> &str {
        self.item().map_or(EwsItemId::ROOT, |item| item.id().as_str())
    }

    /// Returns the kind of a container.
    pub fn container_kind(&self) -> Option<ContainerKind> {
        match self.item() {
            None => Some(ContainerKind::Server),
            Some(EwsItem::Container(container)) => Some(container.definition.kind),
            Some(_) => None,
        }
    }
}

/// Adds the nodes of one owner, below their container if they have one.
fn add_owned(nodes: &mut Vec<TreeNode>, placed: &PlacedTree<'_>, container: Option<ContainerItem>) {
    let owner = Arc::new(placed.owner.clone());
    let top = container.as_ref().map(|container| container.id.clone());
    if let Some(container) = container {
        let item = Arc::new(EwsItem::Container(container));
        nodes.push(TreeNode::new(placed.key.container_handle(), Some(item), Some(Arc::clone(&owner))));
    }
    for stored in placed.items {
        let mut item = Arc::clone(&stored.item);
        if let Some(top) = &top
            && is_at_top(&item)
        {
            Arc::make_mut(&mut item).move_to(top.clone());
        }
        nodes.push(TreeNode {
            has_vanished: stored.vanished_at.is_some(),
            ..TreeNode::new(stored.handle, Some(item), Some(Arc::clone(&owner)))
        });
    }
}

/// Returns the blocks of nodes that are in the order of their handles.
fn blocks(nodes: &[TreeNode]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut former: Option<PointHandle> = None;
    for (place, node) in nodes.iter().enumerate() {
        if former.is_none_or(|former| node.handle.0 != former.0 + 1) {
            blocks.push(Block { first: node.handle, place: count(place) });
        }
        former = Some(node.handle);
    }
    blocks
}

/// A number of nodes. Each has a handle of 32 bits, so it fits.
fn count(nodes: usize) -> u32 {
    u32::try_from(nodes).unwrap_or(u32::MAX)
}
