//! What the items page shows of one server's tree: the tree as far as it is open, one container as a table,
//! one point in the drawer. The page and the live stream make it alike.

use riser_domain::{EwsItem, EwsServerId, PointHandle, Reading};
use riser_runtime::{Runtime, ServerTree, TreeNode};

use crate::items_address::ItemsAddress;
use crate::parts::{Drawer, Icon, ItemRow, RollUp, StateMark, Tree, icon_of, name_of, value_of};
use crate::standing::Standing;
use crate::wall_time::WallTime;

/// Lines of a table on one page.
const LINES: usize = 200;

/// The view.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ItemsView {
    /// What the live stream is asked with.
    pub(crate) query: String,
    pub(crate) servers: Vec<ServerTab>,
    pub(crate) tree: Tree,
    pub(crate) table: ItemTable,
    pub(crate) drawer: Option<Drawer>,
}

/// A choice of server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerTab {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) is_chosen: bool,
}

/// One container as a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ItemTable {
    pub(crate) name: String,
    /// `24 values, 9 histories`.
    pub(crate) counts: String,
    pub(crate) values: Vec<ItemRow>,
    pub(crate) histories: Vec<HistoryLine>,
    pub(crate) containers: Vec<ContainerLine>,
    pub(crate) pages: Option<Pages>,
}

/// A history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryLine {
    pub(crate) name: String,
    pub(crate) of: String,
    pub(crate) href: String,
}

/// A container that lies in the shown one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ContainerLine {
    pub(crate) handle: u32,
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) icon: Icon,
    /// `29 items`.
    pub(crate) holds: String,
    pub(crate) mark: Option<StateMark>,
}

/// The way through a long table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pages {
    pub(crate) sentence: String,
    pub(crate) before: Option<String>,
    pub(crate) next: Option<String>,
}

impl ItemTable {
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty() && self.histories.is_empty() && self.containers.is_empty()
    }
}

/// One server's tree, looked at through an address.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) tree: &'a ServerTree,
    pub(crate) address: &'a ItemsAddress,
    pub(crate) times: &'a WallTime,
}

impl ItemsView {
    /// `None` when the address names a container or an item that the tree does not have.
    pub(crate) fn new(window: Window<'_>, servers: Vec<ServerTab>) -> Option<Self> {
        let Window { tree, address, .. } = window;
        let container = window.container()?;
        let states = window.roll_up();
        let table = table(tree, container, address, &states);
        let values = window.rows(&window.shown_points(container));
        let drawer = match &address.item {
            None => None,
            Some(id) => window.drawer(tree.node(tree.find(id)?)?),
        };
        Some(Self {
            query: address.query(),
            servers,
            tree: Tree::new(tree, container.handle, address, &states),
            table: ItemTable { values, ..table },
            drawer,
        })
    }
}

impl<'a> Window<'a> {
    /// The container the address names; the root when it names none.
    pub(crate) fn container(self) -> Option<&'a TreeNode> {
        let node = match &self.address.container {
            None => self.tree.root(),
            Some(id) => self.tree.node(self.tree.find(id)?)?,
        };
        node.container_kind().is_some().then_some(node)
    }

    /// The points on the shown page of the container's table.
    pub(crate) fn shown_points(self, container: &TreeNode) -> Vec<PointHandle> {
        lines(self.tree, container)
            .into_iter()
            .skip(self.address.from)
            .take(LINES)
            .filter(|node| value_of(node).is_some())
            .map(|node| node.handle)
            .collect()
    }

    /// The worst states below the containers.
    pub(crate) fn roll_up(self) -> RollUp {
        let points = RollUp::points(self.tree);
        RollUp::new(self.tree, &points, &self.runtime.readings(&points))
    }

    /// The rows of these points.
    pub(crate) fn rows(self, points: &[PointHandle]) -> Vec<ItemRow> {
        let readings = self.runtime.readings(points);
        points.iter().zip(readings).filter_map(|(point, reading)| self.row(*point, &reading?)).collect()
    }

    fn row(self, point: PointHandle, reading: &Reading) -> Option<ItemRow> {
        let item = self.tree.node(point).and_then(value_of)?;
        let write = item.set_point.as_ref().and_then(|_| self.runtime.latest_write(point));
        Some(ItemRow::new((point, item), reading, write.as_ref(), self.address, self.times))
    }

    /// The drawer of a node; `None` for what is no point.
    pub(crate) fn drawer(self, node: &TreeNode) -> Option<Drawer> {
        let item = value_of(node)?;
        let reading = self.runtime.readings(&[node.handle]).pop().flatten()?;
        let write = self.runtime.latest_write(node.handle);
        Some(Drawer::new((node, item), self.tree, (&reading, write.as_ref()), self.address, self.times))
    }
}

