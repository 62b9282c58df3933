//! `/_sim/event`: things that happen at the site.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{Refused, parse, reply};
use crate::auth::Role;
use crate::clock::{Moment, rfc3339};
use crate::controller::Controller;
use crate::site::{Link, Reduction, Station, Status, Validity};
use crate::topology::{self, StationSpec, Template};
use crate::world::World;

/// The current of a station without a link to the controller.
const FALLBACK_A: u32 = 6;
const DAY_MS: i64 = 86_400_000;

/// Something that happens.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    /// A car arrives.
    PlugIn {
        station: u64,
        connector: u8,
    },
    /// The car leaves.
    Unplug {
        station: u64,
        connector: u8,
    },
    /// An outlet reports an error; its transaction ends.
    Fault {
        station: u64,
        connector: u8,
        error_code: Option<String>,
    },
    ClearFault {
        station: u64,
        connector: u8,
    },
    /// The station loses its link to the controller; the API shows its last state.
    LinkLoss {
        station: u64,
    },
    /// A new meter, whose register begins at 0.
    SwapMeter {
        station: u64,
        connector: u8,
    },
    LinkBack {
        station: u64,
    },
    /// A station is added, with the next free id.
    AddStation {
        zone: u64,
        #[serde(default = "three_phase")]
        template: Template,
        #[serde(default = "one")]
        connectors: u8,
        ocpp_identifier: Option<String>,
    },
    RemoveStation {
        station: u64,
    },
    /// A station moves to another zone, with its cars.
    MoveStation {
        station: u64,
        zone: u64,
    },
    /// The register shows another energy from now on: a rollover, or a used meter.
    SetRegister {
        station: u64,
        connector: u8,
        energy_wh: u64,
    },
    /// From now on reductions are stored in whole percent, or as sent.
    RoundReductions {
        rounds: bool,
    },
    RenameZone {
        zone: u64,
        name: String,
    },
    /// Another user sets a reduction on a zone for a day and replaces the present one; without `percent` it
    /// is removed.
    Reduce {
        zone: u64,
        percent: Option<f64>,
        #[serde(default = "tariff")]
        description: String,
    },
    /// From now on the station rejects changes of availability, or no longer.
    RejectAvailability {
        station: u64,
        rejects: bool,
    },
}

fn three_phase() -> Template {
    Template::Ac22
}

fn one() -> u8 {
    1
}

fn tariff() -> String {
    "tariff@admin".to_owned()
}

/// Why an event cannot happen.
#[derive(Debug, thiserror::Error)]
enum EventRefused {
    #[error("no zone {0}")]
    NoZone(u64),
    #[error("no station {0}")]
    NoStation(u64),
    #[error("station {0} has no connector {1}")]
    NoConnector(u64, u8),
    #[error("no car can be plugged in: the connector is {0:?}")]
    NotAvailable(Status),
    #[error("no car is plugged in")]
    NoCar,
    #[error("percent must be between 0 and 100")]
    NoPercentage,
}

pub(super) async fn apply_event(
    State(controller): State<Arc<Controller>>,
    body: Bytes,
) -> Result<Response, Refused> {
    let event: Event = parse(&body)?;
    let seed = controller.seed;
    let happened = controller.with_world(|world, now| apply(world, seed, event, now));
    let added = happened.map_err(|error| Refused::new(409, error))?;
    Ok(reply(200, &added.map_or_else(|| json!({}), |station| json!({ "station": station }))))
}

