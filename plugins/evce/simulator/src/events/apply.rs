//! The effects of events.

use super::{Event, EventRefused};
use crate::auth::Role;
use crate::clock::{Moment, rfc3339};
use crate::faults::FaultSpec;
use crate::random::{Numbers, Purpose};
use crate::rules::ValuesWithoutLink;
use crate::site::{Availability, Link, Measures, Reduction, Station, Status, Validity};
use crate::time_span::TimeSpan;
use crate::topology::{self, StationSpec};
use crate::world::World;

const DAY_MS: i64 = 86_400_000;
/// How long a station takes to start.
const REBOOT_MS: i64 = 60_000;
/// Stations come back within this time of the controller's start.
const RECONNECTION_MS: u64 = 300_000;

/// Applies an event. Returns the id of an added station.
pub(crate) fn apply(world: &mut World, event: Event, now: &Moment) -> Result<Option<u64>, EventRefused> {
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
        Event::Fault { station, connector, error_code, duration } => {
            let place = find(world, station, connector)?;
            fault(world, place, error_code.as_deref().unwrap_or("GroundFailure"), now_ms);
            world.schedule_end(duration, now_ms, Event::ClearFault { station, connector });
        }
        Event::ClearFault { station, connector } => clear_fault(world, find(world, station, connector)?),
        Event::SwapMeter { station, connector } => set_register(world, find(world, station, connector)?, 0),
        Event::SetRegister { station, connector, energy_wh } => {
            set_register(world, find(world, station, connector)?, energy_wh);
        }
        Event::RoundReductions { rounds } => world.rounds_reductions = rounds,
        Event::LinkLoss { station, duration } => {
            link_loss(world, find_station(world, station)?, now_ms);
            world.schedule_end(duration, now_ms, Event::LinkBack { station });
        }
        Event::LinkBack { station } => link_back(world, find_station(world, station)?, now_ms),
        Event::AddStation { zone, template, connectors, ocpp_identifier } => {
            let zone = find_zone(world, zone)?;
            let id = world.site.stations.last().map_or(1, |last| last.id + 1);
            let spec = StationSpec { id, zone, template, connectors };
            let station = topology::station(world.seed(), &spec);
            add_station(world, station, ocpp_identifier, now_ms);
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
        Event::Reduce { zone, percent, description } => reduce(world, zone, percent, description, now)?,
        Event::RejectAvailability { station, rejects } => {
            let station = find_station(world, station)?;
            world.site.stations[station].rejects_availability = rejects;
        }
        Event::ReportPhases { station, phases } => {
            let station = find_station(world, station)?;
            world.site.stations[station].reported_phases = phases;
        }
        Event::SetRules { rules } => {
            if rules.has_wrong_fallback() {
                return Err(EventRefused::NoFallback);
            }
            world.change_rules(&rules, now_ms);
        }
        Event::AddFault { fault } => {
            fault.check().map_err(EventRefused::NoFault)?;
            world.outside.push((now.controller_ms, Event::AddFault { fault }));
        }
        outside @ (Event::EndFaults {}
        | Event::RevokeTokens {}
        | Event::SetPassword { .. }
        | Event::RefuseSessions { .. }
        | Event::SetClockOffset { .. }
        | Event::SetApiVersion { .. }
        | Event::SetCertificate { .. }) => world.outside.push((now.controller_ms, outside)),
        Event::Restart { duration } => restart(world, duration, now),
        changed => change_station(world, changed, now_ms)?,
    }
    Ok(None)
}

/// Sets or removes the reduction of another user.
fn reduce(
    world: &mut World,
    zone: u64,
    percent: Option<f64>,
    description: String,
    now: &Moment,
) -> Result<(), EventRefused> {
    if percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
        return Err(EventRefused::NoPercentage);
    }
    let until_ms = now.controller_ms + DAY_MS;
    let validity = Validity::Absolute { text: rfc3339(until_ms), until_ms };
    world.site.zone_mut(zone).ok_or(EventRefused::NoZone(zone))?.reduction =
        percent.map(|percent| Reduction { percent, validity, description, owner: Role::Admin });
    world.allocate(now.cars_ms);
    Ok(())
}

/// Starts the controller again.
fn restart(world: &mut World, duration: TimeSpan, now: &Moment) {
    world.outside.push((now.controller_ms, Event::RevokeTokens {}));
    let fault = Box::new(FaultSpec::starting_for(duration));
    world.outside.push((now.controller_ms, Event::AddFault { fault }));
    for index in 0..world.site.stations.len() {
        if world.site.stations[index].is_connected() {
            link_loss(world, index, now.cars_ms);
            let station = world.site.stations[index].id;
            let turn = u64::try_from(now.cars_ms.rem_euclid(1 << 40)).unwrap_or(0);
            let wait_ms =
                Numbers::of(world.seed(), station, 0, turn).below(Purpose::Reconnection, RECONNECTION_MS);
            let back_ms = now.cars_ms + duration.ms() + i64::try_from(wait_ms).unwrap_or(0);
            world.schedule(back_ms, Event::LinkBack { station });
        }
    }
}

/// Applies an event that changes a station itself.
fn change_station(world: &mut World, event: Event, now_ms: i64) -> Result<(), EventRefused> {
    match event {
        Event::RebootStation { station, forgets_availability } => {
            reboot(world, find_station(world, station)?, now_ms);
            if forgets_availability {
                let index = find_station(world, station)?;
                for connector in 0..world.site.stations[index].connectors.len() {
                    world.set_availability(index, connector, Availability::Operative, now_ms);
                }
            }
        }
        Event::UpdateFirmware { station, version, ip_address } => {
            let index = find_station(world, station)?;
            reboot(world, index, now_ms);
            let changed = &mut world.site.stations[index];
            changed.version = version;
            changed.ip_address = ip_address.unwrap_or_else(|| changed.ip_address.clone());
        }
        Event::ReplaceStation { station, serial_number } => {
            let index = find_station(world, station)?;
            reboot(world, index, now_ms);
            world.site.stations[index].serial_number = serial_number;
            for connector in &mut world.site.stations[index].connectors {
                connector.energy_ws = 0;
            }
        }
        Event::RenameStation { station, name } => {
            let index = find_station(world, station)?;
            world.site.stations[index].friendly_name = name;
        }
        Event::SetConnectors { station, connectors } => {
            let index = find_station(world, station)?;
            world.set_connectors(index, connectors, now_ms);
        }
        _ => {}
    }
    Ok(())
}

/// Ends all transactions and takes the link away for a minute.
fn reboot(world: &mut World, station: usize, now_ms: i64) {
    for connector in 0..world.site.stations[station].connectors.len() {
        if world.site.stations[station].connectors[connector].session.is_some() {
            world.unplug(station, connector, now_ms);
        }
    }
    link_loss(world, station, now_ms);
    let id = world.site.stations[station].id;
    world.schedule(now_ms + REBOOT_MS, Event::LinkBack { station: id });
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
    let rules = world.rules;
    let owner = &mut world.site.stations[station];
    if !owner.is_connected() {
        return;
    }
    owner.link = Link::Lost { since_ms: now_ms };
    for connector in &mut owner.connectors {
        connector.status_at_link_loss = Some(connector.status);
        if connector.session.is_some() {
            connector.set_point_a = connector.set_point_a.min(rules.fallback_a);
        }
        if rules.values_without_link == ValuesWithoutLink::Zero {
            connector.reported.measures = Measures::default();
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
