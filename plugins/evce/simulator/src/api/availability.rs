//! `PUT /stations/{id}/connectors/{n}/availability`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ApiError;
use super::{ApiResult, Writer, id, json, parse};
use crate::availability_change::Applied;
use crate::controller::Controller;
use crate::site::Availability;

#[derive(Deserialize)]
struct AvailabilityRequest {
    #[serde(default)]
    availability: Value,
}

#[derive(Serialize)]
struct AvailabilityResponse {
    status: &'static str,
}

pub(crate) async fn save(
    _writer: Writer,
    State(controller): State<Arc<Controller>>,
    Path((station, connector)): Path<(String, String)>,
    body: Bytes,
) -> ApiResult {
    let request: AvailabilityRequest = parse(&body)?;
    let requested = match request.availability.as_str() {
        Some("operative") => Availability::Operative,
        Some("inoperative") => Availability::Inoperative,
        _ => return Err(ApiError::field("availability", "availability must be operative or inoperative")),
    };
    match apply(&controller, &station, &connector, requested)? {
        Applied::Now => json(200, &AvailabilityResponse { status: "accepted" }),
        Applied::Scheduled => json(202, &AvailabilityResponse { status: "scheduled" }),
    }
}

/// Changes the availability of a connector.
pub(super) fn apply(
    controller: &Controller,
    station: &str,
    connector: &str,
    requested: Availability,
) -> Result<Applied, ApiError> {
    controller.with_world(|world, now| {
        let station = id(station).and_then(|id| world.site.station_index(id));
        let station = station.ok_or_else(ApiError::station_not_found)?;
        let owner = &world.site.stations[station];
        let found = owner.connectors.iter().position(|found| Some(u64::from(found.number)) == id(connector));
        let found = found.ok_or_else(ApiError::connector_not_found)?;
        if !owner.is_connected() {
            return Err(ApiError::new(424, "STATION_OFFLINE", "the station has no link to the controller"));
        }
        if owner.rejects_availability {
            return Err(ApiError::new(409, "REJECTED_BY_STATION", "the station rejected the change"));
        }
        Ok(world.set_availability(station, found, requested, now.cars_ms))
    })
}
