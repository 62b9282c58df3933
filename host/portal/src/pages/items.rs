use askama::Template;
use axum::extract::State;
use riser_domain::EwsServerId;
use riser_runtime::{LinkState, ProcessorState};

use crate::form::QueryOf;
use crate::items_address::ItemsAddress;
use crate::items_view::{ItemsView, Window, tabs};
use crate::page::Page;
use crate::pages::error::PageError;
use crate::parts::capitalised;
use crate::reader::Reader;
use crate::sessions::SignedIn;
use crate::shell::{Place, Shell};
use crate::standing::Standing;
use crate::state::PortalState;
use crate::wall_time::WallTime;

/// The items: the tree as the BMS sees it, with live values.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/items.html")]
pub(crate) struct ItemsPage {
    pub(crate) shell: Shell,
    /// `786 items, as the BMS sees them.`
    pub(crate) sentence: String,
    /// `None` while there is nothing to show.
    pub(crate) view: Option<ItemsView>,
    pub(crate) nothing: Nothing,
}

/// Why there is nothing to show, and what ends that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nothing {
    pub(crate) title: String,
    pub(crate) remedy: String,
    pub(crate) run: Option<RunButton>,
}

/// Runs what builds the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunButton {
    pub(crate) target: i64,
    pub(crate) label: String,
}

/// `GET /items`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    signed_in: SignedIn,
    QueryOf(address): QueryOf<ItemsAddress>,
) -> Result<Page<ItemsPage>, PageError> {
    let times = portal.times_of_page();
    let standing = portal.standing();
    let server = match address.server {
        Some(id) => standing.servers.iter().find(|server| server.ews_server == EwsServerId(id)),
        None => standing.servers.first(),
    };
    let view = match server {
        None if address.server.is_some() => return Err(PageError::NoSuchPage),
        None => None,
        Some(server) => {
            let tree = portal.runtime().items(server.ews_server);
            let is_asked_for = address.container.is_some() || address.item.is_some();
            let address = ItemsAddress { server: Some(server.ews_server.0), ..address };
            let window = Window { runtime: portal.runtime(), tree: &tree, address: &address, times: &times };
            match ItemsView::new(window, tabs(&standing, server.ews_server)) {
                Some(view) => (!tree.is_empty()).then_some(view),
                None if is_asked_for => return Err(PageError::NoSuchPage),
                None => None,
            }
        }
    };
    Ok(Page(ItemsPage::new(portal.site_name(), signed_in, view, &standing, &times)))
}

impl ItemsPage {
    pub(crate) fn new(
        site_name: &str,
        signed_in: SignedIn,
        view: Option<ItemsView>,
        standing: &Standing,
        times: &WallTime,
    ) -> Self {
        let count = standing.facts.items;
        Self {
            sentence: if view.is_some() {
                format!("The tree as the BMS sees it: {count} items on this host.")
            } else {
                "The tree as the BMS sees it.".to_owned()
            },
            nothing: if view.is_some() {
                Nothing::default()
            } else {
                Nothing::new(standing, &signed_in.asked.reader)
            },
            view,
            shell: Shell::new(Place::Items, site_name, signed_in.asked, standing, times),
        }
    }
}

impl Nothing {
    fn new(standing: &Standing, reader: &Reader) -> Self {
        let awaited = standing.processors.iter().find_map(|processor| match &processor.state {
            ProcessorState::WaitingFor { configuration, sentence } => Some((*configuration, sentence)),
            _ => None,
        });
        if let Some((configuration, reason)) = awaited {
            let run = configuration.and_then(|id| standing.processor(id)).filter(|awaited| {
                reader.may_operate()
                    && awaited.manually_startable
                    && matches!(awaited.state, ProcessorState::Idle | ProcessorState::Unable { .. })
            });
            return Self {
                title: "No items yet".to_owned(),
                remedy: format!("Items appear when the tree has been built. {}.", capitalised(reason)),
                run: run.map(|awaited| RunButton {
                    target: awaited.configuration.0,
                    label: format!("Run {} now", awaited.name),
                }),
            };
        }
        let remedy = if standing.is_empty() {
            "Nothing is set up on this host. The overview says how to begin."
        } else if standing.source() == LinkState::Down {
            "The source does not answer, so its tree could not be built. The overview says more."
        } else {
            "Items appear when a processor has built its tree. The overview shows how the processors stand."
        };
        Self { title: "No items yet".to_owned(), remedy: remedy.to_owned(), run: None }
    }
}
