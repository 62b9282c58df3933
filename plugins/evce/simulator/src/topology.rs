//! Sites from a plan: the number of stations of each kind per zone.

use serde::Deserialize;

use crate::profiles::Profile;
use crate::random::{Numbers, Purpose};
use crate::site::{
    Availability, Connector, Link, Measures, Phases, Rating, Reported, ReportedPhases, SetPoint, Site,
    Station, Status, TICK_MS, Zone, ZoneKind,
};
use crate::time_span::TimeSpan;

const SAMPLE_INTERVALS_MS: [i64; 4] = [5_000, 10_000, 10_000, 60_000];

/// The plan of a site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topology {
    #[serde(rename = "zone")]
    pub(crate) zones: Vec<ZonePlan>,
}

/// A zone and its stations, all of one kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ZonePlan {
    pub(crate) id: u64,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: ZoneKindName,
    pub(crate) max_current_a: u32,
    pub(crate) stations: u64,
    pub(crate) connectors: u8,
    pub(crate) template: Template,
    #[serde(default)]
    pub(crate) profile: Profile,
    /// How often the meters report; by the seed if left out.
    #[serde(default)]
    pub(crate) sample_interval: Option<TimeSpan>,
    /// Ids that are left out before the first station of the zone.
    #[serde(default)]
    pub(crate) skipped_ids: u64,
}

/// A zone's kind in fixtures.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ZoneKindName {
    Static,
    Dynamic,
}

impl From<ZoneKindName> for ZoneKind {
    fn from(name: ZoneKindName) -> Self {
        match name {
            ZoneKindName::Static => Self::Static,
            ZoneKindName::Dynamic => Self::Dynamic,
        }
    }
}

/// A kind of station.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Template {
    /// One phase, 32 A, always the first.
    Ac7Mono,
    /// One phase, 32 A, the phases in turn.
    Ac7MonoRot,
    /// Three phases, 16 A.
    Ac11,
    /// Three phases, 32 A.
    Ac22,
    /// Direct current, 30 kW.
    Dc30,
    /// Direct current, 50 kW.
    Dc50,
    /// Direct current, 150 kW.
    Dc150,
    /// Direct current, 450 kW.
    Dc450,
    /// Three phases, 16 A, not varied by load management.
    Fixed,
}

impl Template {
    fn rating(self, turn: u64) -> Rating {
        let (max_current_or_power, phases) = match self {
            Self::Ac7Mono => (32, Phases::Mono1),
            Self::Ac7MonoRot => match turn % 3 {
                0 => (32, Phases::Mono1),
                1 => (32, Phases::Mono2),
                _ => (32, Phases::Mono3),
            },
            Self::Ac11 | Self::Fixed => (16, Phases::Tri),
            Self::Ac22 => (32, Phases::Tri),
            Self::Dc30 => (30, Phases::Tri),
            Self::Dc50 => (50, Phases::Tri),
            Self::Dc150 => (150, Phases::Tri),
            Self::Dc450 => (450, Phases::Tri),
        };
        let is_dc = matches!(self, Self::Dc30 | Self::Dc50 | Self::Dc150 | Self::Dc450);
        Rating { is_dc, is_fixed_set_point: self == Self::Fixed, max_current_or_power, phases }
    }

    fn model(self) -> &'static str {
        match self {
            Self::Ac7Mono | Self::Ac7MonoRot => "Simulated AC 7",
            Self::Ac11 | Self::Fixed => "Simulated AC 11",
            Self::Ac22 => "Simulated AC 22",
            Self::Dc30 => "Simulated DC 30",
            Self::Dc50 => "Simulated DC 50",
            Self::Dc150 => "Simulated DC 150",
            Self::Dc450 => "Simulated DC 450",
        }
    }
}

impl Topology {
    /// Returns a site of `stations` stations with two connectors each, fifty stations to a zone.
    pub(crate) fn of_stations(stations: u64) -> Self {
        const STATIONS_PER_ZONE: u64 = 50;
        const KINDS: [(Template, u32, ZoneKindName); 4] = [
            (Template::Ac22, 400, ZoneKindName::Static),
            (Template::Ac7MonoRot, 300, ZoneKindName::Dynamic),
            (Template::Ac11, 400, ZoneKindName::Dynamic),
            (Template::Dc50, 1600, ZoneKindName::Static),
        ];
        let zones = (0..stations.div_ceil(STATIONS_PER_ZONE)).map(|index| {
            let (template, max_current_a, kind) = KINDS[usize::try_from(index % 4).unwrap_or(0)];
            ZonePlan {
                id: index + 1,
                name: format!("Zone {}", index + 1),
                kind,
                max_current_a,
                stations: STATIONS_PER_ZONE.min(stations - index * STATIONS_PER_ZONE),
                connectors: 2,
                template,
                profile: Profile::Mixed,
                sample_interval: None,
                skipped_ids: 0,
            }
        });
        Self { zones: zones.collect() }
    }

