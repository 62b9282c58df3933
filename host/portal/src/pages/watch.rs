//! The watch list: chosen points of any containers in one table. The address holds their ids, so it can be shared; the
//! own list is kept per browser.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use riser_domain::{EwsServerId, PointHandle};
use riser_runtime::{Change, ServerTree};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::form::{Form, QueryOf};
use crate::live::{self, LivePage, LiveUpdate, Parts, ShapeChanged};
use crate::page::Page;
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::error::PageError;
use crate::parts::{Icon, PlacedRow, value_of};
use crate::pins::{MOST_PINS, Pins, WatchListFull};
use crate::return_path::ReturnPath;
use crate::sessions::Viewer;
use crate::state::PortalState;

/// The address of the own list.
pub(crate) const ADDRESS: &str = "/items/watch";
/// The name of each id in the address: the number of the server, a colon, and the id of the item.
const ID: &str = "ids";

#[derive(Clone, Debug, Template)]
#[template(path = "pages/watch.html")]
pub(crate) struct WatchPage {
    pub(crate) layout: PageLayout,
    pub(crate) rows: Vec<PlacedRow>,
    /// Why some ids of the address have no row.
    pub(crate) note: Option<String>,
    /// Whether these are the pinned points of this browser.
    pub(crate) is_own: bool,
    pub(crate) address: String,
    pub(crate) events: String,
}

/// Pairs of a query: each `ids` names a point.
type IdPairs = Vec<(String, String)>;

/// A button that changes the own list.
#[derive(Debug, Deserialize)]
pub(crate) struct PinForm {
    pin: Option<u32>,
    unpin: Option<u32>,
    /// The address of a list to keep instead of the own one.
    keep: Option<String>,
    #[serde(default)]
    next: ReturnPath,
}

/// A point with its tree.
type WatchedPoint = (EwsServerId, Arc<ServerTree>, PointHandle);

/// `GET /items/watch`. Without ids, redirects to the address of the own list.
pub(crate) async fn show(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    headers: HeaderMap,
    QueryOf(pairs): QueryOf<IdPairs>,
) -> Response {
    let pins = Pins::of_request(&headers);
    let ids = ids_in(&pairs);
    if ids.is_empty() {
        let own = address(&points_of(&portal, &pins));
        if own != ADDRESS {
            return Redirect::to(&own).into_response();
        }
    }
    let times = portal.times_of_page();
    let points = find(&portal, &ids);
    let is_own = points.iter().map(|(_, _, point)| *point).eq(pins.points().iter().copied());
    let row = |(server, tree, point): &WatchedPoint| {
        let row = PlacedRow::new(portal.runtime(), (*server, tree), *point, &times)?;
        Some(PlacedRow { is_pinned: is_own, ..row })
    };
    let address = address(&points);
    Page(WatchPage {
        rows: points.iter().filter_map(row).collect(),
        note: note(ids.len(), points.len()),
        is_own,
        events: format!("/events{address}"),
        address,
        layout: PageLayout::new(
            MenuEntry::Items,
            &portal.site_name(),
            signed_in.context,
            &portal.system_status(),
            &times,
        ),
    })
    .into_response()
}

/// `GET /events/items/watch`
pub(crate) async fn follow(
    State(portal): State<PortalState>,
    Viewer(signed_in): Viewer,
    headers: HeaderMap,
    QueryOf(pairs): QueryOf<IdPairs>,
) -> Result<impl IntoResponse, PageError> {
    let points = find(&portal, &ids_in(&pairs));
    let pins = Pins::of_request(&headers);
    let is_own = points.iter().map(|(_, _, point)| *point).eq(pins.points().iter().copied());
    live::follow(portal, &signed_in, Box::new(LiveWatch { points, is_own }))
}

