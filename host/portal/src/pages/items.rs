use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use riser_domain::EwsServerId;
use riser_runtime::{Change, LinkState, ProcessorState};

use crate::current_user::CurrentUser;
use crate::form::QueryOf;
use crate::items_address::ItemsAddress;
use crate::items_view::{ItemsPerson, ItemsView, TreeView, tabs};
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, Tree, capitalised};
use crate::sessions::{SignedIn, Viewer};
use crate::state::PortalState;
use crate::system_status::SystemStatus;
use crate::wall_time::WallTime;

/// The item tree as the BMS sees it, with live values.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/items.html")]
pub(crate) struct ItemsPage {
    pub(crate) layout: PageLayout,
    /// The sentence below the heading.
    pub(crate) sentence: String,
    /// `None` while there are no items.
    pub(crate) view: Option<ItemsView>,
    pub(crate) empty_state: EmptyState,
}

/// Says why there are no items, and what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EmptyState {
    pub(crate) title: String,
    pub(crate) remedy: String,
    pub(crate) run: Option<RunButton>,
}

/// A button that runs the processor that builds the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunButton {
    pub(crate) target: i64,
    pub(crate) label: String,
}

/// `GET /items`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    headers: HeaderMap,
    QueryOf(address): QueryOf<ItemsAddress>,
) -> Result<Page<ItemsPage>, PageError> {
    let times = portal.times_of_page();
    let system = portal.system_status();
    let person = ItemsPerson::new(&signed_in.context.user, &headers);
    let server = match address.server {
        Some(id) => system.servers.iter().find(|server| server.ews_server == EwsServerId(id)),
        None => system.servers.first(),
    };
    let view = match server {
        None if address.server.is_some() => return Err(PageError::NoSuchPage),
        None => None,
        Some(server) => {
            let tree = portal.runtime().items(server.ews_server);
            let is_selected = address.container.is_some() || address.item.is_some();
            let address = ItemsAddress { server: Some(server.ews_server.0), ..address };
            let tree_view = TreeView {
                runtime: portal.runtime(),
                tree: &tree,
                address: &address,
                times: &times,
                person: &person,
            };
            match ItemsView::new(tree_view, tabs(&system, server.ews_server)) {
                Some(view) => (!tree.is_empty()).then_some(view),
                None if is_selected => return Err(PageError::NoSuchPage),
                None => None,
            }
        }
    };
    Ok(Page(ItemsPage::new(&portal.site_name(), signed_in, view, &system, &times)))
}

/// `GET /events/items`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    headers: HeaderMap,
    QueryOf(address): QueryOf<ItemsAddress>,
) -> Result<impl IntoResponse, PageError> {
    let person = ItemsPerson::new(&signed_in.context.user, &headers);
    live::follow(portal, &signed_in, Box::new(LiveItems { address, person }))
}

struct LiveItems {
    address: ItemsAddress,
    person: ItemsPerson,
}

impl LivePage for LiveItems {
    fn is_reshaped_by(&self, change: &Change) -> bool {
        match change {
            Change::Tree(server) => self.address.server.is_none_or(|shown| shown == server.0),
            _ => false,
        }
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        let address = &self.address;
        let Some(server) = address.server else { return Ok(()) };
        let runtime = update.portal.runtime();
        let tree = runtime.items(EwsServerId(server));
        let person = &self.person;
        let tree_view = TreeView { runtime, tree: &tree, address, times: &update.times, person };
        let container = tree_view.container().ok_or(ShapeChanged)?;
        let mut points = tree_view.shown_points(container);
        points.retain(|point| update.has_changed(*point));
        for row in tree_view.rows(&points) {
            parts.add(format!("item-{}", row.handle), &row);
        }
        let selected = address.item.as_deref().and_then(|id| tree.find(id));
        let changed = selected.filter(|item| update.has_changed(*item)).and_then(|item| tree.node(item));
        if let Some(drawer) = changed.and_then(|node| tree_view.drawer(node)) {
            parts.add("drawer", &drawer);
        }
        if update.is_full() {
            for branch in Tree::new(&tree, container.handle, address, &tree_view.roll_up()).branches {
                parts.add(format!("branch-state-{}", branch.mark.handle), &branch.mark);
            }
        }
        Ok(())
    }
}

impl ItemsPage {
    pub(crate) fn new(
        site_name: &str,
        signed_in: SignedIn,
        view: Option<ItemsView>,
        system: &SystemStatus,
        times: &WallTime,
    ) -> Self {
        let count = system.facts.items;
        Self {
            sentence: if view.is_some() {
                format!("The tree as the BMS sees it: {count} items on this host.")
            } else {
                "The tree as the BMS sees it.".to_owned()
            },
            empty_state: if view.is_some() {
                EmptyState::default()
            } else {
                EmptyState::new(system, &signed_in.context.user)
            },
            view,
            layout: PageLayout::new(MenuEntry::Items, site_name, signed_in.context, system, times),
        }
    }
}

impl EmptyState {
    fn new(system: &SystemStatus, user: &CurrentUser) -> Self {
        let awaited = system.processors.iter().find_map(|processor| match &processor.state {
            ProcessorState::WaitingFor { configuration, sentence } => Some((*configuration, sentence)),
            _ => None,
        });
        if let Some((configuration, reason)) = awaited {
            let run = configuration.and_then(|id| system.processor(id)).filter(|awaited| {
                user.may_operate()
                    && awaited.manually_startable
                    && matches!(awaited.state, ProcessorState::Idle | ProcessorState::Unable { .. })
            });
            return Self {
                title: "No items yet".to_owned(),
                remedy: format!(
                    "Items appear after a processor has built the tree. {}.",
                    capitalised(reason)
                ),
                run: run.map(|awaited| RunButton {
                    target: awaited.configuration.0,
                    label: format!("Run {} now", awaited.name),
                }),
            };
        }
        let remedy = if system.is_empty() {
            "No processor is configured on this host. The overview explains the first steps."
        } else if system.source() == LinkState::Down {
            "The source does not respond, so the tree could not be built. The overview shows the details."
        } else {
            "Items appear after a processor has built the tree. The overview shows the state of the processors."
        };
        Self { title: "No items yet".to_owned(), remedy: remedy.to_owned(), run: None }
    }
}
