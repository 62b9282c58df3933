//! The sites that ship with the simulator.

use std::str::FromStr;

use serde::Deserialize;

use crate::auth::Role;
use crate::fixture_scripts;
use crate::profiles::Profile;
use crate::rules::{ReductionEffect, Rules};
use crate::script::Script;
use crate::site::{
    Availability, Connector, Link, Measures, Phases, Rating, Reduction, Reported, ReportedPhases, SetPoint,
    Site, Station, Status, Validity, Zone,
};
use crate::topology::{Topology, ZoneKindName};
use crate::world::{Arrivals, Start, World};

/// The simulated site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixture {
    /// The guide's screens: three zones, one station, one connector. Values never move by themselves.
    F1,
    /// An office: 3 zones, 50 stations, 100 connectors, moving cars.
    F2,
    /// An airport: 20 zones, 1,000 stations, 2,000 connectors, cars that stay for days.
    F3,
    /// A depot of buses: 23 chargers of 450 kW, and 86 of 30 kW with two outlets.
    F4,
    /// A giant: 200 zones, 10,000 stations, 20,000 connectors.
    F5,
    /// Chaos: F2 with every kind of fault in 24 hours, by a script from the seed.
    F6,
    /// Dialects: F1, to be read in each dialect.
    F7,
    /// Churn: F2 with a station that is added, removed, renamed or moved each minute, for 24 hours.
    F8,
    /// Versions: F1, to be read with the API versions 5, 6, 7 and none.
    F9,
    /// This number of stations with two connectors each, fifty per zone, moving cars.
    Stations(u64),
}

/// The name of a fixture was not understood.
#[derive(Debug, thiserror::Error)]
#[error("no fixture is called '{name}': use F1 to F9, or stations:N with N from 1 to 100000")]
pub struct UnknownFixture {
    name: String,
}

const NAMED: [(&str, Fixture); 9] = [
    ("F1", Fixture::F1),
    ("F2", Fixture::F2),
    ("F3", Fixture::F3),
    ("F4", Fixture::F4),
    ("F5", Fixture::F5),
    ("F6", Fixture::F6),
    ("F7", Fixture::F7),
    ("F8", Fixture::F8),
    ("F9", Fixture::F9),
];

impl FromStr for Fixture {
    type Err = UnknownFixture;

    fn from_str(name: &str) -> Result<Self, UnknownFixture> {
        let named = NAMED.iter().find(|(known, _)| *known == name).map(|(_, fixture)| *fixture);
        let count = name.strip_prefix("stations:").and_then(|count| count.parse().ok());
        let counted = count.filter(|count| (1..=100_000).contains(count)).map(Self::Stations);
        named.or(counted).ok_or_else(|| UnknownFixture { name: name.to_owned() })
    }
}

impl std::fmt::Display for Fixture {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (NAMED.iter().find(|(_, fixture)| fixture == self), self) {
            (Some((name, _)), _) => text.write_str(name),
            (None, Self::Stations(count)) => write!(text, "stations:{count}"),
            (None, _) => Ok(()),
        }
    }
}

impl Fixture {
    pub(crate) fn world(self, start: Start) -> World {
        let moving = |topology: Topology| {
            let rules = Rules::new(ReductionEffect::ReduceBy);
            World::new(topology.build(start.seed), start, Arrivals::Seeded, rules)
        };
        match self {
            Self::F1 | Self::F7 | Self::F9 => {
                World::new(f1(), start, Arrivals::ByHand, Rules::new(ReductionEffect::IgnoredWhenStatic))
            }
            Self::F2 | Self::F6 | Self::F8 => moving(plan(include_str!("../fixtures/f2.toml"))),
            Self::F3 => moving(plan(include_str!("../fixtures/f3.toml"))),
            Self::F4 => moving(plan(include_str!("../fixtures/f4.toml"))),
            Self::F5 => moving(Topology::of_stations(10_000)),
            Self::Stations(count) => moving(Topology::of_stations(count)),
        }
    }

    /// Returns the script that belongs to the site.
    pub(crate) fn script(self, seed: u64) -> Option<Script> {
        match self {
            Self::F6 => Some(fixture_scripts::chaos(seed)),
            Self::F8 => Some(fixture_scripts::churn()),
            _ => None,
        }
    }
}

/// Parses a plan that ships with the program.
fn plan(text: &str) -> Topology {
    toml::from_str(text).expect("a test parses all plans")
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
            profile: Profile::Mixed,
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
            reported_phases: ReportedPhases::All,
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
            idle_set_point_a: self.max_current_or_power,
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

    fn world(fixture: Fixture) -> World {
        // 12 February 2025, 09:30:15 UTC.
        fixture.world(Start { seed: 42, unix_ms: 1_739_352_615_000 })
    }

    fn size(fixture: Fixture) -> [usize; 3] {
        let world = world(fixture);
        let connectors = world.site.stations.iter().map(|station| station.connectors.len()).sum();
        [world.site.zones.len(), world.site.stations.len(), connectors]
    }

    #[test]
    fn every_site_has_the_announced_size() {
        assert_eq!(size(Fixture::F1), [3, 1, 1]);
        assert_eq!(size(Fixture::F2), [3, 50, 100]);
        assert_eq!(size(Fixture::F3), [20, 1_000, 2_000]);
        assert_eq!(size(Fixture::F4), [2, 109, 195]);
        assert_eq!(size(Fixture::F5), [200, 10_000, 20_000]);
        assert_eq!(size(Fixture::Stations(120)), [3, 120, 240]);
        assert!(world(Fixture::F2).transactions().iter().sum::<u32>() > 10);
    }

    #[test]
    fn the_airport_has_odd_names_and_ids_with_gaps() {
        let site = world(Fixture::F3).site;
        let names: Vec<&str> = site.zones.iter().map(|zone| zone.name.as_str()).collect();
        assert!(names.contains(&"Ä/Ö \"x\" <&>") && names.iter().any(|name| name.len() == 200));
        assert_eq!(names.iter().filter(|name| **name == "Staff").count(), 2);
        assert!(site.stations.windows(2).any(|pair| pair[1].id - pair[0].id > 1_000));
        assert_eq!(site.station_index(site.stations[999].id), Some(999));
        assert!(site.stations.iter().any(|station| station.sample_interval_ms == 900_000));
    }

    #[test]
    fn only_chaos_and_churn_have_scripts() {
        let with: Vec<_> = NAMED.iter().filter(|(_, fixture)| fixture.script(1).is_some()).collect();
        assert_eq!(with, [&("F6", Fixture::F6), &("F8", Fixture::F8)]);
    }

    #[test]
    fn names_are_read_as_they_are_written_and_others_are_explained() {
        for fixture in NAMED.into_iter().map(|(_, fixture)| fixture).chain([Fixture::Stations(1000)]) {
            assert_eq!(fixture.to_string().parse::<Fixture>().unwrap(), fixture);
        }
        for wrong in ["stations:0", "stations:100001", "F10"] {
            let refused = wrong.parse::<Fixture>().unwrap_err().to_string();
            assert!(refused.contains("use F1 to F9, or stations:N"), "{refused}");
        }
    }
}
