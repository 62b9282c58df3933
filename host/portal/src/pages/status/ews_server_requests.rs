//! The tab of the latest requests to all EWS servers.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;
use riser_ews::{RequestOutcome, RequestRecord};
use serde::Deserialize;
use url::form_urlencoded;

use super::{Frame, Tab, layout};
use crate::form::QueryOf;
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{Icon, RequestRow, RequestRows};
use crate::sessions::Viewer;
use crate::state::PortalState;
use crate::wall_time::WallTime;

/// Requests on the page.
const MOST_REQUESTS: usize = 200;
/// Results to choose from: value and name.
const RESULTS: [(&str, &str); 3] =
    [("ok", "OK"), ("failed", "Faults and errors"), ("refused", "Refused logins")];

#[derive(Clone, Debug, Template)]
#[template(path = "pages/status/ews_server_requests.html")]
pub(crate) struct EwsServerRequestsPage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) query: RequestsQuery,
    /// Ids and names of the EWS servers.
    pub(crate) servers: Vec<(i64, String)>,
    pub(crate) requests: RequestRows,
}

/// The filter, as the address has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct RequestsQuery {
    /// The id of an EWS server; empty for all.
    pub(crate) server: String,
    /// A value of [`RESULTS`]; empty for all.
    pub(crate) result: String,
}

/// `GET /status/ews-server-requests`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<RequestsQuery>,
) -> Page<EwsServerRequestsPage> {
    let whole = portal.runtime().configuration();
    let mut frame = Tab::EwsServerRequests.frame();
    let filter = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("server", &query.server), ("result", &query.result)])
        .finish();
    frame.events = format!("{}?{filter}", frame.events);
    Page(EwsServerRequestsPage {
        frame,
        servers: whole.ews_servers.iter().map(|server| (server.id.0, server.name.clone())).collect(),
        requests: query.rows(&portal, &portal.times_of_page()),
        query,
        layout: layout(&portal, signed_in),
    })
}

/// `GET /events/status/ews-server-requests`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    QueryOf(query): QueryOf<RequestsQuery>,
) -> Result<impl IntoResponse, PageError> {
    live::follow(portal, &signed_in, Box::new(LiveRequests { query }))
}

struct LiveRequests {
    query: RequestsQuery,
}

impl LivePage for LiveRequests {
    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        if update.system().is_some() {
            parts.add("requests", &self.query.rows(update.portal, &update.times));
        }
        Ok(())
    }
}

impl EwsServerRequestsPage {
    #[expect(clippy::unused_self, reason = "called by the template")]
    const fn results(&self) -> [(&'static str, &'static str); 3] {
        RESULTS
    }
}

impl RequestsQuery {
    fn rows(&self, portal: &PortalState, times: &WallTime) -> RequestRows {
        let whole = portal.runtime().configuration();
        let is_chosen = |id: i64| self.server.is_empty() || self.server == id.to_string();
        let mut requests: Vec<(i64, &str, RequestRecord)> = Vec::new();
        for server in whole.ews_servers.iter().filter(|server| is_chosen(server.id.0)) {
            let recorded = portal.runtime().ews_traffic(server.id).requests.into_iter();
            let chosen = recorded.filter(|request| self.selects(&request.outcome));
            requests.extend(chosen.map(|request| (server.id.0, server.name.as_str(), request)));
        }
        requests.sort_by_key(|(_, _, request)| std::cmp::Reverse(request.at));
        requests.truncate(MOST_REQUESTS);
        let row =
            |(id, name, request): &(i64, &str, RequestRecord)| RequestRow::new(request, (*id, name), times);
        RequestRows { has_servers: true, rows: requests.iter().map(row).collect() }
    }

    fn selects(&self, outcome: &RequestOutcome) -> bool {
        match self.result.as_str() {
            "ok" => *outcome == RequestOutcome::Ok,
            "failed" => matches!(
                outcome,
                RequestOutcome::RefusedItems(_) | RequestOutcome::Fault(_) | RequestOutcome::HttpError(_)
            ),
            "refused" => *outcome == RequestOutcome::RefusedLogin,
            _ => true,
        }
    }
}
