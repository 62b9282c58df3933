//! `GET /stations` and `GET /stations/{id}`, each station with its connectors.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};

use super::connectors::{self, ConnectorJson};
use super::error::ApiError;
use super::pages::Page;
use super::{ApiResult, json};
use crate::auth::Caller;
use crate::clock::Moment;
use crate::controller::Controller;
use crate::site::{Site, Station};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StationJson<'a> {
    id: u64,
    zone_id: u64,
    #[serde(rename = "type")]
    protocol: &'a str,
    ocpp_identifier: &'a str,
    friendly_name: &'a str,
    serial_number: &'a str,
    model: &'a str,
    version: &'a str,
    ip_address: &'a str,
    cpo_url: &'a str,
    is_accepted_by_cpo: bool,
    is_connected: bool,
    status: &'static str,
    authentication_mode: &'a str,
    disconnected_authentication_mode: &'a str,
    connectors: Vec<ConnectorJson<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Selection {
    #[serde(rename = "zoneId")]
    zone: Option<u64>,
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

pub(crate) async fn list(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    selection: Result<Query<Selection>, QueryRejection>,
) -> ApiResult {
    let Query(selection) =
        selection.map_err(|_| ApiError::field("zoneId", "zoneId, offset and limit are whole numbers"))?;
    let page = Page::new(selection.offset, selection.limit);
    controller.with_world(|world, now| {
        let site = &world.site;
        let zone_of = |station: &Station| site.zones[station.zone].id;
        let wanted = |station: &&Station| selection.zone.is_none_or(|zone| zone == zone_of(station));
        let stations = page.of(site.stations.iter().filter(wanted));
        json(200, &stations.into_iter().map(|station| station_json(site, station, now)).collect::<Vec<_>>())
    })
}

pub(crate) async fn show(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(station): Path<String>,
) -> ApiResult {
    controller.with_world(|world, now| {
        let station = super::station(world, &station)?;
        json(200, &station_json(&world.site, station, now))
    })
}

fn station_json<'a>(site: &'a Site, station: &'a Station, now: &Moment) -> StationJson<'a> {
    StationJson {
        id: station.id,
        zone_id: site.zones[station.zone].id,
        protocol: &station.protocol,
        ocpp_identifier: &station.ocpp_identifier,
        friendly_name: &station.friendly_name,
        serial_number: &station.serial_number,
        model: &station.model,
        version: &station.version,
        ip_address: &station.ip_address,
        cpo_url: &station.cpo_url,
        is_accepted_by_cpo: station.accepted_by_cpo,
        is_connected: station.is_connected(),
        status: connectors::status_text(station.status()),
        authentication_mode: &station.authentication_mode,
        disconnected_authentication_mode: &station.disconnected_authentication_mode,
        connectors: connectors::of_station(station, now),
    }
}
