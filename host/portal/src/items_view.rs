//! The content of the items page: the open part of one server's tree, one container as a table, and one point in
//! the drawer. The page and its live parts are made by the same code.

use axum::http::HeaderMap;
use riser_domain::{EwsItem, EwsServerId, PointHandle, Reading};
use riser_runtime::{Runtime, ServerTree, TreeNode};

use crate::current_user::CurrentUser;
use crate::items_address::ItemsAddress;
use crate::pages::history::HistoryAddress;
use crate::parts::{Drawer, Icon, ItemRow, RollUp, StateMark, Tree, icon_of, name_of, value_of};
use crate::pins::Pins;
use crate::system_status::SystemStatus;
use crate::wall_time::WallTime;

/// Rows of a table on one page.
const ROWS_PER_PAGE: usize = 200;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ItemsView {
    /// The query for the page and its event stream.
    pub(crate) query: String,
    pub(crate) servers: Vec<ServerTab>,
    pub(crate) tree: Tree,
    pub(crate) table: ItemTable,
    pub(crate) drawer: Option<Drawer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerTab {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) is_chosen: bool,
}

/// The content of one container.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ItemTable {
    pub(crate) name: String,
    /// Such as `24 values, 9 histories`.
    pub(crate) counts: String,
    pub(crate) values: Vec<ItemRow>,
    pub(crate) histories: Vec<HistoryLine>,
    pub(crate) containers: Vec<ContainerLine>,
    pub(crate) pages: Option<Pages>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryLine {
    pub(crate) name: String,
    /// The name of the recorded value.
    pub(crate) of: String,
    pub(crate) href: String,
    /// The recorded value in the drawer.
    pub(crate) value_href: String,
}

/// A container inside the shown one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ContainerLine {
    pub(crate) handle: u32,
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) icon: Icon,
    /// Such as `29 items`.
    pub(crate) size: String,
    pub(crate) mark: Option<StateMark>,
}

/// Links through the pages of a long table.
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

/// One server's tree and the address that selects a part of it.
#[derive(Clone, Copy)]
pub(crate) struct TreeView<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) tree: &'a ServerTree,
    pub(crate) address: &'a ItemsAddress,
    pub(crate) times: &'a WallTime,
    pub(crate) person: &'a ItemsPerson,
}

/// The person for whom items are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct ItemsPerson {
    /// Whether the person may write set points.
    pub(crate) may_write: bool,
    /// The token of the session's forms.
    pub(crate) csrf: String,
    /// The watch list of the browser.
    pub(crate) pins: Pins,
}

impl ItemsPerson {
    pub(crate) fn new(user: &CurrentUser, headers: &HeaderMap) -> Self {
        Self { may_write: user.may_operate(), csrf: user.csrf.clone(), pins: Pins::of_request(headers) }
    }
}

