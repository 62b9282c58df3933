//! A charging site: zones, stations and connectors, in the units of the BMS. Only `wire` knows the format of
//! a controller.
//!
//! A field that is missing or unreadable is `None`.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use strum::{EnumString, IntoStaticStr};

/// An id of the controller; opaque here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ObjectId(pub(crate) String);

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An object of a controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ObjectKey {
    Zone(ObjectId),
    Station(ObjectId),
    /// The station, and the number of the connector.
    Connector(ObjectId, i32),
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone(zone) => write!(f, "zone {zone}"),
            Self::Station(station) => write!(f, "station {station}"),
            Self::Connector(station, number) => write!(f, "connector {number} of station {station}"),
        }
    }
}

/// All objects of a controller.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Site {
    pub(crate) zones: Vec<Zone>,
}

/// Stations that share a limit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Zone {
    pub(crate) id: ObjectId,
    pub(crate) name: Option<String>,
    /// `static` or `dynamic`.
    pub(crate) kind: Option<String>,
    pub(crate) max_current_a: Option<f64>,
    pub(crate) transactions: Option<i32>,
    pub(crate) set_point_a: Option<f64>,
    pub(crate) set_point_kw: Option<f64>,
    /// The reduction in force, if any.
    pub(crate) reduction: Option<Reduction>,
    /// Who set the reduction, and what Riser does with it.
    pub(crate) remark: Option<Arc<str>>,
    pub(crate) unusable: Vec<Unusable>,
    /// Missing in the controller's list without a confirmed removal: its values are the last ones.
    pub(crate) is_kept: bool,
    pub(crate) stations: Vec<Station>,
}

/// A limit that the BMS set on a zone, and its end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reduction {
    pub(crate) percent: Option<f64>,
    /// `percentage`, or another kind of the controller.
    pub(crate) kind: Option<String>,
    pub(crate) description: Option<String>,
    /// By the controller's clock.
    pub(crate) valid_until: Option<SystemTime>,
    /// `absolute` or `relative`.
    pub(crate) validity_mode: Option<String>,
}

/// A charging station.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Station {
    pub(crate) id: ObjectId,
    /// `ocpp1.6` and the like.
    pub(crate) protocol: Option<String>,
    pub(crate) ocpp_identifier: Option<String>,
    pub(crate) friendly_name: Option<String>,
    pub(crate) serial_number: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) ip_address: Option<String>,
    /// Without user and password; empty if the station has none.
    pub(crate) cpo_url: Option<String>,
    pub(crate) is_accepted_by_cpo: Option<bool>,
    /// Whether it is connected to the controller.
    pub(crate) is_connected: Option<bool>,
    pub(crate) status: Option<String>,
    pub(crate) authentication_mode: Option<String>,
    pub(crate) disconnected_authentication_mode: Option<String>,
    pub(crate) unusable: Vec<Unusable>,
    /// Missing in the controller's list without a confirmed removal: its values are the last ones.
    pub(crate) is_kept: bool,
    pub(crate) connectors: Vec<Connector>,
}

/// A connector of a station.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Connector {
    /// Counted from 1 within the station.
    pub(crate) number: i32,
    pub(crate) is_dc: Option<bool>,
    /// Whether load management does not control it.
    pub(crate) is_fixed_set_point: Option<bool>,
    /// Amperes of an AC connector, kilowatts of a DC connector.
    pub(crate) max_current_or_power: Option<f64>,
    /// `mono1`, `tri` and the like.
    pub(crate) phase_connection: Option<String>,
    /// `None` for a value of the controller that the profile does not know.
    pub(crate) phases: Option<Phases>,
    pub(crate) status: Option<ConnectorStatus>,
    /// How long the status is the same as now, as far as Riser has seen it.
    pub(crate) status_age_min: Option<i32>,
    /// `NoError`, `GroundFailure` and the like.
    pub(crate) error_code: Option<String>,
    pub(crate) availability: Option<Availability>,
    /// Why the availability is not the one that the BMS ordered.
    pub(crate) remark: Option<Arc<str>>,
    pub(crate) set_point_a: Option<f64>,
    pub(crate) set_point_kw: Option<f64>,
    pub(crate) power_kw: [Option<f64>; 3],
    /// The power of all phases, if the controller sends it.
    pub(crate) power_total_kw: Option<f64>,
    pub(crate) current_a: [Option<f64>; 3],
    pub(crate) energy_kwh: Option<f64>,
    /// The energy that sums count: the last known register, continued where a register fell.
    pub(crate) counted_kwh: Option<f64>,
    /// Whether the register is lower than in the poll before.
    pub(crate) register_fell: bool,
    /// When the station measured, by the controller's clock.
    pub(crate) measured_at: Option<SystemTime>,
    pub(crate) unusable: Vec<Unusable>,
    /// Missing in the controller's list without a confirmed removal: its values are the last ones.
    pub(crate) is_kept: bool,
}

/// The phases of a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phases {
    /// Only the phase with this index.
    One(usize),
    Three,
}

impl Phases {
    /// Returns whether the phase with this index is connected.
    pub(crate) fn contains(self, phase: usize) -> bool {
        match self {
            Self::One(only) => only == phase,
            Self::Three => true,
        }
    }
}

