use std::collections::HashMap;

use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::{ContainerKind, PointHandle, ValueState};
use riser_runtime::{PlacedPoints, ROOT_HANDLE, Runtime, ServerTree, TreeNode};

use super::{Icon, StateMark};
use crate::items_address::ItemsAddress;

/// Containers of one level that the tree shows. The table of their parent pages through all of them.
const SHOWN_PER_LEVEL: usize = 200;

/// The open part of an EWS server's tree: the way to the chosen container, and the containers in it.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/tree.html")]
pub(crate) struct Tree {
    pub(crate) branches: Vec<Branch>,
}

/// A container in the tree. Branches are kept in a flat list, so a deep tree needs no deep stack.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Branch {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) icon: Icon,
    pub(crate) level: usize,
    /// `None` if it holds no containers.
    pub(crate) is_open: Option<bool>,
    pub(crate) is_chosen: bool,
    pub(crate) mark: TreeMark,
    /// Number of lists that end after this branch.
    pub(crate) closes: usize,
    /// Number of further containers of the same parent that only the table shows.
    pub(crate) left_out: usize,
}

/// The worst state below a container, if it is not Good.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/tree_mark.html")]
pub(crate) struct TreeMark {
    pub(crate) handle: u32,
    pub(crate) mark: Option<StateMark>,
}

impl HtmlSafe for Tree {}
impl HtmlSafe for TreeMark {}

/// For each container, the worst state of the points below it. Containers with only Good points are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RollUp {
    worst: HashMap<PointHandle, ValueState>,
}

impl RollUp {
    /// Computes the states. Only points that are not Good are followed upwards, and only until a container already has
    /// a state as bad.
    pub(crate) fn new(tree: &ServerTree, runtime: &Runtime) -> Self {
        let PlacedPoints { points, containers } = tree.placed_points();
        let mut worst: HashMap<PointHandle, ValueState> = HashMap::new();
        // Points of a container follow each other, so most need no look into the map.
        let mut last = (None, ValueState::Good);
        runtime.visit_states(points, |index, state| {
            let container = containers[index];
            if state == ValueState::Good || (last.0 == Some(container) && last.1 >= state) {
                return;
            }
            last = (Some(container), state);
            let mut next = Some(container);
            while let Some(container) = next {
                let known = worst.entry(container).or_insert(ValueState::Good);
                if *known >= state {
                    break;
                }
                *known = state;
                next = container_of(tree, container);
            }
        });
        Self { worst }
    }

    pub(crate) fn mark(&self, container: PointHandle) -> TreeMark {
        let mark = self.worst.get(&container).map(|state| StateMark::of_value(*state));
        TreeMark { handle: container.0, mark }
    }
}

/// Returns the container of an item; `None` for the root.
pub(crate) fn container_of(tree: &ServerTree, handle: PointHandle) -> Option<PointHandle> {
    if handle == ROOT_HANDLE {
        return None;
    }
    let parent = tree.node(handle)?.item()?.parent();
    Some(parent.and_then(|id| tree.find(id)).unwrap_or(ROOT_HANDLE))
}

impl Tree {
    pub(crate) fn new(
        tree: &ServerTree,
        chosen: PointHandle,
        address: &ItemsAddress,
        states: &RollUp,
    ) -> Self {
        let mut open = vec![chosen];
        while let Some(above) = container_of(tree, *open.last().unwrap_or(&ROOT_HANDLE)) {
            open.push(above);
        }
        let mut branches: Vec<Branch> = Vec::new();
        // Each entry: a container to show, its level, and the number of siblings left out after it.
        let mut to_show = vec![(ROOT_HANDLE, 1, 0)];
        while let Some((handle, level, left_out)) = to_show.pop() {
            let Some(node) = tree.node(handle) else { continue };
            let inner: Vec<PointHandle> = containers(tree, node).collect();
            let is_open = open.contains(&handle);
            branches.push(Branch {
                name: name_of(tree, node),
                href: address.of_container(node.id()).to_string(),
                icon: icon_of(tree, node),
                level,
                is_open: (!inner.is_empty()).then_some(is_open),
                is_chosen: handle == chosen,
                mark: states.mark(handle),
                closes: 0,
                left_out,
            });
            if is_open {
                to_show.extend(
                    shown_of(&inner, &open).into_iter().rev().map(|(handle, left)| (handle, level + 1, left)),
                );
            }
        }
        Self { branches }.with_closed_lists()
    }

    /// Records after which branches the lists of the levels end.
    pub(crate) fn with_closed_lists(mut self) -> Self {
        let mut next_level = 1;
        for branch in self.branches.iter_mut().rev() {
            branch.closes = branch.level.saturating_sub(next_level);
            next_level = branch.level;
        }
        self
    }
}

/// Returns the first containers of a level and the open one, each with the number left out after it.
fn shown_of(inner: &[PointHandle], open: &[PointHandle]) -> Vec<(PointHandle, usize)> {
    let mut shown: Vec<(PointHandle, usize)> = inner
        .iter()
        .enumerate()
        .filter(|(index, handle)| *index < SHOWN_PER_LEVEL || open.contains(handle))
        .map(|(_, handle)| (*handle, 0))
        .collect();
    let left_out = inner.len() - shown.len();
    if let Some(last) = shown.last_mut() {
        last.1 = left_out;
    }
    shown
}

fn containers<'a>(tree: &'a ServerTree, node: &'a TreeNode) -> impl Iterator<Item = PointHandle> + 'a {
    tree.children(node).filter(|child| child.container_kind().is_some()).map(|child| child.handle)
}

pub(crate) fn name_of(tree: &ServerTree, node: &TreeNode) -> String {
    node.item().map_or(&tree.name, |item| item.name()).to_string()
}

/// Returns the icon of a container: a device is drawn as a station, a device in a device as a connector.
pub(crate) fn icon_of(tree: &ServerTree, node: &TreeNode) -> Icon {
    let is_in_device = container_of(tree, node.handle)
        .and_then(|above| tree.node(above))
        .is_some_and(|above| above.container_kind() == Some(ContainerKind::Device));
    match node.container_kind() {
        Some(ContainerKind::Server) => Icon::Server,
        Some(ContainerKind::Device) if is_in_device => Icon::Connections,
        Some(ContainerKind::Device) => Icon::Station,
        Some(ContainerKind::Structure | ContainerKind::Service) => Icon::Plugins,
        Some(ContainerKind::Folder) | None => Icon::Folder,
    }
}
