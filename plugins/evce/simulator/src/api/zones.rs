//! `GET /zones` and `GET /zones/{zoneId}`.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Serialize;

use super::error::ApiError;
use super::external_reduction::ReductionJson;
use super::pages::Page;
use super::{ApiResult, id, json};
use crate::auth::Caller;
use crate::controller::Controller;
use crate::site::{SetPoint, ZoneKind};
use crate::world::World;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZoneJson<'a> {
    id: u64,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    max_current: u32,
    number_of_stations: usize,
    number_of_transactions: u32,
    set_point: SetPointJson,
    external_reduction: Option<ReductionJson<'a>>,
}

/// Amperes and whole kilowatts.
#[derive(Serialize)]
pub(super) struct SetPointJson {
    current: u32,
    power: u32,
}

impl From<SetPoint> for SetPointJson {
    fn from(set_point: SetPoint) -> Self {
        Self { current: set_point.current_a, power: set_point.power_kw }
    }
}

pub(crate) async fn list(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    page: Result<Query<Page>, QueryRejection>,
) -> ApiResult {
    let Query(page) = page.map_err(|_| ApiError::field("limit", "offset and limit are whole numbers"))?;
    controller.with_world(|world, _| json(200, &page.of(zones(world).into_iter())))
}

pub(crate) async fn show(
    _caller: Caller,
    State(controller): State<Arc<Controller>>,
    Path(zone): Path<String>,
) -> ApiResult {
    let wanted = id(&zone).ok_or_else(ApiError::zone_not_found)?;
    controller.with_world(|world, _| {
        let zone = zones(world).into_iter().find(|zone| zone.id == wanted);
        json(200, &zone.ok_or_else(ApiError::zone_not_found)?)
    })
}

fn zones(world: &World) -> Vec<ZoneJson<'_>> {
    let mut stations = vec![0; world.site.zones.len()];
    for station in &world.site.stations {
        stations[station.zone] += 1;
    }
    let counts = stations.into_iter().zip(world.transactions());
    let zones = world.site.zones.iter().zip(counts).map(|(zone, (stations, transactions))| ZoneJson {
        id: zone.id,
        name: &zone.name,
        kind: match zone.kind {
            ZoneKind::Static => "static",
            ZoneKind::Dynamic => "dynamic",
        },
        max_current: zone.max_current_a,
        number_of_stations: stations,
        number_of_transactions: transactions,
        set_point: zone.set_point.into(),
        external_reduction: zone.reduction.as_ref().map(ReductionJson::from),
    });
    zones.collect()
}
