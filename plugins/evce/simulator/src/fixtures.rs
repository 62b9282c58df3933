//! The sites that ship with the simulator.

use std::str::FromStr;

use serde::Deserialize;

use crate::auth::Role;
use crate::site::{
    Availability, Connector, Link, Measures, Phases, Rating, Reduction, Reported, SetPoint, Site, Station,
    Status, Validity, Zone,
};
use crate::topology::{Topology, ZoneKindName};
use crate::world::{Arrivals, ReductionEffect, World};

/// The simulated site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixture {
    /// The guide's screens: three zones, one station, one connector. Values never move by themselves.
    F1,
    /// An office: 3 zones, 50 stations, 100 connectors, moving cars.
    F2,
    /// This number of stations with two connectors each, fifty per zone, moving cars.
    Stations(u64),
}

/// The name of a fixture was not understood.
#[derive(Debug, thiserror::Error)]
#[error("no fixture is called '{name}': use F1, F2 or stations:N with N from 1 to 100000")]
pub struct UnknownFixture {
    name: String,
}

impl FromStr for Fixture {
    type Err = UnknownFixture;

    fn from_str(name: &str) -> Result<Self, UnknownFixture> {
        let unknown = || UnknownFixture { name: name.to_owned() };
        match (name, name.strip_prefix("stations:")) {
            ("F1", _) => Ok(Self::F1),
            ("F2", _) => Ok(Self::F2),
            (_, Some(count)) => match count.parse() {
                Ok(count @ 1..=100_000) => Ok(Self::Stations(count)),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}

impl std::fmt::Display for Fixture {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::F1 => text.write_str("F1"),
            Self::F2 => text.write_str("F2"),
            Self::Stations(count) => write!(text, "stations:{count}"),
        }
    }
}

impl Fixture {
    pub(crate) fn world(self, seed: u64) -> World {
        let moving = |topology: Topology| {
            World::new(topology.build(seed), seed, Arrivals::Seeded, ReductionEffect::LowersAll)
        };
        match self {
            Self::F1 => World::new(f1(), seed, Arrivals::ByHand, ReductionEffect::SparesStatic),
            Self::F2 => {
                moving(toml::from_str(include_str!("../fixtures/f2.toml")).expect("f2.toml is tested"))
            }
            Self::Stations(count) => moving(Topology::of_stations(count)),
        }
    }
}

fn f1() -> Site {
    let file: SiteFile =
        serde_json::from_str(include_str!("../fixtures/f1-site.json")).expect("F1 is tested");
    let zone_ids: Vec<u64> = file.zones.iter().map(|zone| zone.id).collect();
    let zone_index = |id| zone_ids.iter().position(|zone| *zone == id).expect("F1 is tested");
    Site {
        stations: file.stations.into_iter().map(|station| station.build(&zone_index)).collect(),
        zones: file.zones.into_iter().map(ZoneEntry::build).collect(),
    }
}

/// The format of `f1-site.json`.
#[derive(Deserialize)]
struct SiteFile {
    zones: Vec<ZoneEntry>,
    stations: Vec<StationEntry>,
}

#[derive(Deserialize)]
struct ZoneEntry {
    id: u64,
    name: String,
    #[serde(rename = "type")]
    kind: ZoneKindName,
    max_current_a: u32,
    set_point_a: u32,
    set_point_kw: u32,
    reduction: Option<ReductionEntry>,
}

#[derive(Deserialize)]
struct ReductionEntry {
    value: f64,
    validity: String,
    description: String,
}

#[derive(Deserialize)]
struct StationEntry {
    id: u64,
    zone: u64,
    protocol: String,
    ocpp_identifier: String,
    friendly_name: String,
    serial_number: String,
    model: String,
    version: String,
    ip_address: String,
    cpo_url: String,
    accepted_by_cpo: bool,
    authentication_mode: String,
    disconnected_authentication_mode: String,
    connectors: Vec<ConnectorEntry>,
}

#[derive(Deserialize)]
struct ConnectorEntry {
    number: u8,
    dc: bool,
    fixed_set_point: bool,
    max_current_or_power: u32,
    set_point_a: u32,
    energy_wh: u64,
    power_w: [u32; 3],
    current_a: [serde_json::Number; 3],
}

impl ZoneEntry {
    fn build(self) -> Zone {
        let set_point = SetPoint { current_a: self.set_point_a, power_kw: self.set_point_kw };
        Zone {
            id: self.id,
            name: self.name,
            kind: self.kind.into(),
            max_current_a: self.max_current_a,
            set_point,
            reduction: self.reduction.map(ReductionEntry::build),
        }
    }
}

impl ReductionEntry {
    fn build(self) -> Reduction {
        let until = chrono::DateTime::parse_from_rfc3339(&self.validity).expect("F1 is tested");
        Reduction {
            percent: self.value,
            validity: Validity::Absolute { text: self.validity, until_ms: until.timestamp_millis() },
            description: self.description,
            owner: Role::BmsApi,
        }
    }
}

impl StationEntry {
    fn build(self, zone_index: &dyn Fn(u64) -> usize) -> Station {
        Station {
            id: self.id,
            zone: zone_index(self.zone),
            protocol: self.protocol,
            ocpp_identifier: self.ocpp_identifier,
            friendly_name: self.friendly_name,
            serial_number: self.serial_number,
            model: self.model,
            version: self.version,
            ip_address: self.ip_address,
            cpo_url: self.cpo_url,
            accepted_by_cpo: self.accepted_by_cpo,
            link: Link::Up,
            authentication_mode: self.authentication_mode,
            disconnected_authentication_mode: self.disconnected_authentication_mode,
            sample_interval_ms: 5_000,
            rejects_availability: false,
            connectors: self.connectors.into_iter().map(ConnectorEntry::build).collect(),
        }
    }
}

impl ConnectorEntry {
    fn build(self) -> Connector {
        let measures = Measures { power_w: self.power_w, current_ca: self.current_a.map(|a| hundredths(&a)) };
        Connector {
            number: self.number,
            rating: Rating {
                is_dc: self.dc,
                is_fixed_set_point: self.fixed_set_point,
                max_current_or_power: self.max_current_or_power,
                // Its only connector is `mono1`.
                phases: Phases::Mono1,
            },
            status: Status::Available,
            status_at_link_loss: None,
            error_code: "NoError".to_owned(),
            availability: Availability::Operative,
            inoperative_scheduled: false,
            set_point_a: self.set_point_a,
            energy_ws: self.energy_wh * 3600,
            standby: measures,
            measured: measures,
            reported: Reported { measures, energy_wh: self.energy_wh },
            session: None,
            sessions: 0,
        }
    }
}

/// Hundredths of a decimal number with at most two places, without rounding.
fn hundredths(number: &serde_json::Number) -> u32 {
    let text = number.to_string();
    let (whole, places) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{places:0<2}").parse().expect("F1 is tested")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_office_has_the_announced_size() {
        let world = Fixture::F2.world(42);
        let connectors: usize = world.site.stations.iter().map(|station| station.connectors.len()).sum();
        assert_eq!((world.site.zones.len(), world.site.stations.len(), connectors), (3, 50, 100));
        assert!(world.transactions().iter().sum::<u32>() > 10);
    }

    #[test]
    fn a_site_has_as_many_stations_as_were_asked_for() {
        let world = Fixture::Stations(120).world(1);
        assert_eq!((world.site.zones.len(), world.site.stations.len()), (3, 120));
    }

    #[test]
    fn names_are_read_as_they_are_written_and_others_are_explained() {
        for fixture in [Fixture::F1, Fixture::F2, Fixture::Stations(1000)] {
            assert_eq!(fixture.to_string().parse::<Fixture>().unwrap(), fixture);
        }
        let refused = "stations:0".parse::<Fixture>().unwrap_err().to_string();
        assert!(refused.contains("use F1, F2 or stations:N"), "{refused}");
    }
}