/// `POST /items/watch`
pub(crate) async fn change(
    State(portal): State<PortalState>,
    _: Viewer,
    headers: HeaderMap,
    Form(form): Form<PinForm>,
) -> Result<impl IntoResponse, PageError> {
    let mut pins = Pins::of_request(&headers);
    // Points that were removed need no place on the list.
    let known = points_of(&portal, &pins);
    pins.retain(|pin| known.iter().any(|(_, _, point)| *point == pin));
    if let Some(point) = form.pin {
        pins.add(PointHandle(point)).map_err(|WatchListFull| {
            PageError::Refused(format!(
                "The watch list is full: it takes {MOST_PINS} points. Remove one from it, then pin this one."
            ))
        })?;
    }
    if let Some(point) = form.unpin {
        pins.retain(|pin| pin != PointHandle(point));
    }
    if let Some(address) = form.keep {
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let pairs: IdPairs = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        pins = Pins::default();
        for (_, _, point) in find(&portal, &ids_in(&pairs)) {
            // At most as many were found.
            let _full = pins.add(point);
        }
    }
    Ok((CookieJar::new().add(pins.cookie()), Redirect::to(form.next.as_str())))
}

struct LiveWatch {
    points: Vec<WatchedPoint>,
    is_own: bool,
}

impl LivePage for LiveWatch {
    fn is_reshaped_by(&self, change: &Change) -> bool {
        matches!(change, Change::Tree(_))
    }

    fn add_parts(&self, update: &LiveUpdate<'_>, parts: &mut Parts) -> Result<(), ShapeChanged> {
        for (server, tree, point) in self.points.iter().filter(|(_, _, point)| update.has_changed(*point)) {
            let runtime = update.portal.runtime();
            if let Some(row) = PlacedRow::new(runtime, (*server, tree), *point, &update.times) {
                let row = PlacedRow { is_pinned: self.is_own, ..row };
                parts.add(format!("item-{}", point.0), &row);
            }
        }
        Ok(())
    }
}

/// Returns the servers and the ids of items in a query.
fn ids_in(pairs: &IdPairs) -> Vec<(i64, &str)> {
    let ids = pairs.iter().filter(|(name, _)| name == ID);
    ids.filter_map(|(_, id)| {
        let (server, item) = id.split_once(':')?;
        Some((server.parse().ok()?, item))
    })
    .collect()
}

/// Returns the points with these ids, at most as many as a list takes. A point counts once.
fn find(portal: &PortalState, ids: &[(i64, &str)]) -> Vec<WatchedPoint> {
    let mut points: Vec<WatchedPoint> = Vec::new();
    for (server, id) in ids {
        let server = EwsServerId(*server);
        let tree = portal.runtime().items(server);
        let point = tree.find(id).filter(|point| tree.node(*point).and_then(value_of).is_some());
        if let Some(point) = point
            && points.len() < MOST_PINS
            && points.iter().all(|(_, _, known)| *known != point)
        {
            points.push((server, tree, point));
        }
    }
    points
}

/// Returns the pinned points that exist, in their order.
fn points_of(portal: &PortalState, pins: &Pins) -> Vec<WatchedPoint> {
    let servers = &portal.runtime().configuration().ews_servers;
    let trees: Vec<_> = servers.iter().map(|server| (server.id, portal.runtime().items(server.id))).collect();
    let point = |pin: &PointHandle| {
        let has_it = |tree: &ServerTree| tree.node(*pin).and_then(value_of).is_some();
        let (server, tree) = trees.iter().find(|(_, tree)| has_it(tree))?;
        Some((*server, Arc::clone(tree), *pin))
    };
    pins.points().iter().filter_map(point).collect()
}

/// Returns the address of a list.
fn address(points: &[WatchedPoint]) -> String {
    let mut query = Serializer::new(String::new());
    for (server, tree, point) in points {
        if let Some(node) = tree.node(*point) {
            query.append_pair(ID, &format!("{}:{}", server.0, node.id()));
        }
    }
    let query = query.finish();
    if query.is_empty() { ADDRESS.to_owned() } else { format!("{ADDRESS}?{query}") }
}

fn note(asked: usize, found: usize) -> Option<String> {
    match asked.saturating_sub(found) {
        0 => None,
        _ if asked > MOST_PINS && found == MOST_PINS => {
            Some(format!("The address has {asked} points. The first {MOST_PINS} are shown."))
        }
        1 => Some(
            "One item of the address is not shown: this host does not have it, or it has no value."
                .to_owned(),
        ),
        many => Some(format!(
            "{many} items of the address are not shown: this host does not have them, or they have no value."
        )),
    }
}
