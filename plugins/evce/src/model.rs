//! A charging site as this plugin thinks of it: zones, stations, connectors, in the units of the BMS. How a
//! controller says these things is known to `wire` alone.
//!
//! A field that a controller left out, or that cannot be read, is `None`.

use std::fmt;
use std::time::SystemTime;

/// The number or word by which a controller tells its things apart; opaque here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ObjectId(pub(crate) String);

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything that one look at a controller shows.
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
    /// What the BMS asked for, if it stands.
    pub(crate) reduction: Option<Reduction>,
    pub(crate) stations: Vec<Station>,
}

/// A limit that the BMS put on a zone, and when it ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reduction {
    pub(crate) percent: Option<f64>,
    /// `percentage`, or what else a controller knows.
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
    /// Without user and password; empty for a station without one.
    pub(crate) cpo_url: Option<String>,
    pub(crate) is_accepted_by_cpo: Option<bool>,
    /// Whether the controller reaches it.
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
    /// Whether load management leaves it alone.
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
    /// The register as it was last known, also when it is not known now.
    pub(crate) last_energy_kwh: Option<f64>,
    /// When the station measured, by the controller's clock.
    pub(crate) measured_at: Option<SystemTime>,
}

/// What a connector does (Open Charge Point Protocol 1.6, `ChargePointStatus`).
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
    /// A word that this plugin does not know: none of the others holds.
    Other,
}

/// Whether a connector may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Availability {
    Operative,
    Inoperative,
}

impl Availability {
    /// The word the BMS sees and writes.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Operative => "operative",
            Self::Inoperative => "inoperative",
        }
    }

    /// The availability with this word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Operative, Self::Inoperative].into_iter().find(|availability| availability.word() == word)
    }
}

impl Site {
    /// The zone with this id.
    pub(crate) fn zone(&self, id: &ObjectId) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.id == *id)
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

impl Zone {
    /// Connectors of its stations.
    pub(crate) fn connector_count(&self) -> usize {
        self.stations.iter().map(|station| station.connectors.len()).sum()
    }
}