/// Applies an event. Returns the id of an added station.
fn apply(world: &mut World, seed: u64, event: Event, now: &Moment) -> Result<Option<u64>, EventRefused> {
    let now_ms = now.cars_ms;
    match event {
        Event::PlugIn { station, connector } => plug_in(world, find(world, station, connector)?, now_ms)?,
        Event::Unplug { station, connector } => {
            let place = find(world, station, connector)?;
            if world.site.stations[place.0].connectors[place.1].session.is_none() {
                return Err(EventRefused::NoCar);
            }
            world.unplug(place.0, place.1, now_ms);
        }
        Event::Fault { station, connector, error_code } => {
            let place = find(world, station, connector)?;
            fault(world, place, error_code.as_deref().unwrap_or("GroundFailure"), now_ms);
        }
        Event::ClearFault { station, connector } => clear_fault(world, find(world, station, connector)?),
        Event::SwapMeter { station, connector } => set_register(world, find(world, station, connector)?, 0),
        Event::SetRegister { station, connector, energy_wh } => {
            set_register(world, find(world, station, connector)?, energy_wh);
        }
        Event::RoundReductions { rounds } => world.rounds_reductions = rounds,
        Event::LinkLoss { station } => link_loss(world, find_station(world, station)?, now_ms),
        Event::LinkBack { station } => link_back(world, find_station(world, station)?, now_ms),
        Event::AddStation { zone, template, connectors, ocpp_identifier } => {
            let zone = find_zone(world, zone)?;
            let id = world.site.stations.last().map_or(1, |last| last.id + 1);
            let spec = StationSpec { id, zone, template, connectors };
            add_station(world, topology::station(seed, &spec), ocpp_identifier, now_ms);
            return Ok(Some(id));
        }
        Event::RemoveStation { station } => world.remove_station(find_station(world, station)?),
        Event::MoveStation { station, zone } => {
            let (station, zone) = (find_station(world, station)?, find_zone(world, zone)?);
            world.site.stations[station].zone = zone;
            world.allocate(now_ms);
        }
        Event::RenameZone { zone, name } => {
            world.site.zone_mut(zone).ok_or(EventRefused::NoZone(zone))?.name = name;
        }
        Event::Reduce { zone, percent, description } => {
            if percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
                return Err(EventRefused::NoPercentage);
            }
            let until_ms = now.controller_ms + DAY_MS;
            let validity = Validity::Absolute { text: rfc3339(until_ms), until_ms };
            world.site.zone_mut(zone).ok_or(EventRefused::NoZone(zone))?.reduction =
                percent.map(|percent| Reduction { percent, validity, description, owner: Role::Admin });
            world.allocate(now_ms);
        }
        Event::RejectAvailability { station, rejects } => {
            let station = find_station(world, station)?;
            world.site.stations[station].rejects_availability = rejects;
        }
    }
    Ok(None)
}

fn plug_in(world: &mut World, place: (usize, usize), now_ms: i64) -> Result<(), EventRefused> {
    let status = world.site.stations[place.0].connectors[place.1].status;
    if status != Status::Available {
        return Err(EventRefused::NotAvailable(status));
    }
    world.plug_in(place.0, place.1, now_ms);
    Ok(())
}

fn add_station(world: &mut World, mut station: Station, ocpp_identifier: Option<String>, now_ms: i64) {
    station.ocpp_identifier = ocpp_identifier.unwrap_or(station.ocpp_identifier);
    world.site.stations.push(station);
    world.queue_first_arrivals(world.site.stations.len() - 1, now_ms);
}

fn set_register(world: &mut World, place: (usize, usize), energy_wh: u64) {
    let is_connected = world.site.stations[place.0].is_connected();
    let outlet = &mut world.site.stations[place.0].connectors[place.1];
    outlet.energy_ws = energy_wh.saturating_mul(3600);
    if is_connected {
        outlet.report();
    }
}

fn find_zone(world: &World, zone: u64) -> Result<usize, EventRefused> {
    world.site.zones.iter().position(|found| found.id == zone).ok_or(EventRefused::NoZone(zone))
}

fn fault(world: &mut World, place: (usize, usize), error_code: &str, now_ms: i64) {
    let outlet = &mut world.site.stations[place.0].connectors[place.1];
    outlet.status = Status::Faulted;
    error_code.clone_into(&mut outlet.error_code);
    if outlet.session.is_some() {
        world.unplug(place.0, place.1, now_ms);
    }
}

fn clear_fault(world: &mut World, place: (usize, usize)) {
    let outlet = &mut world.site.stations[place.0].connectors[place.1];
    if outlet.status == Status::Faulted {
        outlet.status = Status::Available;
        "NoError".clone_into(&mut outlet.error_code);
        // Restores the status that fits its availability.
        crate::cars::end(outlet);
    }
}

fn link_loss(world: &mut World, station: usize, now_ms: i64) {
    let owner = &mut world.site.stations[station];
    if !owner.is_connected() {
        return;
    }
    owner.link = Link::Lost { since_ms: now_ms };
    for connector in &mut owner.connectors {
        connector.status_at_link_loss = Some(connector.status);
        if connector.session.is_some() {
            connector.set_point_a = connector.set_point_a.min(FALLBACK_A);
        }
    }
}

fn link_back(world: &mut World, station: usize, now_ms: i64) {
    let owner = &mut world.site.stations[station];
    owner.link = Link::Up;
    for connector in &mut owner.connectors {
        connector.status_at_link_loss = None;
        connector.report();
    }
    world.allocate(now_ms);
}

fn find_station(world: &World, station: u64) -> Result<usize, EventRefused> {
    world.site.station_index(station).ok_or(EventRefused::NoStation(station))
}

fn find(world: &World, station: u64, connector: u8) -> Result<(usize, usize), EventRefused> {
    let index = find_station(world, station)?;
    let mut connectors = world.site.stations[index].connectors.iter();
    let found = connectors.position(|found| found.number == connector);
    Ok((index, found.ok_or(EventRefused::NoConnector(station, connector))?))
}
