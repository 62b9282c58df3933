//! Dialect `v2-b`: pages in an envelope, capital names, kW and kWh.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use serde::Deserialize;
use serde_json::{Value, json};

use super::connectors::only;
use super::error::{ApiError, json_response};
use super::{ApiResult, Writer, availability, external_reduction, form_field, id, json, login, parse};
use crate::auth::Caller;
use crate::availability_change::Applied;
use crate::clock::{Moment, rfc3339};
use crate::controller::Controller;
use crate::site::{Availability, Connector, Phases, Reduction, Site, Station, Status, Validity, ZoneKind};
use crate::world::World;

const USUAL_PAGE_SIZE: usize = 20;
const LARGEST_PAGE_SIZE: usize = 100;

pub(super) fn paths() -> Router<Arc<Controller>> {
    Router::new()
        .route("/oauth/token", post(log_in))
        .route("/oauth/revoke", post(revoke))
        .route("/System", get(system))
        .route("/Zones", get(zones))
        .route("/Zones/{zone}", get(zone))
        .route("/Zones/{zone}/Limit", put(limit))
        .route("/Stations", get(stations))
        .route("/Stations/{station}", get(station))
        .route("/Stations/{station}/Outlets/{outlet}", patch(enable).get(outlet))
}

/// Returns the error in the words of this dialect; one of OAuth 2 for a login (RFC 6749, 5.2).
pub(super) fn error(status: u16, code: &str, message: &str) -> Response {
    if code == "BAD_CREDENTIALS" {
        let body = json!({ "error": "invalid_grant", "error_description": message });
        return json_response(400, body.to_string().into_bytes());
    }
    let body = json!({ "Success": false, "Fault": { "Code": code, "Text": message } });
    json_response(status, body.to_string().into_bytes())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PageQuery {
    page: Option<usize>,
    page_size: Option<usize>,
}

fn enveloped(data: &Value) -> ApiResult {
    json(200, &json!({ "Success": true, "Data": data }))
}

fn page_of(query: &PageQuery, all: Vec<Value>) -> ApiResult {
    let size = query.page_size.unwrap_or(USUAL_PAGE_SIZE).clamp(1, LARGEST_PAGE_SIZE);
    let page = query.page.unwrap_or(1).max(1);
    let total = all.len();
    let data: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
    json(200, &json!({ "Success": true, "Data": data, "Page": page, "PageSize": size, "Total": total }))
}

async fn log_in(State(controller): State<Arc<Controller>>, body: Bytes) -> ApiResult {
    if form_field(&body, "grant_type") != "password" {
        return Err(ApiError::new(400, "unsupported_grant_type", "grant_type must be password"));
    }
    let issued = login::issue(&controller, &form_field(&body, "username"), &form_field(&body, "password"))?;
    json(
        200,
        &json!({ "access_token": issued.token, "token_type": "bearer", "expires_in": issued.expires_in_s }),
    )
}

/// Ends the session (RFC 7009, 2.2).
async fn revoke(caller: Caller, controller: State<Arc<Controller>>, headers: HeaderMap) -> ApiResult {
    login::log_out(caller, controller, headers).await?;
    Ok(StatusCode::OK.into_response())
}

async fn system(_caller: Caller, State(controller): State<Arc<Controller>>) -> ApiResult {
    enveloped(&json!({ "ApiVersion": controller.api_version(), "Software": "6.1.0.2" }))
}

async fn zones(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Query(query): Query<PageQuery>,
) -> ApiResult {
    controller
        .with_world(|world, _| page_of(&query, all_zones(world).into_iter().map(|(_, it)| it).collect()))
}

async fn zone(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
) -> ApiResult {
    controller.with_world(|world, _| {
        let found = all_zones(world).into_iter().find(|(known, _)| Some(*known) == id(&zone));
        enveloped(&found.ok_or_else(ApiError::zone_not_found)?.1)
    })
}

fn all_zones(world: &World) -> Vec<(u64, Value)> {
    let zones = world.site.zones.iter().zip(world.transactions());
    zones
        .map(|(zone, transactions)| {
            let kind = match zone.kind {
                ZoneKind::Static => "Static",
                ZoneKind::Dynamic => "Dynamic",
            };
            let value = json!({
                "ZoneNumber": zone.id, "Title": zone.name, "Kind": kind, "LimitAmps": zone.max_current_a,
                "OpenTransactions": transactions,
                "Allowed": { "Amps": zone.set_point.current_a, "KiloWatts": zone.set_point.power_kw },
                "Limit": zone.reduction.as_ref().map_or_else(|| json!({ "Active": false }), limit_json),
            });
            (zone.id, value)
        })
        .collect()
}

fn limit_json(reduction: &Reduction) -> Value {
    let mode = match reduction.validity {
        Validity::Absolute { .. } => "Absolute",
        Validity::Relative { .. } => "Relative",
    };
    json!({
        "Active": true, "Kind": "Percent", "RemainingPercent": 100.0 - reduction.percent, "Mode": mode,
        "ValidUntil": rfc3339(reduction.validity.until_ms()), "Comment": reduction.description,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LimitRequest {
    remaining_percent: f64,
    valid_for_seconds: u32,
    #[serde(default)]
    comment: String,
}

/// Sets the limit; 100 % remove it.
async fn limit(
    Writer(caller): Writer,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
    body: Bytes,
) -> ApiResult {
    let request: LimitRequest = parse(&body)?;
    if !(0.0..=100.0).contains(&request.remaining_percent) {
        return Err(ApiError::field("RemainingPercent", "RemainingPercent must be from 0 to 100"));
    }
    controller.with_world(|world, now| {
        let seconds = request.valid_for_seconds;
        let until_ms = now.controller_ms + i64::from(seconds) * 1000;
        let reduction = (request.remaining_percent < 100.0).then(|| Reduction {
            percent: 100.0 - request.remaining_percent,
            validity: Validity::Relative { seconds, until_ms },
            description: request.comment.clone(),
            owner: caller.role,
        });
        external_reduction::store(world, now, &zone, caller, reduction)?;
        enveloped(&Value::Null)
    })
}

async fn stations(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Query(query): Query<PageQuery>,
) -> ApiResult {
    controller.with_world(|world, now| {
        let all = world.site.stations.iter().map(|station| station_json(&world.site, station, now));
        page_of(&query, all.collect())
    })
}

async fn station(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(station): Path<String>,
) -> ApiResult {
    controller.with_world(|world, now| {
        let station = super::station(world, &station)?;
        enveloped(&station_json(&world.site, station, now))
    })
}

async fn outlet(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path((station, outlet)): Path<(String, String)>,
) -> ApiResult {
    controller.with_world(|world, now| {
        let station = super::station(world, &station)?;
        enveloped(&outlet_json(station, super::connector(station, &outlet)?, now))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EnableRequest {
    enabled: bool,
}

async fn enable(
    _writer: Writer,
    State(controller): State<Arc<Controller>>,
    Path((station, outlet)): Path<(String, String)>,
    body: Bytes,
) -> ApiResult {
    let request: EnableRequest = parse(&body)?;
    let requested = if request.enabled { Availability::Operative } else { Availability::Inoperative };
    let applied = availability::apply(&controller, &station, &outlet, requested)?;
    let state = match applied {
        Applied::Now => "Accepted",
        Applied::Scheduled => "Scheduled",
    };
    json(200, &json!({ "Success": true, "Data": { "State": state } }))
}

fn station_json(site: &Site, station: &Station, now: &Moment) -> Value {
    let outlets: Vec<Value> =
        station.connectors.iter().map(|connector| outlet_json(station, connector, now)).collect();
    json!({
        "StationNumber": station.id, "ZoneNumber": site.zones[station.zone].id,
        "Protocol": station.protocol.to_uppercase(), "Identifier": station.ocpp_identifier,
        "Title": station.friendly_name, "Serial": station.serial_number, "Model": station.model,
        "Firmware": station.version, "Address": station.ip_address, "Backend": station.cpo_url,
        "BackendAccepts": if station.accepted_by_cpo { "Yes" } else { "No" },
        "Link": if station.is_connected() { "Up" } else { "Down" },
        "State": status_word(station.status()),
        "Access": pascal(&station.authentication_mode),
        "AccessOffline": pascal(&station.disconnected_authentication_mode),
        "Outlets": outlets,
    })
}

fn outlet_json(station: &Station, connector: &Connector, now: &Moment) -> Value {
    let kilo = |number: u32| f64::from(number) / 1000.0;
    let measures = connector.reported.measures;
    let amperes = measures.current_ca.map(|hundredths| f64::from(hundredths) / 100.0);
    let (power, amps) = match station.phases_in_api(connector.rating) {
        Some(sent) => (lines(sent, measures.power_w.map(kilo)), lines(sent, amperes)),
        None => (json!({ "Sum": kilo(measures.total_w()) }), Value::Null),
    };
    let set_point = connector.set_point();
    let wiring = match connector.rating.phases {
        Phases::Mono1 => "SinglePhaseL1",
        Phases::Mono2 => "SinglePhaseL2",
        Phases::Mono3 => "SinglePhaseL3",
        Phases::Tri => "ThreePhase",
    };
    json!({
        "OutletNumber": connector.number, "Current": if connector.rating.is_dc { "DC" } else { "AC" },
        "Managed": !connector.rating.is_fixed_set_point, "Rating": connector.rating.max_current_or_power,
        "Wiring": wiring, "State": status_word(connector.shown_status()),
        "Enabled": connector.availability == Availability::Operative,
        "Allowed": { "Amps": set_point.current_a, "KiloWatts": set_point.power_kw },
        "Power": power, "Amps": amps,
        "EnergyKiloWattHours": kilo_wide(connector.reported.energy_wh),
        "MeasuredAt": rfc3339(now.controller_at(station.last_sample_ms(now.cars_ms))),
    })
}

/// Returns the values of the phases that are sent.
fn lines(sent: [bool; 3], values: [f64; 3]) -> Value {
    let names = ["L1", "L2", "L3"].into_iter().zip(only(sent, values));
    Value::Object(names.filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect())
}

/// Thousandths of a register, which has at most 2^53 Wh.
#[expect(clippy::cast_precision_loss, reason = "no register has more than 53 bits")]
fn kilo_wide(number: u64) -> f64 {
    number as f64 / 1000.0
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Available => "Available",
        Status::Preparing => "Preparing",
        Status::Charging => "Charging",
        Status::SuspendedEv => "SuspendedByCar",
        Status::SuspendedEvse => "SuspendedByStation",
        Status::Finishing => "Finishing",
        Status::Unavailable => "OutOfService",
        Status::Faulted => "Faulted",
    }
}

/// Writes `allow_all` as `AllowAll`.
fn pascal(word: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    word.split('_').map(capital).collect()
}
