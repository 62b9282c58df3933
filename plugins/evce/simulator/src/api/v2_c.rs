//! Dialect `v2-c`: one call for each object, numbers as texts and codes, milliseconds since 1970.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::connectors::only;
use super::error::{ApiError, json_response};
use super::{ApiResult, Writer, availability, external_reduction, form_field, id, json, login, parse};
use crate::auth::Caller;
use crate::availability_change::Applied;
use crate::clock::Moment;
use crate::controller::Controller;
use crate::site::{Availability, Connector, Phases, Reduction, Station, Status, Validity, ZoneKind};

pub(super) fn paths() -> Router<Arc<Controller>> {
    Router::new()
        .route("/session", post(log_in).delete(login::log_out))
        .route("/zone", get(zones))
        .route("/zone/{zone}", get(zone))
        .route("/zone/{zone}/reduction", get(reduction).post(save_reduction).delete(delete_reduction))
        .route("/zone/{zone}/station", get(stations))
        .route("/station/{station}", get(station))
        .route("/station/{station}/connector", get(connectors))
        .route("/station/{station}/connector/{connector}", get(connector))
        .route("/station/{station}/connector/{connector}/enable", post(enable))
        .route("/station/{station}/connector/{connector}/disable", post(disable))
}

/// Returns the error in the words of this dialect.
pub(super) fn error(status: u16, code: &str, message: &str) -> Response {
    json_response(status, json!({ "errno": code, "msg": message }).to_string().into_bytes())
}

