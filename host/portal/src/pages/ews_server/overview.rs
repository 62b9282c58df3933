//! The first tab: settings for the BMS, clients, and the latest requests.

use std::net::{Ipv4Addr, SocketAddr};

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;
use riser_domain::{AccountRights, DigestAlgorithm, EwsServer};
use riser_ews::Traffic;
use riser_runtime::Change;

use super::{Done, Frame, ServerHead, Shown, Tab};
use crate::form::{PathOf, QueryOf};
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::PageLayout;
use crate::pages::error::PageError;
use crate::parts::{ClientRows, Icon, RequestRate, RequestRow, RequestRows, is_for_this_machine};
use crate::sessions::Viewer;
use crate::state::PortalState;

/// The overview of an EWS server.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/ews_server/overview.html")]
pub(crate) struct OverviewPage {
    pub(crate) layout: PageLayout,
    pub(crate) frame: Frame,
    pub(crate) bms: BmsSettings,
    pub(crate) items: usize,
    pub(crate) page_size_items: u32,
    /// Empty for plain HTTP.
    pub(crate) certificate: String,
    pub(crate) rate: RequestRate,
    pub(crate) clients: ClientRows,
    pub(crate) requests: RequestRows,
}

/// The settings of an EcoStruxure Web Services interface in the BMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BmsSettings {
    pub(crate) name: String,
    pub(crate) address: String,
    /// Only programs on this machine reach the address.
    pub(crate) is_for_this_machine: bool,
    /// A program on this machine can use a loopback address.
    pub(crate) has_loopback: bool,
    pub(crate) has_alias: bool,
    /// Names of accounts, and their rights.
    pub(crate) accounts: Vec<(String, &'static str)>,
    pub(crate) realm: String,
    pub(crate) algorithms: String,
}

/// `GET /ews-servers/{id}`
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(id): PathOf<i64>,
    QueryOf(done): QueryOf<Done>,
) -> Result<Page<OverviewPage>, PageError> {
    let shown = Shown::find(&portal, id)?;
    let traffic = shown.traffic();
    Ok(Page(OverviewPage {
        frame: shown.frame(Tab::Overview, &signed_in.context.user, done.notice()),
        bms: BmsSettings::new(&shown),
        items: shown.status.items,
        page_size_items: shown.server.page_size_items,
        certificate: shown.server.tls.as_ref().map(|tls| tls.certificate.clone()).unwrap_or_default(),
        rate: RequestRate::new(&traffic.requests_per_minute),
        clients: ClientRows::new(&traffic.clients, &shown.times),
        requests: rows(&shown, &traffic),
        layout: shown.layout(signed_in),
    }))
}

/// `GET /events/ews-servers/{id}`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    PathOf(id): PathOf<i64>,
) -> Result<impl IntoResponse, PageError> {
    Shown::find(&portal, id)?;
    live::follow(portal, &signed_in, Box::new(LiveEwsServer { id }))
}

struct LiveEwsServer {
    id: i64,
}

impl LivePage for LiveEwsServer {
    fn is_reshaped_by(&self, change: &Change) -> bool {
        matches!(change, Change::Configuration)
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        if update.system().is_none() {
            return Ok(());
        }
        let mut shown = Shown::find(update.portal, self.id).map_err(|_| ShapeChanged)?;
        shown.times = update.times.clone();
        let traffic = shown.traffic();
        parts.add("ews-server-head", &ServerHead::new(&shown.status));
        parts.add("request-rate", &RequestRate::new(&traffic.requests_per_minute));
        parts.add("clients", &ClientRows::new(&traffic.clients, &shown.times));
        parts.add("requests", &rows(&shown, &traffic));
        Ok(())
    }
}

fn rows(shown: &Shown<'_>, traffic: &Traffic) -> RequestRows {
    let server = (shown.id(), shown.server.name.as_str());
    let rows = traffic.requests.iter().map(|request| RequestRow::new(request, server, &shown.times));
    RequestRows { has_servers: false, rows: rows.collect() }
}

impl BmsSettings {
    fn new(shown: &Shown<'_>) -> Self {
        let server = &shown.server;
        let address = shown.status.address.clone();
        let listen = server.listen.parse::<SocketAddr>().map(|listen| listen.ip());
        Self {
            name: server.name.clone(),
            is_for_this_machine: is_for_this_machine(&address),
            has_loopback: listen == Ok(Ipv4Addr::UNSPECIFIED.into())
                || listen == Ok(Ipv4Addr::LOCALHOST.into()),
            has_alias: server.path.trim_end_matches('/') == EwsServer::DEFAULT_PATH,
            address,
            accounts: shown
                .accounts()
                .map(|account| (account.name.clone(), rights_words(account.rights)))
                .collect(),
            realm: server.realm.clone(),
            algorithms: algorithm_words(&server.digest_order),
        }
    }

    fn is_tls(&self) -> bool {
        self.address.starts_with("https:")
    }
}

pub(crate) const fn rights_words(rights: AccountRights) -> &'static str {
    match rights {
        AccountRights::Read => "reads",
        AccountRights::ReadWrite => "reads and writes set points",
    }
}

/// Returns `SHA-256, then MD5`.
pub(crate) fn algorithm_words(order: &[DigestAlgorithm]) -> String {
    let names: Vec<&str> = order.iter().map(|algorithm| algorithm.as_str()).collect();
    names.join(", then ")
}