    /// Makes the site; the same seed makes the same one.
    pub(crate) fn build(self, seed: u64) -> Site {
        let mut site = Site { zones: Vec::new(), stations: Vec::new() };
        let mut next_id = 1;
        for plan in self.zones {
            let zone = site.zones.len();
            next_id += plan.skipped_ids;
            for _ in 0..plan.stations {
                let spec =
                    StationSpec { id: next_id, zone, template: plan.template, connectors: plan.connectors };
                let mut made = station(seed, &spec);
                made.sample_interval_ms = plan.sample_interval_ms().unwrap_or(made.sample_interval_ms);
                site.stations.push(made);
                next_id += 1;
            }
            site.zones.push(Zone {
                id: plan.id,
                name: plan.name,
                kind: plan.kind.into(),
                max_current_a: plan.max_current_a,
                set_point: SetPoint { current_a: 0, power_kw: 0 },
                reduction: None,
                profile: plan.profile,
            });
        }
        site
    }
}

impl ZonePlan {
    /// Returns whole ticks, at least one.
    fn sample_interval_ms(&self) -> Option<i64> {
        self.sample_interval.map(|interval| (interval.ms() / TICK_MS).max(1) * TICK_MS)
    }
}

/// A station to be made.
pub(crate) struct StationSpec {
    pub(crate) id: u64,
    /// Index of its zone.
    pub(crate) zone: usize,
    pub(crate) template: Template,
    pub(crate) connectors: u8,
}

/// Makes a station with its connectors idle.
pub(crate) fn station(seed: u64, spec: &StationSpec) -> Station {
    let id = spec.id;
    let numbers = Numbers::of(seed, id, 0, 0);
    let name = format!("CP{id:05}");
    Station {
        id,
        zone: spec.zone,
        protocol: "ocpp1.6".to_owned(),
        friendly_name: format!("Charger {id}"),
        serial_number: format!("SN{id:08}"),
        ocpp_identifier: name,
        model: spec.template.model().to_owned(),
        version: "1.1.0".to_owned(),
        ip_address: format!("10.{}.{}.{}", id / 65_536 % 256, id / 256 % 256, id % 256),
        cpo_url: String::new(),
        accepted_by_cpo: false,
        link: Link::Up,
        authentication_mode: "allow_all".to_owned(),
        disconnected_authentication_mode: "allow_all".to_owned(),
        sample_interval_ms: numbers.choose(Purpose::SampleInterval, &SAMPLE_INTERVALS_MS),
        rejects_availability: false,
        reported_phases: ReportedPhases::All,
        connectors: (1..=spec.connectors)
            .map(|number| connector(seed, id, number, spec.template.rating(id + u64::from(number))))
            .collect(),
    }
}

/// Makes an idle connector of a station.
pub(crate) fn connector(seed: u64, station: u64, number: u8, rating: Rating) -> Connector {
    let numbers = Numbers::of(seed, station, u64::from(number), 0);
    let standby = standby(numbers, rating);
    let mut connector = Connector {
        number,
        rating,
        status: Status::Available,
        status_at_link_loss: None,
        error_code: "NoError".to_owned(),
        availability: Availability::Operative,
        inoperative_scheduled: false,
        set_point_a: rating.max_current_a(),
        idle_set_point_a: rating.max_current_a(),
        // Up to 8 MWh so far.
        energy_ws: numbers.below(Purpose::Register, 8_000_000) * 3600,
        standby,
        measured: standby,
        reported: Reported::default(),
        session: None,
        sessions: 0,
    };
    connector.report();
    connector
}

/// One station in three shows a small consumption without a car, as the guide's does.
fn standby(numbers: Numbers, rating: Rating) -> Measures {
    let mut measures = Measures::default();
    if numbers.below(Purpose::Standby, 3) == 0 {
        let current_ca = u32::try_from(10 + numbers.at(0, 0).below(Purpose::Standby, 45)).unwrap_or(10);
        if let Some(phase) = rating.phases.connected().iter().position(|connected| *connected) {
            measures.current_ca[phase] = current_ca;
            measures.power_w[phase] = current_ca * 230 / 100;
        }
    }
    measures
}
