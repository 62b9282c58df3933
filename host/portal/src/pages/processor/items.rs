//! The tab Items: the values that the processor's class publishes.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;
use riser_domain::{EwsItem, PointHandle};
use riser_runtime::{ROOT_HANDLE, ServerTree};
use serde::Deserialize;

use super::{Frame, Shown, Tab};
use crate::form::{PathOf, QueryOf};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, PlacedRow};
use crate::sessions::Viewer;
use crate::state::PortalState;

/// Items on one page.
const PAGE_ITEMS: usize = 100;

/// The items of a processor.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/processor/items.html")]
pub(crate) struct ItemsTab {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<PlacedRow>,
    pub(crate) sentence: String,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
    /// The page of all items of the server.
    pub(crate) all_items: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct From {
    #[serde(default)]
    from: usize,
}

/// `GET /processors/{id}/items`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(id): PathOf<i64>,
    QueryOf(From { from }): QueryOf<From>,
) -> Result<impl IntoResponse, PageError> {
    let shown = Shown::find(&portal, id)?;
    let server = shown.configuration.ews_server;
    let tree = portal.runtime().items(server);
    let points = published(&shown, &tree);
    let from = from.min(points.len());
    let to = (from + PAGE_ITEMS).min(points.len());
    let frame = shown.frame(Tab::Items, &signed_in.context.user, None);
    let path = shown.address(Tab::Items);
    let at = |row: usize| format!("{path}?from={row}");
    Ok(Page(ItemsTab {
        frame: Frame { events: format!("{}?items_from={from}", frame.events), ..frame },
        rows: rows(&shown, from, |_| true),
        sentence: sentence(&shown, &tree, points.len(), (from, to)),
        previous: (from > 0).then(|| at(from.saturating_sub(PAGE_ITEMS))),
        next: (to < points.len()).then(|| at(to)),
        all_items: format!("/items?server={}", server.0),
        layout: shown.layout(signed_in),
    }))
}

/// Returns the values that the class publishes, in the order of the tree.
pub(super) fn published(shown: &Shown<'_>, tree: &ServerTree) -> Vec<PointHandle> {
    let (owner, class) = (shown.owner(), shown.configuration.class.class.as_str());
    let is_own = |node: &&riser_runtime::TreeNode| {
        node.owner() == Some(&owner)
            && matches!(node.item(), Some(EwsItem::Value(value)) if *value.definition.published_by == *class)
    };
    let (mut points, mut open) = (Vec::new(), vec![ROOT_HANDLE]);
    while let Some(node) = open.pop().and_then(|handle| tree.node(handle)) {
        points.extend(Some(node).filter(is_own).map(|node| node.handle));
        open.extend(node.children().iter().rev());
    }
    points
}

/// Returns the rows of the page that begins at an item.
pub(super) fn rows(
    shown: &Shown<'_>,
    from: usize,
    is_wanted: impl Fn(PointHandle) -> bool,
) -> Vec<PlacedRow> {
    let (runtime, server) = (shown.portal.runtime(), shown.configuration.ews_server);
    let tree = runtime.items(server);
    let points = published(shown, &tree).into_iter().skip(from).take(PAGE_ITEMS);
    let row = |point| PlacedRow::new(runtime, (server, &tree), point, &shown.times);
    points.filter(|point| is_wanted(*point)).filter_map(row).collect()
}

fn sentence(shown: &Shown<'_>, tree: &ServerTree, count: usize, (from, to): (usize, usize)) -> String {
    let owner = shown.owner();
    let of_tree = tree.nodes().filter(|node| node.owner() == Some(&owner)).count();
    match count {
        0 if of_tree > 0 => {
            format!("Its class publishes no values. The tree of its plugin has {of_tree} items.")
        }
        0 => "There are no items yet. They appear after a processor has built the tree.".to_owned(),
        1 => "Its class publishes 1 value.".to_owned(),
        all if from == 0 && to == all => format!("Its class publishes {all} values."),
        all => format!("Its class publishes {all} values. These are {} to {to}.", from + 1),
    }
}
