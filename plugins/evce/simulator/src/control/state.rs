//! `/_sim/state`: the internal state, in contrast to the state in the API.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refused, reply, time};
use crate::charging_session::{ChargingSession, Stage};
use crate::clock::{Moment, rfc3339};
use crate::controller::Controller;
use crate::site::{Availability, Connector, Phases, Reduction, Site, Station, Status, ZoneKind};
use crate::world::World;

/// Selects stations; zones are always complete.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Selection {
    /// Only the stations of this zone.
    zone: Option<u64>,
    /// At most this number of stations.
    limit: Option<usize>,
}

pub(super) async fn show(
    State(controller): State<Arc<Controller>>,
    selection: Result<Query<Selection>, QueryRejection>,
) -> Result<Response, Refused> {
    let Query(selection) = selection.map_err(|error| Refused::new(400, error))?;
    let now = controller.clock.now();
    let sessions = controller.auth().session_count(now.controller_ms);
    let ([zones, stations], transactions, scheduled) = controller.with_world(|world, now| {
        let transactions: u32 = world.transactions().iter().sum();
        (site_json(world, &selection, now), transactions, world.scheduled())
    });
    Ok(reply(
        200,
        &json!({
            "clock": time::clock_json(&now),
            "fixture": controller.fixture,
            "dialect": controller.dialect.to_string(),
            "seed": controller.seed,
            "api_version": controller.api_version(),
            "certificate_sha256": controller.certificates.current().fingerprint(),
            "api_sessions": sessions,
            "scheduled_events": scheduled,
            "requests": controller.log().count(),
            "transactions": transactions,
            "zones": zones,
            "stations": stations,
        }),
    ))
}

fn site_json(world: &World, selection: &Selection, now: &Moment) -> [Value; 2] {
    let site = &world.site;
    let mut sums = vec![ZoneSums::default(); site.zones.len()];
    site.stations.iter().for_each(|station| sums[station.zone].add(station));
    let transactions = world.transactions();
    let zones =
        (0..site.zones.len()).map(|zone| zone_json(world, zone, &sums[zone], transactions[zone], now));
    let zones = zones.collect();
    let selected = |station: &&Station| selection.zone.is_none_or(|zone| site.zones[station.zone].id == zone);
    let stations = site.stations.iter().filter(selected).take(selection.limit.unwrap_or(usize::MAX));
    [zones, stations.map(|station| station_json(site, station, now)).collect()]
}

/// Sums over the connectors of a zone.
#[derive(Clone, Default)]
struct ZoneSums {
    stations: u32,
    without_link: u32,
    faulted: u32,
    energy_wh: u64,
    power_w: u64,
    current_ca: [u64; 3],
}

impl ZoneSums {
    fn add(&mut self, station: &Station) {
        self.stations += 1;
        self.without_link += u32::from(!station.is_connected());
        for connector in &station.connectors {
            self.faulted += u32::from(connector.status == Status::Faulted);
            self.energy_wh += connector.energy_ws / 3600;
            self.power_w += connector.measured.power_w.into_iter().map(u64::from).sum::<u64>();
            for (sum, current_ca) in self.current_ca.iter_mut().zip(connector.measured.current_ca) {
                *sum += u64::from(current_ca);
            }
        }
    }
}

fn zone_json(world: &World, index: usize, sums: &ZoneSums, transactions: u32, now: &Moment) -> Value {
    let zone = &world.site.zones[index];
    json!({
        "id": zone.id,
        "name": zone.name,
        "type": match zone.kind { ZoneKind::Static => "static", ZoneKind::Dynamic => "dynamic" },
        "max_current_a": zone.max_current_a,
        "building_a": world.building_a(index, now.cars_ms),
        "set_point_a": zone.set_point.current_a,
        "set_point_kw": zone.set_point.power_kw,
        "reduction": zone.reduction.as_ref().map(reduction_json),
        "transactions": transactions,
        "stations": sums.stations,
        "without_link": sums.without_link,
        "faulted": sums.faulted,
        "energy_wh": sums.energy_wh,
        "power_w": sums.power_w,
        "current_ca": sums.current_ca,
    })
}

fn reduction_json(reduction: &Reduction) -> Value {
    json!({
        "percent": reduction.percent,
        "until": rfc3339(reduction.validity.until_ms()),
        "until_unix_ms": reduction.validity.until_ms(),
        "description": reduction.description,
        "owner": format!("{:?}", reduction.owner),
    })
}

fn station_json(site: &Site, station: &Station, now: &Moment) -> Value {
    let connectors: Vec<Value> = station.connectors.iter().map(connector_json).collect();
    json!({
        "id": station.id,
        "zone": site.zones[station.zone].id,
        "ocpp_identifier": station.ocpp_identifier,
        "name": station.friendly_name,
        "model": station.model,
        "serial_number": station.serial_number,
        "version": station.version,
        "ip_address": station.ip_address,
        "connected": station.is_connected(),
        "rejects_availability": station.rejects_availability,
        "reported_phases": station.reported_phases,
        "last_sample": rfc3339(now.controller_at(station.last_sample_ms(now.cars_ms))),
        "connectors": connectors,
    })
}

fn connector_json(connector: &Connector) -> Value {
    let rating = connector.rating;
    json!({
        "number": connector.number,
        "is_dc": rating.is_dc,
        "is_fixed_set_point": rating.is_fixed_set_point,
        "max_current_or_power": rating.max_current_or_power,
        "max_current_a": rating.max_current_a(),
        "phases": match rating.phases {
            Phases::Mono1 => "mono1",
            Phases::Mono2 => "mono2",
            Phases::Mono3 => "mono3",
            Phases::Tri => "tri",
        },
        "status": format!("{:?}", connector.status),
        "error_code": connector.error_code,
        "operative": connector.availability == Availability::Operative,
        "inoperative_scheduled": connector.inoperative_scheduled,
        "set_point_a": connector.set_point_a,
        "set_point_kw": connector.set_point().power_kw,
        "energy_wh": connector.energy_ws / 3600,
        "power_w": connector.measured.power_w,
        "current_ca": connector.measured.current_ca,
        "session": connector.session.as_ref().map(session_json),
    })
}

fn session_json(session: &ChargingSession) -> Value {
    let stage = match session.stage {
        Stage::Preparing { .. } => "preparing",
        Stage::Drawing => "drawing",
        Stage::Full { .. } => "full",
        Stage::Finishing { .. } => "finishing",
    };
    json!({
        "number": session.number,
        "stage": stage,
        "car_max_current_a": session.car.max_current_a,
        "car_phases": session.car.phases,
        "need_wh": session.car.need_ws / 3600,
        "delivered_wh": session.delivered_ws / 3600,
        "departs_cars_ms": session.departs_ms,
    })
}
