//! `GET /stations/{id}/connectors` and `GET /stations/{id}/connectors/{n}`.

use std::sync::Arc;

use axum::extract::{Path, State};
use serde::Serialize;

use super::zones::SetPointJson;
use super::{ApiResult, json};
use crate::auth::Caller;
use crate::clock::{Moment, rfc3339};
use crate::controller::Controller;
use crate::site::{Availability, Connector, Phases, Station, Status};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    rms_current: Option<PhasesJson<f64>>,
}

#[derive(Serialize)]
struct PhasesJson<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    phase1: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase2: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase3: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<T>,
}

impl<T> From<[Option<T>; 3]> for PhasesJson<T> {
    fn from([phase1, phase2, phase3]: [Option<T>; 3]) -> Self {
        Self { phase1, phase2, phase3, total: None }
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
        json(200, &connector_json(station, super::connector(station, &connector)?, timestamp))
    })
}

pub(super) fn of_station<'a>(station: &'a Station, now: &Moment) -> Vec<ConnectorJson<'a>> {
    let timestamp = rfc3339(now.controller_at(station.last_sample_ms(now.cars_ms)));
    let connectors = station.connectors.iter();
    connectors.map(|connector| connector_json(station, connector, timestamp.clone())).collect()
}

fn connector_json<'a>(station: &Station, connector: &'a Connector, timestamp: String) -> ConnectorJson<'a> {
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
        measures: measures_json(station, connector, timestamp),
    }
}

fn measures_json(station: &Station, connector: &Connector, timestamp: String) -> MeasuresJson {
    let reported = connector.reported;
    let phases = station.phases_in_api(connector.rating);
    let (active_power, rms_current) = match phases {
        Some(sent) => {
            let amperes = reported.measures.current_ca.map(|hundredths| f64::from(hundredths) / 100.0);
            (only(sent, reported.measures.power_w).into(), Some(only(sent, amperes).into()))
        }
        None => (PhasesJson { total: Some(reported.measures.total_w()), ..[None; 3].into() }, None),
    };
    MeasuresJson { timestamp, active_energy: reported.energy_wh, active_power, rms_current }
}

/// Returns the values of the phases that are sent.
pub(super) fn only<T: Copy>(sent: [bool; 3], values: [T; 3]) -> [Option<T>; 3] {
    std::array::from_fn(|phase| sent[phase].then_some(values[phase]))
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