/// The servers to choose from.
pub(crate) fn tabs(standing: &Standing, chosen: EwsServerId) -> Vec<ServerTab> {
    standing
        .servers
        .iter()
        .map(|server| ServerTab {
            name: server.name.clone(),
            href: format!("/items?server={}", server.ews_server.0),
            is_chosen: server.ews_server == chosen,
        })
        .collect()
}

/// What lies in a container: values first, then histories, then containers, each in their order.
fn lines<'a>(tree: &'a ServerTree, container: &'a TreeNode) -> Vec<&'a TreeNode> {
    let mut lines: Vec<&TreeNode> = tree.children(container).collect();
    lines.sort_by_key(|node| match node.item {
        Some(EwsItem::Value(_)) => 0,
        Some(EwsItem::History(_)) => 1,
        Some(EwsItem::Container(_)) | None => 2,
    });
    lines
}

/// The table without its values.
fn table(tree: &ServerTree, container: &TreeNode, address: &ItemsAddress, states: &RollUp) -> ItemTable {
    let lines = lines(tree, container);
    let mut table = ItemTable {
        name: name_of(tree, container),
        counts: counts(&lines),
        pages: pages(address, lines.len()),
        ..ItemTable::default()
    };
    for node in lines.iter().skip(address.from).take(LINES) {
        match &node.item {
            Some(EwsItem::History(history)) => table.histories.push(HistoryLine {
                name: history.name.to_string(),
                of: tree
                    .find(&history.value_item)
                    .and_then(|value| tree.node(value))
                    .map_or_else(|| history.value_item.to_string(), |value| name_of(tree, value)),
                href: address.with_item(&history.value_item).to_string(),
            }),
            Some(EwsItem::Container(_)) => table.containers.push(ContainerLine {
                handle: node.handle.0,
                name: name_of(tree, node),
                href: address.of_container(node.id()).to_string(),
                icon: icon_of(tree, node),
                holds: counted(node.children.len(), "item"),
                mark: states.mark(node.handle).mark,
            }),
            Some(EwsItem::Value(_)) | None => {}
        }
    }
    table
}

fn counts(lines: &[&TreeNode]) -> String {
    let of =
        |kind: fn(&EwsItem) -> bool| lines.iter().filter(|node| node.item.as_ref().is_some_and(kind)).count();
    let values = of(|item| matches!(item, EwsItem::Value(_)));
    let histories = of(|item| matches!(item, EwsItem::History(_)));
    let containers = of(|item| matches!(item, EwsItem::Container(_)));
    let parts: Vec<String> = [(values, "value"), (histories, "history"), (containers, "container")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| counted(count, noun))
        .collect();
    parts.join(", ")
}

/// `1 value`, `9 histories`.
fn counted(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

fn pages(address: &ItemsAddress, all: usize) -> Option<Pages> {
    let from = address.from.min(all);
    let to = (from + LINES).min(all);
    (all > LINES || address.from > 0).then(|| Pages {
        sentence: format!("Lines {} to {to} of {all}.", (from + 1).min(all)),
        before: (from > 0).then(|| address.at_line(from.saturating_sub(LINES)).to_string()),
        next: (to < all).then(|| address.at_line(to).to_string()),
    })
}
