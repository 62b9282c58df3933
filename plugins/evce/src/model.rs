//! A charging site: zones, stations and connectors, in the units of the BMS. Only `wire` knows the format of
//! a controller.
//!
//! A field that is missing or unreadable is `None`.

use std::fmt;
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
    /// Index of the only phase that is connected; `None` for all three.
    pub(crate) only_phase: Option<usize>,
    pub(crate) status: Option<ConnectorStatus>,
    pub(crate) availability: Option<Availability>,
    pub(crate) set_point_a: Option<f64>,
    pub(crate) set_point_kw: Option<f64>,
    pub(crate) power_kw: [Option<f64>; 3],
    pub(crate) current_a: [Option<f64>; 3],
    pub(crate) energy_kwh: Option<f64>,
    /// The last known register, also while the present one is unknown.
    pub(crate) last_energy_kwh: Option<f64>,
    /// When the station measured, by the controller's clock.
    pub(crate) measured_at: Option<SystemTime>,
}

/// The status of a connector (Open Charge Point Protocol 1.6, `ChargePointStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// A status that this plugin does not know.
    Other,
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

impl Zone {
    /// Connectors of its stations.
    pub(crate) fn connector_count(&self) -> usize {
        self.stations.iter().map(|station| station.connectors.len()).sum()
    }
}