impl ItemsView {
    /// Returns `None` if the address names a container or an item that is not in the tree.
    pub(crate) fn new(tree_view: TreeView<'_>, servers: Vec<ServerTab>) -> Option<Self> {
        let TreeView { tree, address, .. } = tree_view;
        let container = tree_view.container()?;
        let states = tree_view.roll_up();
        let table = table(tree, container, address, &states);
        let values = tree_view.rows(&tree_view.shown_points(container));
        let drawer = match &address.item {
            None => None,
            Some(id) => tree_view.drawer(tree.node(tree.find(id)?)?),
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

impl<'a> TreeView<'a> {
    /// Returns the container in the address; the root if the address names none.
    pub(crate) fn container(self) -> Option<&'a TreeNode> {
        let node = match &self.address.container {
            None => self.tree.root(),
            Some(id) => self.tree.node(self.tree.find(id)?)?,
        };
        node.container_kind().is_some().then_some(node)
    }

    /// Returns the points on the current page of the container's table.
    pub(crate) fn shown_points(self, container: &TreeNode) -> Vec<PointHandle> {
        lines(self.tree, container)
            .into_iter()
            .skip(self.address.from)
            .take(ROWS_PER_PAGE)
            .filter(|node| value_of(node).is_some())
            .map(|node| node.handle)
            .collect()
    }

    /// Computes the worst state below each container.
    pub(crate) fn roll_up(self) -> RollUp {
        RollUp::new(self.tree, self.runtime)
    }

    pub(crate) fn rows(self, points: &[PointHandle]) -> Vec<ItemRow> {
        let readings = self.runtime.readings(points);
        points.iter().zip(readings).filter_map(|(point, reading)| self.row(*point, &reading?)).collect()
    }

    fn row(self, point: PointHandle, reading: &Reading) -> Option<ItemRow> {
        let item = self.tree.node(point).and_then(value_of)?;
        let write = item.definition.set_point.as_ref().and_then(|_| self.runtime.latest_write(point));
        Some(ItemRow::new((point, item), reading, write.as_ref(), self.address, self.times))
    }

    /// Returns the details of a point; `None` if the node is not a point.
    pub(crate) fn drawer(self, node: &TreeNode) -> Option<Drawer> {
        let item = value_of(node)?;
        let reading = self.runtime.readings(&[node.handle]).pop().flatten()?;
        let write = self.runtime.latest_write(node.handle);
        let shown = (self.address, self.person);
        Some(Drawer::new((node, item), self.tree, (&reading, write.as_ref()), shown, self.times))
    }
}

/// Returns one tab for each EWS server.
pub(crate) fn tabs(system: &SystemStatus, chosen: EwsServerId) -> Vec<ServerTab> {
    system
        .servers
        .iter()
        .map(|server| ServerTab {
            name: server.name.clone(),
            href: format!("/items?server={}", server.ews_server.0),
            is_chosen: server.ews_server == chosen,
        })
        .collect()
}

/// Returns the content of a container: first values, then histories, then containers, each in their own order.
fn lines<'a>(tree: &'a ServerTree, container: &'a TreeNode) -> Vec<&'a TreeNode> {
    let mut lines: Vec<&TreeNode> = tree.children(container).collect();
    lines.sort_by_key(|node| match node.item() {
        Some(EwsItem::Value(_)) => 0,
        Some(EwsItem::History(_)) => 1,
        Some(EwsItem::Container(_)) | None => 2,
    });
    lines
}

/// Builds the table without its values.
fn table(tree: &ServerTree, container: &TreeNode, address: &ItemsAddress, states: &RollUp) -> ItemTable {
    let lines = lines(tree, container);
    let mut table = ItemTable {
        name: name_of(tree, container),
        counts: counts(&lines),
        pages: pages(address, lines.len()),
        ..ItemTable::default()
    };
    for node in lines.iter().skip(address.from).take(ROWS_PER_PAGE) {
        match node.item() {
            Some(EwsItem::History(history)) => table.histories.push(HistoryLine {
                name: history.definition.name.to_string(),
                of: tree
                    .find(&history.value_item)
                    .and_then(|value| tree.node(value))
                    .map_or_else(|| history.value_item.to_string(), |value| name_of(tree, value)),
                href: HistoryAddress::new(
                    EwsServerId(address.server.unwrap_or_default()),
                    history.id.as_str(),
                )
                .href(),
                value_href: address.with_item(&history.value_item).to_string(),
            }),
            Some(EwsItem::Container(_)) => table.containers.push(ContainerLine {
                handle: node.handle.0,
                name: name_of(tree, node),
                href: address.of_container(node.id()).to_string(),
                icon: icon_of(tree, node),
                size: counted(node.children().len(), "item"),
                mark: states.mark(node.handle).mark,
            }),
            Some(EwsItem::Value(_)) | None => {}
        }
    }
    table
}

fn counts(lines: &[&TreeNode]) -> String {
    let of = |kind: fn(&EwsItem) -> bool| lines.iter().filter(|node| node.item().is_some_and(kind)).count();
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

/// Returns a count with its noun, such as `1 value` or `9 histories`.
fn counted(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

fn pages(address: &ItemsAddress, all: usize) -> Option<Pages> {
    let from = address.from.min(all);
    let to = (from + ROWS_PER_PAGE).min(all);
    (all > ROWS_PER_PAGE || address.from > 0).then(|| Pages {
        sentence: format!("{} to {to} of {all} items.", (from + 1).min(all)),
        before: (from > 0).then(|| address.at_row(from.saturating_sub(ROWS_PER_PAGE)).to_string()),
        next: (to < all).then(|| address.at_row(to).to_string()),
    })
}