/// The names of fields whose faults are shown at the points that need them.
pub(crate) mod field {
    pub(crate) const POWER: [&str; 3] = ["power_phase1", "power_phase2", "power_phase3"];
    pub(crate) const CURRENT: [&str; 3] = ["current_phase1", "current_phase2", "current_phase3"];
    pub(crate) const POWER_TOTAL: &str = "power_total";
    pub(crate) const ENERGY: &str = "energy";
    pub(crate) const SET_POINT_A: &str = "set_point_a";
    pub(crate) const SET_POINT_KW: &str = "set_point_kw";
    pub(crate) const MAX_CURRENT_OR_POWER: &str = "max_current_or_power";
    pub(crate) const MAX_CURRENT_A: &str = "max_current_a";
    pub(crate) const TRANSACTIONS: &str = "transactions";
    pub(crate) const STATUS: &str = "status";
    pub(crate) const IS_CONNECTED: &str = "is_connected";
    pub(crate) const IS_ACCEPTED_BY_CPO: &str = "is_accepted_by_cpo";
    pub(crate) const IS_DC: &str = "is_dc";
    pub(crate) const IS_FIXED_SET_POINT: &str = "is_fixed_set_point";
    pub(crate) const AVAILABILITY: &str = "availability";
    pub(crate) const PHASE_CONNECTION: &str = "phase_connection";
}

/// A field that the controller sent and that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// One of [`field`].
    pub(crate) field: &'static str,
    /// The text that the controller sent.
    pub(crate) text: Box<str>,
    pub(crate) fault: FieldFault,
}

/// Why a field cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldFault {
    /// It overflows, or is not a number.
    NotANumber,
    /// No connector has so much.
    Implausible,
    /// The profile does not contain this word.
    UnknownWord,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, text, fault } = self;
        let name = field.replace('_', " ");
        match fault {
            FieldFault::NotANumber => {
                write!(f, "the controller sends {text:?} as {name}, which is not a usable number")
            }
            FieldFault::Implausible => {
                write!(f, "the controller sends {text} as {name}, which is not plausible")
            }
            FieldFault::UnknownWord => write!(f, "the controller sends the unknown {name} {text:?}"),
        }
    }
}

/// The status of a connector (Open Charge Point Protocol 1.6, `ChargePointStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum ConnectorStatus {
    Available,
    Charging,
    Faulted,
    Finishing,
    Preparing,
    Reserved,
    SuspendedEv,
    SuspendedEvse,
    Unavailable,
}

impl ConnectorStatus {
    /// Returns the text that the BMS reads.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Charging => "charging",
            Self::Faulted => "faulted",
            Self::Finishing => "finishing",
            Self::Preparing => "preparing",
            Self::Reserved => "reserved",
            Self::SuspendedEv => "suspendedEV",
            Self::SuspendedEvse => "suspendedEVSE",
            Self::Unavailable => "unavailable",
        }
    }

    /// The words of a profile for the known ones.
    pub(crate) const WORDS: [&str; 9] = [
        "available",
        "charging",
        "faulted",
        "finishing",
        "preparing",
        "reserved",
        "suspended_ev",
        "suspended_evse",
        "unavailable",
    ];
}

/// Whether a connector may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Availability {
    Operative,
    Inoperative,
}

impl Availability {
    /// Returns the text that the BMS reads and writes.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Site {
    /// Returns the zone with this id.
    pub(crate) fn zone(&self, id: &ObjectId) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.id == *id)
    }

    /// Returns all stations.
    pub(crate) fn stations(&self) -> impl Iterator<Item = &Station> {
        self.zones.iter().flat_map(|zone| &zone.stations)
    }

    /// Returns all stations, to change them.
    pub(crate) fn stations_mut(&mut self) -> impl Iterator<Item = &mut Station> {
        self.zones.iter_mut().flat_map(|zone| &mut zone.stations)
    }

    /// Returns the numbers of its objects in words: `3 zones, 1 station, 1 connector`.
    pub(crate) fn counts(&self) -> String {
        let zones = counted(self.zones.len(), "zone");
        let stations = counted(self.station_count(), "station");
        format!("{zones}, {stations}, {}", counted(self.connector_count(), "connector"))
    }

    /// Stations of all zones.
    pub(crate) fn station_count(&self) -> usize {
        self.zones.iter().map(|zone| zone.stations.len()).sum()
    }

    /// Connectors of all stations.
    pub(crate) fn connector_count(&self) -> usize {
        self.zones.iter().map(Zone::connector_count).sum()
    }
}

/// Returns a number and its noun: `1 item`, `2 items`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// The most names that a text lists.
const MOST_NAMES: usize = 10;

/// Returns the first names of a list, and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    match names.len().checked_sub(MOST_NAMES) {
        Some(more @ 1..) => format!("{} and {more} more", names[..MOST_NAMES].join(", ")),
        _ => names.join(", "),
    }
}

impl Station {
    /// Returns its name for people: the OCPP identifier, or the id.
    pub(crate) fn shown_name(&self) -> String {
        let name = self.ocpp_identifier.as_deref().filter(|name| !name.is_empty());
        name.map_or_else(|| format!("station {}", self.id), str::to_owned)
    }
}

impl Zone {
    /// Connectors of its stations.
    pub(crate) fn connector_count(&self) -> usize {
        self.stations.iter().map(|station| station.connectors.len()).sum()
    }
}