async fn log_in(State(controller): State<Arc<Controller>>, body: Bytes) -> ApiResult {
    let issued = login::issue(&controller, &form_field(&body, "user"), &form_field(&body, "pass"))?;
    let cookie = format!("EVCESESSION={}; Path=/; HttpOnly; Secure", issued.token);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

fn ids(ids: impl Iterator<Item = u64>) -> ApiResult {
    json(200, &json!({ "ids": ids.map(|id| id.to_string()).collect::<Vec<_>>() }))
}

async fn zones(_caller: Caller, State(controller): State<Arc<Controller>>) -> ApiResult {
    controller.with_world(|world, _| ids(world.site.zones.iter().map(|zone| zone.id)))
}

async fn zone(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
) -> ApiResult {
    controller.with_world(|world, _| {
        let zones = world.site.zones.iter().zip(world.transactions());
        let found = zones.into_iter().find(|(found, _)| Some(found.id) == id(&zone));
        let (zone, transactions) = found.ok_or_else(ApiError::zone_not_found)?;
        json(
            200,
            &json!({
                "zone": zone.id.to_string(), "label": zone.name,
                "mode": match zone.kind { ZoneKind::Static => "0", ZoneKind::Dynamic => "1" },
                "imax": zone.max_current_a.to_string(), "tx": transactions.to_string(),
                "iset": zone.set_point.current_a.to_string(), "pset": zone.set_point.power_kw.to_string(),
            }),
        )
    })
}

async fn reduction(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
) -> ApiResult {
    controller.with_world(|world, _| {
        let zone = super::zone_mut(world, &zone)?;
        let reduction = zone
            .reduction
            .as_ref()
            .ok_or_else(|| ApiError::new(404, "REDUCTION_NOT_FOUND", "the zone has no reduction"))?;
        json(200, &reduction_json(reduction))
    })
}

fn reduction_json(reduction: &Reduction) -> Value {
    json!({
        "unit": "pct", "percent": reduction.percent.to_string(), "note": reduction.description,
        "mode": match reduction.validity {
            Validity::Absolute { .. } => "abs",
            Validity::Relative { .. } => "rel",
        },
        "until": reduction.validity.until_ms().to_string(),
    })
}

#[derive(Deserialize)]
struct ReductionRequest {
    percent: String,
    until: String,
    #[serde(default)]
    note: String,
}

async fn save_reduction(
    Writer(caller): Writer,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
    body: Bytes,
) -> ApiResult {
    let request: ReductionRequest = parse(&body)?;
    let percent: Option<f64> = request.percent.parse().ok();
    let percent = percent.filter(|percent| (0.0..=100.0).contains(percent));
    let percent = percent.ok_or_else(|| ApiError::field("percent", "percent must be from 0 to 100"))?;
    let until_ms = request.until.parse().map_err(|_| ApiError::field("until", "until must be a number"))?;
    controller.with_world(|world, now| {
        let reduction = Reduction {
            percent,
            validity: Validity::Absolute { text: request.until.clone(), until_ms },
            description: request.note.clone(),
            owner: caller.role,
        };
        external_reduction::store(world, now, &zone, caller, Some(reduction))?;
        json(201, &json!({ "result": "ok" }))
    })
}

async fn delete_reduction(
    Writer(caller): Writer,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
) -> ApiResult {
    controller.with_world(|world, now| {
        external_reduction::store(world, now, &zone, caller, None)?;
        json(200, &json!({ "result": "ok" }))
    })
}

async fn stations(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
) -> ApiResult {
    controller.with_world(|world, _| {
        let zone = world.site.zones.iter().position(|found| Some(found.id) == id(&zone));
        let zone = zone.ok_or_else(ApiError::zone_not_found)?;
        ids(world.site.stations.iter().filter(|station| station.zone == zone).map(|station| station.id))
    })
}

async fn station(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(station): Path<String>,
) -> ApiResult {
    controller.with_world(|world, _| {
        let station = super::station(world, &station)?;
        json(200, &station_json(station))
    })
}

fn station_json(station: &Station) -> Value {
    json!({
        "station": station.id.to_string(), "proto": station.protocol, "ocpp": station.ocpp_identifier,
        "label": station.friendly_name, "serial": station.serial_number, "model": station.model,
        "fw": station.version, "ip": station.ip_address, "cpo": station.cpo_url,
        "cpoOk": flag(station.accepted_by_cpo), "online": flag(station.is_connected()),
        "state": status_code(station.status()), "auth": station.authentication_mode,
        "authOffline": station.disconnected_authentication_mode,
    })
}

async fn connectors(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(station): Path<String>,
) -> ApiResult {
    controller.with_world(|world, _| {
        let station = super::station(world, &station)?;
        ids(station.connectors.iter().map(|connector| u64::from(connector.number)))
    })
}

async fn connector(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path((station, connector)): Path<(String, String)>,
) -> ApiResult {
    controller.with_world(|world, now| {
        let station = super::station(world, &station)?;
        json(200, &connector_json(station, super::connector(station, &connector)?, now))
    })
}

fn connector_json(station: &Station, connector: &Connector, now: &Moment) -> Value {
    let set_point = connector.set_point();
    let measures = connector.reported.measures;
    let hundredths = |number: u32| format!("{}.{:02}", number / 100, number % 100);
    let (power, current) = match station.phases_in_api(connector.rating) {
        Some(sent) => (
            json!(only(sent, measures.power_w.map(|power| power.to_string()).each_ref())),
            json!(only(sent, measures.current_ca.map(hundredths).each_ref())),
        ),
        None => (json!(measures.total_w().to_string()), Value::Null),
    };
    json!({
        "no": connector.number.to_string(), "dc": flag(connector.rating.is_dc),
        "fixed": flag(connector.rating.is_fixed_set_point),
        "rating": connector.rating.max_current_or_power.to_string(),
        "phases": match connector.rating.phases {
            Phases::Mono1 => "L1",
            Phases::Mono2 => "L2",
            Phases::Mono3 => "L3",
            Phases::Tri => "L1L2L3",
        },
        "state": status_code(connector.shown_status()),
        "blocked": flag(connector.availability == Availability::Inoperative),
        "iset": set_point.current_a.to_string(), "pset": set_point.power_kw.to_string(),
        "p": power, "i": current,
        "wh": connector.reported.energy_wh.to_string(),
        "ts": now.controller_at(station.last_sample_ms(now.cars_ms)).to_string(),
    })
}

async fn enable(
    writer: Writer,
    controller: State<Arc<Controller>>,
    path: Path<(String, String)>,
) -> ApiResult {
    make(&writer, &controller, &path, Availability::Operative)
}

async fn disable(
    writer: Writer,
    controller: State<Arc<Controller>>,
    path: Path<(String, String)>,
) -> ApiResult {
    make(&writer, &controller, &path, Availability::Inoperative)
}

fn make(
    _writer: &Writer,
    controller: &Controller,
    Path((station, connector)): &Path<(String, String)>,
    requested: Availability,
) -> ApiResult {
    let result = match availability::apply(controller, station, connector, requested)? {
        Applied::Now => "ok",
        Applied::Scheduled => "later",
    };
    json(200, &json!({ "result": result }))
}

fn flag(truth: bool) -> &'static str {
    if truth { "1" } else { "0" }
}

/// The numbers of the states in a register of a charging station.
fn status_code(status: Status) -> &'static str {
    match status {
        Status::Available => "1",
        Status::Preparing => "2",
        Status::Charging => "3",
        Status::SuspendedEv => "4",
        Status::SuspendedEvse => "5",
        Status::Finishing => "6",
        Status::Unavailable => "8",
        Status::Faulted => "9",
    }
}
