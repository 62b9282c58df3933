//! Search for items by name and path, over all EWS servers.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;
use riser_domain::{EwsItem, EwsServerId, PointHandle};
use riser_runtime::{Change, ServerTree, TreeNode};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use crate::form::QueryOf;
use crate::items_address::ItemsAddress;
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::pages::history::HistoryAddress;
use crate::parts::{Icon, PlacedRow, icon_of, location, name_of};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::WallTime;

/// Items that are shown.
const SHOWN: usize = 100;
/// Characters of a search. The field takes no more.
const LONGEST_QUERY: usize = 200;

/// The items that a search found.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/item_search.html")]
pub(crate) struct ItemSearchPage {
    pub(crate) layout: PageLayout,
    pub(crate) words: String,
    /// Such as `The first 100 of 3,204 items`.
    pub(crate) sentence: String,
    pub(crate) lines: Vec<FoundLine>,
    pub(crate) events: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FoundLine {
    Value(Box<PlacedRow>),
    /// A container or a history, which has no value.
    Other {
        icon: Icon,
        kind: &'static str,
        name: String,
        href: String,
        location: String,
    },
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SearchQuery {
    q: String,
}

/// An item with its tree.
type FoundItem = (EwsServerId, Arc<ServerTree>, PointHandle);

/// `GET /items/search`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<SearchQuery>,
) -> Result<Page<ItemSearchPage>, PageError> {
    let times = portal.times_of_page();
    let words = query.words();
    let (found, count) = search(&portal, &words).await?;
    let encoded: String = byte_serialize(words.as_bytes()).collect();
    Ok(Page(ItemSearchPage {
        sentence: sentence(&words, count),
        lines: found.iter().filter_map(|found| FoundLine::new(&portal, found, &times)).collect(),
        events: format!("/events/items/search?q={encoded}"),
        words,
        layout: PageLayout::new(
            MenuEntry::Items,
            &portal.site_name(),
            signed_in.context,
            &portal.system_status(),
            &times,
        ),
    }))
}

/// `GET /events/items/search`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<SearchQuery>,
) -> Result<impl IntoResponse, PageError> {
    let (found, _) = search(&portal, &query.words()).await?;
    live::follow(portal, &signed_in, Box::new(LiveSearch { found }))
}

struct LiveSearch {
    found: Vec<FoundItem>,
}

impl LivePage for LiveSearch {
    fn is_reshaped_by(&self, change: &Change) -> bool {
        matches!(change, Change::Tree(_))
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        for (server, tree, point) in self.found.iter().filter(|(_, _, point)| update.has_changed(*point)) {
            let runtime = update.portal.runtime();
            if let Some(row) = PlacedRow::new(runtime, (*server, tree), *point, &update.times) {
                parts.add(format!("item-{}", point.0), &row);
            }
        }
        Ok(())
    }
}

impl SearchQuery {
    fn words(&self) -> String {
        self.q.trim().chars().take(LONGEST_QUERY).collect()
    }
}

/// Returns the first items of all EWS servers, and the number of all. The first search of a large tree takes some tenths
/// of a second, so it does not hold up other requests.
async fn search(portal: &PortalState, words: &str) -> Result<(Vec<FoundItem>, usize), PageError> {
    let (portal, words) = (portal.clone(), words.to_owned());
    let found = tokio::task::spawn_blocking(move || search_trees(&portal, &words)).await;
    found.map_err(|_panicked| PageError::Broken)
}

fn search_trees(portal: &PortalState, words: &str) -> (Vec<FoundItem>, usize) {
    let mut items = Vec::new();
    let mut count = 0;
    for server in &portal.runtime().configuration().ews_servers {
        let tree = portal.runtime().items(server.id);
        let found = tree.search(words, SHOWN - items.len());
        count += found.count;
        items.extend(found.items.into_iter().map(|handle| (server.id, Arc::clone(&tree), handle)));
    }
    (items, count)
}

fn sentence(words: &str, count: usize) -> String {
    match count {
        _ if words.is_empty() => {
            "Words of names, in any order. Names of the containers above count, too: zone power.".to_owned()
        }
        0 => {
            "No item fits. Each word must be in the name or in the names of the containers above.".to_owned()
        }
        1 => "One item.".to_owned(),
        count if count > SHOWN => {
            format!("The first {SHOWN} of {count} items. Add a word to narrow it down.")
        }
        count => format!("{count} items."),
    }
}

impl FoundLine {
    fn new(portal: &PortalState, (server, tree, handle): &FoundItem, times: &WallTime) -> Option<Self> {
        let node = tree.node(*handle)?;
        let line = |icon, kind, href| Self::Other {
            icon,
            kind,
            name: name_of(tree, node),
            href,
            location: location(tree, *handle),
        };
        Some(match node.item()? {
            EwsItem::Value(_) => {
                Self::Value(PlacedRow::new(portal.runtime(), (*server, tree), *handle, times)?.into())
            }
            EwsItem::History(history) => {
                line(Icon::Logs, "History", HistoryAddress::new(*server, &history.id).href())
            }
            EwsItem::Container(_) => line(icon_of(tree, node), "Container", container_href(*server, node)),
        })
    }
}

fn container_href(server: EwsServerId, node: &TreeNode) -> String {
    ItemsAddress { server: Some(server.0), ..ItemsAddress::default() }.of_container(node.id()).to_string()
}
