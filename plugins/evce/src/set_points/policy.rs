//! What Riser does when the controller and the BMS disagree, and when the BMS is silent.

use std::time::Duration;

use crate::model::{ObjectId, Site, Station, Zone};

/// Who decides about a value that somebody changes at the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Riser sets the value of the BMS again.
    Bms,
    /// Riser keeps the change.
    Controller,
}

/// What becomes of a zone's reduction when the BMS is silent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FailSafe {
    /// It stays.
    Hold,
    /// It is removed.
    Release,
    /// It becomes this percentage.
    Fallback(f64),
}

/// The rules for one zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ZonePolicy {
    pub(crate) owner: Owner,
    pub(crate) fail_safe: FailSafe,
    /// Time without a write after which the BMS is silent.
    pub(crate) silent_after: Duration,
}

/// The rules for all objects of a site.
#[derive(Clone, Debug)]
pub(crate) struct Policies {
    pub(crate) zones: ZonePolicy,
    /// Zones with rules that differ, by id or name.
    pub(crate) of_zones: Vec<(String, ZonePolicy)>,
    pub(crate) availability: Owner,
    /// Connectors that differ: the station by id or OCPP identifier, and the number; without one all of the station.
    pub(crate) of_connectors: Vec<(String, Option<i32>, Owner)>,
}

impl Policies {
    /// Returns the rules for a zone.
    pub(crate) fn of_zone(&self, zone: &Zone) -> ZonePolicy {
        let its = self.of_zones.iter().find(|(name, _)| is_named(name, &zone.id, zone.name.as_deref()));
        its.map_or(self.zones, |(_, policy)| *policy)
    }

    /// Returns who decides about the availability of a connector.
    pub(crate) fn of_connector(&self, station: &Station, number: i32) -> Owner {
        let is_its = |(name, only, _): &&(String, Option<i32>, Owner)| {
            is_named(name, &station.id, station.ocpp_identifier.as_deref())
                && only.is_none_or(|only| only == number)
        };
        // A rule for the connector goes before one for its station.
        let its = self.of_connectors.iter().filter(is_its).max_by_key(|(_, only, _)| only.is_some());
        its.map_or(self.availability, |(.., owner)| *owner)
    }

    /// Returns the names in rules that no object of a site has.
    pub(crate) fn unknown_names(&self, site: &Site) -> Vec<String> {
        let is_zone =
            |name: &str| site.zones.iter().any(|zone| is_named(name, &zone.id, zone.name.as_deref()));
        let is_station = |name: &str| {
            site.stations().any(|station| is_named(name, &station.id, station.ocpp_identifier.as_deref()))
        };
        let zones = self.of_zones.iter().filter(|(name, _)| !is_zone(name));
        let zones = zones.map(|(name, _)| format!("zone {name}"));
        let stations = self.of_connectors.iter().filter(|(name, ..)| !is_station(name));
        zones.chain(stations.map(|(name, ..)| format!("station {name}"))).collect()
    }
}

fn is_named(name: &str, id: &ObjectId, shown: Option<&str>) -> bool {
    id.0 == name || shown == Some(name)
}
