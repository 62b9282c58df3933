//! `/_sim/state`: the internal state, in contrast to the state in the API.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::{reply, time};
use crate::charging_session::{ChargingSession, Stage};
use crate::clock::{Moment, rfc3339};
use crate::controller::Controller;
use crate::site::{Availability, Connector, Reduction, Site, Station, Zone};

pub(super) async fn show(State(controller): State<Arc<Controller>>) -> Response {
    let now = controller.clock.now();
    let sessions = controller.auth().session_count(now.controller_ms);
    let (site, transactions) = controller.with_world(|world, now| {
        let transactions: u32 = world.transactions().iter().sum();
        (site_json(&world.site, now), transactions)
    });
    let [zones, stations] = site;
    reply(
        200,
        &json!({
            "clock": time::clock_json(&now),
            "fixture": controller.fixture,
            "seed": controller.seed,
            "api_sessions": sessions,
            "transactions": transactions,
            "zones": zones,
            "stations": stations,
        }),
    )
}

fn site_json(site: &Site, now: &Moment) -> [Value; 2] {
    let zones = site.zones.iter().map(zone_json).collect();
    let stations = site.stations.iter().map(|station| station_json(site, station, now)).collect();
    [zones, stations]
}

fn zone_json(zone: &Zone) -> Value {
    json!({
        "id": zone.id,
        "name": zone.name,
        "max_current_a": zone.max_current_a,
        "set_point_a": zone.set_point.current_a,
        "set_point_kw": zone.set_point.power_kw,
        "reduction": zone.reduction.as_ref().map(reduction_json),
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
        "connected": station.is_connected(),
        "last_sample": rfc3339(now.controller_at(station.last_sample_ms(now.cars_ms))),
        "connectors": connectors,
    })
}

fn connector_json(connector: &Connector) -> Value {
    json!({
        "number": connector.number,
        "status": format!("{:?}", connector.status),
        "error_code": connector.error_code,
        "operative": connector.availability == Availability::Operative,
        "inoperative_scheduled": connector.inoperative_scheduled,
        "set_point_a": connector.set_point_a,
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
        Stage::Full => "full",
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
