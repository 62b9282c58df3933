//! `GET /stations/{id}/connectors` and `GET /stations/{id}/connectors/{n}`.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Serialize;

use super::zones::SetPointJson;
use super::{ApiResult, json};
use crate::auth::Caller;
use crate::clock::{Moment, rfc3339};
use crate::controller::Controller;
use crate::site::{Availability, Connector, Phases, Reported, Station, Status};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConnectorJson<'a> {
    id: u8,
    logical_connector: u8,
    #[serde(rename = "isDC")]
    is_dc: bool,
    is_fixed_set_point: bool,
    max_current_or_power: u32,
    phase_connection: &'static str,
    status: &'static str,
    error_code: &'a str,
    availability: &'static str,
    set_point: SetPointJson,
    measures: MeasuresJson,
}

/// Watt hours, watts and amperes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MeasuresJson {
    timestamp: String,
    active_energy: u64,
    active_power: PhasesJson<u32>,
    rms_current: PhasesJson<f64>,
}

#[derive(Serialize)]
struct PhasesJson<T> {
    phase1: T,
    phase2: T,
    phase3: T,
}

impl<T> From<[T; 3]> for PhasesJson<T> {
    fn from([phase1, phase2, phase3]: [T; 3]) -> Self {
        Self { phase1, phase2, phase3 }
    }
}

pub(crate) async fn list(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(station): Path<String>,
) -> ApiResult {
    controller.with_world(|world, now| {
        let station = super::station(world, &station)?;
        json(200, &of_station(station, now))
    })
}

pub(crate) async fn show(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path((station, connector)): Path<(String, String)>,
) -> ApiResult {
    controller.with_world(|world, now| {
        let station = super::station(world, &station)?;
        let timestamp = rfc3339(now.controller_at(station.last_sample_ms(now.cars_ms)));
        json(200, &connector_json(super::connector(station, &connector)?, timestamp))
    })
}

pub(super) fn of_station<'a>(station: &'a Station, now: &Moment) -> Vec<ConnectorJson<'a>> {
    let timestamp = rfc3339(now.controller_at(station.last_sample_ms(now.cars_ms)));
    station.connectors.iter().map(|connector| connector_json(connector, timestamp.clone())).collect()
}

fn connector_json(connector: &Connector, timestamp: String) -> ConnectorJson<'_> {
    let rating = connector.rating;
    ConnectorJson {
        id: connector.number,
        logical_connector: connector.number,
        is_dc: rating.is_dc,
        is_fixed_set_point: rating.is_fixed_set_point,
        max_current_or_power: rating.max_current_or_power,
        phase_connection: match rating.phases {
            Phases::Mono1 => "mono1",
            Phases::Mono2 => "mono2",
            Phases::Mono3 => "mono3",
            Phases::Tri => "tri",
        },
        status: status_text(connector.shown_status()),
        error_code: &connector.error_code,
        availability: match connector.availability {
            Availability::Operative => "operative",
            Availability::Inoperative => "inoperative",
        },
        set_point: connector.set_point().into(),
        measures: measures_json(connector.reported, timestamp),
    }
}

fn measures_json(reported: Reported, timestamp: String) -> MeasuresJson {
    MeasuresJson {
        timestamp,
        active_energy: reported.energy_wh,
        active_power: reported.measures.power_w.into(),
        rms_current: reported.measures.current_ca.map(|hundredths| f64::from(hundredths) / 100.0).into(),
    }
}

pub(super) fn status_text(status: Status) -> &'static str {
    match status {
        Status::Available => "available",
        Status::Preparing => "preparing",
        Status::Charging => "charging",
        Status::SuspendedEv => "suspendedEV",
        Status::SuspendedEvse => "suspendedEVSE",
        Status::Finishing => "finishing",
        Status::Unavailable => "unavailable",
        Status::Faulted => "faulted",
    }
}
