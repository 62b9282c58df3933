//! The list of EWS servers.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::State;
use axum::response::IntoResponse;
use riser_ews::Traffic;
use riser_runtime::{Change, EwsServerStatus};
use serde::Deserialize;

use crate::form::QueryOf;
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, StateMark, capitalised, last_full_minute};
use crate::sessions::Viewer;
use crate::state::PortalState;

/// The EWS servers with their addresses and clients.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/ews_servers.html")]
pub(crate) struct EwsServersPage {
    pub(crate) layout: PageLayout,
    /// Whether a server was deleted a moment ago.
    pub(crate) is_deleted: bool,
    pub(crate) lines: Vec<EwsServerLine>,
}

/// An EWS server in the list.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "parts/ews_server_line.html")]
pub(crate) struct EwsServerLine {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) state: StateMark,
    pub(crate) sentence: String,
    pub(crate) address: String,
    pub(crate) clients: usize,
    pub(crate) requests_per_minute: u32,
    pub(crate) items: usize,
}

impl HtmlSafe for EwsServerLine {}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct EwsServersQuery {
    #[serde(default)]
    deleted: bool,
}

/// `GET /ews-servers`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<EwsServersQuery>,
) -> Page<EwsServersPage> {
    let system = portal.system_status();
    Page(EwsServersPage {
        is_deleted: query.deleted,
        lines: lines(&portal, &system.servers),
        layout: PageLayout::new(
            MenuEntry::EwsServers,
            &portal.site_name(),
            signed_in.context,
            &system,
            &portal.times_of_page(),
        ),
    })
}

/// `GET /events/ews-servers`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
) -> Result<impl IntoResponse, PageError> {
    live::follow(portal, &signed_in, Box::new(LiveEwsServers))
}

struct LiveEwsServers;

impl LivePage for LiveEwsServers {
    fn is_reshaped_by(&self, change: &Change) -> bool {
        matches!(change, Change::Configuration)
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        if let Some(system) = update.system() {
            for line in lines(update.portal, &system.servers) {
                parts.add(format!("ews-server-line-{}", line.id), &line);
            }
        }
        Ok(())
    }
}

fn lines(portal: &PortalState, servers: &[EwsServerStatus]) -> Vec<EwsServerLine> {
    servers
        .iter()
        .map(|status| {
            let traffic = portal.runtime().ews_traffic(status.ews_server);
            EwsServerLine::new(status, &traffic)
        })
        .collect()
}

impl EwsServerLine {
    pub(crate) fn new(status: &EwsServerStatus, traffic: &Traffic) -> Self {
        Self {
            id: status.ews_server.0,
            name: status.name.clone(),
            state: StateMark::of_link(status.state),
            sentence: capitalised(&status.sentence),
            address: status.address.clone(),
            clients: traffic.clients.len(),
            requests_per_minute: last_full_minute(&traffic.requests_per_minute),
            items: status.items,
        }
    }
}
